//! SendMail, SmartReply and SmartForward ([MS-ASCMD] sections 2.2.1.17, 2.2.1.20, 2.2.1.19).

use super::account::{Account, Folder, Sent};
use super::call::{Answer, Call, in_order};
use super::element::Element;
use super::item::Class;
use super::mime::Message;
use super::operations::folder_of;
use super::{carry_out, clock, mail};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{
    AirSyncBase as B, Calendar as C, ComposeMail as M, Email as E, Email2 as E2,
};

/// What is answered or passed on is not there.
const NOT_FOUND: u16 = 150;

/// What is to be sent, in either form.
struct Letter {
    name: Option<String>,
    mime: Vec<u8>,
    saved: bool,
    /// The item that is answered or passed on.
    source: Option<String>,
    /// The text of the source is in it already.
    replaced: bool,
    /// An appointment is passed on to these.
    people: Vec<String>,
}

pub(super) fn compose(call: &Call<'_>, account: &mut Account) -> Answer {
    let command = call.query.command.as_str();
    let refuse = |code: u16| match call.version {
        0..140 => Answer::Http(500),
        _ => carry_out::refuse(command, code),
    };
    let letter = match call.version {
        0..140 => plain(call),
        _ => match modern(call) {
            Ok(letter) => letter,
            Err(code) => return refuse(code),
        },
    };
    let sent = &mut account.device(call.device()).sent;
    if letter.name.as_ref().is_some_and(|name| sent.contains(name)) {
        return refuse(118);
    }
    if !letter.people.is_empty() {
        return pass_on(call, account, letter).unwrap_or_else(refuse);
    }
    let mut mime = letter.mime;
    if command != "SendMail" {
        let source = letter.source.as_ref();
        let found = source.and_then(|id| Some((folder_of(account, id)?, id)));
        let Some((folder, id)) = found else {
            return refuse(NOT_FOUND);
        };
        let original = account.item(&folder, id).and_then(|item| item.mime.clone());
        if !letter.replaced {
            let original = Message::parse(&original.unwrap_or_default());
            mime.extend(b"\r\n-----Original Message-----\r\n");
            mime.extend(original.text.unwrap_or_default().into_bytes());
        }
        let verb = if command == "SmartReply" { "1" } else { "3" };
        account.change(&folder, id, true, |item| {
            super::element::put(
                &mut item.properties,
                Element::text(E2::LastVerbExecuted, verb),
            );
        });
    }
    let recipients = Message::parse(&mime).recipients();
    if recipients.is_empty() {
        return refuse(119);
    }
    if let Some(name) = letter.name {
        account.device(call.device()).sent.insert(name);
    }
    send(account, command, mime, recipients, letter.saved);
    Answer::Nothing
}

/// Passes an appointment on to people (section 2.2.3.169).
fn pass_on(call: &Call<'_>, account: &mut Account, letter: Letter) -> Result<Answer, u16> {
    let id = letter.source.unwrap_or_default();
    let folder = folder_of(account, &id).ok_or(NOT_FOUND)?;
    let item = account.item(&folder, &id).ok_or(NOT_FOUND)?;
    let is_event = account.folders.get(&folder).and_then(Folder::class) == Some(Class::Calendar);
    let subject = item
        .text(C::Subject)
        .filter(|_| is_event)
        .ok_or(NOT_FOUND)?;
    let mut mime = format!("Subject: FW: {subject}\r\n\r\n").into_bytes();
    mime.extend(letter.mime);
    account.device(call.device()).sent.extend(letter.name);
    send(account, "SmartForward", mime, letter.people, false);
    Ok(Answer::Nothing)
}

/// Sends a message, and keeps a copy in Sent Items if that is wanted.
pub(super) fn send(
    account: &mut Account,
    command: &str,
    mime: Vec<u8>,
    recipients: Vec<String>,
    saved: bool,
) {
    if let Some(folder) = account.of_type(5).filter(|_| saved) {
        let mut item = mail::item(&mime, clock::now());
        super::element::put(&mut item.properties, Element::text(E::Read, "1"));
        account.add(&folder, item);
    }
    account.sent.push(Sent {
        command: command.to_owned(),
        recipients,
        mime,
        saved,
    });
}

fn plain(call: &Call<'_>) -> Letter {
    let id = call.query.parameter("ItemId");
    let id = id.or(call.query.parameter("LongId"));
    Letter {
        name: None,
        mime: call.body.to_vec(),
        saved: call.query.parameter("SaveInSent") == Some("T"),
        source: id.map(str::to_owned),
        replaced: false,
        people: Vec::new(),
    }
}

fn modern(call: &Call<'_>) -> Result<Letter, u16> {
    let tag = match call.query.command.as_str() {
        "SendMail" => M::SendMail,
        "SmartReply" => M::SmartReply,
        _ => M::SmartForward,
    };
    let root = call.root(tag).ok_or(103_u16)?;
    let order = [
        M::ClientId,
        M::Source,
        M::AccountId,
        M::SaveInSentItems,
        M::ReplaceMime,
        M::Mime,
        M::Forwardees,
        B::Body,
    ];
    let name = root.find(M::ClientId);
    let name = name.filter(|name| (1..=40).contains(&name.len()));
    if !in_order(root, &order) || name.is_none() {
        return Err(103);
    }
    if call.version >= 141 && root.child(M::AccountId).is_some() {
        // Nobody here has a second account.
        return Err(166);
    }
    let people = people(call, root)?;
    let content = match people.is_empty() {
        true => root.child(M::Mime),
        false => root.child(B::Body).and_then(|body| body.child(B::Data)),
    };
    let mime = content.map_or_else(Vec::new, |content| content.value.clone());
    if mime.is_empty() && people.is_empty() {
        return Err(107);
    }
    let source = root.child(M::Source);
    let id = source.and_then(|s| s.find(M::ItemId).or_else(|| s.find(M::LongId)));
    Ok(Letter {
        name,
        mime,
        people,
        saved: root.child(M::SaveInSentItems).is_some(),
        source: id,
        replaced: root.child(M::ReplaceMime).is_some(),
    })
}

/// Whom an appointment is passed on to, from 16.0 on; nobody where a message is sent.
fn people(call: &Call<'_>, root: &Element) -> Result<Vec<String>, u16> {
    let has = |tag: &Tag| root.child(*tag).is_some();
    if ![M::Forwardees, B::Body].iter().any(has) {
        return Ok(Vec::new());
    }
    if call.version < 160 || root.tag != M::SmartForward {
        return Err(103);
    }
    if [M::Mime, M::SaveInSentItems, M::ReplaceMime]
        .iter()
        .any(has)
    {
        return Err(178);
    }
    let all = root.child(M::Forwardees).ok_or(179_u16)?.children.iter();
    let people: Option<Vec<String>> = all.map(|one| one.find(M::Email)).collect();
    people.filter(|all| !all.is_empty()).ok_or(179)
}
