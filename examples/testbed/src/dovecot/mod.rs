//! A Dovecot of one's own.

mod account;
mod admin;
mod config;

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};

pub use self::admin::{FlagChange, Stored};
use self::{account::Account, config::Ports};
use crate::{
    Error, Result, certificates::Certificates, error::Doing, ports::free_ports,
    supervisor::Supervisor, token,
};

/// The users of every server; the password is the name followed by `pw`.
pub const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// How long a server may take until it answers. Usually it is less than half a second.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How often a start is tried when somebody else takes a port between the look and the bind.
const ATTEMPTS: u32 = 5;

/// What kind of Dovecot is wanted; from [`Dovecot::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    mail_location: String,
    imap_capability: Option<String>,
    extra: String,
    in_memory: bool,
    without_tls: bool,
}

impl Builder {
    /// Where and how mail is stored: `maildir:%h/Maildir` by default; also `sdbox:%h/sdbox`,
    /// `mdbox:%h/mdbox` or `mbox:%h/mail:INBOX=%h/inbox`. `%h` is the user's home.
    #[must_use]
    pub fn mail_location(mut self, location: impl Into<String>) -> Self {
        self.mail_location = location.into();
        self
    }

    /// The capabilities that are advertised after login, to pass for an older server. A server
    /// that hides an extension still knows it.
    #[must_use]
    pub fn imap_capability(mut self, list: impl Into<String>) -> Self {
        self.imap_capability = Some(list.into());
        self
    }

    /// Lines added at the end of `dovecot.conf`, where they win over what stands before.
    #[must_use]
    pub fn extra(mut self, lines: impl AsRef<str>) -> Self {
        self.extra.push_str(lines.as_ref());
        self.extra.push('\n');
        self
    }

