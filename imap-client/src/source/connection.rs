//! Connections and the selected mailbox.

use sync_core::model::CollectionId;
use sync_core::{Error, ErrorKind, Result};

use crate::client::{Call, Client, Listed, Pending, Selected};
use crate::wire::command::SelectOptions;
use crate::wire::response::Namespaces;
use crate::wire::{Command, Flags};

use super::ImapSource;
use super::cursor::Mark;
use super::ident::mailbox_name;
use super::names::Layout;

/// A selected mailbox.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) id: CollectionId,
    pub(super) uid_validity: u32,
    /// The flags that can be kept; `None`: all.
    pub(super) permanent: Option<Flags<'static>>,
    pub(super) read_only: bool,
    /// Whether messages have mod-sequences here.
    pub(super) mod_seq: bool,
}

impl Open {
    pub(super) fn new(id: &CollectionId, selected: &Selected) -> Result<Self> {
        let uid_validity = selected
            .uid_validity
            .filter(|_| !selected.uid_not_sticky)
            .ok_or_else(|| {
                let text = "the server gives no UIDs that last (UIDVALIDITY)";
                Error::new(ErrorKind::Unsupported, text).in_collection(id)
            })?;
        Ok(Self {
            id: id.clone(),
            uid_validity,
            permanent: selected.permanent_flags.clone(),
            read_only: selected.read_only,
            mod_seq: selected.highest_mod_seq.is_some(),
        })
    }
}

/// The numbers that SELECT gave.
pub(super) fn mark_of(selected: &Selected) -> Mark {
    Mark {
        uid_validity: selected.uid_validity.unwrap_or(0),
        uid_next: selected.uid_next.unwrap_or(0),
        mod_seq: selected.highest_mod_seq.unwrap_or(0),
        messages: selected.exists,
    }
}

impl ImapSource {
    pub(super) fn is_connected(&self) -> bool {
        self.client.as_ref().is_some_and(Client::is_usable)
    }

    /// Whether a connection that was idle turned out to be dead, which a new one mends.
    pub(super) fn was_cut(&self, error: &Error) -> bool {
        error.kind() == ErrorKind::Connection && !self.is_connected()
    }

    /// The connection, made if there is none.
    pub(super) async fn client(&mut self) -> Result<&mut Client> {
        if !self.is_connected() {
            self.connect(None).await?;
        }
        self.client.as_mut().ok_or_else(not_connected)
    }

    /// Connects; learns the namespace, and carries out a LIST in the same flight.
    pub(super) async fn connect(
        &mut self,
        list: Option<Call<Vec<Listed>>>,
    ) -> Result<Option<Vec<Listed>>> {
        self.client = None;
        self.open = None;
        let mut client = Client::connect(&self.config.connect).await?;
        let enable = enable(&mut client).await?;
        let namespaces = match self.layout.is_none() && client.session().has("NAMESPACE") {
            true => Some(client.send(Call::namespace()).await?),
            false => None,
        };
        let list = match list {
            Some(call) => Some(client.send(call).await?),
            None => None,
        };
        if let Some(enable) = enable
            && let Err(error) = client.wait(enable).await
            && error.is_connection_lost()
        {
            return Err(error.into());
        }
        let namespaces = match namespaces {
            Some(pending) => optional(client.wait(pending).await)?,
            None => None,
        };
        let listed = match list {
            Some(pending) => Some(client.wait(pending).await?),
            None => None,
        };
        if self.layout.is_none() {
            let told: Option<&Listed> = listed.iter().flatten().next();
            let delimiter = match (&namespaces, told) {
                (_, Some(listed)) => listed.list.delimiter,
                (Some(_), None) => None,
                (None, None) => root_delimiter(&mut client).await?,
            };
            let encoding = client.session().name_encoding();
            self.layout = Some(Layout::new(namespaces.as_ref(), delimiter, encoding));
        }
        self.client = Some(client);
        Ok(listed)
    }

    /// A further connection for reading.
    pub(super) async fn connect_reader(config: &super::ImapConfig) -> Result<Client> {
        Ok(Client::connect(&config.connect).await?)
    }

    /// Opens a mailbox for reading or writing, or makes sure that the open one is up to date.
    pub(super) async fn open(&mut self, c: &CollectionId) -> Result<(&mut Client, Open)> {
        self.client().await?;
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let name = mailbox_name(c);
        if let Some(open) = &self.open
            && open.id == *c
            && client.selected() == Some(&name)
        {
            // New messages count once the server has told of them.
            client.noop().await?;
            if client.selected() == Some(&name) {
                return Ok((client, open.clone()));
            }
        }
        self.open = None;
        let selected = client.select(&name, options(client)).await?;
        let open = Open::new(c, &selected)?;
        self.open = Some(open.clone());
        Ok((client, open))
    }
}

/// How mailboxes are selected.
pub(super) fn options(client: &Client) -> SelectOptions {
    let session = client.session();
    SelectOptions {
        condstore: !session.is_enabled("CONDSTORE"),
        ..SelectOptions::default()
    }
}

/// Asks for mod-sequences and VANISHED, as far as they are offered.
async fn enable(client: &mut Client) -> Result<Option<Pending<crate::client::RawAnswer>>> {
    let session = client.session();
    let wanted = ["QRESYNC", "CONDSTORE"]
        .into_iter()
        .find(|e| session.has(e));
    Ok(match wanted.filter(|_| session.has("ENABLE")) {
        Some(extension) => {
            let call = Call::raw(Command::enable(&[extension]));
            Some(client.send(call).await?)
        }
        None => None,
    })
}

/// What stands between levels, where NAMESPACE does not say it.
async fn root_delimiter(client: &mut Client) -> Result<Option<char>> {
    let nothing = crate::wire::MailboxName::from_wire("");
    let root = client
        .list(
            &nothing,
            &nothing,
            crate::wire::command::ListOptions::default(),
        )
        .await?;
    Ok(root.first().and_then(|listed| listed.list.delimiter))
}

/// The answer to a command that a server may refuse.
fn optional(result: crate::client::Result<Namespaces>) -> Result<Option<Namespaces>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_connection_lost() || error.is_throttled() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

pub(super) fn not_connected() -> Error {
    Error::new(ErrorKind::Connection, "there is no connection")
}
