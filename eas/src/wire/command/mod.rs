//! Commands: what is asked, what is answered ([MS-ASCMD] section 2.2.1).
//!
//! A request writes its own body with [`Command::encode`], children in the order that Exchange
//! demands; an answer is read by [`Command::decode`], children in any order, unknown ones passed
//! over.

mod autodiscover;
mod compose_mail;
mod find;
mod folder_change;
mod folder_sync;
mod get_attachment;
mod get_item_estimate;
mod item_operations;
mod meeting_response;
mod move_items;
mod multipart;
mod name;
mod ping;
mod provision;
mod provision_doc;
mod resolve_recipients;
mod search;
mod settings;
mod sync;
mod sync_answer;
mod validate_cert;

use super::wbxml::Error;
use super::{Status, Version};

pub use autodiscover::{Autodiscover, AutodiscoverAnswer, ServerUrl, decode_json, json_path};
pub use compose_mail::{ComposeAnswer, Forwardee, SendMail, SmartForward, SmartReply, Source};
pub use find::{Find, FindAnswer, FindCriterion, Found};
pub use folder_change::{FolderCreate, FolderCreated, FolderDelete, FolderUpdate, FoldersChanged};
pub use folder_sync::{Folder, FolderChange, FolderSync, FolderSyncAnswer, FolderType};
pub use get_attachment::GetAttachment;
pub use get_item_estimate::{Estimate, EstimateOf, GetItemEstimate};
pub use item_operations::{
    Fetch, FetchOf, Fetched, ItemOperations, ItemOperationsAnswer, Operation,
};
pub use meeting_response::{
    MeetingRequestId, MeetingResponse, MeetingResult, SendResponse, UserResponse,
};
pub use move_items::{Move, MoveItems, Moved};
pub use multipart::{MultipartError, parts};
pub use name::Name;
pub use ping::{Ping, PingAnswer};
pub use provision::{PolicyAnswer, PolicyStatus, Provision, ProvisionAnswer, Wipe};
pub use provision_doc::PolicyDocument;
pub use resolve_recipients::{Recipient, ResolveAnswer, ResolveRecipients, Resolved};
pub use search::{Hit, Search, SearchAnswer, Store};
pub use settings::{
    Account, DeviceInformation, OofMessage, OofState, OutOfOffice, Settings, SettingsAnswer,
};
pub use sync::{BodyPreference, Change, Collection, Conflict, Options, Sync, Wait};
pub use sync_answer::{CollectionAnswer, Responded, ServerChange, SyncAnswer};
pub use validate_cert::{ValidateCert, Validated};

/// One command: a request and what answers it.
pub trait Command {
    /// Its name in the request line.
    const NAME: Name;
    /// What the server answers.
    type Answer;

    /// The body of the request; empty where there is none.
    fn encode(&self, version: Version) -> Vec<u8>;

    /// Reads the body of an answer with HTTP status 200; it may be empty.
    ///
    /// # Errors
    /// A body that is no WBXML, or is broken.
    fn decode(&self, body: &[u8]) -> Result<Self::Answer, Error>;

    /// The status of the whole request, where the answer has one.
    fn status(answer: &Self::Answer) -> Option<Status>;

    /// Whether the same request again, after a lost answer, does nothing twice.
    fn is_repeatable(&self, version: Version) -> bool;
}
