use super::pass::{Run, open};
use crate::error::{Error, Result};
use crate::model::{Both, Side};
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
        let gone = [IntentAction::Delete, IntentAction::Release];
        let deletes = intents.iter().all(|i| gone.contains(&i.action));
        let known = |outcome: &Outcome| match outcome {
            Outcome::Done(stored) => deletes || stored.id.is_some() && stored.revision.is_some(),
            Outcome::Unknown(_) => false,
            _ => true,
        };
        if let Some(cursor) = moved.filter(|_| outcomes.iter().all(known))
            && let Some(work) = self.work.get_mut(index)
        {
            work.record.cursors[side] = Some(cursor);
            work.moved[side] = true;
        }
        Ok(intents.into_iter().zip(outcomes).collect())
    }

    /// Stores where the sources stand after writes, in the transaction that stores what those
    /// writes made: a cursor that is ahead of the links would hide what they lack.
    pub(super) fn store_cursors(&mut self, index: usize) -> Result<()> {
        let Some(work) = self.work.get_mut(index) else {
            return Ok(());
        };
        for side in Side::BOTH {
            if std::mem::take(&mut work.moved[side]) {
                let cursor = work.record.cursors[side].as_ref();
                self.state.set_cursor(work.record.id, side, cursor)?;
            }
        }
        Ok(())
    }

    /// Goes back to where the sources were known to stand: what was written is seen again.
    pub(super) fn forget_cursors(&mut self, index: usize) -> Result<()> {
        let stored = self.state.pairs(&self.engine.name)?;
        let Some(work) = self.work.get_mut(index) else {
            return Ok(());
        };
        work.moved = Both::default();
        if let Some(record) = stored
            .into_iter()
            .find(|record| record.id == work.record.id)
        {
            work.record.cursors = record.cursors;
        }
        Ok(())
    }
}
