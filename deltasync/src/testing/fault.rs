//! Faults that a test can order.

use std::fmt;

use sync_core::testing::server::{Faults, Ordered, Turns};

use super::account::Account;

/// What the world around does to an account.
type Edit = Box<dyn FnMut(&Account) + Send>;

/// How a request ends, if not as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    CutBefore,
    /// Carried out; so many bytes of the answer are sent, then the connection is cut.
    CutAnswer(usize),
    /// Not carried out; the answer is this status of the protocol.
    Status(u16),
    /// Not carried out; the answer is this status of HTTP.
    Http(u16),
    /// Not carried out; sent on to another place.
    Redirect(String),
}

/// Something that goes wrong with a request.
///
/// A fault waits for a request whose [line](super::Server::lines) begins with a prefix, lets `nth - 1` of
/// them pass, strikes, and is spent; [`times`](Self::times) lets it strike again.
///
/// ```no_run
/// # use deltasync::testing::{Fault, Server};
/// # let server = Server::start()?;
/// // The messages are there, but the client never hears of it.
/// server.order(Fault::on("Sync Email Add").cut_after());
/// // The ticket is void.
/// server.order(Fault::on("Sync").nth(3).status(3204));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Fault {
    prefix: String,
    turns: Turns,
    end: Option<End>,
    edit: Option<Edit>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("prefix", &self.prefix)
            .field("turns", &self.turns)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl Fault {
    /// A fault that waits for a request whose line begins with `prefix`; the empty prefix fits all.
    #[must_use]
    pub fn on(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            turns: Turns::default(),
            end: None,
            edit: None,
        }
    }

    /// Strikes at the `k`-th fitting request from now, counted from 1.
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

    /// Cuts the connection when the request was read, without carrying it out.
    #[must_use]
    pub fn cut_before(mut self) -> Self {
        self.end = Some(End::CutBefore);
        self
    }

    /// Carries the request out, then cuts the connection without an answer.
    #[must_use]
    pub fn cut_after(self) -> Self {
        self.cut_answer(0)
    }

    /// Carries the request out and cuts the connection after so many bytes of its answer, the head
    /// included.
    #[must_use]
    pub fn cut_answer(mut self, bytes: usize) -> Self {
        self.end = Some(End::CutAnswer(bytes));
        self
    }

    /// Answers with this status of the protocol instead: 3204, 4104, 4403, 5102.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.end = Some(End::Status(status));
        self
    }

    /// Answers with this status of HTTP instead.
    #[must_use]
    pub fn http(mut self, status: u16) -> Self {
        self.end = Some(End::Http(status));
        self
    }

    /// Answers 302 with this `Location` instead.
    #[must_use]
    pub fn redirect(mut self, location: &str) -> Self {
        self.end = Some(End::Redirect(location.to_owned()));
        self
    }

    /// Does something to the account before the request is carried out.
    #[must_use]
    pub fn edit(mut self, edit: impl FnMut(&Account) + Send + 'static) -> Self {
        self.edit = Some(Box::new(edit));
        self
    }
}

impl Ordered for Fault {
    fn turns(&mut self) -> &mut Turns {
        &mut self.turns
    }
}

/// How this request ends; the account is edited if the fault says so.
pub(super) fn strike(faults: &Faults<Fault>, line: &str, account: &Account) -> Option<End> {
    let mut fault = faults.strike(|fault| line.starts_with(&fault.prefix))?;
    if let Some(edit) = &mut fault.edit {
        edit(account);
    }
    let end = fault.end.clone();
    faults.restore(fault);
    end
}
