//! A mail's properties ([MS-ASEMAIL] section 2.2.2), from its bytes.

use super::clock;
use super::element::{Element, put};
use super::invitation::Invitation;
use super::item::Item;
use super::mime::{Message, addresses};
use crate::wire::wbxml::pages::{Email as E, Email2 as E2};

/// A mail that was received then.
pub(super) fn item(mime: &[u8], received: i64) -> Item {
    let message = Message::parse(mime);
    let mut all = Vec::new();
    let headers = [
        (E::To, "To"),
        (E::Cc, "Cc"),
        (E::From, "From"),
        (E::ReplyTo, "Reply-To"),
        (E::Subject, "Subject"),
    ];
    for (tag, name) in headers {
        if let Some(value) = message.header(name) {
            all.push(Element::text(tag, value));
        }
    }
    if let Some(to) = message.header("To") {
        all.push(Element::text(E::DisplayTo, addresses(&to).join(";")));
    }
    let subject = message.header("Subject").unwrap_or_default();
    let topic = subject
        .trim_start_matches("Re: ")
        .trim_start_matches("Fwd: ");
    let importance = match message.header("Importance").as_deref() {
        Some("low") => "0",
        Some("high") => "2",
        _ => "1",
    };
    let class = match message.header("Content-Type") {
        Some(kind) if kind.starts_with("multipart/signed") => "IPM.Note.SMIME.MultipartSigned",
        _ => "IPM.Note",
    };
    let thread = message.header("Message-ID").unwrap_or_default();
    all.extend([
        Element::text(E::ThreadTopic, topic),
        Element::text(E::DateReceived, clock::extended(received)),
        Element::text(E::Importance, importance),
        Element::text(E::Read, "0"),
        Element::text(E::MessageClass, class),
        Element::text(E::InternetCPID, "65001"),
        Element::text(E::ContentClass, "urn:content-classes:message"),
        Element::empty(E::Flag),
        Element::opaque(E2::ConversationId, thread),
        Element::text(E2::LastVerbExecuted, "0"),
    ]);
    if let Some(invitation) = message.calendar.as_deref().and_then(Invitation::parse) {
        put(
            &mut all,
            Element::text(E::MessageClass, "IPM.Schedule.Meeting.Request"),
        );
        all.push(invitation.meeting_request());
    }
    let mut item = Item::new(String::new(), all);
    item.attachments = message.attachments;
    item.mime = Some(mime.to_vec());
    item.received = received;
    item
}
