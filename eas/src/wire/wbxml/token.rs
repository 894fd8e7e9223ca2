use memchr::memchr;

use super::{Error, ErrorKind, Tag};

const SWITCH_PAGE: u8 = 0x00;
const END: u8 = 0x01;
const ENTITY: u8 = 0x02;
const STR_I: u8 = 0x03;
const STR_T: u8 = 0x83;
const OPAQUE: u8 = 0xC3;
const HAS_CONTENT: u8 = 0x40;
const UTF_8: u32 = 106;

/// One step of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// An element begins; without content it is over at once, and no [`End`](Token::End) follows.
    Start {
        /// Its name.
        tag: Tag,
        /// Whether an `End` follows.
        content: bool,
    },
    /// The innermost element ends.
    End,
    /// Text; UTF-8 by the standard, whatever a server sends in fact.
    Text(&'a [u8]),
    /// Bytes of a known length.
    Opaque(&'a [u8]),
    /// One character by its number.
    Entity(u32),
}

/// The flat sequence of a document's tokens, borrowed from it.
///
/// Knows nothing of nesting but the code page, which stays in force until it is switched, across
/// ends of elements too. After an error the sequence is over.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    document: &'a [u8],
    strings: &'a [u8],
    at: usize,
    page: u8,
}

impl<'a> Tokens<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ErrorKind::NotWbxml`] where it is not WBXML 1.1 to 1.3 in UTF-8, [`ErrorKind::Truncated`]
    /// where the string table is.
    pub fn new(document: &'a [u8]) -> Result<Self, Error> {
        let foreign = |_| Error::new(ErrorKind::NotWbxml, 0);
        let mut tokens = Self {
            document,
            strings: &[],
            at: 0,
            page: 0,
        };
        if !matches!(tokens.byte().map_err(foreign)?, 1..=3) {
            return Err(Error::new(ErrorKind::NotWbxml, 0));
        }
        if tokens.integer().map_err(foreign)? == 0 {
            // The public identifier is a string of the table.
            tokens.integer().map_err(foreign)?;
        }
        if tokens.integer().map_err(foreign)? != UTF_8 {
            return Err(Error::new(ErrorKind::NotWbxml, 0));
        }
        tokens.strings = tokens.counted()?;
        Ok(tokens)
    }

    /// How many bytes were read.
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// The next token; none at the end of the document.
    ///
    /// # Errors
    /// Whatever [`ErrorKind`] says of a document that is broken here.
    // A token that is returned goes through memory; one that is inlined stays in registers.
    #[inline(always)]
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, Error> {
        loop {
            let Some(byte) = self.document.get(self.at).copied() else {
                return Ok(None);
            };
            self.at += 1;
            return Ok(Some(match byte {
                END => Token::End,
                STR_I => Token::Text(self.terminated()?),
                SWITCH_PAGE => {
                    self.page = self.byte()?;
                    continue;
                }
                0x05..=0x3F | 0x45..=0x7F => self.start(byte),
                _ => self.seldom(byte)?,
            }));
        }
    }

    #[inline]
    fn start(&self, byte: u8) -> Token<'a> {
        Token::Start {
            tag: Tag::new(self.page, byte),
            content: byte & HAS_CONTENT != 0,
        }
    }

    /// Tokens that few documents have.
    fn seldom(&mut self, byte: u8) -> Result<Token<'a>, Error> {
        Ok(match byte {
            OPAQUE => Token::Opaque(self.counted()?),
            ENTITY => Token::Entity(self.integer()?),
            STR_T => Token::Text(self.reference()?),
            _ if matches!(byte & 0x3F, 0..=4) => return Err(self.unsupported(byte)),
            _ => {
                let start = self.start(byte);
                self.skip_attributes()?;
                start
            }
        })
    }

    /// Attributes up to their END; ActiveSync has none, so none is kept. Their code page is their
    /// own.
    fn skip_attributes(&mut self) -> Result<(), Error> {
        loop {
            match self.byte()? {
                END => return Ok(()),
                SWITCH_PAGE => drop(self.byte()?),
                STR_I => drop(self.terminated()?),
                OPAQUE => drop(self.counted()?),
                ENTITY | STR_T => drop(self.integer()?),
                byte if matches!(byte & 0x3F, 0..=4) => return Err(self.unsupported(byte)),
                _ => {}
            }
        }
    }

    fn unsupported(&self, byte: u8) -> Error {
        Error::new(ErrorKind::Unsupported(byte), self.at.saturating_sub(1))
    }

    fn truncated(&self) -> Error {
        Error::new(ErrorKind::Truncated, self.document.len())
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.document.get(self.at).copied();
        self.at = self.at.saturating_add(1);
        byte.ok_or_else(|| self.truncated())
    }

    /// A `mb_u_int32`: groups of seven bits, the greatest first.
    fn integer(&mut self) -> Result<u32, Error> {
        let from = self.at;
        let mut value: u32 = 0;
        for _ in 0..5 {
            let byte = self.byte()?;
            if value >> 25 != 0 {
                break;
            }
            value = value << 7 | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Error::new(ErrorKind::Integer, from))
    }

    /// Bytes behind their count.
    fn counted(&mut self) -> Result<&'a [u8], Error> {
        let length = self.integer()?;
        let rest = self.document.get(self.at..).unwrap_or_default();
        let bytes = usize::try_from(length).ok().and_then(|n| rest.get(..n));
        let bytes = bytes.ok_or_else(|| self.truncated())?;
        self.at += bytes.len();
        Ok(bytes)
    }

    /// Bytes before a NUL.
    #[inline]
    fn terminated(&mut self) -> Result<&'a [u8], Error> {
        let rest = self.document.get(self.at..).unwrap_or_default();
        let text = nul(rest).and_then(|end| rest.get(..end));
        let text = text.ok_or_else(|| self.truncated())?;
        self.at += text.len() + 1;
        Ok(text)
    }

    /// A string of the string table.
    fn reference(&mut self) -> Result<&'a [u8], Error> {
        let from = self.at;
        let wrong = Error::new(ErrorKind::StringTable, from);
        let offset = usize::try_from(self.integer()?).map_err(|_| wrong)?;
        let rest = self.strings.get(offset..).ok_or(wrong)?;
        let end = memchr(0, rest).ok_or(wrong)?;
        rest.get(..end).ok_or(wrong)
    }
}

/// Where the first NUL stands. Most values are too short for a vectorised search to pay off, so the
/// first words are looked at here.
#[inline]
fn nul(bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const WORDS: usize = 4;
    let (words, _) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest of these bits is that of the first NUL; above it there may be false ones.
        let zeros = word.wrapping_sub(LOW) & !word & HIGH;
        if zeros != 0 {
            return Some(i * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    let seen = words.len().min(WORDS) * 8;
    memchr(0, bytes.get(seen..)?).map(|at| seen + at)
}
