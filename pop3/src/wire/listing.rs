//! The drop, scan, unique-id and language listings.

use super::DecodeError;

/// The drop listing: the answer to STAT (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stat {
    /// How many messages are in the maildrop and not marked as deleted.
    pub messages: u32,
    /// Their size in octets, as the server counts.
    pub octets: u64,
}

/// A line of the scan listing: of the answer to LIST (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListEntry {
    /// The message's number in this session, from 1.
    pub number: u32,
    /// Its size in octets, as the server counts: some are off by a few, or count line ends as one.
    /// 0 where the server says nothing that can be read.
    pub octets: u64,
}

/// A line of the unique-id listing: of the answer to UIDL (RFC 1939 section 7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UidlEntry {
    /// The message's number in this session, from 1.
    pub number: u32,
    /// What names it in all sessions, 1 to 70 characters of ASCII by the RFC. What servers send
    /// beside it is kept: any length, spaces within, and bytes beyond ASCII, each as the
    /// character of ISO 8859-1, so that ids that differ stay different.
    pub unique_id: String,
}

/// A line of the answer to LANG (RFC 6856 section 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Language {
    /// The tag (RFC 5646).
    pub tag: String,
    /// The language's name in itself.
    pub description: String,
}

impl Stat {
    /// Reads the text of a `+OK`. What follows the two numbers is of no meaning; a size that cannot
    /// be read is 0.
    ///
    /// # Errors
    /// [`DecodeError::Number`] without a count.
    pub fn decode(text: &[u8]) -> Result<Self, DecodeError> {
        let (count, rest) = word(text);
        Ok(Self {
            messages: number(count).ok_or(DecodeError::Number)?,
            octets: number(word(rest).0).unwrap_or(0),
        })
    }
}

impl ListEntry {
    /// Reads a line. What follows the two numbers is of no meaning.
    ///
    /// # Errors
    /// [`DecodeError::Number`] without a message number.
    pub fn decode(line: &[u8]) -> Result<Self, DecodeError> {
        let (number, rest) = message(line)?;
        Ok(Self {
            number,
            octets: self::number(word(rest).0).unwrap_or(0),
        })
    }
}

impl UidlEntry {
    /// Reads a line; `None` if there is a number but no id.
    ///
    /// # Errors
    /// [`DecodeError::Number`] without a message number.
    pub fn decode(line: &[u8]) -> Result<Option<Self>, DecodeError> {
        let (number, rest) = message(line)?;
        let id = rest.trim_ascii();
        Ok((!id.is_empty()).then(|| Self {
            number,
            unique_id: match std::str::from_utf8(id) {
                Ok(ascii) if ascii.is_ascii() => ascii.into(),
                _ => id.iter().copied().map(char::from).collect(),
            },
        }))
    }
}

impl Language {
    /// Reads a line; `None` if it is empty.
    #[must_use]
    pub fn decode(line: &[u8]) -> Option<Self> {
        let (tag, rest) = word(line);
        (!tag.is_empty()).then(|| Self {
            tag: String::from_utf8_lossy(tag).into_owned(),
            description: String::from_utf8_lossy(rest.trim_ascii()).into_owned(),
        })
    }
}

/// The first word, and what follows it.
fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace);
    line.split_at_checked(end.unwrap_or(line.len()))
        .unwrap_or((line, &[]))
}

fn message(line: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
    let (first, rest) = word(line);
    match number(first) {
        Some(number) if number > 0 => Ok((number, rest)),
        _ => Err(DecodeError::Number),
    }
}

fn number<T: TryFrom<u64>>(digits: &[u8]) -> Option<T> {
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| byte & 0x0f)?;
        value.checked_mul(10)?.checked_add(digit.into())
    })?;
    T::try_from(value).ok()
}
