//! What is known of a session, and where its responses go.

use std::sync::{Arc, Weak};

use sync_core::net::excerpt;

use crate::wire::command::LiteralMode;
use crate::wire::{
    Capabilities, Code, EncodeOptions, MailboxName, NameEncoding, Response, StatusKind,
    StatusResponse,
};

use super::call::{Collect, Effect};
use super::error::{Error, ErrorKind, Result};
use super::event::{EventKind, Events, event_of};

/// What IMAP4rev2 holds in itself (RFC 9051 appendix E).
const IN_REV2: [&str; 12] = [
    "ENABLE",
    "ESEARCH",
    "IDLE",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "LITERAL-",
    "MOVE",
    "NAMESPACE",
    "SASL-IR",
    "SEARCHRES",
    "UIDPLUS",
    "UNSELECT",
];

/// What the server can do and what was agreed on.
#[derive(Debug, Default)]
pub struct Session {
    pub(super) capabilities: Capabilities,
    /// The capabilities were told since this was last set to false.
    pub(super) capabilities_fresh: bool,
    pub(super) enabled: Capabilities,
    pub(super) authenticated: bool,
    pub(super) selected: Option<Arc<MailboxName>>,
}

impl Session {
    /// Whether the server offers this extension, by itself or as a part of IMAP4rev2.
    #[must_use]
    pub fn has(&self, extension: &str) -> bool {
        self.capabilities.has(extension)
            || (self.capabilities.has("IMAP4rev2")
                && IN_REV2.iter().any(|e| e.eq_ignore_ascii_case(extension)))
    }

    /// The capabilities as they were told last.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether this extension was enabled (RFC 5161). CONDSTORE counts as enabled by QRESYNC, as
    /// Dovecot answers `ENABLE CONDSTORE QRESYNC` by the latter alone.
    #[must_use]
    pub fn is_enabled(&self, extension: &str) -> bool {
        self.enabled.has(extension)
            || (extension.eq_ignore_ascii_case("CONDSTORE") && self.enabled.has("QRESYNC"))
    }

    /// The selected mailbox.
    #[must_use]
    pub fn selected(&self) -> Option<&MailboxName> {
        self.selected.as_deref()
    }

    /// How mailbox names are written.
    #[must_use]
    pub fn name_encoding(&self) -> NameEncoding {
        if self.is_utf8() {
            NameEncoding::Utf8
        } else {
            NameEncoding::Utf7
        }
    }

    /// The largest message in bytes that APPEND takes (RFC 7889), if the server says so.
    #[must_use]
    pub fn append_limit(&self) -> Option<u64> {
        self.capabilities.append_limit()
    }

    pub(super) fn is_utf8(&self) -> bool {
        self.enabled.has("UTF8=ACCEPT") || self.enabled.has("IMAP4rev2")
    }

    pub(super) fn require(&self, extension: &str) -> Result<()> {
        if self.has(extension) {
            return Ok(());
        }
        Err(Error::unsupported(extension))
    }

    pub(super) fn encode_options(&self) -> EncodeOptions {
        let literals = if self.capabilities.has("LITERAL+") {
            LiteralMode::Plus
        } else if self.has("LITERAL-") {
            LiteralMode::Minus
        } else {
            LiteralMode::Synchronizing
        };
        EncodeOptions {
            literals,
            utf8: self.is_utf8(),
        }
    }

    fn learn(&mut self, code: &Code) {
        match code {
            Code::Capability(list) => self.learn_capabilities(list.clone()),
            Code::Closed => self.selected = None,
            _ => {}
        }
    }

    fn learn_capabilities(&mut self, list: Capabilities) {
        self.capabilities = list;
        self.capabilities_fresh = true;
    }
}

/// A command in flight.
pub(super) struct InFlight {
    pub(super) tag: u32,
    pub(super) name: &'static str,
    pub(super) collect: Box<dyn Collect>,
    pub(super) claim: Weak<()>,
}

impl InFlight {
    fn is_wanted(&self) -> bool {
        self.claim.strong_count() > 0
    }
}

/// A command that is over.
pub(super) struct Completed {
    pub(super) tag: u32,
    pub(super) result: Result<Box<dyn Collect>>,
    claim: Weak<()>,
}

/// Takes responses to those who asked, and keeps the rest as events.
#[derive(Default)]
pub(super) struct Router {
    pub(super) session: Session,
    pub(super) events: Events,
    pub(super) in_flight: Vec<InFlight>,
    completed: Vec<Completed>,
    /// The text of a `+` that nobody took yet.
    pub(super) continuation: Option<Vec<u8>>,
    /// LOGOUT was sent: a BYE is welcome.
    pub(super) leaving: bool,
    /// The server said BYE.
    pub(super) bye: Option<StatusResponse>,
    /// The greeting, until it is taken.
    pub(super) greeting: Option<StatusResponse>,
    pub(super) greeted: bool,
}

impl Router {
    pub(super) fn is_in_flight(&self, tag: u32) -> bool {
        self.in_flight.iter().any(|command| command.tag == tag)
    }

