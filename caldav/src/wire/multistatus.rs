//! DAV:multistatus, read as it arrives (RFC 4918 section 13).

use std::collections::VecDeque;

use super::condition::{ErrorBody, MAX_MESSAGE, append_some};
use super::error::{DecodeError, DecodeErrorKind};
use super::etag::ETag;
use super::href::Href;
use super::limits::Limits;
use super::property::{MediaType, Properties, Property, Shape, Value, ns};
use super::set::{Component, Privilege, Report, ResourceType};
use super::xml::{Attributes, Sink, XmlReader};

/// What a server says of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The resource, resolved against the URL that was asked.
    pub href: Href,
    /// The status of the resource as a whole, such as 404.
    pub status: Option<u16>,
    /// Values that a 2xx propstat gave.
    pub properties: Properties,
    /// Properties without a value, with the status of their propstat (0 where it had none).
    pub refused: Vec<(Property, u16)>,
    /// Why, as far as the server says.
    pub error: ErrorBody,
    /// Whether part of it was not UTF-8 or not text: it has been repaired, so values may not be what
    /// is stored and must not be written back.
    pub damaged: bool,
}

impl Response {
    /// Whether the resource is said to be gone: what 404 means in a sync-collection report
    /// (RFC 6578 section 3.4), a multiget or a listing.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }

    /// Whether the resource as a whole is there: no status but of success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_none_or(is_success)
    }

    /// The status with which a property was refused.
    #[must_use]
    pub fn refusal(&self, property: Property) -> Option<u16> {
        let mut refused = self.refused.iter();
        refused
            .find(|(name, _)| *name == property)
            .map(|(_, status)| *status)
    }
}

/// What stands beside the responses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Where the changes of the collection stand now (RFC 6578 section 6.4).
    pub sync_token: Option<String>,
    /// Whether there is more than was told: a response of status 507 (RFC 6578 section 3.6).
    pub truncated: bool,
    /// How many responses could not be understood: their resources are not known.
    pub unreadable: u64,
    /// What the server says to people.
    pub description: Option<String>,
}

/// Reads a multistatus in pieces; also DAV:mkcol-response (RFC 5689) and
/// CALDAV:mkcalendar-response, as if they held one response about what was asked.
///
/// It holds one response, and those that the last piece completed.
///
/// ```
/// use caldav::wire::{Href, Limits, MultistatusReader};
///
/// let base = Href::parse("/cal/").unwrap();
/// let mut reader = MultistatusReader::new(base, "", Limits::default());
/// reader.push(b"<d:multistatus xmlns:d='DAV:'><d:response><d:href>a.ics</d:href>")?;
/// reader.push(b"<d:status>HTTP/1.1 404 Not Found</d:status></d:response></d:multistatus>")?;
/// let gone = reader.pop().unwrap();
/// assert!(gone.href.as_str() == "/cal/a.ics" && gone.is_gone());
/// assert!(!reader.finish()?.truncated);
/// # Ok::<(), caldav::wire::DecodeError>(())
/// ```
pub struct MultistatusReader {
    xml: XmlReader,
    sink: MultistatusSink,
}

impl MultistatusReader {
    /// For the answer to a request for `base`, against which references are resolved. Those at the
    /// origin `home` are given as paths.
    #[must_use]
    pub fn new(base: Href, home: &str, limits: Limits) -> Self {
        Self {
            xml: XmlReader::new(limits),
            sink: MultistatusSink::new(base, home, limits),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// If they are no multistatus, or beyond a limit. What was complete before can still be popped.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.xml.push(bytes, &mut self.sink)
    }

    /// The next response that is complete.
    pub fn pop(&mut self) -> Option<Response> {
        self.sink.ready.pop_front()
    }

    /// To be called at the end of the body.
    ///
    /// # Errors
    /// If the document has not ended: then nothing may be concluded from what is absent.
    pub fn finish(&mut self) -> Result<Summary, DecodeError> {
        self.xml.finish()?;
        Ok(std::mem::take(&mut self.sink.summary))
    }
}

/// Resources that one DAV:response may name.
const MAX_HREFS: usize = 4096;

/// In which element the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Multistatus,
    Response,
    Href,
    Status,
    Propstat,
    PropstatStatus,
    Prop,
    /// The property itself.
    Value(Property),
    /// Any element within a property.
    Within(Property),
    /// DAV:href within a property.
    ValueHref(Property),
    Error,
    SyncToken,
    /// DAV:responsedescription of the response or, outside one, of all.
    Description,
    /// Something nobody asked for.
    Other,
}

