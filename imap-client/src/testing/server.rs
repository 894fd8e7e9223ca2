//! The server itself: listening, its accounts, its log.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sync_core::testing::server::line::{Connection, Meter};
use sync_core::testing::server::{Faults, Host, Identity, Log, Port};
use tokio::net::TcpStream;
use tokio::sync::broadcast;

use super::account::Account;
use super::fault::Fault;
use super::profile::Profile;
use super::session::Session;
use super::store::Store;

/// How a [`Server`] is to be; made by [`Server::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    profile: Profile,
    users: Vec<(String, String)>,
    token: String,
    allow_plaintext: bool,
    max_literal: u64,
    latency: Duration,
}

impl Builder {
    /// What kind of server it is; [`Profile::full`] unless said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Adds a user with mailboxes of their own. Without any there is `alice`, password `alicepw`.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// The bearer token that XOAUTH2 and OAUTHBEARER accept for every user; `token` unless said.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Whether a login is allowed without TLS; unless it is, the plain port says LOGINDISABLED
    /// until STARTTLS.
    #[must_use]
    pub fn allow_plaintext(mut self, allowed: bool) -> Self {
        self.allow_plaintext = allowed;
        self
    }

    /// The largest literal that is read, in bytes; 256 MiB unless said.
    #[must_use]
    pub fn max_literal(mut self, bytes: u64) -> Self {
        self.max_literal = bytes;
        self
    }

    /// Makes every round trip take this long: the server waits when a client sends something after
    /// it had been sent something. What clients send without waiting for an answer costs it once.
    #[must_use]
    pub fn latency(mut self, time: Duration) -> Self {
        self.latency = time;
        self
    }

    /// Starts the server on free ports of 127.0.0.1, in a thread of its own.
    ///
    /// # Errors
    /// If no port can be bound, or no certificate made.
    pub fn start(self) -> io::Result<Server> {
        Server::start_as(self)
    }
}

/// One command as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeenCommand {
    /// The number of the connection, from 1.
    pub connection: u64,
    /// The command without its tag; literals as their announcement, secrets as `***`.
    pub line: String,
}

/// What was counted since the start or the last [`Server::reset_stats`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Commands read.
    pub commands: u64,
    /// Bytes of the clients, inside TLS and outside compression.
    pub bytes_received: u64,
    /// Bytes to the clients, inside TLS and outside compression.
    pub bytes_sent: u64,
    /// How often a client sent something after it had been sent something: what latency costs.
    ///
    /// Commands that a client sends without waiting count as one if they arrive together.
    pub round_trips: u64,
}

/// What all connected sessions are told.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Say(Vec<u8>),
    Bye(String),
    Cut,
}

/// A user's password and mailboxes.
#[derive(Clone)]
pub(super) struct User {
    pub(super) password: String,
    pub(super) store: Store,
}

/// What the sessions of one server share.
pub(super) struct Shared {
    pub(super) profile: Profile,
    pub(super) identity: Identity,
    pub(super) users: BTreeMap<String, User>,
    pub(super) token: String,
    pub(super) allow_plaintext: bool,
    pub(super) max_literal: u64,
    pub(super) latency: Duration,
    pub(super) meter: Arc<Meter>,
    pub(super) orders: broadcast::Sender<Order>,
    pub(super) faults: Faults<Fault>,
    log: Log<SeenCommand>,
}

impl Shared {
    /// Logs a command and says by which number its entry goes.
    pub(super) fn log_command(&self, connection: u64, line: String) -> u64 {
        self.log.push(SeenCommand { connection, line })
    }

    /// Writes the whole command over an entry made when only its first line was there.
    pub(super) fn complete_log(&self, entry: u64, line: String) {
        self.log.amend(entry, |seen| seen.line = line);
    }
}

