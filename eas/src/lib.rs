//! Exchange ActiveSync (EAS).

pub mod client;
pub mod mapping;
#[cfg(feature = "source")]
pub mod source;
pub mod wire;
