//! Which collections a run keeps in step.

use super::Mode;
use super::event::{Action, Event, Planned};
use super::pass::{PairWork, Run, both, open};
use super::report::PairReport;
use crate::error::Result;
use crate::model::{Both, Collection, NewCollection, Side};
use crate::reconcile::{Pairing, pair_collections};
use crate::state::PairRecord;

impl Run<'_> {
    /// Lists the collections of both sides, pairs them, and creates what is missing.
    pub(super) async fn pair_collections(&mut self) -> Result<()> {
        let (left, right) = {
            let (left, right) = both(&mut self.sources)?;
            tokio::join!(left.collections(), right.collections())
        };
        let left = left.map_err(|e| e.on_side(Side::Left))?;
        let right = right.map_err(|e| e.on_side(Side::Right))?;
        for side in Side::BOTH {
            self.capabilities[side] = open(&mut self.sources, side)?.capabilities().clone();
        }
        let accounts = Both::new(
            &*self.capabilities.left.account,
            &*self.capabilities.right.account,
        );
        self.state.begin()?;
        self.state.claim(&self.engine.name, accounts)?;
        self.state.commit()?;

        let paired = pair_collections(Both::new(&left, &right), self.rules());
        let known = self.state.pairs(&self.engine.name)?;
        for pairing in paired.pairs {
            self.take_up(pairing, Both::default(), &known)?;
        }
        for (side, there) in paired.unpaired {
            self.note_unpaired(side, &there);
        }
        for (side, there, new) in paired.missing {
            self.create_missing(side, there, new, &known).await?;
        }
        self.collections = self.work.len();
        Ok(())
    }

    async fn create_missing(
        &mut self,
        side: Side,
        there: Collection,
        new: NewCollection,
        known: &[PairRecord],
    ) -> Result<()> {
        let before = known
            .iter()
            .find(|pair| pair.collections[side.other()] == there.id);
        if let Some(pair) = before
            && self.state.count_links(pair.id)? > 0
        {
            let mut report = PairReport::new(pair.paths.clone());
            report.guard = Some(format!(
                "the collection {} is gone from the {side} side; nothing was deleted. Delete it \
                 on the {} side too, or leave it out of `collections`, or start afresh with \
                 --rejoin to have it created again",
                pair.paths[side],
                side.other()
            ));
            self.stopped(pair.clone(), there, report);
            return Ok(());
        }
        // What the source could not hold it does not lack: the address books beside calendars.
        let kinds = new.kinds.and(self.capabilities[side].kinds);
        let creates = self.capabilities[side].creates_collections && !kinds.is_empty();
        if !self.rules().writes(side) || !creates {
            return Ok(());
        }
        let new = NewCollection { kinds, ..new };
        let mut missing = Both::default();
        let created = if self.mode == Mode::Plan {
            missing[side] = true;
            self.observer.event(&Event::Planned(Planned {
                action: Action::CreateCollection,
                side,
                collection: &new.path,
                kind: None,
                item: None,
                detail: None,
            }));
            Collection::new(format!("planned {}", new.path), new.path.clone(), new.kinds)
        } else {
            match open(&mut self.sources, side)?.create_collection(&new).await {
                Ok(created) => created,
                Err(error) if error.is_fatal() => return Err(error.on_side(side)),
                Err(error) => {
                    let paths = Both::from_fn(|s| match s == side {
                        true => new.path.clone(),
                        false => there.path.clone(),
                    });
                    let mut report = PairReport::new(paths);
                    report.error = Some(format!("{side}: cannot create {}: {error}", new.path));
                    let record = PairRecord {
                        id: 0,
                        collections: Both::new(there.id.clone(), there.id.clone()),
                        paths: report.collection.clone(),
                        kinds: there.kinds,
                        cursors: Both::default(),
                    };
                    self.stopped(record, there, report);
                    return Ok(());
                }
            }
        };
        let shared = created.kinds.and(there.kinds);
        let mut left_out = Both::from_fn(|_| None);
        left_out[side.other()] = Some(there.kinds.without(shared));
        let mut sides = Both::new(there.clone(), there);
        sides[side] = created;
        let pairing = Pairing {
            sides,
            kinds: shared,
            left_out,
        };
        self.take_up(pairing, missing, known)
    }

    /// Reports a collection that has no partner, since its namesake has others.
    fn note_unpaired(&mut self, side: Side, there: &Collection) {
        let mut report = PairReport::new(Both::new(there.path.clone(), there.path.clone()));
        report.left_out.push(format!(
            "{side}: collection {}: its namesake on the {} side is paired with another one; rename \
             one of them, or give it a partner with `map`",
            there.id,
            side.other()
        ));
        self.unpaired.push(report);
    }

    fn stopped(&mut self, record: PairRecord, there: Collection, report: PairReport) {
        let sides = Both::new(there.clone(), there);
        self.work.push(PairWork {
            report,
            due: false,
            ..PairWork::new(record, sides, Both::default(), Both::default())
        });
    }

    fn take_up(
        &mut self,
        pairing: Pairing,
        missing: Both<bool>,
        known: &[PairRecord],
    ) -> Result<()> {
        let sides = pairing.sides;
        let wanted = PairRecord {
            id: 0,
            collections: Both::from_fn(|side| sides[side].id.clone()),
            paths: Both::from_fn(|side| sides[side].path.clone()),
            kinds: pairing.kinds,
            cursors: Both::default(),
        };
        let before = known
            .iter()
            .find(|pair| pair.collections == wanted.collections);
        let changed = before.is_some_and(|pair| pair.kinds != wanted.kinds);
        self.state.begin()?;
        let mut record = self.state.pair(&self.engine.name, &wanted)?;
        if changed {
            // What was left out was passed over by the listings so far.
            for side in Side::BOTH {
                self.state.set_cursor(record.id, side, None)?;
                self.forget_other_kinds(&record, side)?;
            }
            record.cursors = Both::default();
        }
        self.state.commit()?;
        let work = PairWork::new(record, sides, missing, pairing.left_out);
        self.work.push(work);
        Ok(())
    }
}
