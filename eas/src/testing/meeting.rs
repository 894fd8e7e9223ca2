//! MeetingResponse ([MS-ASCMD] section 2.2.1.11).

use super::account::{Account, Folder};
use super::call::{Answer, Call};
use super::clock::parse_extended;
use super::compose::send;
use super::element::{Element, put, text};
use super::invitation::Invitation;
use super::item::{Class, Item};
use super::mime::Message;
use super::operations::folder_of;
use crate::wire::wbxml::pages::{Calendar as C, Email as E, MeetingResponse as M, Search as S};

const INVALID: u16 = 2;

pub(super) fn respond(call: &Call<'_>, account: &mut Account) -> Answer {
    let Some(root) = call.root(M::MeetingResponse) else {
        return super::carry_out::refuse("MeetingResponse", 103);
    };
    let mut results = Vec::new();
    for request in root.children_of(M::Request) {
        let ids = [M::RequestId, S::LongId];
        let mut said: Vec<Element> = ids
            .into_iter()
            .filter_map(|tag| request.child(tag).cloned())
            .collect();
        let (code, calendar) = match answer(call, account, request) {
            Ok(calendar) => (1, calendar),
            Err(code) => (code, None),
        };
        said.push(Element::text(M::Status, code.to_string()));
        said.extend(calendar.map(|id| Element::text(M::CalendarId, id)));
        results.push(Element::new(M::Result, said));
    }
    Answer::Tree(Element::new(M::MeetingResponse, results))
}

/// The appointment that comes of an answer; none that comes of a refusal.
fn answer(
    call: &Call<'_>,
    account: &mut Account,
    request: &Element,
) -> Result<Option<String>, u16> {
    let told: u8 = request.number(M::UserResponse).ok_or(INVALID)?;
    if !(1..=3).contains(&told) {
        return Err(INVALID);
    }
    let id = request
        .find(M::RequestId)
        .or_else(|| request.find(S::LongId));
    let id = id.ok_or(INVALID)?;
    let folder = request
        .find(M::CollectionId)
        .or_else(|| folder_of(account, &id));
    let folder = folder.ok_or(INVALID)?;
    let item = account.item(&folder, &id).ok_or(INVALID)?.clone();
    if let Some(instance) = request.find(M::InstanceId) {
        parse_extended(&instance).ok_or(104_u16)?;
        if item.property(C::Recurrence).is_none() {
            return Err(146);
        }
    }
    let class = account.folders.get(&folder).and_then(Folder::class);
    let (organizer, calendar) = match class {
        Some(Class::Email) => from_mail(account, &folder, &item, told)?,
        Some(Class::Calendar) if call.version >= 141 => {
            let organizer = text(&item.properties, C::OrganizerEmail).unwrap_or_default();
            if organizer == account.address {
                return Err(INVALID);
            }
            (organizer, in_calendar(account, &folder, &id, told))
        }
        _ => return Err(INVALID),
    };
    // From 16.0 on the server tells the organizer, if it is asked to.
    if call.version >= 160 && request.child(M::SendResponse).is_some() {
        let mime = format!("To: {organizer}\r\nSubject: {told}\r\n\r\n").into_bytes();
        send(account, "MeetingResponse", mime, vec![organizer], false);
    }
    Ok(calendar)
}

/// The invitation leaves its folder, and the appointment comes into the calendar.
fn from_mail(
    account: &mut Account,
    folder: &str,
    item: &Item,
    told: u8,
) -> Result<(String, Option<String>), u16> {
    let message = Message::parse(item.mime.as_deref().unwrap_or_default());
    let invitation = message.calendar.as_deref().and_then(Invitation::parse);
    let invitation = invitation.ok_or(INVALID)?;
    let meeting = item.property(E::MeetingRequest).ok_or(INVALID)?;
    let organizer = meeting.find(E::Organizer).unwrap_or_default();
    let calendar = account.of_type(8).ok_or(3_u16)?;
    let same = |item: &&Item| item.text(C::UID).as_ref() == Some(&invitation.uid);
    let there = account.folders.get(&calendar);
    let there = there.and_then(|folder| folder.items.values().find(same));
    let there = there.map(|item| item.id.clone());
    account.discard(folder, &item.id, true);
    let id = match (there, told) {
        (Some(id), _) => in_calendar(account, &calendar, &id, told),
        (None, 3) => None,
        (None, _) => {
            let item = Item::new(String::new(), invitation.event(told));
            account.add(&calendar, item)
        }
    };
    Ok((organizer, id))
}

fn in_calendar(account: &mut Account, folder: &str, id: &str, told: u8) -> Option<String> {
    if told == 3 {
        account.delete(folder, id);
        return None;
    }
    account.change(folder, id, false, |item| {
        let (busy, response) = if told == 1 { ("2", "3") } else { ("1", "2") };
        put(&mut item.properties, Element::text(C::BusyStatus, busy));
        put(
            &mut item.properties,
            Element::text(C::ResponseType, response),
        );
    });
    Some(id.to_owned())
}
