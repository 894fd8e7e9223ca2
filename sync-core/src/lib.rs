//! A protocol-neutral two-way reconciler.
//!
//! Every protocol implements [`Source`]; the engine keeps any two of them in step.

#[cfg(feature = "engine")]
pub mod engine;
pub mod error;
pub mod local;
pub mod merge;
pub mod model;
#[cfg(feature = "net")]
pub mod net;
pub mod reconcile;
pub mod source;
#[cfg(feature = "engine")]
pub mod state;
#[cfg(any(feature = "testing", feature = "testing-server"))]
pub mod testing;

pub use error::{Error, ErrorKind, Result};
pub use source::Source;
