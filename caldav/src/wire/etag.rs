//! What tells one version of a resource from another.

use std::fmt;

/// An entity tag (RFC 9110 section 8.8.3), kept as the server wrote it.
///
/// Servers write tags that are weak, without quotes, or not in ASCII. They still tell versions apart,
/// but only some can guard a write: see [`is_usable`](Self::is_usable).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ETag(Box<str>);

/// Longer ones are refused.
pub const MAX_ETAG: usize = 1 << 10;

impl ETag {
    /// Takes what a header or DAV:getetag holds; `None` if that is nothing, or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.len() <= MAX_ETAG).then(|| Self(text.into()))
    }

    /// As the server wrote it, with `W/` and quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only equivalence and not identity is claimed.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.0.starts_with("W/")
    }

    /// Whether it can be sent in If-Match: a strong tag in quotes, of visible ASCII.
    ///
    /// If-Match compares strongly, so a weak tag never matches (RFC 9110 section 13.1.1): who has
    /// none that is usable has to read, compare and write.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.0
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
    }

    /// Whether both name the same version, of which one answer may have said so weakly: proxies that
    /// compress make strong tags weak.
    #[must_use]
    pub fn matches_weakly(&self, other: &Self) -> bool {
        let bare = |tag: &Self| tag.0.strip_prefix("W/").unwrap_or(&tag.0).to_owned();
        bare(self) == bare(other)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn which_tags_can_guard() {
        for (text, usable) in [
            ("\"gcs00000001\"", true),
            ("\"\"", true),
            ("W/\"1\"", false),
            ("unquoted", false),
            ("\"caf\u{e9}\"", false),
            ("\"a b\"", false),
            ("\"a\"b\"", false),
            ("\"", false),
        ] {
            assert_eq!(ETag::parse(text).unwrap().is_usable(), usable, "{text}");
        }
        assert_eq!(ETag::parse(" \t"), None);
        assert_eq!(ETag::parse(&"x".repeat(MAX_ETAG + 1)), None);
    }

    #[test]
    fn a_tag_that_became_weak_on_its_way() {
        let tag = |text| ETag::parse(text).unwrap();
        assert!(tag("W/\"1\"").matches_weakly(&tag("\"1\"")));
        assert!(!tag("\"2\"").matches_weakly(&tag("\"1\"")));
        assert!(tag("W/\"1\"") != tag("\"1\""));
    }
}
