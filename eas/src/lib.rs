//! Exchange ActiveSync (EAS), protocol versions 2.5 to 16.1: mail, calendars, contacts, tasks and notes of
//! Exchange, Exchange Online, SOGo, Z-Push and others.
//!
//! [`client`] is the session: it negotiates the version, provisions the device where a server demands
//! it, and has one method a command. [`wire`] below it turns WBXML into typed commands and answers
//! without any I/O. [`mapping`] turns items into iCalendar and vCard and back. [`source`] makes the
//! account one side of a synchronisation. `testing` (feature `testing`) is an in-process server of 12.1 to
//! 16.1 with policies, wipes and faults that a test can order.
//!
//! # List folders
//!
//! ```no_run
//! use eas::client::{Client, ClientOptions, Device};
//! use eas::wire::command::FolderChange;
//! use sync_core::net::{Credential, Tls, TlsOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let login = Credential::password("alice", "secret");
//! let tls = Tls::new(&TlsOptions::default())?;
//! // The device's id stays the same for as long as the account is used here.
//! let device = Device::new("a3f09c2277b14e0d");
//! let url = "https://mail.example.org".parse()?;
//! let mut client = Client::new(ClientOptions::new(url, "alice", login, device, tls))?;
//!
//! for change in client.folder_sync("0").await?.changes {
//!     if let FolderChange::Add(folder) = change {
//!         println!("{} {}", folder.id, folder.name);
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # Synchronise a calendar
//!
//! ```no_run
//! use eas::mapping::{Account, event};
//! use eas::wire::class::{Class, Item};
//! use eas::wire::command::{Collection, ServerChange, Sync};
//! # async fn f(client: &mut eas::client::Client, calendar: &str) -> Result<(), Box<dyn std::error::Error>> {
//! // The first answer has a key and nothing else; each later one has the next key.
//! let mut collection = Collection::new(Class::Calendar, calendar, "0");
//! loop {
//!     let request = Sync { collections: vec![collection.clone()], ..Sync::default() };
//!     let Some(answer) = client.sync(&request).await?.collections.pop() else {
//!         break; // nothing changed
//!     };
//!     for change in answer.changes {
//!         if let ServerChange::Add { id, item: Item::Event(appointment) } = change {
//!             let version = client.version().ok_or("no version yet")?;
//!             let account = Account { version, zone: Some("Europe/Paris"), addresses: &[] };
//!             let ical = event::to_ical(&appointment, &id, &account).unwrap_or_default();
//!             println!("{}", String::from_utf8_lossy(&ical));
//!         }
//!     }
//!     let is_first = collection.key == "0";
//!     collection.key = answer.key.unwrap_or_default(); // store it with what it brought
//!     if !is_first && !answer.more {
//!         break;
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # Send a mail
//!
//! ```no_run
//! use eas::wire::command::SendMail;
//! # async fn f(client: &mut eas::client::Client) -> eas::client::Result<()> {
//! client
//!     .send_mail(&SendMail {
//!         client_id: "unique-for-this-message".into(), // sent again, it is not sent twice
//!         account: None,
//!         save: true,
//!         mime: b"To: bob@example.org\r\nSubject: hello\r\n\r\nworld\r\n".to_vec(),
//!     })
//!     .await
//! # }
//! ```
//!
//! # What is supported
//!
//! | command | versions | |
//! | --- | --- | --- |
//! | OPTIONS, Autodiscover (XML and JSON; SRV records) | all | [MS-ASHTTP], [MS-OXDISCO], RFC 2782 |
//! | Provision, wipes | all; account-only wipe 16.1 | [MS-ASPROV]; the policy of 2.5 is not read |
//! | FolderSync, FolderCreate, FolderUpdate, FolderDelete | all | [MS-ASCMD] |
//! | Sync | all | filters, windows, heartbeat; occurrences by InstanceId, files of appointments, drafts 16.x |
//! | GetItemEstimate, MoveItems, Ping, MeetingResponse, Search, ResolveRecipients, ValidateCert | all | |
//! | ItemOperations, Settings | 12.0 and later | multipart answers |
//! | SendMail, SmartReply, SmartForward | all | RFC 822 up to 12.1, WBXML from 14.0 on |
//! | GetAttachment | up to 12.1 | |
//! | Find | 16.1 | |
//!
//! Tried with a real SOGo 5.8 (14.1). What concerns 16.x follows Microsoft's documents, was tried with the
//! server of `testing`, and not with an Exchange.

pub mod client;
pub mod mapping;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
