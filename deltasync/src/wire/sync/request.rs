use bytes::Bytes;

use super::{Class, ReplyState};
use crate::wire::mtom;
use crate::wire::value::{ServerId, SyncKey, format_time};
use crate::wire::xml::Writer;

/// Asks for changes, makes some, or both.
#[derive(Debug, Clone, Default)]
pub struct SyncRequest {
    /// Deleted messages are moved instead, presumably to the folder of deleted ones (clean-room notes
    /// alone).
    pub deletes_as_moves: bool,
    /// Who wins where both changed a thing (clean-room notes alone).
    pub conflict: Option<Conflict>,
    /// The collections, that of folders before those of messages.
    pub collections: Vec<CollectionRequest>,
}

/// Who wins where client and server changed the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The client.
    Client,
    /// The server; the client is told so by [`Status::CONFLICT`](crate::wire::Status::CONFLICT).
    Server,
}

/// What is asked of one collection.
#[derive(Debug, Clone)]
pub struct CollectionRequest {
    /// What it holds.
    pub class: Class,
    /// The folder whose messages are meant; without it those of the whole mailbox, which have a key of
    /// their own.
    pub folder: Option<ServerId>,
    /// What the client knows.
    pub key: SyncKey,
    /// Whether changes of the server are wanted. Without it the answer holds responses to commands alone.
    pub get_changes: bool,
    /// How many commands may be answered at most.
    pub window: Option<u32>,
    /// Changes of the client: at most [`COMMANDS`](crate::wire::limits::COMMANDS).
    pub commands: Vec<Command>,
}

/// A change that a client makes.
#[derive(Debug, Clone)]
pub enum Command {
    /// Gives a folder another name (clean-room notes alone).
    RenameFolder {
        /// The folder.
        id: ServerId,
        /// Its new name.
        name: String,
    },
    /// Changes the state of a message.
    ChangeMessage(MessageChange),
    /// Removes a folder or a message.
    Delete(ServerId),
    /// Makes a folder (clean-room notes alone).
    AddFolder(NewFolder),
    /// Puts a message into a folder (clean-room notes alone). The body becomes MTOM.
    AddMessage(Box<NewMessage>),
}

/// Another state of a message; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageChange {
    /// The message.
    pub id: ServerId,
    /// Whether it was read.
    pub read: Option<bool>,
    /// Whether it was replied to or forwarded.
    pub reply_state: Option<ReplyState>,
    /// Whether it is flagged. That a client may set it is inferred: only servers were seen to.
    pub flagged: Option<bool>,
    /// Another folder for it. That a message is moved so is inferred: nobody was seen to do it.
    pub folder: Option<ServerId>,
}

impl MessageChange {
    /// Changes nothing yet.
    #[must_use]
    pub fn new(id: ServerId) -> Self {
        Self {
            id,
            read: None,
            reply_state: None,
            flagged: None,
            folder: None,
        }
    }
}

/// A folder about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFolder {
    /// The client's name for it until the server gives it one.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// The folder that it stands in. The one client whose making of folders is known refused any but
    /// [`ServerId::root`].
    pub parent: ServerId,
}

/// A message about to be put into a folder.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The client's name for it until the server gives it one; also the id of its part, so a GUID.
    pub client_id: String,
    /// The folder.
    pub folder: ServerId,
    /// Its content, RFC 5322.
    pub content: Bytes,
    /// Whether it was read.
    pub read: bool,
    /// Whether it was replied to or forwarded.
    pub reply_state: ReplyState,
    /// Whether it is flagged; see [`MessageChange::flagged`].
    pub flagged: bool,
    /// When it was received, in seconds since 1970.
    pub received: i64,
    /// `From`, as in its header.
    pub from: String,
    /// `Subject`, as in its header.
    pub subject: String,
    /// The subject without what replies put before it.
    pub topic: String,
    /// Whether it has attachments.
    pub attachments: bool,
}

/// A body with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// `Content-Type`
    pub content_type: &'static str,
    /// The bytes.
    pub body: Bytes,
}

impl SyncRequest {
    /// A request for one collection.
    #[must_use]
    pub fn of(collection: CollectionRequest) -> Self {
        Self {
            collections: vec![collection],
            ..Self::default()
        }
    }

    /// Whether it changes nothing, so that it may be repeated.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.collections.iter().all(|c| c.commands.is_empty())
    }

    /// The body and its type.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        let commands = || self.collections.iter().flat_map(|c| &c.commands);
        let is_message = |command: &Command| {
            matches!(command, Command::ChangeMessage(_) | Command::AddMessage(_))
        };
        let is_folder = |command: &Command| {
            matches!(
                command,
                Command::RenameFolder { .. } | Command::AddFolder(_)
            )
        };
        let parts: Vec<(String, Bytes)> = commands()
            .filter_map(|command| match command {
                Command::AddMessage(new) => Some((new.client_id.clone(), new.content.clone())),
                _ => None,
            })
            .collect();
        let mut tag = String::from("Sync xmlns=\"AirSync:\"");
        for (prefix, uri, needed) in [
            ("A", "EMAIL:", commands().any(is_message)),
            ("B", "HMMAIL:", commands().any(is_message)),
            ("C", "HMFOLDER:", commands().any(is_folder)),
            (
                "D",
                "HMSYNC:",
                self.deletes_as_moves || self.conflict.is_some(),
            ),
            (
                "xop",
                "http://www.w3.org/2004/08/xop/include",
                !parts.is_empty(),
            ),
        ] {
            if needed {
                tag.push_str(&format!(" xmlns:{prefix}=\"{uri}\""));
            }
        }
        let mut xml = Writer::default();
        xml.open(&tag);
        if self.deletes_as_moves {
            xml.empty("D:DeletesAsMoves");
        }
        if let Some(conflict) = self.conflict {
            let server_wins = conflict == Conflict::Server;
            xml.open("D:Options")
                .flag("D:Conflict", server_wins)
                .close("D:Options");
        }
        xml.open("Collections");
        for collection in &self.collections {
            collection.write(&mut xml);
        }
        xml.close("Collections").close("Sync");
        let document = xml.finish();
        match parts.is_empty() {
            true => Encoded {
                content_type: mtom::XML,
                body: document.into(),
            },
            false => Encoded {
                content_type: mtom::CONTENT_TYPE,
                body: mtom::encode(&document, &parts),
            },
        }
    }
}

