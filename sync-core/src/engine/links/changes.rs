use super::{LinkWork, intent};
use crate::engine::apply::Write;
use crate::engine::pass::Run;
use crate::error::Result;
use crate::merge;
use crate::model::{Body, Flags, Identity, ItemKind, NewItem, Revision, Side};
use crate::reconcile::{Observed, Step, Then};
use crate::source::{Op, Outcome};
use crate::state::{HistoryAction, HistoryEntry, IntentAction};

impl Run<'_> {
    /// Sends flags and contents to one side.
    pub(super) async fn write_changes(
        &mut self,
        index: usize,
        on: Side,
        chunk: &mut [LinkWork],
    ) -> Result<()> {
        let batch = self.capabilities[on].batch_items.max(1);
        let mut at: Vec<usize> = Vec::new();
        for (i, work) in chunk.iter().enumerate() {
            let step = work.step_on(on);
            if !work.failed && matches!(step, Some(Step::SetFlags { .. } | Step::Replace { .. })) {
                at.push(i);
            }
        }
        for at in at.chunks(batch) {
            let run = self.run_number()?;
            let mut writes = Vec::new();
            let mut sent = Vec::new();
            self.state.begin()?;
            for i in at {
                let Some(work) = chunk.get(*i) else { continue };
                let (Some(id), Some(step)) = (work.now(on).0, work.step_on(on)) else {
                    continue;
                };
                let guard = work.now(on).1.cloned().unwrap_or_else(|| Revision::new(""));
                let (op, action, body) = match step {
                    Step::SetFlags { add, remove, .. } => {
                        let (add, remove) = (add.clone(), remove.clone());
                        let op = Op::SetFlags {
                            id: id.clone(),
                            guard,
                            add,
                            remove,
                        };
                        (op, HistoryAction::Flags, None)
                    }
                    Step::Replace { body, .. } => {
                        let held = match &work.seen[on] {
                            Some(Observed {
                                body: Some(body), ..
                            }) => Some(body.clone()),
                            _ => work.link.sides[on].base.clone(),
                        };
                        let op = Op::Replace {
                            id: id.clone(),
                            guard,
                            body: Body::from(body.clone()),
                        };
                        (op, HistoryAction::Replaced, held.map(Body::from))
                    }
                    _ => continue,
                };
                let entry = self.entry(index, run, on, id.clone(), &work.link, action);
                let flags = work.flags(on).clone();
                self.state.keep(&HistoryEntry {
                    flags,
                    body,
                    ..entry
                })?;
                writes.push(Write {
                    intent: intent(&work.link, on, IntentAction::Change),
                    op,
                });
                sent.push(*i);
            }
            self.state.commit()?;
            let outcomes = self.apply(index, on, writes).await?;
            self.take_outcomes(index, on, chunk, &sent, outcomes)?;
            self.check_cancelled()?;
        }
        Ok(())
    }

    /// Creates the versions that lost a conflict beside the winners, once.
    pub(super) async fn write_duplicates(
        &mut self,
        index: usize,
        chunk: &mut [LinkWork],
    ) -> Result<()> {
        for i in 0..chunk.len() {
            let Some(work) = chunk.get(i).filter(|w| !w.failed) else {
                continue;
            };
            let body = work.decision.steps.iter().find_map(|step| match step {
                Step::Duplicate { body } => Some(body.clone()),
                _ => None,
            });
            let Some(body) = body else { continue };
            let uid = merge::uid(&body);
            let name = uid.clone().unwrap_or_default();
            let (pair, kind, link) = (work.link.pair, work.link.kind, work.link.clone());
            let on = self.duplicate_side(index, kind);
            if self.state.knows_name(pair, on, &name)? {
                // Created by a run that was cut short before it could note it.
                continue;
            }
            let new = NewItem {
                kind,
                flags: Flags::default(),
                date: None,
                identity: Identity {
                    uid,
                    ..Identity::default()
                },
                body: Body::from(body),
            };
            let write = Write {
                intent: intent(&link, on, IntentAction::Create),
                op: Op::Create(new),
            };
            let outcomes = self.apply(index, on, vec![write]).await?;
            // The copy is to be listed: the next pass takes it to the other side.
            self.forget_cursors(index)?;
            for (_, outcome) in outcomes {
                let failed = match outcome {
                    Outcome::Done(_) => {
                        let step = Step::Duplicate {
                            body: bytes::Bytes::new(),
                        };
                        self.count(index, on, &step, &Then::Settle);
                        false
                    }
                    Outcome::Refused(error) => {
                        self.refuse(index, &link, on, &error.to_string())?;
                        true
                    }
                    _ => true,
                };
                if let Some(work) = chunk.get_mut(i) {
                    work.failed |= failed;
                }
            }
        }
        Ok(())
    }

    /// Where a duplicate of this kind is created, if it can be where its UID is kept; the next pass
    /// copies it to the other side.
    pub(super) fn duplicate_side(&self, index: usize, kind: ItemKind) -> Side {
        let writable = |side: &Side| self.facts(index, *side).writable;
        let keeps_uid = |side: &Side| !self.capabilities[*side].makes_uids.contains(kind);
        let mut sides = Side::BOTH.into_iter().filter(writable);
        let best = sides.clone().find(keeps_uid);
        best.or_else(|| sides.next()).unwrap_or(Side::Right)
    }
}
