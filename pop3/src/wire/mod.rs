//! Bytes to typed commands and responses and back; no I/O.
