//! Items, as a client of some version wants to see them.

use super::element::{Element, remove, text};
use super::invitation::{self, Invitation};
use super::item::{Class, Item};
use super::mime::{Message, plain};
use super::options::{Options, Preference};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{AirSyncBase as B, Calendar as C, Email as E, Email2 as E2};

/// Everything of an item that the version knows: the children of `ApplicationData`.
pub(super) fn properties(
    item: &Item,
    class: Class,
    version: u16,
    options: &Options,
) -> Vec<Element> {
    let mut all = item.properties.clone();
    match class {
        Class::Email => mail(&mut all, item, version),
        Class::Calendar => event(&mut all, version),
        Class::Contacts | Class::Tasks | Class::Notes => {}
    }
    if !item.attachments.is_empty() && (class == Class::Email || version >= 160) {
        all.push(attachments(item));
    }
    all.extend(body(item, options));
    all
}

/// What of a mail may change later.
pub(super) fn flags(item: &Item, version: u16) -> Vec<Element> {
    let mut tags = vec![E::Read, E::Flag, E::Categories];
    if version >= 140 {
        tags.push(E2::LastVerbExecuted);
    }
    let of = |tag: &Tag| item.property(*tag).cloned();
    tags.iter().filter_map(of).collect()
}

fn mail(all: &mut Vec<Element>, item: &Item, version: u16) {
    if version < 140 {
        all.retain(|element| element.tag.page() != E2::Sender.page());
        remove(all, E::Categories);
    }
    if version < 160 {
        remove(all, E2::IsDraft);
        remove(all, E2::Bcc);
    } else if let Some(meeting) = all.iter_mut().find(|e| e.tag == E::MeetingRequest) {
        let message = Message::parse(item.mime.as_deref().unwrap_or_default());
        let invited = message.calendar.as_deref().and_then(Invitation::parse);
        invitation::modern(meeting, &invited.unwrap_or_default().uid);
    }
}

fn event(all: &mut Vec<Element>, version: u16) {
    if version < 160 {
        remove(all, B::Location);
        return;
    }
    place(all);
    if text(all, C::AllDayEvent).as_deref() == Some("1") {
        remove(all, C::Timezone);
    }
    let exceptions = all.iter_mut().filter(|e| e.tag == C::Exceptions);
    for exception in exceptions.flat_map(|e| e.children.iter_mut()) {
        for child in &mut exception.children {
            if child.tag == C::ExceptionStartTime {
                child.tag = B::InstanceId;
            }
        }
        place(&mut exception.children);
    }
}

/// The location, as from 16.0 on.
fn place(all: &mut Vec<Element>) {
    let name = text(all, C::Location);
    remove(all, C::Location);
    let there = all.iter().any(|e| e.tag == B::Location);
    if let Some(name) = name.filter(|_| !there) {
        all.push(Element::new(
            B::Location,
            [Element::text(B::DisplayName, name)],
        ));
    }
}

fn attachments(item: &Item) -> Element {
    let one = |a: &super::item::Attachment| {
        let mut all = vec![
            Element::text(B::DisplayName, &a.name),
            Element::text(B::FileReference, &a.reference),
            Element::text(B::Method, a.method.to_string()),
            Element::text(B::EstimatedDataSize, a.content.len().to_string()),
        ];
        if let Some(id) = &a.content_id {
            all.push(Element::text(B::ContentId, id.trim_matches(['<', '>'])));
            all.push(Element::text(B::IsInline, "1"));
        }
        Element::new(B::Attachment, all)
    };
    Element::new(B::Attachments, item.attachments.iter().map(one))
}

/// The body in the form that is wanted, and what form it has by nature. Nothing where none is wanted.
fn body(item: &Item, options: &Options) -> Vec<Element> {
    let mut forms: Vec<(u8, Vec<u8>)> = Vec::new();
    let native = match (&item.mime, &item.body) {
        (Some(mime), _) => {
            let message = Message::parse(mime);
            let native = if message.html.is_some() { 2 } else { 1 };
            let text = message.text.or_else(|| message.html.as_deref().map(plain));
            forms.push((1, text.unwrap_or_default().into_bytes()));
            forms.extend(message.html.map(|html| (2, html.into_bytes())));
            if options.mime == 2 {
                forms.push((4, mime.clone()));
            }
            native
        }
        (None, Some(body)) => {
            if body.body_type == 2 {
                forms.push((1, plain(&body.data).into_bytes()));
            }
            forms.push((body.body_type, body.data.clone().into_bytes()));
            body.body_type
        }
        (None, None) => return Vec::new(),
    };
    let Some((preference, data)) = choose(&forms, native, &options.bodies) else {
        return Vec::new();
    };
    let limit = match preference.body_type {
        4 => preference.truncation.or(options.mime_truncation),
        _ => preference.truncation,
    };
    let shown = cut(data, limit);
    let truncated = shown.len() < data.len();
    let mut all = vec![
        Element::text(B::Type, preference.body_type.to_string()),
        Element::text(B::EstimatedDataSize, data.len().to_string()),
    ];
    if truncated {
        all.push(Element::text(B::Truncated, "1"));
    }
    if !shown.is_empty() {
        all.push(Element {
            value: shown.to_vec(),
            opaque: preference.body_type == 4,
            ..Element::empty(B::Data)
        });
    }
    if let Some(length) = preference.preview {
        let text = forms.iter().find(|(kind, _)| *kind == 1);
        let text = text.map_or(&[][..], |(_, data)| cut(data, Some(length)));
        all.push(Element::text(B::Preview, String::from_utf8_lossy(text)));
    }
    vec![
        Element::new(B::Body, all),
        Element::text(B::NativeBodyType, native.to_string()),
    ]
}

/// MIME where it is wanted and allowed, else the natural form where it is wanted and fits, else a lower
/// one.
fn choose<'a>(
    forms: &'a [(u8, Vec<u8>)],
    native: u8,
    wanted: &[Preference],
) -> Option<(Preference, &'a [u8])> {
    let of = |body_type: u8| {
        let preference = wanted.iter().find(|p| p.body_type == body_type)?;
        let (_, data) = forms.iter().find(|(kind, _)| *kind == body_type)?;
        let fits = !preference.all_or_none || preference.truncation.is_none_or(|n| data.len() <= n);
        fits.then_some((*preference, data.as_slice()))
    };
    [4, native, 2, 1].into_iter().find_map(of)
}

/// The beginning of a text, without half a character.
fn cut(data: &[u8], limit: Option<usize>) -> &[u8] {
    let Some(mut end) = limit.filter(|limit| *limit < data.len()) else {
        return data;
    };
    while end > 0 && data.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end = end.saturating_sub(1);
    }
    data.get(..end).unwrap_or_default()
}
