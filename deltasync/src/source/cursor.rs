use sync_core::model::Cursor;

use crate::wire::SyncKey;

/// The beginning of every cursor; a cursor of another format is lost.
const FORMAT: &str = "deltasync-1 ";

/// A [`Cursor`] as this source writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) key: SyncKey,
    /// Whether more pages of a snapshot follow.
    pub(super) in_snapshot: bool,
}

impl Place {
    pub(super) fn new(key: SyncKey) -> Self {
        Self {
            key,
            in_snapshot: false,
        }
    }

    /// Reads a cursor; `None` if this source did not write it.
    pub(super) fn parse(cursor: &Cursor) -> Option<Self> {
        let (word, key) = cursor.as_str().strip_prefix(FORMAT)?.split_once(' ')?;
        let in_snapshot = match word {
            "all" => true,
            "since" => false,
            _ => return None,
        };
        (!key.is_empty()).then(|| Self {
            key: SyncKey::new(key),
            in_snapshot,
        })
    }

    pub(super) fn to_cursor(&self) -> Cursor {
        let word = if self.in_snapshot { "all" } else { "since" };
        Cursor::new(format!("{FORMAT}{word} {}", self.key.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        for in_snapshot in [false, true] {
            let mut place = Place::new(SyncKey::new("1;a b"));
            place.in_snapshot = in_snapshot;
            assert_eq!(Place::parse(&place.to_cursor()), Some(place));
        }
        for text in [
            "",
            "1",
            "deltasync-1",
            "deltasync-1 all",
            "deltasync-1 all ",
            "deltasync-2 all 1",
        ] {
            assert_eq!(Place::parse(&Cursor::new(text)), None, "{text:?}");
        }
    }
}
