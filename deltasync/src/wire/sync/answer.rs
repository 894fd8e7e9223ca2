use super::{Class, ReplyState, fault};
use crate::wire::error::{DecodeError, DecodeErrorKind};
use crate::wire::status::Status;
use crate::wire::value::{ServerId, SyncKey, parse_time, text};
use crate::wire::xml::{Element, Ns};

/// What the server says to a [`SyncRequest`](super::SyncRequest) that did not fail as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncAnswer {
    /// The collections whose class is known.
    pub collections: Vec<CollectionAnswer>,
}

/// What the server says of one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionAnswer {
    /// What it holds.
    pub class: Class,
    /// What the client knows from now on; missing where the collection failed.
    pub key: Option<SyncKey>,
    /// How it went.
    pub status: Status,
    /// What changed on the server, in its order.
    pub commands: Vec<ServerCommand>,
    /// What became of the client's commands.
    pub responses: Vec<Response>,
    /// Whether there is more, to be asked for with the new key.
    pub more: bool,
}

/// Something that changed on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerCommand {
    /// A folder that is new or has changed; one that is not known is new whatever the server calls it.
    Folder(FolderData),
    /// A message that is new or has changed; one that is not known is new whatever the server calls it.
    Message(Box<MessageData>),
    /// It is not there any more.
    Delete(ServerId),
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderData {
    /// Its id.
    pub id: ServerId,
    /// What people call it, or the raw name of a system folder.
    pub name: String,
    /// The folder that it stands in; [`ServerId::root`] where nothing is said.
    pub parent: ServerId,
}

/// A message without its content. All may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageData {
    /// Its id.
    pub id: ServerId,
    /// Whether it was read.
    pub read: Option<bool>,
    /// Whether it was replied to or forwarded.
    pub reply_state: Option<ReplyState>,
    /// Whether it is flagged: `Flag/State` is not 0.
    pub flagged: Option<bool>,
    /// When it was received, in seconds since 1970.
    pub received: Option<i64>,
    /// Bytes, as the server counts them.
    pub size: Option<u64>,
    /// `From`
    pub from: Option<String>,
    /// `Subject`
    pub subject: Option<String>,
    /// `IPM.Note` or another.
    pub class: Option<String>,
    /// Its folder.
    pub folder: Option<ServerId>,
    /// Whether it has attachments.
    pub attachments: Option<bool>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Which kind of command it was.
    pub kind: ResponseKind,
    /// The client's name for what is new.
    pub client_id: Option<String>,
    /// The server's name for it.
    pub id: Option<ServerId>,
    /// How it went.
    pub status: Status,
}

/// The kind of a command that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseKind {
    /// Something new.
    Add,
    /// A change.
    Change,
    /// A deletion.
    Delete,
}

const NS: Ns = Ns::AirSync;

impl SyncAnswer {
    /// Reads the body.
    ///
    /// # Errors
    /// It is not such an answer, or says that the request as a whole failed.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let root = Element::parse(body)?;
        if root.name != "Sync" {
            let kind = DecodeErrorKind::Foreign;
            return Err(DecodeError::new(kind, format!("<{}>", root.name)));
        }
        fault(&root)?;
        let collections = root.child(NS, "Collections");
        let collections = collections.map_or(&[][..], |all| &all.children);
        let collections = collections.iter().filter(|c| c.is(NS, "Collection"));
        let mut answer = Self {
            collections: Vec::new(),
        };
        for collection in collections {
            answer.collections.extend(read_collection(collection)?);
        }
        Ok(answer)
    }

    /// What is said of the one collection that was asked for.
    ///
    /// # Errors
    /// Nothing is.
    pub fn only(mut self, class: Class) -> Result<CollectionAnswer, DecodeError> {
        self.collections
            .retain(|collection| collection.class == class);
        match self.collections.len() {
            1 => self.collections.pop(),
            _ => None,
        }
        .ok_or_else(|| DecodeError::content("not the collection that was asked for"))
    }
}

