//! ItemOperations ([MS-ASCMD] section 2.2.1.10); from 12.0 on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BodyPreference, Command, Name};
use crate::wire::class::{Class, Item};
use crate::wire::wbxml::pages::{
    AirSync, AirSyncBase as B, ItemOperations as I, RightsManagement, Search,
};
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{Status, Version};

/// Fetches items and attachments, empties folders, moves conversations; at most 100 at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemOperations(pub Vec<Operation>);

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Fetches an item or an attachment.
    Fetch(Fetch),
    /// Deletes everything in a folder for good.
    EmptyFolder {
        /// The folder.
        collection: String,
        /// Whether the folders below it go too.
        with_subfolders: bool,
    },
    /// Moves a conversation, and what will arrive of it, to another folder; from 14.0 on.
    MoveConversation {
        /// The conversation.
        id: Vec<u8>,
        /// The folder.
        to: String,
    },
}

/// What is fetched, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// What.
    pub what: FetchOf,
    /// What an item is; decides how it is read.
    pub class: Class,
    /// From and to which byte, where not all is wanted; the answer may have another range.
    pub range: Option<(u64, u64)>,
    /// 0, 1 or 2, as [`Options::mime_support`](super::Options::mime_support).
    pub mime_support: Option<u8>,
    /// The forms of body that are wanted.
    pub bodies: Vec<BodyPreference>,
    /// Whether rights management's protection is taken off, from 14.1 on.
    pub unprotect: bool,
}

/// Something that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOf {
    /// An item.
    Item {
        /// Its folder.
        collection: String,
        /// The item.
        id: String,
    },
    /// An item that a search found.
    Found(String),
    /// An attachment, by its reference.
    Attachment(String),
}

/// The answer to [`ItemOperations`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemOperationsAnswer {
    /// Whether the whole request worked.
    pub status: Option<Status>,
    /// What was fetched, in the request's order.
    pub fetched: Vec<Fetched>,
    /// What became of the other operations, in the request's order.
    pub others: Vec<Status>,
}

/// Something that was fetched.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fetched {
    /// Whether it worked.
    pub status: Option<Status>,
    /// The item.
    pub id: Option<String>,
    /// Its content.
    pub item: Option<Item>,
    /// An attachment's media type.
    pub content_type: Option<String>,
    /// An attachment's bytes.
    pub data: Option<Vec<u8>>,
    /// The part of a multipart answer that has its bytes instead.
    pub part: Option<usize>,
    /// Bytes of the whole attachment.
    pub total: Option<u64>,
    /// The range that came, as `0-99`.
    pub range: Option<String>,
}

impl ItemOperationsAnswer {
    /// Puts the parts of a multipart answer where the elements `Part` point to them.
    pub fn take_parts(&mut self, parts: &[&[u8]]) {
        let part = |number: Option<usize>| number.and_then(|n| parts.get(n)).map(|p| p.to_vec());
        for fetched in &mut self.fetched {
            if let Some(bytes) = part(fetched.part) {
                fetched.data = Some(bytes);
            }
            if let Some(body) = fetched.item.as_mut().and_then(Item::body_mut)
                && let Some(bytes) = part(body.part)
            {
                body.data = Some(bytes);
            }
        }
    }
}

impl Fetch {
    /// All of it, in the server's own form.
    pub const fn new(what: FetchOf, class: Class) -> Self {
        Self {
            what,
            class,
            range: None,
            mime_support: None,
            bodies: Vec::new(),
            unprotect: false,
        }
    }

