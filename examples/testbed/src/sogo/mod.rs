//! A SOGo of one's own, with all that it needs.

mod config;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use self::config::Ports;
use crate::{
    Error, Mail, Result,
    dav::Session,
    dovecot::program,
    error::Doing,
    imap,
    ports::free_ports,
    smtp::Sink,
    supervisor::Supervisor,
    users::{Names, User},
};

/// The users that are there when it starts; the password is the name followed by `pw`.
const USERS: [(&str, &str); 2] = [("alice", "Alice Adams"), ("bob", "Bob Brown")];

/// How many more can log in: `user1` and so on.
const MORE_USERS: u32 = 500;

/// What stands behind the `@` of the users' addresses.
const DOMAIN: &str = "example.test";

/// How long a server may take until it answers. Usually it is about three seconds.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How often a start is tried when somebody else takes a port.
const ATTEMPTS: u32 = 3;

/// A running SOGo: CalDAV, CardDAV, ActiveSync and IMAP over the same data. It ends, and its data
/// with it, when this is dropped.
///
/// The users are `alice` and `bob`, the passwords `alicepw` and `bobpw`, the addresses
/// `alice@example.test` and `bob@example.test`. Each has a calendar and an address book, `personal`.
/// [`Sogo::new_user`] gives more of them.
/// SOGo is told to mail invitations, as usual; what it sends comes to [`Sogo::mails`], and what is
/// for one of the users also into the inbox.
///
/// Root runs it as the account `sogo` of Debian's package; anybody else has to be allowed to read
/// `/etc/sogo/sogo.conf`.
#[derive(Debug)]
pub struct Sogo {
    /// Plain HTTP: `/SOGo/dav/alice/` and `/SOGo/Microsoft-Server-ActiveSync`.
    pub port: u16,
    /// Plain IMAP.
    pub imap_port: u16,
    // In this order: what still sends mail goes first.
    supervisor: Supervisor,
    sink: Sink,
    next_user: AtomicU32,
    /// Runs statements on the database; they follow.
    sql: Vec<String>,
}

