//! Moves between folders.

use sync_core::model::{CollectionId, ItemId, ItemKind};
use sync_core::source::{Outcome, Stored};
use sync_core::{Error, ErrorKind};

use super::EasSource;
use super::apply::{There, set};
use super::send::again;
use crate::wire::command::{Move, MoveItems, Name};
use crate::wire::{Action, Status};

/// Source and destination are the same folder ([MS-ASCMD] section 2.2.3.177.11).
const SAME_FOLDER: Status = Status(4);

impl EasSource {
    pub(super) async fn move_items(
        &mut self,
        c: &CollectionId,
        moves: Vec<(usize, ItemId, CollectionId)>,
        now: &There,
        outcomes: &mut [Option<Outcome>],
    ) {
        if moves.is_empty() {
            return;
        }
        let all = moves.iter().map(|(_, id, to)| Move {
            item: id.as_str().to_owned(),
            from: c.as_str().to_owned(),
            to: to.as_str().to_owned(),
        });
        let answer = self.client.move_items(&MoveItems(all.collect())).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let unknown = error.is_outcome_unknown() || error.is_retryable();
                let error = Error::from(error);
                for (index, ..) in moves {
                    // A server that does not have the command has it copied and deleted instead.
                    let outcome = match unknown || error.is_fatal() {
                        true => Outcome::Unknown(again(&error)),
                        false => Outcome::Refused(again(&error)),
                    };
                    set(outcomes, index, outcome);
                }
                return;
            }
        };
        for (index, id, _) in moves {
            let Some(moved) = answer.iter().find(|moved| moved.item == id.as_str()) else {
                continue;
            };
            let failed = |kind| Error::new(kind, format!("MoveItems: {}", moved.status));
            let stored = |new_id: Option<&str>| Stored {
                id: new_id.map(ItemId::new),
                // A message's revision is its flags, which it keeps.
                revision: now
                    .get(&id)
                    .filter(|(_, seen)| seen.kind == ItemKind::Message)
                    .map(|(_, seen)| seen.revision.clone()),
                flags: None,
            };
            let outcome = match moved.status.action(Name::MoveItems) {
                Action::None => Outcome::Done(stored(moved.new_id.as_deref())),
                _ if moved.status == SAME_FOLDER => Outcome::Done(stored(Some(id.as_str()))),
                Action::ItemGone => Outcome::Gone,
                Action::SyncFolders => {
                    self.doubt_folders();
                    Outcome::Refused(failed(ErrorKind::NotFound))
                }
                Action::Retry => Outcome::Unknown(failed(ErrorKind::Throttled)),
                _ => Outcome::Refused(failed(ErrorKind::Refused)),
            };
            set(outcomes, index, outcome);
        }
    }
}
