use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The system flags that belong to a message (RFC 9051 section 2.3.2), without the session's
/// `\Recent`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SystemFlags(u8);

impl SystemFlags {
    /// `\Seen`
    pub const SEEN: Self = Self(1);
    /// `\Answered`
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`: marked, still there.
    pub const DELETED: Self = Self(8);
    /// `\Draft`
    pub const DRAFT: Self = Self(16);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::ANSWERED, "\\Answered"),
        (Self::DELETED, "\\Deleted"),
        (Self::DRAFT, "\\Draft"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::SEEN, "\\Seen"),
    ];

    /// No flag.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Whether no flag is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are set here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What either holds.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both hold.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is here and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The names with their backslash, in alphabetical order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(flag, _)| self.contains(*flag))
            .map(|(_, name)| name)
    }
}

impl fmt::Debug for SystemFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A keyword; compared without regard to ASCII case, printed as first seen.
#[derive(Clone)]
pub struct Keyword(String);

impl Keyword {
    /// A keyword of this spelling.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|b| b.to_ascii_lowercase())
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for Keyword {}
impl PartialOrd for Keyword {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Keyword {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}
impl Hash for Keyword {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|b| state.write_u8(b));
    }
}
impl fmt::Debug for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The flags and keywords of one message, as a set.
///
/// ```
/// use sync_core::model::{Flags, SystemFlags};
///
/// let flags = Flags::parse("\\Seen $Work");
/// assert!(flags.system.contains(SystemFlags::SEEN));
/// assert_eq!(flags, Flags::parse("$work \\seen"));
/// assert_eq!(flags.to_string(), "\\Seen $Work");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Flags {
    /// The system flags.
    pub system: SystemFlags,
    /// The keywords.
    pub keywords: BTreeSet<Keyword>,
}

impl Flags {
    /// System flags and no keyword.
    pub const fn of(system: SystemFlags) -> Self {
        Self {
            system,
            keywords: BTreeSet::new(),
        }
    }

    /// Reads names parted by spaces; `\Recent` and unknown backslash names are left out.
    pub fn parse(text: &str) -> Self {
        let mut flags = Self::default();
        text.split_ascii_whitespace()
            .for_each(|name| flags.insert(name));
        flags
    }

    /// Adds one flag by its IMAP name.
    pub fn insert(&mut self, name: &str) {
        let known = SystemFlags::NAMES
            .iter()
            .find(|(_, n)| n.eq_ignore_ascii_case(name));
        if let Some((flag, _)) = known {
            self.system = self.system.union(*flag);
        } else if !name.starts_with('\\') && !name.is_empty() {
            self.keywords.insert(Keyword::new(name));
        }
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.system.is_empty() && self.keywords.is_empty()
    }

    /// What either holds.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            system: self.system.union(other.system),
            keywords: self.keywords.union(&other.keywords).cloned().collect(),
        }
    }

    /// What both hold.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            system: self.system.intersection(other.system),
            keywords: self
                .keywords
                .intersection(&other.keywords)
                .cloned()
                .collect(),
        }
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self {
            system: self.system.difference(other.system),
            keywords: self.keywords.difference(&other.keywords).cloned().collect(),
        }
    }

    /// The IMAP names: system flags, then keywords.
    pub fn names<'a>(&'a self) -> impl Iterator<Item = &'a str> {
        let system = self.system.names().map(|name| -> &'a str { name });
        system.chain(self.keywords.iter().map(Keyword::as_str))
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.names().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({self})")
    }
}
