//! The server itself: listening, its users, its log.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sync_core::testing::server::line::{Connection, Meter};
use sync_core::testing::server::{Faults, Host, Identity, Log, Port};
use tokio::net::TcpStream;

use super::fault::Fault;
use super::maildrop::Maildrop;
use super::profile::Profile;
use super::session::Session;

/// How a [`Server`] is to be; made by [`Server::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    profile: Profile,
    users: Vec<(String, String)>,
    token: String,
    allow_plaintext: bool,
    latency: Duration,
    autologout: Duration,
}

impl Builder {
    /// What kind of server it is; [`Profile::full`] unless said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Adds a user with a mailbox of their own. Without any there is `alice`, password `alicepw`.
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

    /// Whether a password may be shown without TLS; unless it is, the plain port takes APOP and
    /// CRAM-MD5 alone until STLS.
    #[must_use]
    pub fn allow_plaintext(mut self, allowed: bool) -> Self {
        self.allow_plaintext = allowed;
        self
    }

    /// Makes every round trip take this long: the server waits when a client sends something after
    /// it had been sent something. What clients send without waiting for an answer costs it once.
    #[must_use]
    pub fn latency(mut self, time: Duration) -> Self {
        self.latency = time;
        self
    }

    /// How long a client may be silent until the session ends, and nothing is removed (RFC 1939
    /// section 3); 10 minutes unless said.
    #[must_use]
    pub fn autologout(mut self, after: Duration) -> Self {
        self.autologout = after;
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
    /// The command, secrets as `***`.
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
    /// Bytes of the clients, inside TLS.
    pub bytes_received: u64,
    /// Bytes to the clients, inside TLS.
    pub bytes_sent: u64,
    /// How often a client sent something after it had been sent something: what latency costs.
    ///
    /// Commands that a client sends without waiting count as one if they arrive together.
    pub round_trips: u64,
}

/// A user's password and mailbox.
pub(super) struct User {
    pub(super) password: String,
    pub(super) maildrop: Maildrop,
    pub(super) last_login: Mutex<Option<Instant>>,
}

/// What the sessions of one server share.
pub(super) struct Shared {
    pub(super) profile: Profile,
    pub(super) identity: Identity,
    pub(super) users: BTreeMap<String, User>,
    pub(super) token: String,
    pub(super) allow_plaintext: bool,
    pub(super) latency: Duration,
    pub(super) autologout: Duration,
    pub(super) meter: Arc<Meter>,
    pub(super) faults: Faults<Fault>,
    log: Log<SeenCommand>,
}

impl Shared {
    pub(super) fn log_command(&self, connection: u64, line: String) {
        self.log.push(SeenCommand { connection, line });
    }
}

/// A POP3 server on 127.0.0.1 for tests, with mailboxes in memory and faults on order.
///
/// It runs in a thread of its own until it is dropped. See the [module](super) for an example.
pub struct Server {
    shared: Arc<Shared>,
    first: Maildrop,
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
            latency: Duration::ZERO,
            autologout: Duration::from_secs(600),
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
        let mut first = None;
        let ids = profile.ids;
        let user = |(name, password)| {
            let maildrop = Maildrop::new(ids);
            first.get_or_insert_with(|| maildrop.clone());
            let last_login = Mutex::new(None);
            let user = User {
                password,
                maildrop,
                last_login,
            };
            (name, user)
        };
        let users: BTreeMap<String, User> = users.into_iter().map(user).collect();
        let shared = Arc::new(Shared {
            profile,
            identity: Identity::generate()?,
            users,
            token: builder.token,
            allow_plaintext: builder.allow_plaintext,
            latency: builder.latency,
            autologout: builder.autologout,
            meter: Arc::default(),
            faults: Faults::default(),
            log: Log::default(),
        });
        let (plain_port, tls_port) = (Port::bind()?, Port::bind()?);
        let (plain, tls) = (plain_port.address(), tls_port.address());
        let serving = Arc::clone(&shared);
        let host = Host::start(
            "pop3-test-server",
            [(plain_port, false), (tls_port, true)],
            move |socket, tls| serve(socket, tls, Arc::clone(&serving)),
        )?;
        Ok(Self {
            shared,
            first: first.ok_or(io::ErrorKind::InvalidInput)?,
            plain,
            tls,
            _host: host,
        })
    }

    /// Where it listens without TLS (with STLS, if the profile has it).
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

    /// The mailbox of the user who was named first; see [`Server::maildrop_of`].
    #[must_use]
    pub fn maildrop(&self) -> Maildrop {
        self.first.clone()
    }

    /// The mailbox of a user.
    #[must_use]
    pub fn maildrop_of(&self, user: &str) -> Option<Maildrop> {
        Some(self.shared.users.get(user)?.maildrop.clone())
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
