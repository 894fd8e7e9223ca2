//! Commands as the server reads them: strict, so that a client's mistake does not pass.

use super::set::Set;

/// Why a command could not be read; the text goes to the client in a `BAD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SyntaxError(pub(super) &'static str);

type Parsed<T> = Result<T, SyntaxError>;

/// The announcement of a literal at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) len: u64,
    /// `{n+}`: the client does not wait.
    pub(super) plus: bool,
}

/// Finds `{n}` or `{n+}` at the end of a line that had its CRLF taken off.
pub(super) fn announced_literal(line: &[u8]) -> Option<Announced> {
    let inner = line.strip_suffix(b"}")?;
    let (inner, plus) = match inner.strip_suffix(b"+") {
        Some(shorter) => (shorter, true),
        None => (inner, false),
    };
    let start = inner.iter().rposition(|b| !b.is_ascii_digit())?;
    if inner.get(start) != Some(&b'{') {
        return None;
    }
    let digits = std::str::from_utf8(inner.get(start + 1..)?).ok()?;
    // What does not fit is too large for any limit.
    let len = if digits.is_empty() {
        return None;
    } else {
        digits.parse().unwrap_or(u64::MAX)
    };
    Some(Announced { len, plus })
}

/// Splits off the tag and the command's name, in upper case; `UID` takes the next word with it.
pub(super) fn command_name(bytes: &[u8]) -> Parsed<(String, String, usize)> {
    let mut cursor = Cursor::new(bytes, 0, false);
    let tag = cursor
        .word(|b| is_atom_char(b) && b != b'+', "a tag was expected")?
        .to_owned();
    cursor.sp()?;
    let mut name = cursor
        .word(|b| b.is_ascii_alphanumeric(), "a command was expected")?
        .to_ascii_uppercase();
    if name == "UID" {
        cursor.sp()?;
        let second = cursor.word(
            |b| b.is_ascii_alphanumeric(),
            "a command was expected after UID",
        )?;
        name = format!("UID {}", second.to_ascii_uppercase());
    }
    Ok((tag, name, cursor.at))
}

