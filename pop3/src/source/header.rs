//! What a source reads of a message's header (RFC 5322).

use sync_core::model::Timestamp;

/// A header field as it stands, folded lines and line ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) bytes: &'a [u8],
}

impl Field<'_> {
    /// Whether it has this name, which is in lower case.
    pub(super) fn is(&self, name: &[u8]) -> bool {
        let end = memchr::memchr(b':', self.bytes).unwrap_or(0);
        let own = self.bytes.get(..end).unwrap_or_default();
        own.trim_ascii_end().eq_ignore_ascii_case(name)
    }

    /// What stands behind the colon, unfolded.
    fn value(&self) -> String {
        let from = memchr::memchr(b':', self.bytes).map_or(0, |at| at.saturating_add(1));
        unfolded(self.bytes.get(from..).unwrap_or_default())
    }

    /// The date behind the last semicolon, as in `Received` (RFC 5321 section 4.4).
    fn stamp(&self) -> Option<Timestamp> {
        let from = memchr::memrchr(b';', self.bytes)?.saturating_add(1);
        date_time(&unfolded(self.bytes.get(from..)?))
    }
}

/// Text without line ends.
fn unfolded(text: &[u8]) -> String {
    let text = text.trim_ascii();
    let mut unfolded = Vec::with_capacity(text.len());
    for line in text.split(|b| matches!(b, b'\r' | b'\n')) {
        unfolded.extend_from_slice(line);
    }
    String::from_utf8(unfolded)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The fields of a header, up to the empty line.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Of the message that begins with `content`.
    pub(super) fn of(content: &'a [u8]) -> Self {
        Self(content)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let mut end = 0_usize;
        loop {
            let rest = self.0.get(end..).unwrap_or_default();
            let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at.saturating_add(1));
            let line = rest.get(..line).unwrap_or_default();
            if end == 0 && line.trim_ascii().is_empty() {
                self.0 = b"";
                return None;
            }
            end = end.saturating_add(line.len());
            if line.is_empty() || !matches!(self.0.get(end), Some(b' ' | b'\t')) {
                let (field, rest) = self.0.split_at_checked(end)?;
                self.0 = rest;
                return Some(Field { bytes: field });
            }
        }
    }
}

/// What a header tells of its message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The `Message-ID` (section 3.6.4) without its angle brackets.
    pub(super) message_id: Option<String>,
    /// When the message arrived: what the last server that received it wrote (`Received`, RFC 5321
    /// section 4.4), else its `Date`. POP3 itself does not tell.
    pub(super) arrival: Option<Timestamp>,
}

/// Reads the header of the message that begins with `head`; of fields that come twice the first counts.
pub(super) fn read(head: &[u8]) -> Told {
    let (mut id, mut received) = (None, None);
    for field in Fields::of(head) {
        // One look at the first letter is enough for most fields.
        let slot = match field.bytes.first() {
            Some(b'm' | b'M') if field.is(b"message-id") => &mut id,
            Some(b'r' | b'R') if field.is(b"received") => &mut received,
            _ => continue,
        };
        slot.get_or_insert(field);
        if id.is_some() && received.is_some() {
            break;
        }
    }
    let message_id = id.and_then(|field| {
        let value = field.value();
        let id = value.trim_start_matches('<').trim_end_matches('>').trim();
        (!id.is_empty()).then(|| id.to_owned())
    });
    let arrival = received.and_then(|field| field.stamp()).or_else(|| {
        let date = Fields::of(head).find(|field| field.is(b"date"))?;
        date_time(&date.value())
    });
    Told {
        message_id,
        arrival,
    }
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// `Mon, 23 Nov 2026 01:02:03 +0000 (UTC)` (section 3.3), and the obsolete forms (section 4.3).
fn date_time(text: &str) -> Option<Timestamp> {
    let text = text.split('(').next()?;
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?.get(..3)?;
    let month = MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(month))?;
    let year: i64 = match words.next()?.parse().ok()? {
        short @ 0..50 => short + 2000,
        short @ 50..1000 => short + 1900,
        year @ 1000..10_000 => year,
        _ => return None,
    };
    let mut time = words
        .next()?
        .split(':')
        .map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (time.next()??, time.next()??);
    let second = time.next().unwrap_or(Some(0))?;
    let fits = (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !fits {
        return None;
    }
    let offset = words.next().map_or(0, zone);
    let days = days_before(year, i64::try_from(month).ok()?) + day - 1;
    let local = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp {
        seconds: local - i64::from(offset) * 60,
        offset_minutes: offset,
    })
}

