//! A plain WebDAV client to fill calendars and address books with and to look at them.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use quick_xml::{Reader, events::Event};

use crate::{Error, Result, error::Doing};

/// How long a server may take over one request: Radicale needs more than a minute to take in a
/// calendar of 5,000 events.
const PATIENCE: Duration = Duration::from_secs(300);

/// One user at one server; every request has a connection of its own.
#[derive(Clone, Debug)]
pub struct Session {
    address: SocketAddr,
    authorization: String,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, such as 207.
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The content as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// This answer, if its status says that all is well.
    fn accepted(self, request: impl Into<String>) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let answer = format!("{} {}", self.status, self.text());
        Err(Error::refused(request, answer))
    }
}

impl Session {
    /// A user of a server on 127.0.0.1.
    pub fn new(port: u16, user: &str, password: &str) -> Self {
        let login = STANDARD.encode(format!("{user}:{password}"));
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            authorization: format!("Basic {login}"),
        }
    }

    /// Sends one request and reads the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] without an answer that is HTTP.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        self.exchange(method, path, headers, body)
            .doing(|| format!("{method} {path}"))
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nConnection: close\r\n\
             Content-Length: {}\r\n",
            self.address,
            self.authorization,
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let request = [request.as_bytes(), body].concat();
        stream.write_all(&request)?;
        read_answer(&mut stream)
    }

    /// Writes an item, new or not.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn put(&self, path: &str, content: &str) -> Result<()> {
        let kind = match content.starts_with("BEGIN:VCARD") {
            true => "text/vcard; charset=utf-8",
            false => "text/calendar; charset=utf-8",
        };
        let headers = [("Content-Type", kind)];
        let answer = self.request("PUT", path, &headers, content.as_bytes())?;
        answer.accepted(format!("PUT {path}")).map(drop)
    }

    /// An item as the server gives it; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn get(&self, path: &str) -> Result<Option<String>> {
        let answer = self.request("GET", path, &[], b"")?;
        if matches!(answer.status, 404 | 410) {
            return Ok(None);
        }
        let answer = answer.accepted(format!("GET {path}"))?;
        Ok(Some(answer.text()))
    }

    /// Deletes an item or a collection.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn delete(&self, path: &str) -> Result<()> {
        let answer = self.request("DELETE", path, &[], b"")?;
        answer.accepted(format!("DELETE {path}")).map(drop)
    }

    /// The ETags of what is right below a collection, by href.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn etags(&self, collection: &str) -> Result<BTreeMap<String, String>> {
        self.properties(collection, "<D:getetag/>")
    }

    /// The display names of the collections right below another one, by href.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn names(&self, home: &str) -> Result<BTreeMap<String, String>> {
        self.properties(home, "<D:displayname/>")
    }

    /// One property of each resource right below another one.
    fn properties(&self, path: &str, property: &str) -> Result<BTreeMap<String, String>> {
        let body = format!(
            "<?xml version=\"1.0\"?><D:propfind xmlns:D=\"DAV:\"><D:prop>{property}</D:prop>\
             </D:propfind>"
        );
        let headers = [("Depth", "1"), ("Content-Type", "application/xml")];
        let answer = self.request("PROPFIND", path, &headers, body.as_bytes())?;
        let answer = answer.accepted(format!("PROPFIND {path}"))?;
        let name = property.trim_matches(|c| "<D:/>".contains(c));
        let mut found = multistatus(&answer.body, name)?;
        let itself = path.trim_end_matches('/');
        found.retain(|href, _| href.trim_end_matches('/') != itself);
        Ok(found)
    }

    /// All items of a collection, by href.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn items(&self, collection: &str) -> Result<BTreeMap<String, String>> {
        let hrefs = self.etags(collection)?.into_keys();
        let items = hrefs.filter(|href| !href.ends_with('/'));
        items
            .map(|href| {
                let content = self.get(&href)?.unwrap_or_default();
                Ok((href, content))
            })
            .collect()
    }

    /// Makes a calendar, for all kinds of components.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn make_calendar(&self, path: &str, name: &str) -> Result<()> {
        let body = format!(
            "<?xml version=\"1.0\"?><C:mkcalendar xmlns:D=\"DAV:\" \
             xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set><D:prop>\
             <D:displayname>{name}</D:displayname></D:prop></D:set></C:mkcalendar>"
        );
        let headers = [("Content-Type", "application/xml")];
        let answer = self.request("MKCALENDAR", path, &headers, body.as_bytes())?;
        answer.accepted(format!("MKCALENDAR {path}")).map(drop)
    }

    /// Makes an address book.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn make_address_book(&self, path: &str, name: &str) -> Result<()> {
        let body = format!(
            "<?xml version=\"1.0\"?><D:mkcol xmlns:D=\"DAV:\" \
             xmlns:C=\"urn:ietf:params:xml:ns:carddav\"><D:set><D:prop><D:resourcetype>\
             <D:collection/><C:addressbook/></D:resourcetype>\
             <D:displayname>{name}</D:displayname></D:prop></D:set></D:mkcol>"
        );
        let headers = [("Content-Type", "application/xml")];
        let answer = self.request("MKCOL", path, &headers, body.as_bytes())?;
        answer.accepted(format!("MKCOL {path}")).map(drop)
    }
}

