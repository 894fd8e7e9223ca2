//! Message flags: the system flags as bits, keywords beside them.

use std::borrow::Cow;
use std::fmt;

use super::error::DecodeErrorKind;
use super::lex::{self, Lex};

/// A set of system flags (RFC 9051 section 2.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SystemFlags(u8);

impl SystemFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `\Seen`
    pub const SEEN: Self = Self(1);
    /// `\Answered`
    pub const ANSWERED: Self = Self(1 << 1);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(1 << 2);
    /// `\Deleted`
    pub const DELETED: Self = Self(1 << 3);
    /// `\Draft`
    pub const DRAFT: Self = Self(1 << 4);
    /// `\Recent` (RFC 3501); set by the server alone.
    pub const RECENT: Self = Self(1 << 5);
    /// `\*` in PERMANENTFLAGS: new keywords can be created.
    pub const NEW_KEYWORDS: Self = Self(1 << 6);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::SEEN, "\\Seen"),
        (Self::ANSWERED, "\\Answered"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::DELETED, "\\Deleted"),
        (Self::DRAFT, "\\Draft"),
        (Self::RECENT, "\\Recent"),
        (Self::NEW_KEYWORDS, "\\*"),
    ];

    /// The flag of this name, backslash included, in any case.
    #[must_use]
    #[inline]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        // Servers write the names as the RFC does; other cases come second.
        match name {
            b"\\Seen" => Some(Self::SEEN),
            b"\\Answered" => Some(Self::ANSWERED),
            b"\\Flagged" => Some(Self::FLAGGED),
            b"\\Deleted" => Some(Self::DELETED),
            b"\\Draft" => Some(Self::DRAFT),
            b"\\Recent" => Some(Self::RECENT),
            b"\\*" => Some(Self::NEW_KEYWORDS),
            [b'\\', ..] => Self::NAMES
                .iter()
                .find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name))
                .map(|(flag, _)| *flag),
            _ => None,
        }
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether no flag is set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn both(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags that are not in `other`.
    #[must_use]
    pub fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Sets the flags of `other`.
    pub fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Clears the flags of `other`.
    pub fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// The names of the flags that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(flag, _)| self.contains(*flag))
            .map(|(_, name)| name)
    }
}

impl std::ops::BitOr for SystemFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl fmt::Debug for SystemFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A keyword is not an atom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidKeyword;

impl fmt::Display for InvalidKeyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a keyword is one or more printable ASCII characters without ( ) { % * \" \\")
    }
}

impl std::error::Error for InvalidKeyword {}

/// Flags of a message: system flags as bits, and keywords.
///
/// Keywords are kept as the text between the parentheses, so a decoded value
/// borrows and allocates nothing. Two values are equal when they hold the same
/// flags in any order; keywords compare without regard to ASCII case.
/// An extension's flag with a backslash (`\Important`) counts as a keyword.
#[derive(Clone, Default)]
pub struct Flags<'a> {
    system: SystemFlags,
    /// Words separated by spaces; known system flags among them do not count.
    words: Cow<'a, str>,
}

