//! Send: messages that go out (clean-room notes alone).

use bytes::Bytes;

use super::error::{DecodeError, DecodeErrorKind};
use super::mtom;
use super::status::Status;
use super::sync::{Encoded, fault};
use super::value::ServerId;
use super::xml::{Element, Ns, Writer};

/// Sends a message.
#[derive(Debug, Clone)]
pub struct Send {
    /// The client's name for its part, a GUID.
    pub content_id: String,
    /// The message, RFC 5322, without `Bcc`.
    pub content: Bytes,
    /// Addresses. There has to be one among these three lists.
    pub to: Vec<String>,
    /// Addresses.
    pub cc: Vec<String>,
    /// Addresses.
    pub bcc: Vec<String>,
    /// Whether the server keeps a copy in the folder of sent messages.
    pub save: bool,
}

impl Send {
    /// The body and its type.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        let mut xml = Writer::default();
        xml.open("Send xmlns=\"Send:\" xmlns:xop=\"http://www.w3.org/2004/08/xop/include\"");
        xml.open("SendItem")
            .element("Class", "Email")
            .open("Recipients");
        for (name, addresses) in [("To", &self.to), ("Cc", &self.cc), ("Bcc", &self.bcc)] {
            if addresses.is_empty() {
                continue;
            }
            xml.open(name);
            for address in addresses {
                xml.element("Recipient", address);
            }
            xml.close(name);
        }
        xml.close("Recipients").open("Item");
        xml.empty(&format!(
            "xop:Include{}",
            Writer::attribute("href", &self.content_id)
        ));
        xml.close("Item").close("SendItem");
        if self.save {
            xml.empty("SaveItem");
        }
        xml.close("Send");
        let part = (self.content_id.clone(), self.content.clone());
        Encoded {
            content_type: mtom::CONTENT_TYPE,
            body: mtom::encode(&xml.finish(), &[part]),
        }
    }
}

/// What became of a [`Send`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendAnswer {
    /// Whether it went out.
    pub sent: Status,
    /// Whether a copy was kept, where one was asked for.
    pub saved: Option<Status>,
    /// The copy.
    pub saved_id: Option<ServerId>,
}

impl SendAnswer {
    /// Reads the body.
    ///
    /// # Errors
    /// It is not such an answer, or says that the request as a whole failed.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let root = Element::parse(body)?;
        if root.name != "Send" {
            let kind = DecodeErrorKind::Foreign;
            return Err(DecodeError::new(kind, format!("<{}>", root.name)));
        }
        fault(&root)?;
        let responses = root.child(Ns::Send, "Responses");
        let said = |name| responses.and_then(|all| all.child(Ns::Send, name));
        let status = |name| {
            said(name)
                .and_then(|e| e.local_value("Status"))
                .and_then(Status::parse)
        };
        let sent = status("SendItem");
        let saved_id = said("SaveItem").and_then(|save| save.local_value("ServerId"));
        Ok(Self {
            sent: sent.ok_or_else(|| DecodeError::content("not whether it was sent"))?,
            saved: status("SaveItem"),
            saved_id: saved_id.filter(|id| !id.is_empty()).map(ServerId::new),
        })
    }
}
