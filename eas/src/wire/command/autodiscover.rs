//! Autodiscover ([MS-ASCMD] section 2.2.1.1), and its successor in JSON.

use std::fmt;

use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::wire::http::percent_encoded;

const DEPTH: usize = 32;

/// Asks where somebody's server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autodiscover {
    /// The address.
    pub email: String,
}

/// Where a server is, or where else to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutodiscoverAnswer {
    /// The user's name.
    pub display_name: Option<String>,
    /// The address as the server knows it.
    pub email: Option<String>,
    /// Ask again, for this address.
    pub redirect: Option<String>,
    /// The servers.
    pub servers: Vec<ServerUrl>,
    /// Why there is none: a code and a text.
    pub error: Option<(String, String)>,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerUrl {
    /// `MobileSync`, or `CertEnroll` for certificates.
    pub server_type: String,
    /// Its URL.
    pub url: String,
}

impl AutodiscoverAnswer {
    /// The URL of the ActiveSync server.
    pub fn mobile_sync(&self) -> Option<&str> {
        self.servers
            .iter()
            .find(|server| server.server_type == "MobileSync" && !server.url.is_empty())
            .map(|server| server.url.as_str())
    }
}

/// An answer that is no Autodiscover document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutodiscoverError(String);

impl fmt::Display for AutodiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an Autodiscover document: {}", self.0)
    }
}

impl std::error::Error for AutodiscoverError {}

impl Autodiscover {
    /// The body, of type `text/xml`.
    pub fn encode(&self) -> Vec<u8> {
        const SCHEMA: &str = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync";
        let email = escape(&self.email);
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <Autodiscover xmlns=\"{SCHEMA}/requestschema/2006\"><Request>\
             <EMailAddress>{email}</EMailAddress>\
             <AcceptableResponseSchema>{SCHEMA}/responseschema/2006</AcceptableResponseSchema>\
             </Request></Autodiscover>"
        )
        .into_bytes()
    }

    /// Reads an answer, by the local names of its elements: servers disagree about namespaces.
    ///
    /// # Errors
    /// A body that is no XML, or no Autodiscover document.
    pub fn decode(body: &[u8]) -> Result<AutodiscoverAnswer, AutodiscoverError> {
        let text = String::from_utf8_lossy(body);
        let mut reader = Reader::from_str(&text);
        let mut answer = AutodiscoverAnswer::default();
        let mut path: Vec<String> = Vec::new();
        let mut value = String::new();
        loop {
            let event = reader.read_event();
            match event.map_err(|e| AutodiscoverError(e.to_string()))? {
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    if path.is_empty() && name != "Autodiscover" || path.len() >= DEPTH {
                        return Err(AutodiscoverError(format!("unexpected <{name}>")));
                    }
                    if name == "Server" {
                        answer.servers.push(ServerUrl::default());
                    }
                    path.push(name);
                    value.clear();
                }
                Event::Text(text) => value.push_str(&text),
                Event::CData(text) => value.push_str(&text),
                Event::GeneralRef(name) => match name.resolve_char_ref() {
                    Ok(Some(c)) => value.push(c),
                    _ => value.push_str(
                        quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default(),
                    ),
                },
                Event::End(_) => {
                    answer.take(&path, value.trim());
                    path.pop();
                    value.clear();
                }
                Event::DocType(_) => return Err(AutodiscoverError("a document type".into())),
                Event::Eof if path.is_empty() && answer != AutodiscoverAnswer::default() => {
                    return Ok(answer);
                }
                Event::Eof => return Err(AutodiscoverError("it says nothing".into())),
                _ => {}
            }
        }
    }
}

impl AutodiscoverAnswer {
    /// Takes the text of the element at this path.
    fn take(&mut self, path: &[String], text: &str) {
        let Some((name, above)) = path.split_last() else {
            return;
        };
        let parent = above.last().map_or("", String::as_str);
        match (parent, name.as_str()) {
            ("User", "DisplayName") => self.display_name = Some(text.to_owned()),
            ("User", "EMailAddress") => self.email = Some(text.to_owned()),
            ("Action", "Redirect") => self.redirect = Some(text.to_owned()),
            ("Server", "Type") => {
                if let Some(server) = self.servers.last_mut() {
                    text.clone_into(&mut server.server_type);
                }
            }
            ("Server", "Url") => {
                if let Some(server) = self.servers.last_mut() {
                    text.clone_into(&mut server.url);
                }
            }
            ("Error", "Status" | "ErrorCode") => {
                text.clone_into(&mut self.error.get_or_insert_default().0);
            }
            ("Error", "Message") => text.clone_into(&mut self.error.get_or_insert_default().1),
            _ => {}
        }
    }
}

/// The path and query that ask a host for the same in JSON; no login is needed.
pub fn json_path(email: &str) -> String {
    // An address is written with its @, as in the documents and by other clients.
    let email = percent_encoded(email).replace("%40", "@");
    format!("/autodiscover/autodiscover.json?Email={email}&Protocol=ActiveSync")
}

/// The URL in an answer in JSON; none where there is none.
pub fn decode_json(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let protocol = json.get("Protocol")?.as_str()?;
    let url = json.get("Url")?.as_str()?;
    protocol
        .eq_ignore_ascii_case("ActiveSync")
        .then(|| url.to_owned())
}
