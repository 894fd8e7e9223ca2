//! Response codes: what a status response says to programs.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{map, opt, value};
use nom::sequence::{preceded, separated_pair, terminated};

use crate::wire::error::DecodeErrorKind;
use crate::wire::flag::Flags;
use crate::wire::lex::{self, Lex, keyword, lossy_line, number, number64, nz_number, sp};
use crate::wire::set::{SequenceSet, UidList};
use crate::wire::set_parser::SetParser;

use super::capability::{Capabilities, capability_data};

/// Ranges a set in a response code may hold.
const MAX_CODE_RANGES: usize = 1 << 20;

/// A response code (RFC 9051 section 7.1, RFC 5530 and the extensions named).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// The text must be shown to the user.
    Alert,
    /// SEARCH: the charset is not supported; these are.
    BadCharset(Vec<String>),
    /// The capabilities.
    Capability(Capabilities),
    /// A message could not be parsed.
    Parse,
    /// The flags that can be changed for good.
    PermanentFlags(Flags<'static>),
    /// The mailbox is selected read-only.
    ReadOnly,
    /// The mailbox is selected read-write.
    ReadWrite,
    /// The mailbox does not exist, and could be created.
    TryCreate,
    /// The UID that the next message will have, or above.
    UidNext(u32),
    /// The validity of all UIDs of the mailbox.
    UidValidity(u32),
    /// RFC 3501: sequence number of the first unseen message.
    Unseen(u32),
    /// RFC 4315: UIDs of this mailbox do not last.
    UidNotSticky,
    /// RFC 4315: the UIDs that APPEND gave.
    AppendUid {
        /// Validity of the UIDs.
        uid_validity: u32,
        /// In the order of the messages sent.
        uids: UidList,
    },
    /// RFC 4315: what COPY or MOVE copied; the n-th of one list became the n-th
    /// of the other.
    CopyUid {
        /// Validity of the UIDs in the destination.
        uid_validity: u32,
        /// UIDs in the source mailbox.
        source: UidList,
        /// UIDs in the destination.
        destination: UidList,
    },
    /// RFC 7162: the highest mod-sequence of the mailbox.
    HighestModSeq(u64),
    /// RFC 7162: the mailbox keeps no mod-sequences.
    NoModSeq,
    /// RFC 7162: messages that STORE with UNCHANGEDSINCE left alone.
    Modified(SequenceSet),
    /// RFC 7162: the mailbox is deselected; what follows is of the next one.
    Closed,
    /// RFC 8474: the mailbox's object id.
    MailboxId(String),
    /// RFC 5464: size of the largest entry that was left out.
    MetadataLongEntries(u64),
    /// RFC 5464: the value is larger than this.
    MetadataMaxSize(u64),
    /// RFC 5464: no more annotations can be made.
    MetadataTooMany,
    /// RFC 5464: no private annotations.
    MetadataNoPrivate,
    /// RFC 5530 and RFC 9051: authentication failed.
    AuthenticationFailed,
    /// The authorization identity cannot be used.
    AuthorizationFailed,
    /// A subsystem is down for now.
    Unavailable,
    /// The password has expired.
    Expired,
    /// The operation needs TLS.
    PrivacyRequired,
    /// The user should contact support.
    ContactAdmin,
    /// Access rights forbid it.
    NoPerm,
    /// Somebody else holds it for now.
    InUse,
    /// Messages were expunged by another session.
    ExpungeIssued,
    /// The server found corrupt data.
    Corruption,
    /// The server has a bug.
    ServerBug,
    /// The client has a bug.
    ClientBug,
    /// The operation can never succeed.
    Cannot,
    /// A limit of the server was hit.
    Limit,
    /// The user is over quota.
    OverQuota,
    /// What is to be created exists.
    AlreadyExists,
    /// What is to be deleted does not exist.
    NonExistent,
    /// RFC 5465: events were lost; look again.
    NotificationOverflow,
    /// RFC 5465: events that NOTIFY does not support.
    BadEvent(Vec<String>),
    /// RFC 4978: compression is on already.
    CompressionActive,
    /// RFC 9051: the mailbox has children.
    HasChildren,
    /// RFC 4469, RFC 7889: the message is too big.
    TooBig,
    /// RFC 3516: the part's encoding is unknown.
    UnknownCte,
    /// RFC 5182: the search result was not saved.
    NotSaved,
    /// RFC 6154: the special use cannot be given.
    UseAttr,
    /// Anything else: the atom, and what follows it up to the bracket.
    Other(String, Option<String>),
}

