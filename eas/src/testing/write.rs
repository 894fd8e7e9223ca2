//! Items as clients write them.

use super::clock;
use super::element::{Element, find, put, remove, text};
use super::item::{Attachment, Body, Class, Item};
use super::mail;
use super::profile::Quirk;
use super::rules::Sending;
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{
    AirSyncBase as B, Calendar as C, Contacts as Co, Email as E, Email2 as E2, Notes as N,
    Tasks as T,
};

/// What no omission takes away, and what a server keeps itself.
const KEPT: [Tag; 14] = [
    C::Exceptions,
    C::UID,
    C::DtStamp,
    C::StartTime,
    C::EndTime,
    C::Timezone,
    C::AllDayEvent,
    C::OrganizerEmail,
    C::OrganizerName,
    C::ResponseType,
    C::AppointmentReplyTime,
    C::MeetingStatus,
    Co::Picture,
    Co::WeightedRank,
];

/// Takes the body out of the properties.
pub(super) fn take_body(item: &mut Item) {
    let Some(body) = find(&item.properties, B::Body) else {
        return;
    };
    let body_type = body.number(B::Type).unwrap_or(1);
    let data = body.find(B::Data).unwrap_or_default();
    item.body = (!data.is_empty()).then_some(Body { body_type, data });
    remove(&mut item.properties, B::Body);
}

/// A new item, as the class's own elements and defaults make it.
pub(super) fn create(
    data: &[Element],
    sending: &Sending,
    has: impl Fn(Quirk) -> bool,
    (address, number): (&str, u64),
) -> Item {
    if sending.class == Class::Email {
        return draft(data, address);
    }
    let mut item = Item::new(String::new(), Vec::new());
    item.client_uid = text(data, C::ClientUid);
    replace(&mut item, data, sending, &|_| false);
    remove(&mut item.properties, C::ClientUid);
    if has(Quirk::DropsNewExceptions) {
        remove(&mut item.properties, C::Exceptions);
    }
    let all = &mut item.properties;
    let mut default = |tag: Tag, value: String| {
        if find(all, tag).is_none() {
            all.push(Element::text(tag, value));
        }
    };
    match sending.class {
        Class::Calendar => {
            default(C::UID, format!("{number:032X}"));
            default(C::DtStamp, clock::compact(clock::now()));
            default(C::AllDayEvent, "0".into());
            default(C::Sensitivity, "0".into());
            default(C::BusyStatus, "2".into());
            default(C::MeetingStatus, "0".into());
            default(C::OrganizerEmail, address.to_owned());
        }
        Class::Tasks => {
            default(T::Complete, "0".into());
            default(T::Importance, "1".into());
            default(T::ReminderSet, "0".into());
            default(T::Sensitivity, "0".into());
        }
        Class::Contacts => {
            let names = [text(all, Co::LastName), text(all, Co::FirstName)];
            let names: Vec<String> = names.into_iter().flatten().collect();
            if find(all, Co::FileAs).is_none() && !names.is_empty() {
                all.push(Element::text(Co::FileAs, names.join(", ")));
            }
        }
        Class::Notes => {
            default(N::MessageClass, "IPM.StickyNote".into());
            default(N::LastModifiedDate, clock::compact(clock::now()));
        }
        Class::Email => {}
    }
    item
}

/// Changes an item. `owns` says which elements the client takes care of: one of them that it does not name
/// is to go.
pub(super) fn change(
    item: &mut Item,
    data: &[Element],
    sending: &Sending,
    owns: &dyn Fn(Tag) -> bool,
) {
    let before = rule(item);
    replace(item, data, sending, owns);
    if rule(item) != before && find(data, C::Exceptions).is_none() {
        // Another series has other occurrences.
        remove(&mut item.properties, C::Exceptions);
    }
    let now = clock::compact(clock::now());
    match sending.class {
        Class::Calendar if sending.version >= 160 => {
            put(&mut item.properties, Element::text(C::DtStamp, now));
        }
        Class::Notes => put(
            &mut item.properties,
            Element::text(N::LastModifiedDate, now),
        ),
        Class::Email if item.mime.is_some() && sending.draft => redraft(item),
        _ => {}
    }
}

/// What the occurrences of a series follow from.
fn rule(item: &Item) -> [Option<Element>; 3] {
    [C::StartTime, C::EndTime, C::Recurrence].map(|tag| item.property(tag).cloned())
}

fn replace(item: &mut Item, data: &[Element], sending: &Sending, owns: &dyn Fn(Tag) -> bool) {
    let named = |tag: Tag| match tag {
        C::Location | B::Location => {
            find(data, C::Location).is_some() || find(data, B::Location).is_some()
        }
        _ => find(data, tag).is_some(),
    };
    item.properties
        .retain(|old| named(old.tag) || KEPT.contains(&old.tag) || !owns(old.tag));
    for element in data {
        match element.tag {
            B::Attachments => attach(item, element),
            E::Flag => put(&mut item.properties, element.clone()),
            B::Location | C::Location => locate(&mut item.properties, element),
            C::Exceptions if !element.is_empty() => {
                put(&mut item.properties, exceptions(element, sending.version));
            }
            tag if element.is_empty() => remove(&mut item.properties, tag),
            _ => put(&mut item.properties, element.clone()),
        }
    }
    take_body(item);
}

