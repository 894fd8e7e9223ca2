//! The commands within a Sync ([MS-ASCMD] section 2.2.3.32): what a device changed.

use std::collections::BTreeMap;

use super::account::{Account, Done, Known, Sent, Synced};
use super::call::{Call, in_order};
use super::clock::parse_compact;
use super::element::{Element, find, text};
use super::item::{Class, Item};
use super::mime::Message;
use super::options::{Options, Preference};
use super::profile::Quirk;
use super::rules::{self, Sending};
use super::{render, sync, write};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{AirSync as A, AirSyncBase as B, Calendar as C, Email2 as E2};

/// Two commands for one item in one request.
const AGAIN: u16 = 16;
const NOT_FOUND: u16 = 8;
const CONFLICT: u16 = 7;
/// The item cannot be taken as it is.
const INVALID: u16 = 6;
/// A draft without recipients, or with one that is no address.
const NO_RECIPIENTS: u16 = 183;
const OK: u16 = 1;

/// What the commands of one folder work on.
pub(super) struct Commands<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) account: &'a mut Account,
    pub(super) folder: &'a str,
    pub(super) class: Class,
    pub(super) synced: &'a Synced,
    /// What the device will know.
    pub(super) known: &'a mut Known,
    /// What a request with this key did already.
    pub(super) done: &'a mut Done,
    /// Whether deleted mail goes to Deleted Items.
    pub(super) discards: bool,
    /// Whether the request has options.
    pub(super) optioned: bool,
}

