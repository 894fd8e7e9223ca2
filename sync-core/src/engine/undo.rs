use serde::Serialize;

use super::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Both, Identity, NewItem, Side};
use crate::source::{Mutation, Op, Outcome, Source};
use crate::state::{HistoryAction, HistoryEntry, State};
use crate::{merge, model::ItemKind};

/// What became of one history entry.
#[derive(Debug, Clone, Serialize)]
pub struct Undone {
    /// The entry.
    pub entry: i64,
    /// The side on which it was brought back; the next run takes it to the other one.
    pub side: Side,
    /// A line for people: subject or summary.
    pub title: Option<String>,
    /// Why it was not brought back, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Engine {
    /// Brings back what these history entries lost, on the side that lost it.
    ///
    /// A deleted item is created again, a replaced content and changed flags are set to what they
    /// were. The next [`run`](Self::run) takes that to the other side like any edit. Entries that
    /// were undone before are left out.
    ///
    /// # Errors
    /// A source or the state cannot be used; what concerns one item is in the result.
    pub async fn undo(
        &self,
        mut sources: Both<&mut dyn Source>,
        state: &mut dyn State,
        entries: &[i64],
    ) -> Result<Vec<Undone>> {
        for side in Side::BOTH {
            sources[side]
                .collections()
                .await
                .map_err(|e| e.on_side(side))?;
        }
        let accounts = Both::from_fn(|side| sources[side].capabilities().account.clone());
        state.begin()?;
        state.claim(&self.name, Both::new(&accounts.left, &accounts.right))?;
        state.commit()?;
        let mut results = Vec::new();
        for id in entries {
            let Some(entry) = state.lost(*id)? else {
                let why = format!("the history has no entry {id}");
                return Err(Error::new(ErrorKind::NotFound, why));
            };
            if entry.undone {
                continue;
            }
            let side = entry.side;
            let title = entry.title.clone();
            let outcome = restore(&mut *sources[side], entry).await;
            let failed = match outcome {
                Ok(()) => {
                    state.begin()?;
                    state.mark_undone(*id)?;
                    state.commit()?;
                    None
                }
                Err(error) if error.is_fatal() => return Err(error.on_side(side)),
                Err(error) => Some(error.on_side(side).to_string()),
            };
            results.push(Undone {
                entry: *id,
                side,
                title,
                failed,
            });
        }
        Ok(results)
    }
}

async fn restore(source: &mut dyn Source, entry: HistoryEntry) -> Result<()> {
    let op = match entry.action {
        HistoryAction::Deleted => {
            let Some(body) = entry.body else {
                return Err(nothing_kept());
            };
            let mut identity = Identity::default();
            if entry.kind != ItemKind::Message {
                identity.uid = merge::uid(&body.read(super::observe::PIM_LIMIT)?);
            }
            let (kind, flags, date) = (entry.kind, entry.flags, entry.date);
            Op::Create(NewItem {
                kind,
                flags,
                date,
                identity,
                body,
            })
        }
        HistoryAction::Replaced | HistoryAction::Flags => {
            let now = find(source, &entry).await?;
            let (id, guard) = (now.id, now.revision);
            match entry.body {
                Some(body) => Op::Replace { id, guard, body },
                None => {
                    let add = entry.flags.difference(&now.flags);
                    let remove = now.flags.difference(&entry.flags);
                    Op::SetFlags {
                        id,
                        guard,
                        add,
                        remove,
                    }
                }
            }
        }
    };
    let batch = vec![Mutation { key: 0, op }];
    let applied = source.apply(&entry.collection, None, batch).await?;
    match applied.outcomes.into_iter().next() {
        Some(Outcome::Done(_)) => Ok(()),
        Some(Outcome::Refused(error) | Outcome::Unknown(error)) => Err(error),
        _ => Err(Error::new(
            ErrorKind::Refused,
            "the item was changed meanwhile; try again",
        )),
    }
}

/// The item as it stands now, wherever in its collection's listing it is.
async fn find(source: &mut dyn Source, entry: &HistoryEntry) -> Result<crate::model::Item> {
    let mut since = None;
    loop {
        let page = source.changes(&entry.collection, since.as_ref()).await?;
        if let Some(item) = page.changed.into_iter().find(|item| item.id == entry.item) {
            return Ok(item);
        }
        if !page.more {
            return Err(Error::new(
                ErrorKind::NotFound,
                "the item is not there any more",
            ));
        }
        since = Some(page.cursor);
    }
}

fn nothing_kept() -> Error {
    Error::new(ErrorKind::NotFound, "the history holds no content for it")
}
