//! A client of a few lines, so that no other can hide what the server does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use caldav::testing::{Profile, Server};

/// alice:alicepw
const BASIC: &str = "Basic YWxpY2U6YWxpY2Vwdw==";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(found.1)
    }

    pub(crate) fn etag(&self) -> String {
        self.header("etag").unwrap().to_owned()
    }

    /// The text of the first element of this name, prefix and all.
    pub(crate) fn text(&self, element: &str) -> String {
        let (_, rest) = self.body.split_once(&format!("<{element}>")).unwrap();
        rest.split_once("</").unwrap().0.to_owned()
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.body.matches(text).count()
    }
}

pub(crate) fn server(profile: Profile) -> Server {
    let server = Server::builder().profile(profile).start().unwrap();
    server.store().create("calendars/work");
    server.store().create("addressbooks/people");
    server
}

/// Sends a request; `None` if the connection ends without a status.
pub(crate) fn try_ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", server.addr());
    if !headers.iter().any(|(name, _)| *name == "Authorization") {
        head.push_str(&format!("Authorization: {BASIC}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut all = Vec::new();
    // A connection that is reset in the middle has sent what it has sent.
    let _ = stream.read_to_end(&mut all);
    let all = String::from_utf8_lossy(&all).into_owned();
    let (head, body) = all.split_once("\r\n\r\n")?;
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

pub(crate) fn ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    try_ask(server, method, path, headers, body).expect("an answer")
}

/// PROPFIND of these properties, prefixes `D:`, `C:`, `R:` and `S:`.
pub(crate) fn propfind(server: &Server, path: &str, depth: &str, properties: &[&str]) -> Answer {
    let properties: String = properties.iter().map(|p| format!("<{p}/>")).collect();
    let body = format!(
        "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
         xmlns:R=\"urn:ietf:params:xml:ns:carddav\" xmlns:S=\"http://calendarserver.org/ns/\">\
         <D:prop>{properties}</D:prop></D:propfind>"
    );
    ask(server, "PROPFIND", path, &[("Depth", depth)], &body)
}

pub(crate) const WORK: &str = "/dav/calendars/alice/work/";
pub(crate) const PEOPLE: &str = "/dav/addressbooks/alice/people/";

pub(crate) fn event(uid: &str, more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260301T100000Z\r\nDTEND:20260301T110000Z\r\n\
         SUMMARY:{uid}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

pub(crate) fn card(uid: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{uid}\r\nN:{uid};;;;\r\nEND:VCARD\r\n")
}

pub(crate) fn put(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    ask(server, "PUT", path, headers, body)
}

/// sync-collection from a token.
pub(crate) fn sync(server: &Server, path: &str, token: &str) -> Answer {
    let body = format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token>\
         <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
    );
    ask(server, "REPORT", path, &[], &body)
}
