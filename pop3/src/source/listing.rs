//! What changed in the maildrop.

use sync_core::model::{Cursor, Item};
use sync_core::source::{ChangePage, Coverage};
use sync_core::{Error, ErrorKind, Result};

use super::cursor::{Mark, Place, Sizes};
use super::session::not_connected;
use super::view::{Named, View};
use super::watch::Told;
use super::{KIND, Pop3Source};

/// A message cannot change.
pub(super) const REVISION: &str = "-";

fn lost() -> Error {
    Error::new(
        ErrorKind::CursorLost,
        "messages have other names now, or the cursor is of another version",
    )
}

impl Pop3Source {
    pub(super) async fn list_changes(&mut self, since: Option<&Cursor>) -> Result<ChangePage> {
        let place = match since {
            Some(cursor) => Some(Place::parse(cursor).ok_or_else(lost)?),
            None => None,
        };
        if let (Some(place), Sizes::Unknown) = (place, self.sizes) {
            self.sizes = place.mark.sizes;
        }
        let known = place.map(|place| place.mark);
        if let (Some(mark), Some(from)) = (known, place.and_then(|place| place.from)) {
            if !self.view.as_ref().is_some_and(|view| view.is(&mark)) {
                self.look(mark.header()).await?;
            }
            return match &self.view {
                Some(view) if view.is(&mark) => self.page(from),
                _ => Err(lost()),
            };
        }
        // Once a server needed it, headers are taken as long as the cursor lasts.
        let sizes = self.sizes;
        let view = self.look(known.and_then(|mark| mark.header())).await?;
        match known {
            Some(mark) if view.is(&mark) => {
                let place = Place {
                    mark: Mark { sizes, ..mark },
                    from: None,
                };
                self.note_told();
                Ok(ChangePage::unchanged(place.to_cursor()))
            }
            // Where no message has its old name, a server may have renamed them all.
            Some(mark) if mark.naming != view.naming || view.is_foreign_to(&mark.sample) => {
                Err(lost())
            }
            _ => {
                self.judge_sizes().await?;
                self.page(0)
            }
        }
    }

    /// What was listed is no news.
    pub(super) fn note_told(&mut self) {
        self.told = self.view.as_ref().map(|view| Told {
            naming: view.naming,
            names: view.fingerprint,
            octets: view.octets(),
        });
    }

    fn page(&mut self, from: usize) -> Result<ChangePage> {
        let view = self.view.as_ref().ok_or_else(not_connected)?;
        let count = self.config.page.max(1);
        let next = from.saturating_add(count);
        let more = next < view.len();
        let place = Place {
            mark: view.mark(self.sizes),
            from: more.then_some(next),
        };
        let mut page = ChangePage::new(Coverage::Snapshot, place.to_cursor());
        let exact = self.sizes == Sizes::Exact;
        let messages = view.page(from, count).iter();
        page.changed = messages.map(|named| listed(named, exact)).collect();
        page.more = more;
        if !more {
            let nameless = view.nameless.iter().map(|(number, why)| {
                let text = format!("message {number} cannot be told from others: {why}");
                Error::new(ErrorKind::Item, text)
            });
            page.unreadable = nameless.collect();
            self.note_told();
        }
        Ok(page)
    }

    /// Finds out whether the sizes in LIST are right, by the smallest message. A wrong size would
    /// hide that a message is on the other side already.
    async fn judge_sizes(&mut self) -> Result<()> {
        let smallest = self.view.as_ref().and_then(View::smallest).cloned();
        match (self.sizes, smallest) {
            (Sizes::Unknown, Some(smallest)) if self.session.is_some() => {
                self.read_one(&smallest).await
            }
            _ => Ok(()),
        }
    }
}

fn listed(named: &Named, exact: bool) -> Item {
    let mut item = Item::new(&*named.name, KIND, REVISION);
    item.size = Some(named.entry.octets).filter(|octets| exact && *octets > 0);
    item
}
