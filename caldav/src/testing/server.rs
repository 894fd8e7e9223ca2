//! The server itself: listening, its accounts, its log.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sync_core::testing::server::http::{self, Meter};
use sync_core::testing::server::{Faults, Host, Identity, Log, Port};
use tokio::net::TcpStream;

use super::account::Account;
use super::exchange::answer;
use super::fault::Fault;
use super::profile::Profile;
use super::store::Store;

/// How a [`Server`] is to be; made by [`Server::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    profile: Profile,
    users: Vec<(String, String)>,
    token: String,
    latency: Duration,
}

impl Builder {
    /// What kind of server it is; [`Profile::full`] unless said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Adds a user with collections of their own. Without any there is `alice`, password `alicepw`.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// The bearer token of the first user; `token` unless said.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Makes every request take at least this long.
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

/// One request as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeenRequest {
    /// The number of the connection, from 1.
    pub connection: u64,
    /// `PROPFIND`, `PUT`...
    pub method: String,
    /// The path, escaped as it came.
    pub path: String,
    /// The `Host` header.
    pub host: String,
    /// The headers that say what is meant (`depth`, `if-match`...), in lower case.
    pub headers: Vec<(String, String)>,
    /// Whether it bore credentials.
    pub authorized: bool,
    /// The body.
    pub body: String,
    /// The status that was answered; none if the connection was cut before.
    pub status: Option<u16>,
}

impl SeenRequest {
    /// A header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What was counted since the start or the last [`Server::reset_stats`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests read.
    pub requests: u64,
    /// Bytes of the clients, headers and TLS included.
    pub bytes_received: u64,
    /// Bytes to the clients, headers and TLS included.
    pub bytes_sent: u64,
    /// How many requests were in work at once, at most.
    pub most_in_flight: u64,
}

/// A user's password and collections.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) password: String,
    pub(super) store: Store,
}

/// What the connections of one server share.
pub(super) struct Shared {
    pub(super) profile: Profile,
    pub(super) users: BTreeMap<String, User>,
    pub(super) token: String,
    pub(super) latency: Duration,
    identity: Identity,
    meter: Arc<Meter>,
    pub(super) faults: Faults<Fault>,
    pub(super) log: Log<SeenRequest>,
}

/// A CalDAV and CardDAV server on 127.0.0.1 for tests, with its accounts in memory and faults on
/// order.
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
        let mut users = builder.users;
        if users.is_empty() {
            users.push(("alice".to_owned(), "alicepw".to_owned()));
        }
        let first = users.first().map(|(name, _)| name.clone());
        let first = first.unwrap_or_default();
        let users: BTreeMap<String, User> = users
            .into_iter()
            .map(|(name, password)| {
                let store = Store::new(Account::new(builder.profile.clone()));
                (name, User { password, store })
            })
            .collect();
        let first = users.get(&first).map(|user| user.store.clone());
        let first = first.ok_or(io::ErrorKind::InvalidInput)?;
        let shared = Arc::new(Shared {
            profile: builder.profile,
            users,
            token: builder.token,
            latency: builder.latency,
            identity: Identity::generate()?,
            meter: Arc::default(),
            faults: Faults::default(),
            log: Log::default(),
        });
        let (plain_port, tls_port) = (Port::bind()?, Port::bind()?);
        let (plain, tls) = (plain_port.address(), tls_port.address());
        let serving = Arc::clone(&shared);
        let host = Host::start(
            "dav-test-server",
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

    /// Where it listens without TLS.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.plain
    }

    /// Where it listens with TLS.
    #[must_use]
    pub fn tls_addr(&self) -> SocketAddr {
        self.tls
    }

    /// `http://127.0.0.1:PORT/`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.plain)
    }

    /// `https://localhost:PORT/`
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("https://localhost:{}/", self.tls.port())
    }

    /// The certificate of its authority, PEM; its own is for `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.shared.identity.ca_pem()
    }

    /// The collections of the user who was named first; see [`Server::store_of`].
    #[must_use]
    pub fn store(&self) -> Store {
        self.first.clone()
    }

    /// The collections of a user.
    #[must_use]
    pub fn store_of(&self, user: &str) -> Option<Store> {
        Some(self.shared.users.get(user)?.store.clone())
    }

    /// Orders a fault.
    pub fn order(&self, fault: Fault) {
        self.shared.faults.order(fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// How many ordered faults have not struck.
    #[must_use]
    pub fn faults_waiting(&self) -> usize {
        self.shared.faults.waiting()
    }

    /// The requests seen, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.log.map(SeenRequest::clone)
    }

    /// Method and path of the requests seen.
    #[must_use]
    pub fn request_lines(&self) -> Vec<String> {
        let line = |seen: &SeenRequest| format!("{} {}", seen.method, seen.path);
        self.shared.log.map(line)
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        Stats {
            connections: shared.meter.connections.get(),
            requests: shared.log.count(),
            bytes_received: shared.meter.received.get(),
            bytes_sent: shared.meter.sent.get(),
            most_in_flight: shared.meter.most_in_flight.get(),
        }
    }

    /// Forgets the requests seen and counts from 0 again.
    pub fn reset_stats(&self) {
        let shared = &self.shared;
        shared.log.clear();
        shared.meter.reset();
    }
}

async fn serve(socket: TcpStream, tls: bool, shared: Arc<Shared>) {
    let identity = tls.then_some(&shared.identity);
    let answer = |number, request| answer(&shared, number, request);
    http::serve(socket, identity, Arc::clone(&shared.meter), answer).await;
}