impl Commands<'_> {
    /// Carries the commands out, and answers those that want it.
    ///
    /// # Errors
    /// The status of the folder, where a command is not as the schema has it.
    pub(super) fn carry_out(&mut self, commands: &Element) -> Result<Vec<Element>, u16> {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for command in &commands.children {
            check(command)?;
            if let Some(id) = command.find(A::ServerId) {
                let times = times.entry(id).or_default();
                *times = times.saturating_add(1);
            }
            if let Some(name) = command.find(A::ClientId) {
                let times = names.entry(name).or_default();
                *times = times.saturating_add(1);
            }
        }
        if names.values().any(|times| *times > 1) {
            return Err(4);
        }
        let mut seen: BTreeMap<String, ()> = BTreeMap::new();
        let mut responses = Vec::new();
        for command in &commands.children {
            let id = command.find(A::ServerId).unwrap_or_default();
            let twice = times.get(&id).is_some_and(|times| *times > 1);
            let first = seen.insert(id.clone(), ()).is_none();
            // Of several commands for one item the first is carried out, and all are refused.
            if twice && !first {
                responses.push(response(command, AGAIN));
                continue;
            }
            let answer = match command.tag {
                A::Add => Some(self.add(command)),
                A::Change => self.change(command, &id),
                A::Delete => self.delete(command, &id),
                _ => Some(self.fetch(command, &id)),
            };
            match (twice, answer) {
                (true, _) => responses.push(response(command, AGAIN)),
                (false, answer) => responses.extend(answer),
            }
        }
        Ok(responses)
    }

    fn sending(&self, new: bool, instance: bool) -> Sending {
        let folder = self.account.folders.get(self.folder);
        Sending {
            class: self.class,
            version: self.call.version,
            new,
            instance,
            draft: folder.is_some_and(|folder| folder.place.folder_type == 3),
        }
    }

    fn add(&mut self, command: &Element) -> Element {
        let name = command.find(A::ClientId).unwrap_or_default();
        let answer = |rest: Vec<Element>| {
            let mut all = vec![Element::text(A::ClientId, &name)];
            all.extend(rest);
            Element::new(A::Add, all)
        };
        let status = |code: u16| Element::text(A::Status, code.to_string());
        if let Some(id) = self.done.added.get(&name).cloned() {
            return answer(self.added(&id, None));
        }
        let empty = Element::empty(A::ApplicationData);
        let data = command.child(A::ApplicationData).unwrap_or(&empty);
        let sending = self.sending(true, false);
        if let Err(code) = rules::check(&data.children, &sending) {
            return answer(vec![status(code)]);
        }
        let uid = text(&data.children, C::ClientUid);
        if let Some(id) = uid.and_then(|uid| self.of_uid(&uid)) {
            return answer(self.added(&id, None));
        }
        let number = self.account.number();
        let has = |quirk| self.call.profile.has(quirk);
        let address = (self.account.address.as_str(), number);
        let mut item = write::create(&data.children, &sending, has, address);
        if command.child(E2::Send).is_some() {
            if let Err(code) = sendable(&item, &sending) {
                return answer(vec![status(code)]);
            }
            self.send(&item);
            return answer(vec![status(OK)]);
        }
        if sending.version >= 160 {
            self.invite(&mut item);
        }
        let Some(id) = self.account.add(self.folder, item) else {
            return answer(vec![status(5)]);
        };
        self.remember(&id);
        self.done.added.insert(name.clone(), id.clone());
        answer(self.added(&id, Some(data)))
    }

    /// What is told of an item that was added.
    fn added(&mut self, id: &str, data: Option<&Element>) -> Vec<Element> {
        let mut all = vec![
            Element::text(A::ServerId, id),
            Element::text(A::Status, "1"),
        ];
        self.remember(id);
        let Some(item) = self.account.item(self.folder, id) else {
            return all;
        };
        let mut told: Vec<Element> = Vec::new();
        let made: &[Tag] = match self.class {
            Class::Calendar => &[C::UID, C::DtStamp],
            Class::Email => &[E2::ConversationId],
            _ => &[],
        };
        if self.call.version >= 160 {
            told.extend(made.iter().filter_map(|tag| item.property(*tag).cloned()));
        }
        told.extend(data.and_then(|data| sync::uploaded(data, &references(item))));
        if !told.is_empty() {
            all.push(Element::new(A::ApplicationData, told));
        }
        all
    }

    fn change(&mut self, command: &Element, id: &str) -> Option<Element> {
        let refuse = |code: u16| Some(response(command, code));
        let Some(item) = self.account.item(self.folder, id) else {
            return refuse(NOT_FOUND);
        };
        let instance = command.find(B::InstanceId);
        let empty = Element::empty(A::ApplicationData);
        let data = command.child(A::ApplicationData).unwrap_or(&empty);
        let sending = self.sending(false, instance.is_some());
        let told = self.known.items.get(id).map(|(version, _)| *version);
        let ours = self.done.wrote.get(id).copied();
        let is_news = told.is_some_and(|told| told != item.version) && ours != Some(item.version);
        if is_news && self.class != Class::Email && !self.synced.options.client_wins {
            return refuse(CONFLICT);
        }
        if let Err(code) = self.check_instance(instance.as_deref(), item) {
            return refuse(code);
        }
        if let Err(code) = rules::check(&data.children, &sending) {
            return refuse(code);
        }
        let before: Vec<String> = references(item);
        if !rules::names_files(&data.children, &before) {
            return refuse(INVALID);
        }
        let owns = self.owns();
        let is_flags = self.class == Class::Email && write::is_flags(&data.children);
        let version = self
            .account
            .change(self.folder, id, is_flags, |item| match &instance {
                Some(instance) => write::change_instance(item, instance, Some(&data.children)),
                None => write::change(item, &data.children, &sending, &owns),
            })?;
        self.done.wrote.insert(id.to_owned(), version);
        // What somebody else wrote at the same time is still to be told.
        if !is_news {
            self.remember(id);
        }
        let item = self.account.item(self.folder, id)?.clone();
        if command.child(E2::Send).is_some() {
            if let Err(code) = sendable(&item, &sending) {
                return refuse(code);
            }
            self.send(&item);
            self.account.delete(self.folder, id);
            self.known.items.remove(id);
            return None;
        }
        if sending.version >= 160 && self.class == Class::Calendar {
            self.notify(&item);
        }
        let mut new = references(&item);
        new.retain(|reference| !before.contains(reference));
        let uploaded = sync::uploaded(data, &new)?;
        let mut answer = response(command, OK);
        answer.push(Element::new(A::ApplicationData, [uploaded]));
        Some(answer)
    }

    /// An occurrence is addressed from 16.0 on, of a series, and without options.
    fn check_instance(&self, instance: Option<&str>, item: &Item) -> Result<(), u16> {
        let Some(instance) = instance else {
            return Ok(());
        };
        if self.call.version < 160 || self.class != Class::Calendar {
            return Err(4);
        }
        if self.optioned {
            return Err(7);
        }
        match parse_compact(instance).is_some() && item.property(C::Recurrence).is_some() {
            true => Ok(()),
            false => Err(6),
        }
    }

    /// Which elements are taken away by not being named (section 3.1.5.4 of [MS-ASCMD]).
    fn owns(&self) -> impl Fn(Tag) -> bool + use<> {
        let (class, version) = (self.class, self.call.version);
        let supported = self.synced.supported.clone();
        let keeps = self.call.profile.has(Quirk::KeepsOmitted);
        move |tag| match class {
            Class::Contacts if version >= 160 => true,
            Class::Contacts | Class::Calendar if version < 160 => match &supported {
                Some(supported) => supported.contains(&tag),
                None => !keeps,
            },
            _ => false,
        }
    }

    fn delete(&mut self, command: &Element, id: &str) -> Option<Element> {
        let Some(item) = self.account.item(self.folder, id) else {
            self.known.items.remove(id);
            return match self.done.deleted.contains(id) {
                true => None,
                false => Some(response(command, NOT_FOUND)),
            };
        };
        if let Some(instance) = command.find(B::InstanceId) {
            if let Err(code) = self.check_instance(Some(&instance), item) {
                return Some(response(command, code));
            }
            let deleted = |item: &mut Item| write::change_instance(item, &instance, None);
            let version = self.account.change(self.folder, id, false, deleted)?;
            self.done.wrote.insert(id.to_owned(), version);
            self.remember(id);
            return None;
        }
        if self.call.version >= 160 && self.class == Class::Calendar {
            let item = item.clone();
            self.notify(&item);
        }
        self.account.discard(self.folder, id, self.discards);
        self.known.items.remove(id);
        self.done.deleted.insert(id.to_owned());
        None
    }

    fn fetch(&mut self, command: &Element, id: &str) -> Element {
        let Some(item) = self.account.item(self.folder, id) else {
            return response(command, NOT_FOUND);
        };
        let mut options = self.synced.options.clone();
        if options.bodies.is_empty() {
            options = whole(&options);
        }
        let data = render::properties(item, self.class, self.call.version, &options);
        let mut answer = response(command, OK);
        answer.push(Element::new(A::ApplicationData, data));
        answer
    }

    /// The device knows the item as it is now.
    fn remember(&mut self, id: &str) {
        if let Some(item) = self.account.item(self.folder, id) {
            let now = (item.version, item.content);
            self.known.items.insert(id.to_owned(), now);
        }
    }

    fn of_uid(&self, uid: &str) -> Option<String> {
        let folder = self.account.folders.get(self.folder)?;
        let mut all = folder.items.values();
        let found = all.find(|item| item.client_uid.as_deref() == Some(uid));
        found.map(|item| item.id.clone())
    }

    /// Sends a draft out.
    fn send(&mut self, item: &Item) {
        let mime = item.mime.clone().unwrap_or_default();
        self.account.sent.push(Sent {
            command: "Sync".into(),
            recipients: Message::parse(&mime).recipients(),
            mime,
            saved: true,
        });
        if let Some(folder) = self.account.of_type(5) {
            let item =
                super::mail::item(&item.mime.clone().unwrap_or_default(), super::clock::now());
            self.account.add(&folder, item);
        }
    }

    /// A new meeting is the user's own, and everybody is invited.
    fn invite(&mut self, item: &mut Item) {
        if find(&item.properties, C::Attendees).is_some() {
            super::element::put(&mut item.properties, Element::text(C::MeetingStatus, "1"));
            self.notify(item);
        }
    }

    /// From 16.0 on the server tells attendees what became of a meeting.
    fn notify(&mut self, item: &Item) {
        let attendees = item.property(C::Attendees);
        let all = attendees.iter().flat_map(|all| &all.children);
        let recipients: Vec<String> = all.filter_map(|one| one.find(C::Email)).collect();
        if self.class == Class::Calendar && !recipients.is_empty() {
            let subject = item.text(C::Subject).unwrap_or_default();
            self.account.sent.push(Sent {
                command: "Sync".into(),
                recipients,
                mime: format!("Subject: {subject}\r\n\r\n").into_bytes(),
                saved: false,
            });
        }
    }
}

