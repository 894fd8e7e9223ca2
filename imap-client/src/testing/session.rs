//! One session: reads commands, lets faults strike, carries out, answers.

use std::io;
use std::sync::Arc;

use sync_core::testing::server::line::Connection;
use tokio::sync::{broadcast, watch};

use super::deflate::Deflate;
use super::fault::{Deed, End, Fault, Moment};
use super::notify::Notify;
use super::parser::{Cursor, SyntaxError};
use super::profile;
use super::server::{Order, Shared};
use super::store::{Store, StoreError};
use super::updates::View;

/// The tagged answer: `OK`, `NO` or `BAD`, and its text with the response code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: &'static str,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self {
            status: "OK",
            text: text.into(),
        }
    }

    pub(super) fn no(text: impl Into<String>) -> Self {
        Self {
            status: "NO",
            text: text.into(),
        }
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self {
            status: "BAD",
            text: text.into(),
        }
    }
}

impl From<SyntaxError> for Reply {
    fn from(error: SyntaxError) -> Self {
        Self::bad(error.0)
    }
}

impl From<StoreError> for Reply {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::NoSuchMailbox(_) | StoreError::NoSuchMessage(_) => "NONEXISTENT",
            StoreError::MailboxExists(_) => "ALREADYEXISTS",
            StoreError::OverQuota => "OVERQUOTA",
            StoreError::Cannot(_) => "CANNOT",
        };
        Self::no(format!("[{code}] {error}"))
    }
}

/// What a command comes to; both ways it is an answer, `Err` only ends the command early.
pub(super) type Outcome = Result<Reply, Reply>;

/// One whole command.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) tag: String,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) args_at: usize,
}

/// What the client switched on with ENABLE or by use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Enabled {
    pub(super) condstore: bool,
    pub(super) qresync: bool,
    pub(super) utf8: bool,
    pub(super) rev2: bool,
}

/// What becomes of the connection behind the tagged answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Tls,
    Deflate,
    Close,
}

