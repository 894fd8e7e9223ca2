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
}

/// The first key that SOGo gives for a folder.
const SOGO_FIRST: &str = "-1";
/// Keys that are smaller are no time of day in this century.
const YEAR_2001: u64 = 1_000_000_000;

impl Place {
    /// The beginning, with the first key.
    pub(super) fn new(key: String, version: &str) -> Self {
        Self {
            seconds: key == SOGO_FIRST,
            key,
            version: version.to_owned(),
            first: true,
        }
    }

    /// The key to ask for changes with. A server that counts in seconds does not tell what somebody
    /// wrote in the second of the last answer: it is asked for a moment before, and what it tells twice
    /// is no change.
    pub(super) fn asked(&self) -> String {
        let seconds = self.key.parse().ok().filter(|s: &u64| *s > YEAR_2001);
        match seconds {
            Some(seconds) if self.seconds && !self.first => seconds.saturating_sub(2).to_string(),
            _ => self.key.clone(),
        }
    }

    /// Whether the server knows a request that it carried out before when it comes again. One that
    /// counts in seconds keeps nothing of a request, and would add everything once more.
    pub(super) const fn repeats_are_recognised(&self) -> bool {
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
        place.key = "1763778000".into();
        assert_eq!(
            place.asked(),
            "1763778000",
            "pages of the first listing follow"
        );
        place.first = false;
        assert_eq!(place.asked(), "1763777998");
        // SOGo's mail, and Exchange, whose keys may be as large.
        place.key = "1-12".into();
        assert_eq!(place.asked(), "1-12");
        let mut place = Place::new("1200000000".into(), "16.1");
        place.first = false;
        assert_eq!(place.asked(), "1200000000");
        let cursor = place.cursor();
        assert!(Place::parse(&cursor, "16.1").is_ok_and(|parsed| parsed == place));
    }
}
