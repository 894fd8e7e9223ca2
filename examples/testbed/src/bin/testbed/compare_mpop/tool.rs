//! How each of the two is told to do the same.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
};

use testbed::Dovecot;

use super::make_maildir;
use crate::compare::remove;

/// One POP3 mailbox that is fetched into a Maildir and left as it is.
#[derive(Debug)]
pub(super) struct Setup {
    /// For configuration, state and Maildir.
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    pub(super) user: &'static str,
}

/// A program that fetches.
#[derive(Debug)]
pub(super) enum Tool {
    Mpop,
    Bridge(PathBuf),
}

impl Tool {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Mpop => "mpop",
            Self::Bridge(_) => "bridge",
        }
    }

    /// Writes the configuration, beside nothing that was fetched before.
    pub(super) fn set_up(&self, setup: &Setup) -> io::Result<()> {
        remove(&setup.folder)?;
        let maildir = self.maildir(setup);
        make_maildir(&maildir)?;
        let folder = setup.folder.display();
        let (port, user) = (setup.port, setup.user);
        let password = Dovecot::password(user);
        let text = match self {
            Self::Mpop => format!(
                "account bench
host 127.0.0.1
port {port}
user {user}
password {password}
tls off
keep on
received_header off
uidls_file {folder}/uidls
delivery maildir {}
account default : bench
",
                maildir.display()
            ),
            Self::Bridge(_) => format!(
                "state = \"state.db\"

[source.pop]
type = \"pop3\"
url = \"pop3://{user}@127.0.0.1:{port}\"
password = \"{password}\"
allow_plaintext = true
leave_on_server = true

[source.local]
type = \"maildir\"
path = \"mail\"
layout = \"fs\"

[sync.bench]
left = \"pop\"
right = \"local\"
"
            ),
        };
        let config = self.config(setup);
        fs::write(&config, text)?;
        // With a password in it, mpop takes it from nobody else.
        fs::set_permissions(config, Permissions::from_mode(0o600))
    }

    /// The command that fetches what is new.
    pub(super) fn command(&self, setup: &Setup) -> Command {
        let config = self.config(setup);
        match self {
            Self::Mpop => {
                let mut command = Command::new("mpop");
                command.arg("--quiet").arg("--file").arg(config);
                command
            }
            Self::Bridge(program) => {
                let mut command = Command::new(program);
                command.arg("--config").arg(config).arg("sync");
                command
            }
        }
    }

    /// Where the messages are put.
    pub(super) fn maildir(&self, setup: &Setup) -> PathBuf {
        setup.folder.join("mail/INBOX")
    }

    fn config(&self, setup: &Setup) -> PathBuf {
        setup.folder.join(match self {
            Self::Mpop => "mpoprc",
            Self::Bridge(_) => "bridge.toml",
        })
    }
}
