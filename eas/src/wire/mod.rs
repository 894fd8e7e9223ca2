//! Bytes to typed commands and responses and back; no I/O, no clock.

pub mod wbxml;