fn read_collection(element: &Element) -> Result<Option<CollectionAnswer>, DecodeError> {
    let Some(class) = element.value(NS, "Class").and_then(Class::parse) else {
        return Ok(None);
    };
    let status = element.local_value("Status").and_then(Status::parse);
    let status = status.ok_or_else(|| DecodeError::content("a collection without a status"))?;
    let key = element.value(NS, "SyncKey").filter(|key| !key.is_empty());
    if status.is_success() && key.is_none() {
        return Err(DecodeError::content("a collection without a key"));
    }
    let children = |name| element.child(NS, name).map_or(&[][..], |c| &c.children);
    let commands = children("Commands").iter();
    let commands = commands.filter_map(|command| read_command(command, class).transpose());
    let responses = children("Responses").iter();
    let responses = responses.filter_map(|response| read_response(response).transpose());
    Ok(Some(CollectionAnswer {
        class,
        key: key.map(SyncKey::new),
        status,
        commands: commands.collect::<Result<_, _>>()?,
        responses: responses.collect::<Result<_, _>>()?,
        more: element.child(NS, "MoreAvailable").is_some(),
    }))
}

fn id_of(element: &Element) -> Result<ServerId, DecodeError> {
    let id = element.value(NS, "ServerId").filter(|id| !id.is_empty());
    let id = id.map(ServerId::new);
    id.ok_or_else(|| DecodeError::content("a command without an id"))
}

fn read_command(element: &Element, class: Class) -> Result<Option<ServerCommand>, DecodeError> {
    if element.is(NS, "Delete") {
        return Ok(Some(ServerCommand::Delete(id_of(element)?)));
    }
    if !element.is(NS, "Add") && !element.is(NS, "Change") {
        return Ok(None);
    }
    let id = id_of(element)?;
    let data = element.child(NS, "ApplicationData").unwrap_or(element);
    Ok(Some(match class {
        Class::Folder => ServerCommand::Folder(read_folder(id, data)),
        Class::Email => ServerCommand::Message(Box::new(read_message(id, data, element))),
    }))
}

fn read_folder(id: ServerId, data: &Element) -> FolderData {
    let name = data.child(Ns::HmFolder, "DisplayName");
    let parent = data
        .value(Ns::HmFolder, "ParentId")
        .filter(|id| !id.is_empty());
    FolderData {
        id,
        name: name.map(text).unwrap_or_default(),
        parent: parent.map_or_else(ServerId::root, ServerId::new),
    }
}

fn read_message(id: ServerId, data: &Element, command: &Element) -> MessageData {
    let flag = |ns, name| Some(data.value(ns, name)? != "0");
    let state = data.child(Ns::HmMail, "Flag").map(|flag| {
        let state = flag.value(Ns::HmMail, "State").unwrap_or("0");
        !state.is_empty() && state != "0"
    });
    // One client looked for it outside of the data.
    let folder = data.value(Ns::HmMail, "FolderId");
    let folder = folder.or_else(|| command.value(Ns::HmMail, "FolderId"));
    MessageData {
        id,
        read: flag(Ns::Email, "Read"),
        reply_state: data
            .value(Ns::HmMail, "ReplyToOrForwardState")
            .and_then(ReplyState::parse),
        flagged: state,
        received: data.value(Ns::Email, "DateReceived").and_then(parse_time),
        size: data
            .value(Ns::HmMail, "Size")
            .and_then(|size| size.parse().ok()),
        from: data.child(Ns::Email, "From").map(text),
        subject: data.child(Ns::Email, "Subject").map(text),
        class: data.value(Ns::Email, "MessageClass").map(str::to_owned),
        folder: folder.map(ServerId::new),
        attachments: flag(Ns::HmMail, "HasAttachments"),
    }
}

fn read_response(element: &Element) -> Result<Option<Response>, DecodeError> {
    let kind = match element.name.as_str() {
        "Add" => ResponseKind::Add,
        "Change" => ResponseKind::Change,
        "Delete" => ResponseKind::Delete,
        _ => return Ok(None),
    };
    let status = element.local_value("Status").and_then(Status::parse);
    let status = status.ok_or_else(|| DecodeError::content("a response without a status"))?;
    let said = |name| element.value(NS, name).filter(|id| !id.is_empty());
    Ok(Some(Response {
        kind,
        client_id: said("ClientId").map(str::to_owned),
        id: said("ServerId").map(ServerId::new),
        status,
    }))
}
