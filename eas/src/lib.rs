//! Exchange ActiveSync (EAS).

pub mod wire;
