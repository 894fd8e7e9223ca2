//! Requests as the methods see them, and their answers.

use bytes::Bytes;
use hyper::HeaderMap;

use super::account::Refusal;
use super::place::Urls;
use super::profile::{Profile, Quirk};
use super::store::Store;
use super::xml::{DAV, Element, Writer};

/// A request that was read and whose sender is known.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a str,
    pub(super) store: &'a Store,
    pub(super) urls: &'a Urls,
    pub(super) profile: &'a Profile,
}

impl Request<'_> {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        // ETags may hold what is no ASCII.
        std::str::from_utf8(self.headers.get(name)?.as_bytes()).ok()
    }

    /// Whether `Depth` asks for what is below, too.
    pub(super) fn is_deep(&self) -> bool {
        self.header("depth").is_some_and(|depth| depth != "0")
    }

    /// The body's root element; none if there is no body.
    ///
    /// # Errors
    /// 400 if it is no XML.
    pub(super) fn xml(&self) -> Result<Option<Element>, Reply> {
        if self.body.trim().is_empty() {
            return Ok(None);
        }
        match Element::parse(self.body) {
            Some(root) => Ok(Some(root)),
            None => Err(Reply::status(400)),
        }
    }

    pub(super) fn writer(&self, root: &str) -> Writer {
        let raw = self.profile.has(Quirk::ControlCharacters);
        Writer::new(root, self.profile.has(Quirk::DefaultNamespace), raw)
    }

    /// An error with a precondition in it.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Reply {
        let Some((name, href)) = &refusal.condition else {
            return Reply::status(refusal.status);
        };
        let mut writer = self.writer("error");
        let inner = match href.is_empty() {
            true => String::new(),
            false => writer.wrap("href", &writer.markup(href)),
        };
        writer.element(name, &inner);
        Reply::xml(refusal.status, writer.finish("error"))
    }

    pub(super) fn condition(&self, status: u16, local: &str) -> Reply {
        self.refuse(&Refusal::condition(status, DAV, local))
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    pub(super) fn content(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        let reply = Self::status(status).with("content-type", kind);
        Self {
            body: body.into(),
            ..reply
        }
    }

    pub(super) fn xml(status: u16, text: String) -> Self {
        Self::content(status, "application/xml; charset=utf-8", text)
    }

    /// A multistatus with the first `n` of its responses.
    pub(super) fn shortened(mut self, n: usize) -> Self {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let end = match text.contains("</D:response>") {
            true => "</D:response>",
            false => "</response>",
        };
        let begin = end.replace('/', "");
        let ends: Vec<usize> = text
            .match_indices(end)
            .map(|(at, _)| at.saturating_add(end.len()))
            .collect();
        let first = text.find(&begin).unwrap_or(text.len());
        let from = match n {
            0 => first,
            n => ends.get(n.saturating_sub(1)).copied().unwrap_or(text.len()),
        };
        let to = ends.last().copied().unwrap_or(from).max(from);
        let head = text.get(..from).unwrap_or_default();
        let tail = text.get(to..).unwrap_or_default();
        self.body = format!("{head}{tail}").into();
        self
    }

    /// The body up to its middle.
    pub(super) fn halved(mut self) -> Self {
        let half = self.body.len() / 2;
        self.body.truncate(half);
        self
    }
}
