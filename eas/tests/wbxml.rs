//! WBXML against Microsoft's table, published documents and what a real SOGo sends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "wbxml/broken.rs"]
mod broken;
#[path = "wbxml/libwbxml.rs"]
mod libwbxml;
#[path = "wbxml/properties.rs"]
mod properties;
#[path = "wbxml/skipped.rs"]
mod skipped;
#[path = "wbxml/tables.rs"]
mod tables;
#[path = "wbxml/vectors.rs"]
mod vectors;
