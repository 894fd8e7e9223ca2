//! For implementors of [`Source`](crate::Source).

pub mod conformance;
#[cfg(feature = "engine")]
pub mod simulator;