struct MultistatusSink {
    base: Href,
    home: String,
    limits: Limits,
    path: Vec<At>,
    text: String,
    /// Bytes that the response at hand holds.
    held: usize,
    hrefs: Vec<Option<Href>>,
    status: Option<u16>,
    propstat_status: Option<u16>,
    /// Of the propstat at hand, until its status is known.
    values: Properties,
    asked: Vec<Property>,
    draft: Draft,
    properties: Properties,
    refused: Vec<(Property, u16)>,
    error: ErrorBody,
    damaged: bool,
    ready: VecDeque<Response>,
    summary: Summary,
}

/// A value that is being read.
#[derive(Default)]
struct Draft {
    value: Option<Value>,
    /// An error stands where the value should be.
    failed: bool,
}

impl MultistatusSink {
    fn new(base: Href, home: &str, limits: Limits) -> Self {
        Self {
            base,
            home: home.to_owned(),
            limits,
            path: Vec::new(),
            text: String::new(),
            held: 0,
            hrefs: Vec::new(),
            status: None,
            propstat_status: None,
            values: Properties::default(),
            asked: Vec::new(),
            draft: Draft::default(),
            properties: Properties::default(),
            refused: Vec::new(),
            error: ErrorBody::default(),
            damaged: false,
            ready: VecDeque::new(),
            summary: Summary::default(),
        }
    }

    fn next(&self, namespace: &str, local: &str) -> Result<At, DecodeError> {
        let dav = namespace == ns::DAV;
        Ok(match (self.path.last(), local) {
            (None, "multistatus") if dav => At::Multistatus,
            (None, "mkcol-response") if dav => At::Response,
            (None, "mkcalendar-response") if namespace == ns::CALDAV => At::Response,
            (None, _) => {
                let detail = format!("<{}>", local.escape_default().take(60).collect::<String>());
                return Err(DecodeError::new(DecodeErrorKind::Root, detail));
            }
            (Some(At::Multistatus), "response") if dav => At::Response,
            (Some(At::Multistatus), "sync-token") if dav => At::SyncToken,
            (Some(At::Multistatus | At::Response), "responsedescription") if dav => At::Description,
            (Some(At::Response), "href") if dav => At::Href,
            (Some(At::Response), "status") if dav => At::Status,
            (Some(At::Response), "propstat") if dav => At::Propstat,
            (Some(At::Response | At::Propstat), "error") if dav => At::Error,
            (Some(At::Propstat), "prop") if dav => At::Prop,
            (Some(At::Propstat), "status") if dav => At::PropstatStatus,
            (Some(At::Prop), _) => {
                Property::from_name(namespace, local).map_or(At::Other, At::Value)
            }
            (Some(At::Value(property)), "href")
                if dav && matches!(property.shape(), Shape::Hrefs | Shape::Addresses) =>
            {
                At::ValueHref(*property)
            }
            (Some(At::Value(property) | At::Within(property)), _) => At::Within(*property),
            (Some(At::Error), _) => At::Error,
            _ => At::Other,
        })
    }

    fn resolved(&self) -> Option<Href> {
        Some(self.base.resolve(&self.text)?.relative_to(&self.home))
    }

