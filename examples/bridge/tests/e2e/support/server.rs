//! A Dovecot of the test's own.

use std::fs;
use std::thread;
use std::time::Duration;

use testbed::Dovecot;

/// How the program reaches a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// TLS from the start.
    Tls,
    /// TLS by STARTTLS.
    StartTls,
    /// No TLS, so that a proxy sees commands.
    Plain,
}

pub(crate) struct Server {
    pub(crate) dovecot: Dovecot,
    pub(crate) way: Way,
}

impl Server {
    /// A server where any name can log in, with the name followed by `pw`.
    pub(crate) fn start(way: Way) -> Self {
        let builder = Dovecot::builder().in_memory().extra(
            "auth_mechanisms = plain login\n\
             passdb {\n  driver = static\n  args = password=%upw\n}\n\
             service imap {\n  service_count = 1\n}\n\
             service pop3 {\n  service_count = 1\n}",
        );
        let builder = match way {
            Way::Plain => builder.without_tls(),
            Way::Tls | Way::StartTls => builder,
        };
        let dovecot = builder.start().expect("Dovecot starts");
        Self { dovecot, way }
    }

    /// The port that a client of this way connects to.
    pub(crate) fn port(&self) -> u16 {
        match self.way {
            Way::Tls => self.dovecot.imaps_port,
            Way::StartTls | Way::Plain => self.dovecot.imap_port,
        }
    }

    /// Waits until it has noticed that its clients are gone, and has ended what it did for them:
    /// what a server still does for a client that died, no other client can see.
    pub(crate) fn settle(&self) {
        let master = self.dovecot.pid().expect("Dovecot runs");
        while sessions(master) > 0 {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// How many children of `master` serve a client.
fn sessions(master: u32) -> usize {
    let is_session = |stat: String| {
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let (state, parent) = (fields.next()?, fields.next()?);
        (["imap", "pop3"].contains(&name) && state != "Z" && parent == master.to_string())
            .then_some(())
    };
    let processes = fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter_map(is_session)
        .count()
}
