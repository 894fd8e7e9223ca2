use serde::{Deserialize, Serialize};
use sync_core::model::Cursor;
use sync_core::{Error, ErrorKind, Result};

/// Where a folder stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The key of the next request.
    #[serde(rename = "k")]
    pub(super) key: String,
    /// The version that it was given in: another one knows other items.
    #[serde(rename = "v")]
    pub(super) version: String,
    /// More pages of the first listing follow.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) first: bool,
    /// The keys are seconds, as SOGo's.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    seconds: bool,
    /// When the key was first given, by the clock here.
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    since: u64,
    /// The second that the key is was over when it was given again: nothing can be missing.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    over: bool,
}

/// The first key that SOGo gives for a folder.
const SOGO_FIRST: &str = "-1";
/// Keys that are smaller are no time of day in this century.
const YEAR_2001: u64 = 1_000_000_000;
/// How much later the second of a key is over, whatever the clocks.
const OVER: u64 = 2;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Place {
    /// The beginning, with the first key.
    pub(super) fn new(key: String, version: &str) -> Self {
        Self {
            seconds: key == SOGO_FIRST,
            key,
            version: version.to_owned(),
            first: true,
            since: 0,
            over: false,
        }
    }

    /// Goes on from the key of an answer that came at this time.
    pub(super) fn take(&mut self, key: &str, now: u64) {
        if self.key == key {
            self.over |= self.seconds && self.since != 0 && now >= self.since + OVER;
        } else {
            key.clone_into(&mut self.key);
            self.since = if self.seconds { now } else { 0 };
            self.over = false;
        }
    }

    /// The key to ask with once more for what is new. A server that counts in seconds does not tell
    /// with the last key what somebody wrote in the second of the last answer; with an earlier one it does,
    /// but tells no deletion of what was made since. What it tells twice is no change.
    pub(super) fn earlier(&self) -> Option<String> {
        let seconds = self.key.parse().ok().filter(|s: &u64| *s > YEAR_2001)?;
        let missing = self.seconds && !self.first && !self.over;
        missing.then(|| seconds.saturating_sub(OVER).to_string())
    }

    /// Whether the server knows a request that it carried out before when it comes again, and whether the
    /// key that answers a write skips nothing. Neither holds where keys are seconds.
    pub(super) const fn keeps_requests(&self) -> bool {
        !self.seconds
    }

    pub(super) fn parse(cursor: &Cursor, version: &str) -> Result<Self> {
        let place: Option<Self> = serde_json::from_str(cursor.as_str()).ok();
        place
            .filter(|place| place.version == version)
            .ok_or_else(|| {
                let why = "the key is of another version of the protocol";
                Error::new(ErrorKind::CursorLost, why)
            })
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_that_is_a_time_is_set_back() {
        let mut place = Place::new("-1".into(), "14.1");
        place.take("1763778000", 10);
        assert_eq!(place.earlier(), None, "pages of the first listing follow");
        place.first = false;
        assert_eq!(place.earlier().as_deref(), Some("1763777998"));
        place.take("1763778000", 11);
        assert!(place.earlier().is_some(), "its second may not be over");
        place.take("1763778000", 12);
        assert_eq!(place.earlier(), None);
        place.take("1763778009", 19);
        assert!(place.earlier().is_some());
        // SOGo's mail, and Exchange, whose keys may be as large.
        place.take("1-12", 30);
        assert_eq!(place.earlier(), None);
        let mut place = Place::new("1200000000".into(), "16.1");
        place.first = false;
        assert_eq!(place.earlier(), None);
        let cursor = place.cursor();
        assert!(Place::parse(&cursor, "16.1").is_ok_and(|parsed| parsed == place));
    }
}
