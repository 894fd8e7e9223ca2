//! For implementors of [`Source`](crate::Source).
