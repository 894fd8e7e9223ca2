//! Faults that a test can order.

use std::fmt;
use std::time::Duration;

use sync_core::testing::server::{Ordered, Turns};

use super::store::Store;

/// When a third party strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The request was read and is not yet carried out.
    Received,
    /// It was carried out and is not yet answered.
    Answering,
}

type Edit = Box<dyn FnMut(&Store) + Send>;

/// How the request ends, if not as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Not carried out, not answered.
    CutBefore,
    /// Carried out; so many bytes of the answer's body are sent, then the connection is cut.
    CutAnswer(usize),
    /// Answered so instead of carrying it out.
    Status(u16, Option<u64>),
    /// Carried out, and answered with a multistatus without any response.
    EmptyMultistatus,
    /// Carried out; the XML of the answer ends in the middle, and the length says that this is all.
    TruncatedMultistatus,
    /// Carried out; the responses behind the first `n` are left out, and nothing says so.
    ShortMultistatus(usize),
}

/// Something that goes wrong with a request.
///
/// A fault waits for a request whose line (`PUT /dav/calendars/alice/work/1.ics`) begins with a
/// prefix, or whose body holds a text; lets `nth - 1` of them pass, strikes, and is spent.
/// [`times`](Self::times) and [`always`](Self::always) let it strike again. If two faults await the
/// same request, the one ordered first strikes and the other one waits on.
///
/// ```no_run
/// # use caldav::testing::{Fault, Moment, Server};
/// # let server = Server::start()?;
/// // The second PUT is carried out, but its answer never arrives.
/// server.order(Fault::on("PUT").nth(2).cut_after());
/// // Somebody else deletes an item while our PUT is on its way.
/// server.order(Fault::on("PUT").edit(Moment::Received, |store| {
///     store.delete("calendars/work", "1.ics");
/// }));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Fault {
    prefix: String,
    holds: Option<String>,
    turns: Turns,
    pub(super) delay: Option<Duration>,
    pub(super) end: Option<End>,
    edit: Option<(Moment, Edit)>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("prefix", &self.prefix)
            .field("holds", &self.holds)
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
            holds: None,
            turns: Turns::default(),
            delay: None,
            end: None,
            edit: None,
        }
    }

    /// Only requests with this text in their body: `sync-collection`, `calendar-multiget`.
    #[must_use]
    pub fn holding(mut self, text: &str) -> Self {
        self.holds = Some(text.to_owned());
        self
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

    /// Strikes every time.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
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

    /// Carries the request out and cuts the connection after so many bytes of its answer's body;
    /// after 0, not even the status is sent.
    #[must_use]
    pub fn cut_answer(mut self, bytes: usize) -> Self {
        self.end = Some(End::CutAnswer(bytes));
        self
    }

    /// Answers with this status instead of carrying the request out.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.end = Some(End::Status(status, None));
        self
    }

    /// Answers 429 or 503 with a Retry-After of so many seconds.
    #[must_use]
    pub fn throttle(mut self, status: u16, seconds: u64) -> Self {
        self.end = Some(End::Status(status, Some(seconds)));
        self
    }

    /// Carries the request out and answers 207 with nothing in it.
    #[must_use]
    pub fn empty_multistatus(mut self) -> Self {
        self.end = Some(End::EmptyMultistatus);
        self
    }

    /// Carries the request out and ends the XML of the answer in the middle, with a length that
    /// says that this is all.
    #[must_use]
    pub fn truncated_multistatus(mut self) -> Self {
        self.end = Some(End::TruncatedMultistatus);
        self
    }

    /// Carries the request out and answers with the first `n` responses only, without a word.
    #[must_use]
    pub fn short_multistatus(mut self, n: usize) -> Self {
        self.end = Some(End::ShortMultistatus(n));
        self
    }

    /// Waits before carrying the request out.
    #[must_use]
    pub fn delay(mut self, time: Duration) -> Self {
        self.delay = Some(time);
        self
    }

    /// Lets a third party edit the account of the request's user.
    #[must_use]
    pub fn edit(mut self, at: Moment, edit: impl FnMut(&Store) + Send + 'static) -> Self {
        self.edit = Some((at, Box::new(edit)));
        self
    }

    pub(super) fn strike_at(&mut self, moment: Moment, store: &Store) {
        if let Some((at, edit)) = &mut self.edit
            && *at == moment
        {
            edit(store);
        }
    }

    pub(super) fn fits(&self, line: &str, body: &str) -> bool {
        line.starts_with(&self.prefix)
            && self
                .holds
                .as_ref()
                .is_none_or(|t| body.contains(t.as_str()))
    }
}

impl Ordered for Fault {
    fn turns(&mut self) -> &mut Turns {
        &mut self.turns
    }
}
