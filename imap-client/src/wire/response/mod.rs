//! Responses: what a server says.

mod account;
mod bodystructure;
mod capability;
mod code;
mod decode;
mod encode;
mod encode_fetch;
mod envelope;
mod fetch;
mod list;
mod mailbox_status;
mod search;
mod section;
mod status;
mod thread;

pub use account::{
    Acl, Id, ListRights, Metadata, MetadataEntry, MyRights, Namespace, Namespaces, Quota,
    QuotaResource, QuotaRoot,
};
pub use bodystructure::{
    BodyPart, BodyStructure, Disposition, LazyBodyStructure, Multipart, PartKind,
};
pub use capability::Capabilities;
pub use code::Code;
pub use envelope::{Address, Envelope, LazyEnvelope};
pub use fetch::{ExtendedAttributes, Fetch};
pub use list::{List, ListKind, MailboxAttributes, SpecialUse};
pub use mailbox_status::MailboxStatus;
pub use search::{Esearch, LongLine, PartialResult, Search, Sort, Vanished};
pub use section::{Section, SectionData, SectionKind, Sections};
pub use status::{StatusKind, StatusResponse};
pub use thread::Thread;

use super::error::DecodeError;
use super::flag::Flags;

/// One response.
///
/// FETCH, and the text of a continuation, borrow from the bytes they were
/// decoded from; the others own what they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response<'a> {
    /// The completion of a command (RFC 9051 section 7.1).
    Tagged {
        /// The command's tag.
        tag: String,
        /// How it went.
        status: StatusResponse,
    },
    /// An untagged OK, NO, BAD, BYE or PREAUTH; the greeting is one.
    Status(StatusResponse),
    /// `+`: the server waits for more of the command. The text may be base64.
    Continuation(std::borrow::Cow<'a, [u8]>),
    /// CAPABILITY
    Capability(Capabilities),
    /// ENABLED (RFC 5161)
    Enabled(Capabilities),
    /// LIST, LSUB or XLIST
    List(List),
    /// STATUS
    MailboxStatus(MailboxStatus),
    /// SEARCH
    Search(Search),
    /// SORT (RFC 5256)
    Sort(Sort),
    /// ESEARCH (RFC 4731)
    Esearch(Esearch),
    /// THREAD (RFC 5256)
    Thread(Vec<Thread>),
    /// FLAGS: the flags defined in the selected mailbox.
    Flags(Flags<'static>),
    /// EXISTS: how many messages the mailbox holds.
    Exists(u32),
    /// RECENT (RFC 3501)
    Recent(u32),
    /// EXPUNGE: the sequence number of a message that is gone.
    Expunge(u32),
    /// VANISHED (RFC 7162 section 3.2.10)
    Vanished(Vanished),
    /// FETCH
    Fetch(Fetch<'a>),
    /// NAMESPACE (RFC 2342)
    Namespace(Namespaces),
    /// ID (RFC 2971)
    Id(Id),
    /// QUOTA (RFC 9208)
    Quota(Quota),
    /// QUOTAROOT (RFC 9208)
    QuotaRoot(QuotaRoot),
    /// ACL (RFC 4314)
    Acl(Acl),
    /// LISTRIGHTS (RFC 4314)
    ListRights(ListRights),
    /// MYRIGHTS (RFC 4314)
    MyRights(MyRights),
    /// METADATA (RFC 5464)
    Metadata(Metadata),
    /// A response that could not be decoded. The stream is still in step.
    Unparsed(Unparsed<'a>),
}

/// A response that could not be decoded, or that is of an unknown kind.
///
/// `Debug` shows the first 256 bytes, escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Unparsed<'a> {
    /// Its bytes, line end included.
    pub bytes: &'a [u8],
    /// The tag, if it is a tagged response: that command is over.
    pub tag: Option<&'a str>,
    /// What was wrong.
    pub error: DecodeError,
}

impl std::fmt::Debug for Unparsed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.bytes.get(..256).unwrap_or(self.bytes);
        f.debug_struct("Unparsed")
            .field("bytes", &format_args!("\"{}\"", shown.escape_ascii()))
            .field("len", &self.bytes.len())
            .field("tag", &self.tag)
            .field("error", &self.error)
            .finish()
    }
}
