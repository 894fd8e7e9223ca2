//! vCard 3.0 (RFC 2426) and 4.0 (RFC 6350): the same card for servers that want one of them.

mod convert;

use std::borrow::Cow;

use bytes::Bytes;

use super::syntax::{Built, Eol, Item, Node, Property, unfold};
pub(super) use convert::convert;

/// A version of vCard that a server may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VcardVersion {
    /// RFC 2426.
    V3,
    /// RFC 6350.
    V4,
}

impl VcardVersion {
    /// What VERSION says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V3 => "3.0",
            Self::V4 => "4.0",
        }
    }
}

/// The syntax of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// vCard 2.1: parameters without names, quoted-printable.
    Old,
    /// vCard 3.0, or a card that does not say.
    Three,
    Four,
}

impl Dialect {
    /// None if this is no card.
    pub(super) fn of_node(node: &Node<'_>) -> Option<Self> {
        (node.name == "VCARD").then(|| match node.value("VERSION").as_deref() {
            Some("2.1") => Self::Old,
            Some("4.0") => Self::Four,
            _ => Self::Three,
        })
    }
}

impl From<VcardVersion> for Dialect {
    fn from(version: VcardVersion) -> Self {
        match version {
            VcardVersion::V3 => Self::Three,
            VcardVersion::V4 => Self::Four,
        }
    }
}

/// A card in this version; any other content, and a card that has it already, as it is.
///
/// Nothing is lost: what the version lacks becomes an X- property that the way back knows (KIND
/// and MEMBER as Apple's servers call them, ANNIVERSARY, GENDER, RELATED and the like as X-...),
/// or stays. [`equal`](super::equal) holds between the card and what comes of it. Lines that mean
/// the same in both versions keep their bytes.
pub fn to_version(card: &[u8], version: VcardVersion) -> Bytes {
    let Some(mut document) = Node::parse(card) else {
        return Bytes::copy_from_slice(card);
    };
    let eol = Eol::of(card);
    let to = Dialect::from(version);
    let mut changed = false;
    for item in &mut document.items {
        if let Item::Node(node) = item
            && let Some(from) = Dialect::of_node(node).filter(|from| *from != to)
        {
            convert_card(node, from, version, eol);
            changed = true;
        }
    }
    if changed {
        document.print(eol).into()
    } else {
        Bytes::copy_from_slice(card)
    }
}

fn convert_card(card: &mut Node<'_>, from: Dialect, version: VcardVersion, eol: Eol) {
    let to = Dialect::from(version);
    let mut items = vec![line("VERSION", version.as_str(), eol)];
    for item in std::mem::take(&mut card.items) {
        let Item::Line(raw) = item else {
            items.push(item);
            continue;
        };
        let converted = {
            let text = unfold(&raw);
            match Property::parse(&text) {
                Some(property) if property.name.eq_ignore_ascii_case("VERSION") => continue,
                Some(property) => {
                    let before = Built::from(&property);
                    let after = convert(before.clone(), from, to);
                    (after != before).then(|| after.print(eol))
                }
                None => None,
            }
        };
        items.push(Item::Line(converted.map_or(raw, Cow::Owned)));
    }
    card.items = items;
    if to == Dialect::Three && card.value("N").is_none() {
        // RFC 2426 section 3.1.2 wants one; an empty one says nothing.
        card.items.push(line("N", ";;;;", eol));
    }
}

fn line<'a>(name: &str, value: &str, eol: Eol) -> Item<'a> {
    let built = Built {
        name: name.to_owned(),
        value: value.to_owned(),
        ..Built::default()
    };
    Item::Line(Cow::Owned(built.print(eol)))
}
