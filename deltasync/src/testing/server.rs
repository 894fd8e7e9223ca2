//! The server itself: listening, its users, its log.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use sync_core::testing::server::{Faults, Host, Identity, Log, Port};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::account::Account;
use super::fault::{End, Fault, strike};
use super::http::{Answer, Connection, Request, parts};
use super::xml::Node;
use super::{items, login, sync};

/// What kind of server it is.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Whether the front door sends clients on to another port, as the service did to another host.
    pub redirects: bool,
    /// How many keys of a collection are taken, the newest ones. How many the service took is unknown.
    pub keys_kept: usize,
    /// Whether a void key fails the whole request rather than its collection; both were seen.
    pub key_errors_at_root: bool,
    /// How many commands one collection may be sent: 64 were seen to work, 160 to fail.
    pub most_commands: usize,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            redirects: true,
            keys_kept: 10_000,
            key_errors_at_root: false,
            most_commands: 64,
        }
    }
}

/// How a [`Server`] is to be; made by [`Server::builder`].
#[derive(Debug, Clone, Default)]
pub struct Builder {
    profile: Profile,
    users: Vec<(String, String)>,
}

impl Builder {
    /// What kind of server it is.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Adds a user with an account of their own. Without any there is `alice@example.org`, password
    /// `alicepw`.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Starts the server on free ports of 127.0.0.1, in a thread of its own.
    ///
    /// # Errors
    /// If no port can be bound, or no certificate made.
    pub fn start(mut self) -> io::Result<Server> {
        if self.users.is_empty() {
            self = self.user("alice@example.org", "alicepw");
        }
        Server::start_as(self)
    }
}

/// Which door a client came through.
#[derive(Debug, Clone, Copy)]
struct Door {
    is_front: bool,
    tls: bool,
}

struct User {
    name: String,
    password: String,
    account: Account,
}

struct Shared {
    profile: Profile,
    identity: Identity,
    users: Vec<User>,
    /// Where the mailboxes are, without and with TLS.
    hosts: [SocketAddr; 2],
    faults: Faults<Fault>,
    log: Log<String>,
}

/// A DeltaSync server on 127.0.0.1 for tests, with mailboxes in memory and faults on order.
///
/// It runs in a thread of its own until it is dropped. See the [module](super) for an example.
pub struct Server {
    shared: Arc<Shared>,
    fronts: [SocketAddr; 2],
    _host: Host,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("fronts", &self.fronts)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A server as it is unless said otherwise.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a server with all defaults: `Server::builder().start()`.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    fn start_as(builder: Builder) -> io::Result<Self> {
        let keys_kept = builder.profile.keys_kept;
        let user = |(name, password)| User {
            name,
            password,
            account: Account::new(keys_kept),
        };
        let users = builder.users.into_iter().map(user).collect();
        let ports = [Port::bind()?, Port::bind()?, Port::bind()?, Port::bind()?];
        let [front, front_tls, host, host_tls] = ports.each_ref().map(Port::address);
        let shared = Arc::new(Shared {
            profile: builder.profile,
            identity: Identity::generate()?,
            users,
            hosts: [host, host_tls],
            faults: Faults::default(),
            log: Log::default(),
        });
        let doors = [(true, false), (true, true), (false, false), (false, true)];
        let doors = doors.map(|(is_front, tls)| Door { is_front, tls });
        let serving = Arc::clone(&shared);
        let serve = move |socket, door| {
            let shared = Arc::clone(&serving);
            async move {
                // A client that goes away is no concern of the server.
                let _ = serve(socket, door, &shared).await;
            }
        };
        let ports = ports.into_iter().zip(doors);
        let host = Host::start("deltasync-test-server", ports, serve)?;
        Ok(Self {
            shared,
            fronts: [front, front_tls],
            _host: host,
        })
    }

    /// The front door, without TLS. Logins are had there, too.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.fronts[0]
    }

    /// The front door, with TLS.
    #[must_use]
    pub fn tls_addr(&self) -> SocketAddr {
        self.fronts[1]
    }

    /// The certificate of its authority, PEM; its own is for `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.shared.identity.ca_pem()
    }

    /// The account of a user.
    #[must_use]
    pub fn account_of(&self, user: &str) -> Option<Account> {
        let mut users = self.shared.users.iter();
        let found = users.find(|known| known.name == user)?;
        Some(found.account.clone())
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

    /// The requests seen: `Login`, `Redirect`, `Sync Email GetChanges`, `Sync Email Change Delete`,
    /// `ItemOperations Fetch`, `Send`, `Settings`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.shared.log.map(String::clone)
    }

    /// Forgets the requests seen.
    pub fn forget_lines(&self) {
        self.shared.log.clear();
    }
}

