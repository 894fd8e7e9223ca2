//! Ids of collections and items: hrefs, spelt in one way only.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use sync_core::model::{CollectionId, ItemId};

use crate::client::Service;
use crate::wire::Href;

/// The most characters of a name that is taken from a UID.
const MAX_NAME: usize = 120;

/// Names a collection by its path, with the origin in front where it is elsewhere.
pub(super) fn collection_id(href: &Href) -> CollectionId {
    let mut id = href.origin().unwrap_or_default().to_owned();
    for segment in href.path().split('/').filter(|s| !s.is_empty()) {
        id.push('/');
        push_canonical(&mut id, segment);
    }
    id.push('/');
    CollectionId::new(id)
}

/// Where a collection is; `None` if the id is none of ours.
pub(super) fn collection_href(id: &CollectionId) -> Option<Href> {
    Href::parse(id.as_str()).filter(|href| href.path().ends_with('/'))
}

/// Names a direct member of a collection; `None` for anything else, collections within included.
pub(super) fn item_id(collection: &Href, href: &Href) -> Option<ItemId> {
    if !href.is_below(collection) || href.path().ends_with('/') {
        return None;
    }
    let depth = |href: &Href| href.path().split('/').filter(|s| !s.is_empty()).count();
    if depth(href) != depth(collection).saturating_add(1) {
        return None;
    }
    let mut id = String::new();
    push_canonical(&mut id, href.path().rsplit('/').next()?);
    Some(ItemId::new(id))
}

/// Where an item is; `None` if the id is none of ours.
pub(super) fn item_href(collection: &Href, id: &ItemId) -> Option<Href> {
    let name = id.as_str();
    let sound = !name.is_empty()
        && !matches!(name, "." | "..")
        && name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"/?#\\\"<>".contains(&b));
    let path = format!("{collection}{name}");
    Href::parse(&path).filter(|href| sound && item_id(collection, href).as_ref() == Some(id))
}

/// One spelling of a segment: what need not be escaped is not (RFC 3986 section 3.3), everything
/// else is, in upper case.
fn push_canonical(out: &mut String, segment: &str) {
    let mut rest = segment.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let mut byte = *byte;
        if byte == b'%'
            && let Some((pair, after)) = rest.split_first_chunk::<2>()
            && let Some(decoded) = std::str::from_utf8(pair)
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        {
            byte = decoded;
            rest = after;
        }
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// The name of a new resource: the UID where every server takes it as it is, else its hash. The
/// same UID has the same name at every attempt, so that what was sent once and not answered is
/// found again; `attempt` above 0 gives other names, for one that is taken.
pub(super) fn new_name(service: Service, uid: &str, attempt: u32) -> ItemId {
    let extension = match service {
        Service::CalDav => "ics",
        Service::CardDav => "vcf",
    };
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    let plain =
        !uid.is_empty() && uid.len() <= MAX_NAME && !uid.starts_with('.') && uid.bytes().all(safe);
    if plain && attempt == 0 {
        return ItemId::new(format!("{uid}.{extension}"));
    }
    let hash = Sha256::digest(format!("{attempt} {uid}"));
    let mut name = String::new();
    for byte in hash.iter().take(16) {
        let _ = write!(name, "{byte:02x}");
    }
    ItemId::new(format!("{name}.{extension}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn href(text: &str) -> Href {
        Href::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_href_are_one_id() {
        let collection = href("/dav/a%40b/");
        let ids: Vec<ItemId> = ["/dav/a%40b/x%40y%7e%2f.ics", "/dav/a@b/x@y~%2F.ics"]
            .iter()
            .map(|path| item_id(&collection, &href(path)).unwrap())
            .collect();
        assert_eq!(ids, ["x@y~%2F.ics", "x@y~%2F.ics"].map(ItemId::from));
        assert_eq!(collection_id(&collection), "/dav/a@b/".into());
        let again = item_href(&collection, ids.first().unwrap()).unwrap();
        assert_eq!(again, href("/dav/a%40b/x%40y~%2F.ics"));
    }

    #[test]
    fn nothing_is_decoded_twice() {
        let collection = href("/c/");
        let id = item_id(&collection, &href("/c/a%253Ab%250A.ics")).unwrap();
        assert_eq!(id, "a%253Ab%250A.ics".into());
        let there = item_href(&collection, &id).unwrap();
        assert_eq!(there.path(), "/c/a%253Ab%250A.ics");
    }

    #[test]
    fn only_members_are_items() {
        let collection = href("/c/");
        for path in ["/c/", "/c", "/c/below/", "/c/below/1.ics", "/d/1.ics", "/"] {
            assert_eq!(item_id(&collection, &href(path)), None, "{path}");
        }
        for id in ["", "..", "a/b", "a b", "a?b", "ä", "%zz ", "%7e"] {
            assert_eq!(item_href(&collection, &id.into()), None, "{id}");
        }
        assert_eq!(collection_href(&"no such collection".into()), None);
    }

    #[test]
    fn names_come_from_uids() {
        let name = |uid: &str, attempt| new_name(Service::CalDav, uid, attempt);
        assert_eq!(
            name("1-a_B.c@example.org", 0),
            "1-a_B.c@example.org.ics".into()
        );
        assert_eq!(name("a/b", 0).as_str().len(), 36);
        assert_eq!(name("a/b", 0), name("a/b", 0));
        let long = "u".repeat(600);
        let odd = ["a/b", "a b", "..", "", "ä", "%0A", &long];
        let mut names: Vec<ItemId> = odd.iter().map(|uid| name(uid, 0)).collect();
        names.extend([name("a", 0), name("a", 1), name("a", 2)]);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