impl Sogo {
    /// Starts the server, and PostgreSQL, memcached and Dovecot for it, and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without one of them, [`Error::NotStarted`] with the log when it ends or
    /// does not answer within two minutes.
    pub fn start() -> Result<Self> {
        for needed in ["sogod", "memcached", "dovecot"] {
            program(needed)?;
        }
        let postgres = postgres()?;
        let mut attempt = 1;
        loop {
            match Self::launch(&postgres) {
                Err(Error::NotStarted { log })
                    if attempt < ATTEMPTS && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// The name of a user whom nobody was given before, after a first login.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there are no more of them, or if the login does not work.
    pub fn new_user(&self) -> Result<String> {
        self.new_login(|_| Ok(()))
    }

    /// Such a user, who is shown the calendar of another one in ActiveSync, too, and may read it.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] as with [`Sogo::new_user`], and with the server's or the database's words.
    pub fn new_reader(&self, owner: &str) -> Result<String> {
        self.new_login(|user| {
            let folder = format!("{owner}:Calendar/personal");
            self.run_sql(&format!(
                "INSERT INTO profiles (c_uid, c_defaults, c_settings) VALUES ('{user}', '{{}}', \
                 '{{\"Calendar\": {{\"SubscribedFolders\": [\"{folder}\"], \
                 \"FolderSynchronize\": {{\"{folder}\": 1}}}}}}')"
            ))?;
            let roles = format!(
                "<acl-query xmlns=\"urn:inverse:params:xml:ns:inverse-dav\"><set-roles \
                 user=\"{user}\"><PublicViewer/></set-roles></acl-query>"
            );
            let path = format!("{}personal/", Self::calendars(owner));
            let headers = [("Content-Type", "application/xml")];
            let session = self.session(owner);
            let answer = session.request("REPORT", &path, &headers, roles.as_bytes())?;
            match answer.status {
                200..=299 => Ok(()),
                _ => Err(Error::refused(roles, answer.text())),
            }
        })
    }

    fn new_login(&self, prepare: impl FnOnce(&str) -> Result<()>) -> Result<String> {
        let number = self.next_user.fetch_add(1, Ordering::Relaxed);
        let user = format!("user{number}");
        prepare(&user)?;
        match number <= MORE_USERS && self.first_login(&user) {
            true => Ok(user),
            false => Err(Error::refused(
                "a first login",
                format!("{user} cannot log in"),
            )),
        }
    }

    /// Has the server forget what it told the devices of a user: it refuses the keys that
    /// ActiveSync gave them.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the database's words.
    pub fn forget_devices(&self, user: &str) -> Result<()> {
        self.run_sql(&format!("DELETE FROM cache WHERE c_uid = '{user}'"))
    }

    fn run_sql(&self, statement: &str) -> Result<()> {
        let [program, arguments @ ..] = self.sql.as_slice() else {
            return Ok(());
        };
        let done = Command::new(program)
            .args(arguments)
            .arg(statement)
            .output();
        let done = done.doing(|| format!("running {program}"))?;
        match done.status.success() {
            true => Ok(()),
            false => Err(Error::refused(
                statement,
                String::from_utf8_lossy(&done.stderr),
            )),
        }
    }

    /// The password of one of the users.
    pub fn password(user: &str) -> String {
        format!("{user}pw")
    }

    /// The mail address of one of the users.
    pub fn address(user: &str) -> String {
        format!("{user}@{DOMAIN}")
    }

    /// A plain CalDAV and CardDAV connection as this user.
    pub fn session(&self, user: &str) -> Session {
        Session::new(self.port, user, &Self::password(user))
    }

    /// The path of the collection of calendars of a user.
    pub fn calendars(user: &str) -> String {
        format!("/SOGo/dav/{user}/Calendar/")
    }

    /// The path of the collection of address books of a user.
    pub fn address_books(user: &str) -> String {
        format!("/SOGo/dav/{user}/Contacts/")
    }

    /// A plain IMAP connection as this user.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn imap(&self, user: &str) -> Result<imap::Session> {
        let mut session = imap::Session::connect(self.imap_port)?;
        session.login(user, &Self::password(user))?;
        Ok(session)
    }

    /// Every mail that was sent so far: invitations, and what ActiveSync's SendMail sends.
    pub fn mails(&self) -> Vec<Mail> {
        self.sink.mails()
    }

    /// The folder that holds all of the server.
    pub fn folder(&self) -> &Path {
        self.supervisor.folder()
    }

    /// The process id of the server.
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.server()
    }

    /// What SOGo and the others said so far.
    pub fn log(&self) -> String {
        let logs = ["output.log", "dovecot.log"].map(|name| {
            let log = fs::read(self.folder().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&log).into_owned()
        });
        logs.concat()
    }

    fn launch(postgres: &Path) -> Result<Self> {
        let user = User::or_this("sogo", "sogo")?;
        // Unix sockets in it must fit into 108 bytes.
        let mut supervisor = Supervisor::new("/tmp".as_ref())?;
        let folder = supervisor.folder().to_owned();
        let doing = || format!("filling {}", folder.display());
        user.give(&folder)?;
        for part in ["home", "mail", "spool", "run", "state"] {
            fs::create_dir(folder.join(part)).doing(doing)?;
            user.give(&folder.join(part))?;
        }
        let sink = Sink::start(Box::new({
            let mail = folder.join("mail");
            let user = User::or_this("sogo", "sogo")?;
            move |sent| deliver(&mail, &user, sent)
        }))?;
        let [http, imap, cache, database] = free_ports()?;
        let ports = Ports {
            http,
            imap,
            cache,
            database,
            smtp: sink.port(),
        };
        let owner = owner()?;
        for (name, text) in [
            ("dovecot.conf", config::dovecot(&folder, ports, &owner)),
            ("users.sql", config::users()),
            ("start.sh", include_str!("start.sh").to_owned()),
            ("stop.sh", include_str!("stop.sh").to_owned()),
        ] {
            fs::write(folder.join(name), text).doing(doing)?;
        }
        let arguments: Vec<String> = config::sogo(&folder, ports)
            .into_iter()
            .map(|(name, value)| format!("-{name} '{value}'"))
            .collect();
        supervisor.start(&format!(
            "exec env -i FOLDER={folder} DATABASE_PORT={database} CACHE_PORT={cache} PG={pg} \
             AS='{prefix}' sh {folder}/start.sh {arguments}",
            folder = folder.display(),
            pg = postgres.display(),
            prefix = user.prefix,
            arguments = arguments.join(" ")
        ))?;
        let server = Self {
            port: http,
            imap_port: imap,
            supervisor,
            sink,
            next_user: AtomicU32::new(1),
            sql: sql(postgres, database),
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        for (user, _) in USERS {
            // A first login makes the mailboxes, the calendar and the address book.
            while !self.first_login(user) {
                if !self.supervisor.is_running() || Instant::now() > deadline {
                    return Err(Error::NotStarted { log: self.log() });
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// FolderSync of ActiveSync from the beginning, which touches everything that a user has.
    fn first_login(&self, user: &str) -> bool {
        let body = b"\x03\x01\x6a\x00\x00\x07\x56\x52\x030\x00\x01\x01";
        let path = format!(
            "/SOGo/Microsoft-Server-ActiveSync?Cmd=FolderSync&User={user}&DeviceId=testbed\
             &DeviceType=testbed"
        );
        let headers = [
            ("Content-Type", "application/vnd.ms-sync.wbxml"),
            ("MS-ASProtocolVersion", "14.1"),
        ];
        let answer = self.session(user).request("POST", &path, &headers, body);
        answer.is_ok_and(|answer| answer.status == 200 && !answer.body.is_empty())
    }
}

/// The client of a database on this port.
fn sql(postgres: &Path, port: u16) -> Vec<String> {
    let program = postgres.join("psql").display().to_string();
    let port = port.to_string();
    let arguments = [
        "-q",
        "-h",
        "127.0.0.1",
        "-p",
        &port,
        "-U",
        "postgres",
        "sogo",
        "-c",
    ];
    let all = std::iter::once(program.as_str()).chain(arguments);
    all.map(str::to_owned).collect()
}

/// The programs of the newest PostgreSQL.
fn postgres() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let programs = versions.flatten().map(|version| version.path().join("bin"));
    let newest = programs
        .filter(|programs| programs.join("initdb").is_file())
        .max_by_key(|programs| {
            let version = programs.parent().and_then(Path::file_name);
            version.and_then(|v| v.to_str()?.parse::<u32>().ok())
        });
    newest.ok_or_else(|| Error::Missing {
        program: "postgresql".into(),
    })
}

/// The names of the user and group that the server runs as.
fn owner() -> Result<(String, String)> {
    use std::os::unix::fs::MetadataExt;
    let me = fs::metadata("/proc/self").doing(|| "reading /proc/self".into())?;
    if me.uid() == 0 {
        return Ok(("sogo".into(), "sogo".into()));
    }
    let user = Names::read("/etc/passwd")?.name(me.uid())?;
    Ok((user, Names::read("/etc/group")?.name(me.gid())?))
}

/// Puts a mail into the inboxes of those recipients who are users.
fn deliver(folder: &Path, user: &User, mail: &Mail) {
    for to in &mail.to {
        let name = to.split('@').next().unwrap_or_default();
        let new = folder.join(name).join("Maildir/new");
        if *to != Sogo::address(name) || !new.is_dir() {
            continue;
        }
        let time = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let path = new.join(format!("{}.testbed", time.as_nanos()));
        // It is among the mails that were sent, whether this works or not.
        let _ = fs::write(&path, &mail.content);
        let _ = user.give(&path);
    }
}
