//! How far it is, on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done sooner shows nothing.
const LONG: Duration = Duration::from_millis(500);

/// A bar on standard error, if that is a terminal, for what takes long.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    start: Instant,
    shown: bool,
}

impl Progress {
    /// Of so many bytes, if that is known.
    pub(crate) fn new(name: &str, bytes: Option<u64>) -> Self {
        let bar = match bytes {
            Some(_) => "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}",
            None => "{prefix} {spinner} {bytes} {bytes_per_sec}",
        };
        // The templates above are right, and if one were not, this one is.
        let style =
            ProgressStyle::with_template(bar).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style).with_prefix(name.to_owned()),
            start: Instant::now(),
            shown: false,
        }
    }

    pub(crate) fn advance(&mut self, bytes: usize) {
        if !self.shown && self.start.elapsed() >= LONG {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        self.bar.inc(bytes as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
