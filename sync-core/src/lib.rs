//! A protocol-neutral two-way reconciler.
//!
//! Every protocol implements [`Source`]; the engine keeps any two of them in step.

pub mod error;
pub mod model;
pub mod source;

pub use error::{Error, ErrorKind, Result};
pub use source::Source;
