//! For implementors of [`Source`](crate::Source), and for the test servers of protocols.

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing-server")]
pub mod server;
#[cfg(all(feature = "testing", feature = "engine"))]
pub mod simulator;
