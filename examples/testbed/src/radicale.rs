//! A Radicale of one's own.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Error, Result, dav::Session, dovecot::program, error::Doing, ports::free_ports,
    supervisor::Supervisor, users::User,
};

/// The users; the password is the name followed by `pw`.
const USERS: [&str; 2] = ["alice", "bob"];

/// How long a server may take until it answers. Usually it is less than a second.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How often a start is tried when somebody else takes the port.
const ATTEMPTS: u32 = 5;

/// A running Radicale: CalDAV and CardDAV. It ends, and its data with it, when this is dropped.
///
/// The users are `alice` and `bob`, the passwords `alicepw` and `bobpw`; each may do everything
/// below `/alice/` or `/bob/`, where nothing is at first.
#[derive(Debug)]
pub struct Radicale {
    /// Plain HTTP.
    pub port: u16,
    supervisor: Supervisor,
}

impl Radicale {
    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without Radicale, [`Error::NotStarted`] with its log when it ends or does
    /// not answer within a minute.
    pub fn start() -> Result<Self> {
        let radicale = program("radicale")?;
        let mut attempt = 1;
        loop {
            match Self::launch(&radicale) {
                Err(Error::NotStarted { log })
                    if attempt < ATTEMPTS && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// The password of one of the users.
    pub fn password(user: &str) -> String {
        format!("{user}pw")
    }

    /// A plain connection as this user.
    pub fn session(&self, user: &str) -> Session {
        Session::new(self.port, user, &Self::password(user))
    }

    /// The folder that holds all of the server; the collections are in
    /// `collections/collection-root`.
    pub fn folder(&self) -> &Path {
        self.supervisor.folder()
    }

    /// The process id of the server.
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.server()
    }

    /// What the server said so far.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder().join("output.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn launch(radicale: &Path) -> Result<Self> {
        let user = User::or_this("nobody", "nogroup")?;
        // It synchronises every file it writes, which costs nothing here.
        let memory = Path::new("/dev/shm");
        let parent = match memory.is_dir() {
            true => memory.to_owned(),
            false => std::env::temp_dir(),
        };
        let mut supervisor = Supervisor::new(&parent)?;
        let folder = supervisor.folder().to_owned();
        let [port] = free_ports()?;
        let collections = folder.join("collections");
        fs::create_dir(&collections).doing(|| "creating a folder for Radicale".into())?;
        user.give(&collections)?;
        let passwords = USERS.map(|user| format!("{user}:{}\n", Self::password(user)));
        for (name, text) in [
            ("config", config(&folder, port)),
            ("users", passwords.concat()),
        ] {
            fs::write(folder.join(name), text).doing(|| format!("writing {name} of Radicale"))?;
        }
        supervisor.start(&format!(
            "cd / && exec env -i PATH=/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 {} {} \
             --config {}",
            user.prefix,
            radicale.display(),
            folder.join("config").display()
        ))?;
        let server = Self { port, supervisor };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        // By its realm a server is told from another one that took its port.
        let realm = format!("\"{}\"", self.folder().display());
        loop {
            let stranger = Session::new(self.port, "nobody", "");
            let answer = stranger.request("PROPFIND", "/alice/", &[("Depth", "0")], b"");
            let challenge = answer.ok();
            let challenge = challenge
                .as_ref()
                .and_then(|a| a.header("www-authenticate"));
            if challenge.is_some_and(|challenge| challenge.contains(&realm)) {
                return Ok(());
            }
            if !self.supervisor.is_running() || Instant::now() > deadline {
                return Err(Error::NotStarted { log: self.log() });
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn config(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "[server]
hosts = 127.0.0.1:{port}
max_connections = 100
timeout = 120
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
realm = {folder}
[rights]
type = owner_only
[storage]
filesystem_folder = {folder}/collections
[web]
type = none
[logging]
level = warning
"
    )
}
