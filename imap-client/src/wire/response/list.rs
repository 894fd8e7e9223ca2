//! LIST, LSUB and XLIST.

use crate::wire::error::DecodeErrorKind;
use crate::wire::lex::{self, Lex};
use crate::wire::mailbox::MailboxName;

/// Which command's answer a [`List`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// LIST
    List,
    /// LSUB (RFC 3501)
    Lsub,
    /// XLIST, the forerunner of SPECIAL-USE
    Xlist,
}

impl ListKind {
    /// The name as it is sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "LIST",
            Self::Lsub => "LSUB",
            Self::Xlist => "XLIST",
        }
    }
}

/// What a mailbox is for (RFC 6154 section 2, RFC 8457).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SpecialUse {
    /// `\All`: all messages.
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`: messages with that flag.
    Flagged,
    /// `\Important`
    Important,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

/// Attributes of a mailbox: those known as bits, others as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailboxAttributes {
    bits: u32,
    /// Attributes that are not known, backslash included.
    pub other: Vec<String>,
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $bit:expr, $text:literal;)*) => {
        impl MailboxAttributes {
            $($(#[$doc])* pub const $name: u32 = 1 << $bit;)*

            const NAMES: &'static [(u32, &'static str)] = &[$((Self::$name, $text)),*];
        }
    };
}

attributes! {
    /// `\Noselect`
    NO_SELECT = 0, "\\Noselect";
    /// `\NonExistent`
    NON_EXISTENT = 1, "\\NonExistent";
    /// `\Noinferiors`
    NO_INFERIORS = 2, "\\Noinferiors";
    /// `\HasChildren`
    HAS_CHILDREN = 3, "\\HasChildren";
    /// `\HasNoChildren`
    HAS_NO_CHILDREN = 4, "\\HasNoChildren";
    /// `\Marked`
    MARKED = 5, "\\Marked";
    /// `\Unmarked`
    UNMARKED = 6, "\\Unmarked";
    /// `\Subscribed`
    SUBSCRIBED = 7, "\\Subscribed";
    /// `\Remote`
    REMOTE = 8, "\\Remote";
    /// `\All`
    ALL = 9, "\\All";
    /// `\Archive`
    ARCHIVE = 10, "\\Archive";
    /// `\Drafts`
    DRAFTS = 11, "\\Drafts";
    /// `\Flagged`
    FLAGGED = 12, "\\Flagged";
    /// `\Important`
    IMPORTANT = 13, "\\Important";
    /// `\Junk`
    JUNK = 14, "\\Junk";
    /// `\Sent`
    SENT = 15, "\\Sent";
    /// `\Trash`
    TRASH = 16, "\\Trash";
}

/// Names that XLIST used before RFC 6154.
const XLIST_NAMES: [(u32, &str); 3] = [
    (MailboxAttributes::ALL, "\\AllMail"),
    (MailboxAttributes::JUNK, "\\Spam"),
    (MailboxAttributes::FLAGGED, "\\Starred"),
];

impl MailboxAttributes {
    /// Attributes given by the bits above.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        let known = Self::NAMES.iter().fold(0, |all, (bit, _)| all | bit);
        Self {
            bits: bits & known,
            other: Vec::new(),
        }
    }

    /// Adds an attribute by its name, in any case.
    pub fn insert(&mut self, name: &str) {
        let known = Self::NAMES
            .iter()
            .chain(&XLIST_NAMES)
            .find(|(_, known)| known.eq_ignore_ascii_case(name));
        match known {
            Some((bit, _)) => self.bits |= bit,
            None => self.other.push(name.into()),
        }
    }

    /// Whether all of these are set: `attributes.has(MailboxAttributes::NO_SELECT)`.
    #[must_use]
    pub fn has(&self, bits: u32) -> bool {
        self.bits & bits == bits
    }

    /// Whether the mailbox can be selected: neither `\Noselect` nor `\NonExistent`.
    #[must_use]
    pub fn is_selectable(&self) -> bool {
        self.bits & (Self::NO_SELECT | Self::NON_EXISTENT) == 0
    }

    /// The special uses.
    pub fn special_uses(&self) -> impl Iterator<Item = SpecialUse> + '_ {
        [
            (Self::ALL, SpecialUse::All),
            (Self::ARCHIVE, SpecialUse::Archive),
            (Self::DRAFTS, SpecialUse::Drafts),
            (Self::FLAGGED, SpecialUse::Flagged),
            (Self::IMPORTANT, SpecialUse::Important),
            (Self::JUNK, SpecialUse::Junk),
            (Self::SENT, SpecialUse::Sent),
            (Self::TRASH, SpecialUse::Trash),
        ]
        .into_iter()
        .filter(|(bit, _)| self.has(*bit))
        .map(|(_, special)| special)
    }

    /// All names, the known ones first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        Self::NAMES
            .iter()
            .filter(|(bit, _)| self.has(*bit))
            .map(|(_, name)| *name)
            .chain(self.other.iter().map(String::as_str))
    }
}

/// One mailbox of a LIST, LSUB or XLIST answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct List {
    /// Which command's answer it is.
    pub kind: ListKind,
    /// Attributes.
    pub attributes: MailboxAttributes,
    /// The hierarchy delimiter; `None`: the name is flat.
    pub delimiter: Option<char>,
    /// The mailbox.
    pub name: MailboxName,
    /// CHILDINFO (RFC 5258): which selection options its children match.
    pub child_info: Vec<String>,
    /// OLDNAME (RFC 9051): the name asked for, or before a rename.
    pub old_name: Option<MailboxName>,
}

impl List {
    /// A LIST line without attributes.
    #[must_use]
    pub fn new(name: MailboxName, delimiter: Option<char>) -> Self {
        Self {
            kind: ListKind::List,
            attributes: MailboxAttributes::default(),
            delimiter,
            name,
            child_info: Vec::new(),
            old_name: None,
        }
    }
}

/// `mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil)
/// SP mailbox [SP mbox-list-extended]` (RFC 9051 section 9).
pub(super) fn mailbox_list(kind: ListKind, i: &[u8]) -> Lex<'_, List> {
    let (i, names) = lex::list(lex::word)(i)?;
    let mut attributes = MailboxAttributes::default();
    for name in names {
        attributes.insert(&String::from_utf8_lossy(name));
    }
    let (i, ()) = lex::sp(i)?;
    let (i, delimiter) = lex::nstring(i)?;
    let delimiter = match delimiter.as_deref() {
        None | Some([]) => None,
        Some(bytes) => std::str::from_utf8(bytes)
            .ok()
            .and_then(|s| s.chars().next()),
    };
    let (i, ()) = lex::sp(i)?;
    let (i, name) = mailbox(i)?;
    let mut list = List {
        kind,
        attributes,
        ..List::new(name, delimiter)
    };
    let (i, ()) = lex::spaces(i)?;
    let i = match i.first() {
        Some(b'(') => extended(&mut list, i)?,
        _ => i,
    };
    Ok((i, list))
}

