//! Content lines and components (RFC 5545 section 3.1 and 3.4, RFC 6350 section 3.2 and 3.3), with
//! every byte in its place.

mod escape;
mod line;
mod property;
mod tree;

pub(super) use escape::{
    decode_caret, encode_caret, escape, quoted_printable, split_outside_quotes, split_unescaped,
    unescape,
};
pub(super) use line::{Eol, fold, logical_lines, plain_name, unfold};
pub(super) use property::{Built, Param, Property};
pub(super) use tree::{Item, Node};
