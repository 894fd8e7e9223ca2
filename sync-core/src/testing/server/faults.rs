//! Faults that wait for what they strike.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which of the requests that fit a fault it strikes: the first, once, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    skip: u64,
    times: u64,
}

impl Default for Turns {
    fn default() -> Self {
        Self { skip: 0, times: 1 }
    }
}

impl Turns {
    /// Lets `k - 1` pass and strikes the `k`-th.
    pub fn nth(&mut self, k: u64) {
        self.skip = k.saturating_sub(1);
    }

    /// Strikes so many in a row.
    pub fn times(&mut self, n: u64) {
        self.times = n;
    }

    /// Whether it is the turn of this one.
    fn is_next(&mut self) -> bool {
        let strikes = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        strikes
    }
}

/// A fault, of whatever kind, that a test can order.
pub trait Ordered {
    /// When it strikes.
    fn turns(&mut self) -> &mut Turns;
}

/// The faults that wait.
#[derive(Debug)]
pub struct Faults<F>(Mutex<Vec<F>>);

impl<F> Default for Faults<F> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<F: Ordered> Faults<F> {
    fn waiting_ones(&self) -> MutexGuard<'_, Vec<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault behind the others.
    pub fn order(&self, mut fault: F) {
        if fault.turns().times > 0 {
            self.waiting_ones().push(fault);
        }
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        self.waiting_ones().clear();
    }

    /// How many faults wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting_ones().len()
    }

    /// The fault that strikes: the first that fits and whose turn it is. What is left of it is given
    /// back by [`restore`](Self::restore).
    pub fn strike(&self, fits: impl Fn(&F) -> bool) -> Option<F> {
        let mut waiting = self.waiting_ones();
        let at = waiting
            .iter_mut()
            .position(|fault| fits(fault) && fault.turns().is_next())?;
        let mut fault = waiting.remove(at);
        let turns = fault.turns();
        turns.times = turns.times.saturating_sub(1);
        Some(fault)
    }

    /// Puts a fault that struck back before the others, if it may strike again.
    pub fn restore(&self, mut fault: F) {
        if fault.turns().times > 0 {
            self.waiting_ones().insert(0, fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct On(&'static str, Turns);

    impl Ordered for On {
        fn turns(&mut self) -> &mut Turns {
            &mut self.1
        }
    }

    /// What of `lines` is struck by a fault.
    fn struck<'a>(faults: &Faults<On>, lines: &[&'a str]) -> Vec<&'a str> {
        let mut struck = Vec::new();
        for line in lines {
            if let Some(fault) = faults.strike(|fault| line.starts_with(fault.0)) {
                struck.push(*line);
                faults.restore(fault);
            }
        }
        struck
    }

    #[test]
    fn the_nth_is_struck_and_no_other() {
        let faults = Faults::default();
        let mut turns = Turns::default();
        turns.nth(2);
        turns.times(2);
        faults.order(On("RETR", turns));
        let lines = ["RETR 1", "NOOP", "RETR 2", "RETR 3", "RETR 4"];
        assert_eq!(struck(&faults, &lines), ["RETR 2", "RETR 3"]);
        assert_eq!(faults.waiting(), 0);
    }

    #[test]
    fn of_two_the_first_strikes_and_the_other_waits() {
        let faults = Faults::default();
        faults.order(On("RETR", Turns::default()));
        faults.order(On("", Turns::default()));
        assert_eq!(struck(&faults, &["RETR 1"]), ["RETR 1"]);
        assert_eq!(faults.waiting(), 1);
        assert_eq!(struck(&faults, &["RETR 2", "RETR 3"]), ["RETR 2"]);
    }

    #[test]
    fn what_strikes_no_time_does_not_wait() {
        let faults = Faults::default();
        let mut turns = Turns::default();
        turns.times(0);
        faults.order(On("", turns));
        assert_eq!(faults.waiting(), 0);
    }
}
