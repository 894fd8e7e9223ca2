//! `bridge status`

use std::fmt;

use serde::Serialize;
use sync_core::error::Error;
use sync_core::state::{
    History as _, Journal as _, Links as _, Pairs as _, RunSummary, SqliteState,
};

use crate::config::{Config, SyncConfig};
use crate::failure::{Ending, Failure};
use crate::output::human::{clean, columns, count, time};
use crate::output::{Output, Record};
use crate::run;

/// What the state knows of one `[sync.NAME]`.
#[derive(Serialize)]
struct Status {
    sync: String,
    left: String,
    right: String,
    pairs: Vec<PairStatus>,
    /// Conflicts without a decision.
    waiting: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<LastRun>,
}

#[derive(Serialize)]
struct PairStatus {
    left: String,
    right: String,
    /// Linked on both sides.
    items: u64,
}

#[derive(Serialize)]
struct LastRun {
    run: i64,
    began: i64,
    /// Without it the run was cut short.
    ended: Option<i64>,
}

impl Record for Status {
    const TYPE: &'static str = "status";
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} and {}, ", self.sync, self.left, self.right)?;
        match &self.last_run {
            None => f.write_str("never run")?,
            Some(run) => match run.ended {
                Some(ended) => write!(f, "last run {} ended {}", run.run, time(ended))?,
                None => write!(
                    f,
                    "last run {} of {} was cut short",
                    run.run,
                    time(run.began)
                )?,
            },
        }
        let rows: Vec<_> = self
            .pairs
            .iter()
            .map(|pair| {
                [
                    format!("  {}", pair.left),
                    "<->".to_owned(),
                    pair.right.clone(),
                    count(pair.items, "item"),
                ]
            })
            .collect();
        if !rows.is_empty() {
            write!(f, "\n{}", columns(&rows))?;
        }
        if self.waiting > 0 {
            let conflicts = count(self.waiting, "conflict");
            write!(f, "\n  {conflicts} to decide; see `bridge conflicts`")?;
        }
        Ok(())
    }
}

/// Shows what the state knows; asks no server.
pub(crate) fn run(config: &Config, output: Output) -> Result<Ending, Failure> {
    let syncs = run::select(config, &[])?;
    let mut state = run::read_state(&config.state)?;
    let mut ending = Ending::Done;
    for sync in syncs {
        let status = match &mut state {
            Some(state) => look(state, sync)?,
            None => unknown(sync),
        };
        if status.waiting > 0 {
            ending = Ending::Waiting;
        }
        output.record(&status)?;
    }
    Ok(ending)
}

fn unknown(sync: &SyncConfig) -> Status {
    Status {
        sync: sync.name.clone(),
        left: sync.left.value.clone(),
        right: sync.right.value.clone(),
        pairs: Vec::new(),
        waiting: 0,
        last_run: None,
    }
}

fn look(state: &mut SqliteState, sync: &SyncConfig) -> Result<Status, Error> {
    let mut status = unknown(sync);
    for pair in state.pairs(&sync.name)? {
        status.pairs.push(PairStatus {
            left: clean(&pair.paths.left.to_string()),
            right: clean(&pair.paths.right.to_string()),
            items: state.count_links(pair.id)?,
        });
    }
    status.pairs.sort_by(|a, b| a.left.cmp(&b.left));
    let waiting = state.waiting(&sync.name)?;
    let undecided = waiting.iter().filter(|one| one.decision.is_none()).count();
    status.waiting = u64::try_from(undecided).unwrap_or(u64::MAX);
    let latest = state.runs(&sync.name, 1)?.into_iter().next();
    status.last_run = latest.map(|run: RunSummary| LastRun {
        run: run.id,
        began: run.began,
        ended: run.ended,
    });
    Ok(status)
}
