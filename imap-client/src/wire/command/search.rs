//! SEARCH, SORT and THREAD.

use crate::wire::date::Date;
use crate::wire::set::SequenceSet;

use super::Command;

/// A condition of SEARCH (RFC 9051 section 6.4.4). Strings are matched
/// anywhere in the field, without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchKey {
    /// `ALL`
    All,
    /// All of these.
    And(Vec<SearchKey>),
    /// Either of these.
    Or(Box<SearchKey>, Box<SearchKey>),
    /// Not this.
    Not(Box<SearchKey>),
    /// These sequence numbers.
    Sequence(SequenceSet),
    /// These UIDs.
    Uid(SequenceSet),
    /// `$`: the saved result (RFC 5182).
    Saved,
    /// `ANSWERED`
    Answered,
    /// `DELETED`
    Deleted,
    /// `DRAFT`
    Draft,
    /// `FLAGGED`
    Flagged,
    /// `SEEN`
    Seen,
    /// `UNANSWERED`
    Unanswered,
    /// `UNDELETED`
    Undeleted,
    /// `UNDRAFT`
    Undraft,
    /// `UNFLAGGED`
    Unflagged,
    /// `UNSEEN`
    Unseen,
    /// `KEYWORD`
    Keyword(String),
    /// `UNKEYWORD`
    Unkeyword(String),
    /// `HEADER`: field name and text.
    Header(String, String),
    /// `FROM`
    From(String),
    /// `TO`
    To(String),
    /// `CC`
    Cc(String),
    /// `BCC`
    Bcc(String),
    /// `SUBJECT`
    Subject(String),
    /// `BODY`
    Body(String),
    /// `TEXT`
    Text(String),
    /// `BEFORE`, by internal date
    Before(Date),
    /// `ON`, by internal date
    On(Date),
    /// `SINCE`, by internal date
    Since(Date),
    /// `SENTBEFORE`
    SentBefore(Date),
    /// `SENTON`
    SentOn(Date),
    /// `SENTSINCE`
    SentSince(Date),
    /// `SAVEDBEFORE` (RFC 8514)
    SavedBefore(Date),
    /// `SAVEDSINCE` (RFC 8514)
    SavedSince(Date),
    /// `LARGER`, in bytes
    Larger(u64),
    /// `SMALLER`, in bytes
    Smaller(u64),
    /// `OLDER`, in seconds (RFC 5032)
    Older(u32),
    /// `YOUNGER`, in seconds (RFC 5032)
    Younger(u32),
    /// `MODSEQ`: at least this (RFC 7162)
    ModSeq(u64),
    /// `EMAILID` (RFC 8474)
    EmailId(String),
    /// `THREADID` (RFC 8474)
    ThreadId(String),
    /// `X-GM-RAW`
    GmailRaw(String),
    /// `X-GM-MSGID`
    GmailMessageId(u64),
    /// Anything else, as it is sent.
    Other(String),
}

impl SearchKey {
    /// A message whose Message-ID field holds `id`.
    #[must_use]
    pub fn message_id(id: &str) -> Self {
        Self::Header("Message-ID".into(), id.into())
    }

    fn is_ascii(&self) -> bool {
        match self {
            Self::And(keys) => keys.iter().all(Self::is_ascii),
            Self::Or(a, b) => a.is_ascii() && b.is_ascii(),
            Self::Not(key) => key.is_ascii(),
            Self::Header(_, text)
            | Self::From(text)
            | Self::To(text)
            | Self::Cc(text)
            | Self::Bcc(text)
            | Self::Subject(text)
            | Self::Body(text)
            | Self::Text(text)
            | Self::GmailRaw(text) => text.is_ascii(),
            _ => true,
        }
    }
}

/// RETURN options of SEARCH (RFC 4731, RFC 5182, RFC 9394).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchReturn {
    /// `MIN`
    pub min: bool,
    /// `MAX`
    pub max: bool,
    /// `COUNT`
    pub count: bool,
    /// `ALL`
    pub all: bool,
    /// `SAVE`
    pub save: bool,
    /// `PARTIAL`: positions from 1; negative count from the end.
    pub partial: Option<(i64, i64)>,
}

impl SearchReturn {
    fn text(self) -> String {
        let words = [
            (self.min, "MIN"),
            (self.max, "MAX"),
            (self.count, "COUNT"),
            (self.all, "ALL"),
            (self.save, "SAVE"),
        ];
        let words = words.into_iter().filter(|w| w.0).map(|w| w.1.to_owned());
        let partial = self
            .partial
            .map(|(from, to)| format!("PARTIAL {from}:{to}"));
        let words: Vec<String> = words.chain(partial).collect();
        format!("RETURN ({}) ", words.join(" "))
    }
}

/// An order of SORT (RFC 5256 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortKey {
    /// `ARRIVAL`: internal date
    Arrival,
    /// `CC`
    Cc,
    /// `DATE`: sent date
    Date,
    /// `FROM`
    From,
    /// `SIZE`
    Size,
    /// `SUBJECT`: base subject
    Subject,
    /// `TO`
    To,
}

impl SortKey {
    fn name(self) -> &'static str {
        match self {
            Self::Arrival => "ARRIVAL",
            Self::Cc => "CC",
            Self::Date => "DATE",
            Self::From => "FROM",
            Self::Size => "SIZE",
            Self::Subject => "SUBJECT",
            Self::To => "TO",
        }
    }
}

