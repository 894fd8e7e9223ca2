//! Writing.

use std::collections::{HashMap, HashSet};

use sync_core::model::{CollectionId, Cursor, Item as Seen, ItemId};
use sync_core::source::{Applied, Mutation, Op, Outcome};
use sync_core::{Error, ErrorKind, Result};

use super::cursor::Place;
use super::fetch::items_of;
use super::{EasSource, content};
use crate::wire::class::{BodyType, Class, Item};
use crate::wire::command::BodyPreference;

/// What is there of the items that a batch names: as the server tells them, and as the engine sees
/// them.
pub(super) type There = HashMap<ItemId, (Item, Seen)>;

impl EasSource {
    pub(super) async fn write(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let class = self.class(c).await?;
        let version = self.version().await?;
        let mut place = match at {
            Some(cursor) => Place::parse(cursor, version.as_str())?,
            None => self.begin(c, class, &batch).await?,
        };
        let takes =
            |mutation: &Mutation| matches!(mutation.op, Op::Delete { .. } | Op::Move { .. });
        if batch.iter().any(takes) {
            self.in_step.remove(c);
        }
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut rest = batch.as_slice();
        while !rest.is_empty() {
            // One command an item and request: of two, servers carry out the first and refuse both.
            let (wave, later) = rest.split_at(wave(rest));
            outcomes.extend(self.write_wave(c, class, &mut place, wave).await?);
            rest = later;
        }
        Ok(Applied {
            outcomes,
            cursor: at
                .filter(|_| place.keeps_requests())
                .map(|_| place.cursor()),
        })
    }

    /// A key of our own. A server knows the items that were told with it, and no others.
    async fn begin(&mut self, c: &CollectionId, class: Class, batch: &[Mutation]) -> Result<Place> {
        let version = self.version().await?;
        let mut place = Place::new(self.prime(c, class).await?, version.as_str());
        let is_new = |mutation: &Mutation| matches!(mutation.op, Op::Create(_) | Op::Move { .. });
        if batch.iter().all(is_new) {
            return Ok(place);
        }
        while self.list_page(c, class, &mut place).await?.more {}
        Ok(place)
    }

    /// Carries out mutations of different items.
    async fn write_wave(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        batch: &[Mutation],
    ) -> Result<Vec<Outcome>> {
        let mut outcomes: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        let now = self.now(c, class, batch).await?;
        let mut jobs = Vec::new();
        let mut moves = Vec::new();
        for (index, mutation) in batch.iter().enumerate() {
            if let Op::Move { id, guard, to } = &mutation.op {
                match now.get(id) {
                    None => set(&mut outcomes, index, Outcome::Gone),
                    Some((_, seen)) if seen.revision != *guard => {
                        set(&mut outcomes, index, Outcome::Stale);
                    }
                    // Servers were seen to move to where nothing is, and to say that it worked.
                    Some(_) => match self.class(to).await {
                        Ok(other) if other == class => moves.push((index, id.clone(), to.clone())),
                        Ok(_) => {
                            let why = "items do not move to a folder of another class";
                            let error = Error::new(ErrorKind::Refused, why);
                            set(&mut outcomes, index, Outcome::Refused(error));
                        }
                        Err(error) => set(&mut outcomes, index, Outcome::Refused(error)),
                    },
                }
                continue;
            }
            match self.job(index, mutation, c, class, &now).await {
                Ok(job) => jobs.push(job),
                Err(outcome) => set(&mut outcomes, index, outcome),
            }
        }
        let series = self.series(&jobs).await;
        self.carry_out(c, class, place, jobs, &mut outcomes).await;
        self.complete_series(c, place, series, &outcomes).await;
        self.read_written(c, class, &mut outcomes).await;
        self.move_items(c, moves, &now, &mut outcomes).await;
        self.check_rights(c, class, batch, &mut outcomes).await;
        let unsaid = || Outcome::Unknown(unsaid("says nothing of the item"));
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(unsaid))
            .collect())
    }

    /// What is there now of the items that will be replaced or deleted.
    async fn now(&mut self, c: &CollectionId, class: Class, batch: &[Mutation]) -> Result<There> {
        let guarded: Vec<ItemId> = batch
            .iter()
            .filter_map(|mutation| match &mutation.op {
                Op::Replace { id, .. }
                | Op::Delete { id, .. }
                | Op::SetFlags { id, .. }
                | Op::Move { id, .. } => Some(id.clone()),
                Op::Create(_) => None,
            })
            .collect();
        let addresses = self.own_addresses().await?;
        let version = self.version().await?;
        let body = match class {
            Class::Email => BodyPreference {
                body_type: BodyType::Text,
                truncation: Some(0),
                all_or_none: None,
            },
            _ => BodyPreference::whole(BodyType::Text),
        };
        let mut now = HashMap::new();
        let mut fetched = self.operate(c, class, &guarded, body).await?;
        self.read_files(items_of(&mut fetched)).await?;
        for (id, fetched) in fetched {
            let Some(item) = fetched.item else { continue };
            let account = self.account(version, &addresses);
            if let Ok(seen) = content::seen(id.as_str(), &item, &account, self.owner()) {
                now.insert(id, (item, seen));
            }
        }
        Ok(now)
    }

    /// Reads what the server made of what was written, for its revision. What cannot be read now is
    /// found by the next listing.
    async fn read_written(
        &mut self,
        c: &CollectionId,
        class: Class,
        outcomes: &mut [Option<Outcome>],
    ) {
        let ids: Vec<ItemId> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Some(Outcome::Done(stored)) if stored.revision.is_none() => stored.id.clone(),
                _ => None,
            })
            .collect();
        if ids.is_empty() {
            return;
        }
        let found = match self.read_items(c, class, &ids).await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "what was written cannot be read");
                return;
            }
        };
        for seen in found.into_iter().flatten() {
            for outcome in outcomes.iter_mut() {
                if let Some(Outcome::Done(stored)) = outcome
                    && stored.id.as_ref() == Some(&seen.id)
                {
                    stored.revision = Some(seen.revision.clone());
                    if class == Class::Email {
                        stored.flags = Some(seen.flags.clone());
                    }
                }
            }
        }
    }
}

/// How many mutations, from the first on, are of different items.
fn wave(batch: &[Mutation]) -> usize {
    let mut seen = HashSet::new();
    let fresh = |mutation: &&Mutation| match &mutation.op {
        Op::Create(_) => true,
        Op::SetFlags { id, .. }
        | Op::Replace { id, .. }
        | Op::Delete { id, .. }
        | Op::Move { id, .. } => seen.insert(id.clone()),
    };
    batch.iter().take_while(fresh).count().max(1)
}

pub(super) fn set(outcomes: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = Some(outcome);
    }
}

pub(super) fn unsaid(why: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the server {why}"))
}
