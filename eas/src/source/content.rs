//! What the engine sees of an item.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sync_core::model::{Body, Digest, Flags, Item as Seen, SystemFlags, Timestamp};
use sync_core::{Error, ErrorKind};

use super::folders::kind_of;
use crate::mapping::{Account, contact, event, note, task};
use crate::wire::class::{BodyType, Email, Item};
use crate::wire::wbxml::pages::{Email as E, Email2 as E2};

/// An appointment, contact, task or note with its content; a message with its flags. `owner` tells this
/// account from others.
pub(super) fn seen(
    id: &str,
    item: &Item,
    account: &Account<'_>,
    owner: &str,
) -> Result<Seen, Error> {
    let unreadable = |why: &str| Error::new(ErrorKind::Item, why).at_item(&id.into());
    let content = match item {
        Item::Email(email) => return Ok(message(id, email)),
        Item::Event(event) => {
            let uid = event_uid(event).unwrap_or_else(|| id.to_owned());
            let content = event::to_ical(event, &uid, account);
            let mut seen = document(
                id,
                item,
                content.ok_or_else(|| unreadable("an appointment without a start"))?,
            );
            seen.identity.uid = Some(uid);
            return Ok(seen);
        }
        Item::Contact(contact) => contact::to_vcard(contact, &own_uid(owner, id)),
        Item::Task(task) => task::to_ical(task, &own_uid(owner, id)),
        Item::Note(note) => note::to_ical(note, &own_uid(owner, id)),
    };
    let mut seen = document(id, item, content);
    seen.identity.uid = Some(own_uid(owner, id));
    Ok(seen)
}

/// A UID for what has none: the same at every look, and nobody else's. Ids are an account's own.
fn own_uid(owner: &str, id: &str) -> String {
    hex(&Sha256::digest(format!("{owner}\n{id}")))
}

/// The first 16 octets in hexadecimal.
fn hex(digest: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for byte in digest.iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn event_uid(event: &crate::wire::class::Event) -> Option<String> {
    let uid = event
        .values
        .text(crate::wire::wbxml::pages::Calendar::UID)?;
    Some(uid.trim().to_owned())
}

fn document(id: &str, item: &Item, content: Vec<u8>) -> Seen {
    let revision = hex(&Sha256::digest(&content));
    let mut seen = Seen::new(id, kind_of(item.class()), revision);
    seen.size = Some(content.len() as u64);
    seen.identity.digest = Some(Digest::of(&content));
    seen.body = Some(Body::from(content));
    seen
}

/// What can be told of a message without its bytes.
fn message(id: &str, email: &Email) -> Seen {
    let flags = flags(email);
    let names: Vec<&str> = flags.names().collect();
    let kind = sync_core::model::ItemKind::Message;
    let mut seen = Seen::new(id, kind, names.join(" "));
    seen.flags = flags;
    seen.date = email
        .values
        .date(E::DateReceived)
        .map(|date| Timestamp::utc(date.seconds));
    seen
}

fn flags(email: &Email) -> Flags {
    let mut system = SystemFlags::empty();
    let mut set = |flag, is_set| {
        if is_set {
            system = system.union(flag);
        }
    };
    let values = &email.values;
    set(SystemFlags::SEEN, values.flag(E::Read) == Some(true));
    let flag = email.flag.as_ref();
    let active = flag.and_then(|flag| flag.number::<u8>(E::Status)) == Some(2);
    set(SystemFlags::FLAGGED, active);
    let verb = values.number::<u8>(E2::LastVerbExecuted).unwrap_or(0);
    set(SystemFlags::ANSWERED, matches!(verb, 1 | 2));
    set(SystemFlags::DRAFT, values.flag(E2::IsDraft) == Some(true));
    let mut flags = Flags::of(system);
    if verb == 3 {
        flags.insert("$Forwarded");
    }
    flags
}

/// The bytes of a message, where they came.
pub(super) fn mime(item: &mut Item) -> Option<Bytes> {
    let body = item.body_mut()?;
    let is_whole = body.body_type == BodyType::Mime && !body.truncated;
    body.data.take().filter(|_| is_whole).map(Bytes::from)
}

/// The Message-ID of a message.
pub(super) fn message_id(mime: &[u8]) -> Option<String> {
    let head = mime.get(..mime.len().min(64 << 10))?;
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split('\n').map(|line| line.trim_end_matches('\r'));
    let mut value: Option<String> = None;
    for line in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        match (&mut value, line.starts_with([' ', '\t'])) {
            (Some(value), true) => value.push_str(line),
            (Some(_), false) => break,
            (None, _) => {
                let name = line
                    .get(..11)
                    .filter(|n| n.eq_ignore_ascii_case("message-id:"));
                value = name.and_then(|_| line.get(11..)).map(str::to_owned);
            }
        }
    }
    let id = value?.trim().to_owned();
    (!id.is_empty()).then_some(id)
}