impl CollectionRequest {
    /// Asks for nothing and changes nothing.
    #[must_use]
    pub fn new(class: Class, folder: Option<ServerId>, key: SyncKey) -> Self {
        Self {
            class,
            folder,
            key,
            get_changes: false,
            window: None,
            commands: Vec::new(),
        }
    }

    fn write(&self, xml: &mut Writer) {
        xml.open("Collection").element("Class", self.class.as_str());
        if let Some(folder) = &self.folder {
            xml.element("CollectionId", folder.as_str());
        }
        xml.element("SyncKey", self.key.as_str());
        if self.get_changes {
            xml.empty("GetChanges");
        }
        if let Some(window) = self.window {
            xml.element("WindowSize", window.to_string());
        }
        if !self.commands.is_empty() {
            xml.open("Commands");
            // Changes, then deletions, then what is new: the order in which they were seen.
            for rank in 0..3 {
                let turn = self
                    .commands
                    .iter()
                    .filter(|command| command.rank() == rank);
                turn.for_each(|command| command.write(xml));
            }
            xml.close("Commands");
        }
        xml.close("Collection");
    }
}

impl Command {
    fn rank(&self) -> u8 {
        match self {
            Self::RenameFolder { .. } | Self::ChangeMessage(_) => 0,
            Self::Delete(_) => 1,
            Self::AddFolder(_) | Self::AddMessage(_) => 2,
        }
    }

    fn write(&self, xml: &mut Writer) {
        match self {
            Self::RenameFolder { id, name } => {
                xml.open("Change").element("ServerId", id.as_str());
                xml.open("ApplicationData");
                write_name(xml, name);
                xml.element("C:Version", "1");
                xml.close("ApplicationData").close("Change");
            }
            Self::ChangeMessage(change) => {
                xml.open("Change").element("ServerId", change.id.as_str());
                xml.open("ApplicationData");
                if let Some(read) = change.read {
                    xml.flag("A:Read", read);
                }
                if let Some(state) = change.reply_state {
                    xml.element("B:ReplyToOrForwardState", state.number().to_string());
                }
                if let Some(flagged) = change.flagged {
                    write_flag(xml, flagged);
                }
                if let Some(folder) = &change.folder {
                    xml.element("B:FolderId isClientId=\"0\"", folder.as_str());
                }
                xml.close("ApplicationData").close("Change");
            }
            Self::Delete(id) => {
                xml.open("Delete")
                    .element("ServerId", id.as_str())
                    .close("Delete");
            }
            Self::AddFolder(new) => {
                xml.open("Add").element("ClientId", &new.client_id);
                xml.open("ApplicationData");
                write_name(xml, &new.name);
                xml.element("C:Version", "1");
                xml.element("C:ParentId isClientId=\"0\"", new.parent.as_str());
                xml.close("ApplicationData").close("Add");
            }
            Self::AddMessage(new) => new.write(xml),
        }
    }
}

/// A folder's name: ASCII as other clients sent it, else in the one encoding whose meaning is known.
fn write_name(xml: &mut Writer, name: &str) {
    use base64::Engine as _;

    if name.is_ascii() {
        xml.element("C:DisplayName charset=\"iso-8859-1\"", name);
    } else {
        let encoded = base64::engine::general_purpose::STANDARD.encode(name);
        xml.element("C:DisplayName charset=\"utf-8\" encoding=\"2\"", encoded);
    }
}

fn write_flag(xml: &mut Writer, flagged: bool) {
    xml.open("B:Flag").flag("B:State", flagged).close("B:Flag");
}

impl NewMessage {
    fn write(&self, xml: &mut Writer) {
        xml.open("Add").element("ClientId", &self.client_id);
        xml.open("ApplicationData");
        xml.flag("A:Read", self.read);
        xml.element("A:From", &self.from)
            .element("A:Subject", &self.subject);
        xml.element("A:DateReceived", format_time(self.received, true));
        xml.element("A:Importance", "1")
            .element("A:MessageClass", "IPM.Note");
        xml.open("B:Message");
        xml.empty(&format!(
            "xop:Include{}",
            Writer::attribute("href", &self.client_id)
        ));
        xml.close("B:Message");
        xml.element(
            "B:ReplyToOrForwardState",
            self.reply_state.number().to_string(),
        );
        xml.empty("B:Categories").flag("B:ConfirmedJunk", false);
        match self.flagged {
            true => write_flag(xml, true),
            false => {
                xml.empty("B:Flag");
            }
        }
        xml.element("B:FolderId isClientId=\"0\"", self.folder.as_str());
        xml.element("B:ConversationTopic", &self.topic);
        xml.empty("B:ConversationIndex")
            .element("B:Sensitivity", "0");
        xml.element("B:Size", self.content.len().to_string());
        xml.flag("B:HasAttachments", self.attachments);
        xml.flag("B:TrustedSource", true);
        xml.flag("B:IsFromSomeoneAddressBook", false)
            .flag("B:IsToAllowList", false);
        xml.element("B:Version", "1");
        xml.close("ApplicationData").close("Add");
    }
}
