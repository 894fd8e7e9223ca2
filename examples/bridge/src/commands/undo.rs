//! `bridge undo`

use std::fmt;

use serde::Serialize;
use sync_core::engine::Undone;
use sync_core::error::{Error, ErrorKind};
use sync_core::model::Side;
use sync_core::state::{History as _, SqliteState};

use super::history::find_run;
use crate::cli::UndoWhat;
use crate::config::{Config, SyncConfig};
use crate::failure::{Ending, Failure};
use crate::output::human::{clean, count};
use crate::output::{Output, Record};
use crate::run::{self, Job};

#[derive(Serialize)]
struct Restored<'a> {
    source: &'a str,
    #[serde(flatten)]
    undone: &'a Undone,
}

impl Record for Restored<'_> {
    const TYPE: &'static str = "undone";
}

impl fmt::Display for Restored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self
            .undone
            .title
            .as_deref()
            .unwrap_or("an item without a title");
        let (entry, source) = (self.undone.entry, self.source);
        match &self.undone.failed {
            None => write!(f, "{entry}  brought back on {source}: \"{}\"", clean(title)),
            Some(why) => write!(
                f,
                "{entry}  not brought back: \"{}\": {}",
                clean(title),
                clean(why)
            ),
        }
    }
}

/// Brings back what a run or one entry of the history lost.
pub(crate) async fn run(
    config: &Config,
    what: UndoWhat,
    output: Output,
) -> Result<Ending, Failure> {
    let syncs = run::select(config, &[])?;
    let mut state = run::existing_state(&config.state)?
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "nothing was run yet"))?;
    let (sync, entries) = match what {
        UndoWhat::Run { id } => {
            let (sync, _) = find_run(&mut state, &syncs, id)?;
            (sync, entries_of(&mut state, sync, id)?)
        }
        UndoWhat::Last => {
            let (sync, id) = last(&mut state, &syncs)?;
            (sync, entries_of(&mut state, sync, id)?)
        }
        UndoWhat::Item { id } => (sync_of(&mut state, &syncs, id)?, vec![id]),
    };
    let mut job = Job::new(config, sync, None).await?;
    let undone = job.undo(&mut state, &entries).await?;
    job.close().await;
    let mut ending = Ending::Done;
    let mut restored = 0_u64;
    for one in &undone {
        let source = match one.side {
            Side::Left => &sync.left.value,
            Side::Right => &sync.right.value,
        };
        output.record(&Restored {
            source,
            undone: one,
        })?;
        if one.failed.is_some() {
            ending = Ending::Failed;
        } else {
            restored = restored.saturating_add(1);
        }
    }
    if undone.is_empty() {
        output.text("There is nothing to bring back.")?;
    } else if restored > 0 {
        let items = count(restored, "item");
        output.text(format_args!(
            "Brought back {items}; the next `bridge sync` takes that to the other side."
        ))?;
    }
    Ok(ending)
}

/// What a run lost, the latest first: several changes of one item go back in turn.
fn entries_of(state: &mut SqliteState, sync: &SyncConfig, run: i64) -> Result<Vec<i64>, Error> {
    let entries = state.history(&sync.name, Some(run), usize::MAX)?;
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids)
}

/// The last run that overwrote or deleted anything.
fn last<'c>(
    state: &mut SqliteState,
    syncs: &[&'c SyncConfig],
) -> Result<(&'c SyncConfig, i64), Error> {
    let mut found: Option<(&SyncConfig, i64)> = None;
    for sync in syncs {
        let runs = state.runs(&sync.name, usize::MAX)?;
        let latest = runs
            .iter()
            .filter(|run| run.entries > 0)
            .map(|run| run.id)
            .max();
        if let Some(run) = latest
            && found.is_none_or(|(_, best)| run > best)
        {
            found = Some((sync, run));
        }
    }
    found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no run overwrote or deleted anything"))
}

fn sync_of<'c>(
    state: &mut SqliteState,
    syncs: &[&'c SyncConfig],
    entry: i64,
) -> Result<&'c SyncConfig, Error> {
    let Some(lost) = state.lost(entry)? else {
        let message = format!("the history has no entry {entry}; `bridge history RUN` lists them");
        return Err(Error::new(ErrorKind::NotFound, message));
    };
    find_run(state, syncs, lost.run).map(|(sync, _)| sync)
}