/// A command has what the schema asks for.
fn check(command: &Element) -> Result<(), u16> {
    let class = A::Class;
    let order: &[Tag] = match command.tag {
        A::Add => &[class, A::ClientId, E2::Send, A::ApplicationData],
        A::Change => &[
            class,
            A::ServerId,
            B::InstanceId,
            E2::Send,
            A::ApplicationData,
        ],
        A::Delete => &[class, A::ServerId, B::InstanceId],
        A::Fetch => &[A::ServerId],
        _ => return Err(4),
    };
    let name = match command.tag {
        A::Add => command.find(A::ClientId).filter(|name| name.len() <= 64),
        _ => command.find(A::ServerId),
    };
    let needs_data =
        command.tag == A::Add || command.tag == A::Change && command.child(E2::Send).is_none();
    let has_data = command.child(A::ApplicationData).is_some();
    let named = name.is_some_and(|name| !name.is_empty());
    match in_order(command, order) && named && (has_data || !needs_data) {
        true => Ok(()),
        false => Err(4),
    }
}

/// What is said of a command.
/// Only a draft can be sent, and only to somebody.
fn sendable(item: &Item, sending: &Sending) -> Result<(), u16> {
    if !sending.draft || sending.version < 160 {
        return Err(INVALID);
    }
    let mime = item.mime.as_deref().unwrap_or_default();
    match Message::parse(mime).is_addressed() {
        true => Ok(()),
        false => Err(NO_RECIPIENTS),
    }
}

/// What fetches the files of an item.
fn references(item: &Item) -> Vec<String> {
    let files = item.attachments.iter();
    files.map(|file| file.reference.clone()).collect()
}

fn response(command: &Element, code: u16) -> Element {
    let ids = [A::ClientId, A::ServerId, B::InstanceId];
    let ids = ids
        .into_iter()
        .filter_map(|tag| command.child(tag).cloned());
    let status = Element::text(A::Status, code.to_string());
    Element::new(command.tag, ids.chain([status]))
}

/// Bodies as text, as a whole.
pub(super) fn whole(options: &Options) -> Options {
    Options {
        bodies: vec![Preference {
            body_type: 1,
            truncation: None,
            all_or_none: false,
            preview: None,
        }],
        ..options.clone()
    }
}