    /// An element within a property, which may be all that its value consists of.
    fn note(
        &mut self,
        property: Property,
        namespace: &str,
        local: &str,
        attributes: &Attributes<'_>,
    ) {
        let value = self.draft.value.take();
        self.draft.value = match (property.shape(), value) {
            (Shape::ResourceTypes, value) => {
                let Some(Value::ResourceTypes(mut types)) = value else {
                    return;
                };
                if let Some(one) = ResourceType::from_name(namespace, local) {
                    types.insert(one);
                }
                Some(Value::ResourceTypes(types))
            }
            (Shape::Reports, Some(Value::Reports(mut reports))) => {
                if let Some(one) = Report::from_name(namespace, local) {
                    reports.insert(one);
                }
                Some(Value::Reports(reports))
            }
            (Shape::Privileges, Some(Value::Privileges(mut privileges))) => {
                if let Some(one) = Privilege::from_name(namespace, local) {
                    privileges.insert(one);
                }
                Some(Value::Privileges(privileges))
            }
            (Shape::Components, Some(Value::Components(mut components))) => {
                if let Some(one) = attributes.get("name").as_deref().and_then(Component::parse) {
                    components.insert(one);
                }
                Some(Value::Components(components))
            }
            (Shape::MediaTypes, Some(Value::MediaTypes(mut types))) => {
                if let Some(content_type) = attributes.get("content-type") {
                    let version = attributes.get("version").unwrap_or_default();
                    self.held = self.held.saturating_add(content_type.len() + version.len());
                    types.push(MediaType {
                        content_type,
                        version,
                    });
                }
                Some(Value::MediaTypes(types))
            }
            (Shape::Choice, None) => Some(Value::Text(local.to_owned())),
            (_, value) => value,
        };
        // SOGo answers 200 for a property in whose place an error stands.
        if namespace == ns::DAV && matches!(local, "status" | "error") {
            self.draft.failed = true;
        }
    }

    fn begin_value(&mut self, property: Property) {
        let value = match property.shape() {
            Shape::Hrefs => Some(Value::Hrefs(Vec::new())),
            Shape::Addresses => Some(Value::Addresses(Vec::new())),
            Shape::ResourceTypes => Some(Value::ResourceTypes(Default::default())),
            Shape::Reports => Some(Value::Reports(Default::default())),
            Shape::Privileges => Some(Value::Privileges(Default::default())),
            Shape::Components => Some(Value::Components(Default::default())),
            Shape::MediaTypes => Some(Value::MediaTypes(Vec::new())),
            Shape::Text | Shape::Data | Shape::Number | Shape::ETag | Shape::Choice => None,
        };
        self.draft = Draft {
            value,
            failed: false,
        };
        self.asked.push(property);
    }

    fn end_value(&mut self, property: Property) {
        let draft = std::mem::take(&mut self.draft);
        let text = std::mem::take(&mut self.text);
        let value = match property.shape() {
            _ if draft.failed => None,
            Shape::Data => Some(Value::Text(text)),
            Shape::Text => Some(Value::Text(text.trim().to_owned())),
            Shape::Number => text.trim().parse().ok().map(Value::Number),
            Shape::ETag => ETag::parse(&text).map(Value::ETag),
            _ => draft.value,
        };
        if let Some(value) = value {
            self.values.set(property, value);
        }
    }

    fn end_propstat(&mut self) {
        let status = self.propstat_status.take();
        if status.is_some_and(is_success) {
            self.properties.append(&mut self.values);
        } else {
            let status = status.unwrap_or_default();
            self.refused
                .extend(self.asked.iter().map(|name| (*name, status)));
        }
        self.values.clear();
        self.asked.clear();
    }

    fn end_response(&mut self) {
        self.held = 0;
        let mut hrefs = std::mem::take(&mut self.hrefs);
        if hrefs.is_empty() {
            // DAV:mkcol-response has none; in a multistatus it must have one.
            let own = || self.base.clone().relative_to(&self.home);
            hrefs.push(self.path.is_empty().then(own));
        }
        let template = Response {
            href: self.base.clone(),
            status: self.status.take(),
            properties: std::mem::take(&mut self.properties),
            refused: std::mem::take(&mut self.refused),
            error: std::mem::take(&mut self.error),
            damaged: std::mem::take(&mut self.damaged),
        };
        if template.status == Some(507) {
            self.summary.truncated = true;
            return;
        }
        // Several share a status only: with properties there is one (RFC 4918 section 14.24).
        let mut shared = template;
        if hrefs.len() > 1 {
            shared.properties = Properties::default();
        }
        for href in hrefs {
            let Some(href) = href else {
                self.summary.unreadable = self.summary.unreadable.saturating_add(1);
                continue;
            };
            let properties = std::mem::take(&mut shared.properties);
            self.ready.push_back(Response {
                href,
                properties,
                ..shared.clone()
            });
        }
    }

