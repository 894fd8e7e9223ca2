//! `bridge plan` and `bridge sync`

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use sync_core::engine::Mode;
use sync_core::reconcile::MaxDeletes;
use sync_core::state::SqliteState;

use crate::cli::{PlanArgs, SyncArgs};
use crate::config::{Config, SyncConfig};
use crate::failure::{Ending, Failure};
use crate::output::report::{Reported, ending};
use crate::output::{Output, Progress, Record};
use crate::run::{self, Job};
use crate::signals::Interrupt;

#[derive(Serialize)]
struct SetAside<'a> {
    state: &'a Path,
    aside: PathBuf,
}

impl Record for SetAside<'_> {
    const TYPE: &'static str = "set-aside";
}

impl fmt::Display for SetAside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, aside) = (self.state.display(), self.aside.display());
        write!(f, "Set {state} aside as {aside}; joining both sides anew.")
    }
}

/// Says what a sync would do.
pub(crate) async fn plan(
    config: &Config,
    args: &PlanArgs,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Ending, Failure> {
    let syncs = run::select(config, &args.names.names)?;
    // Without a state a plan must not leave one behind.
    let mut state = match run::existing_state(&config.state)? {
        Some(state) => state,
        None => SqliteState::in_memory()?,
    };
    let all = Runs {
        config,
        mode: Mode::Plan,
        max_deletes: args.max_deletes,
        output,
        interrupt,
    };
    all.each(&syncs, &mut state).await
}

/// Brings both sides in step.
pub(crate) async fn sync(
    config: &Config,
    args: &SyncArgs,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Ending, Failure> {
    let syncs = run::select(config, &args.names.names)?;
    if args.rejoin
        && let Some(aside) = run::set_aside(&config.state, SystemTime::now())?
    {
        output.record(&SetAside {
            state: &config.state,
            aside,
        })?;
    }
    let mut state = run::open_state(&config.state)?;
    let all = Runs {
        config,
        mode: Mode::Sync,
        max_deletes: args.max_deletes,
        output,
        interrupt,
    };
    all.each(&syncs, &mut state).await
}

struct Runs<'c> {
    config: &'c Config,
    mode: Mode,
    max_deletes: Option<MaxDeletes>,
    output: Output,
    interrupt: &'c Interrupt,
}

impl Runs<'_> {
    /// One after the other; one that fails does not keep the others from running.
    async fn each(
        &self,
        syncs: &[&SyncConfig],
        state: &mut SqliteState,
    ) -> Result<Ending, Failure> {
        let mut worst = Ending::Done;
        for sync in syncs {
            if self.interrupt.is_asked() {
                worst = worst.and(Ending::Failed);
                break;
            }
            match self.one(sync, state).await {
                Ok(ending) => worst = worst.and(ending),
                Err(Failure::Core(error)) => {
                    worst = worst.and(Ending::of(&error));
                    super::complain(sync, &error, self.output)?;
                }
                Err(other) => return Err(other),
            }
        }
        Ok(worst)
    }

    async fn one(&self, sync: &SyncConfig, state: &mut SqliteState) -> Result<Ending, Failure> {
        let mut job = Job::new(self.config, sync, self.max_deletes).await?;
        let progress = Progress::new(sync, self.output, self.interrupt.clone());
        let result = job.run(state, self.mode, &progress).await;
        progress.finish()?;
        let report = result?;
        job.close().await;
        match self.mode {
            Mode::Plan => self.output.record(&Reported::plan(sync, &report))?,
            Mode::Sync => self.output.record(&Reported::run(sync, &report))?,
        }
        Ok(ending(&report))
    }
}
