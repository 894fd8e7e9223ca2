//! From a FETCH to bytes.

use std::borrow::Cow;
use std::io::Write as _;

use super::bodystructure::{
    BodyPart, BodyStructure, Disposition, LazyBodyStructure, Multipart, Params, PartKind,
};
use super::encode::{Out, put};
use super::envelope::{Address, Envelope, LazyEnvelope};
use super::fetch::{ExtendedAttributes, Fetch};
use super::section::{Section, SectionData, SectionKind};

impl From<&Envelope<'_>> for LazyEnvelope<'static> {
    fn from(envelope: &Envelope<'_>) -> Self {
        let mut bytes = Vec::new();
        Out(&mut bytes).envelope(envelope);
        LazyEnvelope(bytes.into())
    }
}

impl From<&BodyStructure<'_>> for LazyBodyStructure<'static> {
    fn from(body: &BodyStructure<'_>) -> Self {
        let mut bytes = Vec::new();
        Out(&mut bytes).body(body);
        LazyBodyStructure(bytes.into())
    }
}

impl Out<'_> {
    pub(super) fn fetch(&mut self, fetch: &Fetch<'_>) {
        put!(self, "{} FETCH (", fetch.seq);
        let start = self.0.len();
        if let Some(uid) = fetch.uid {
            put!(self, "UID {uid} ");
        }
        if let Some(flags) = &fetch.flags {
            put!(self, "FLAGS ({flags}) ");
        }
        if let Some(n) = fetch.mod_seq {
            put!(self, "MODSEQ ({n}) ");
        }
        if let Some(date) = &fetch.internal_date {
            put!(self, "INTERNALDATE \"{date}\" ");
        }
        if let Some(size) = fetch.size {
            put!(self, "RFC822.SIZE {size} ");
        }
        if let Some(envelope) = &fetch.envelope {
            self.raw(b"ENVELOPE ");
            self.raw(envelope.as_bytes());
            self.raw(b" ");
        }
        if let Some(body) = &fetch.body {
            self.raw(b"BODY ");
            self.raw(body.as_bytes());
            self.raw(b" ");
        }
        if let Some(body) = &fetch.body_structure {
            self.raw(b"BODYSTRUCTURE ");
            self.raw(body.as_bytes());
            self.raw(b" ");
        }
        if let Some(extended) = &fetch.extended {
            self.extended(extended);
        }
        for section in fetch.sections.iter() {
            self.section(section);
            self.raw(b" ");
        }
        if self.0.len() > start && self.0.last() == Some(&b' ') {
            self.0.pop();
        }
        self.raw(b")");
    }

    fn section(&mut self, section: &Section<'_>) {
        match section.kind {
            SectionKind::Body => put!(self, "BODY[{}]", section.spec),
            SectionKind::Binary => put!(self, "BINARY[{}]", section.spec),
            SectionKind::Rfc822 => self.raw(b"RFC822"),
            SectionKind::Rfc822Header => self.raw(b"RFC822.HEADER"),
            SectionKind::Rfc822Text => self.raw(b"RFC822.TEXT"),
        }
        if let Some(origin) = section.origin {
            put!(self, "<{origin}>");
        }
        self.raw(b" ");
        match &section.data {
            SectionData::Nil => self.raw(b"NIL"),
            SectionData::Inline(bytes) => {
                let mark = if section.kind == SectionKind::Binary && bytes.contains(&0) {
                    "~"
                } else {
                    ""
                };
                put!(self, "{mark}{{{}}}\r\n", bytes.len());
                self.raw(bytes);
            }
            SectionData::Streamed(len) => put!(self, "{{{len}}}\r\n"),
        }
    }

    fn extended(&mut self, all: &ExtendedAttributes) {
        if let Some(id) = &all.email_id {
            self.raw(b"EMAILID (");
            self.astring(id);
            self.raw(b") ");
        }
        if let Some(id) = &all.thread_id {
            match id {
                Some(id) => {
                    self.raw(b"THREADID (");
                    self.astring(id);
                    self.raw(b") ");
                }
                None => self.raw(b"THREADID NIL "),
            }
        }
        if let Some(date) = &all.save_date {
            match date {
                Some(date) => put!(self, "SAVEDATE \"{date}\" "),
                None => self.raw(b"SAVEDATE NIL "),
            }
        }
        if let Some(text) = &all.preview {
            self.raw(b"PREVIEW ");
            self.nstring(text.as_deref().map(str::as_bytes));
            self.raw(b" ");
        }
        for (spec, size) in &all.binary_sizes {
            put!(self, "BINARY.SIZE[{spec}] {size} ");
        }
        if let Some(id) = all.gmail_message_id {
            put!(self, "X-GM-MSGID {id} ");
        }
        if let Some(id) = all.gmail_thread_id {
            put!(self, "X-GM-THRID {id} ");
        }
        if let Some(labels) = &all.gmail_labels {
            self.raw(b"X-GM-LABELS ");
            self.list(labels, |out, label| match label.strip_prefix('\\') {
                Some(name) if name.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                    out.raw(label.as_bytes());
                }
                _ => out.string(label.as_bytes()),
            });
            self.raw(b" ");
        }
    }

    fn envelope(&mut self, envelope: &Envelope<'_>) {
        self.raw(b"(");
        self.nstring(envelope.date.as_deref());
        self.raw(b" ");
        self.nstring(envelope.subject.as_deref());
        for list in [
            &envelope.from,
            &envelope.sender,
            &envelope.reply_to,
            &envelope.to,
            &envelope.cc,
            &envelope.bcc,
        ] {
            self.raw(b" ");
            self.addresses(list);
        }
        self.raw(b" ");
        self.nstring(envelope.in_reply_to.as_deref());
        self.raw(b" ");
        self.nstring(envelope.message_id.as_deref());
        self.raw(b")");
    }

    /// Addresses stand without spaces between them.
    fn addresses(&mut self, list: &[Address<'_>]) {
        if list.is_empty() {
            self.raw(b"NIL");
            return;
        }
        self.raw(b"(");
        for one in list {
            let fields = [&one.name, &one.adl, &one.mailbox, &one.host];
            self.list(fields, |out, field| out.nstring(field.as_deref()));
        }
        self.raw(b")");
    }

    fn body(&mut self, body: &BodyStructure<'_>) {
        match body {
            BodyStructure::Part(part) => self.body_part(part),
            BodyStructure::Multipart(multipart) => self.multipart(multipart),
        }
    }

    fn multipart(&mut self, multipart: &Multipart<'_>) {
        self.raw(b"(");
        for part in &multipart.parts {
            self.body(part);
        }
        if !multipart.parts.is_empty() {
            self.raw(b" ");
        }
        self.string(&multipart.subtype);
        self.raw(b" ");
        if multipart.parts.is_empty() && multipart.params.is_empty() {
            // Without parts only a parenthesis tells it from a single part.
            self.raw(b"()");
        } else {
            self.params(&multipart.params);
        }
        self.body_tail(
            multipart.disposition.as_ref(),
            &multipart.language,
            multipart.location.as_deref(),
        );
    }

    fn body_part(&mut self, part: &BodyPart<'_>) {
        self.raw(b"(");
        self.string(&part.media_type);
        self.raw(b" ");
        self.string(&part.subtype);
        self.raw(b" ");
        self.params(&part.params);
        self.raw(b" ");
        self.nstring(part.id.as_deref());
        self.raw(b" ");
        self.nstring(part.description.as_deref());
        self.raw(b" ");
        self.string(&part.encoding);
        put!(self, " {}", part.size);
        match &part.kind {
            PartKind::Basic => {}
            PartKind::Text { lines } => put!(self, " {lines}"),
            PartKind::Message {
                envelope,
                body,
                lines,
            } => {
                self.raw(b" ");
                self.envelope(envelope);
                self.raw(b" ");
                self.body(body);
                put!(self, " {lines}");
            }
        }
        self.raw(b" ");
        self.nstring(part.md5.as_deref());
        self.body_tail(
            part.disposition.as_ref(),
            &part.language,
            part.location.as_deref(),
        );
    }

    fn body_tail(
        &mut self,
        disposition: Option<&Disposition<'_>>,
        language: &[Cow<'_, [u8]>],
        location: Option<&[u8]>,
    ) {
        self.raw(b" ");
        match disposition {
            Some(disposition) => {
                self.raw(b"(");
                self.string(&disposition.kind);
                self.raw(b" ");
                self.params(&disposition.params);
                self.raw(b")");
            }
            None => self.raw(b"NIL"),
        }
        self.raw(b" ");
        self.list_or_nil(language, |out, one| out.string(one));
        self.raw(b" ");
        self.nstring(location);
        self.raw(b")");
    }

    fn params(&mut self, params: &Params<'_>) {
        self.list_or_nil(params, |out, (name, value)| {
            out.string(name);
            out.raw(b" ");
            out.string(value);
        });
    }
}
