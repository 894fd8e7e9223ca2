//! Sources without a network.

mod header;
pub mod maildir;
pub mod memory;

pub use maildir::{Maildir, MaildirOptions};
pub use memory::{Memory, MemoryOptions, MemoryStore};
