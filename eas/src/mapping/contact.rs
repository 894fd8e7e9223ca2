//! Contacts to and from vCard 3.0 ([MS-ASCNTC]; RFC 2426, with the properties of RFC 6350 under the
//! names that the field uses in 3.0).
//!
//! What ActiveSync cannot hold: a UID, groups, more than three addresses of mail and of messengers, more than
//! two numbers each at work and at home, more than one postal address of a kind, its box and its
//! extension (they are lines of the street), units beyond the first of ORG, several values of a part of N,
//! a date without a year, a picture that is elsewhere, KIND, MEMBER, GEO, TZ, KEY, LANG, SOUND, LOGO, ROLE,
//! parameters, properties of one's own. None of them is written, and so none is ever missed: the merge
//! takes only what changed here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::content::{Component, Property, escape, listed, structured};
use crate::wire::DateTime;
use crate::wire::class::{Body, Contact};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{Contacts as C, Contacts2 as C2};

/// The longest picture that Exchange takes, as base64 ([MS-ASCNTC] section 2.2.2.56).
const LONGEST_PICTURE: usize = 48 * 1024;

/// Numbers, with the words that TYPE has for them; the first that fits is taken.
const NUMBERS: [(Tag, &[&str]); 14] = [
    (C::BusinessFaxNumber, &["FAX", "WORK"]),
    (C::HomeFaxNumber, &["FAX", "HOME"]),
    (C::PagerNumber, &["PAGER"]),
    (C::CarPhoneNumber, &["CAR"]),
    (C::MobilePhoneNumber, &["CELL"]),
    (C::RadioPhoneNumber, &["X-RADIO"]),
    (C::AssistantPhoneNumber, &["X-ASSISTANT"]),
    (C2::MMS, &["X-MMS"]),
    (C2::CompanyMainPhone, &["WORK", "MAIN"]),
    (C::BusinessPhoneNumber, &["WORK"]),
    (C::Business2PhoneNumber, &["WORK"]),
    (C::HomePhoneNumber, &["HOME"]),
    (C::Home2PhoneNumber, &["HOME"]),
    (C::BusinessFaxNumber, &["FAX"]),
];

/// Where a number goes that says nothing of itself.
const ANY_NUMBER: [Tag; 3] = [
    C::MobilePhoneNumber,
    C::HomePhoneNumber,
    C::BusinessPhoneNumber,
];

const MAILS: [Tag; 3] = [C::Email1Address, C::Email2Address, C::Email3Address];
const MESSENGERS: [Tag; 3] = [C2::IMAddress, C2::IMAddress2, C2::IMAddress3];

/// Street, city, state, code, country.
const ADDRESSES: [(&str, [Tag; 5]); 3] = [
    (
        "WORK",
        [
            C::BusinessAddressStreet,
            C::BusinessAddressCity,
            C::BusinessAddressState,
            C::BusinessAddressPostalCode,
            C::BusinessAddressCountry,
        ],
    ),
    (
        "HOME",
        [
            C::HomeAddressStreet,
            C::HomeAddressCity,
            C::HomeAddressState,
            C::HomeAddressPostalCode,
            C::HomeAddressCountry,
        ],
    ),
    (
        "",
        [
            C::OtherAddressStreet,
            C::OtherAddressCity,
            C::OtherAddressState,
            C::OtherAddressPostalCode,
            C::OtherAddressCountry,
        ],
    ),
];

/// Texts that are one property each.
const TEXTS: [(Tag, &str); 8] = [
    (C2::NickName, "NICKNAME"),
    (C::JobTitle, "TITLE"),
    (C::Spouse, "X-SPOUSE"),
    (C::AssistantName, "X-ASSISTANT"),
    (C2::ManagerName, "X-MANAGER"),
    (C::OfficeLocation, "X-OFFICE"),
    (C::YomiFirstName, "X-PHONETIC-FIRST-NAME"),
    (C::YomiLastName, "X-PHONETIC-LAST-NAME"),
];

