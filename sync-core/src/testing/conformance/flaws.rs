//! The suite notices what it is for: sources that are wrong in one way each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::*;
use crate::error::ErrorKind;
use crate::local::memory::{Ids, Memory, MemoryOptions, MemoryStore};
use crate::model::{
    CollectionId, CollectionPath, Cursor, Flags, Item, ItemId, NewCollection, Revision,
};
use crate::source::{
    Applied, Capabilities, ChangePage, Depth, Mutation, Op, Outcome, Source, Stored,
};

/// One way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    AltersContent,
    AnswersBackwards,
    CopiesInsteadOfMoving,
    DropsKeywords,
    EmptiesWhatIsThere,
    ExpungesAllDeleted,
    FailsAtUnknownIds,
    FindsNoNews,
    FoldsEqualMessages,
    FoldsNames,
    ForgetsDates,
    ForgetsPages,
    ForgetsVanished,
    HidesFlagChanges,
    IgnoresGuards,
    NeverWakes,
    ReplacesFlags,
    RepeatsIds,
    TellsAWrongRevision,
    TrustsAnyCursor,
}

/// The cases that must notice it.
const NOTICED: &[(Flaw, &[&str])] = &[
    (
        Flaw::AltersContent,
        &[
            "a_created_item_is_there",
            "a_large_content_is_kept",
            "any_bytes_are_kept",
        ],
    ),
    (Flaw::AnswersBackwards, &["a_batch_is_answered_in_order"]),
    (Flaw::CopiesInsteadOfMoving, &["a_move_keeps_everything"]),
    (Flaw::DropsKeywords, &["keywords_are_kept"]),
    (
        Flaw::EmptiesWhatIsThere,
        &["creating_what_is_there_is_no_error"],
    ),
    (Flaw::ExpungesAllDeleted, &["a_delete_removes_one"]),
    (Flaw::FailsAtUnknownIds, &["unknown_ids_are_left_out"]),
    (
        Flaw::FindsNoNews,
        &["a_difference_is_told", "a_cursor_serves_another_source"],
    ),
    (Flaw::FoldsEqualMessages, &["equal_messages_stay_two"]),
    (Flaw::FoldsNames, &["special_names_come_back"]),
    (Flaw::ForgetsDates, &["dates_are_kept"]),
    (
        Flaw::ForgetsPages,
        &[
            "every_item_is_on_one_page",
            "an_edit_between_pages_is_not_lost",
        ],
    ),
    (
        Flaw::ForgetsVanished,
        &[
            "a_difference_is_told",
            "an_old_cursor_tells_everything_since",
        ],
    ),
    (
        Flaw::HidesFlagChanges,
        &[
            "a_difference_is_told",
            "an_update_changes_its_revision_alone",
        ],
    ),
    (
        Flaw::IgnoresGuards,
        &[
            "a_wrong_guard_writes_nothing",
            "a_third_party_is_not_overwritten",
            "a_move_is_guarded",
        ],
    ),
    (Flaw::NeverWakes, &["watch_tells_of_others"]),
    (Flaw::ReplacesFlags, &["flags_named_by_neither_stay"]),
    (Flaw::RepeatsIds, &["an_id_asked_twice_is_given_once"]),
    (
        Flaw::TellsAWrongRevision,
        &["a_created_item_is_there", "own_writes_are_no_news"],
    ),
    (
        Flaw::TrustsAnyCursor,
        &["a_nonsense_cursor_is_lost", "a_lost_cursor_is_said"],
    ),
];

struct Flawed {
    inner: Memory,
    store: MemoryStore,
    flaw: Flaw,
}

struct Account {
    store: MemoryStore,
    flaw: Flaw,
}

#[async_trait]
impl Harness for Account {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        Ok(Box::new(Flawed {
            inner: self.store.source(),
            store: self.store.clone(),
            flaw: self.flaw,
        }))
    }

    fn profile(&self) -> Profile {
        Profile {
            pages: true,
            large: 300 * 1024,
            ..Profile::default()
        }
    }

    async fn lose_cursors(&mut self, c: &CollectionId) -> Result<bool> {
        self.store.lose_cursors_of(c, Ids::Renewed)?;
        Ok(true)
    }
}

impl Flawed {
    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn spoil(&self, c: &CollectionId, op: &mut Op) {
        let now = |id: &ItemId| self.store.get(c, id).map(|held| held.revision);
        match op {
            Op::Create(new) => match self.flaw {
                Flaw::AltersContent => {
                    let text = new.body.read(u64::MAX).unwrap().to_vec();
                    let unix = String::from_utf8_lossy(&text).replace("\r\n", "\n");
                    new.body = unix.as_str().into();
                }
                Flaw::DropsKeywords => new.flags.keywords.clear(),
                Flaw::ForgetsDates => new.date = None,
                _ => {}
            },
            Op::SetFlags {
                id,
                guard,
                add,
                remove,
            } => match self.flaw {
                Flaw::DropsKeywords => add.keywords.clear(),
                Flaw::IgnoresGuards => *guard = now(id).unwrap_or_else(|| guard.clone()),
                Flaw::ReplacesFlags => {
                    let held = self.store.get(c, id).map(|held| held.flags);
                    *remove = held.unwrap_or_default().difference(add);
                }
                _ => {}
            },
            Op::Delete { id, guard } | Op::Move { id, guard, .. } => {
                if self.is(Flaw::IgnoresGuards) {
                    *guard = now(id).unwrap_or_else(|| guard.clone());
                }
            }
            Op::Replace { .. } => {}
        }
    }

