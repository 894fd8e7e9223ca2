//! Faults that a test can order.

use std::fmt;
use std::time::Duration;

use sync_core::testing::server::{Ordered, Turns};

use super::store::Store;

/// A moment in the life of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// The command was read and is not yet carried out.
    Received,
    /// Just before `+ ` for a literal or for SASL.
    Continuation,
    /// After the `+ ` of IDLE.
    Idling,
    /// The untagged answers were given, the tagged one was not.
    Completion,
    /// Behind the tagged answer, in the same write.
    Answered,
}

/// A third party's edit.
pub(super) type Edit = Box<dyn FnMut(&Store) + Send>;

/// One thing to do at one moment.
pub(super) enum Deed {
    /// A line to send, without its CRLF.
    Say(Vec<u8>),
    Edit(Edit),
}

/// How the command ends, if not as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    CutBefore,
    /// Carried out; so many bytes of the answer are sent, then the connection is cut.
    CutAnswer(u64),
    /// `NO` or `BAD` and a text instead of carrying it out.
    Refuse(&'static str, String),
    Bye(String),
}

/// Something that goes wrong with a command.
///
/// A fault waits for a command whose line, without its tag and in any case, begins with a prefix,
/// lets `nth - 1` of them pass, strikes, and is spent; [`times`](Self::times) and
/// [`always`](Self::always) let it strike again. The pseudo-command `GREETING` stands for a new
/// connection, to which refusals are `BYE`. Several effects may be joined in one fault. If two faults await the same command,
/// the one ordered first strikes and the other one waits on.
///
/// ```no_run
/// # use imap_client::testing::{Fault, Moment, Server};
/// # let server = Server::start()?;
/// // The second APPEND is carried out, but its answer never arrives.
/// server.order(Fault::on("APPEND").nth(2).cut_after());
/// // Somebody else sets a flag while our STORE is on its way.
/// server.order(Fault::on("UID STORE").edit(Moment::Received, |store| {
///     let _ = store.add_flags("INBOX", 1, &["\\Flagged"]);
/// }));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Fault {
    prefix: String,
    turns: Turns,
    pub(super) delay: Option<Duration>,
    pub(super) end: Option<End>,
    pub(super) deeds: Vec<(Moment, Deed)>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("prefix", &self.prefix)
            .field("turns", &self.turns)
            .field("delay", &self.delay)
            .field("end", &self.end)
            .field("deeds", &self.deeds.len())
            .finish()
    }
}

impl Fault {
    /// A fault that waits for a command whose line begins with `prefix`; the empty prefix fits all.
    #[must_use]
    pub fn on(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            turns: Turns::default(),
            delay: None,
            end: None,
            deeds: Vec::new(),
        }
    }

    /// Strikes at the `k`-th fitting command from now, counted from 1.
    #[must_use]
    pub fn nth(mut self, k: u64) -> Self {
        self.turns.nth(k);
        self
    }

    /// Strikes `n` times in a row.
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.turns.times(n);
        self
    }

    /// Strikes every time.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    /// Cuts the connection when the command was read, without carrying it out.
    #[must_use]
    pub fn cut_before(mut self) -> Self {
        self.end = Some(End::CutBefore);
        self
    }

    /// Carries the command out, then cuts the connection without an answer.
    #[must_use]
    pub fn cut_after(self) -> Self {
        self.cut_answer(0)
    }

    /// Carries the command out and cuts the connection after so many bytes of its answer.
    ///
    /// A continuation request for a literal is no part of the answer; those of IDLE and of SASL are.
    #[must_use]
    pub fn cut_answer(mut self, bytes: u64) -> Self {
        self.end = Some(End::CutAnswer(bytes));
        self
    }

    /// Answers `NO` and this text (with a response code if it begins with one) instead of carrying
    /// the command out; in place of the `+` where the client waits for one.
    #[must_use]
    pub fn no(mut self, text: &str) -> Self {
        self.end = Some(End::Refuse("NO", text.to_owned()));
        self
    }

    /// As [`no`](Self::no), with `BAD`.
    #[must_use]
    pub fn bad(mut self, text: &str) -> Self {
        self.end = Some(End::Refuse("BAD", text.to_owned()));
        self
    }

    /// Refuses as Exchange Online does when a client asks too much of it.
    #[must_use]
    pub fn throttle(self, milliseconds: u64) -> Self {
        self.no(&format!(
            "Request is throttled. Suggested Backoff Time: {milliseconds} milliseconds"
        ))
    }

    /// Says `* BYE` and this text instead of carrying the command out, and closes the connection.
    #[must_use]
    pub fn bye(mut self, text: &str) -> Self {
        self.end = Some(End::Bye(text.to_owned()));
        self
    }

    /// Waits before carrying the command out.
    #[must_use]
    pub fn delay(mut self, time: Duration) -> Self {
        self.delay = Some(time);
        self
    }

    /// Sends a line, as it is, at a moment of the command: `* 5 EXISTS`, garbage, anything.
    #[must_use]
    pub fn say(mut self, at: Moment, line: impl AsRef<[u8]>) -> Self {
        self.deeds.push((at, Deed::Say(line.as_ref().to_vec())));
        self
    }

    /// Lets a third party edit the mailboxes of the session's user at a moment of the command.
    ///
    /// The session tells its client of the edit as it would of any: at once while idling, else with
    /// the command's answer.
    #[must_use]
    pub fn edit(mut self, at: Moment, edit: impl FnMut(&Store) + Send + 'static) -> Self {
        self.deeds.push((at, Deed::Edit(Box::new(edit))));
        self
    }

    pub(super) fn fits(&self, line: &str) -> bool {
        line.as_bytes()
            .get(..self.prefix.len())
            .is_some_and(|l| l.eq_ignore_ascii_case(self.prefix.as_bytes()))
    }
}

impl Ordered for Fault {
    fn turns(&mut self) -> &mut Turns {
        &mut self.turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_fits_in_any_case() {
        let fault = Fault::on("append");
        assert!(fault.fits("APPEND 1") && !fault.fits("NOOP") && !fault.fits("APP"));
    }
}
