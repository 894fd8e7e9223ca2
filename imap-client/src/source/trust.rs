//! How far a server's account of what changed is believed.
//!
//! QRESYNC has lost mail in more than one client: servers that name living UIDs in VANISHED, or
//! forget dead ones, or let HIGHESTMODSEQ jump back. So the numbers must add up: what was known,
//! plus what is new, less what is there now, is how many must have vanished. Where VANISHED says
//! something else, or there is no VANISHED, all UIDs are listed and that listing is believed.

use crate::wire::UidSet;

use super::cursor::{Known, Mark};

/// After so many listings that took the server's word, all UIDs are looked at.
pub(super) const TRUSTED_LISTINGS: u32 = 50;

/// After so many seconds all UIDs are looked at.
pub(super) const TRUSTED_SECONDS: i64 = 24 * 60 * 60;

/// How to find out what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// The UIDs mean something else now.
    Lost,
    /// Nothing changed.
    Nothing,
    /// Ask for what changed since this mod-sequence.
    Since(u64),
    /// List everything: the mailbox keeps no mod-sequences, or they went back.
    Everything,
}

/// What the numbers of a mailbox tell, before anything else is asked.
pub(super) fn plan(known: &Mark, now: &Mark) -> Plan {
    if known.uid_validity != now.uid_validity {
        return Plan::Lost;
    }
    let counted = known.mod_seq > 0 && now.mod_seq > 0;
    let went_back = now.mod_seq < known.mod_seq
        || (now.uid_next > 0 && known.uid_next > 0 && now.uid_next < known.uid_next);
    if !counted || went_back {
        return Plan::Everything;
    }
    let same_next = now.uid_next == 0 || now.uid_next == known.uid_next;
    if now.mod_seq == known.mod_seq && now.messages == known.messages && same_next {
        return Plan::Nothing;
    }
    Plan::Since(known.mod_seq)
}

/// What to make of an answer to CHANGEDSINCE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It adds up: this is what changed, and these are gone.
    Believe(UidSet),
    /// What is gone must be seen from a listing of all UIDs.
    ListUids,
    /// Messages are there that the answer does not explain: list everything.
    Everything,
}

/// Judges an answer: `new` messages have UIDs that were not given out at `known`, `vanished` is
/// what the server says is gone (`None` without QRESYNC).
pub(super) fn judge(
    known: &Known,
    now: &Mark,
    new: u32,
    vanished: Option<&UidSet>,
    clock: i64,
) -> Verdict {
    let expected = u64::from(known.mark.messages) + u64::from(new);
    let Some(missing) = expected.checked_sub(u64::from(now.messages)) else {
        return Verdict::Everything;
    };
    if is_check_due(known, clock) {
        return Verdict::ListUids;
    }
    let Some(vanished) = vanished else {
        return if missing == 0 {
            Verdict::Believe(UidSet::new())
        } else {
            Verdict::ListUids
        };
    };
    if vanished.open_from().is_some() {
        return Verdict::ListUids;
    }
    // UIDs that came and went since are of no interest.
    let given = match known.mark.uid_next.checked_sub(1) {
        Some(last) if last > 0 => UidSet::from(1..=last),
        _ => UidSet::new(),
    };
    let gone = vanished.intersection(&given);
    if gone.len() == missing {
        Verdict::Believe(gone)
    } else {
        tracing::debug!(
            named = gone.len(),
            missing,
            "VANISHED does not add up; listing all UIDs"
        );
        Verdict::ListUids
    }
}

fn is_check_due(known: &Known, clock: i64) -> bool {
    let age = clock.saturating_sub(known.checked);
    // A clock that was set back proves nothing either.
    known.trusted >= TRUSTED_LISTINGS || !(0..TRUSTED_SECONDS).contains(&age)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NOW: i64 = 1_000_000;

    fn mark(uid_next: u32, mod_seq: u64, messages: u32) -> Mark {
        Mark {
            uid_validity: 7,
            uid_next,
            mod_seq,
            messages,
        }
    }

    fn known() -> Known {
        Known {
            mark: mark(101, 50, 100),
            trusted: 0,
            checked: NOW - 10,
            fingerprint: 0,
        }
    }

    fn set(text: &str) -> UidSet {
        UidSet::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_numbers_alone_tell_what_to_ask() {
        let before = mark(101, 50, 100);
        let lost = Mark {
            uid_validity: 8,
            ..before
        };
        for (now, expected) in [
            (lost, Plan::Lost),
            (before, Plan::Nothing),
            // No UIDNEXT: the other numbers have to do.
            (mark(0, 50, 100), Plan::Nothing),
            (mark(101, 51, 100), Plan::Since(50)),
            (mark(102, 50, 101), Plan::Since(50)),
            (mark(101, 50, 99), Plan::Since(50)),
            // HIGHESTMODSEQ or UIDNEXT went down; NOMODSEQ.
            (mark(101, 49, 100), Plan::Everything),
            (mark(100, 51, 100), Plan::Everything),
            (mark(101, 0, 100), Plan::Everything),
        ] {
            assert_eq!(plan(&before, &now), expected, "{now:?}");
        }
        assert_eq!(plan(&mark(101, 0, 100), &before), Plan::Everything);
    }

    #[test]
    fn vanished_is_believed_when_it_adds_up() {
        let believe =
            |now, new, vanished: &str| judge(&known(), &now, new, Some(&set(vanished)), NOW);
        assert_eq!(
            believe(mark(103, 60, 100), 2, "5,9"),
            Verdict::Believe(set("5,9"))
        );
        // Came and went since: not counted.
        assert_eq!(
            believe(mark(105, 60, 99), 0, "5,103"),
            Verdict::Believe(set("5"))
        );
    }

    #[test]
    fn vanished_that_does_not_add_up_is_checked() {
        for (now, new, vanished) in [
            // Every UID, and all to the end (nextcloud/mail#11908).
            (mark(101, 60, 100), 0, "1:100"),
            (mark(101, 60, 100), 0, "1:*"),
            (mark(101, 60, 99), 0, "90:*"),
            // One is gone, and another number of UIDs is named.
            (mark(101, 60, 99), 0, "5:6"),
            (mark(101, 60, 98), 0, "5"),
        ] {
            let verdict = judge(&known(), &now, new, Some(&set(vanished)), NOW);
            assert_eq!(verdict, Verdict::ListUids, "{vanished}");
        }
    }

    #[test]
    fn without_qresync_the_count_decides() {
        let judge = |now, new| judge(&known(), &now, new, None, NOW);
        assert_eq!(
            judge(mark(102, 60, 101), 1),
            Verdict::Believe(UidSet::new())
        );
        assert_eq!(judge(mark(102, 60, 100), 1), Verdict::ListUids);
        assert_eq!(judge(mark(101, 60, 101), 0), Verdict::Everything);
    }

    #[test]
    fn all_uids_are_looked_at_now_and_then() {
        let now = mark(101, 60, 100);
        let often = Known {
            trusted: TRUSTED_LISTINGS,
            ..known()
        };
        let long_ago = Known {
            checked: NOW - TRUSTED_SECONDS,
            ..known()
        };
        let in_the_future = Known {
            checked: NOW + 1,
            ..known()
        };
        let none = UidSet::new();
        for due in [often, long_ago, in_the_future] {
            assert_eq!(judge(&due, &now, 0, Some(&none), NOW), Verdict::ListUids);
        }
        let verdict = judge(&known(), &now, 0, Some(&none), NOW);
        assert_eq!(verdict, Verdict::Believe(none));
    }
}
