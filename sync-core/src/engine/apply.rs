use super::pass::{Run, open};
use crate::error::{Error, Result};
use crate::model::Side;
use crate::source::{Applied, Mutation, Op, Outcome};
use crate::state::{Intent, IntentAction};

/// A write with the intent that stands in the journal for it.
pub(super) struct Write {
    pub(super) intent: Intent,
    pub(super) op: Op,
}

impl Run<'_> {
    /// Notes the intents, sends a batch to a side, and says what became of each write.
    ///
    /// The outcomes are not stored yet: the caller does that, with what follows from them, and then
    /// the intents go. A batch whose answer was lost leaves its intents behind.
    pub(super) async fn apply(
        &mut self,
        index: usize,
        side: Side,
        mut writes: Vec<Write>,
    ) -> Result<Vec<(Intent, Outcome)>> {
        let Some(work) = self.work.get_mut(index).filter(|_| !writes.is_empty()) else {
            return Ok(Vec::new());
        };
        work.touched = true;
        let (collection, cursor) = (
            work.record.collections[side].clone(),
            work.record.cursors[side].clone(),
        );
        let mut intents: Vec<Intent> = writes.iter().map(|w| w.intent.clone()).collect();
        self.state.begin()?;
        self.state.note_intents(&mut intents)?;
        self.state.commit()?;
        let batch: Vec<Mutation> = writes
            .drain(..)
            .zip(&intents)
            .map(|(write, intent)| Mutation {
                key: intent.key,
                op: write.op,
            })
            .collect();
        let count = batch.len();
        let Applied {
            outcomes,
            cursor: moved,
        } = open(&mut self.sources, side)?
            .apply(&collection, cursor.as_ref(), batch)
            .await
            .map_err(|e| e.in_collection(&collection).on_side(side))?;
        if outcomes.len() != count {
            let why = format!("{} answers to {count} writes", outcomes.len());
            return Err(Error::new(crate::ErrorKind::Protocol, why).on_side(side));
        }
        // A cursor that leads past an item of which id or revision are unknown would hide it.
        let known = |outcome: &Outcome| match outcome {
            Outcome::Done(stored) => stored.id.is_some() && stored.revision.is_some(),
            _ => true,
        };
        let deletes = intents.iter().all(|i| i.action == IntentAction::Delete);
        if let Some(cursor) = moved.filter(|_| deletes || outcomes.iter().all(known)) {
            let pair = intents.first().map(|i| i.pair);
            self.state.begin()?;
            if let Some(pair) = pair {
                self.state.set_cursor(pair, side, Some(&cursor))?;
            }
            self.state.commit()?;
            if let Some(work) = self.work.get_mut(index) {
                work.record.cursors[side] = Some(cursor);
            }
        }
        Ok(intents.into_iter().zip(outcomes).collect())
    }
}