/// RELATED's TYPE for those of [`TEXTS`] that vCard 4.0 says so.
const RELATED: [(Tag, &str); 3] = [
    (C::Spouse, "spouse"),
    (C::AssistantName, "x-assistant"),
    (C2::ManagerName, "x-manager"),
];

/// A contact as a vCard, under a UID that its holder gives it: ActiveSync has none.
pub fn to_vcard(contact: &Contact, uid: &str) -> Vec<u8> {
    let values = &contact.values;
    let text = |tag| values.text(tag).unwrap_or_default().trim();
    let mut card = Component::new("VCARD");
    card.push(Property::new("VERSION", "3.0"));
    card.push_text("UID", uid);
    card.push(Property::new("FN", escape(&full_name(contact))));
    card.push(Property::new(
        "N",
        structured(&[
            text(C::LastName),
            text(C::FirstName),
            text(C::MiddleName),
            text(C::Title),
            text(C::Suffix),
        ]),
    ));
    let (company, department) = (text(C::CompanyName), text(C::Department));
    match (company, department) {
        ("", "") => {}
        (_, "") => card.push(Property::new("ORG", escape(company))),
        _ => card.push(Property::new("ORG", structured(&[company, department]))),
    }
    for (tag, name) in TEXTS {
        card.push_text(name, text(tag));
    }
    for tag in MAILS {
        let address = bare_address(text(tag));
        if !address.is_empty() {
            card.push(Property::new("EMAIL", escape(address)).with("TYPE", "INTERNET"));
        }
    }
    let mut seen = Vec::new();
    for (tag, types) in NUMBERS {
        let number = text(tag);
        if number.is_empty() || seen.contains(&tag) {
            continue;
        }
        seen.push(tag);
        let types = types
            .iter()
            .fold(Property::new("TEL", escape(number)), |property, word| {
                property.with("TYPE", word)
            });
        card.push(types);
    }
    for (kind, tags) in ADDRESSES {
        let parts = tags.map(text);
        if parts.iter().all(|part| part.is_empty()) {
            continue;
        }
        let [street, city, state, code, country] = parts;
        let value = structured(&["", "", street, city, state, code, country]);
        let property = Property::new("ADR", value);
        card.push(match kind {
            "" => property,
            kind => property.with("TYPE", kind),
        });
    }
    for tag in MESSENGERS {
        let address = text(tag);
        if !address.is_empty() {
            card.push(Property::new("IMPP", messenger_uri(address)));
        }
    }
    if !text(C::WebPage).is_empty() {
        card.push(Property::new("URL", text(C::WebPage)));
    }
    for (tag, name) in [(C::Birthday, "BDAY"), (C::Anniversary, "X-ANNIVERSARY")] {
        if let Some(date) = values.date(tag) {
            let (year, month, day) = whole_day(date).date();
            card.push(Property::new(
                name,
                format!("{year:04}-{month:02}-{day:02}"),
            ));
        }
    }
    for child in contact.children.iter().flatten() {
        card.push_text("X-CHILD", child);
    }
    let categories = contact.categories.as_deref().unwrap_or_default();
    if !categories.is_empty() {
        card.push(Property::new("CATEGORIES", listed(categories)));
    }
    card.push_text("NOTE", &note(contact.body.as_ref()));
    let picture: String = text(C::Picture).split_whitespace().collect();
    if !picture.is_empty() {
        let kind = picture_type(&picture);
        let photo = Property::new("PHOTO", picture);
        card.push(photo.with("ENCODING", "b").with("TYPE", kind));
    }
    card.print()
}