impl<'a> Flags<'a> {
    /// No flags.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            system: SystemFlags::NONE,
            words: Cow::Borrowed(""),
        }
    }

    /// Reads a flag list after its opening parenthesis, and the closing one.
    #[inline]
    pub(crate) fn in_parentheses(i: &'a [u8]) -> Lex<'a, Self> {
        let mut system = SystemFlags::NONE;
        let mut keywords = false;
        let mut word = i;
        loop {
            // The flag that nearly every list has.
            if let Some(rest) = word.strip_prefix(b"\\Seen")
                && let Some(b' ' | b')') = rest.first()
            {
                system.insert(SystemFlags::SEEN);
                word = rest;
            }
            let len = word.iter().position(|b| matches!(b, b' ' | b')'));
            let Some((name, [end, rest @ ..])) = len.and_then(|len| word.split_at_checked(len))
            else {
                return Err(lex::error(i, DecodeErrorKind::Incomplete));
            };
            if !name.is_empty() {
                match SystemFlags::from_name(name) {
                    Some(flag) => system.insert(flag),
                    None => keywords = true,
                }
            }
            if *end == b' ' {
                word = rest;
                continue;
            }
            let words = if keywords {
                let len = i.len() - rest.len() - 1;
                String::from_utf8_lossy(i.get(..len).unwrap_or_default())
            } else {
                Cow::Borrowed("")
            };
            return Ok((rest, Self { system, words }));
        }
    }

    /// The system flags.
    #[must_use]
    pub fn system(&self) -> SystemFlags {
        self.system
    }

    /// Whether all of these system flags are set.
    #[must_use]
    pub fn contains(&self, flags: SystemFlags) -> bool {
        self.system.contains(flags)
    }

    /// The keywords, in the order they were given, as they were spelled.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.words
            .split(' ')
            .filter(|w| !w.is_empty() && SystemFlags::from_name(w.as_bytes()).is_none())
    }

    /// Whether this keyword is set, in any case.
    #[must_use]
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.keywords().any(|k| k.eq_ignore_ascii_case(keyword))
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.system.is_empty() && self.keywords().next().is_none()
    }

    /// Sets system flags.
    pub fn insert(&mut self, flags: SystemFlags) {
        self.system.insert(flags);
    }

    /// Clears system flags.
    pub fn remove(&mut self, flags: SystemFlags) {
        self.system.remove(flags);
    }

    /// With these system flags set too.
    #[must_use]
    pub fn with(mut self, flags: SystemFlags) -> Self {
        self.system.insert(flags);
        self
    }

    /// Adds a keyword, or sets the system flag of that name.
    pub fn insert_keyword(&mut self, keyword: &str) -> Result<(), InvalidKeyword> {
        if let Some(flag) = SystemFlags::from_name(keyword.as_bytes()) {
            self.system.insert(flag);
            return Ok(());
        }
        let name = keyword.strip_prefix('\\').unwrap_or(keyword).as_bytes();
        let plain = |b: &u8| super::lex::is_astring_char(*b) && b.is_ascii();
        if name.is_empty() || !name.iter().all(plain) {
            return Err(InvalidKeyword);
        }
        if !self.has_keyword(keyword) {
            let words = self.words.to_mut();
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(keyword);
        }
        Ok(())
    }

    /// Removes a keyword, in any case; says whether it was there.
    pub fn remove_keyword(&mut self, keyword: &str) -> bool {
        if !self.has_keyword(keyword) {
            return false;
        }
        let kept: Vec<&str> = self
            .keywords()
            .filter(|k| !k.eq_ignore_ascii_case(keyword))
            .collect();
        self.words = Cow::Owned(kept.join(" "));
        true
    }

    /// The same flags, owned.
    #[must_use]
    pub fn into_owned(self) -> Flags<'static> {
        Flags {
            system: self.system,
            words: Cow::Owned(self.words.into_owned()),
        }
    }

    /// All names, system flags first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let system = self.system.names().map(|name| -> &str { name });
        system.chain(self.keywords())
    }
}

impl PartialEq for Flags<'_> {
    fn eq(&self, other: &Flags<'_>) -> bool {
        self.system == other.system
            && self.keywords().all(|k| other.has_keyword(k))
            && other.keywords().all(|k| self.has_keyword(k))
    }
}

impl Eq for Flags<'_> {}

impl From<SystemFlags> for Flags<'_> {
    fn from(system: SystemFlags) -> Self {
        Self {
            system,
            words: Cow::Borrowed(""),
        }
    }
}

impl fmt::Debug for Flags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl fmt::Display for Flags<'_> {
    /// The names, separated by spaces, without parentheses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, name) in self.names().enumerate() {
            if k > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}