impl Code {
    /// Whether trying the same again later may help: UNAVAILABLE, INUSE, LIMIT,
    /// SERVERBUG.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::InUse | Self::Limit | Self::ServerBug
        )
    }
}

/// The codes that are one atom.
pub(super) static ATOMS: [(&str, Code); 32] = [
    ("ALERT", Code::Alert),
    ("PARSE", Code::Parse),
    ("READ-ONLY", Code::ReadOnly),
    ("READ-WRITE", Code::ReadWrite),
    ("TRYCREATE", Code::TryCreate),
    ("UIDNOTSTICKY", Code::UidNotSticky),
    ("NOMODSEQ", Code::NoModSeq),
    ("CLOSED", Code::Closed),
    ("AUTHENTICATIONFAILED", Code::AuthenticationFailed),
    ("AUTHORIZATIONFAILED", Code::AuthorizationFailed),
    ("UNAVAILABLE", Code::Unavailable),
    ("EXPIRED", Code::Expired),
    ("PRIVACYREQUIRED", Code::PrivacyRequired),
    ("CONTACTADMIN", Code::ContactAdmin),
    ("NOPERM", Code::NoPerm),
    ("INUSE", Code::InUse),
    ("EXPUNGEISSUED", Code::ExpungeIssued),
    ("CORRUPTION", Code::Corruption),
    ("SERVERBUG", Code::ServerBug),
    ("CLIENTBUG", Code::ClientBug),
    ("CANNOT", Code::Cannot),
    ("LIMIT", Code::Limit),
    ("OVERQUOTA", Code::OverQuota),
    ("ALREADYEXISTS", Code::AlreadyExists),
    ("NONEXISTENT", Code::NonExistent),
    ("NOTIFICATIONOVERFLOW", Code::NotificationOverflow),
    ("COMPRESSIONACTIVE", Code::CompressionActive),
    ("HASCHILDREN", Code::HasChildren),
    ("TOOBIG", Code::TooBig),
    ("UNKNOWN-CTE", Code::UnknownCte),
    ("NOTSAVED", Code::NotSaved),
    ("USEATTR", Code::UseAttr),
];

/// `"[" resp-text-code "]"`. A code that does not match its grammar is
/// [`Code::Other`].
pub(super) fn resp_text_code(i: &[u8]) -> Lex<'_, Code> {
    let (inner, ()) = lex::byte(b'[')(i)?;
    let (args, name) = nom::bytes::complete::take_while1(|b| !matches!(b, b' ' | b']'))(inner)?;
    let close = |rest| terminated(lex::spaces, lex::byte(b']')).parse(rest);
    if let Ok((rest, code)) = known(name, args)
        && let Ok((rest, ())) = close(rest)
    {
        return Ok((rest, code));
    }
    // resp-text-code /= atom [SP 1*<any TEXT-CHAR except "]">]
    let Some(at) = code_end(inner) else {
        return Err(lex::error(i, DecodeErrorKind::Incomplete));
    };
    let (code, rest) = inner.split_at_checked(at).unwrap_or((inner, &[]));
    let code = lossy_line(code);
    let code = match code.split_once(' ') {
        Some(("", _)) => return Err(lex::error(i, DecodeErrorKind::Syntax)),
        Some((name, text)) => Code::Other(name.to_owned(), Some(text.to_owned())),
        None => Code::Other(code, None),
    };
    Ok((rest.get(1..).unwrap_or_default(), code))
}

/// Where the bracket is that ends a code: outside of quotes if the quotes pair
/// up, else the first.
fn code_end(code: &[u8]) -> Option<usize> {
    let mut quoted = false;
    for (at, b) in code.iter().enumerate() {
        match b {
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at),
            _ => {}
        }
    }
    memchr::memchr(b']', code)
}

