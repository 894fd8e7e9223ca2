//! For implementors of [`Source`](crate::Source), and for the tests of protocols.

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(all(feature = "testing", feature = "net"))]
pub mod script;
#[cfg(feature = "testing-server")]
pub mod server;
#[cfg(all(feature = "testing", feature = "engine"))]
pub mod simulator;
#[cfg(feature = "testing")]
mod written;

#[cfg(feature = "testing")]
pub use written::Written;
