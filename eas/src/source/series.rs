//! Occurrences of new series.

use std::collections::HashMap;

use sync_core::model::{CollectionId, ItemId};
use sync_core::source::Outcome;

use super::EasSource;
use super::cursor::Place;
use super::job::Job;
use super::send::Sent;
use crate::wire::Version;
use crate::wire::class::{BodyType, Class, Event, Item};
use crate::wire::command::{BodyPreference, Change, Name, Responded};

/// A new series with occurrences of its own, and where it stands in the batch.
type Series = (usize, Box<Event>);

impl EasSource {
    /// The series among what is to be added. From 16.0 on a change does not hold occurrences.
    pub(super) async fn series(&mut self, jobs: &[Job]) -> Vec<Series> {
        let has_exceptions = |job: &Job| match &job.change {
            Change::Add {
                item: Item::Event(event),
                ..
            } if count(event) > 0 => Some((job.index, event.clone())),
            _ => None,
        };
        match self.version().await {
            Ok(version) if version < Version::V16_0 => {
                jobs.iter().filter_map(has_exceptions).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Sends the occurrences once more that a server left out of new series: some do that, and take
    /// them as a change.
    pub(super) async fn complete_series(
        &mut self,
        c: &CollectionId,
        place: &mut Place,
        series: Vec<Series>,
        outcomes: &[Option<Outcome>],
    ) {
        let sent: HashMap<ItemId, Box<Event>> = series
            .into_iter()
            .filter_map(|(index, event)| match outcomes.get(index) {
                Some(Some(Outcome::Done(stored))) => Some((stored.id.clone()?, event)),
                _ => None,
            })
            .collect();
        let ids: Vec<ItemId> = sent.keys().cloned().collect();
        let body = BodyPreference::whole(BodyType::Text);
        let there = match self.operate(c, Class::Calendar, &ids, body).await {
            Ok(there) => there,
            Err(error) => {
                tracing::debug!(%error, "what was written cannot be read");
                return;
            }
        };
        let changes: Vec<Change> = there
            .into_iter()
            .filter_map(|(id, fetched)| {
                let (event, item) = (sent.get(&id)?, fetched.item?);
                let lacks = matches!(&item, Item::Event(there) if count(there) < count(event));
                lacks.then(|| Change::Change {
                    id: id.as_str().to_owned(),
                    instance: None,
                    item: Item::Event(event.clone()),
                    send: false,
                })
            })
            .collect();
        if changes.is_empty() {
            return;
        }
        let many = changes.len();
        let lost = match self.send(c, Class::Calendar, place, changes, true).await {
            // Those that were taken are not spoken of.
            Sent::Answered(answer) => answer.responses.iter().filter(is_refused).count(),
            _ => many,
        };
        if lost > 0 {
            tracing::warn!(collection = %c, lost, "new series lack their occurrences");
        }
    }
}

fn is_refused(responded: &&Responded) -> bool {
    responded
        .status
        .is_some_and(|status| !status.is_ok(Name::Sync))
}

fn count(event: &Event) -> usize {
    event.exceptions.as_ref().map_or(0, Vec::len)
}