impl Command {
    /// `SEARCH`, or `UID SEARCH`, which answers with UIDs. With `returned` the
    /// answer is ESEARCH. A charset is announced if the key needs it: not after
    /// UTF8=ACCEPT or IMAP4rev2 was enabled (`utf8`).
    #[must_use]
    pub fn search(uid: bool, key: &SearchKey, returned: Option<SearchReturn>, utf8: bool) -> Self {
        let mut command = Self::raw(if uid { "UID SEARCH" } else { "SEARCH" }).text(" ");
        if let Some(options) = returned {
            command = command.text(options.text());
        }
        if !utf8 && !key.is_ascii() {
            command = command.text("CHARSET UTF-8 ");
        }
        command.search_key(key, true)
    }

    /// `SORT`, or `UID SORT` (RFC 5256); the second of a pair says whether that
    /// order is reversed.
    #[must_use]
    pub fn sort(uid: bool, order: &[(SortKey, bool)], key: &SearchKey) -> Self {
        let order: Vec<String> = order
            .iter()
            .map(|(key, reverse)| {
                let reverse = if *reverse { "REVERSE " } else { "" };
                format!("{reverse}{}", key.name())
            })
            .collect();
        let command = Self::raw(if uid { "UID SORT" } else { "SORT" });
        command
            .text(format!(" ({}) UTF-8 ", order.join(" ")))
            .search_key(key, true)
    }

    /// `THREAD`, or `UID THREAD` (RFC 5256), by an algorithm such as `REFERENCES`.
    #[must_use]
    pub fn thread(uid: bool, algorithm: &str, key: &SearchKey) -> Self {
        let command = Self::raw(if uid { "UID THREAD" } else { "THREAD" });
        command
            .text(format!(" {algorithm} UTF-8 "))
            .search_key(key, true)
    }

    fn search_key(self, key: &SearchKey, top: bool) -> Self {
        match key {
            SearchKey::All => self.text("ALL"),
            SearchKey::And(keys) if keys.is_empty() => self.text("ALL"),
            SearchKey::And(keys) => {
                let mut command = if top { self } else { self.text("(") };
                for (k, key) in keys.iter().enumerate() {
                    command = if k > 0 { command.text(" ") } else { command };
                    command = command.search_key(key, false);
                }
                if top { command } else { command.text(")") }
            }
            SearchKey::Or(a, b) => self
                .text("OR ")
                .search_key(a, false)
                .text(" ")
                .search_key(b, false),
            SearchKey::Not(key) => self.text("NOT ").search_key(key, false),
            SearchKey::Sequence(set) => self.text(set.to_string()),
            SearchKey::Uid(set) => self.text(format!("UID {set}")),
            SearchKey::Saved => self.text("$"),
            SearchKey::Answered => self.text("ANSWERED"),
            SearchKey::Deleted => self.text("DELETED"),
            SearchKey::Draft => self.text("DRAFT"),
            SearchKey::Flagged => self.text("FLAGGED"),
            SearchKey::Seen => self.text("SEEN"),
            SearchKey::Unanswered => self.text("UNANSWERED"),
            SearchKey::Undeleted => self.text("UNDELETED"),
            SearchKey::Undraft => self.text("UNDRAFT"),
            SearchKey::Unflagged => self.text("UNFLAGGED"),
            SearchKey::Unseen => self.text("UNSEEN"),
            SearchKey::Keyword(word) => self.text(format!("KEYWORD {word}")),
            SearchKey::Unkeyword(word) => self.text(format!("UNKEYWORD {word}")),
            SearchKey::Header(name, text) => {
                self.text("HEADER ").astring(name).text(" ").string(text)
            }
            SearchKey::From(text) => self.text("FROM ").string(text),
            SearchKey::To(text) => self.text("TO ").string(text),
            SearchKey::Cc(text) => self.text("CC ").string(text),
            SearchKey::Bcc(text) => self.text("BCC ").string(text),
            SearchKey::Subject(text) => self.text("SUBJECT ").string(text),
            SearchKey::Body(text) => self.text("BODY ").string(text),
            SearchKey::Text(text) => self.text("TEXT ").string(text),
            SearchKey::Before(date) => self.text(format!("BEFORE {date}")),
            SearchKey::On(date) => self.text(format!("ON {date}")),
            SearchKey::Since(date) => self.text(format!("SINCE {date}")),
            SearchKey::SentBefore(date) => self.text(format!("SENTBEFORE {date}")),
            SearchKey::SentOn(date) => self.text(format!("SENTON {date}")),
            SearchKey::SentSince(date) => self.text(format!("SENTSINCE {date}")),
            SearchKey::SavedBefore(date) => self.text(format!("SAVEDBEFORE {date}")),
            SearchKey::SavedSince(date) => self.text(format!("SAVEDSINCE {date}")),
            SearchKey::Larger(n) => self.text(format!("LARGER {n}")),
            SearchKey::Smaller(n) => self.text(format!("SMALLER {n}")),
            SearchKey::Older(n) => self.text(format!("OLDER {n}")),
            SearchKey::Younger(n) => self.text(format!("YOUNGER {n}")),
            SearchKey::ModSeq(n) => self.text(format!("MODSEQ {n}")),
            SearchKey::EmailId(id) => self.text(format!("EMAILID {id}")),
            SearchKey::ThreadId(id) => self.text(format!("THREADID {id}")),
            SearchKey::GmailRaw(text) => self.text("X-GM-RAW ").string(text),
            SearchKey::GmailMessageId(id) => self.text(format!("X-GM-MSGID {id}")),
            SearchKey::Other(text) => self.text(text),
        }
    }
}
