//! Content lines and components (RFC 5545 section 3.1 and 3.4, RFC 6350 section 3.2 and 3.3), with
//! every byte in its place.
//!
//! What reads and writes lines is for mappings too, which make documents of something else.
//!
//! ```
//! use sync_core::merge::syntax::{Eol, Property, fold, logical_lines, unescape, unfold};
//!
//! let document = b"SUMMARY;LANGUAGE=en:Lunch\\, then\r\n  coffee\r\n";
//! let line = unfold(logical_lines(document).next().unwrap_or_default());
//! let property = Property::parse(&line).ok_or("no content line")?;
//! assert_eq!(property.name, "SUMMARY");
//! assert_eq!(property.param("language"), Some("en"));
//! assert_eq!(unescape(property.value), "Lunch, then coffee");
//! assert_eq!(fold("FN:Al", Eol::CrLf), b"FN:Al\r\n");
//! # Ok::<(), &str>(())
//! ```

mod escape;
mod line;
mod property;
mod tree;

pub use escape::{
    decode_caret, encode_caret, escape, quoted_printable, split_outside_quotes, split_unescaped,
    unescape,
};
pub(super) use line::plain_name;
pub use line::{Eol, fold, logical_lines, unfold};
pub(super) use property::Built;
pub use property::{Param, Property};
pub use tree::{Item, Node};
