//! Exchange ActiveSync (EAS).

pub mod client;
pub mod mapping;
pub mod wire;
