//! `bridge history`

use std::fmt;

use serde::Serialize;
use sync_core::error::{Error, ErrorKind};
use sync_core::model::{ItemKind, Side};
use sync_core::state::{History as _, HistoryEntry, Pairs as _, RunSummary, SqliteState};

use crate::cli::HistoryArgs;
use crate::config::{Config, SyncConfig};
use crate::failure::{Ending, Failure};
use crate::output::human::{clean, count, time};
use crate::output::{Output, Record};
use crate::run;

/// Runs shown without a number.
const RUNS: usize = 50;

/// One run.
#[derive(Serialize)]
struct Run {
    run: i64,
    sync: String,
    began: i64,
    /// Without it the run was cut short.
    ended: Option<i64>,
    /// How many items it overwrote or deleted.
    entries: u64,
    /// What it did, as its own report says.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<serde_json::Value>,
}

impl Record for Run {
    const TYPE: &'static str = "run";
}

impl Run {
    fn new(summary: RunSummary) -> Self {
        Self {
            run: summary.id,
            sync: summary.sync,
            began: summary.began,
            ended: summary.ended,
            entries: summary.entries,
            report: summary
                .report
                .and_then(|text| serde_json::from_str(&text).ok()),
        }
    }

    /// How many writes the report counts.
    fn written(&self) -> Option<u64> {
        let pairs = self.report.as_ref()?.get("pairs")?.as_array()?;
        let sides = pairs
            .iter()
            .filter_map(|pair| pair.get("written")?.as_object())
            .flat_map(|written| written.values())
            .filter_map(|counts| counts.as_object());
        let numbers =
            sides.flat_map(|counts| counts.values().filter_map(serde_json::Value::as_u64));
        Some(numbers.fold(0, u64::saturating_add))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}: ", self.run, time(self.began), self.sync)?;
        match self.written() {
            Some(written) => write!(f, "{} written", count(written, "item"))?,
            None if self.ended.is_none() => f.write_str("cut short")?,
            None => f.write_str("no report")?,
        }
        if self.entries > 0 {
            write!(f, ", {} overwritten or deleted", self.entries)?;
        }
        Ok(())
    }
}

/// One item that a run overwrote or deleted.
#[derive(Serialize)]
struct Entry {
    entry: i64,
    run: i64,
    at: i64,
    action: &'static str,
    side: Side,
    source: String,
    collection: String,
    kind: ItemKind,
    item: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    flags: String,
    undone: bool,
}

impl Record for Entry {
    const TYPE: &'static str = "entry";
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.action {
            "flags" => "changed the flags of",
            other => other,
        };
        write!(
            f,
            "{}  {} {} in {} on {}: ",
            self.entry, what, self.kind, self.collection, self.source
        )?;
        match &self.title {
            Some(title) => write!(f, "\"{}\"", clean(title))?,
            None => f.write_str(&clean(&self.item))?,
        }
        if !self.flags.is_empty() {
            write!(f, ", was {}", clean(&self.flags))?;
        }
        if self.undone {
            f.write_str(" (undone)")?;
        }
        Ok(())
    }
}

/// Lists the runs, or what one of them overwrote and deleted.
pub(crate) fn run(config: &Config, args: &HistoryArgs, output: Output) -> Result<Ending, Failure> {
    let syncs = run::select(config, &[])?;
    let Some(mut state) = run::read_state(&config.state)? else {
        if let Some(run) = args.run {
            return Err(no_run(run).into());
        }
        output.text("Nothing was run yet.")?;
        return Ok(Ending::Done);
    };
    match args.run {
        None => runs(&mut state, &syncs, output)?,
        Some(run) => entries(&mut state, &syncs, run, output)?,
    }
    Ok(Ending::Done)
}

fn runs(state: &mut SqliteState, syncs: &[&SyncConfig], output: Output) -> Result<(), Failure> {
    let mut all = Vec::new();
    for sync in syncs {
        all.extend(state.runs(&sync.name, RUNS)?);
    }
    all.sort_by_key(|run| std::cmp::Reverse(run.id));
    all.truncate(RUNS);
    if all.is_empty() {
        output.text("Nothing was run yet.")?;
    }
    for summary in all {
        output.record(&Run::new(summary))?;
    }
    Ok(())
}

fn entries(
    state: &mut SqliteState,
    syncs: &[&SyncConfig],
    id: i64,
    output: Output,
) -> Result<(), Failure> {
    let (sync, summary) = find_run(state, syncs, id)?;
    output.record(&Run::new(summary))?;
    let pairs = state.pairs(&sync.name)?;
    let entries = state.history(&sync.name, Some(id), usize::MAX)?;
    for entry in entries {
        let pair = pairs.iter().find(|pair| pair.id == entry.pair);
        let path = pair.map(|pair| pair.paths[entry.side].to_string());
        output.record(&describe(sync, entry, path))?;
    }
    Ok(())
}

fn describe(sync: &SyncConfig, entry: HistoryEntry, path: Option<String>) -> Entry {
    let source = match entry.side {
        Side::Left => &sync.left.value,
        Side::Right => &sync.right.value,
    };
    Entry {
        entry: entry.id,
        run: entry.run,
        at: entry.at,
        action: entry.action.as_str(),
        side: entry.side,
        source: source.clone(),
        collection: clean(&path.unwrap_or_else(|| entry.collection.to_string())),
        kind: entry.kind,
        item: entry.item.to_string(),
        title: entry.title,
        flags: entry.flags.to_string(),
        undone: entry.undone,
    }
}

/// The run of this number, and the `[sync.NAME]` that it was of.
pub(super) fn find_run<'c>(
    state: &mut SqliteState,
    syncs: &[&'c SyncConfig],
    id: i64,
) -> Result<(&'c SyncConfig, RunSummary), Error> {
    for sync in syncs {
        let runs = state.runs(&sync.name, usize::MAX)?;
        if let Some(run) = runs.into_iter().find(|run| run.id == id) {
            return Ok((sync, run));
        }
    }
    Err(no_run(id))
}

fn no_run(id: i64) -> Error {
    let message = format!("the history has no run {id}; `bridge history` lists them");
    Error::new(ErrorKind::NotFound, message)
}
