//! For implementors of [`Source`](crate::Source).

pub mod conformance;
