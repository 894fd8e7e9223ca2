//! How items and their states are named.

use sync_core::model::{CollectionId, Flags, ItemId, Revision, Timestamp};

use crate::wire::{DateTime, Flags as WireFlags, MailboxName, SystemFlags};

/// UIDVALIDITY and UID: an id that is never given to another message.
pub(super) fn item_id(uid_validity: u32, uid: u32) -> ItemId {
    ItemId::new(format!("{uid_validity}.{uid}"))
}

/// The UID of an item of a mailbox with this UIDVALIDITY; `None` for any other id.
pub(super) fn uid_of(id: &ItemId, uid_validity: u32) -> Option<u32> {
    let (validity, uid) = id.as_str().split_once('.')?;
    let uid = uid.parse().ok().filter(|uid| *uid > 0)?;
    (validity.parse() == Ok(uid_validity)).then_some(uid)
}

/// The flags as one word: what a message can change is its flags alone, so equal revisions are equal
/// messages whatever the mod-sequence counts besides.
pub(super) fn revision(flags: &Flags) -> Revision {
    let mut text = format!("({flags})");
    text.make_ascii_lowercase();
    Revision::new(text)
}

/// Whether a guard allows a write to a message with these flags; the empty one always does.
pub(super) fn guard_holds(guard: &Revision, flags: &Flags) -> bool {
    guard.as_str().is_empty() || *guard == revision(flags)
}

/// What a message bears, without `\Recent` and what an extension adds with a backslash.
pub(super) fn from_wire(flags: &WireFlags<'_>) -> Flags {
    let mut model = Flags::default();
    flags.names().for_each(|name| model.insert(name));
    model
}

/// What of these flags can be written: a keyword of another source need not be an atom.
pub(super) fn to_wire(flags: &Flags, permanent: Option<&WireFlags<'_>>) -> WireFlags<'static> {
    let mut wire = WireFlags::new();
    let any = permanent.is_none_or(|permanent| permanent.contains(SystemFlags::NEW_KEYWORDS));
    for name in flags.names() {
        let system = SystemFlags::from_name(name.as_bytes());
        let kept = match (system, permanent) {
            (_, None) => true,
            (Some(flag), Some(permanent)) => permanent.contains(flag),
            (None, Some(permanent)) => any || permanent.has_keyword(name),
        };
        if kept {
            // What is not an atom is left out, and the caller sees that it is.
            let _ = wire.insert_keyword(name);
        }
    }
    wire
}

pub(super) fn timestamp(date: DateTime) -> Timestamp {
    Timestamp {
        seconds: date.unix(),
        offset_minutes: date.offset_minutes(),
    }
}

/// INTERNALDATE of a new message; `None` lets the server's clock decide.
pub(super) fn date_time(date: Timestamp) -> Option<DateTime> {
    DateTime::new(date.seconds, date.offset_minutes).or_else(|| DateTime::new(date.seconds, 0))
}

/// The bytes of the wire where they are text; names that are not are spelled in hex.
pub(super) fn collection_id(name: &MailboxName) -> CollectionId {
    match std::str::from_utf8(name.as_bytes()) {
        _ if name.is_inbox() => CollectionId::new("INBOX"),
        Ok(text) if !text.starts_with(HEX) => CollectionId::new(text),
        _ => {
            let hex: String = name.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
            CollectionId::new(format!("{HEX}{hex}"))
        }
    }
}

/// The inverse of [`collection_id`].
pub(super) fn mailbox_name(id: &CollectionId) -> MailboxName {
    let bytes = id.as_str().strip_prefix(HEX).and_then(|hex| {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect::<Option<Vec<u8>>>()
    });
    MailboxName::from_wire(bytes.unwrap_or_else(|| id.as_str().as_bytes().to_vec()))
}

const HEX: &str = "=hex:";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_is_of_one_validity() {
        let id = item_id(7, 42);
        assert_eq!(id.as_str(), "7.42");
        assert_eq!(uid_of(&id, 7), Some(42));
        assert_eq!(uid_of(&id, 8), None);
        for odd in ["", "7", "7.", ".1", "7.0", "7.4294967296", "7.1.1", "x.1"] {
            assert_eq!(uid_of(&ItemId::new(odd), 7), None, "{odd:?}");
        }
    }

    #[test]
    fn a_revision_tells_flags_apart_and_nothing_else() {
        let flags = |text| Flags::parse(text);
        assert_eq!(
            revision(&flags("\\Seen $Work")),
            revision(&flags("$work \\SEEN"))
        );
        assert_ne!(revision(&flags("\\Seen")), revision(&flags("")));
        assert!(guard_holds(&Revision::new(""), &flags("\\Seen")));
        assert!(guard_holds(&revision(&flags("")), &flags("")));
        assert!(!guard_holds(&revision(&flags("")), &flags("\\Seen")));
    }

    #[test]
    fn only_what_the_mailbox_keeps_is_written() {
        let flags = Flags::parse("\\Seen \\Flagged $Work $Other no(atom");
        assert_eq!(
            from_wire(&to_wire(&flags, None)),
            Flags::parse("\\Seen \\Flagged $Work $Other")
        );
        let mut permanent = WireFlags::from(SystemFlags::SEEN);
        permanent.insert_keyword("$WORK").unwrap();
        assert_eq!(
            from_wire(&to_wire(&flags, Some(&permanent))),
            Flags::parse("\\Seen $Work")
        );
        let permanent = permanent.with(SystemFlags::NEW_KEYWORDS);
        assert_eq!(
            from_wire(&to_wire(&flags, Some(&permanent))),
            Flags::parse("\\Seen $Work $Other")
        );
    }

    #[test]
    fn the_session_s_own_flags_do_not_travel() {
        let mut wire = WireFlags::from(SystemFlags::RECENT).with(SystemFlags::SEEN);
        wire.insert_keyword("\\Important").unwrap();
        assert_eq!(from_wire(&wire), Flags::parse("\\Seen"));
    }

    #[test]
    fn a_mailbox_name_of_any_bytes_has_an_id() {
        for bytes in [
            &b"a/b"[..],
            b"&AOQ-",
            b"\xff\xfe",
            b"=hex:00",
            "ä".as_bytes(),
        ] {
            let name = MailboxName::from_wire(bytes);
            assert_eq!(mailbox_name(&collection_id(&name)).as_bytes(), bytes);
        }
        assert_eq!(
            collection_id(&MailboxName::from_wire(*b"inbox")).as_str(),
            "INBOX"
        );
    }
}
