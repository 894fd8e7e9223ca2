use serde::{Deserialize, Serialize};
use sync_core::model::Cursor;
use sync_core::{Error, ErrorKind, Result};

/// Where a folder stands.
///
/// Keys of SOGo's calendars, address books and task lists are seconds: the time of the last change.
/// It tells what changed in later ones, so that what somebody writes in the second of an answer, after
/// it, is told with no key that it gave. A key is any second, though, and what is told twice is no
/// change: the next listing asks with a time before the last one began, until that second was over
/// when a listing began and its key is still the same.
///
/// With the key that it gave last it tells what it did not tell yet, with any other one everything
/// since. With one that is older than the beginning of the last first listing of a device it tells no
/// deletions, until a request bears one that is not. Both are mended by asking for what is later than any
/// time before asking for what is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The last key.
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
    /// How many seconds before the key the next request asks.
    #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
    back: u64,
    /// The listing more pages of which follow, where keys are seconds.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pages: Option<Pages>,
}

/// Pages of a listing that were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pages {
    /// When the first one was asked for, by the clock here.
    #[serde(rename = "a")]
    begun: u64,
    /// The key before it.
    #[serde(rename = "k")]
    key: String,
}

/// The first key that SOGo gives for a folder.
const SOGO_FIRST: &str = "-1";
/// Keys that are smaller are no time of day in this century.
const YEAR_2001: u64 = 1_000_000_000;
/// Later than any change.
const LATEST: &str = "2147483647";
/// How much later all that was written in a second is there, whatever the clocks.
pub(super) const OVER: u64 = 2;

fn second(key: &str) -> Option<u64> {
    key.parse().ok().filter(|second| *second > YEAR_2001)
}

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
            back: 0,
            pages: None,
        }
    }

    /// Goes on from the key of an answer to a write.
    pub(super) fn take(&mut self, key: &str) {
        key.clone_into(&mut self.key);
    }

    /// Goes on from the key of a page that was asked for, and came, at these times.
    pub(super) fn listed(&mut self, key: &str, more: bool, asked: u64, now: u64) {
        let (begun, before) = match self.pages.take() {
            Some(pages) => (pages.begun, pages.key),
            None => (asked, self.key.clone()),
        };
        key.clone_into(&mut self.key);
        self.back = 0;
        if self.second().is_none() {
            return;
        }
        if more {
            self.pages = Some(Pages { begun, key: before });
        } else if before != key {
            self.since = now;
            self.back = now.saturating_sub(begun) + OVER;
        } else if begun < self.since + OVER {
            self.back = now.saturating_sub(begun) + OVER;
        }
    }

    /// The key to ask with for what is new.
    pub(super) fn question(&self) -> String {
        match self.second() {
            Some(second) => second.saturating_sub(self.back).to_string(),
            None => self.key.clone(),
        }
    }

    /// The key where it is a second.
    fn second(&self) -> Option<u64> {
        second(&self.key).filter(|_| self.seconds)
    }

    /// The key to ask with before others where keys are seconds.
    pub(super) fn latest(&self) -> Option<&'static str> {
        self.second().map(|_| LATEST)
    }

    /// More pages of a listing follow, where keys are seconds.
    pub(super) const fn has_pages(&self) -> bool {
        self.pages.is_some()
    }

    /// All that was written until the key was given is told: else the next listing may have more,
    /// though nothing changes until then.
    pub(super) const fn is_settled(&self) -> bool {
        self.back == 0 && self.pages.is_none()
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
    #![allow(clippy::unwrap_used)]

    use super::*;

    const T: u64 = 1_763_778_000;

    /// After a first listing of one page, which took this long.
    fn listed(seconds: u64) -> Place {
        let mut place = Place::new("-1".into(), "14.1");
        assert_eq!(place.question(), "-1");
        let key = T.to_string();
        assert_eq!(place.latest(), None);
        place.listed(&(T - 9).to_string(), true, 100, 100);
        assert_eq!(place.question(), (T - 9).to_string());
        place.listed(&key, false, 100 + seconds, 100 + seconds);
        place.first = false;
        place
    }

    fn asks(place: &Place) -> u64 {
        place.question().parse().unwrap()
    }

    #[test]
    fn a_listing_is_asked_for_again_until_its_second_is_over() {
        let mut place = listed(0);
        assert_eq!(asks(&place), T - 2);
        assert_eq!(place.latest(), Some(LATEST));
        place.listed(&T.to_string(), false, 101, 101);
        assert_eq!(asks(&place), T - 2, "its second may not be over");
        assert!(!place.is_settled());
        place.listed(&T.to_string(), false, 102, 102);
        assert_eq!(asks(&place), T);
        assert!(place.is_settled());
        place.listed(&(T + 9).to_string(), false, 109, 109);
        assert_eq!(asks(&place), T + 7, "something new came");
    }

    #[test]
    fn what_changed_during_a_listing_is_asked_for_again() {
        let mut place = listed(60);
        assert_eq!(asks(&place), T - 62);
        // Of the next listing, too, with a page between.
        place.listed(&(T + 5).to_string(), true, 200, 210);
        assert!(place.has_pages() && !place.is_settled());
        assert_eq!(asks(&place), T + 5, "pages follow each other");
        place.listed(&(T + 20).to_string(), false, 210, 215);
        assert_eq!(asks(&place), T + 20 - 17);
        assert!(!place.has_pages());
        // One that began early proves nothing, however long it takes.
        place.listed(&(T + 10).to_string(), true, 216, 230);
        place.listed(&(T + 20).to_string(), false, 230, 231);
        assert_eq!(asks(&place), T + 20 - 17);
        place.listed(&(T + 20).to_string(), false, 217, 217);
        assert_eq!(asks(&place), T + 20);
    }

    #[test]
    fn only_a_key_that_is_a_time_is_set_back() {
        // SOGo's mail, and Exchange, whose keys may be as large.
        let mut place = Place::new("-1".into(), "14.1");
        place.listed("1-12", false, 30, 30);
        assert_eq!(place.latest(), None);
        assert_eq!(place.question(), "1-12");
        let mut place = Place::new("1200000000".into(), "16.1");
        place.listed("1200000001", false, 30, 30);
        assert_eq!(place.latest(), None);
        assert_eq!(place.question(), "1200000001");
        let cursor = place.cursor();
        assert!(Place::parse(&cursor, "16.1").is_ok_and(|parsed| parsed == place));
        assert!(Place::parse(&cursor, "14.1").is_err_and(|error| error.is_cursor_lost()));
        let place = listed(3);
        assert!(Place::parse(&place.cursor(), "14.1").is_ok_and(|parsed| parsed == place));
    }
}