/// Reads an answer up to the end of its content or of the connection.
fn read_answer(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let broken = || std::io::Error::other("the answer is no HTTP");
    let mut bytes = Vec::new();
    let mut answer: Option<(Answer, usize, Option<usize>)> = None;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut piece)?;
        bytes.extend_from_slice(piece.get(..read).unwrap_or_default());
        if answer.is_none()
            && let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = bytes.get(..end).unwrap_or_default();
            let head = read_head(&String::from_utf8_lossy(head)).ok_or_else(broken)?;
            if head.header("transfer-encoding").is_some() {
                return Err(std::io::Error::other("the answer comes in chunks"));
            }
            let length = head.header("content-length");
            let length = length.and_then(|length| length.parse().ok());
            answer = Some((head, end + 4, length));
        }
        let whole = |start: usize, length: &Option<usize>| {
            length.is_some_and(|length| bytes.len() >= start + length)
        };
        if let Some((head, start, length)) = &answer
            && (read == 0 || whole(*start, length) || head.status == 204)
        {
            let body = bytes.get(*start..).unwrap_or_default().to_vec();
            return Ok(Answer {
                body,
                ..head.clone()
            });
        }
        if read == 0 {
            return Err(broken());
        }
    }
}

fn read_head(text: &str) -> Option<Answer> {
    let mut lines = text.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    Some(Answer {
        status,
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    })
}

/// The value of one property by href, where there is one.
fn multistatus(xml: &[u8], property: &str) -> Result<BTreeMap<String, String>> {
    let xml = String::from_utf8_lossy(xml);
    let wrong = |error: &dyn std::fmt::Display| Error::refused("PROPFIND", error.to_string());
    let mut reader = Reader::from_str(&xml);
    let (mut found, mut href) = (BTreeMap::new(), String::new());
    let mut text = String::new();
    loop {
        match reader.read_event().map_err(|error| wrong(&error))? {
            Event::Start(_) | Event::Empty(_) => text.clear(),
            Event::Text(piece) => text.push_str(&piece),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", &*name);
                let entity = quick_xml::escape::unescape(&entity);
                text.push_str(&entity.map_err(|error| wrong(&error))?);
            }
            Event::End(end) => {
                let name = end.local_name();
                let value = text.trim().to_owned();
                if name.as_ref() == "href" {
                    href = value;
                } else if name.as_ref() == property && !value.is_empty() {
                    found.insert(href.clone(), value);
                }
                text.clear();
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multistatus_gives_values_by_href() {
        let xml = br#"<?xml version="1.0"?><multistatus xmlns="DAV:"><response>
            <href>/a/1.ics</href><propstat><prop><getetag>&quot;x&quot;</getetag></prop>
            <status>HTTP/1.1 200 OK</status></propstat></response>
            <D:response xmlns:D="DAV:"><D:href>/a/2.ics</D:href><D:propstat><D:prop>
            <D:getetag>"y"</D:getetag></D:prop></D:propstat></D:response>
            <response><href>/a/</href><prop><getetag/></prop></response></multistatus>"#;
        let found = multistatus(xml, "getetag").unwrap();
        let expected = [("/a/1.ics", "\"x\""), ("/a/2.ics", "\"y\"")];
        assert_eq!(found, expected.map(|(a, b)| (a.into(), b.into())).into());
    }

    #[test]
    fn an_answer_has_a_status_and_headers() {
        let head = read_head("HTTP/1.0 207 Multi-Status\r\nETag: \"1\"\r\nX-Y:z").unwrap();
        assert_eq!((head.status, head.header("etag")), (207, Some("\"1\"")));
        assert_eq!(head.header("x-y"), Some("z"));
        assert_eq!(read_head("nonsense"), None);
    }
}
