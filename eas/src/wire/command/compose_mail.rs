//! SendMail, SmartReply and SmartForward ([MS-ASCMD] sections 2.2.1.17 to 2.2.1.20).
//!
//! Up to 12.1 the body is the message itself, and the rest stands in the request line.

use super::{Command, Name};
use crate::wire::class::Body;
use crate::wire::http::Parameter;
use crate::wire::wbxml::pages::ComposeMail as C;
use crate::wire::wbxml::{Error, Reader, Tag, Writer};
use crate::wire::{DateTime, Status, Version};

/// Sends a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendMail {
    /// At most 40 characters; the same id again is the same message, and it is not sent twice.
    pub client_id: String,
    /// Which of the user's accounts sends it, from 14.1 on.
    pub account: Option<String>,
    /// Whether a copy is kept in Sent Items.
    pub save: bool,
    /// The message: RFC 5322 with CRLF.
    pub mime: Vec<u8>,
}

/// Answers a message; the server adds the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmartReply {
    /// What is sent.
    pub mail: SendMail,
    /// What it answers.
    pub source: Source,
    /// Whether the message has the original already.
    pub replace: bool,
}

/// Passes a message on; the server adds the original and its attachments. From 16.0 on an appointment
/// is passed on to people instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmartForward {
    /// What is sent; where `forwardees` say to whom, only its name and its account count.
    pub mail: SendMail,
    /// What is passed on.
    pub source: Source,
    /// Whether the message has the original already.
    pub replace: bool,
    /// To whom an appointment is passed on, from 16.0 on.
    pub forwardees: Vec<Forwardee>,
    /// What is said to them.
    pub text: Option<String>,
}

/// Somebody a meeting is passed on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwardee {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// The message that is answered or passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// By its place.
    Item {
        /// Its folder.
        collection: String,
        /// The message.
        id: String,
        /// One occurrence of a meeting.
        instance: Option<DateTime>,
    },
    /// As a search found it.
    Found(String),
}

/// The answer: nothing, or why not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComposeAnswer {
    /// None says that the message is on its way; 118 that it was sent before.
    pub status: Option<Status>,
}

/// Whether bodies are WBXML.
const fn is_wbxml(version: Version) -> bool {
    matches!(
        version,
        Version::V14_0 | Version::V14_1 | Version::V16_0 | Version::V16_1
    )
}

impl SendMail {
    /// What it adds to the request line.
    pub fn parameters(&self, version: Version) -> Vec<(Parameter, String)> {
        match self.save && !is_wbxml(version) {
            true => vec![(Parameter::SaveInSent, "T".into())],
            false => Vec::new(),
        }
    }

    fn encode_account(&self, w: &mut Writer, version: Version) {
        if let Some(account) = &self.account
            && version >= Version::V14_1
        {
            w.text(C::AccountId, account);
        }
    }

    fn encode_save(&self, w: &mut Writer) {
        if self.save {
            w.empty(C::SaveInSentItems);
        }
    }
}

impl Source {
    /// What it adds to the request line.
    fn parameters(&self) -> Vec<(Parameter, String)> {
        match self {
            Self::Found(id) => vec![(Parameter::LongId, id.clone())],
            Self::Item {
                collection,
                id,
                instance,
            } => {
                let mut all = vec![
                    (Parameter::CollectionId, collection.clone()),
                    (Parameter::ItemId, id.clone()),
                ];
                if let Some(instance) = instance {
                    all.push((Parameter::Occurrence, instance.extended().to_string()));
                }
                all
            }
        }
    }

    fn encode(&self, w: &mut Writer) {
        w.element(C::Source, |w| match self {
            Self::Found(id) => w.text(C::LongId, id),
            Self::Item {
                collection,
                id,
                instance,
            } => {
                w.text(C::FolderId, collection);
                w.text(C::ItemId, id);
                if let Some(instance) = instance {
                    w.text(C::InstanceId, &instance.extended().to_string());
                }
            }
        });
    }
}