    /// What became of a command that is over.
    pub(super) fn take_completed(&mut self, tag: u32) -> Option<Result<Box<dyn Collect>>> {
        self.completed.retain(|c| c.claim.strong_count() > 0);
        let at = self.completed.iter().position(|c| c.tag == tag)?;
        Some(self.completed.swap_remove(at).result)
    }

    /// Whether a reader must first read the FETCH that was sent before `tag`.
    pub(super) fn is_behind_stream(&self, tag: u32) -> bool {
        self.in_flight
            .iter()
            .take_while(|command| command.tag != tag)
            .any(|command| command.collect.streams() && command.is_wanted())
    }

    /// Whether a reader must first read a FETCH before anything else can be waited for.
    pub(super) fn has_stream(&self) -> bool {
        self.in_flight
            .iter()
            .any(|command| command.collect.streams() && command.is_wanted())
    }

    /// The command that FETCH responses now belong to.
    pub(super) fn stream_tag(&self) -> Option<u32> {
        let command = self.in_flight.iter().find(|c| c.collect.streams())?;
        Some(command.tag)
    }

    /// Whether FETCH responses belong to a command whose reader gave up.
    fn drops_fetch(&self) -> bool {
        self.in_flight
            .iter()
            .find(|command| command.collect.streams())
            .is_some_and(|command| !command.is_wanted())
    }

    pub(super) fn respond(&mut self, response: Response<'_>) {
        if !self.greeted {
            self.greeted = true;
            if let Response::Status(status) = response {
                if let Some(code) = &status.code {
                    self.session.learn(code);
                }
                if status.kind == StatusKind::Bye {
                    self.bye = Some(status);
                } else {
                    self.greeting = Some(status);
                }
            }
            return;
        }
        match response {
            Response::Tagged { tag, status } => self.complete(&tag, status),
            Response::Unparsed(unparsed) => {
                let text = || format!("undecodable completion: {}", excerpt(unparsed.bytes));
                match unparsed.tag.and_then(tag_number) {
                    Some(tag) if self.is_in_flight(tag) => {
                        self.fail(tag, Error::new(ErrorKind::Protocol, text()));
                    }
                    _ => self.event(event_of(response)),
                }
            }
            Response::Continuation(text) => self.continuation = Some(text.into_owned()),
            Response::Capability(list) => self.session.learn_capabilities(list),
            Response::Enabled(list) => self.session.enabled.merge(&list),
            Response::Status(status) if status.kind == StatusKind::Bye => self.bye = Some(status),
            other => self.offer(other),
        }
    }

    fn offer(&mut self, response: Response<'_>) {
        if let Response::Status(status) = &response
            && let Some(code) = &status.code
        {
            self.session.learn(code);
        }
        if matches!(response, Response::Fetch(_)) && self.drops_fetch() {
            return;
        }
        let mut left = Some(response);
        for command in &mut self.in_flight {
            let Some(response) = left.take() else {
                return;
            };
            left = command.collect.take(command.tag, response);
        }
        if let Some(response) = left {
            self.event(event_of(response));
        }
    }

    pub(super) fn event(&mut self, kind: EventKind) {
        self.events.push(self.session.selected.as_ref(), kind);
    }

    fn complete(&mut self, tag: &str, status: StatusResponse) {
        if let Some(code) = &status.code {
            self.session.learn(code);
            if let Code::HighestModSeq(n) = code {
                self.event(EventKind::HighestModSeq(*n));
            }
        }
        let known = tag_number(tag)
            .and_then(|tag| self.in_flight.iter().position(|command| command.tag == tag));
        let Some(at) = known else {
            tracing::warn!(tag = %excerpt(tag.as_bytes()), "completion of no command in flight");
            self.event(EventKind::Notice(status));
            return;
        };
        let mut command = self.in_flight.remove(at);
        match (command.collect.effect(), status.kind) {
            (Effect::Select(mailbox), StatusKind::Ok) => {
                self.session.selected = Some(Arc::clone(mailbox));
            }
            // RFC 9051 section 6.3.2: a SELECT that fails deselects.
            (Effect::Select(_), StatusKind::No) | (Effect::Deselect, StatusKind::Ok) => {
                self.session.selected = None;
            }
            _ => {}
        }
        let result = if command.collect.done(&status) {
            Ok(command.collect)
        } else {
            Err(Error::refused(command.name, &status))
        };
        self.completed.push(Completed {
            tag: command.tag,
            result,
            claim: command.claim,
        });
    }

    /// Forgets what was said before TLS began: anybody may have said it.
    pub(super) fn forget(&mut self) {
        self.session = Session::default();
        self.events = Events::default();
        self.completed.clear();
        self.continuation = None;
    }

    /// Ends one command by an error.
    pub(super) fn fail(&mut self, tag: u32, error: Error) {
        if let Some(at) = self.in_flight.iter().position(|command| command.tag == tag) {
            let command = self.in_flight.remove(at);
            self.completed.push(Completed {
                tag,
                result: Err(error.or_command(command.name)),
                claim: command.claim,
            });
        }
    }
}

pub(super) fn tag_text(tag: u32) -> String {
    format!("A{tag}")
}

pub(super) fn tag_number(tag: &str) -> Option<u32> {
    tag.strip_prefix('A')?.parse().ok()
}
