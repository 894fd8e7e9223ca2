//! The figures, side by side.

use std::{fmt, io, process::Command, time::Duration};

use testbed::Counts;

use crate::compare::measure;

/// How much longer than the bare request a run may take that finds nothing to do.
const OVER_BARE: f64 = 1.4;

/// What `bridge` may hold at most, in bytes.
const MEMORY_LIMIT: u64 = 40 << 20;

/// What a run that finds nothing to do may move, in bytes.
const TRAFFIC_LIMIT: u64 = 5 * 1024;

/// One thing that both tools do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Initial,
    Unchanged,
    Changes,
}

impl Case {
    /// How many times faster `bridge` has to be.
    fn wanted(self) -> f64 {
        match self {
            Self::Initial => 1.0,
            Self::Unchanged => 4.0,
            Self::Changes => 2.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial download",
            Self::Unchanged => "no-op",
            Self::Changes => "ten changes",
        }
    }
}

/// What was measured of one tool in one case.
#[derive(Debug, Default)]
pub(super) struct Figures {
    times: Vec<Duration>,
    peak: Option<u64>,
    pub(super) traffic: Option<Counts>,
    failure: Option<String>,
}

impl Figures {
    /// Runs a command and notes how long it takes.
    pub(super) fn time(&mut self, command: Command) {
        match measure::time(command) {
            Ok(time) => self.times.push(time),
            Err(error) => self.fail(&error),
        }
    }

    /// Runs a command and notes how much memory it holds.
    pub(super) fn peak(&mut self, command: Command) {
        match measure::peak(command) {
            Ok(peak) => self.peak = Some(peak),
            Err(error) => self.fail(&error),
        }
    }

    /// Remembers that the tool did not do what it should, the first reason alone.
    pub(super) fn fail(&mut self, error: &io::Error) {
        self.failure.get_or_insert(error.to_string());
    }

    fn median(&self) -> Option<f64> {
        median(&self.times).filter(|_| self.failure.is_none())
    }
}

/// Seconds.
fn median(times: &[Duration]) -> Option<f64> {
    let mut times: Vec<_> = times.iter().map(Duration::as_secs_f64).collect();
    times.sort_by(f64::total_cmp);
    let upper = times.get(times.len() / 2)?;
    let lower = times.get(times.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// All cases, first the figures of vdirsyncer, then those of `bridge`.
#[derive(Debug, Default)]
pub(super) struct Report {
    cases: Vec<(Case, [Figures; 2])>,
    /// What the bare request for the sync-token took.
    pub(super) bare: Vec<Duration>,
}

impl Report {
    pub(super) fn add(&mut self, case: Case, figures: [Figures; 2]) {
        self.cases.push((case, figures));
    }

    /// Whether both did all they were asked to.
    pub(super) fn is_complete(&self) -> bool {
        let mut figures = self.cases.iter().flat_map(|(_, figures)| figures);
        figures.all(|figures| figures.failure.is_none())
    }

    fn bridge(&self, case: Case) -> Option<&Figures> {
        let found = self.cases.iter().find(|(own, _)| *own == case);
        found.map(|(_, [_, bridge])| bridge)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Radicale and both tools in memory; medians\n")?;
        writeln!(
            f,
            "{:<18} {:>13} {:>10} {:>7} {:>8} {:>15} {:>12}",
            "", "vdirsyncer s", "bridge s", "ratio", "wanted", "vdirsyncer MiB", "bridge MiB"
        )?;
        for (case, [other, bridge]) in &self.cases {
            let ratio = other.median().zip(bridge.median()).map(|(a, b)| a / b);
            writeln!(
                f,
                "{:<18} {:>13} {:>10} {:>7} {:>8} {:>15} {:>12}",
                case.name(),
                seconds(other.median()),
                seconds(bridge.median()),
                or_dash(ratio, |ratio| format!("{ratio:.1}x")),
                format!("{:.1}x", case.wanted()),
                mebibytes(other.peak),
                mebibytes(bridge.peak),
            )?;
        }
        writeln!(f)?;
        self.write_verdicts(f)?;
        for (case, figures) in &self.cases {
            for (name, figures) in ["vdirsyncer", "bridge"].iter().zip(figures) {
                let times = figures
                    .times
                    .iter()
                    .map(|time| seconds(Some(time.as_secs_f64())));
                let times = times.collect::<Vec<_>>().join(" ");
                write!(f, "{}, {name}: {times}", case.name())?;
                match &figures.failure {
                    Some(failure) => writeln!(f, " FAILED: {failure}")?,
                    None => writeln!(f)?,
                }
            }
        }
        Ok(())
    }
}

impl Report {
    fn write_verdicts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unchanged = self.bridge(Case::Unchanged);
        let bare = median(&self.bare);
        let over = unchanged
            .and_then(Figures::median)
            .zip(bare)
            .map(|(a, b)| a / b);
        writeln!(
            f,
            "the bare request takes {} s, bridge's no-op {} times as long (wanted: at most {OVER_BARE})",
            seconds(bare),
            or_dash(over, |over| format!("{over:.2}"))
        )?;
        let peaks = self.cases.iter().filter_map(|(_, [_, bridge])| bridge.peak);
        writeln!(
            f,
            "bridge's highest peak of memory: {} MiB (wanted: below {})",
            mebibytes(peaks.max()),
            MEMORY_LIMIT >> 20
        )?;
        for (case, figures) in &self.cases {
            for (name, figures) in ["vdirsyncer", "bridge"].iter().zip(figures) {
                if let Some(traffic) = figures.traffic {
                    writeln!(
                        f,
                        "{}, {name}: {} bytes on the wire (wanted of bridge: below {TRAFFIC_LIMIT}), \
                         {} of them to the server, {} connections",
                        case.name(),
                        traffic.to_server + traffic.to_client,
                        traffic.to_server,
                        traffic.connections
                    )?;
                }
            }
        }
        writeln!(f, "\nsingle runs, in seconds")
    }
}

fn seconds(time: Option<f64>) -> String {
    or_dash(time, |time| format!("{time:.4}"))
}

fn mebibytes(bytes: Option<u64>) -> String {
    or_dash(bytes, |bytes| {
        let tenths = bytes * 10 / (1 << 20);
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

fn or_dash<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(milliseconds: &[u64]) -> Figures {
        let times = milliseconds.iter().copied().map(Duration::from_millis);
        Figures {
            times: times.collect(),
            ..Figures::default()
        }
    }

    #[test]
    fn the_report_compares_medians() {
        let mut report = Report::default();
        report.add(
            Case::Unchanged,
            [figures(&[900, 800, 9000]), figures(&[300])],
        );
        report.bare = [250, 260, 240].map(Duration::from_millis).into();
        let text = report.to_string();
        assert!(
            text.contains("3.0x") && text.contains("1.20 times as long"),
            "{text}"
        );
        assert!(report.is_complete());
    }

    #[test]
    fn a_failure_leaves_the_report_incomplete() {
        let mut failed = figures(&[1]);
        failed.fail(&io::Error::other("3 of 9 events"));
        let mut report = Report::default();
        report.add(Case::Initial, [figures(&[5]), failed]);
        assert!(!report.is_complete());
        assert!(report.to_string().contains("FAILED: 3 of 9 events"));
    }
}