/// Keeps a location in both forms: the one of 14.1, and the one of 16.0, which knows more.
fn locate(all: &mut Vec<Element>, location: &Element) {
    remove(all, C::Location);
    remove(all, B::Location);
    let name = match location.tag {
        B::Location => location.find(B::DisplayName).unwrap_or_default(),
        _ => location.string(),
    };
    if !name.is_empty() {
        all.push(Element::text(C::Location, name));
    }
    if location.tag == B::Location && location.children.len() > 1 {
        all.push(location.clone());
    }
}

/// Exceptions, in the form of 14.1.
fn exceptions(element: &Element, version: u16) -> Element {
    let mut all = element.clone();
    for exception in &mut all.children {
        if version >= 160 {
            old_exception(exception);
        }
    }
    all
}

fn old_exception(exception: &mut Element) {
    for child in &mut exception.children {
        if child.tag == B::InstanceId {
            child.tag = C::ExceptionStartTime;
        }
    }
    if let Some(location) = exception.child(B::Location).cloned() {
        locate(&mut exception.children, &location);
    }
}

/// Changes one occurrence of a series, or deletes it.
pub(super) fn change_instance(item: &mut Item, instance: &str, data: Option<&[Element]>) {
    let mut all = item
        .property(C::Exceptions)
        .cloned()
        .unwrap_or_else(|| Element::empty(C::Exceptions));
    let found = all
        .children
        .iter()
        .position(|e| e.find(C::ExceptionStartTime).as_deref() == Some(instance));
    let start = Element::text(C::ExceptionStartTime, instance);
    let mut exception = match found {
        Some(at) => all.children.remove(at),
        None => Element::new(C::Exception, [start.clone()]),
    };
    match data {
        None => {
            exception.children = vec![Element::text(C::Deleted, "1"), start];
        }
        Some(data) => {
            remove(&mut exception.children, C::Deleted);
            for element in data {
                match element.tag {
                    B::Location => locate(&mut exception.children, element),
                    _ => put(&mut exception.children, element.clone()),
                }
            }
        }
    }
    all.push(exception);
    put(&mut item.properties, all);
}

/// Adds and removes files ([MS-ASAIRS] section 2.2.2.8).
fn attach(item: &mut Item, attachments: &Element) {
    for one in &attachments.children {
        match one.tag {
            B::Add => item.attachments.push(Attachment {
                reference: String::new(),
                name: one.find(B::DisplayName).unwrap_or_default(),
                content_type: one
                    .find(B::ContentType)
                    .unwrap_or_else(|| "application/octet-stream".to_owned()),
                method: one.number(B::Method).unwrap_or(1),
                content_id: one.find(B::ContentId),
                content: one
                    .child(B::Content)
                    .map_or_else(Vec::new, |c| c.value.clone()),
            }),
            _ => {
                let reference = one.find(B::FileReference);
                item.attachments
                    .retain(|a| Some(&a.reference) != reference.as_ref());
            }
        }
    }
}

/// A draft, from its bytes or its parts.
fn draft(data: &[Element], address: &str) -> Item {
    let body = find(data, B::Body);
    let content = body.and_then(|body| body.child(B::Data));
    let content = content.map_or_else(Vec::new, |data| data.value.clone());
    let mime = match body.and_then(|body| body.find(B::Type)).as_deref() {
        Some("4") => content,
        kind => {
            let kind = if kind == Some("2") { "html" } else { "plain" };
            let mut text = format!("From: {address}\r\n");
            for (tag, name) in [
                (E::To, "To"),
                (E::Cc, "Cc"),
                (E2::Bcc, "Bcc"),
                (E::ReplyTo, "Reply-To"),
                (E::Subject, "Subject"),
            ] {
                if let Some(value) = super::element::text(data, tag) {
                    text += &format!("{name}: {value}\r\n");
                }
            }
            text += &format!("Content-Type: text/{kind}; charset=utf-8\r\n\r\n");
            let mut bytes = text.into_bytes();
            bytes.extend(content);
            bytes
        }
    };
    let mut item = mail::item(&mime, clock::now());
    item.properties.push(Element::text(E2::IsDraft, "1"));
    for tag in [E2::Bcc, E::Importance, E::Read, E::Flag, E::Categories] {
        if let Some(element) = find(data, tag) {
            put(&mut item.properties, element.clone());
        }
    }
    if let Some(files) = find(data, B::Attachments) {
        attach(&mut item, files);
    }
    item
}

/// Makes a draft's bytes anew from its properties and its new body.
fn redraft(item: &mut Item) {
    let old = item.mime.take().unwrap_or_default();
    let message = super::mime::Message::parse(&old);
    let (kind, data) = match item.body.take() {
        Some(body) => (body.body_type, body.data),
        None => (1, message.text.unwrap_or_default()),
    };
    let mut data_elements = item.properties.clone();
    data_elements.push(Element::new(
        B::Body,
        [
            Element::text(B::Type, kind.to_string()),
            Element::text(B::Data, data),
        ],
    ));
    let from = message.attachments;
    let address = item.text(E::From).unwrap_or_default();
    let made = draft(&data_elements, &address);
    item.mime = made.mime;
    item.properties = made.properties;
    if item.attachments.is_empty() {
        item.attachments = from;
    }
}

/// Whether a change is of a mail's flags alone.
pub(super) fn is_flags(data: &[Element]) -> bool {
    let flags = [E::Read, E::Flag, E::Categories];
    data.iter().all(|element| flags.contains(&element.tag))
}