/// The codes whose arguments are typed.
fn known<'a>(name: &[u8], i: &'a [u8]) -> Lex<'a, Code> {
    let mut upper = [0u8; 24];
    let Some(upper) = upper.get_mut(..name.len()) else {
        return Err(lex::error(i, DecodeErrorKind::Syntax));
    };
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    match &*upper {
        // "UIDVALIDITY" SP nz-number; some servers send 0
        b"UIDVALIDITY" => map(preceded(sp, number), Code::UidValidity).parse(i),
        b"UIDNEXT" => map(preceded(sp, number), Code::UidNext).parse(i),
        b"UNSEEN" => map(preceded(sp, number), Code::Unseen).parse(i),
        b"HIGHESTMODSEQ" => map(preceded(sp, number64), Code::HighestModSeq).parse(i),
        b"CAPABILITY" => map(preceded(sp, capability_data), Code::Capability).parse(i),
        b"PERMANENTFLAGS" => map(preceded(sp, flag_list), Code::PermanentFlags).parse(i),
        // "BADCHARSET" [SP "(" charset *(SP charset) ")"]
        b"BADCHARSET" => map(opt(preceded(sp, lex::list(lex::astring_text))), |sets| {
            Code::BadCharset(sets.unwrap_or_default())
        })
        .parse(i),
        b"BADEVENT" => map(preceded(sp, lex::list(lex::astring_text)), Code::BadEvent).parse(i),
        // resp-code-apnd = "APPENDUID" SP nz-number SP append-uid
        b"APPENDUID" => map(
            preceded(sp, separated_pair(nz_number, sp, uid_list)),
            |(uid_validity, uids)| Code::AppendUid { uid_validity, uids },
        )
        .parse(i),
        // resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set
        b"COPYUID" => map(
            (sp, nz_number, sp, uid_list, sp, uid_list),
            |((), uid_validity, (), source, (), destination)| Code::CopyUid {
                uid_validity,
                source,
                destination,
            },
        )
        .parse(i),
        b"MODIFIED" => map(preceded(sp, sequence_set), Code::Modified).parse(i),
        // "MAILBOXID" SP "(" objectid ")"
        b"MAILBOXID" => map(preceded(sp, object_id), Code::MailboxId).parse(i),
        b"METADATA" => preceded(
            sp,
            alt((
                map(
                    preceded((keyword(b"LONGENTRIES"), sp), number64),
                    Code::MetadataLongEntries,
                ),
                map(
                    preceded((keyword(b"MAXSIZE"), sp), number64),
                    Code::MetadataMaxSize,
                ),
                value(Code::MetadataTooMany, keyword(b"TOOMANY")),
                value(Code::MetadataNoPrivate, keyword(b"NOPRIVATE")),
            )),
        )
        .parse(i),
        atom => ATOMS
            .iter()
            .find(|(known, _)| known.as_bytes() == atom)
            .map(|(_, code)| (i, code.clone()))
            .ok_or_else(|| lex::error(i, DecodeErrorKind::Syntax)),
    }
}

/// `"(" objectid ")"` (RFC 8474 section 7).
pub(super) fn object_id(i: &[u8]) -> Lex<'_, String> {
    let (i, ()) = lex::byte(b'(')(i)?;
    let (i, id) = lex::astring_text(i)?;
    let (i, ()) = lex::byte(b')')(i)?;
    Ok((i, id))
}

/// `flag-list = "(" [flag *(SP flag)] ")"`; a keyword may hold any byte but
/// spaces and parentheses.
pub(super) fn flag_list(i: &[u8]) -> Lex<'_, Flags<'static>> {
    let (i, ()) = lex::byte(b'(')(i)?;
    let (rest, flags) = Flags::in_parentheses(i)?;
    Ok((rest, flags.into_owned()))
}

/// `sequence-set`
pub(super) fn sequence_set(i: &[u8]) -> Lex<'_, SequenceSet> {
    let mut parser = SetParser::new(MAX_CODE_RANGES);
    let parsed = parser.feed(i).and_then(|n| Ok((n, parser.finish()?)));
    match parsed {
        Ok((n, set)) if !set.is_empty() => Ok((i.get(n..).unwrap_or_default(), set)),
        Ok(_) => Err(lex::error(i, DecodeErrorKind::Syntax)),
        Err(e) => Err(lex::error(
            i.get(e.offset()..).unwrap_or_default(),
            e.kind(),
        )),
    }
}

/// `uid-set = (uniqueid / uid-range) *("," uid-set)` (RFC 4315 section 4), in
/// the order given.
fn uid_list(i: &[u8]) -> Lex<'_, UidList> {
    let mut list = UidList::default();
    let mut i = i;
    for _ in 0..MAX_CODE_RANGES {
        let (rest, from) = nz_number(i)?;
        let (rest, to) = opt(preceded(lex::byte(b':'), nz_number)).parse(rest)?;
        list.push_range(from, to.unwrap_or(from));
        match rest.strip_prefix(b",") {
            Some(rest) => i = rest,
            None => return Ok((rest, list)),
        }
    }
    Err(lex::failure(i, DecodeErrorKind::Limit))
}