impl SmartReply {
    /// What it adds to the request line.
    pub fn parameters(&self, version: Version) -> Vec<(Parameter, String)> {
        smart_parameters(&self.mail, &self.source, version)
    }
}

impl SmartForward {
    /// What it adds to the request line.
    pub fn parameters(&self, version: Version) -> Vec<(Parameter, String)> {
        smart_parameters(&self.mail, &self.source, version)
    }
}

fn smart_parameters(
    mail: &SendMail,
    source: &Source,
    version: Version,
) -> Vec<(Parameter, String)> {
    match is_wbxml(version) {
        true => Vec::new(),
        false => [source.parameters(), mail.parameters(version)].concat(),
    }
}

impl Command for SendMail {
    const NAME: Name = Name::SendMail;
    type Answer = ComposeAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        if !is_wbxml(version) {
            return self.mime.clone();
        }
        let mut w = Writer::with_capacity(self.mime.len().saturating_add(128));
        w.element(C::SendMail, |w| {
            w.text(C::ClientId, &self.client_id);
            self.encode_account(w, version);
            self.encode_save(w);
            w.opaque(C::Mime, &self.mime);
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<ComposeAnswer, Error> {
        decode(body, C::SendMail)
    }

    fn status(answer: &ComposeAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        // The same id is the same message, but not to every server.
        false
    }
}

impl Command for SmartReply {
    const NAME: Name = Name::SmartReply;
    type Answer = ComposeAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        encode_smart(
            C::SmartReply,
            version,
            &self.mail,
            &self.source,
            self.replace,
            None,
        )
    }

    fn decode(&self, body: &[u8]) -> Result<ComposeAnswer, Error> {
        decode(body, C::SmartReply)
    }

    fn status(answer: &ComposeAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        // The same id is the same message, but not to every server.
        false
    }
}

impl Command for SmartForward {
    const NAME: Name = Name::SmartForward;
    type Answer = ComposeAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        let is_modern = version >= Version::V16_0 && !self.forwardees.is_empty();
        encode_smart(
            C::SmartForward,
            version,
            &self.mail,
            &self.source,
            self.replace,
            is_modern.then_some((self.forwardees.as_slice(), self.text.as_deref())),
        )
    }

    fn decode(&self, body: &[u8]) -> Result<ComposeAnswer, Error> {
        decode(body, C::SmartForward)
    }

    fn status(answer: &ComposeAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        // The same id is the same message, but not to every server.
        false
    }
}

fn encode_smart(
    root: Tag,
    version: Version,
    mail: &SendMail,
    source: &Source,
    replace: bool,
    people: Option<(&[Forwardee], Option<&str>)>,
) -> Vec<u8> {
    if !is_wbxml(version) {
        return mail.mime.clone();
    }
    let mut w = Writer::with_capacity(mail.mime.len().saturating_add(256));
    w.element(root, |w| {
        w.text(C::ClientId, &mail.client_id);
        source.encode(w);
        mail.encode_account(w, version);
        let Some((forwardees, text)) = people else {
            mail.encode_save(w);
            if replace {
                w.empty(C::ReplaceMime);
            }
            return w.opaque(C::Mime, &mail.mime);
        };
        // What is of a message must not stand beside them (status 178).
        w.element(C::Forwardees, |w| {
            for forwardee in forwardees {
                w.element(C::Forwardee, |w| {
                    w.text(C::Name, &forwardee.name);
                    w.text(C::Email, &forwardee.email);
                });
            }
        });
        if let Some(text) = text {
            Body::text(text).write(w);
        }
    });
    w.finish()
}

fn decode(body: &[u8], root: Tag) -> Result<ComposeAnswer, Error> {
    let mut answer = ComposeAnswer::default();
    if body.is_empty() {
        return Ok(answer);
    }
    let mut r = Reader::new(body)?;
    r.root(root)?;
    while let Some(tag) = r.child()? {
        match tag {
            C::Status => answer.status = r.number()?.map(Status),
            _ => r.skip()?,
        }
    }
    Ok(answer)
}
