//! What a source remembers of a mailbox between two listings.

use std::fmt;

use sync_core::model::Cursor;

/// The numbers of a mailbox at one moment, as SELECT or STATUS gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// UIDVALIDITY
    pub(super) uid_validity: u32,
    /// UIDNEXT; 0 where the server does not say.
    pub(super) uid_next: u32,
    /// HIGHESTMODSEQ; 0 where the mailbox keeps none.
    pub(super) mod_seq: u64,
    /// EXISTS
    pub(super) messages: u32,
}

/// A mailbox that was listed to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// The mailbox when the listing began.
    pub(super) mark: Mark,
    /// How many listings took the server's word since all UIDs were looked at.
    pub(super) trusted: u32,
    /// When all UIDs were looked at, in Unix seconds.
    pub(super) checked: i64,
    /// Of all flags, where the mailbox keeps no mod-sequences; 0 if it was not computed.
    pub(super) fingerprint: u64,
}

/// A listing of which some pages were handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// What is known once it is over.
    pub(super) then: Known,
    /// What it lists.
    pub(super) what: What,
    /// The pages so far hold all of that below this UID.
    pub(super) from: u32,
}

/// What the pages of a listing hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// All messages; of those below this UID the flags alone.
    All(u32),
    /// All messages, by their ids: what changed was on the first page.
    Ids,
    /// Messages that changed since this mod-sequence.
    Since(u64),
}

/// A [`Cursor`] as this source writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Known(Known),
    Unfinished(Unfinished),
}

/// The first word of every cursor; a cursor of another format is lost.
const FORMAT: &str = "imap1";

impl Place {
    /// Reads a cursor; `None` if this source did not write it.
    pub(super) fn parse(cursor: &Cursor) -> Option<Self> {
        let mut words = cursor.as_str().split(' ');
        if words.next() != Some(FORMAT) {
            return None;
        }
        let known = Known {
            mark: Mark {
                uid_validity: words.next()?.parse().ok()?,
                uid_next: words.next()?.parse().ok()?,
                mod_seq: words.next()?.parse().ok()?,
                messages: words.next()?.parse().ok()?,
            },
            trusted: words.next()?.parse().ok()?,
            checked: words.next()?.parse().ok()?,
            fingerprint: u64::from_str_radix(words.next()?, 16).ok()?,
        };
        let what = match words.next() {
            None => return Some(Self::Known(known)),
            Some("all") => What::All(words.next()?.parse().ok()?),
            Some("ids") => What::Ids,
            Some("since") => What::Since(words.next()?.parse().ok()?),
            Some(_) => return None,
        };
        let unfinished = Unfinished {
            then: known,
            what,
            from: words.next()?.parse().ok()?,
        };
        words
            .next()
            .is_none()
            .then_some(Self::Unfinished(unfinished))
    }

    pub(super) fn to_cursor(self) -> Cursor {
        Cursor::new(self.to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, unfinished) = match self {
            Self::Known(known) => (known, None),
            Self::Unfinished(unfinished) => (&unfinished.then, Some(unfinished)),
        };
        let mark = &known.mark;
        write!(
            f,
            "{FORMAT} {} {} {} {} {} {} {:x}",
            mark.uid_validity,
            mark.uid_next,
            mark.mod_seq,
            mark.messages,
            known.trusted,
            known.checked,
            known.fingerprint
        )?;
        let Some(unfinished) = unfinished else {
            return Ok(());
        };
        match unfinished.what {
            What::All(flags_below) => write!(f, " all {flags_below}")?,
            What::Ids => f.write_str(" ids")?,
            What::Since(mod_seq) => write!(f, " since {mod_seq}")?,
        }
        write!(f, " {}", unfinished.from)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn known() -> Known {
        Known {
            mark: Mark {
                uid_validity: 1_795_292_273,
                uid_next: 42,
                mod_seq: u64::MAX,
                messages: 40,
            },
            trusted: 3,
            checked: -1,
            fingerprint: 0xfeed,
        }
    }

    #[test]
    fn a_place_reads_back() {
        let place = Place::Known(known());
        assert_eq!(Place::parse(&place.to_cursor()), Some(place));
        for what in [What::All(7), What::Ids, What::Since(9)] {
            let place = Place::Unfinished(Unfinished {
                then: known(),
                what,
                from: 2_001,
            });
            assert_eq!(Place::parse(&place.to_cursor()), Some(place));
        }
    }

    #[test]
    fn a_cursor_of_somebody_else_is_none() {
        let good = Place::Known(known()).to_string();
        for text in [
            "",
            "imap1",
            "imap2 1 2 3 4 5 6 7",
            "imap1 1 2 3 4 5 6",
            "imap1 1 2 3 4 5 6 x",
            "imap1 4294967296 2 3 4 5 6 7",
            &format!("{good} "),
            &format!("{good} all 1"),
            &format!("{good} none 1 2"),
            &format!("{good} all 1 2 3"),
            &format!("{good} ids 1 2"),
        ] {
            assert_eq!(Place::parse(&Cursor::new(text)), None, "{text:?}");
        }
    }
}