async fn serve(socket: TcpStream, door: Door, shared: &Shared) -> io::Result<()> {
    let mut connection = match door.tls {
        true => Connection::new(Box::new(shared.identity.accept(socket).await?)),
        false => Connection::new(Box::new(socket)),
    };
    while let Some(request) = connection.next().await? {
        let Some((answer, most)) = answer(shared, door, &request) else {
            break;
        };
        connection.send(&answer.encode(), most).await?;
        if most < usize::MAX {
            break;
        }
    }
    connection.stream.shutdown().await
}

/// The answer and how many bytes of it are sent; `None` cuts the connection.
fn answer(shared: &Shared, door: Door, request: &Request) -> Option<(Answer, usize)> {
    let whole = |answer| Some((answer, usize::MAX));
    // A GET earns 405, as the service's did.
    if request.method != "POST" {
        return whole(Answer::new(405));
    }
    if request.path == "/RST2.srf" {
        return whole(log_in(shared, request));
    }
    // The case of the path was not significant in the wild.
    let path = request.path.to_ascii_lowercase();
    let command = path.strip_prefix("/deltasync_v2.0.0/");
    let Some(command) = command.and_then(|command| command.strip_suffix(".aspx")) else {
        return whole(Answer::new(404));
    };
    if door.is_front && shared.profile.redirects {
        shared.log.push("Redirect".to_owned());
        let [plain, tls] = shared.hosts;
        let (scheme, host) = if door.tls {
            ("https", tls)
        } else {
            ("http", plain)
        };
        let mut answer = Answer::new(302);
        let target = format!("{scheme}://localhost:{}{}", host.port(), request.path);
        answer.headers.push(("Location", target));
        return whole(answer);
    }
    let mut users = shared.users.iter();
    let user = users.find(|user| login::admits(&user.account, &request.query));
    let Some(user) = user else {
        return whole(failure(command, 3204));
    };
    let read =
        parts(request).and_then(|(document, parts)| Some((Node::parse(&document, true)?, parts)));
    let Some((root, parts)) = read else {
        return whole(failure(command, 4102));
    };
    let line = match command {
        "sync" => format!("Sync{}", sync::describe(&root)),
        "itemoperations" => "ItemOperations Fetch".to_owned(),
        "send" => "Send".to_owned(),
        "settings" => "Settings".to_owned(),
        _ => return whole(Answer::new(404)),
    };
    let end = strike(&shared.faults, &line, &user.account);
    shared.log.push(line);
    let most = match end {
        Some(End::CutBefore) => return None,
        Some(End::Status(status)) => return whole(failure(command, status)),
        Some(End::Http(status)) => return whole(Answer::new(status)),
        Some(End::Redirect(location)) => {
            let mut answer = Answer::new(302);
            answer.headers.push(("Location", location));
            return whole(answer);
        }
        Some(End::CutAnswer(bytes)) => bytes,
        None => usize::MAX,
    };
    let answer = match command {
        "sync" => {
            let text = sync::answer(&user.account, &shared.profile, &root, &parts);
            Answer::ok("text/xml", text)
        }
        "itemoperations" => match items::wanted(&root) {
            Some(id) => items::fetch(&user.account, id),
            None => items::failure(4102),
        },
        "send" => match items::send(&user.account, &root, &parts) {
            Some(text) => Answer::ok("text/xml", text),
            None => failure(command, 4102),
        },
        _ => Answer::ok("text/xml", items::settings(1)),
    };
    Some((answer, most))
}

fn log_in(shared: &Shared, request: &Request) -> Answer {
    let credentials = login::credentials(&request.body);
    let soap = request.content_type.starts_with("application/soap+xml");
    let Some((name, password)) = credentials.filter(|_| soap) else {
        return Answer::new(400);
    };
    let mut users = shared.users.iter();
    let user = users.find(|user| user.name == name && user.password == password);
    shared.log.push("Login".to_owned());
    let text = match user {
        Some(user) => login::ticket(&user.account),
        None => login::refusal(),
    };
    Answer::ok("application/soap+xml; charset=utf-8", text)
}

fn failure(command: &str, status: u16) -> Answer {
    match command {
        "itemoperations" => items::failure(status),
        "settings" => Answer::ok("text/xml", items::settings(status)),
        "send" => Answer::ok(
            "text/xml",
            format!("<Send xmlns=\"Send:\"><Status>{status}</Status></Send>"),
        ),
        _ => Answer::ok("text/xml", sync::failure(status)),
    }
}
