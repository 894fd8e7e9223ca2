//! Exchange ActiveSync (EAS).

pub mod client;
pub mod wire;
