use std::borrow::Cow;

use super::{Error, ErrorKind, Tag, Token, Tokens};

/// How much of a document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deeply elements may be nested. The schemas need about 12.
    pub depth: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 32 }
    }
}

/// Walks a document from the root into the elements that its caller knows.
///
/// [`child`](Self::child) enters the next element; its content is then read by
/// [`text`](Self::text), [`bytes`](Self::bytes) or further `child`s, or left by
/// [`skip`](Self::skip). Each of them ends behind the element's end, so that the next `child` is
/// its sibling. What is borrowed lives as long as the document.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    tokens: Tokens<'a>,
    limits: Limits,
    /// Open elements, the one just entered included.
    depth: u16,
    /// The element just entered has no content, and so no END.
    empty: bool,
}

impl<'a> Reader<'a> {
    /// Reads the header of a document.
    ///
    /// # Errors
    /// [`ErrorKind::NotWbxml`] for anything that is no document of ActiveSync.
    pub fn new(document: &'a [u8]) -> Result<Self, Error> {
        Self::with_limits(document, Limits::default())
    }

    /// [`new`](Self::new) with limits of the caller's.
    pub fn with_limits(document: &'a [u8], limits: Limits) -> Result<Self, Error> {
        Ok(Self {
            tokens: Tokens::new(document)?,
            limits,
            depth: 0,
            empty: false,
        })
    }

    /// Enters the root, which must be this element.
    ///
    /// # Errors
    /// [`ErrorKind::Unexpected`] for any other root.
    pub fn root(&mut self, tag: Tag) -> Result<(), Error> {
        match self.child()? {
            Some(root) if root == tag => Ok(()),
            _ => Err(self.unexpected(tag.name().unwrap_or("another root"))),
        }
    }

    /// Enters the next child of the element that was entered last, or the root. `None` is that
    /// element's end: the reader then stands in its parent. Text between children is passed over.
    ///
    /// # Errors
    /// A broken document, or one nested more deeply than the limit.
    #[inline]
    pub fn child(&mut self) -> Result<Option<Tag>, Error> {
        if self.empty {
            self.leave();
            return Ok(None);
        }
        loop {
            match self.tokens.next_token()? {
                Some(Token::Start { tag, content }) => {
                    self.enter(content)?;
                    return Ok(Some(tag));
                }
                Some(Token::End) if self.depth == 0 => {
                    return Err(self.error(ErrorKind::UnexpectedEnd));
                }
                Some(Token::End) => {
                    self.leave();
                    return Ok(None);
                }
                Some(Token::Text(_) | Token::Opaque(_) | Token::Entity(_)) if self.depth > 0 => {}
                Some(_) => return Err(self.error(ErrorKind::Trailing)),
                None if self.depth == 0 => return Ok(None),
                None => return Err(self.error(ErrorKind::Truncated)),
            }
        }
    }

    /// The bytes of the element that was entered last, up to its end: text or opaque, several of
    /// them joined. Elements within it are skipped.
    ///
    /// # Errors
    /// A broken document.
    pub fn bytes(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        let mut value = Cow::Borrowed(&[][..]);
        if self.empty {
            self.leave();
            return Ok(value);
        }
        loop {
            match self.tokens.next_token()? {
                Some(Token::Text(part) | Token::Opaque(part)) if value.is_empty() => {
                    value = Cow::Borrowed(part);
                }
                Some(Token::Text(part) | Token::Opaque(part)) => {
                    value.to_mut().extend_from_slice(part);
                }
                Some(Token::Entity(code)) => {
                    let code = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                    let mut character = [0; 4];
                    let part = code.encode_utf8(&mut character).as_bytes();
                    value.to_mut().extend_from_slice(part);
                }
                Some(Token::End) if self.depth == 0 => {
                    return Err(self.error(ErrorKind::UnexpectedEnd));
                }
                Some(Token::End) => {
                    self.leave();
                    return Ok(value);
                }
                Some(Token::Start { content, .. }) => {
                    self.enter(content)?;
                    self.skip()?;
                }
                None => return Err(self.error(ErrorKind::Truncated)),
            }
        }
    }

    /// The text of the element that was entered last, up to its end. What is not UTF-8 becomes
    /// U+FFFD.
    ///
    /// # Errors
    /// A broken document.
    pub fn text(&mut self) -> Result<Cow<'a, str>, Error> {
        Ok(match self.bytes()? {
            Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(bytes),
            },
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(wrong) => String::from_utf8_lossy(wrong.as_bytes()).into_owned(),
            }),
        })
    }

    /// A number. `None` if it is none: a server's mistake in one value shall not cost the rest.
    ///
    /// # Errors
    /// A broken document.
    pub fn number<T: std::str::FromStr>(&mut self) -> Result<Option<T>, Error> {
        Ok(self.text()?.trim().parse().ok())
    }

    /// A boolean; an empty element is true ([MS-ASDTYPE] section 2.1).
    ///
    /// # Errors
    /// A broken document.
    pub fn flag(&mut self) -> Result<bool, Error> {
        let text = self.text()?;
        let text = text.trim();
        Ok(!(text == "0" || text.eq_ignore_ascii_case("false")))
    }

    /// Leaves the element that was entered last, whatever is in it. Allocates nothing.
    ///
    /// # Errors
    /// A broken document.
    pub fn skip(&mut self) -> Result<(), Error> {
        let outside = self.depth.saturating_sub(1);
        if self.empty {
            self.leave();
        }
        while self.depth > outside {
            match self.tokens.next_token()? {
                Some(Token::Start { content, .. }) => {
                    self.enter(content)?;
                    if !content {
                        self.leave();
                    }
                }
                Some(Token::End) => self.leave(),
                Some(Token::Text(_) | Token::Opaque(_) | Token::Entity(_)) => {}
                None => return Err(self.error(ErrorKind::Truncated)),
            }
        }
        Ok(())
    }

    /// Checks that the root is closed and nothing follows it.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] or [`ErrorKind::Trailing`].
    pub fn finish(mut self) -> Result<(), Error> {
        if self.depth > 0 {
            return Err(self.error(ErrorKind::Truncated));
        }
        match self.tokens.next_token()? {
            None => Ok(()),
            Some(_) => Err(self.error(ErrorKind::Trailing)),
        }
    }

    /// How many bytes were read.
    pub const fn offset(&self) -> usize {
        self.tokens.offset()
    }

    /// An error at this place: the schema has something else here.
    pub(crate) const fn unexpected(&self, wanted: &'static str) -> Error {
        self.error(ErrorKind::Unexpected(wanted))
    }

    const fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.tokens.offset())
    }

    #[inline]
    fn enter(&mut self, content: bool) -> Result<(), Error> {
        if self.depth >= self.limits.depth {
            return Err(self.error(ErrorKind::TooDeep));
        }
        self.depth += 1;
        self.empty = !content;
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.empty = false;
    }
}
