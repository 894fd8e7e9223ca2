//! Bodies and attachments ([MS-ASAIRS]).

use crate::wire::Version;
use crate::wire::wbxml::pages::{AirSyncBase as B, ItemOperations};
use crate::wire::wbxml::{Error, Reader, Tag, Writer};

/// The form of a body ([MS-ASAIRS] section 2.2.2.41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BodyType {
    /// Plain text.
    #[default]
    Text,
    /// HTML.
    Html,
    /// RTF, in base64.
    Rtf,
    /// A whole message of RFC 5322.
    Mime,
}

impl BodyType {
    /// As in an element `Type`.
    pub const fn number(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Html => 2,
            Self::Rtf => 3,
            Self::Mime => 4,
        }
    }

    /// The inverse of [`number`](Self::number).
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Text,
            2 => Self::Html,
            3 => Self::Rtf,
            4 => Self::Mime,
            _ => return None,
        })
    }
}

/// A body, or what a server gives of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// Its form.
    pub body_type: BodyType,
    /// Bytes of the whole body on the server, roughly; never sent.
    pub size: Option<u64>,
    /// Whether `data` is only its beginning.
    pub truncated: bool,
    /// Its bytes: UTF-8 in text and HTML.
    pub data: Option<Vec<u8>>,
    /// The part of a multipart answer that has its bytes instead.
    pub part: Option<usize>,
}

impl Body {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            data: Some(text.into().into_bytes()),
            ..Self::default()
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut body = Self::default();
        while let Some(tag) = r.child()? {
            match tag {
                B::Type => {
                    let number = r.number()?.and_then(BodyType::from_number);
                    body.body_type = number.unwrap_or_default();
                }
                B::EstimatedDataSize => body.size = r.number()?,
                B::Truncated => body.truncated = r.flag()?,
                B::Data => body.data = Some(r.bytes()?.into_owned()),
                ItemOperations::Part => body.part = r.number()?,
                _ => r.skip()?,
            }
        }
        Ok(body)
    }

    /// Reads what 2.5 has instead of a body: a text in an element of the class.
    pub(super) fn read_text(body: &mut Option<Self>, r: &mut Reader<'_>) -> Result<(), Error> {
        body.get_or_insert_default().data = Some(r.bytes()?.into_owned());
        Ok(())
    }

    /// Reads what 2.5 has for `Truncated`.
    pub(super) fn read_truncated(body: &mut Option<Self>, r: &mut Reader<'_>) -> Result<(), Error> {
        body.get_or_insert_default().truncated = r.flag()?;
        Ok(())
    }

    /// Writes the body of an item; in 2.5 it is a text in `text`, an element of the class.
    pub(super) fn write_in(&self, w: &mut Writer, version: Version, text: Tag) {
        if version >= Version::V12_0 {
            return self.write(w);
        }
        let data = self.data.as_deref().unwrap_or_default();
        w.text(text, &String::from_utf8_lossy(data));
    }

    /// Writes type and data: 16.1 refuses a client that tells a size.
    pub(in crate::wire) fn write(&self, w: &mut Writer) {
        w.element(B::Body, |w| {
            w.number(B::Type, self.body_type.number());
            let data = self.data.as_deref().unwrap_or_default();
            match (self.body_type, std::str::from_utf8(data)) {
                (BodyType::Mime, _) | (_, Err(_)) => w.opaque(B::Data, data),
                (_, Ok(text)) => w.text(B::Data, text),
            }
        });
    }
}

/// An attachment that a server has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// What fetches it; changes over time, and is passed back as it is.
    pub reference: String,
    /// 1 a file, 5 a message, 6 an OLE object.
    pub method: u8,
    /// Bytes, roughly.
    pub size: Option<u64>,
    /// Content-ID.
    pub content_id: Option<String>,
    /// Whether the body shows it.
    pub inline: bool,
    /// Its media type, once it was fetched.
    pub content_type: Option<String>,
    /// Its bytes, once they were fetched: no listing brings them.
    pub content: Option<Vec<u8>>,
}

impl Attachment {
    /// The attachments of an element `Attachments`.
    pub(super) fn read_all(r: &mut Reader<'_>) -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        while let Some(tag) = r.child()? {
            if tag == B::Attachment {
                all.push(Self::read(r)?);
            } else {
                r.skip()?;
            }
        }
        Ok(all)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut attachment = Self::default();
        while let Some(tag) = r.child()? {
            match tag {
                B::DisplayName => attachment.name = r.text()?.into_owned(),
                B::FileReference => attachment.reference = r.text()?.into_owned(),
                B::Method => attachment.method = r.number()?.unwrap_or_default(),
                B::EstimatedDataSize => attachment.size = r.number()?,
                B::ContentId => attachment.content_id = Some(r.text()?.into_owned()),
                B::IsInline => attachment.inline = r.flag()?,
                _ => r.skip()?,
            }
        }
        Ok(attachment)
    }
}

/// An attachment that is added or taken away, from 16.0 on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewAttachment {
    /// A new one.
    Add {
        /// Names it in the answer; unique within the request.
        client_id: String,
        /// Its name.
        name: String,
        /// Its media type.
        content_type: String,
        /// Its bytes.
        content: Vec<u8>,
    },
    /// One that the server has, by its reference.
    Delete(String),
}

impl NewAttachment {
    pub(super) fn write_all(all: &[Self], w: &mut Writer) {
        if all.is_empty() {
            return;
        }
        w.element(B::Attachments, |w| {
            for one in all {
                match one {
                    Self::Add {
                        client_id,
                        name,
                        content_type,
                        content,
                    } => w.element(B::Add, |w| {
                        w.text(B::ClientId, client_id);
                        w.text(B::ContentType, content_type);
                        w.opaque(B::Content, content);
                        w.text(B::DisplayName, name);
                        w.number(B::Method, 1);
                    }),
                    Self::Delete(reference) => w.element(B::Delete, |w| {
                        w.text(B::FileReference, reference);
                    }),
                }
            }
        });
    }
}