/// A vCard of any version as a contact, complete: what it does not have, the contact shall not have
/// either. `None` for anything that is no vCard.
pub fn from_vcard(content: &[u8]) -> Option<Contact> {
    let cards = Component::parse(content);
    let card = cards.iter().find(|component| component.name == "VCARD")?;
    let mut contact = Contact::default();
    let mut set = |tag: Tag, text: &str| {
        if !text.trim().is_empty() {
            contact.values.set(tag, text.trim());
        }
    };
    if let Some(name) = card.text("FN") {
        set(C::FileAs, &name);
    }
    if let Some(n) = card.get("N") {
        let tags = [
            C::LastName,
            C::FirstName,
            C::MiddleName,
            C::Title,
            C::Suffix,
        ];
        for (index, tag) in tags.into_iter().enumerate() {
            set(tag, &n.part(index));
        }
    }
    if let Some(org) = card.get("ORG") {
        set(C::CompanyName, &org.part(0));
        set(C::Department, &org.part(1));
    }
    for (tag, name) in TEXTS {
        if let Some(text) = card.text(name) {
            set(tag, &text);
        }
    }
    for related in card.all("RELATED") {
        let found = RELATED.iter().find(|(_, word)| related.is_type(word));
        if let (Some((tag, _)), Some("text")) = (found, related.param("VALUE")) {
            set(*tag, &related.text());
        }
    }
    for (tag, mail) in MAILS.into_iter().zip(preferred_first(card, "EMAIL")) {
        set(tag, &mail.text());
    }
    for (tag, messenger) in MESSENGERS.into_iter().zip(card.all("IMPP")) {
        let uri = messenger.text();
        set(tag, uri.strip_prefix("xmpp:").unwrap_or(&uri));
    }
    let urls = card.text("URL");
    urls.iter().for_each(|url| set(C::WebPage, url));
    set_numbers(card, &mut contact);
    set_addresses(card, &mut contact);
    set_dates(card, &mut contact);
    let categories: Vec<String> = card.all("CATEGORIES").flat_map(Property::list).collect();
    contact.categories = (!categories.is_empty()).then_some(categories);
    let children: Vec<String> = card
        .all("X-CHILD")
        .chain(
            card.all("RELATED")
                .filter(|related| related.is_type("child")),
        )
        .map(Property::text)
        .collect();
    contact.children = (!children.is_empty()).then_some(children);
    if let Some(photo) = card.get("PHOTO").and_then(picture) {
        contact.values.set(C::Picture, photo);
    }
    contact.body = Some(Body::text(
        card.text("NOTE").unwrap_or_default().replace('\n', "\r\n"),
    ));
    Some(contact)
}

fn set_numbers(card: &Component, contact: &mut Contact) {
    let mut rest = Vec::new();
    for tel in preferred_first(card, "TEL") {
        let number = tel.text();
        let number = number.strip_prefix("tel:").unwrap_or(&number).trim();
        if number.is_empty() {
            continue;
        }
        let free = |tag: Tag| contact.values.get(tag).is_none();
        let fits = |(tag, types): &&(Tag, &[&str])| {
            types.iter().all(|word| tel.is_type(word)) && free(*tag)
        };
        let is_plain = !NUMBERS
            .iter()
            .any(|(_, types)| types.iter().all(|word| tel.is_type(word)));
        match NUMBERS.iter().find(fits) {
            Some((tag, _)) => contact.values.set(*tag, number),
            None if is_plain => rest.push(number.to_owned()),
            None => {}
        }
    }
    for number in rest {
        let free = ANY_NUMBER
            .into_iter()
            .find(|tag| contact.values.get(*tag).is_none());
        if let Some(tag) = free {
            contact.values.set(tag, number);
        }
    }
}

fn set_addresses(card: &Component, contact: &mut Contact) {
    for adr in preferred_first(card, "ADR") {
        let Some((_, tags)) = ADDRESSES
            .iter()
            .find(|(kind, _)| kind.is_empty() || adr.is_type(kind))
        else {
            continue;
        };
        if tags.iter().any(|tag| contact.values.get(*tag).is_some()) {
            continue;
        }
        let lines = [adr.part(0), adr.part(1), adr.part(2)];
        let street = lines.iter().filter(|line| !line.is_empty());
        let street = street.cloned().collect::<Vec<_>>().join("\n");
        let parts = [street, adr.part(3), adr.part(4), adr.part(5), adr.part(6)];
        for (tag, part) in tags.iter().zip(parts) {
            if !part.is_empty() {
                contact.values.set(*tag, part);
            }
        }
    }
}

