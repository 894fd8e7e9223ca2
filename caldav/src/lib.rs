//! WebDAV (RFC 4918), CalDAV (RFC 4791) and CardDAV (RFC 6352): discovery, synchronisation and
//! guarded writes.
//!
//! [`client`] is the session: it finds an account's calendars and address books, says what changed
//! in them, and has one method a request. [`wire`] below it reads and writes the XML without any
//! I/O. `source` (feature `source`) is a `sync_core::Source` over the client, `testing` (feature
//! `testing`) an in-process server with quirks and faults that a test can order.
//!
//! Listing the calendars of an account, and synchronising one:
//!
//! ```
//! use caldav::client::{Client, ClientOptions, Fetched, Service, SyncChange};
//! use caldav::wire::{Precondition, Property};
//! use sync_core::net::{Credential, Tls, TlsOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = caldav::testing::Server::start()?;
//! # server.store().create("calendars/work");
//! let tls = Tls::new(&TlsOptions::default())?;
//! let login = Credential::password("alice", "alicepw");
//! # let (url, ca) = (server.tls_url(), Some(server.ca_pem().into()));
//! # let (own, me) = (Tls::new(&TlsOptions { ca_pem: ca, ..Default::default() })?, login.clone());
//! let options = ClientOptions::new("https://dav.example.org/", tls, login)?;
//! # let options = ClientOptions::new(&url, own, me)?;
//! let client = Client::new(options)?;
//!
//! // The URL may be that of the server, a principal, a home or one calendar.
//! let account = client.discover(Service::CalDav).await?;
//! let calendars = client.collections(Service::CalDav, &account.homes[0]).await?;
//! for calendar in &calendars {
//!     println!("{:?} at {}", calendar.display_name, calendar.href);
//! }
//! let calendar = &calendars[0].href;
//! # let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:a\r\n\
//! #     DTSTAMP:20261121T100000Z\r\nDTSTART:20261121T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! # let new = Precondition::New;
//! # client.put(&calendar.member("a.ics"), Service::CalDav, event.into(), &new).await?;
//!
//! // What changed since the token of last time; everything, the first time.
//! let token = None;
//! let properties = [Property::GetETag];
//! let mut changes = client.sync_collection(calendar, token, None, &properties).await?;
//! let mut wanted = Vec::new();
//! while let Some(change) = changes.next().await? {
//!     match change {
//!         SyncChange::Changed(response) => wanted.push(response.href),
//!         SyncChange::Removed(href) => println!("{href} is gone"),
//!         SyncChange::Unknown(response) => eprintln!("{}: {:?}", response.href, response.status),
//!     }
//! }
//! // Only now is it known that nothing was left out, and what to ask with next time.
//! let point = changes.point()?;
//!
//! let mut objects = client.multiget(Service::CalDav, calendar, wanted);
//! while let Some(fetched) = objects.next().await? {
//!     if let Fetched::Found(object) = fetched {
//!         println!("{} is {} bytes of iCalendar", object.href, object.data.len());
//!         // Deleted only if nobody changed it meanwhile.
//!         if let Some(tag) = object.etag.filter(|tag| tag.is_usable()) {
//!             client.delete(&object.href, &Precondition::Match(tag)).await?;
//!         }
//!     }
//! }
//! # let token = Some(point.token.as_str());
//! # let mut again = client.sync_collection(calendar, token, None, &properties).await?;
//! # assert!(matches!(again.next().await?, Some(SyncChange::Removed(_))));
//! # Ok(()) }
//! ```
//!
//! # Security
//!
//! `https://` is the default, `http://` has to be [allowed](client::ClientOptions::allow_plaintext).
//! The login is shown to the origin of the URL only, whatever a redirect or an href says; the hosts
//! of iCloud count as one. Digest (RFC 7616), Basic, Bearer and client certificates are spoken;
//! credentials are [asked for](sync_core::net::CredentialSource) again when they are refused, so
//! that a refreshed token is used. Documents that declare entities, and answers beyond the
//! [limits](wire::Limits), are refused. A DELETE tells the server not to mail anybody.
//!
//! # Errors
//!
//! One [`Error`](client::Error) with predicates: [`is_stale`](client::Error::is_stale),
//! [`is_token_refused`](client::Error::is_token_refused),
//! [`is_uid_conflict`](client::Error::is_uid_conflict),
//! [`is_outcome_unknown`](client::Error::is_outcome_unknown),
//! [`is_retryable`](client::Error::is_retryable), [`retry_after`](client::Error::retry_after). It
//! holds the [conditions](wire::Condition) that the server says were not met. A failed
//! [discovery](client::Client::discover) tells every step that was tried.
//!
//! # What is supported
//!
//! | what | RFC | where |
//! | --- | --- | --- |
//! | properties, PROPPATCH, GET, PUT, DELETE, MOVE | 4918 | [`propfind`], [`proppatch`], [`get`], [`put`], [`delete`], [`move_to`] |
//! | privileges, principals | 3744, 5397 | [`Privileges`](wire::Privileges), [`discover`] |
//! | quota | 4331 | [`Property::QuotaAvailableBytes`](wire::Property), [`is_full`](client::Error::is_full) |
//! | CalDAV: MKCALENDAR, multiget, queries by time, free-busy | 4791 | [`make_collection`], [`multiget`], [`calendar_query`], [`free_busy`] |
//! | extended MKCOL | 5689 | [`make_collection`] |
//! | POST to add members | 5995 | [`add`] |
//! | CardDAV: multiget, queries, versions of vCard | 6352 | [`multiget`], [`addressbook_query`], [`vcard_version`](client::ClientOptions::vcard_version) |
//! | sync-collection | 6578 | [`sync_collection`] |
//! | Schedule-Tag, Schedule-Reply | 6638 | [`Precondition::ScheduleTag`](wire::Precondition), [`schedule_reply`](client::ClientOptions::schedule_reply) |
//! | discovery by SRV and TXT records, well-known URLs | 6764 | [`locate`], [`discover`] |
//! | time zones by name | 7809 | [`Property::CalendarTimezoneId`](wire::Property) |
//! | availability | 7953 | [`Property::CalendarAvailability`](wire::Property) |
//! | limits of managed attachments | 8607 | [`Property::MaxAttachmentSize`](wire::Property) |
//! | CTag, colour and order of calendars | none | [`Collection`](client::Collection) |
//!
//! [`propfind`]: client::Client::propfind
//! [`proppatch`]: client::Client::proppatch
//! [`get`]: client::Client::get
//! [`put`]: client::Client::put
//! [`delete`]: client::Client::delete
//! [`move_to`]: client::Client::move_to
//! [`discover`]: client::Client::discover
//! [`locate`]: client::locate
//! [`make_collection`]: client::Client::make_collection
//! [`multiget`]: client::Client::multiget
//! [`calendar_query`]: client::Client::calendar_query
//! [`free_busy`]: client::Client::free_busy
//! [`add`]: client::Client::add
//! [`addressbook_query`]: client::Client::addressbook_query
//! [`sync_collection`]: client::Client::sync_collection

pub mod client;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
