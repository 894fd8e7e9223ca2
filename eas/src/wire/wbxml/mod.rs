//! WBXML as ActiveSync uses it ([MS-ASWBXML]; WAP-192-WBXML version 1.3).
//!
//! A [`Reader`] walks a document without copying it, a [`Writer`] makes one, and [`to_xml`] prints
//! one for people. Tags are constants of their code page: [`AirSync::SyncKey`](pages::AirSync).
//!
//! ```
//! use eas::wire::wbxml::pages::FolderHierarchy;
//! use eas::wire::wbxml::{Reader, Writer};
//!
//! let mut w = Writer::new();
//! w.element(FolderHierarchy::FolderSync, |w| w.text(FolderHierarchy::SyncKey, "0"));
//! let request = w.finish();
//! assert_eq!(request, b"\x03\x01\x6A\x00\x00\x07\x56\x52\x030\x00\x01\x01");
//!
//! let mut r = Reader::new(&request)?;
//! assert_eq!(r.child()?, Some(FolderHierarchy::FolderSync));
//! while let Some(tag) = r.child()? {
//!     match tag {
//!         FolderHierarchy::SyncKey => assert_eq!(r.text()?, "0"),
//!         _ => r.skip()?,
//!     }
//! }
//! # Ok::<(), eas::wire::wbxml::Error>(())
//! ```

mod error;
pub mod pages;
mod reader;
mod tag;
mod token;
mod writer;
mod xml;

pub use error::{Error, ErrorKind};
pub use reader::{Limits, Reader};
pub use tag::Tag;
pub use token::{Token, Tokens};
pub use writer::Writer;
pub use xml::to_xml;

/// What every document of ActiveSync begins with: WBXML 1.3, public identifier 1, UTF-8, an empty
/// string table.
pub const HEADER: [u8; 4] = [0x03, 0x01, 0x6A, 0x00];