    /// Does it another way than asked, if that is the flaw.
    fn instead(&self, c: &CollectionId, op: &Op) -> Option<Outcome> {
        let stored = |id| {
            Some(Outcome::Done(Stored {
                id,
                ..Stored::default()
            }))
        };
        match op {
            Op::Create(new) if self.is(Flaw::FoldsEqualMessages) => {
                let body = new.body.read(u64::MAX).unwrap();
                let all = self.store.list(c);
                stored(Some(all.into_iter().find(|held| held.content == body)?.id))
            }
            Op::Move { id, to, .. } if self.is(Flaw::CopiesInsteadOfMoving) => {
                stored(self.store.copy(c, id, to).ok())
            }
            Op::Delete { .. } if self.is(Flaw::ExpungesAllDeleted) => {
                for held in self.store.list(c) {
                    if held.flags == Flags::parse("\\Deleted") {
                        self.store.delete(c, &held.id).unwrap();
                    }
                }
                None
            }
            _ => None,
        }
    }
}

#[async_trait]
impl Source for Flawed {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        self.inner.collections().await
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        let mut new = new.clone();
        if self.is(Flaw::FoldsNames) {
            new.path = CollectionPath::parse(&new.path.to_string().to_lowercase());
        }
        let made = self.inner.create_collection(&new).await?;
        if self.is(Flaw::EmptiesWhatIsThere) {
            for held in self.store.list(&made.id) {
                self.store.delete(&made.id, &held.id)?;
            }
        }
        Ok(made)
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let mut page = match self.inner.changes(c, since).await {
            Err(error) if error.is_cursor_lost() && self.is(Flaw::TrustsAnyCursor) => {
                ChangePage::unchanged(since.unwrap().clone())
            }
            other => other?,
        };
        match (self.flaw, since) {
            (Flaw::FindsNoNews, Some(since)) => page = ChangePage::unchanged(since.clone()),
            (Flaw::ForgetsPages, _) => page.more = false,
            (Flaw::ForgetsVanished, _) => page.vanished.clear(),
            (Flaw::HidesFlagChanges, _) => {
                for item in &mut page.changed {
                    item.revision = Revision::new("constant");
                }
            }
            _ => {}
        }
        Ok(page)
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        let unknown = ids.iter().find(|id| self.store.get(c, id).is_none());
        match (self.flaw, unknown) {
            (Flaw::FailsAtUnknownIds, Some(id)) => {
                let error = Error::new(ErrorKind::NotFound, "no such item").at_item(id);
                futures_util::stream::iter([Err(error)]).boxed()
            }
            (Flaw::RepeatsIds, _) => {
                let items = self.inner.fetch(c, ids, depth);
                let twice = items.flat_map(|item| match item {
                    Ok(item) => futures_util::stream::iter(vec![Ok(item.clone()), Ok(item)]),
                    Err(error) => futures_util::stream::iter(vec![Err(error)]),
                });
                twice.boxed()
            }
            _ => self.inner.fetch(c, ids, depth),
        }
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let mut outcomes = Vec::new();
        for mut mutation in batch {
            self.spoil(c, &mut mutation.op);
            if let Some(outcome) = self.instead(c, &mutation.op) {
                outcomes.push(outcome);
                continue;
            }
            let mut applied = self.inner.apply(c, at, vec![mutation]).await?;
            outcomes.append(&mut applied.outcomes);
        }
        if self.is(Flaw::AnswersBackwards) {
            outcomes.reverse();
        }
        for outcome in &mut outcomes {
            if let (Outcome::Done(stored), true) = (outcome, self.is(Flaw::TellsAWrongRevision)) {
                stored.revision = Some(Revision::new("wrong"));
            }
        }
        Ok(Applied {
            outcomes,
            cursor: None,
        })
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        if self.is(Flaw::NeverWakes) {
            return Ok(Vec::new());
        }
        self.inner.watch(c, timeout).await
    }
}

#[test]
fn every_flaw_is_noticed() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().unwrap();
    for (flaw, cases) in NOTICED {
        let mut account = Account {
            flaw: *flaw,
            store: MemoryStore::new(MemoryOptions {
                page_items: 7,
                ..MemoryOptions::default()
            }),
        };
        let report = runtime.block_on(run(&mut account));
        let failed: Vec<&str> = report.failed.iter().map(|(name, _)| *name).collect();
        for case in *cases {
            assert!(
                failed.contains(case),
                "{flaw:?} is not noticed by {case}:\n{report}"
            );
        }
    }
}
