//! FETCH and STORE.

use std::fmt;

use crate::wire::flag::{Flags, SystemFlags};

use super::{Command, Messages};

/// Flags that a client cannot set.
pub(super) const NOT_SETTABLE: SystemFlags = SystemFlags::RECENT.both(SystemFlags::NEW_KEYWORDS);

/// What of a part a section names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SectionText {
    /// All of it.
    #[default]
    Whole,
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS`: these fields alone.
    HeaderFields(Vec<String>),
    /// `HEADER.FIELDS.NOT`: all fields but these.
    HeaderFieldsNot(Vec<String>),
    /// `TEXT`: all but the header.
    Text,
    /// `MIME`: the MIME header of a part.
    Mime,
}

/// A body section to fetch: `section-spec` of RFC 9051 section 9.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchSection {
    /// Number of the part, such as 1.2; empty for the message itself.
    pub part: Vec<u32>,
    /// What of it.
    pub text: SectionText,
}

impl FetchSection {
    /// The whole message: `BODY[]`.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// Of the message: its header, its text...
    #[must_use]
    pub fn of_message(text: SectionText) -> Self {
        Self {
            part: Vec::new(),
            text,
        }
    }
}

impl fmt::Display for FetchSection {
    /// What stands between the brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, n) in self.part.iter().enumerate() {
            let dot = if k > 0 { "." } else { "" };
            write!(f, "{dot}{n}")?;
        }
        if !self.part.is_empty() && self.text != SectionText::Whole {
            f.write_str(".")?;
        }
        match &self.text {
            SectionText::Whole => Ok(()),
            SectionText::Header => f.write_str("HEADER"),
            SectionText::HeaderFields(names) => {
                write!(f, "HEADER.FIELDS ({})", names.join(" "))
            }
            SectionText::HeaderFieldsNot(names) => {
                write!(f, "HEADER.FIELDS.NOT ({})", names.join(" "))
            }
            SectionText::Text => f.write_str("TEXT"),
            SectionText::Mime => f.write_str("MIME"),
        }
    }
}

/// What FETCH asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchItem {
    /// `UID`
    Uid,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Size,
    /// `MODSEQ` (RFC 7162)
    ModSeq,
    /// `ENVELOPE`
    Envelope,
    /// `BODY`: the structure without extension data
    BodyStructureBasic,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `BODY[...]`
    Section {
        /// `BODY.PEEK`: without setting `\Seen`.
        peek: bool,
        /// Which section.
        section: FetchSection,
        /// First byte, and how many.
        partial: Option<(u64, u64)>,
    },
    /// `BINARY[...]` (RFC 3516): decoded of its transfer encoding
    Binary {
        /// `BINARY.PEEK`: without setting `\Seen`.
        peek: bool,
        /// Number of the part; empty for the message itself.
        part: Vec<u32>,
        /// First byte, and how many.
        partial: Option<(u64, u64)>,
    },
    /// `BINARY.SIZE[...]` (RFC 3516)
    BinarySize(Vec<u32>),
    /// `EMAILID` (RFC 8474)
    EmailId,
    /// `THREADID` (RFC 8474)
    ThreadId,
    /// `SAVEDATE` (RFC 8514)
    SaveDate,
    /// `PREVIEW` (RFC 8970)
    Preview {
        /// `LAZY`: only if the server has it at hand.
        lazy: bool,
    },
    /// `X-GM-MSGID`
    GmailMessageId,
    /// `X-GM-THRID`
    GmailThreadId,
    /// `X-GM-LABELS`
    GmailLabels,
    /// Anything else, as it is sent.
    Other(String),
}

impl FetchItem {
    /// `BODY.PEEK[]`: the whole message, `\Seen` left alone.
    #[must_use]
    pub fn message() -> Self {
        Self::Section {
            peek: true,
            section: FetchSection::whole(),
            partial: None,
        }
    }

    /// `BODY.PEEK[HEADER.FIELDS (...)]`
    #[must_use]
    pub fn header_fields(names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self::Section {
            peek: true,
            section: FetchSection::of_message(SectionText::HeaderFields(names)),
            partial: None,
        }
    }
}

struct Partial(Option<(u64, u64)>);

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((first, count)) => write!(f, "<{first}.{count}>"),
            None => Ok(()),
        }
    }
}

fn part_number(part: &[u32]) -> FetchSection {
    FetchSection {
        part: part.to_vec(),
        text: SectionText::Whole,
    }
}

impl fmt::Display for FetchItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peeked = |peek: &bool| if *peek { ".PEEK" } else { "" };
        f.write_str(match self {
            Self::Uid => "UID",
            Self::Flags => "FLAGS",
            Self::InternalDate => "INTERNALDATE",
            Self::Size => "RFC822.SIZE",
            Self::ModSeq => "MODSEQ",
            Self::Envelope => "ENVELOPE",
            Self::BodyStructureBasic => "BODY",
            Self::BodyStructure => "BODYSTRUCTURE",
            Self::EmailId => "EMAILID",
            Self::ThreadId => "THREADID",
            Self::SaveDate => "SAVEDATE",
            Self::Preview { lazy: false } => "PREVIEW",
            Self::Preview { lazy: true } => "PREVIEW (LAZY)",
            Self::GmailMessageId => "X-GM-MSGID",
            Self::GmailThreadId => "X-GM-THRID",
            Self::GmailLabels => "X-GM-LABELS",
            Self::Other(text) => text,
            Self::Section {
                peek,
                section,
                partial,
            } => return write!(f, "BODY{}[{section}]{}", peeked(peek), Partial(*partial)),
            Self::Binary {
                peek,
                part,
                partial,
            } => {
                let (part, partial) = (part_number(part), Partial(*partial));
                return write!(f, "BINARY{}[{part}]{partial}", peeked(peek));
            }
            Self::BinarySize(part) => return write!(f, "BINARY.SIZE[{}]", part_number(part)),
        })
    }
}

/// Modifiers of FETCH.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchModifiers {
    /// `CHANGEDSINCE` (RFC 7162 section 3.1.4.1): only messages whose
    /// mod-sequence is above.
    pub changed_since: Option<u64>,
    /// `VANISHED` (RFC 7162 section 3.2.6): report UIDs that are gone, too. UID
    /// FETCH with CHANGEDSINCE only.
    pub vanished: bool,
    /// `PARTIAL` (RFC 9394 section 3.3): positions from 1; negative count from
    /// the end.
    pub partial: Option<(i64, i64)>,
}

/// What STORE does with the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreAction {
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
    /// `FLAGS`
    Replace,
}

impl Command {
    /// `FETCH`
    #[must_use]
    pub fn fetch(messages: Messages<'_>, items: &[FetchItem], modifiers: &FetchModifiers) -> Self {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let command = Self::on(messages, "FETCH", "UID FETCH");
        let command = command.text(format!(" ({})", items.join(" ")));
        let mut words = Vec::new();
        if let Some(n) = modifiers.changed_since {
            words.push(format!("CHANGEDSINCE {n}"));
        }
        if modifiers.vanished {
            words.push("VANISHED".to_owned());
        }
        if let Some((from, to)) = modifiers.partial {
            words.push(format!("PARTIAL {from}:{to}"));
        }
        if words.is_empty() {
            return command;
        }
        command.text(format!(" ({})", words.join(" ")))
    }

    /// `STORE` of flags. `silent`: the server need not report the new flags.
    /// `unchanged_since` (RFC 7162 section 3.1.3): leave messages alone whose
    /// mod-sequence is above. `\Recent` is left out: no client can set it.
    #[must_use]
    pub fn store(
        messages: Messages<'_>,
        action: StoreAction,
        flags: &Flags<'_>,
        silent: bool,
        unchanged_since: Option<u64>,
    ) -> Self {
        let mut flags = flags.clone();
        flags.remove(NOT_SETTABLE);
        let mut command = Self::on(messages, "STORE", "UID STORE");
        if let Some(n) = unchanged_since {
            command = command.text(format!(" (UNCHANGEDSINCE {n})"));
        }
        let item = match action {
            StoreAction::Add => "+FLAGS",
            StoreAction::Remove => "-FLAGS",
            StoreAction::Replace => "FLAGS",
        };
        let silent = if silent { ".SILENT" } else { "" };
        command.text(format!(" {item}{silent} ({flags})"))
    }

    /// `STORE` of X-GM-LABELS; labels in modified UTF-7.
    #[must_use]
    pub fn store_gmail_labels(
        messages: Messages<'_>,
        action: StoreAction,
        labels: &[&str],
    ) -> Self {
        let item = match action {
            StoreAction::Add => " +X-GM-LABELS (",
            StoreAction::Remove => " -X-GM-LABELS (",
            StoreAction::Replace => " X-GM-LABELS (",
        };
        let mut command = Self::on(messages, "STORE", "UID STORE").text(item);
        for (k, label) in labels.iter().enumerate() {
            if k > 0 {
                command = command.text(" ");
            }
            let system = label
                .strip_prefix('\\')
                .is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
            command = if system {
                command.text(label)
            } else {
                command.astring(label)
            };
        }
        command.text(")")
    }
}
