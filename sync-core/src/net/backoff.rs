use std::time::Duration;

/// How long to wait before the next try: exponential, with jitter and a cap.
///
/// It holds no clock and does not sleep. What the server asks for is obeyed even beyond the cap.
///
/// ```
/// # use std::time::Duration;
/// # use sync_core::net::Backoff;
/// let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300)).seeded(7);
/// let first = backoff.next_pause(None);
/// assert!(first >= Duration::from_millis(500) && first <= Duration::from_secs(1));
/// assert!(backoff.next_pause(Some(Duration::from_secs(600))) >= Duration::from_secs(600));
/// backoff.reset();
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    tries: u32,
    random: u64,
}

impl Backoff {
    /// Begins at `base` and doubles up to `cap`; each pause is drawn from its upper half.
    pub fn new(base: Duration, cap: Duration) -> Self {
        let mut seed = [0; 8];
        // Without entropy all clients share one sequence, which only makes their retries less spread.
        let _ = getrandom::fill(&mut seed);
        Self {
            base,
            cap,
            tries: 0,
            random: u64::from_le_bytes(seed),
        }
    }

    /// Makes the sequence depend on `seed` alone.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.random = seed;
        self
    }

    /// The pause before the next try; never shorter than the `retry_after` that the server asked for.
    pub fn next_pause(&mut self, retry_after: Option<Duration>) -> Duration {
        let factor = 1_u32.checked_shl(self.tries.min(31)).unwrap_or(u32::MAX);
        let full = self.base.saturating_mul(factor).min(self.cap);
        self.tries = self.tries.saturating_add(1);
        let pause = full / 2 + (full / 2).mul_f64(self.fraction());
        retry_after.map_or(pause, |asked| {
            // Clients that were all told the same pause should not come back in the same instant.
            asked.saturating_add(pause.min(asked / 10))
        })
    }

    /// How many pauses were handed out since the last success.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// To be called after a success.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// SplitMix64, scaled to 0..1.
    fn fraction(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let top = u32::try_from(z >> 32).unwrap_or(u32::MAX);
        f64::from(top) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_cap_within_its_upper_half() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60)).seeded(1);
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let full = Duration::from_secs(expected);
            let pause = backoff.next_pause(None);
            assert!(pause >= full / 2 && pause <= full, "{pause:?} of {full:?}");
        }
        backoff.reset();
        assert!(backoff.next_pause(None) <= Duration::from_secs(1));
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut b = Backoff::new(Duration::from_secs(1), Duration::from_secs(60)).seeded(seed);
            (0..50).map(|_| b.next_pause(None)).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn the_server_has_the_last_word() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5)).seeded(1);
        let asked = Duration::from_secs(100);
        let pause = backoff.next_pause(Some(asked));
        assert!(pause >= asked && pause <= asked + asked / 10);
    }

    #[test]
    fn never_overflows() {
        let mut backoff = Backoff::new(Duration::MAX, Duration::MAX).seeded(1);
        for _ in 0..100 {
            let _ = backoff.next_pause(Some(Duration::MAX));
        }
    }
}