    /// Keeps everything on `/dev/shm`, so that the disk plays no part.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// Offers no TLS at all, neither on ports of its own nor by STARTTLS and STLS, and takes
    /// passwords in plain text.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.without_tls = true;
        self
    }

    /// Starts the server and waits until IMAP and POP3 answer.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without Dovecot, [`Error::NotStarted`] with its log when it ends or does
    /// not answer within 30 seconds.
    pub fn start(self) -> Result<Dovecot> {
        let dovecot = program("dovecot")?;
        require_2_3(&dovecot)?;
        let mut attempt = 1;
        loop {
            match Dovecot::launch(&self, &dovecot) {
                Err(Error::NotStarted { log })
                    if attempt < ATTEMPTS && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    fn parent(&self) -> PathBuf {
        let memory = Path::new("/dev/shm");
        if self.in_memory && memory.is_dir() {
            return memory.to_owned();
        }
        // Unix sockets in it must fit into 108 bytes, and the mail's owner must be able to reach
        // it: where TMPDIR is long, or closed to others, /tmp it is.
        let wanted = env::temp_dir();
        let fits = wanted.as_os_str().len() <= 40 && wanted.ancestors().all(is_open_to_all);
        if fits { wanted } else { "/tmp".into() }
    }
}

/// A running Dovecot. It ends, and its mail with it, when this is dropped.
#[derive(Debug)]
pub struct Dovecot {
    /// Plain IMAP, with STARTTLS.
    pub imap_port: u16,
    /// IMAP over TLS; closed after [`Builder::without_tls`].
    pub imaps_port: u16,
    /// Plain POP3, with STLS.
    pub pop3_port: u16,
    /// POP3 over TLS; closed after [`Builder::without_tls`].
    pub pop3s_port: u16,
    /// The certificate authority to trust, as PEM. The certificate is for `localhost` and
    /// 127.0.0.1.
    pub ca_path: PathBuf,
    account: Account,
    mail_location: String,
    supervisor: Supervisor,
}

impl Dovecot {
    /// A server with the usual settings; see [`Builder::start`] for the errors.
    ///
    /// # Errors
    ///
    /// See [`Builder::start`].
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// The usual settings, to be changed: Maildir, every extension that Dovecot has, on disk.
    pub fn builder() -> Builder {
        Builder {
            mail_location: "maildir:%h/Maildir".into(),
            imap_capability: None,
            extra: String::new(),
            in_memory: false,
            without_tls: false,
        }
    }

    /// The password of one of the [`USERS`].
    pub fn password(user: &str) -> String {
        format!("{user}pw")
    }

    /// A bearer token for OAUTHBEARER and XOAUTH2 that this server takes for `user`.
    pub fn bearer_token(user: &str) -> String {
        // The year 2100.
        token::bearer(user, 4_102_444_800)
    }

    /// A bearer token that was good once.
    pub fn expired_token(user: &str) -> String {
        token::bearer(user, 1)
    }

    /// The home of a user: `mail_location`'s `%h`.
    pub fn home(&self, user: &str) -> PathBuf {
        self.folder().join("home").join(user)
    }

    /// The folder that holds all of the server.
    pub fn folder(&self) -> &Path {
        self.supervisor.folder()
    }

    /// What the server logged so far.
    pub fn log(&self) -> String {
        read_log(self.folder())
    }

    /// The process id of Dovecot's master, which is its process group too.
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.server()
    }

    fn launch(wish: &Builder, dovecot: &Path) -> Result<Self> {
        let account = Account::of_this_process()?;
        let mut supervisor = Supervisor::new(&wish.parent())?;
        let folder = supervisor.folder().to_owned();
        let certificates = Certificates::make(&folder.join("tls"))?;
        let [imap, imaps, pop3, pop3s] = free_ports()?;
        let ports = Ports {
            imap,
            imaps,
            pop3,
            pop3s,
        };
        // By its greeting a server is told from another one that took its port.
        let greeting = format!("Ready: {}", folder.display());
        let text = config::text(wish, &folder, &greeting, ports, &certificates, &account);
        write_files(&folder, &text, &account)?;

        let config = folder.join("dovecot.conf");
        supervisor.start(&format!(
            "exec {} -F -c {}",
            dovecot.display(),
            config.display()
        ))?;
        wait_until_ready(&supervisor, &greeting, ports, !wish.without_tls)?;
        Ok(Self {
            imap_port: imap,
            imaps_port: imaps,
            pop3_port: pop3,
            pop3s_port: pop3s,
            ca_path: certificates.ca,
            account,
            mail_location: wish.mail_location.clone(),
            supervisor,
        })
    }
}

fn write_files(folder: &Path, config: &str, account: &Account) -> Result<()> {
    let keys = folder.join("oauth2/keys/default/HS256");
    for new in ["run", "state", "home"] {
        make_folder(&folder.join(new))?;
    }
    make_folder(&keys)?;
    account.give_mail(&folder.join("home"))?;

    let users: String = USERS
        .iter()
        .map(|user| format!("{user}:{{PLAIN}}{}\n", Dovecot::password(user)))
        .collect();
    let files = [
        (folder.join("dovecot.conf"), config.to_owned()),
        (folder.join("users"), users),
        (folder.join("oauth2/oauth2.conf"), config::oauth2(folder)),
        (keys.join("default"), STANDARD.encode(token::KEY)),
    ];
    for (path, text) in files {
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
        account.give_internal(&path)?;
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).doing(|| format!("creating {}", path.display()))
}

/// Waits for the greetings of all four ports, as far as they greet without TLS.
fn wait_until_ready(
    supervisor: &Supervisor,
    greeting: &str,
    ports: Ports,
    with_tls: bool,
) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let ready = greets(ports.imap, greeting)
            && greets(ports.pop3, greeting)
            && (!with_tls || connect(ports.imaps).is_some() && connect(ports.pop3s).is_some());
        if ready {
            return Ok(());
        }
        if !supervisor.is_running() || Instant::now() > deadline {
            return Err(Error::NotStarted {
                log: read_log(supervisor.folder()),
            });
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn greets(port: u16, greeting: &str) -> bool {
    let mut line = String::new();
    connect(port).is_some_and(|stream| {
        stream.set_read_timeout(Some(START_LIMIT)).is_ok()
            && BufReader::new(stream).read_line(&mut line).is_ok()
            && line.contains(greeting)
    })
}

fn connect(port: u16) -> Option<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, START_LIMIT).ok()
}

fn read_log(folder: &Path) -> String {
    ["output.log", "dovecot.log"]
        .iter()
        .filter_map(|name| fs::read(folder.join(name)).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

/// Where a program is: on the path, or in the folders that only root has there.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| Error::Missing {
            program: name.to_owned(),
        })
}

/// Dovecot 2.4 speaks another language of configuration than the 2.3 of Debian 12.
fn require_2_3(dovecot: &Path) -> Result<()> {
    let version = output(Command::new(dovecot).arg("--version"))?;
    if version.starts_with("2.3.") {
        return Ok(());
    }
    Err(Error::NotStarted {
        log: format!(
            "this is Dovecot {}; the testbed writes the configuration of 2.3 (Debian 12)",
            version.trim()
        ),
    })
}

/// Runs a program to its end: its standard output, or its standard error as an error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = || {
        let name = Path::new(command.get_program()).file_name();
        name.unwrap_or(OsStr::new("?"))
            .to_string_lossy()
            .into_owned()
    };
    let name = name();
    let output = command.output().doing(|| format!("running {name}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::refused(name, format!("{words} ({})", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_open_to_all(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
}