/// ATOM-CHAR of RFC 9051, section 9.
fn is_atom_char(b: u8) -> bool {
    matches!(b, 0x21..=0x7e) && !matches!(b, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// A place in the bytes of one whole command: its lines with their CRLFs, literals in between.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether quoted strings may hold UTF-8.
    utf8: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, utf8: bool) -> Self {
        Self { bytes, at, utf8 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(self.bytes.len());
    }

    /// Takes `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.advance(1);
        }
        found
    }

    pub(super) fn expect(&mut self, byte: u8, otherwise: &'static str) -> Parsed<()> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(SyntaxError(otherwise))
        }
    }

    /// One space: the grammar knows no more and no fewer.
    pub(super) fn sp(&mut self) -> Parsed<()> {
        self.expect(b' ', "one space was expected")
    }

    /// The end of the command.
    pub(super) fn end(&self) -> Parsed<()> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(SyntaxError("unexpected text at the end"))
        }
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Takes `word`, compared without case.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self
            .rest()
            .get(..word.len())
            .is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            self.advance(word.len());
        }
        found
    }

    /// At least one byte that `allowed` lets through.
    pub(super) fn word(
        &mut self,
        allowed: impl Fn(u8) -> bool,
        otherwise: &'static str,
    ) -> Parsed<&'a str> {
        let rest = self.rest();
        let len = rest.iter().position(|b| !allowed(*b)).unwrap_or(rest.len());
        let word = rest.get(..len).unwrap_or_default();
        if word.is_empty() {
            return Err(SyntaxError(otherwise));
        }
        let word = std::str::from_utf8(word).map_err(|_| SyntaxError(otherwise))?;
        self.advance(len);
        Ok(word)
    }

    pub(super) fn atom(&mut self) -> Parsed<&'a str> {
        self.word(is_atom_char, "an atom was expected")
    }

    /// A word of letters, digits, dots and hyphens, in upper case.
    pub(super) fn keyword(&mut self) -> Parsed<String> {
        let word = self.word(
            |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'),
            "a word was expected",
        )?;
        Ok(word.to_ascii_uppercase())
    }

    pub(super) fn number(&mut self) -> Parsed<u64> {
        let digits = self.word(|b| b.is_ascii_digit(), "a number was expected")?;
        digits
            .parse()
            .map_err(|_| SyntaxError("the number is too large"))
    }

    pub(super) fn number32(&mut self) -> Parsed<u32> {
        u32::try_from(self.number()?).map_err(|_| SyntaxError("the number is too large"))
    }

    /// A quoted string or a literal.
    pub(super) fn string(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => Ok(self.literal()?.to_vec()),
            _ => Err(SyntaxError("a string was expected")),
        }
    }

    fn quoted(&mut self) -> Parsed<Vec<u8>> {
        self.advance(1);
        let mut out = Vec::new();
        loop {
            let b = self
                .peek()
                .ok_or(SyntaxError("a quoted string has no end"))?;
            self.advance(1);
            match b {
                b'"' => break,
                b'\\' => match self.peek() {
                    Some(c @ (b'"' | b'\\')) => {
                        self.advance(1);
                        out.push(c);
                    }
                    _ => return Err(SyntaxError("only quote and backslash may be escaped")),
                },
                0 | b'\r' | b'\n' => {
                    return Err(SyntaxError("a control character in a quoted string"));
                }
                0x80.. if !self.utf8 => {
                    return Err(SyntaxError("an 8-bit character in a quoted string"));
                }
                _ => out.push(b),
            }
        }
        if self.utf8 && std::str::from_utf8(&out).is_err() {
            return Err(SyntaxError("a quoted string is not UTF-8"));
        }
        Ok(out)
    }

    /// A literal, `{n}` or `{n+}`.
    pub(super) fn literal(&mut self) -> Parsed<&'a [u8]> {
        const WRONG: SyntaxError = SyntaxError("a literal was expected");
        self.expect(b'{', WRONG.0)?;
        let len = self.number()?;
        self.eat(b'+');
        self.expect(b'}', WRONG.0)?;
        if !(self.eat(b'\r') && self.eat(b'\n')) {
            return Err(WRONG);
        }
        let len = usize::try_from(len).map_err(|_| WRONG)?;
        let bytes = self.rest().get(..len).ok_or(WRONG)?;
        self.advance(len);
        Ok(bytes)
    }

    /// `astring`: an atom (`]` allowed) or a string.
    pub(super) fn astring(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => {
                let word = self.word(
                    |b| is_atom_char(b) || b == b']',
                    "a string or an atom was expected",
                )?;
                Ok(word.as_bytes().to_vec())
            }
        }
    }

    /// An `astring` that must be UTF-8.
    pub(super) fn text(&mut self) -> Parsed<String> {
        String::from_utf8(self.astring()?).map_err(|_| SyntaxError("the string is not UTF-8"))
    }

    /// `list-mailbox`: an `astring` in which `%` and `*` may stand bare.
    pub(super) fn pattern(&mut self) -> Parsed<String> {
        let bytes = match self.peek() {
            Some(b'"' | b'{') => self.string()?,
            _ => self
                .word(
                    |b| is_atom_char(b) || matches!(b, b']' | b'%' | b'*'),
                    "a mailbox pattern was expected",
                )?
                .as_bytes()
                .to_vec(),
        };
        String::from_utf8(bytes).map_err(|_| SyntaxError("the pattern is not UTF-8"))
    }

    /// `flag`: a keyword or a backslash and an atom.
    pub(super) fn flag(&mut self) -> Parsed<String> {
        let system = self.eat(b'\\');
        let name = self.atom()?;
        let flag = if system {
            format!("\\{name}")
        } else {
            name.to_owned()
        };
        if flag.eq_ignore_ascii_case("\\Recent") {
            return Err(SyntaxError("\\Recent cannot be set"));
        }
        Ok(flag)
    }

    /// What `each` reads, between parentheses, one space apart; empty only if `empty` says so.
    pub(super) fn list<T>(
        &mut self,
        empty: bool,
        mut each: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(b'(', "a list was expected")?;
        let mut items = Vec::new();
        if empty && self.eat(b')') {
            return Ok(items);
        }
        loop {
            items.push(each(self)?);
            if self.eat(b')') {
                return Ok(items);
            }
            self.sp()?;
        }
    }

    /// `sequence-set`, without `$`.
    pub(super) fn set(&mut self) -> Parsed<Set> {
        let mut ranges = Vec::new();
        loop {
            let first = self.set_number()?;
            let last = if self.eat(b':') {
                self.set_number()?
            } else {
                first
            };
            ranges.push((first, last));
            if !self.eat(b',') {
                return Ok(Set(ranges));
            }
        }
    }

    fn set_number(&mut self) -> Parsed<Option<u32>> {
        if self.eat(b'*') {
            return Ok(None);
        }
        match self.number32()? {
            0 => Err(SyntaxError("0 is no message number")),
            n => Ok(Some(n)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cursor(text: &str) -> Cursor<'_> {
        Cursor::new(text.as_bytes(), 0, false)
    }

    #[test]
    fn literals_are_found_at_the_end_of_a_line() {
        assert_eq!(
            announced_literal(b"a APPEND x {310}"),
            Some(Announced {
                len: 310,
                plus: false
            })
        );
        assert_eq!(
            announced_literal(b"a LOGIN {5+}"),
            Some(Announced { len: 5, plus: true })
        );
        assert_eq!(
            announced_literal(b"x {99999999999999999999999}")
                .unwrap()
                .len,
            u64::MAX
        );
        for none in [
            &b"a NOOP"[..],
            b"a {}",
            b"a {+}",
            b"a {12",
            b"a {1x}",
            b"{",
            b"}",
        ] {
            assert_eq!(announced_literal(none), None);
        }
    }

    #[test]
    fn strings_in_their_three_forms() {
        let mut c = cursor("\"a\\\"b\" {3}\r\nx y atom]");
        assert_eq!(c.astring().unwrap(), b"a\"b");
        c.sp().unwrap();
        assert_eq!(c.astring().unwrap(), b"x y");
        c.sp().unwrap();
        assert_eq!(c.astring().unwrap(), b"atom]");
        c.end().unwrap();
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        assert!(cursor("\"a\\b\"").string().is_err());
        assert!(cursor("\"ü\"").string().is_err());
        assert!(Cursor::new("\"ü\"".as_bytes(), 0, true).string().is_ok());
        assert!(cursor("\"open").string().is_err());
        assert!(cursor("{9}\r\nshort").string().is_err());
        assert!(cursor("1:0").set().is_err());
        assert!(cursor("1,").set().is_err());
        assert!(
            cursor("(a  b)")
                .list(false, |c| c.atom().map(str::to_owned))
                .is_err()
        );
        assert!(
            cursor("()")
                .list(false, |c| c.atom().map(str::to_owned))
                .is_err()
        );
        assert!(cursor("\\Recent").flag().is_err());
        assert!(command_name(b"  NOOP").is_err());
        assert!(command_name(b"a+ NOOP").is_err());
    }

    #[test]
    fn the_name_of_a_command_includes_uid() {
        let (tag, name, at) = command_name(b"A1 uid fetch 1:* FLAGS").unwrap();
        assert_eq!((tag.as_str(), name.as_str(), at), ("A1", "UID FETCH", 12));
    }
}