/// Minutes east of UTC; an unknown zone counts as UTC.
fn zone(text: &str) -> i16 {
    let hours = |hours: i16| hours * 60;
    match text.to_ascii_uppercase().as_str() {
        "EDT" => hours(-4),
        "EST" | "CDT" => hours(-5),
        "CST" | "MDT" => hours(-6),
        "MST" | "PDT" => hours(-7),
        "PST" => hours(-8),
        _ => {
            let (sign, digits) = match text.split_at_checked(1) {
                Some(("+", digits)) => (1, digits),
                Some(("-", digits)) => (-1, digits),
                _ => return 0,
            };
            let number: i16 = match digits.parse() {
                Ok(number) if digits.len() == 4 && (0..=1_400).contains(&number) => number,
                _ => return 0,
            };
            sign * (hours(number / 100) + number % 100)
        }
    }
}

/// Days from 1970-01-01 to the first of a month, counted from 0, of a year in the Gregorian
/// calendar.
fn days_before(year: i64, month: i64) -> i64 {
    // Years that begin in March end with the leap day.
    let shifted = (month + 10) % 12;
    let year = if month < 2 { year - 1 } else { year };
    let of_years = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let of_months = (shifted * 153 + 2) / 5;
    of_years + of_months - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn fields_are_split_and_the_body_is_left_alone() {
        let text = b"A: b\r\nC:\r\n d\r\n\te\r\nF: g\n\r\nH: i\r\n";
        let fields: Vec<&[u8]> = Fields::of(text).map(|field| field.bytes).collect();
        assert_eq!(
            fields,
            [&b"A: b\r\n"[..], b"C:\r\n d\r\n\te\r\n", b"F: g\n"]
        );
        assert_eq!(Fields::of(b"").count(), 0);
        assert_eq!(Fields::of(b"\r\nA: b\r\n").count(), 0);
        assert_eq!(Fields::of(b"A: b").count(), 1);
    }

    #[test]
    fn the_message_id_is_read_from_the_header_only() {
        for (text, expected) in [
            ("A: b\r\nMESSAGE-ID : <a@b>\r\nC: d\r\n\r\n", Some("a@b")),
            ("Message-ID:\r\n <a@b>\r\n\r\n", Some("a@b")),
            ("Message-ID: <a@b>", Some("a@b")),
            ("Message-ID:\r\n\r\nx", None),
            ("A: b\r\n\r\nMessage-ID: <a@b>\r\n", None),
            ("Message-IDs: <a@b>\r\n\r\n", None),
            ("", None),
        ] {
            let told = read(text.as_bytes());
            assert_eq!(told.message_id.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn dates_of_rfc_5322() {
        for (text, seconds, offset) in [
            // Section A.1.1, and the obsolete one of A.6.2.
            ("Fri, 21 Nov 1997 09:55:06 -0600", 880_127_706, -360),
            ("21 Nov 97 09:55:06 GMT", 880_106_106, 0),
            ("Thu, 1 Jan 1970 00:00:00 +0000 (UTC)", 0, 0),
            ("Thu, 29 Feb 2024 00:00 +0530", 1_709_145_000, 330),
            ("31 December 1969 23:59:59 +0000", -1, 0),
            ("Mon, 01 Mar 2100 00:00:00 EST", 4_107_560_400, -300),
            ("1 Jan 2000 00:00:00 +9999", 946_684_800, 0),
        ] {
            let date = date_time(text).unwrap();
            assert_eq!(
                (date.seconds, date.offset_minutes),
                (seconds, offset),
                "{text}"
            );
        }
        for odd in [
            "",
            "Fri, 21 Nov",
            "Fri, 32 Nov 1997 09:55:06 -0600",
            "21 Nvo 1997 09:55:06 -0600",
            "21 Nov 1997 24:00:00 -0600",
            "21 Nov 1997 09 -0600",
            "21 Nov 99999999999999999999 09:00:00 +0000",
            "1997-11-21 09:55:06",
        ] {
            assert_eq!(date_time(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_last_hop_says_when_a_message_arrived() {
        let text = "Received: from a by b\r\n\tfor <c>; Sat, 22 Nov 1997 00:00:00 +0000\r\n\
                    Received: from x by a; Fri, 21 Nov 1997 00:00:00 +0000\r\n\
                    Date: Thu, 20 Nov 1997 00:00:00 +0000\r\n\r\n";
        let seconds = |text: &str| read(text.as_bytes()).arrival.map(|date| date.seconds);
        assert_eq!(seconds(text), Some(880_156_800));
        assert_eq!(seconds(&text.replace("; Sat", " Sat")), Some(879_984_000));
        assert_eq!(seconds("Subject: x\r\n\r\n"), None);
    }
}