/// A client's session.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) conn: Connection,
    tls: bool,
    compressed: bool,
    pub(super) user: Option<String>,
    pub(super) store: Option<Store>,
    pub(super) enabled: Enabled,
    pub(super) view: Option<View>,
    pub(super) notify: Option<Notify>,
    pub(super) next: Option<Next>,
    /// Whether the command in hand told of messages that vanished.
    pub(super) expunges_told: bool,
    /// The fault that struck the command in hand.
    pub(super) fault: Option<Fault>,
    orders: broadcast::Receiver<Order>,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, conn: Connection, tls: bool) -> Self {
        let orders = shared.orders.subscribe();
        Self {
            shared,
            conn,
            tls,
            compressed: false,
            user: None,
            store: None,
            enabled: Enabled::default(),
            view: None,
            notify: None,
            next: None,
            expunges_told: false,
            fault: None,
            orders,
        }
    }

    pub(super) async fn run(mut self) {
        let orderly = self.serve().await.is_ok();
        self.give_fault_back();
        self.conn.close(orderly).await;
    }

    pub(super) fn has(&self, capability: &str) -> bool {
        self.shared.profile.has(capability)
    }

    /// Whether mailbox names and quoted strings are UTF-8.
    pub(super) fn utf8(&self) -> bool {
        self.enabled.utf8 || self.enabled.rev2
    }

    pub(super) fn tls(&self) -> bool {
        self.tls
    }

    pub(super) fn login_allowed(&self) -> bool {
        self.tls || self.shared.allow_plaintext
    }

    pub(super) fn compressed(&self) -> bool {
        self.compressed
    }

    pub(super) fn capabilities(&self) -> String {
        self.shared.profile.capability_list(&profile::Moment {
            tls: self.tls,
            authenticated: self.user.is_some(),
            login_allowed: self.login_allowed(),
            compressed: self.compressed,
        })
    }

    /// Adds a line to the output.
    pub(super) fn say(&mut self, line: impl AsRef<[u8]>) {
        self.conn.out.extend_from_slice(line.as_ref());
        self.conn.out.extend_from_slice(b"\r\n");
    }

    /// A cursor over what follows the command's name.
    pub(super) fn args<'a>(&self, command: &'a Command) -> Cursor<'a> {
        Cursor::new(&command.bytes, command.args_at, self.utf8())
    }

    /// The store of the user, who is logged in where this is called.
    pub(super) fn store(&self) -> Result<Store, Reply> {
        self.store.clone().ok_or_else(|| Reply::bad("Log in first"))
    }

    async fn serve(&mut self) -> io::Result<()> {
        if !self.greet().await? {
            return Ok(());
        }
        loop {
            if let Some(command) = self.read_command().await? {
                self.answer(&command).await?;
                match self.next.take() {
                    Some(Next::Close) => return Ok(()),
                    Some(Next::Tls) => {
                        self.conn.start_tls(&self.shared.identity).await?;
                        self.tls = true;
                    }
                    Some(Next::Deflate) => {
                        self.conn.start_layer(Deflate::new())?;
                        self.compressed = true;
                    }
                    None => {}
                }
            }
        }
    }

    async fn greet(&mut self) -> io::Result<bool> {
        self.fault = self.shared.faults.strike(|fault| fault.fits("GREETING"));
        if let Some(time) = self.fault.as_ref().and_then(|f| f.delay) {
            tokio::time::sleep(time).await;
        }
        self.deeds(Moment::Received);
        let mut status = "OK";
        if let Some(user) = self.shared.profile.preauth.clone()
            && let Some(known) = self.shared.users.get(&user)
        {
            self.store = Some(known.store.clone());
            self.user = Some(user);
            status = "PREAUTH";
        }
        let end = self.fault.as_ref().and_then(|f| f.end.clone());
        match end {
            Some(End::CutBefore) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(End::Bye(text) | End::Refuse(_, text)) => {
                self.say(format!("* BYE {text}"));
                self.conn.flush().await?;
                return Ok(false);
            }
            Some(End::CutAnswer(bytes)) => self.conn.allow(bytes),
            None => {}
        }
        let code = if self.shared.profile.capability_in_greeting {
            format!("[CAPABILITY {}] ", self.capabilities())
        } else {
            String::new()
        };
        self.say(format!("* {status} {code}Test server ready"));
        self.deeds(Moment::Answered);
        self.conn.flush().await?;
        self.give_fault_back();
        Ok(true)
    }

    /// Waits for more input; meanwhile obeys what the test tells all sessions.
    pub(super) async fn wait(&mut self) -> io::Result<()> {
        self.wait_with(None).await
    }

    /// As [`wait`](Self::wait); returns also when `changes` has something new.
    pub(super) async fn wait_with(
        &mut self,
        mut changes: Option<&mut watch::Receiver<u64>>,
    ) -> io::Result<()> {
        self.conn.flush().await?;
        loop {
            let changed = async {
                match changes.as_deref_mut() {
                    // The store outlives its sessions, so this does not fail.
                    Some(changes) => changes.changed().await.unwrap_or(()),
                    None => std::future::pending().await,
                }
            };
            // None of the three loses anything when another one is first.
            tokio::select! {
                filled = self.conn.fill() => {
                    if self.conn.take_round_trip() && !self.shared.latency.is_zero() {
                        tokio::time::sleep(self.shared.latency).await;
                    }
                    return filled;
                }
                () = changed => return Ok(()),
                order = self.orders.recv() => match order {
                    Ok(order) => self.obey(order).await?,
                    // Too many at once: some were lost, the next is not.
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Err(io::ErrorKind::BrokenPipe.into()),
                },
            }
        }
    }

    async fn obey(&mut self, order: Order) -> io::Result<()> {
        match order {
            Order::Say(line) => {
                self.say(line);
                self.conn.flush().await
            }
            Order::Bye(text) => {
                self.say(format!("* BYE {text}"));
                self.conn.flush().await?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Order::Cut => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Does what the fault in hand has for this moment.
    pub(super) fn deeds(&mut self, at: Moment) {
        let Some(mut fault) = self.fault.take() else {
            return;
        };
        for (moment, deed) in &mut fault.deeds {
            if *moment != at {
                continue;
            }
            match deed {
                Deed::Say(line) => self.say(line),
                Deed::Edit(edit) => {
                    if let Some(store) = &self.store {
                        edit(store);
                    }
                }
            }
        }
        self.fault = Some(fault);
    }

    pub(super) fn give_fault_back(&mut self) {
        if let Some(fault) = self.fault.take() {
            self.shared.faults.restore(fault);
        }
    }

    pub(super) fn tagged(&mut self, command: &Command, reply: &Reply) {
        self.say(format!("{} {} {}", command.tag, reply.status, reply.text));
    }

    async fn answer(&mut self, command: &Command) -> io::Result<()> {
        let (delay, end) = self
            .fault
            .as_ref()
            .map_or((None, None), |f| (f.delay, f.end.clone()));
        if let Some(time) = delay {
            self.conn.flush().await?;
            tokio::time::sleep(time).await;
        }
        self.deeds(Moment::Received);
        let mut cut = false;
        match end {
            Some(End::CutBefore) => {
                self.conn.flush().await?;
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            Some(End::Bye(text)) => {
                self.say(format!("* BYE {text}"));
                self.conn.flush().await?;
                self.next = Some(Next::Close);
                return Ok(());
            }
            Some(End::Refuse(status, text)) => {
                self.tagged(command, &Reply { status, text });
                self.give_fault_back();
                return Ok(());
            }
            Some(End::CutAnswer(bytes)) => {
                // The answers to earlier commands are not this one's.
                self.conn.flush().await?;
                self.conn.allow(bytes);
                cut = true;
            }
            None => {}
        }
        self.expunges_told = false;
        let mut reply = self.dispatch(command).await?;
        self.deeds(Moment::Completion);
        let numbers_stand = matches!(command.name.as_str(), "FETCH" | "STORE" | "SEARCH");
        self.update(!numbers_stand);
        self.tell_news();
        if self.expunges_told && reply.status == "OK" && !reply.text.starts_with('[') {
            reply.text = format!("{}{}", self.modseq_code(), reply.text);
        }
        self.tagged(command, &reply);
        self.deeds(Moment::Answered);
        if cut || self.next.is_some() {
            self.conn.flush().await?;
        }
        if cut {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.give_fault_back();
        Ok(())
    }

    async fn dispatch(&mut self, command: &Command) -> io::Result<Reply> {
        let (logged_in, selected) = (self.user.is_some(), self.view.is_some());
        let outcome = match command.name.as_str() {
            "CAPABILITY" => self.capability(command),
            "NOOP" | "CHECK" => self.noop(command),
            "LOGOUT" => self.logout(command),
            "ID" if self.has("ID") => self.id(command),
            "STARTTLS" if self.has("STARTTLS") => self.starttls(command),
            "LOGIN" => self.login(command),
            "AUTHENTICATE" => self.authenticate(command).await?,
            name if !logged_in && is_command(name) => Err(Reply::bad("Log in first")),
            "ENABLE" if self.has("ENABLE") => self.enable(command),
            "NAMESPACE" if self.has("NAMESPACE") => self.namespace(command),
            "LIST" => self.list(command),
            "LSUB" => self.lsub(command),
            "STATUS" => self.status(command),
            "CREATE" => self.create(command),
            "DELETE" => self.delete(command),
            "RENAME" => self.rename(command),
            "SUBSCRIBE" => self.subscribe(command, true),
            "UNSUBSCRIBE" => self.subscribe(command, false),
            "SELECT" => self.select(command, false),
            "EXAMINE" => self.select(command, true),
            "APPEND" => self.append(command),
            "IDLE" if self.has("IDLE") => self.idle(command).await?,
            "NOTIFY" if self.has("NOTIFY") => self.notify(command),
            "COMPRESS" if self.has("COMPRESS=DEFLATE") => self.compress(command),
            "GETQUOTAROOT" | "GETQUOTA" if self.has("QUOTA") => self.quota(command),
            name if !selected && is_command(name) => Err(Reply::bad("Select a mailbox first")),
            "CLOSE" => self.close(command, true),
            "UNSELECT" if self.has("UNSELECT") => self.close(command, false),
            "EXPUNGE" => self.expunge(command, false),
            "UID EXPUNGE" if self.has("UIDPLUS") => self.expunge(command, true),
            "FETCH" => self.fetch(command, false).await?,
            "UID FETCH" => self.fetch(command, true).await?,
            "STORE" => self.store_flags(command, false),
            "UID STORE" => self.store_flags(command, true),
            "SEARCH" => self.search(command, false),
            "UID SEARCH" => self.search(command, true),
            "COPY" => self.copy(command, false),
            "UID COPY" => self.copy(command, true),
            "MOVE" if self.has("MOVE") => self.move_messages(command, false),
            "UID MOVE" if self.has("MOVE") => self.move_messages(command, true),
            _ if self.shared.profile.unknown_command_is_no => {
                Err(Reply::no("Error in IMAP command"))
            }
            _ => Err(Reply::bad("Unknown command")),
        };
        Ok(outcome.unwrap_or_else(|early| early))
    }
}

/// Whether RFC 3501 knows the command in some state: then the state is what is wrong.
fn is_command(name: &str) -> bool {
    let name = name.strip_prefix("UID ").unwrap_or(name);
    [
        "LIST",
        "LSUB",
        "STATUS",
        "CREATE",
        "DELETE",
        "RENAME",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "SELECT",
        "EXAMINE",
        "APPEND",
        "CLOSE",
        "EXPUNGE",
        "FETCH",
        "STORE",
        "SEARCH",
        "COPY",
        "ENABLE",
        "NAMESPACE",
        "IDLE",
        "UNSELECT",
        "MOVE",
    ]
    .contains(&name)
}
