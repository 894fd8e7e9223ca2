use super::MaxDeletes;
use crate::model::Side;

/// What a plan would do to one side of one pair of collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Items that the links knew on this side.
    pub known: u64,
    /// Items that this side lost since.
    pub vanished: u64,
    /// Items that would be deleted here.
    pub deletes: u64,
    /// Items whose content would be overwritten here. Not those that both sides show for the first
    /// time, which merge without a base, nor what the other side made of what was written to it.
    pub overwrites: u64,
}

/// Says why a plan must not be carried out, if it must not (promise 5).
///
/// `side` is where the writes would happen; `here` is its tally, `there` the other side's.
pub fn guard(side: Side, here: Tally, there: Tally, limit: MaxDeletes) -> Option<String> {
    let emptied = there.known > 0 && there.vanished >= there.known;
    if here.deletes > 0 && emptied && !limit.lifts_guard() {
        return Some(format!(
            "the {} side, which held {} items, is empty; {} would be deleted on the {side} side. \
             Nothing was done. If that is meant, allow it with max_deletes = \"100%\"",
            side.other(),
            there.known,
            here.deletes,
        ));
    }
    let allowed = limit.allowed(here.known);
    let (count, verb) = if here.deletes > allowed {
        (here.deletes, "deleted")
    } else if here.overwrites > allowed {
        (here.overwrites, "overwritten")
    } else {
        return None;
    };
    Some(format!(
        "{count} of {} items would be {verb} on the {side} side, {allowed} are allowed. Nothing \
         was done. If that is meant, allow it with a higher max_deletes (\"100%\" lifts the guard)",
        here.known,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(known: u64, deletes: u64, limit: MaxDeletes) -> bool {
        let here = Tally {
            known,
            deletes,
            ..Tally::default()
        };
        let there = Tally {
            known,
            vanished: deletes,
            ..Tally::default()
        };
        guard(Side::Right, here, there, limit).is_some()
    }

    #[test]
    fn boundaries() {
        let default = MaxDeletes::default();
        assert!(!judge(100, 0, default));
        assert!(!judge(100, 1, default));
        assert!(!judge(100, 25, default));
        assert!(judge(100, 26, default));
        assert!(!judge(40, 20, default));
        assert!(judge(40, 21, default));
        assert!(judge(1, 1, default), "an emptied side");
        assert!(judge(100, 100, default));
        assert!(!judge(100, 100, MaxDeletes::Percent(100)));
        assert!(judge(100, 4, MaxDeletes::Count(3)));
    }

    #[test]
    fn overwrites_count_too() {
        let here = Tally {
            known: 100,
            overwrites: 26,
            ..Tally::default()
        };
        assert!(guard(Side::Left, here, Tally::default(), MaxDeletes::default()).is_some());
    }
}