fn set_dates(card: &Component, contact: &mut Contact) {
    let anniversary = ["X-ANNIVERSARY", "ANNIVERSARY"];
    let anniversary = anniversary.iter().find_map(|name| card.get(name));
    for (tag, property) in [
        (C::Birthday, card.get("BDAY")),
        (C::Anniversary, anniversary),
    ] {
        // A date without a year cannot be said.
        if let Some(date) = property.and_then(|p| DateTime::parse(p.value.get(..10)?)) {
            contact.values.set(tag, date.extended().to_string());
        } else if let Some(date) = property.and_then(|p| DateTime::parse(p.value.get(..8)?)) {
            contact.values.set(tag, date.extended().to_string());
        }
    }
}

/// The name shown. Exchange files people as `Doe, Jane`, which is no way to call somebody.
fn full_name(contact: &Contact) -> String {
    let text = |tag| contact.values.text(tag).unwrap_or_default().trim();
    let (first, last) = (text(C::FirstName), text(C::LastName));
    let file_as = text(C::FileAs);
    let reversed = [
        format!("{last}, {first}"),
        format!("{last}, {first} {}", text(C::MiddleName)),
    ];
    let is_reversed =
        !first.is_empty() && !last.is_empty() && reversed.iter().any(|r| r == file_as);
    if !file_as.is_empty() && !is_reversed {
        return file_as.to_owned();
    }
    let parts = [
        text(C::Title),
        first,
        text(C::MiddleName),
        last,
        text(C::Suffix),
    ];
    let composed = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let others = [text(C::CompanyName), bare_address(text(C::Email1Address))];
    [composed.as_str()]
        .into_iter()
        .chain(others)
        .find(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// `a@b` of `"Name" <a@b>`.
fn bare_address(text: &str) -> &str {
    let inner = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(address, _)| address.trim());
    inner.unwrap_or(text)
}

fn messenger_uri(address: &str) -> String {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme);
    let is_uri =
        scheme.is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric()));
    match is_uri {
        true => address.to_owned(),
        false => format!("xmpp:{address}"),
    }
}

/// Properties of a name, what is preferred first, else as they come.
fn preferred_first<'a>(card: &'a Component, name: &'a str) -> Vec<&'a Property> {
    let is_preferred = |p: &Property| p.is_type("PREF") || p.param("PREF") == Some("1");
    let mut all: Vec<_> = card.all(name).collect();
    all.sort_by_key(|p| !is_preferred(p));
    all
}

/// The day that is meant: servers store some moment of it, often midnight somewhere to the west or
/// the east.
fn whole_day(date: DateTime) -> DateTime {
    const DAY: i64 = 86_400;
    let day = (date.seconds + DAY / 2).div_euclid(DAY) * DAY;
    DateTime::new(day)
}

/// The note, with line ends as iCalendar and vCard have them.
pub(super) fn note(body: Option<&Body>) -> String {
    let data = body
        .and_then(|body| body.data.as_deref())
        .unwrap_or_default();
    let text = String::from_utf8_lossy(data)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    text.trim_end_matches('\n').to_owned()
}

fn picture_type(base64: &str) -> &'static str {
    match base64.get(..4) {
        Some("iVBO") => "PNG",
        Some("R0lG") => "GIF",
        _ => "JPEG",
    }
}

/// The bytes of a picture that is in the card, in base64; none for one that is elsewhere, is no
/// picture, or is too long for a server to take.
fn picture(photo: &Property) -> Option<String> {
    let data = match photo.value.strip_prefix("data:") {
        Some(uri) => uri.split_once(";base64,")?.1,
        None if photo.param("ENCODING").is_some() => &photo.value,
        None => return None,
    };
    let clean: String = data.split_whitespace().collect();
    let bytes = STANDARD.decode(clean).ok()?;
    let base64 = STANDARD.encode(bytes);
    (base64.len() <= LONGEST_PICTURE).then_some(base64)
}
