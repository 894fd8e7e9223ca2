//! WebDAV XML to typed requests and answers and back; no I/O.
//!
//! [`request`] writes bodies. [`MultistatusReader`] reads the answer as it arrives, whatever its
//! size, in the memory of one response; [`ErrorBody`] reads why something was refused. Every input
//! gives a value or an error: documents that declare entities are refused, and so is what is nested
//! too deep or grows beyond [`Limits`].
//!
//! Only what a propstat of success holds is a value. An element that nobody knows is skipped, under
//! whatever prefix it stands.

mod condition;
mod error;
mod etag;
mod header;
mod href;
mod limits;
mod multistatus;
mod property;
pub mod request;
mod set;
mod time;
mod xml;

pub use condition::{Condition, ErrorBody};
pub use error::{DecodeError, DecodeErrorKind};
pub use etag::{ETag, MAX_ETAG};
pub use header::{Compliance, Depth, Precondition};
pub use href::{Href, MAX_HREF};
pub use limits::Limits;
pub use multistatus::{MultistatusReader, Response, Summary};
pub use property::{MediaType, Properties, Property, Value, ns};
pub use set::{
    Component, Components, Privilege, Privileges, Report, Reports, ResourceType, ResourceTypes,
};
pub use time::{TimeRange, UtcTime};
