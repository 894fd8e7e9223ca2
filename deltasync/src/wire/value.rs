//! Ids, keys, texts and times.

use std::fmt;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};

use super::xml::Element;

/// Names a folder or a message. The server's are GUIDs, in either case; here they are in lower case,
/// in which other clients sent them back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(String);

impl ServerId {
    /// The root of all folders, which no list names (clean-room notes alone, as are the other four).
    pub const ROOT: &'static str = "00000000-0000-0000-0000-000000000000";

    /// An id of this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The root of all folders.
    #[must_use]
    pub fn root() -> Self {
        Self(Self::ROOT.to_owned())
    }
}

impl fmt::Debug for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client knows of one collection, as the server names it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SyncKey(String);

impl SyncKey {
    /// A key that the server gave.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `0`: nothing is known.
    #[must_use]
    pub fn initial() -> Self {
        Self("0".to_owned())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SyncKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text with the way it is encoded: `encoding="2"` is Base64 of UTF-8, none or `0` is the text itself,
/// in which words may be encoded as in a header (RFC 2047). What `1` is nobody knows; it is taken as
/// the text itself.
pub(crate) fn text(element: &Element) -> String {
    // What clients wrote may lack its padding.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    let raw = element.text.as_str();
    if element.attribute("encoding") == Some("2")
        && let Ok(bytes) = LENIENT.decode(raw.trim())
        && let Ok(text) = String::from_utf8(bytes)
    {
        return text;
    }
    encoded_words(raw)
}

/// Decodes words in UTF-8, US-ASCII and ISO 8859-1 (RFC 2047 section 2); others stay as they are.
fn encoded_words(raw: &str) -> String {
    let mut out = String::new();
    let mut rest = raw;
    let mut after_word = false;
    while let Some((before, word)) = rest.split_once("=?") {
        let decoded = word.split_once("?=").and_then(|(inner, after)| {
            // The text itself may hold a `?=` where it is quoted-printable and begins with `=`.
            let (inner, after) = match inner.matches('?').count() {
                1 => {
                    let more = after.split_once("?=")?;
                    let end = inner.len().checked_add(2)?.checked_add(more.0.len())?;
                    (word.get(..end)?, more.1)
                }
                _ => (inner, after),
            };
            Some((decode_word(inner)?, after))
        });
        match decoded {
            Some((text, after)) => {
                // White space between two words is no part of the text (section 6.2).
                if !(after_word && before.trim().is_empty()) {
                    out.push_str(before);
                }
                out.push_str(&text);
                rest = after;
                after_word = true;
            }
            None => {
                out.push_str(before);
                out.push_str("=?");
                rest = word;
                after_word = false;
            }
        }
    }
    out.push_str(rest);
    out
}

fn decode_word(inner: &str) -> Option<String> {
    let mut parts = inner.splitn(3, '?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(text).ok()?,
        "Q" | "q" => {
            let mut bytes = Vec::new();
            let mut rest = text.bytes();
            while let Some(byte) = rest.next() {
                bytes.push(match byte {
                    b'_' => b' ',
                    b'=' => {
                        let pair = [rest.next()?, rest.next()?];
                        u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
                    }
                    other => other,
                });
            }
            bytes
        }
        _ => return None,
    };
    // RFC 2231 adds a language behind an asterisk.
    let charset = charset.split('*').next().unwrap_or_default();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

/// `2012-05-02T09:38:57.250Z` in seconds since 1970; fractions of a second are dropped.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    for (at, expected) in [(4_usize, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] {
        if text.get(at..at.saturating_add(1)) != Some(expected) {
            return None;
        }
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let fits = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && year >= 0;
    if !fits {
        return None;
    }
    // Days since 1970-01-01; the year begins in March, so that its leap day is the last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
            - 1
            - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// A time as it is sent, with milliseconds where `fraction` says so. Years beyond those of four digits
/// become the nearest.
pub(crate) fn format_time(seconds: i64, fraction: bool) -> String {
    let seconds = seconds.clamp(-62_167_219_200, 253_402_300_799);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if fraction { ".000" } else { "" };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn decoded(attribute: &str, raw: &str) -> String {
        let document = format!("<a{attribute}>{raw}</a>");
        text(&Element::parse(document.as_bytes()).unwrap())
    }

    #[test]
    fn texts_are_decoded() {
        for (attribute, raw, expected) in [
            ("", "plain", "plain"),
            (" encoding=\"0\"", "plain", "plain"),
            (" encoding=\"1\"", "plain", "plain"),
            (" encoding=\"2\"", "R3LDvMOfZQ==", "Grüße"),
            (" encoding=\"2\"", "R3LDvMOfZQ", "Grüße"),
            (" encoding=\"2\"", "not base64", "not base64"),
            (
                "",
                "=?utf-8?B?R3LDvMOfZQ==?= =?UTF-8?Q?_=C3=A4?=",
                "Grüße ä",
            ),
            ("", "a =?iso-8859-1?Q?=E4_b?= c", "a ä b c"),
            ("", "=?utf-8?Q?=3D=3F?=", "=?"),
            ("", "=?utf-8?Q?broken", "=?utf-8?Q?broken"),
            ("", "=?koi8-r?B?wMHB?=", "=?koi8-r?B?wMHB?="),
            ("", "1 =? 2 ?= 3", "1 =? 2 ?= 3"),
        ] {
            assert_eq!(decoded(attribute, raw), expected, "{raw}");
        }
    }

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2012-05-02T09:38:57.000Z", 1_335_951_537),
            ("2000-02-29T12:09:14.000Z", 951_826_154),
            ("1969-12-31T23:59:59.000Z", -1),
            ("9999-12-31T23:59:59.000Z", 253_402_300_799),
        ] {
            assert_eq!(parse_time(text), Some(seconds), "{text}");
            assert_eq!(format_time(seconds, true), text);
        }
        assert_eq!(format_time(0, false), "1970-01-01T00:00:00Z");
        assert_eq!(format_time(i64::MAX, true), "9999-12-31T23:59:59.000Z");
        assert_eq!(format_time(i64::MIN, true), "0000-01-01T00:00:00.000Z");
        for text in [
            "",
            "2012-05-02",
            "2012-13-02T09:38:57Z",
            "2012-05-02 09:38:57Z",
            "ä".repeat(20).as_str(),
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn ids_are_compared_without_case() {
        let id = ServerId::new(" E631966A-9439-11E1-8E7B-00215AD9A7B8 ");
        assert_eq!(id.as_str(), "e631966a-9439-11e1-8e7b-00215ad9a7b8");
    }
}