    fn wants_text(&self) -> bool {
        match self.path.last() {
            Some(At::Value(property)) => matches!(
                property.shape(),
                Shape::Text | Shape::Data | Shape::Number | Shape::ETag
            ),
            Some(
                At::Href
                | At::ValueHref(_)
                | At::Status
                | At::PropstatStatus
                | At::SyncToken
                | At::Description,
            ) => true,
            _ => false,
        }
    }
}

impl Sink for MultistatusSink {
    fn start(
        &mut self,
        namespace: &str,
        local: &str,
        attributes: &Attributes<'_>,
    ) -> Result<(), DecodeError> {
        let at = self.next(namespace, local)?;
        match at {
            At::Value(property) => self.begin_value(property),
            At::Within(property) => self.note(property, namespace, local, attributes),
            At::Error => self.error.note(namespace, local),
            _ => {}
        }
        // Elements cost memory too, though only a little.
        self.held = self.held.saturating_add(16);
        if self.held > self.limits.max_response {
            return Err(DecodeError::new(DecodeErrorKind::Limit, "one response"));
        }
        if !matches!(at, At::Within(_)) {
            self.text.clear();
        }
        self.path.push(at);
        Ok(())
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        let Some(at) = self.path.pop() else {
            return Ok(());
        };
        match at {
            At::Href => {
                if self.hrefs.len() >= MAX_HREFS {
                    return Err(DecodeError::new(DecodeErrorKind::Limit, "references"));
                }
                self.hrefs.push(self.resolved());
            }
            At::Status => self.status = status(&self.text),
            At::PropstatStatus => self.propstat_status = status(&self.text),
            At::Value(property) => self.end_value(property),
            At::ValueHref(_) => match &mut self.draft.value {
                Some(Value::Hrefs(hrefs)) => {
                    let href = self.base.resolve(&self.text);
                    hrefs.extend(href.map(|href| href.relative_to(&self.home)));
                }
                Some(Value::Addresses(addresses)) => addresses.push(self.text.trim().to_owned()),
                _ => {}
            },
            At::Propstat => self.end_propstat(),
            At::Response => self.end_response(),
            At::SyncToken => {
                let token = self.text.trim();
                self.summary.sync_token = (!token.is_empty()).then(|| token.to_owned());
                self.held = 0;
            }
            At::Description => {
                let text = Some(self.text.trim().to_owned()).filter(|text| !text.is_empty());
                if self.path.last() == Some(&At::Response) {
                    self.error.message = text;
                } else {
                    self.summary.description = text;
                }
            }
            At::Multistatus | At::Prop | At::Within(_) | At::Error | At::Other => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), DecodeError> {
        if !self.wants_text() {
            return Ok(());
        }
        if self.path.last() == Some(&At::Description) {
            append_some(&mut self.text, text, MAX_MESSAGE);
            return Ok(());
        }
        self.held = self.held.saturating_add(text.len());
        if self.held > self.limits.max_response {
            return Err(DecodeError::new(DecodeErrorKind::Limit, "one response"));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn damaged(&mut self) {
        self.damaged = true;
    }
}

pub(crate) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// The code in a status line: `HTTP/1.1 200 OK`.
fn status(line: &str) -> Option<u16> {
    line.split_ascii_whitespace()
        .filter(|word| word.len() == 3)
        .find_map(|word| word.parse().ok())
        .filter(|code| (100..600).contains(code))
}
