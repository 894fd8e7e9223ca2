//! How each of the two is told to do the same.

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use testbed::Dovecot;

use crate::cargo;

/// Where the copies go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Near {
    /// To bob, on the same server.
    Bob,
    /// To a Maildir beside the configuration.
    Maildir,
}

/// One mailbox of alice's, kept in step with the near side.
#[derive(Debug)]
pub(super) struct Setup {
    /// For configuration, state and Maildir.
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    /// With a CA the connection is TLS from the start, without it plain text.
    pub(super) ca: Option<PathBuf>,
    pub(super) mailbox: String,
    pub(super) near: Near,
}

/// `bridge` from a release build, unless a file is named.
pub(crate) fn bridge_program(file: Option<&str>) -> io::Result<PathBuf> {
    if let Some(file) = file {
        return fs::canonicalize(file);
    }
    let line = ["build", "--release", "--package", "bridge"].map(str::to_owned);
    if cargo::run(&line)? != 0 {
        return Err(io::Error::other("bridge does not build"));
    }
    // This program lies at target/PROFILE/testbed.
    let target = env::current_exe()?;
    let target = target.ancestors().nth(2).unwrap_or(Path::new("target"));
    Ok(target.join("release/bridge"))
}

/// A program that synchronises.
#[derive(Debug)]
pub(super) enum Tool {
    Mbsync,
    Bridge(PathBuf),
}

impl Tool {
    /// `bridge` from a release build, unless a file is named.
    pub(super) fn bridge(file: Option<&str>) -> io::Result<Self> {
        bridge_program(file).map(Self::Bridge)
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Mbsync => "mbsync",
            Self::Bridge(_) => "bridge",
        }
    }

    /// Writes the configuration.
    pub(super) fn configure(&self, setup: &Setup) -> io::Result<()> {
        let text = match self {
            Self::Mbsync => mbsync_config(setup),
            Self::Bridge(_) => bridge_config(setup),
        };
        // mbsync does not create the folder of its Maildirs.
        fs::create_dir_all(setup.folder.join("mail"))?;
        fs::write(self.config(setup), text)
    }

    /// The command that brings both sides in step.
    pub(super) fn command(&self, setup: &Setup) -> Command {
        let config = self.config(setup);
        let mut command = match self {
            Self::Mbsync => {
                let mut command = Command::new("mbsync");
                command.arg("-q").arg("-c").arg(config).arg("-a");
                command
            }
            Self::Bridge(program) => {
                let mut command = Command::new(program);
                command.arg("--config").arg(config).arg("sync");
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Where the near side's messages lie if it is a Maildir.
    pub(super) fn maildir(&self, setup: &Setup) -> PathBuf {
        setup.folder.join("mail").join(&setup.mailbox)
    }

    fn config(&self, setup: &Setup) -> PathBuf {
        setup.folder.join(match self {
            Self::Mbsync => "mbsyncrc",
            Self::Bridge(_) => "bridge.toml",
        })
    }
}

/// In the words of mbsync 1.4.
fn mbsync_config(setup: &Setup) -> String {
    let folder = setup.folder.display();
    let (port, mailbox) = (setup.port, &setup.mailbox);
    let tls = match &setup.ca {
        Some(ca) => format!("SSLType IMAPS\nCertificateFile {}", ca.display()),
        None => "SSLType None".into(),
    };
    let mut text = "FSync no\n\n".to_owned();
    let mut account = |user: &str| {
        let password = Dovecot::password(user);
        let _ = write!(
            text,
            "IMAPAccount {user}
Host localhost
Port {port}
User {user}
Pass {password}
AuthMechs PLAIN
{tls}
Timeout 120

IMAPStore {user}
Account {user}

"
        );
    };
    account("alice");
    let near = match setup.near {
        Near::Bob => {
            account("bob");
            "bob"
        }
        Near::Maildir => {
            let _ = write!(
                text,
                "MaildirStore local
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

"
            );
            "local"
        }
    };
    let _ = write!(
        text,
        "Channel bench
Far :alice:{mailbox}
Near :{near}:{mailbox}
Create Near
Sync All
Expunge Both
CopyArrivalDate yes
SyncState {folder}/
"
    );
    text
}

fn bridge_config(setup: &Setup) -> String {
    let port = setup.port;
    let account = |user: &str| {
        let password = Dovecot::password(user);
        let (scheme, trust) = match &setup.ca {
            Some(ca) => ("imaps", format!("tls_ca = \"{}\"", ca.display())),
            None => ("imap", "allow_plaintext = true".to_owned()),
        };
        format!(
            "[source.{user}]
type = \"imap\"
url = \"{scheme}://{user}@localhost:{port}\"
password = \"{password}\"
{trust}
"
        )
    };
    let (near, source) = match setup.near {
        Near::Bob => ("bob", account("bob")),
        Near::Maildir => (
            "local",
            "[source.local]\ntype = \"maildir\"\npath = \"mail\"\nlayout = \"fs\"\n".to_owned(),
        ),
    };
    format!(
        "state = \"state.db\"

{}
{source}
[sync.bench]
left = \"alice\"
right = \"{near}\"
collections = [\"{}\"]
",
        account("alice"),
        setup.mailbox
    )
}
