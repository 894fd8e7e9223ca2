//! A TCP proxy on loopback that cuts, swallows, delays and counts.

mod lines;
mod pump;

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use self::pump::Pump;
use crate::{Result, error::Doing};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// What goes wrong, once, after it was ordered by [`Proxy::arm`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Lets `after` more bytes pass in one direction, over all connections together, then cuts all
    /// connections.
    Cut {
        /// The direction in which bytes are counted.
        direction: Direction,
        /// How many bytes still arrive.
        after: u64,
    },
    /// Lets `after` more bytes pass to the client, over all connections together, and drops what
    /// the server says after them; what the client sends still arrives. When the server has
    /// fallen silent, cuts all connections.
    Swallow {
        /// How many bytes still arrive.
        after: u64,
    },
    /// Passes an IMAP command on and the server's tagged answer not: the server has carried out
    /// what the client never hears of. Then cuts all connections. Needs plain text: with TLS or
    /// COMPRESS there are no commands to be seen.
    SwallowAnswer {
        /// The command, such as `APPEND`; `MOVE` is also found behind `UID`.
        command: String,
        /// Which of the commands of that name from now on; 1 is the next.
        nth: u32,
    },
    /// Passes everything on until a client says these words, and of what the server answers on that
    /// connection nothing: it has carried out what the client never hears of. Then cuts all
    /// connections. Needs plain text.
    SwallowAnswerTo {
        /// Part of a request, such as the title of an item that is new in it.
        words: Vec<u8>,
    },
}

/// What passed through a [`Proxy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: u64,
    /// Bytes from clients that were passed on.
    pub to_server: u64,
    /// Bytes from the server that were passed on.
    pub to_client: u64,
    /// How often a client spoke after the server had: over a long line, each costs one round trip.
    pub round_trips: u64,
}

/// A proxy on 127.0.0.1 in front of a server there. It ends, and its connections with it, when
/// dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy in front of `server_port` that changes nothing until it is told to.
    ///
    /// # Errors
    ///
    /// If the system gives no port.
    pub fn to(server_port: u16) -> Result<Self> {
        Self::with_round_trip(server_port, Duration::ZERO)
    }

    /// A proxy as at the end of a long line: half of `round_trip` passes before bytes arrive,
    /// either way. How much fits through the line at once is not limited.
    ///
    /// # Errors
    ///
    /// If the system gives no port.
    pub fn with_round_trip(server_port: u16, round_trip: Duration) -> Result<Self> {
        let (listener, port) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| {
                let port = listener.local_addr()?.port();
                Ok((listener, port))
            })
            .doing(|| "opening a port for a proxy".into())?;
        let shared = Arc::new(Shared {
            server_port,
            delay: round_trip / 2,
            state: Mutex::default(),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Self {
            port,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// The port to connect to instead of the server's.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Orders a fault, in the place of one that has not happened yet. After it, clients can
    /// connect again.
    pub fn arm(&self, fault: Fault) {
        self.shared.lock().arm(fault, false);
    }

    /// Orders a fault after which new connections are closed at once, until [`Proxy::heal`].
    pub fn arm_for_good(&self, fault: Fault) {
        self.shared.lock().arm(fault, true);
    }

    /// Whether the fault that was ordered last has happened.
    pub fn has_fired(&self) -> bool {
        self.shared.lock().fired
    }

    /// Cuts all connections now. Clients can connect again.
    pub fn cut(&self) {
        self.shared.lock().cut();
    }

    /// Cuts all connections now, and closes new ones at once, until [`Proxy::heal`].
    pub fn cut_for_good(&self) {
        let mut state = self.shared.lock();
        state.refusing = true;
        state.cut();
    }

    /// Takes back what was ordered: the proxy changes nothing again.
    pub fn heal(&self) {
        let mut state = self.shared.lock();
        state.fault = None;
        state.refusing = false;
    }

    /// What passed since the start or the last [`Proxy::reset_counts`].
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts
    }

    /// Counts from zero again.
    pub fn reset_counts(&self) {
        self.shared.lock().counts = Counts::default();
    }

    /// Keeps what clients say from now on, for [`Proxy::heard`].
    pub fn listen_in(&self) {
        self.shared.lock().heard = Some(Vec::new());
    }

    /// What clients said since [`Proxy::listen_in`]; of connections at the same time, as it came.
    pub fn heard(&self) -> Vec<u8> {
        self.shared.lock().heard.clone().unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        {
            let mut state = self.shared.lock();
            state.ended = true;
            state.cut();
        }
        // Wakes the acceptor.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

#[derive(Debug)]
struct Shared {
    server_port: u16,
    delay: Duration,
    state: Mutex<State>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    /// What clients said, if somebody listens.
    heard: Option<Vec<u8>>,
    fault: Option<Fault>,
    /// Whether the fault leaves the proxy refusing.
    for_good: bool,
    fired: bool,
    refusing: bool,
    ended: bool,
    /// Both sockets of every open connection.
    open: HashMap<u64, [TcpStream; 2]>,
    next: u64,
}

impl State {
    fn arm(&mut self, fault: Fault, for_good: bool) {
        self.fault = Some(fault);
        self.for_good = for_good;
        self.fired = false;
        self.refusing = false;
    }

    /// The fault happens now.
    fn fire(&mut self) {
        self.fault = None;
        self.fired = true;
        self.refusing = self.for_good;
    }

    fn cut(&mut self) {
        for socket in self.open.drain().flat_map(|(_, sockets)| sockets) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        {
            let state = shared.lock();
            if state.ended {
                return;
            }
            if state.refusing {
                continue;
            }
        }
        let Ok(client) = client else { continue };
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.server_port));
        let Ok(server) = server else { continue };
        let Ok(sockets) = share(&client, &server) else {
            continue;
        };
        let id = {
            let mut state = shared.lock();
            state.counts.connections += 1;
            state.next += 1;
            let id = state.next;
            state.open.insert(id, sockets);
            id
        };
        Pump::start(id, client, server, shared);
    }
}

fn share(client: &TcpStream, server: &TcpStream) -> std::io::Result<[TcpStream; 2]> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok([client.try_clone()?, server.try_clone()?])
}
