//! What has to be known of calendar objects and vCards.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sync_core::merge;
use sync_core::model::{Body, Item, ItemId, ItemKind, Revision};
use sync_core::{Error, ErrorKind};

use crate::client::Service;

/// The component that makes an item what it is.
pub(super) const fn component(kind: ItemKind) -> Option<&'static str> {
    match kind {
        ItemKind::Event => Some("VEVENT"),
        ItemKind::Task => Some("VTODO"),
        ItemKind::Note => Some("VJOURNAL"),
        _ => None,
    }
}

/// The inverse of [`component`], in either case.
pub(super) fn kind_of_component(name: &str) -> Option<ItemKind> {
    [ItemKind::Event, ItemKind::Task, ItemKind::Note]
        .into_iter()
        .find(|kind| component(*kind).is_some_and(|c| c.eq_ignore_ascii_case(name)))
}

/// The kind that a content type names: `text/calendar; component=vtodo`.
pub(super) fn kind_of_type(content_type: &str) -> Option<ItemKind> {
    let mut parameters = content_type.split(';').skip(1);
    parameters.find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let key = key.trim().eq_ignore_ascii_case("component");
        kind_of_component(value.trim().trim_matches('"')).filter(|_| key)
    })
}

/// What kind of item a content is; `None` if it is nothing of this service.
pub(super) fn kind(service: Service, content: &[u8]) -> Option<ItemKind> {
    let mut begun = content.split(|b| *b == b'\n').filter_map(|line| {
        let line = std::str::from_utf8(line).ok()?.trim();
        let (key, name) = line.split_once(':')?;
        key.eq_ignore_ascii_case("BEGIN").then_some(name.trim())
    });
    let outer = begun.next()?;
    match service {
        Service::CardDav => outer
            .eq_ignore_ascii_case("VCARD")
            .then_some(ItemKind::Contact),
        Service::CalDav if outer.eq_ignore_ascii_case("VCALENDAR") => {
            begun.find_map(kind_of_component)
        }
        Service::CalDav => None,
    }
}

/// Whether a content ends as it began: one that was cut off must not pass for an edit.
fn is_whole(content: &[u8]) -> bool {
    let trimmed = content.trim_ascii();
    let last = trimmed.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let end = last.trim_ascii();
    [&b"END:VCALENDAR"[..], b"END:VCARD"]
        .iter()
        .any(|wanted| end.eq_ignore_ascii_case(wanted))
}

/// The content with CRLF at the end of every line: XML makes LF of it on the way (RFC 5545 section
/// 3.1, XML 1.0 section 2.11).
pub(super) fn with_crlf(content: &str) -> Bytes {
    let content = content.trim_start_matches('\u{feff}');
    let mut out = Vec::with_capacity(content.len().saturating_add(content.len() / 32));
    for line in content.split_inclusive('\n') {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

/// The revision of a content whose server gives no ETags.
pub(super) fn revision_of(content: &[u8]) -> Revision {
    let mut text = String::from("#");
    for byte in Sha256::digest(content) {
        let _ = write!(text, "{byte:02x}");
    }
    Revision::new(text)
}

/// The item of a content as the server gave it, and as it is shown.
///
/// # Errors
/// One that names the item, if the content is no item.
pub(super) fn item(
    service: Service,
    id: &ItemId,
    revision: Option<Revision>,
    given: &str,
    shown: impl FnOnce(Bytes) -> Bytes,
) -> Result<Item, Error> {
    let given = with_crlf(given);
    let unreadable = |why: &str| Error::new(ErrorKind::Item, why).at_item(id);
    let kind = kind(service, &given).ok_or_else(|| {
        unreadable(match service {
            Service::CalDav => "the server gives no event, task or journal for it",
            Service::CardDav => "the server gives no vCard for it",
        })
    })?;
    if !is_whole(&given) {
        return Err(unreadable("the server gives a content without its end"));
    }
    let revision = revision.unwrap_or_else(|| revision_of(&given));
    let mut item = Item::new(id.clone(), kind, revision);
    let content = shown(given);
    item.identity.uid = merge::uid(&content);
    item.size = Some(content.len() as u64);
    item.body = Some(Body::from(content));
    Ok(item)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TODO: &str = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nEND:VTIMEZONE\nBEGIN:VTODO\nUID:1\n\
                        END:VTODO\nEND:VCALENDAR";

    #[test]
    fn a_content_says_what_it_is() {
        let calendar = |text: &str| kind(Service::CalDav, text.as_bytes());
        assert_eq!(calendar(TODO), Some(ItemKind::Task));
        assert_eq!(
            calendar(&TODO.replace("VTODO", "VJOURNAL")),
            Some(ItemKind::Note)
        );
        assert_eq!(
            calendar("begin:vcalendar\r\nbegin:vevent\r\n"),
            Some(ItemKind::Event)
        );
        for text in [
            "",
            "BEGIN:VCARD\n",
            "Hello",
            "BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\n",
        ] {
            assert_eq!(calendar(text), None, "{text}");
        }
        let card = |text: &str| kind(Service::CardDav, text.as_bytes());
        assert_eq!(
            card("BEGIN:VCARD\r\nFN:BEGIN:VEVENT\r\n"),
            Some(ItemKind::Contact)
        );
        assert_eq!(card(TODO), None);
    }

    #[test]
    fn a_content_type_may_name_the_component() {
        for (text, expected) in [
            (
                "text/calendar; charset=utf-8; component=VTODO",
                Some(ItemKind::Task),
            ),
            ("text/calendar;component=\"vevent\"", Some(ItemKind::Event)),
            ("text/calendar; charset=utf-8", None),
            ("text/calendar; x=vevent", None),
        ] {
            assert_eq!(kind_of_type(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_end_with_crlf() {
        assert_eq!(&with_crlf("a\nb\r\nc")[..], b"a\r\nb\r\nc\r\n");
        assert_eq!(&with_crlf("\u{feff}a\n")[..], b"a\r\n");
        assert_eq!(&with_crlf("")[..], b"");
    }

    #[test]
    fn a_content_that_was_cut_is_no_item() {
        let id = ItemId::from("1.ics");
        let read = |text: &str| item(Service::CalDav, &id, None, text, |given| given);
        let whole = read(TODO).unwrap();
        assert_eq!(whole.identity.uid.as_deref(), Some("1"));
        assert!(whole.revision.as_str().starts_with('#'));
        let error = read(TODO.strip_suffix("CALENDAR").unwrap()).unwrap_err();
        assert_eq!(error.item(), Some(&id));
        assert!(read("Hello world").is_err());
    }
}
