//! The engine under random edits, faults and crashes, from a seed.
//!
//! A [`Scenario`] is two servers in memory of random kinds, random related edits on both, edits by
//! third parties between listing and write, faults at any request, and crashes before and after any
//! commit of the state. [`check`] plays it, lets the world come to rest, and says which promise was
//! broken. A failing scenario is shrunk to a small one, and its seed replays it.

mod audit;
mod model;
mod play;
mod random;
mod script;
mod shrink;

pub use script::{Edit, EditOp, Leaving, Scenario, Setup, Step, Weather};

use std::fmt;

/// A promise that was broken, and by what.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed that replays it.
    pub seed: u64,
    /// What is wrong at the end.
    pub broken: String,
    /// The smallest scenario found that breaks the same promise.
    pub scenario: Scenario,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.broken)?;
        writeln!(
            f,
            "replay: cargo testbed soak --seed {} --seeds 1",
            self.seed
        )?;
        writeln!(f, "{:#?}", self.scenario.setup)?;
        for step in &self.scenario.steps {
            writeln!(f, "  {step:?}")?;
        }
        Ok(())
    }
}

/// Plays the scenario of a seed.
///
/// # Errors
/// The broken promise, with a shrunk scenario.
pub fn check(seed: u64) -> Result<(), Box<Failure>> {
    let scenario = Scenario::generate(seed);
    let Err(broken) = play::play(&scenario) else {
        return Ok(());
    };
    let (scenario, broken) = shrink::shrink(scenario, broken);
    Err(Box::new(Failure {
        seed,
        broken,
        scenario,
    }))
}
