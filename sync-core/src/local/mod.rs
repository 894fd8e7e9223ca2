//! Sources without a network.

pub mod memory;

pub use memory::{Memory, MemoryOptions, MemoryStore};
