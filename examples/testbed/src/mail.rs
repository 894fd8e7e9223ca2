//! Mail from a seed: the same seed gives the same bytes on every machine.

use std::fmt::Write;

use crate::random::Random;

/// The date of a [`Generator`]'s first message: 2020-01-01T00:00:00Z.
const FIRST_DATE: u64 = 1_577_836_800;

/// A message with what a mail store keeps beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The message (RFC 5322), with CRLF.
    pub bytes: Vec<u8>,
    /// Flags such as `\Seen`, and keywords such as `$Forwarded`.
    pub flags: Vec<String>,
    /// INTERNALDATE, in seconds since 1970 (UTC).
    pub internal_date: u64,
}

impl Message {
    /// The internal date as IMAP writes it: `01-Jan-2020 00:00:00 +0000`.
    pub fn imap_date(&self) -> String {
        let date = Date::from_seconds(self.internal_date);
        let (month, year) = (date.month_name(), date.year);
        format!("{:02}-{month}-{year} {} +0000", date.day, date.time())
    }
}

/// An endless source of messages, from a seed.
///
/// Without further words it makes what a real mailbox holds, the odd cases included: exact
/// duplicates, messages without Message-ID, equal Message-IDs with different content, 8-bit text
/// in two charsets, encoded words, attachments, lines that look like a protocol's, bodies without
/// a last line break, empty bodies.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
    seed: u64,
    number: u64,
    size: usize,
    only_plain: bool,
    earlier: Option<Message>,
}

impl Generator {
    /// Messages of about 2 KB from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            seed,
            number: 0,
            size: 2048,
            only_plain: false,
            earlier: None,
        }
    }

    /// Messages of about this many bytes; the header alone takes some 400.
    #[must_use]
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = bytes;
        self
    }

    /// No odd cases: every message has a Message-ID of its own and plain ASCII text.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.only_plain = true;
        self
    }
}

impl Iterator for Generator {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.number = self.number.wrapping_add(1);
        let shape = self.shape();
        let mut message = match (shape, &self.earlier) {
            (Shape::Duplicate, Some(earlier)) => earlier.clone(),
            (Shape::SameId, Some(earlier)) => {
                // Another text under the same header, as mailing lists and senders' bugs make it.
                let mut message = earlier.clone();
                message.bytes.extend_from_slice(b"\r\n-- \r\n");
                message.bytes.extend_from_slice(&self.text(200));
                message
            }
            _ => Message {
                bytes: self.compose(shape),
                flags: Vec::new(),
                internal_date: 0,
            },
        };
        message.flags = self.flags();
        // Ten minutes apart, and now and then the same second.
        let number = self.number - self.number % self.random.below(3).max(1);
        message.internal_date = FIRST_DATE + 600 * number;
        if self.random.one_in(8) {
            self.earlier = Some(message.clone());
        }
        Some(message)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    /// Equal to an earlier one to the last byte.
    Duplicate,
    /// The Message-ID of an earlier one, and another text.
    SameId,
    NoId,
    /// ISO 8859-1 bytes in the body, and UTF-8 in the header without any encoding.
    EightBit,
    /// UTF-8 body, encoded words in the header.
    Utf8,
    /// Two parts, one of them base64.
    Attachment,
    /// A header and nothing else.
    Empty,
    /// Lines that mean something to a protocol or a file format, and no line break at the end.
    Treacherous,
}

const SUBJECTS: [&str; 8] = [
    "Minutes of Tuesday",
    "Re: Minutes of Tuesday",
    "Invoice 2041",
    "[list] Release candidate 3",
    "Fwd: Tickets",
    "Your order has been shipped",
    "Lunch?",
    "Re: Re: Draft of chapter 4",
];
const PEOPLE: [&str; 6] = [
    "Alice Adams <alice@example.org>",
    "Bob <bob@example.com>",
    "\"Carol, Treasurer\" <carol@example.net>",
    "dave@example.org",
    "Erin Eriksen <erin.eriksen+lists@mail.example.com>",
    "The List <list@lists.example.org>",
];
const WORDS: [&str; 24] = [
    "the",
    "letter",
    "came",
    "on",
    "a",
    "quiet",
    "morning",
    "and",
    "nobody",
    "had",
    "expected",
    "so",
    "many",
    "questions",
    "about",
    "an",
    "old",
    "harbour",
    "where",
    "ships",
    "wait",
    "for",
    "better",
    "weather",
];

impl Generator {
    fn shape(&mut self) -> Shape {
        if self.only_plain {
            return Shape::Plain;
        }
        match self.random.below(40) {
            0 => Shape::Duplicate,
            1 => Shape::SameId,
            2 => Shape::NoId,
            3 | 4 => Shape::EightBit,
            5..=8 => Shape::Utf8,
            9..=12 => Shape::Attachment,
            13 => Shape::Empty,
            14 => Shape::Treacherous,
            _ => Shape::Plain,
        }
    }

