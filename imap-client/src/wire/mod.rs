//! Bytes <-> typed commands and responses.
