//! The figures, side by side.

use std::{fmt, io};

use super::options::Case;

/// What one run of a program cost, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    pub(super) wall: f64,
    /// In user mode and in the kernel, of all threads.
    pub(super) cpu: f64,
}

impl Cost {
    /// `0.251 0.040 0.120`: wall, user and system.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ').map(str::parse::<f64>);
        let mut next = || words.next()?.ok();
        let (wall, user, system) = (next()?, next()?, next()?);
        Some(Self {
            wall,
            cpu: user + system,
        })
    }
}

/// What was measured of one tool in one case.
#[derive(Debug, Default)]
pub(super) struct Figures {
    costs: Vec<Cost>,
    failure: Option<String>,
}

impl Figures {
    pub(super) fn add(&mut self, cost: io::Result<Cost>) {
        match cost {
            Ok(cost) => self.costs.push(cost),
            Err(error) => self.fail(error.to_string()),
        }
    }

    pub(super) fn note_failure(&mut self, cost: io::Result<Cost>) {
        if let Err(error) = cost {
            self.fail(error.to_string());
        }
    }

    /// Remembers that the tool did not do what it should, the first reason alone.
    pub(super) fn fail(&mut self, why: String) {
        self.failure.get_or_insert(why);
    }

    /// `None` if the tool failed or never ran.
    fn median(&self, of: impl Fn(&Cost) -> f64) -> Option<f64> {
        if self.failure.is_some() {
            return None;
        }
        let mut all: Vec<f64> = self.costs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        let upper = all.get(all.len() / 2)?;
        let lower = all.get(all.len().checked_sub(1)? / 2)?;
        Some(f64::midpoint(*lower, *upper))
    }
}

/// All cases, first the figures of mpop, then those of `bridge`.
#[derive(Debug, Default)]
pub(super) struct Report {
    cases: Vec<(Case, [Figures; 2])>,
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
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "POP3 to a Maildir, all in memory, plain text; medians\n")?;
        writeln!(
            f,
            "{:<26} {:>8} {:>9} {:>7} {:>7} {:>12} {:>13}",
            "", "mpop s", "bridge s", "ratio", "wanted", "mpop CPU s", "bridge CPU s"
        )?;
        for (case, figures) in &self.cases {
            let [mpop, bridge] = figures.each_ref().map(|f| f.median(|cost| cost.wall));
            let [mpop_cpu, bridge_cpu] = figures.each_ref().map(|f| f.median(|cost| cost.cpu));
            let ratio = mpop.zip(bridge).map(|(mpop, bridge)| mpop / bridge);
            writeln!(
                f,
                "{:<26} {:>8} {:>9} {:>7} {:>7} {:>12} {:>13}",
                case.to_string(),
                seconds(mpop),
                seconds(bridge),
                ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}x")),
                format!("{:.1}x", case.wanted()),
                seconds(mpop_cpu),
                seconds(bridge_cpu),
            )?;
        }
        writeln!(f, "\nsingle runs, in seconds")?;
        for (case, figures) in &self.cases {
            for (name, figures) in ["mpop", "bridge"].iter().zip(figures) {
                let walls: Vec<_> = figures
                    .costs
                    .iter()
                    .map(|c| seconds(Some(c.wall)))
                    .collect();
                write!(f, "{case}, {name}: {}", walls.join(" "))?;
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
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::{Cost, Figures};

    #[test]
    fn costs_are_read_from_what_bash_says() {
        let cost = Cost::parse("0.250 0.125 0.500").unwrap();
        assert_eq!(
            cost,
            Cost {
                wall: 0.25,
                cpu: 0.625
            }
        );
        assert_eq!(Cost::parse("0.250 0.125"), None);
    }

    #[test]
    fn a_failed_tool_has_no_median() {
        let mut figures = Figures::default();
        for wall in [0.5, 0.125, 0.25] {
            figures.add(Ok(Cost { wall, cpu: 0.0 }));
        }
        assert_eq!(figures.median(|cost| cost.wall), Some(0.25));
        figures.fail("0 of 9 messages".to_owned());
        assert_eq!(figures.median(|cost| cost.wall), None);
    }
}
