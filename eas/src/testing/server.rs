//! The server itself: listening, its accounts, its log.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use sync_core::testing::server::Identity;
use sync_core::testing::server::http::{self, Meter};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::account::Account;
use super::element::Element;
use super::exchange::answer;
use super::fault::{Fault, Faults};
use super::profile::Profile;
use super::store::Store;

/// How a [`Server`] is to be; made by [`Server::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    profile: Profile,
    users: Vec<(String, String)>,
    token: String,
    policy: Option<Vec<Element>>,
    demands_policy: bool,
}

impl Builder {
    /// What kind of server it is; [`Profile::full`] unless said.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Adds a user with folders of their own. Without any there is `alice`, password `alicepw`.
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

    /// Has a policy for every device, with these elements in its document, and answers nothing before a
    /// device acknowledged it.
    #[must_use]
    pub fn policy(mut self, document: impl IntoIterator<Item = Element>) -> Self {
        self.policy = Some(document.into_iter().collect());
        self.demands_policy = true;
        self
    }

    /// Has a policy, as [`policy`](Self::policy), and does not insist on it.
    #[must_use]
    pub fn optional_policy(mut self, document: impl IntoIterator<Item = Element>) -> Self {
        self.policy = Some(document.into_iter().collect());
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
    /// `Sync`, `Ping`...; `OPTIONS` and `Autodiscover` for what is no command.
    pub command: String,
    /// `16.1`; empty where none was said.
    pub version: String,
    /// The device's id.
    pub device: String,
    /// The header `X-MS-PolicyKey`.
    pub policy_key: Option<String>,
    /// The header `Cookie`.
    pub cookie: Option<String>,
    /// Whether it bore credentials.
    pub authorized: bool,
    /// The body: WBXML printed as XML, anything else as it is.
    pub body: String,
    /// The HTTP status that was answered; none if the connection was cut before.
    pub status: Option<u16>,
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

/// A user's password and folders.
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
    identity: Identity,
    meter: Arc<Meter>,
    faults: Mutex<Faults>,
    log: Mutex<Vec<SeenRequest>>,
    forgotten: AtomicU64,
    tls_port: u16,
}

impl Shared {
    /// The port on which TLS is spoken.
    pub(super) const fn tls_port(&self) -> u16 {
        self.tls_port
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Vec<SeenRequest>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs a request and says by which number its entry goes.
    pub(super) fn log_request(&self, seen: SeenRequest) -> u64 {
        let mut log = self.log();
        log.push(seen);
        let len = u64::try_from(log.len()).unwrap_or(u64::MAX);
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        forgotten.saturating_add(len)
    }

    /// Notes the status that an entry was answered with.
    pub(super) fn log_status(&self, entry: u64, status: u16) {
        let mut log = self.log();
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let index = entry.checked_sub(forgotten).and_then(|n| n.checked_sub(1));
        let index = index.and_then(|n| usize::try_from(n).ok());
        if let Some(seen) = index.and_then(|n| log.get_mut(n)) {
            seen.status = Some(status);
        }
    }
}

/// An Exchange ActiveSync server on 127.0.0.1 for tests, with its accounts in memory and faults on
/// order.
///
/// It runs in a thread of its own until it is dropped. See the [module](super) for an example.
pub struct Server {
    shared: Arc<Shared>,
    first: Store,
    plain: SocketAddr,
    tls: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
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
            policy: None,
            demands_policy: false,
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
                let policy = builder.policy.clone();
                let account = Account::new(&name, policy, builder.demands_policy);
                let store = Store::new(account);
                (name, User { password, store })
            })
            .collect();
        let first = users.get(&first).map(|user| user.store.clone());
        let first = first.ok_or(io::ErrorKind::InvalidInput)?;
        let bind = || {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            io::Result::Ok((listener, address))
        };
        let ((plain_listener, plain), (tls_listener, tls)) = (bind()?, bind()?);
        let shared = Arc::new(Shared {
            profile: builder.profile,
            users,
            token: builder.token,
            identity: Identity::generate()?,
            meter: Arc::default(),
            faults: Mutex::default(),
            log: Mutex::default(),
            forgotten: AtomicU64::new(0),
            tls_port: tls.port(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let listening = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("eas-test-server".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let (Ok(plain), Ok(tls)) = (
                        TcpListener::from_std(plain_listener),
                        TcpListener::from_std(tls_listener),
                    ) else {
                        return;
                    };
                    tokio::select! {
                        () = accept(plain, false, &listening) => {}
                        () = accept(tls, true, &listening) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            shared,
            first,
            plain,
            tls,
            stop: Some(stop),
            thread: Some(thread),
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

    /// The folders of the user who was named first; see [`Server::store_of`].
    #[must_use]
    pub fn store(&self) -> Store {
        self.first.clone()
    }

    /// The folders of a user.
    #[must_use]
    pub fn store_of(&self, user: &str) -> Option<Store> {
        Some(self.shared.users.get(user)?.store.clone())
    }

    /// Orders a fault.
    pub fn order(&self, fault: Fault) {
        self.shared.faults().order(fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }

    /// How many ordered faults have not struck.
    #[must_use]
    pub fn faults_waiting(&self) -> usize {
        self.shared.faults().waiting()
    }

    /// The requests seen, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.log().clone()
    }

    /// The commands seen.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        let log = self.shared.log();
        log.iter().map(|seen| seen.command.clone()).collect()
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        Stats {
            connections: shared.meter.connections(),
            requests: u64::try_from(shared.log().len()).unwrap_or(u64::MAX),
            bytes_received: shared.meter.received(),
            bytes_sent: shared.meter.sent(),
            most_in_flight: shared.meter.most_in_flight(),
        }
    }

    /// Forgets the requests seen and counts from 0 again.
    pub fn reset_stats(&self) {
        let shared = &self.shared;
        let mut log = shared.log();
        let len = u64::try_from(log.len()).unwrap_or(u64::MAX);
        shared.forgotten.fetch_add(len, Ordering::SeqCst);
        log.clear();
        shared.meter.reset();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, tls: bool, shared: &Arc<Shared>) {
    loop {
        // A connection that is gone before it is accepted is no reason to end.
        let Ok((socket, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(connect(socket, tls, Arc::clone(shared)));
    }
}

async fn connect(socket: TcpStream, tls: bool, shared: Arc<Shared>) {
    let _ = socket.set_nodelay(true);
    let identity = tls.then_some(&shared.identity);
    let answer = |number, request| answer(&shared, number, request);
    http::serve(socket, identity, Arc::clone(&shared.meter), answer).await;
}
