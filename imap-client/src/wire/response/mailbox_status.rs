//! STATUS.

use crate::wire::error::DecodeErrorKind;
use crate::wire::lex::{self, Lex, number, number64};
use crate::wire::mailbox::MailboxName;

use super::code::object_id;

/// The state of a mailbox (RFC 9051 section 7.3.4): what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailboxStatus {
    /// Which mailbox.
    pub mailbox: MailboxName,
    /// MESSAGES: how many there are.
    pub messages: Option<u32>,
    /// RECENT (RFC 3501)
    pub recent: Option<u32>,
    /// UIDNEXT: the UID of the next message, or above.
    pub uid_next: Option<u32>,
    /// UIDVALIDITY
    pub uid_validity: Option<u32>,
    /// UNSEEN: how many are without `\Seen`.
    pub unseen: Option<u32>,
    /// DELETED: how many have `\Deleted`.
    pub deleted: Option<u32>,
    /// DELETED-STORAGE (RFC 9208): bytes that EXPUNGE would free.
    pub deleted_storage: Option<u64>,
    /// SIZE: bytes of all messages.
    pub size: Option<u64>,
    /// HIGHESTMODSEQ (RFC 7162); 0: the mailbox keeps none.
    pub highest_mod_seq: Option<u64>,
    /// MAILBOXID (RFC 8474)
    pub mailbox_id: Option<String>,
    /// APPENDLIMIT (RFC 7889): the largest message in bytes; `Some(None)` for
    /// NIL, no limit.
    pub append_limit: Option<Option<u64>>,
}

impl MailboxStatus {
    /// A status that says nothing yet.
    #[must_use]
    pub fn new(mailbox: MailboxName) -> Self {
        Self {
            mailbox,
            messages: None,
            recent: None,
            uid_next: None,
            uid_validity: None,
            unseen: None,
            deleted: None,
            deleted_storage: None,
            size: None,
            highest_mod_seq: None,
            mailbox_id: None,
            append_limit: None,
        }
    }
}

/// `mailbox SP "(" [status-att-list] ")"` (RFC 9051 section 9). Unknown items
/// are skipped with their value.
pub(super) fn mailbox_status(i: &[u8]) -> Lex<'_, MailboxStatus> {
    let (i, name) = lex::astring(i)?;
    let mut status = MailboxStatus::new(MailboxName::from_wire(name.into_owned()));
    let (i, ()) = lex::sp(i)?;
    let (mut i, ()) = lex::byte(b'(')(i)?;
    loop {
        (i, _) = lex::spaces(i)?;
        if let Some(rest) = i.strip_prefix(b")") {
            return Ok((rest, status));
        }
        let (rest, item) = lex::word(i)?;
        let (rest, ()) = lex::sp(rest)?;
        i = status_att(&mut status, item, rest)?;
    }
}

fn status_att<'a>(
    status: &mut MailboxStatus,
    item: &[u8],
    i: &'a [u8],
) -> Result<&'a [u8], nom::Err<lex::LexError>> {
    fn set<'a, T>(
        slot: &mut Option<T>,
        parsed: Lex<'a, T>,
    ) -> Result<&'a [u8], nom::Err<lex::LexError>> {
        let (rest, value) = parsed?;
        *slot = Some(value);
        Ok(rest)
    }
    match item.to_ascii_uppercase().as_slice() {
        b"MESSAGES" => set(&mut status.messages, number(i)),
        b"RECENT" => set(&mut status.recent, number(i)),
        b"UIDNEXT" => set(&mut status.uid_next, number(i)),
        b"UIDVALIDITY" => set(&mut status.uid_validity, number(i)),
        b"UNSEEN" => set(&mut status.unseen, number(i)),
        b"DELETED" => set(&mut status.deleted, number(i)),
        b"DELETED-STORAGE" => set(&mut status.deleted_storage, number64(i)),
        b"SIZE" => set(&mut status.size, number64(i)),
        b"HIGHESTMODSEQ" => set(&mut status.highest_mod_seq, number64(i)),
        b"MAILBOXID" => set(&mut status.mailbox_id, object_id(i)),
        b"APPENDLIMIT" => {
            let limit = match lex::nil(i) {
                Ok((rest, ())) => Ok((rest, None)),
                Err(_) => number64(i).map(|(rest, n)| (rest, Some(n))),
            };
            set(&mut status.append_limit, limit)
        }
        _ => match lex::skip_value(i) {
            Ok((rest, _)) => Ok(rest),
            Err(_) => Err(lex::error(i, DecodeErrorKind::Syntax)),
        },
    }
}
