//! What the protocol says of a message, as flags and headers say it, and back. Pure functions.

mod folder;
mod header;
mod state;

pub use folder::{HIDDEN, SystemFolder, is_hidden};
pub use header::{Header, message_id};
pub use state::MessageState;
