//! ItemOperations: messages as they are.

use super::error::{DecodeError, DecodeErrorKind};
use super::status::Status;
use super::sync::fault;
use super::value::ServerId;
use super::xml::{Element, Ns, Writer};

/// Asks for one message, compressed as HU01. What would come without compression nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The message.
    pub id: ServerId,
}

impl Fetch {
    /// The body, of type `text/xml`.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut xml = Writer::default();
        xml.open("ItemOperations xmlns=\"ItemOperations:\" xmlns:A=\"HMMAIL:\"");
        xml.open("Fetch").element("Class", "Email");
        xml.element("A:ServerId", self.id.as_str());
        xml.element("A:Compression", "hm-compression");
        xml.element("A:ResponseContentType", "mtom");
        xml.close("Fetch").close("ItemOperations");
        xml.finish()
    }
}

/// The document of an answer to a [`Fetch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchAnswer {
    /// The message.
    pub id: Option<ServerId>,
    /// How it went; [`Status::NO_ITEM`] if the message is not there.
    pub status: Status,
    /// Which part is the message, as its `Content-ID` without angle brackets.
    pub content_id: Option<String>,
}

impl FetchAnswer {
    /// Reads the document, which is the body itself where the Fetch failed.
    ///
    /// # Errors
    /// It is not such an answer, or says that the request as a whole failed.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        const NS: Ns = Ns::ItemOperations;
        let root = Element::parse(body)?;
        if root.name != "ItemOperations" {
            let kind = DecodeErrorKind::Foreign;
            return Err(DecodeError::new(kind, format!("<{}>", root.name)));
        }
        fault(&root)?;
        let fetch = root
            .child(NS, "Responses")
            .and_then(|all| all.child(NS, "Fetch"));
        let fetch = fetch.ok_or_else(|| DecodeError::content("no answer to the Fetch"))?;
        let status = fetch.value(NS, "Status").and_then(Status::parse);
        let status = status.ok_or_else(|| DecodeError::content("a Fetch without a status"))?;
        let include = fetch
            .child(NS, "Message")
            .and_then(|message| message.child(Ns::Xop, "Include"));
        let content_id = include
            .and_then(|include| include.attribute("href"))
            .map(|href| {
                let scheme = href.get(..4).filter(|s| s.eq_ignore_ascii_case("cid:"));
                href.get(scheme.map_or(0, str::len)..)
                    .unwrap_or_default()
                    .to_owned()
            });
        if status.is_success() && content_id.is_none() {
            return Err(DecodeError::content("a Fetch without a message"));
        }
        Ok(Self {
            id: fetch.value(NS, "ServerId").map(ServerId::new),
            status,
            content_id: content_id.filter(|_| status.is_success()),
        })
    }
}