/// An IMAP server on 127.0.0.1 for tests, with mailboxes in memory and faults on order.
///
/// It runs in a thread of its own until it is dropped. See the [module](super) for an example.
pub struct Server {
    shared: Arc<Shared>,
    first: Store,
    plain: SocketAddr,
    tls: SocketAddr,
    _host: Host,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("plain", &self.plain)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A server as it is unless said otherwise.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            profile: Profile::full(),
            users: Vec::new(),
            token: "token".to_owned(),
            allow_plaintext: false,
            max_literal: 256 * 1024 * 1024,
            latency: Duration::ZERO,
        }
    }

    /// Starts a server with all defaults: `Server::builder().start()`.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    fn start_as(builder: Builder) -> io::Result<Self> {
        let profile = builder.profile;
        let mut users = builder.users;
        if users.is_empty() {
            users.push(("alice".to_owned(), "alicepw".to_owned()));
        }
        let first = users
            .first()
            .map(|(name, _)| name.clone())
            .unwrap_or_default();
        let users: BTreeMap<String, User> = users
            .into_iter()
            .map(|(name, password)| {
                let mut account = Account::new(profile.separator, profile.shared_modseq);
                for (mailbox, attribute) in &profile.special {
                    account
                        .create(mailbox, Some(attribute.clone()))
                        .map_err(io::Error::other)?;
                    account.subscriptions.insert(mailbox.clone());
                }
                Ok((
                    name,
                    User {
                        password,
                        store: Store::new(account),
                    },
                ))
            })
            .collect::<io::Result<_>>()?;
        let first = users
            .get(&first)
            .map(|u| u.store.clone())
            .ok_or(io::ErrorKind::InvalidInput)?;
        let shared = Arc::new(Shared {
            profile,
            identity: Identity::generate()?,
            users,
            token: builder.token,
            allow_plaintext: builder.allow_plaintext,
            max_literal: builder.max_literal,
            latency: builder.latency,
            meter: Arc::default(),
            orders: broadcast::Sender::new(64),
            faults: Faults::default(),
            log: Log::default(),
        });
        let (plain_port, tls_port) = (Port::bind()?, Port::bind()?);
        let (plain, tls) = (plain_port.address(), tls_port.address());
        let serving = Arc::clone(&shared);
        let host = Host::start(
            "imap-test-server",
            [(plain_port, false), (tls_port, true)],
            move |socket, tls| serve(socket, tls, Arc::clone(&serving)),
        )?;
        Ok(Self {
            shared,
            first,
            plain,
            tls,
            _host: host,
        })
    }

    /// Where it listens without TLS (with STARTTLS, if the profile has it).
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.plain
    }

    /// Where it listens with TLS from the start.
    #[must_use]
    pub fn tls_addr(&self) -> SocketAddr {
        self.tls
    }

    /// The certificate of its authority, PEM; its own is for `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.shared.identity.ca_pem()
    }

    /// The mailboxes of the user who was named first; see [`Server::store_of`].
    #[must_use]
    pub fn store(&self) -> Store {
        self.first.clone()
    }

    /// The mailboxes of a user.
    #[must_use]
    pub fn store_of(&self, user: &str) -> Option<Store> {
        Some(self.shared.users.get(user)?.store.clone())
    }

    /// Orders a fault.
    pub fn order(&self, fault: Fault) {
        self.shared.faults.order(fault);
    }

    /// Takes all faults back, cuts after bytes included.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
        self.shared.meter.cut_after_sent(None);
        self.shared.meter.cut_after_received(None);
    }

    /// How many ordered faults have not struck, cuts after bytes not counted.
    #[must_use]
    pub fn faults_waiting(&self) -> usize {
        self.shared.faults.waiting()
    }

    /// Cuts the connection that sends the `bytes`-th byte from now, over all connections; once.
    pub fn cut_after_sent(&self, bytes: u64) {
        self.shared.meter.cut_after_sent(Some(bytes));
    }

    /// Cuts the connection that receives the `bytes`-th byte from now, over all connections; once.
    ///
    /// Commands that are complete by then are carried out and answered.
    pub fn cut_after_received(&self, bytes: u64) {
        self.shared.meter.cut_after_received(Some(bytes));
    }

    /// Sends a line to every connection that waits or idles, as it is.
    pub fn say_to_all(&self, line: impl AsRef<[u8]>) {
        let _ = self.shared.orders.send(Order::Say(line.as_ref().to_vec()));
    }

    /// Ends every connection that waits or idles with `* BYE` and this text.
    pub fn bye_to_all(&self, text: &str) {
        let _ = self.shared.orders.send(Order::Bye(text.to_owned()));
    }

    /// Cuts every connection that waits or idles.
    pub fn cut_all(&self) {
        let _ = self.shared.orders.send(Order::Cut);
    }

    /// The commands seen, secrets masked, in the order of their arrival.
    #[must_use]
    pub fn commands(&self) -> Vec<SeenCommand> {
        self.shared.log.map(SeenCommand::clone)
    }

    /// The lines of the commands seen.
    #[must_use]
    pub fn command_lines(&self) -> Vec<String> {
        self.shared.log.map(|seen| seen.line.clone())
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let meter = &self.shared.meter;
        Stats {
            connections: meter.connections.get(),
            commands: self.shared.log.count(),
            bytes_received: meter.received.get(),
            bytes_sent: meter.sent.get(),
            round_trips: meter.round_trips.get(),
        }
    }

    /// Forgets the commands seen and counts from 0 again.
    pub fn reset_stats(&self) {
        self.shared.log.clear();
        self.shared.meter.reset();
    }
}

async fn serve(socket: TcpStream, tls: bool, shared: Arc<Shared>) {
    let mut conn = Connection::new(socket, &shared.meter);
    if tls && conn.start_tls(&shared.identity).await.is_err() {
        return;
    }
    Session::new(shared, conn, tls).run().await;
}