/// `mailbox = "INBOX" / astring`; without quotes, up to the next space or
/// parenthesis.
fn mailbox(i: &[u8]) -> Lex<'_, MailboxName> {
    match i.first() {
        Some(b'"' | b'{') => {
            let (rest, name) = lex::string(i)?;
            Ok((rest, MailboxName::from_wire(name.into_owned())))
        }
        Some(_) => {
            let (rest, name) = lex::word(i)?;
            Ok((rest, MailboxName::from_wire(name)))
        }
        None => Err(lex::error(i, DecodeErrorKind::Incomplete)),
    }
}

/// `mbox-list-extended = "(" [mbox-list-extended-item
/// *(SP mbox-list-extended-item)] ")"`; unknown items are skipped.
fn extended<'a>(list: &mut List, i: &'a [u8]) -> Result<&'a [u8], nom::Err<lex::LexError>> {
    let (mut i, ()) = lex::byte(b'(')(i)?;
    loop {
        (i, _) = lex::spaces(i)?;
        if let Some(rest) = i.strip_prefix(b")") {
            return Ok(rest);
        }
        let (rest, tag) = lex::astring(i)?;
        let (rest, ()) = lex::sp(rest)?;
        if tag.eq_ignore_ascii_case(b"CHILDINFO") {
            (i, list.child_info) = lex::list(lex::astring_text)(rest)?;
        } else if tag.eq_ignore_ascii_case(b"OLDNAME") {
            let (rest, names) = lex::list(lex::astring)(rest)?;
            list.old_name = names
                .into_iter()
                .next()
                .map(|n| MailboxName::from_wire(n.into_owned()));
            i = rest;
        } else {
            (i, _) = lex::skip_value(rest)?;
        }
    }
}
