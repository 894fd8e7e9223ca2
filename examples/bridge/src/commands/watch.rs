//! `bridge watch`

use std::time::Duration;

use futures_util::future::join_all;
use sync_core::engine::Mode;
use sync_core::error::{Error, ErrorKind};
use sync_core::model::{Both, CollectionId, Side};
use sync_core::state::{Pairs as _, SqliteState};
use tokio::sync::Mutex;

use crate::cli::WatchArgs;
use crate::config::{Config, SyncConfig};
use crate::failure::{Ending, Failure};
use crate::output::report::{Reported, ending};
use crate::output::{Output, Progress};
use crate::run::{self, Job};
use crate::signals::Interrupt;

/// After a failure the first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Syncs, and again whenever something changes, until it is interrupted.
pub(crate) async fn run(
    config: &Config,
    args: &WatchArgs,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Ending, Failure> {
    let syncs = run::select(config, &args.names.names)?;
    let state = Mutex::new(run::open_state(&config.state)?);
    let watch = Watch {
        config,
        every: Duration::from_secs(args.every),
        output,
        interrupt,
        state: &state,
    };
    let mut worst = Ending::Done;
    for result in join_all(syncs.iter().map(|sync| watch.one(sync))).await {
        worst = worst.and(result?);
    }
    Ok(worst)
}

struct Watch<'c> {
    config: &'c Config,
    every: Duration,
    output: Output,
    interrupt: &'c Interrupt,
    /// Shared: runs take turns.
    state: &'c Mutex<SqliteState>,
}

impl Watch<'_> {
    /// One `[sync.NAME]`; ends by an interrupt or an error that waiting does not cure.
    async fn one(&self, sync: &SyncConfig) -> Result<Ending, Failure> {
        let mut last = Ending::Done;
        let mut pause = FIRST_PAUSE;
        let mut first = true;
        let mut job = match Job::new(self.config, sync, None).await {
            Ok(job) => job,
            Err(error) => return self.give_up(sync, &error),
        };
        while !self.interrupt.is_asked() {
            let failed = match self.step(&mut job, &mut first, &mut last).await {
                Ok(Ok(())) => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(Err(error)) => error,
                Err(broken) => return Err(broken),
            };
            if !failed.is_retryable() {
                return self.give_up(sync, &failed);
            }
            let wait = failed.retry_after().unwrap_or(pause).min(LONGEST_PAUSE);
            tracing::warn!(
                "{}: {failed}; trying again in {} s",
                sync.name,
                wait.as_secs()
            );
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.interrupt.asked() => {}
            }
        }
        job.close().await;
        Ok(last)
    }

    /// One run, and the wait for the next.
    async fn step(
        &self,
        job: &mut Job<'_>,
        first: &mut bool,
        last: &mut Ending,
    ) -> Result<Result<(), Error>, Failure> {
        let sync = job.sync;
        let collections = {
            let mut state = self.state.lock().await;
            let progress = Progress::new(sync, self.output, self.interrupt.clone());
            let result = job.run(&mut state, Mode::Sync, &progress).await;
            progress.finish()?;
            let report = match result {
                Ok(report) => report,
                Err(error) => return Ok(Err(error)),
            };
            let now = match ending(&report) {
                // To be interrupted is how a watch ends.
                Ending::Failed if report.cancelled && !report.has_failed() => Ending::Done,
                other => other,
            };
            if *first || report.writes() > 0 || now != *last {
                self.output.record(&Reported::run(sync, &report))?;
            }
            *first = false;
            *last = now;
            match collections(&mut state, &sync.name) {
                Ok(collections) => collections,
                Err(error) => return Ok(Err(error)),
            }
        };
        if self.interrupt.is_asked() {
            return Ok(Ok(()));
        }
        tokio::select! {
            result = job.watch(&collections, self.every) => Ok(result),
            () = self.interrupt.asked() => Ok(Ok(())),
        }
    }

    fn give_up(&self, sync: &SyncConfig, error: &Error) -> Result<Ending, Failure> {
        super::complain(sync, error, self.output)?;
        Ok(match error.kind() {
            ErrorKind::Cancelled => Ending::Done,
            _ => Ending::of(error),
        })
    }
}

fn collections(state: &mut SqliteState, sync: &str) -> Result<Both<Vec<CollectionId>>, Error> {
    let pairs = state.pairs(sync)?;
    let of = |side: Side| {
        pairs
            .iter()
            .map(|pair| pair.collections[side].clone())
            .collect()
    };
    Ok(Both::from_fn(of))
}
