//! What a run did.

use std::fmt;

use serde::Serialize;
use sync_core::engine::{Counts, PairReport, Report};
use sync_core::model::Side;

use super::Record;
use super::human::{clean, count};
use crate::config::SyncConfig;
use crate::failure::Ending;

/// The report of one run, with the names that the config gives the sides.
#[derive(Serialize)]
pub(crate) struct Reported<'a> {
    left: &'a str,
    right: &'a str,
    /// Whether nothing was written.
    planned: bool,
    #[serde(flatten)]
    report: &'a Report,
}

impl<'a> Reported<'a> {
    /// What a run of `sync` did.
    pub(crate) fn run(sync: &'a SyncConfig, report: &'a Report) -> Self {
        Self {
            left: &sync.left.value,
            right: &sync.right.value,
            planned: false,
            report,
        }
    }

    /// What a run of `sync` would do.
    pub(crate) fn plan(sync: &'a SyncConfig, report: &'a Report) -> Self {
        Self {
            planned: true,
            ..Self::run(sync, report)
        }
    }

    fn name(&self, side: Side) -> &str {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    fn pair(&self, pair: &PairReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = &pair.collection;
        let path = if paths.left == paths.right {
            clean(&paths.left.to_string())
        } else {
            clean(&format!("{} <-> {}", paths.left, paths.right))
        };
        for side in Side::BOTH {
            if let Some(words) = describe(&pair.written[side]) {
                write!(f, "\n  {path}: {} on {}", words, self.name(side))?;
            }
        }
        let stopped = pair.guard.iter().map(|why| ("stopped by a guard: ", why));
        let failed = pair.error.iter().map(|why| ("failed: ", why));
        let refused = pair.refused.iter().map(|why| ("refused: ", why));
        let left_out = pair.left_out.iter().map(|what| ("left out: ", what));
        for (what, why) in stopped.chain(failed).chain(refused).chain(left_out) {
            write!(f, "\n  {path}: {what}{}", clean(why))?;
        }
        if pair
            .guard
            .as_ref()
            .is_some_and(|why| why.contains("max_deletes"))
        {
            f.write_str(
                "\n    for one run: `bridge sync --max-deletes 100%`, or another share or count",
            )?;
        }
        if pair.waiting > 0 {
            let conflicts = count(pair.waiting, "conflict");
            write!(
                f,
                "\n  {path}: {conflicts} to decide; see `bridge conflicts`"
            )?;
        }
        Ok(())
    }
}

/// How a command ends that ran this.
pub(crate) fn ending(report: &Report) -> Ending {
    if report.has_failed() || report.cancelled {
        Ending::Failed
    } else if report.is_settled() {
        Ending::Done
    } else {
        Ending::Waiting
    }
}

fn describe(counts: &Counts) -> Option<String> {
    let words = [
        (counts.created, "created"),
        (counts.flagged, "with changed flags"),
        (counts.replaced, "replaced"),
        (counts.deleted, "deleted"),
        (counts.moved, "moved"),
        (counts.released, "released"),
    ];
    let list: Vec<_> = words
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    (!list.is_empty()).then(|| list.join(", "))
}

impl Record for Reported<'_> {
    const TYPE: &'static str = "report";
}

impl fmt::Display for Reported<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        write!(f, "{}", report.sync)?;
        if let Some(run) = report.run {
            write!(f, " (run {run})")?;
        }
        let number = u64::try_from(report.collections).unwrap_or(u64::MAX);
        write!(f, ": {}", count(number, "collection"))?;
        if report.writes() == 0 {
            f.write_str(if self.planned {
                ", nothing to do"
            } else {
                ", nothing written"
            })?;
        } else if self.planned {
            f.write_str(", would be:")?;
        }
        report
            .pairs
            .iter()
            .try_for_each(|pair| self.pair(pair, f))?;
        if let Some(error) = &report.error {
            write!(f, "\n  stopped: {}", clean(error))?;
        }
        if report.cancelled {
            f.write_str(
                "\n  stopped before the end; what was done is saved, `bridge sync` goes on",
            )?;
        }
        Ok(())
    }
}
