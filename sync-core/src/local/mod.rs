//! Sources without a network.

mod files;
mod header;
pub mod maildir;
pub mod memory;
pub mod vdir;

pub use maildir::{Maildir, MaildirOptions};
pub use memory::{Memory, MemoryOptions, MemoryStore};
pub use vdir::{Vdir, VdirOptions};