    fn flags(&mut self) -> Vec<String> {
        let odds = [
            ("\\Seen", 2),
            ("\\Answered", 8),
            ("\\Flagged", 12),
            ("\\Draft", 40),
            ("$Forwarded", 20),
            ("$Junk", 30),
            ("NonJunk", 15),
            ("todo", 50),
        ];
        odds.iter()
            .filter(|(_, odds)| self.random.one_in(*odds))
            .map(|(flag, _)| (*flag).to_owned())
            .collect()
    }

    fn compose(&mut self, shape: Shape) -> Vec<u8> {
        let mut bytes = self.header(shape).into_bytes();
        let rest = self.size.saturating_sub(bytes.len());
        bytes.extend(match shape {
            Shape::Empty => Vec::new(),
            Shape::EightBit => self.latin1(rest),
            Shape::Utf8 => self.utf8(rest),
            Shape::Attachment => self.attachment(rest),
            Shape::Treacherous => self.treacherous(rest),
            _ => self.text(rest),
        });
        bytes
    }

    fn header(&mut self, shape: Shape) -> String {
        let date = Date::from_seconds(FIRST_DATE + 600 * self.number);
        let from = self.one_of(&PEOPLE);
        let to = self.one_of(&PEOPLE);
        let subject = match shape {
            Shape::Utf8 => "=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?=\r\n =?utf-8?B?TcO8bmNoZW4=?=",
            Shape::EightBit => "Grüße ohne Umschweife",
            _ => self.one_of(&SUBJECTS),
        };
        let kind = match shape {
            Shape::EightBit => "text/plain; charset=iso-8859-1",
            Shape::Utf8 => "text/plain; charset=utf-8; format=flowed",
            Shape::Attachment => "multipart/mixed;\r\n boundary=\"=_part\"",
            _ => "text/plain; charset=us-ascii",
        };
        let encoding = match shape {
            Shape::EightBit | Shape::Utf8 => "8bit",
            _ => "7bit",
        };
        let (hop, hops) = (self.random.next_u64(), self.random.below(3) + 1);
        let mut header = String::new();
        for hop in (0..hops).map(|n| hop.wrapping_add(n)) {
            header.push_str(&format!(
                "Received: from mx{}.example.net (mx.example.net [192.0.2.{}])\r\n\tby mail.example.org with ESMTPS id {hop:016x};\r\n\t{date}\r\n",
                hop % 10,
                hop % 250,
            ));
        }
        let _ = write!(
            header,
            "Date: {date}\r\nFrom: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n"
        );
        if shape != Shape::NoId {
            let id = format!("{:08x}.{:08x}", self.seed, self.number);
            let _ = write!(header, "Message-ID: <{id}@example.org>\r\n");
        }
        let _ = write!(
            header,
            "MIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        header
    }

    /// Lines of words, `size` bytes of them.
    fn text(&mut self, size: usize) -> Vec<u8> {
        let mut text = String::with_capacity(size);
        let mut line = 0;
        while text.len() + 16 < size {
            let word = self.one_of(&WORDS);
            text.push_str(word);
            line += word.len() + 1;
            if line > 64 {
                text.push_str("\r\n");
                line = 0;
            } else {
                text.push(' ');
            }
        }
        // Numbers make the text unlike any other's.
        let end = format!("{:013x}", self.random.next_u64() >> 12);
        text.push_str(&end);
        text.push_str("\r\n");
        text.into_bytes()
    }

    fn latin1(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = b"Gr\xfc\xdfe, \xe0 bient\xf4t.\r\n".to_vec();
        bytes.extend(self.text(size.saturating_sub(bytes.len())));
        bytes
    }

    fn utf8(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = "Žluťoučký kůň, 日本語のメール, 🦀 und ein Gruß. \r\n"
            .to_owned()
            .into_bytes();
        bytes.extend(self.text(size.saturating_sub(bytes.len())));
        bytes
    }

    fn attachment(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = b"--=_part\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>".to_vec();
        bytes.extend(self.text(size / 4));
        bytes.extend_from_slice(b"</p>\r\n--=_part\r\nContent-Type: application/octet-stream; name=\"data.bin\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let lines = size.saturating_sub(bytes.len()) / 78;
        for _ in 0..lines.max(1) {
            // 76 characters of six bits each, ten a draw.
            for draw in 0..8 {
                let mut bits = self.random.next_u64();
                for _ in 0..if draw == 7 { 6 } else { 10 } {
                    let index = usize::try_from(bits & 63).unwrap_or_default();
                    bytes.extend(alphabet.get(index));
                    bits >>= 6;
                }
            }
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"--=_part--\r\n");
        bytes
    }

    fn treacherous(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = self.text(size / 2);
        bytes.extend_from_slice(
            b"From the start of a line\r\n>From another\r\n.\r\n..\r\n\r\n)\r\n* BYE not really\r\nt1 OK APPEND completed\r\n+OK {12}\r\n\ttab and   blanks   \r\n",
        );
        // One line that is longer than any line should be.
        bytes.extend(std::iter::repeat_n(b'x', 1200));
        bytes.extend_from_slice(b"\r\nno line break at the end");
        bytes
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        self.random.pick(choices).copied().unwrap_or_default()
    }
}

/// A moment in UTC, by the proleptic Gregorian calendar.
struct Date {
    year: u64,
    month: u64,
    day: u64,
    weekday: u64,
    second: u64,
}

impl Date {
    fn from_seconds(seconds: u64) -> Self {
        let days = seconds / 86_400;
        // Years are counted from the 1st of March, so that the leap day is the last of its year,
        // and eras of 400 years all have 146,097 days.
        let since_0000 = days + 719_468;
        let (era, day_of_era) = (since_0000 / 146_097, since_0000 % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // March is 0; months take turns of 31 and 30 days in blocks of five with 153.
        let month = (5 * day_of_year + 2) / 153;
        let (month, next_year) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        Self {
            year: era * 400 + year_of_era + next_year,
            month,
            day: day_of_year - (153 * ((month + 9) % 12) + 2) / 5 + 1,
            // The 1st of January 1970 was a Thursday.
            weekday: (days + 4) % 7,
            second: seconds % 86_400,
        }
    }

    fn month_name(&self) -> &'static str {
        const NAMES: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let index = usize::try_from(self.month).unwrap_or_default();
        NAMES.get(index.wrapping_sub(1)).copied().unwrap_or("Jan")
    }

    fn weekday_name(&self) -> &'static str {
        const NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        let index = usize::try_from(self.weekday).unwrap_or_default();
        NAMES.get(index).copied().unwrap_or("Sun")
    }

    fn time(&self) -> String {
        let second = self.second;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!("{hour:02}:{minute:02}:{:02}", second % 60)
    }
}

/// As in a `Date:` header (RFC 5322, 3.3).
impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (weekday, month) = (self.weekday_name(), self.month_name());
        let (day, year, time) = (self.day, self.year, self.time());
        write!(f, "{weekday}, {day:02} {month} {year} {time} +0000")
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, Generator, Message};
    use std::collections::BTreeSet;

    fn text(message: &Message) -> String {
        String::from_utf8_lossy(&message.bytes).into_owned()
    }

    fn id(message: &Message) -> Option<String> {
        text(message)
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: ").map(str::to_owned))
    }

    #[test]
    fn a_seed_gives_the_same_mail() {
        let some = |seed| Generator::new(seed).take(50).collect::<Vec<_>>();
        assert_eq!(some(3), some(3));
        assert_ne!(some(3), some(4));
    }

    #[test]
    fn every_odd_case_occurs() {
        let mail: Vec<_> = Generator::new(1).take(1000).collect();
        let different: BTreeSet<_> = mail.iter().map(|m| &m.bytes).collect();
        let ids: Vec<_> = mail.iter().filter_map(id).collect();
        let different_ids: BTreeSet<_> = ids.iter().collect();
        assert!(different.len() < mail.len(), "duplicates");
        assert!(ids.len() < mail.len(), "missing ids");
        let duplicates = mail.len() - different.len();
        assert!(
            ids.len() - different_ids.len() > duplicates,
            "equal ids with different content"
        );
        assert!(mail.iter().any(|m| std::str::from_utf8(&m.bytes).is_err()));
        assert!(mail.iter().any(|m| m.bytes.ends_with(b"\r\n\r\n")));
        assert!(mail.iter().any(|m| !m.bytes.ends_with(b"\r\n")));
        assert!(mail.iter().any(|m| text(m).contains("🦀")));
        assert!(mail.iter().any(|m| m.flags.contains(&"$Forwarded".into())));
        assert!(mail.iter().any(|m| m.flags.is_empty()));
    }

    #[test]
    fn every_line_ends_with_crlf() {
        for message in Generator::new(9).take(300) {
            let bytes = &message.bytes;
            assert!(
                (0..bytes.len()).all(|i| (bytes[i] == b'\n') == (i > 0 && bytes[i - 1] == b'\r'))
            );
        }
    }

    #[test]
    fn the_size_is_about_what_was_asked_for() {
        for size in [1024, 2048, 100_000] {
            for message in Generator::new(2).size(size).plain().take(20) {
                let got = message.bytes.len();
                assert!(got.abs_diff(size) < 32, "{got} for {size}");
            }
        }
    }

    #[test]
    fn plain_mail_has_ids_of_its_own() {
        let mail: Vec<_> = Generator::new(5).plain().take(500).collect();
        let ids: BTreeSet<_> = mail.iter().filter_map(id).collect();
        assert_eq!(ids.len(), 500);
        assert!(mail.iter().all(|m| m.bytes.is_ascii()));
    }

    #[test]
    fn dates_are_right() {
        let date = |seconds| Date::from_seconds(seconds).to_string();
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(date(951_826_154), "Tue, 29 Feb 2000 12:09:14 +0000");
        assert_eq!(date(1_583_020_800), "Sun, 01 Mar 2020 00:00:00 +0000");
        assert_eq!(date(4_102_444_799), "Thu, 31 Dec 2099 23:59:59 +0000");
        let message = Message {
            bytes: vec![],
            flags: vec![],
            internal_date: 1_577_836_800,
        };
        assert_eq!(message.imap_date(), "01-Jan-2020 00:00:00 +0000");
    }
}
