//! What to compare, from the command line.

use std::fmt;

pub(super) const USAGE: &str = "\
usage: cargo testbed compare-mpop [OPTIONS]

  --messages N   how many small messages there are (5,000); a 25th of it are large ones
  --runs N       how often each tool runs a case (5)
  --only CASE    one of: small large unchanged; may be given more than once
  --bridge FILE  this program instead of a fresh release build
";

/// What both tools do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Messages of 2 KB, into nothing.
    Small,
    /// Messages of 1 MB, into nothing.
    Large,
    /// Messages of 2 KB that are all known, and kept.
    Unchanged,
}

/// One thing that both tools do, over one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) what: What,
    pub(super) messages: usize,
    /// Through the proxy, with 40 ms of round trip.
    pub(super) long: bool,
}

impl Case {
    /// How many times faster `bridge` has to be.
    pub(super) fn wanted(self) -> f64 {
        match (self.what, self.long) {
            (What::Small, true) => 4.0,
            _ => 1.0,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.messages;
        match self.what {
            What::Small => write!(f, "{count} of 2 KB")?,
            What::Large => write!(f, "{count} of 1 MB")?,
            What::Unchanged => write!(f, "no-op over {count}")?,
        }
        f.write_str(if self.long { ", 40 ms" } else { ", direct" })
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub(super) struct Options {
    messages: usize,
    pub(super) runs: usize,
    only: Vec<What>,
    pub(super) bridge: Option<String>,
}

impl Options {
    /// `None` if it is not understood.
    pub(super) fn parse(args: &[&str]) -> Option<Self> {
        let mut options = Self {
            messages: 5_000,
            runs: 5,
            only: Vec::new(),
            bridge: None,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--messages" => options.messages = positive(args.next()?)?,
                "--runs" => options.runs = positive(args.next()?)?,
                "--only" => options.only.push(what(args.next()?)?),
                "--bridge" => options.bridge = Some((*args.next()?).to_owned()),
                _ => return None,
            }
        }
        Some(options)
    }

    /// The cases in the order in which they are measured.
    pub(super) fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for what in [What::Small, What::Unchanged, What::Large] {
            if !self.only.is_empty() && !self.only.contains(&what) {
                continue;
            }
            let messages = match what {
                What::Large => self.messages.div_ceil(25),
                What::Small | What::Unchanged => self.messages,
            };
            cases.extend([false, true].map(|long| Case {
                what,
                messages,
                long,
            }));
        }
        cases
    }
}

fn what(word: &str) -> Option<What> {
    match word {
        "small" => Some(What::Small),
        "large" => Some(What::Large),
        "unchanged" => Some(What::Unchanged),
        _ => None,
    }
}

fn positive(word: &str) -> Option<usize> {
    word.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn cases(args: &[&str]) -> Vec<String> {
        let options = Options::parse(args).unwrap();
        options.cases().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_options_everything_is_compared() {
        assert_eq!(
            cases(&[]),
            [
                "5000 of 2 KB, direct",
                "5000 of 2 KB, 40 ms",
                "no-op over 5000, direct",
                "no-op over 5000, 40 ms",
                "200 of 1 MB, direct",
                "200 of 1 MB, 40 ms",
            ]
        );
    }

    #[test]
    fn options_choose() {
        assert_eq!(
            cases(&["--messages", "100", "--only", "large"]),
            ["4 of 1 MB, direct", "4 of 1 MB, 40 ms"]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for args in [&["--runs", "0"][..], &["--only", "x"], &["--runs"], &["x"]] {
            assert!(Options::parse(args).is_none());
        }
    }
}
