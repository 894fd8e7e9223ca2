use super::LinkWork;
use crate::engine::pass::Run;
use crate::error::Result;
use crate::model::Side;
use crate::reconcile::{Link, Step, Then};
use crate::source::{Outcome, Stored};
use crate::state::Intent;

impl Run<'_> {
    pub(super) fn take_outcomes(
        &mut self,
        index: usize,
        on: Side,
        chunk: &mut [LinkWork],
        sent: &[usize],
        outcomes: Vec<(Intent, Outcome)>,
    ) -> Result<()> {
        let mut lost = None;
        self.state.begin()?;
        for (i, (intent, outcome)) in sent.iter().zip(outcomes) {
            let Some(work) = chunk.get_mut(*i) else {
                continue;
            };
            match outcome {
                Outcome::Done(stored) => {
                    let step = work.step_on(on).cloned();
                    work.written[on] = Some(stored);
                    let then = work.decision.then.clone();
                    if let Some(step) = step {
                        self.count(index, on, &step, &then);
                    }
                }
                // Gone already is what a deletion wants.
                Outcome::Gone if matches!(work.step_on(on), Some(Step::Delete { .. })) => {
                    work.written[on] = Some(Stored::default());
                }
                Outcome::Stale | Outcome::Gone => {
                    work.failed = true;
                    self.state.remove_intent(intent.key)?;
                }
                Outcome::Refused(error) => {
                    work.failed = true;
                    let link = work.link.clone();
                    self.state.remove_intent(intent.key)?;
                    self.refuse(index, &link, on, &error.to_string())?;
                }
                Outcome::Unknown(error) => {
                    work.failed = true;
                    lost = Some(error);
                }
            }
        }
        self.state.commit()?;
        lost.map_or(Ok(()), |error| Err(error.on_side(on)))
    }

    /// Lets a link absorb what was observed and written.
    pub(super) fn settle(&mut self, work: &mut LinkWork) -> Result<()> {
        let LinkWork {
            link,
            seen,
            decision,
            written,
            ..
        } = work;
        if !matches!(decision.then, Then::Forget) {
            for side in Side::BOTH {
                let step = decision.steps.iter().find(|step| match step {
                    Step::SetFlags { on, .. } | Step::Replace { on, .. } => *on == side,
                    _ => false,
                });
                if let Some(seen) = seen[side].as_ref().filter(|s| s.revision.is_some()) {
                    link.sides[side].absorb(seen);
                }
                if let (Some(step), Some(stored)) = (step, &written[side]) {
                    absorb_write(link, side, step, stored, self.capabilities[side].rewrites);
                }
            }
        }
        for row in seen.left.iter().chain(seen.right.iter()) {
            self.state.unobserve(row.row)?;
        }
        self.state.stop_waiting(link.id)?;
        match decision.then {
            Then::Settle => {}
            Then::Forget => return self.state.remove_link(link.id),
            Then::Retire(side) => {
                link.retired = true;
                link.sides[side].id = None;
            }
            Then::Release(side) => {
                link.sides[side].released = true;
                link.sides[side].provisional = false;
            }
            Then::Wait(_) => return Ok(()),
        }
        self.state.put_link(link)?;
        self.state.remove_intents_of(link.id)
    }
}

/// What a write left on its side.
fn absorb_write(link: &mut Link, side: Side, step: &Step, stored: &Stored, rewrites: bool) {
    let known = &mut link.sides[side];
    if stored.id.is_some() {
        known.id.clone_from(&stored.id);
    }
    // Flags that the server cannot hold leave the item as it was: no listing will tell of it.
    let changed = stored.flags.as_ref() != Some(&known.flags);
    if changed || stored.revision.is_some() || !matches!(step, Step::SetFlags { .. }) {
        known.revision.clone_from(&stored.revision);
    }
    match step {
        Step::SetFlags { add, remove, .. } => {
            let wanted = known.flags.union(add).difference(remove);
            known.flags = stored.flags.clone().unwrap_or(wanted);
        }
        Step::Replace { body, .. } => {
            known.base = Some(body.clone());
            known.provisional = rewrites;
        }
        _ => {}
    }
}
