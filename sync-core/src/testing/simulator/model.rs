use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Both, Side};

/// What people did, kept apart from what any program made of it.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// What is known of each item, by its token (in the subject, or the UID).
    pub(super) items: BTreeMap<String, Made>,
    /// Counts the times at which both sides were known to be in step.
    pub(super) epoch: u64,
    /// Counts the runs, before and after each: what happens in one window happens between two runs.
    pub(super) window: u64,
    /// Something happened after which a removal may come back (state or ids lost).
    pub(super) forgot: bool,
    /// An item could not be read for a while: then it cannot be recognised either.
    pub(super) broke: bool,
    /// State was lost.
    pub(super) lost_state: bool,
}

/// What people did to one item and its equals.
#[derive(Debug, Default, Clone)]
pub(super) struct Made {
    /// How many were added, a side.
    pub(super) added: Both<u64>,
    /// How many were moved, a side.
    pub(super) moved: Both<u64>,
    /// One was moved while a run was listing, which may see it in the new place first.
    pub(super) moved_amid: bool,
    /// Somebody deleted one.
    pub(super) deleted: bool,
    /// Of each flag or property: what each side's people last set, and in which epoch.
    pub(super) values: BTreeMap<String, Both<Option<LastSet>>>,
    /// In which windows a side's people deleted one, and in which they edited one.
    pub(super) deletions: Vec<(Side, u64)>,
    /// As `deletions`.
    pub(super) edits: Vec<(Side, u64)>,
    /// Two contacts of one UID that never were the same.
    pub(super) twins: bool,
}

/// A value, none if it was removed, and the epoch in which it was set.
pub(super) type LastSet = (Option<String>, u64);

impl Model {
    pub(super) fn added(&mut self, token: &str, side: Side) {
        self.items.entry(token.to_owned()).or_default().added[side] += 1;
    }

    pub(super) fn deleted(&mut self, token: &str, side: Side) {
        let window = self.window;
        let made = self.items.entry(token.to_owned()).or_default();
        made.deleted = true;
        made.deletions.push((side, window));
    }

    /// Whether somebody edited an item, once, between the two runs between which somebody else
    /// deleted it on the other side: the edit wins.
    pub(super) fn survives(&self, made: &Made) -> bool {
        let &[(side, window)] = made.deletions.as_slice() else {
            return false;
        };
        let meanwhile = made.edits.iter().filter(|(_, w)| *w == window);
        let all: Vec<_> = meanwhile.collect();
        matches!(all.as_slice(), [(other, _)] if *other != side)
    }

    pub(super) fn moved(&mut self, token: &str, side: Side) {
        // Every other window is a run.
        let amid = self.window % 2 == 1;
        let made = self.items.entry(token.to_owned()).or_default();
        made.moved[side] += 1;
        made.moved_amid |= amid;
    }

    /// Notes an edit.
    pub(super) fn set(&mut self, token: &str, side: Side, name: &str, value: Option<String>) {
        self.value(token, side, name, value);
        let window = self.window;
        self.items
            .entry(token.to_owned())
            .or_default()
            .edits
            .push((side, window));
    }

    /// Notes a value without an edit: what an item has from its creation on.
    pub(super) fn value(&mut self, token: &str, side: Side, name: &str, value: Option<String>) {
        let epoch = self.epoch;
        let made = self.items.entry(token.to_owned()).or_default();
        made.values.entry(name.to_owned()).or_default()[side] = Some((value, epoch));
    }

    /// The values that a flag or property may have at the end: what was set in the latest epoch in
    /// which anybody set it.
    pub(super) fn allowed(&self, made: &Made, name: &str) -> BTreeSet<Option<String>> {
        let Some(values) = made.values.get(name) else {
            return BTreeSet::new();
        };
        let latest = values
            .left
            .iter()
            .chain(&values.right)
            .map(|(_, epoch)| *epoch)
            .max();
        values
            .left
            .iter()
            .chain(&values.right)
            .filter(|(_, epoch)| Some(*epoch) == latest)
            .map(|(value, _)| value.clone())
            .collect()
    }
}
