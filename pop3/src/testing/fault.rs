//! Faults that a test can order.

use std::fmt;
use std::time::Duration;

use sync_core::testing::server::{Ordered, Turns};

use super::maildrop::Maildrop;

/// What the world around does to a maildrop.
pub(super) type Edit = Box<dyn FnMut(&Maildrop) + Send>;

/// How a command ends, if not as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    CutBefore,
    /// Carried out; so many bytes of the answer are sent, then the connection is cut.
    CutAnswer(u64),
    /// Carried out; nothing is said, and the connection stays.
    Swallow,
    /// `-ERR` and this text instead of carrying it out.
    Refuse(String),
}

/// Something that goes wrong with a command.
///
/// A fault waits for a command whose line, in any case, begins with a prefix, lets `nth - 1` of them
/// pass, strikes, and is spent; [`times`](Self::times) and [`always`](Self::always) let it strike
/// again. The pseudo-command `GREETING` stands for a new connection. Several effects may be joined in
/// one fault. If two faults await the same command, the one ordered first strikes and the other one
/// waits on.
///
/// ```no_run
/// # use pop3::testing::{Fault, Server};
/// # let server = Server::start()?;
/// // The messages are removed, but the client never hears of it.
/// server.order(Fault::on("QUIT").cut_after());
/// // The third message breaks off after 100 bytes.
/// server.order(Fault::on("RETR").nth(3).cut_answer(100));
/// // Somebody else is logged in, twice in a row.
/// server.order(Fault::on("PASS").times(2).err("[IN-USE] Do you have another POP session running?"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Fault {
    prefix: String,
    turns: Turns,
    pub(super) delay: Option<Duration>,
    pub(super) end: Option<End>,
    pub(super) before: Vec<u8>,
    pub(super) edit: Option<Edit>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("prefix", &self.prefix)
            .field("turns", &self.turns)
            .field("delay", &self.delay)
            .field("end", &self.end)
            .finish_non_exhaustive()
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
            before: Vec::new(),
            edit: None,
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
    #[must_use]
    pub fn cut_answer(mut self, bytes: u64) -> Self {
        self.end = Some(End::CutAnswer(bytes));
        self
    }

    /// Carries the command out and says nothing; the connection stays.
    #[must_use]
    pub fn swallow(mut self) -> Self {
        self.end = Some(End::Swallow);
        self
    }

    /// Answers `-ERR` and this text instead of carrying the command out: `[IN-USE] ...`,
    /// `[SYS/TEMP] ...`. A QUIT that is refused ends the session and removes nothing.
    #[must_use]
    pub fn err(mut self, text: &str) -> Self {
        self.end = Some(End::Refuse(text.to_owned()));
        self
    }

    /// Waits before carrying the command out.
    #[must_use]
    pub fn delay(mut self, time: Duration) -> Self {
        self.delay = Some(time);
        self
    }

    /// Sends a line, as it is, before the answer.
    #[must_use]
    pub fn say(mut self, line: impl AsRef<[u8]>) -> Self {
        self.before.extend_from_slice(line.as_ref());
        self.before.extend_from_slice(b"\r\n");
        self
    }

    /// Does something to the maildrop of the session's user before the command is carried out; of
    /// no effect before the login.
    #[must_use]
    pub fn edit(mut self, edit: impl FnMut(&Maildrop) + Send + 'static) -> Self {
        self.edit = Some(Box::new(edit));
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
        let fault = Fault::on("retr");
        assert!(fault.fits("RETR 1") && !fault.fits("NOOP") && !fault.fits("RET"));
    }
}
