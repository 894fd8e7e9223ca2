//! What changed in a folder.

use sync_core::model::{CollectionId, Cursor};
use sync_core::source::{ChangePage, Coverage};
use sync_core::{Error, ErrorKind, Result};

use crate::wire::sync::{Class, CollectionRequest};
use crate::wire::{ServerId, SyncKey};

use super::DeltaSyncSource;
use super::cursor::Place;
use super::view::View;

/// More pages than any folder has.
const MOST_PAGES: usize = 100_000;

impl DeltaSyncSource {
    /// One page, by one request.
    pub(super) async fn list_changes(
        &mut self,
        c: &CollectionId,
        since: Option<&Cursor>,
    ) -> Result<ChangePage> {
        let place = match since {
            Some(cursor) => Some(Place::parse(cursor).ok_or_else(lost)?),
            None => None,
        };
        let view = self.views.remove(c);
        let key = place.as_ref().map(|place| place.key.clone());
        let mut view = match (&key, view) {
            (Some(key), Some(view)) if view.knows(key) => view,
            (Some(key), _) => View::at(key.clone()),
            (None, _) => View::empty(),
        };
        let in_snapshot = place.as_ref().is_none_or(|place| place.in_snapshot);
        if since.is_none() {
            // All of the first page is told.
            view.stand();
        }
        let from = key.unwrap_or_else(SyncKey::initial);
        let more = match self.look(c, &mut view).await? {
            Look::Clear { more } => more,
            // A snapshot says more of each message.
            Look::Unclear if !in_snapshot => return Err(lost()),
            Look::Unclear => {
                let text = "messages are listed without saying whether they were read";
                return Err(Error::new(ErrorKind::Protocol, text));
            }
        };
        let told = view.tell(&from);
        let coverage = match in_snapshot {
            true => Coverage::Snapshot,
            false => Coverage::Delta,
        };
        let mut place = Place::new(view.key.clone());
        place.in_snapshot = in_snapshot && more;
        let mut page = ChangePage::new(coverage, place.to_cursor());
        page.changed = told.changed;
        page.vanished = told.vanished;
        page.more = more;
        self.views.insert(c.clone(), view);
        Ok(page)
    }

    /// Asks once what changed. After an error nothing is known of the folder: where the server stands
    /// is not.
    async fn look(&mut self, c: &CollectionId, view: &mut View) -> Result<Look> {
        let folder = Some(ServerId::new(c.as_str()));
        let mut request = CollectionRequest::new(Class::Email, folder, view.key.clone());
        request.get_changes = true;
        request.window = Some(self.config.page);
        let (key, answer) = self.client()?.sync_one(request).await?;
        if answer.more && key == view.key {
            let text = "more is to come, and the key does not move";
            return Err(Error::new(ErrorKind::Protocol, text));
        }
        view.key = key;
        Ok(match view.learn(answer.commands) {
            true => Look::Clear { more: answer.more },
            false => Look::Unclear,
        })
    }

    /// Brings what is known of a folder up to date, from the beginning if need be; nobody is told.
    pub(super) async fn refresh(&mut self, c: &CollectionId, view: View) -> Result<View> {
        let begun = view.key != SyncKey::initial();
        match self.look_through(c, view).await {
            Ok(Some(view)) => Ok(view),
            Ok(None) => self.list_silently(c).await,
            Err(error) if error.is_cursor_lost() && begun => self.list_silently(c).await,
            Err(error) => Err(error),
        }
    }

    async fn list_silently(&mut self, c: &CollectionId) -> Result<View> {
        tracing::debug!(collection = %c, "listing everything");
        let view = self.look_through(c, View::empty()).await?;
        view.ok_or_else(|| {
            let text = "messages are listed without saying whether they were read";
            Error::new(ErrorKind::Protocol, text)
        })
    }

    /// Looks until there is no more; `None` if that leaves something unclear.
    async fn look_through(&mut self, c: &CollectionId, mut view: View) -> Result<Option<View>> {
        for _ in 0..MOST_PAGES {
            match self.look(c, &mut view).await? {
                Look::Clear { more: true } => {}
                Look::Clear { more: false } => return Ok(Some(view)),
                Look::Unclear => return Ok(None),
            }
        }
        let text = "the listing has no end";
        Err(Error::new(ErrorKind::Protocol, text))
    }
}

/// What one look showed.
enum Look {
    Clear {
        more: bool,
    },
    /// A change of an unknown message did not say all of its state.
    Unclear,
}

fn lost() -> Error {
    Error::new(ErrorKind::CursorLost, "the cursor is void")
}
