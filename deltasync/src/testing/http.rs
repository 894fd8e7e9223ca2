//! As much of HTTP/1.1 as clients of the service need.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes of a head, and of a body.
const HEAD: usize = 32 << 10;
const BODY: usize = 256 << 20;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(super) fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut answer = Self::new(200);
        answer
            .headers
            .push(("Content-Type", content_type.to_owned()));
        answer.body = body.into();
        answer
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nServer: Microsoft-IIS/6.0\r\n\
             X-WindowsLive-Hydra: H: BLU165-ds6 V: 16.3.133.328 D: 2012-03-29T02:31:31\r\n\
             Set-Cookie: HMDST=dGVzdA==; domain=.mail.services.live.com; path=/\r\n\
             Cache-Control: no-cache\r\nPragma: no-cache\r\nExpires: -1\r\n",
            self.status,
            if self.status == 200 { "OK" } else { "Other" },
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let mut out = head.into_bytes();
        out.extend_from_slice(&self.body);
        out
    }
}

/// Anything that can be read and written.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Reads requests from a connection.
pub(super) struct Connection {
    pub(super) stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    async fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = vec![0; 64 << 10];
        let count = self.stream.read(&mut chunk).await?;
        self.buffer
            .extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(count > 0)
    }

    /// The next request; `None` at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<Request>> {
        let end = loop {
            if let Some(at) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > HEAD || !self.fill().await? {
                return Ok(None);
            }
        };
        let rest = self.buffer.split_off(end.saturating_add(4));
        let head = std::mem::replace(&mut self.buffer, rest);
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut length = 0_usize;
        let mut content_type = String::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(usize::MAX),
                "content-type" => value.trim().clone_into(&mut content_type),
                _ => {}
            }
        }
        if length > BODY {
            return Ok(None);
        }
        while self.buffer.len() < length {
            if !self.fill().await? {
                return Ok(None);
            }
        }
        let rest = self.buffer.split_off(length);
        let body = std::mem::replace(&mut self.buffer, rest);
        Ok(Some(Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            content_type,
            body: body.into(),
        }))
    }

    /// Sends bytes; up to `most` of them.
    pub(super) async fn send(&mut self, bytes: &[u8], most: usize) -> io::Result<()> {
        let bytes = bytes.get(..most).unwrap_or(bytes);
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }
}

/// The document of a request, and what it includes by the ids of its parts: of a body that is XML alone,
/// or of one that is a MIME entity.
pub(super) fn parts(request: &Request) -> Option<(Bytes, Vec<(String, Bytes)>)> {
    if request.content_type.starts_with("text/xml") {
        return Some((request.body.clone(), Vec::new()));
    }
    if request.content_type != "application/xop+xml" {
        return None;
    }
    let body = &request.body;
    let (head, mut rest) = split_head(body)?;
    let boundary = head.split("boundary=").nth(1)?.split([';', '\r']).next()?;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    rest = rest.slice(memchr::memmem::find(&rest, delimiter.as_bytes())?..);
    let next = format!("\r\n{delimiter}");
    let mut all = Vec::new();
    loop {
        rest = rest.slice(delimiter.len()..);
        if rest.starts_with(b"--") {
            break;
        }
        let (head, content) = split_head(&rest)?;
        let end = memchr::memmem::find(&content, next.as_bytes())?;
        let id = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-ID: "))?;
        let id = id.trim_matches(['<', '>']).to_owned();
        all.push((id, content.slice(..end)));
        rest = content.slice(end.saturating_add(2)..);
    }
    let (_, document) = (!all.is_empty()).then(|| all.remove(0))?;
    Some((document, all))
}

fn split_head(bytes: &Bytes) -> Option<(String, Bytes)> {
    let at = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..at)?).into_owned();
    Some((head, bytes.slice(at.saturating_add(4)..)))
}
