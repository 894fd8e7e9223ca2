//! Runs a plan against two sources.
//!
//! One run is a few passes. Each pass observes what both sides hold (`observe`), recognises items
//! that no link knows (`identify`), decides with the pure functions of
//! [`reconcile`](crate::reconcile), and carries the decisions out (`links`, `moves`,
//! `transfer`). The pass after the last write finds what the engine wrote and nothing else, and
//! stores where both sources stand.

mod alike;
mod apply;
mod collections;
mod event;
mod identify;
mod leave;
mod links;
mod moves;
mod observe;
mod pass;
mod report;
mod transfer;
mod undo;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Result;
use crate::model::Both;
use crate::reconcile::Rules;
use crate::source::Source;
use crate::state::{HistoryLimits, State};

pub use event::{Action, Event, Observer, Planned, Silent};
pub use report::{Counts, PairReport, Report};
pub use undo::Undone;

/// Whether a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Say what would be done; write nothing, not even state.
    Plan,
    /// Do it.
    Sync,
}

/// Keeps two sources in step, by the rules of one synchronisation.
///
/// ```
/// # async fn example() -> sync_core::Result<()> {
/// use sync_core::engine::{Engine, Mode, Silent};
/// use sync_core::local::MemoryStore;
/// use sync_core::model::Both;
/// use sync_core::reconcile::Rules;
/// use sync_core::state::SqliteState;
///
/// let (here, there) = (MemoryStore::default(), MemoryStore::default());
/// let (mut left, mut right) = (here.source(), there.source());
/// let mut state = SqliteState::open("state.db".as_ref())?;
/// let engine = Engine::new("mail", Rules::default());
/// let report =
///     engine.run(Both::new(&mut left, &mut right), &mut state, Mode::Sync, &Silent).await?;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    name: String,
    rules: Rules,
    history: HistoryLimits,
    clock: Clock,
    tries: u32,
}

/// Unix seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

impl Engine {
    /// An engine for the synchronisation of this name.
    pub fn new(name: impl Into<String>, rules: Rules) -> Self {
        let system = || {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
        };
        Self {
            name: name.into(),
            rules,
            history: HistoryLimits::default(),
            clock: Arc::new(system),
            tries: 3,
        }
    }

    /// Sets how much of what was overwritten or deleted is kept.
    #[must_use]
    pub fn keep_history(mut self, limits: HistoryLimits) -> Self {
        self.history = limits;
        self
    }

    /// Replaces the system's clock, which dates runs, history and first sights.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how often work that a broken connection or a throttling server stopped is tried again
    /// before the run gives up; 3 unless set.
    #[must_use]
    pub fn with_tries(mut self, tries: u32) -> Self {
        self.tries = tries;
        self
    }

    /// The name of the synchronisation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Brings both sides in step, or says what that would take.
    ///
    /// A run that is dropped or killed at any moment is taken up by the next one.
    ///
    /// # Errors
    /// Only what stops everything: a login refused, a source that cannot be reached, a state that
    /// cannot be used. What concerns a collection or an item is in the report.
    pub async fn run<'a>(
        &'a self,
        sources: Both<&'a mut dyn Source>,
        state: &'a mut dyn State,
        mode: Mode,
        observer: &'a dyn Observer,
    ) -> Result<Report> {
        let mut run = pass::Run::new(self, sources, state, mode, observer);
        let result = run.perform().await;
        let report = run.finish(&result);
        result.map(|()| report)
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("name", &self.name)
            .field("rules", &self.rules)
            .finish()
    }
}

/// How long to wait before try number `failures`, unless the server says it.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(250 << failures.min(7))
}
