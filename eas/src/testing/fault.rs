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
    Http(u16, Vec<(&'static str, String)>),
    /// Answered with this status in the command's own element instead of carrying it out.
    Status(u16),
    /// The keys of all folders of the request are forgotten before it is carried out.
    RefuseKeys,
    /// Answered with these bytes instead of carrying it out.
    Bytes(Vec<u8>),
    /// Carried out, and answered with the first half of the answer, whose length says that it is all.
    Halve,
}

/// Something that goes wrong with a request.
///
/// A fault waits for a request whose command begins with a prefix, or whose body, printed as XML, holds a
/// text; lets `nth - 1` of them pass, strikes, and is spent. [`times`](Self::times) and
/// [`always`](Self::always) let it strike again. If two faults await the same request, the one ordered
/// first strikes and the other one waits on.
///
/// ```no_run
/// # use eas::testing::{Fault, Moment, Server};
/// # let server = Server::start()?;
/// // The next Sync that brings a new item is carried out, but its answer never arrives.
/// server.order(Fault::on("Sync").holding("<Add>").cut_after());
/// // Somebody else empties the calendar while our Sync is on its way.
/// server.order(Fault::on("Sync").edit(Moment::Received, |store| store.clear("Calendar")));
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
    /// A fault that waits for a command whose name begins with `prefix`: `Sync`, `Folder`, `OPTIONS`; the
    /// empty prefix fits all.
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

    /// Only requests with this text in their body, printed as XML: `<Add>`, `<ServerId>5:1<`.
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
    pub fn cut_before(self) -> Self {
        self.ending(End::CutBefore)
    }

    /// Carries the request out, then cuts the connection without an answer.
    #[must_use]
    pub fn cut_after(self) -> Self {
        self.cut_answer(0)
    }

    /// Carries the request out and cuts the connection after so many bytes of its answer's body;
    /// after 0, not even the status is sent.
    #[must_use]
    pub fn cut_answer(self, bytes: usize) -> Self {
        self.ending(End::CutAnswer(bytes))
    }

    /// Answers with this HTTP status instead of carrying the request out: 401, 403, 449, 500...
    #[must_use]
    pub fn http(self, status: u16) -> Self {
        self.ending(End::Http(status, Vec::new()))
    }

    /// Answers 503 with a Retry-After of so many seconds.
    #[must_use]
    pub fn busy(self, seconds: u64) -> Self {
        let after = ("retry-after", seconds.to_string());
        self.ending(End::Http(503, vec![after]))
    }

    /// Answers 503 with `X-MS-ASThrottle` and a Retry-After of so many seconds.
    #[must_use]
    pub fn throttle(self, reason: &str, seconds: u64) -> Self {
        let after = ("retry-after", seconds.to_string());
        let throttle = ("x-ms-asthrottle", reason.to_owned());
        self.ending(End::Http(503, vec![after, throttle]))
    }

    /// Answers 451: the mailbox is at this URL.
    #[must_use]
    pub fn redirect(self, url: &str) -> Self {
        let location = ("x-ms-location", url.to_owned());
        self.ending(End::Http(451, vec![location]))
    }

    /// Answers 200 with this status in the command's own element instead of carrying it out: 110, 142...
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        self.ending(End::Status(status))
    }

    /// Forgets the keys of the folders that the request names, which is then carried out.
    #[must_use]
    pub fn refuse_keys(self) -> Self {
        self.ending(End::RefuseKeys)
    }

    /// Answers 200 with these bytes instead of carrying the request out.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.ending(End::Bytes(bytes.into()))
    }

    /// Carries the request out and answers with the first half of the answer, whose length says that
    /// it is all.
    #[must_use]
    pub fn halved(self) -> Self {
        self.ending(End::Halve)
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

    fn ending(mut self, end: End) -> Self {
        self.end = Some(end);
        self
    }

    pub(super) fn strike_at(&mut self, moment: Moment, store: &Store) {
        if let Some((at, edit)) = &mut self.edit
            && *at == moment
        {
            edit(store);
        }
    }

    pub(super) fn fits(&self, command: &str, body: &str) -> bool {
        let holds = self.holds.as_ref();
        command.starts_with(&self.prefix) && holds.is_none_or(|text| body.contains(text.as_str()))
    }
}

impl Ordered for Fault {
    fn turns(&mut self) -> &mut Turns {
        &mut self.turns
    }
}
