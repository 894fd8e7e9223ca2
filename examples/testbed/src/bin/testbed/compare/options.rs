//! What to compare, from the command line.

use std::fmt;

pub(super) const USAGE: &str = "\
usage: cargo testbed compare-mbsync [OPTIONS]

  --messages N   how many messages are copied (5,000) and left unchanged (50,000 and 500)
  --runs N       how often each tool runs a case (5)
  --only CASE    one of: imap maildir unchanged large; may be given more than once
  --tls          over IMAPS instead of plain text
  --bridge FILE  this program instead of a fresh release build
";

/// One thing that both tools do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// IMAP to IMAP, into nothing; how many messages of 2 KB.
    ToImap(usize),
    /// IMAP to Maildir, into nothing; how many messages of 2 KB.
    ToMaildir(usize),
    /// IMAP and Maildir that are in step; how many messages of 1 KB.
    Unchanged(usize),
    /// One message of 50 MB, IMAP to IMAP.
    LargeToImap,
    /// One message of 50 MB, IMAP to Maildir.
    LargeToMaildir,
}

impl Case {
    /// How many times faster `bridge` has to be.
    pub(super) fn wanted(self) -> Option<f64> {
        match self {
            Self::ToImap(_) => Some(5.0),
            Self::ToMaildir(_) => Some(1.2),
            Self::Unchanged(50_000..) => Some(5.0),
            _ => None,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToImap(count) => write!(f, "IMAP to IMAP, {count} new"),
            Self::ToMaildir(count) => write!(f, "IMAP to Maildir, {count} new"),
            Self::Unchanged(count) => write!(f, "no-op over {count}"),
            Self::LargeToImap => f.write_str("IMAP to IMAP, one of 50 MB"),
            Self::LargeToMaildir => f.write_str("IMAP to Maildir, one of 50 MB"),
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub(super) struct Options {
    messages: Option<usize>,
    pub(super) runs: usize,
    only: Vec<Only>,
    pub(super) tls: bool,
    pub(super) bridge: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Imap,
    Maildir,
    Unchanged,
    Large,
}

impl Options {
    /// `None` if it is not understood.
    pub(super) fn parse(args: &[&str]) -> Option<Self> {
        let mut options = Self {
            messages: None,
            runs: 5,
            only: Vec::new(),
            tls: false,
            bridge: None,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--messages" => options.messages = Some(positive(args.next()?)?),
                "--runs" => options.runs = positive(args.next()?)?,
                "--only" => options.only.push(Only::parse(args.next()?)?),
                "--tls" => options.tls = true,
                "--bridge" => options.bridge = Some((*args.next()?).to_owned()),
                _ => return None,
            }
        }
        Some(options)
    }

    /// The cases in the order in which they are measured.
    pub(super) fn cases(&self) -> Vec<Case> {
        let new = self.messages.unwrap_or(5_000);
        let many = self.messages.unwrap_or(50_000);
        [
            (Only::Imap, Case::ToImap(new)),
            (Only::Maildir, Case::ToMaildir(new)),
            (Only::Unchanged, Case::Unchanged(many.div_ceil(100))),
            (Only::Unchanged, Case::Unchanged(many)),
            (Only::Large, Case::LargeToImap),
            (Only::Large, Case::LargeToMaildir),
        ]
        .into_iter()
        .filter(|(only, _)| self.only.is_empty() || self.only.contains(only))
        .map(|(_, case)| case)
        .collect()
    }
}

impl Only {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "imap" => Some(Self::Imap),
            "maildir" => Some(Self::Maildir),
            "unchanged" => Some(Self::Unchanged),
            "large" => Some(Self::Large),
            _ => None,
        }
    }
}

fn positive(word: &str) -> Option<usize> {
    word.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::{Case, Options};

    #[test]
    fn without_options_everything_is_compared() {
        let options = Options::parse(&[]).unwrap();
        assert_eq!(options.cases().len(), 6);
        assert!(options.cases().contains(&Case::Unchanged(500)));
        assert!(options.cases().contains(&Case::Unchanged(50_000)));
    }

    #[test]
    fn options_choose() {
        let args = ["--messages", "100", "--only", "maildir", "--runs", "3"];
        let options = Options::parse(&args).unwrap();
        assert_eq!(options.cases(), [Case::ToMaildir(100)]);
        assert_eq!(options.runs, 3);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for args in [&["--runs", "0"][..], &["--only", "x"], &["--runs"], &["x"]] {
            assert!(Options::parse(args).is_none());
        }
    }
}