    fn encode(&self, w: &mut Writer, version: Version) {
        w.text(I::Store, "Mailbox");
        match &self.what {
            FetchOf::Item { collection, id } => {
                w.text(AirSync::CollectionId, collection);
                w.text(AirSync::ServerId, id);
            }
            FetchOf::Found(id) => w.text(Search::LongId, id),
            FetchOf::Attachment(reference) => w.text(B::FileReference, reference),
        }
        if self.range.is_some() || self.mime_support.is_some() || !self.bodies.is_empty() {
            w.element(I::Options, |w| {
                if let Some((from, to)) = self.range {
                    w.text(I::Range, &format!("{from}-{to}"));
                }
                if let Some(mime) = self.mime_support {
                    w.number(AirSync::MIMESupport, mime);
                }
                self.bodies.iter().for_each(|body| body.encode(w));
            });
        }
        if self.unprotect && version >= Version::V14_1 {
            w.empty(RightsManagement::RemoveRightsManagementProtection);
        }
    }
}

impl Command for ItemOperations {
    const NAME: Name = Name::ItemOperations;
    type Answer = ItemOperationsAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(I::ItemOperations, |w| {
            for operation in &self.0 {
                match operation {
                    Operation::Fetch(fetch) => {
                        w.element(I::Fetch, |w| fetch.encode(w, version));
                    }
                    Operation::EmptyFolder {
                        collection,
                        with_subfolders,
                    } => w.element(I::EmptyFolderContents, |w| {
                        w.text(AirSync::CollectionId, collection);
                        if *with_subfolders {
                            w.element(I::Options, |w| w.empty(I::DeleteSubFolders));
                        }
                    }),
                    Operation::MoveConversation { id, to } => w.element(I::Move, |w| {
                        w.opaque(I::ConversationId, id);
                        w.text(I::DstFldId, to);
                        w.element(I::Options, |w| w.empty(I::MoveAlways));
                    }),
                }
            }
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<ItemOperationsAnswer, Error> {
        let mut classes = self.0.iter().filter_map(|operation| match operation {
            Operation::Fetch(fetch) => Some(fetch.class),
            _ => None,
        });
        let mut r = Reader::new(body)?;
        r.root(I::ItemOperations)?;
        let mut answer = ItemOperationsAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                I::Status => answer.status = r.number()?.map(Status),
                I::Response => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            I::Fetch => {
                                let class = classes.next().unwrap_or(Class::Email);
                                answer.fetched.push(fetched(&mut r, class)?);
                            }
                            I::EmptyFolderContents | I::Move => {
                                answer.others.push(operation_status(&mut r)?);
                            }
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &ItemOperationsAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        self.0.iter().all(|one| matches!(one, Operation::Fetch(_)))
    }
}

/// What base64 says; bytes that are no base64 stay as they are, since opaque ones need none.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let clean: Vec<u8> = text
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    STANDARD.decode(clean).unwrap_or_else(|_| text.to_vec())
}

fn operation_status(r: &mut Reader<'_>) -> Result<Status, Error> {
    let mut status = Status(0);
    while let Some(tag) = r.child()? {
        match tag {
            I::Status => status = Status(r.number()?.unwrap_or_default()),
            _ => r.skip()?,
        }
    }
    Ok(status)
}

fn fetched(r: &mut Reader<'_>, class: Class) -> Result<Fetched, Error> {
    let mut fetched = Fetched::default();
    while let Some(tag) = r.child()? {
        match tag {
            I::Status => fetched.status = r.number()?.map(Status),
            AirSync::ServerId | Search::LongId | B::FileReference => {
                fetched.id = Some(r.text()?.into_owned());
            }
            I::Properties => {
                let mut own = r.clone();
                fetched.item = Some(Item::read(r, class)?);
                while let Some(tag) = own.child()? {
                    match tag {
                        I::Range => fetched.range = Some(own.text()?.into_owned()),
                        I::Total => fetched.total = own.number()?,
                        I::Data => fetched.data = Some(from_base64(&own.bytes()?)),
                        I::Part => fetched.part = own.number()?,
                        B::ContentType => fetched.content_type = Some(own.text()?.into_owned()),
                        _ => own.skip()?,
                    }
                }
            }
            _ => r.skip()?,
        }
    }
    Ok(fetched)
}
