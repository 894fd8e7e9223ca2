//! The session: one method a command.
