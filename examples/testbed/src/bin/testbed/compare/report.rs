//! The figures, side by side.

use std::{fmt, io, time::Duration};

use testbed::Counts;

use super::options::Case;

/// What `bridge` may hold at most, in bytes.
const MEMORY_LIMIT: u64 = 32 << 20;

/// How much longer a run over a hundred times as many unchanged messages may take.
const GROWTH_LIMIT: f64 = 1.5;

/// What was measured of one tool in one case.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) times: Vec<Duration>,
    /// In bytes.
    pub(super) peak: Option<u64>,
    pub(super) traffic: Option<Counts>,
    failure: Option<String>,
}

impl Figures {
    /// Remembers that the tool did not do what it should, the first reason alone.
    pub(super) fn fail(&mut self, error: &io::Error) {
        self.failure.get_or_insert(error.to_string());
    }

    /// Seconds; `None` if the tool failed or never ran.
    fn median(&self) -> Option<f64> {
        if self.failure.is_some() {
            return None;
        }
        let mut times: Vec<_> = self.times.iter().map(Duration::as_secs_f64).collect();
        times.sort_by(f64::total_cmp);
        let upper = times.get(times.len() / 2)?;
        let lower = times.get(times.len().checked_sub(1)? / 2)?;
        Some(f64::midpoint(*lower, *upper))
    }
}

/// All cases, first the figures of mbsync, then those of `bridge`.
#[derive(Debug)]
pub(super) struct Report {
    tls: bool,
    cases: Vec<(Case, [Figures; 2])>,
}

impl Report {
    pub(super) fn new(tls: bool) -> Self {
        Self {
            tls,
            cases: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, case: Case, figures: [Figures; 2]) {
        self.cases.push((case, figures));
    }

    /// Whether both did all they were asked to.
    pub(super) fn is_complete(&self) -> bool {
        let mut figures = self.cases.iter().flat_map(|(_, figures)| figures);
        figures.all(|figures| figures.failure.is_none())
    }

    /// The times of `bridge` over many unchanged messages and over few: many divided by few.
    fn growth(&self) -> Option<f64> {
        let mut medians = self
            .cases
            .iter()
            .filter(|(case, _)| matches!(case, Case::Unchanged(_)))
            .map(|(_, [_, bridge])| bridge.median());
        let (few, many) = (medians.next()??, medians.next()??);
        Some(many / few)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire = if self.tls { "IMAPS" } else { "plain text" };
        writeln!(f, "Dovecot and both tools in memory, {wire}; medians\n")?;
        writeln!(
            f,
            "{:<30} {:>10} {:>10} {:>7} {:>8} {:>12} {:>12}",
            "", "mbsync s", "bridge s", "ratio", "wanted", "mbsync MiB", "bridge MiB"
        )?;
        for (case, [mbsync, bridge]) in &self.cases {
            let ratio = mbsync.median().zip(bridge.median()).map(|(a, b)| a / b);
            writeln!(
                f,
                "{:<30} {:>10} {:>10} {:>7} {:>8} {:>12} {:>12}",
                case.to_string(),
                seconds(mbsync.median()),
                seconds(bridge.median()),
                or_dash(ratio, |ratio| format!("{ratio:.1}x")),
                or_dash(case.wanted(), |wanted| format!("{wanted:.1}x")),
                mebibytes(mbsync.peak),
                mebibytes(bridge.peak),
            )?;
        }
        self.write_verdicts(f)?;
        self.write_traffic(f)?;
        self.write_runs(f)
    }
}

impl Report {
    fn write_verdicts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        if let Some(growth) = self.growth() {
            writeln!(
                f,
                "bridge's no-op over a hundred times as many: {growth:.2} times as long (wanted: at most {GROWTH_LIMIT})"
            )?;
        }
        let peaks = self.cases.iter().filter_map(|(_, [_, bridge])| bridge.peak);
        if let Some(peak) = peaks.max() {
            writeln!(
                f,
                "bridge's highest peak of memory: {} MiB (wanted: below {})",
                mebibytes(Some(peak)),
                MEMORY_LIMIT >> 20
            )?;
        }
        Ok(())
    }

    fn write_traffic(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (case, figures) in &self.cases {
            for (name, figures) in ["mbsync", "bridge"].iter().zip(figures) {
                if let Some(traffic) = figures.traffic {
                    writeln!(
                        f,
                        "{case}, {name}: {} round trips, {} bytes to the server, {} from it, {} connections",
                        traffic.round_trips,
                        traffic.to_server,
                        traffic.to_client,
                        traffic.connections
                    )?;
                }
            }
        }
        Ok(())
    }

    fn write_runs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nsingle runs, in seconds")?;
        for (case, figures) in &self.cases {
            for (name, figures) in ["mbsync", "bridge"].iter().zip(figures) {
                let times: Vec<_> = figures
                    .times
                    .iter()
                    .map(|time| seconds(Some(time.as_secs_f64())))
                    .collect();
                write!(f, "{case}, {name}: {}", times.join(" "))?;
                match &figures.failure {
                    Some(failure) => writeln!(f, " FAILED: {failure}")?,
                    None => writeln!(f)?,
                }
            }
        }
        Ok(())
    }
}

fn seconds(time: Option<f64>) -> String {
    or_dash(time, |time| format!("{time:.4}"))
}

fn mebibytes(bytes: Option<u64>) -> String {
    or_dash(bytes, |bytes| {
        // A tenth of a mebibyte is fine enough, and an integer holds it exactly.
        let tenths = bytes * 10 / (1 << 20);
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

fn or_dash<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

#[cfg(test)]
mod tests {
    use super::{Case, Figures, Report, mebibytes};
    use std::{io, time::Duration};

    fn figures(milliseconds: &[u64]) -> Figures {
        Figures {
            times: milliseconds
                .iter()
                .copied()
                .map(Duration::from_millis)
                .collect(),
            ..Figures::default()
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(figures(&[500, 100, 250]).median(), Some(0.25));
        assert_eq!(figures(&[500, 250, 750, 100]).median(), Some(0.375));
        assert_eq!(figures(&[]).median(), None);
    }

    #[test]
    fn a_failed_tool_has_no_median_and_leaves_the_report_incomplete() {
        let mut failed = figures(&[1]);
        failed.fail(&io::Error::other("0 of 9 messages"));
        assert_eq!(failed.median(), None);
        let mut report = Report::new(false);
        report.add(Case::ToImap(9), [figures(&[5]), failed]);
        assert!(!report.is_complete());
        let text = report.to_string();
        assert!(text.contains("FAILED: 0 of 9 messages"), "{text}");
    }

    #[test]
    fn growth_is_many_by_few() {
        let mut report = Report::new(false);
        report.add(Case::Unchanged(5), [figures(&[10]), figures(&[20])]);
        report.add(Case::Unchanged(500), [figures(&[99]), figures(&[30])]);
        assert_eq!(report.growth(), Some(1.5));
        assert!(report.to_string().contains("1.50 times as long"));
    }

    #[test]
    fn memory_is_shown_in_mebibytes() {
        assert_eq!(mebibytes(Some((14 << 20) + (1 << 19))), "14.5");
    }
}
