//! Compares `bridge` with Debian's `mbsync` on the same Dovecot.
//!
//! Runs alternate, and everything lies in memory, so that neither the disk nor a machine that
//! gets slower or faster favours one of them. After every run the messages are counted: a tool
//! that is fast because it did nothing does not count.

pub(crate) mod measure;
mod options;
mod report;
mod tool;

pub(crate) use tool::bridge_program;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use testbed::{
    Dovecot, Proxy,
    mail::{Generator, Message},
};

use self::{
    options::{Case, Options},
    report::{Figures, Report},
    tool::{Near, Setup, Tool},
};
use crate::packages;

/// How long `mbsync` is left alone after a change of a Maildir: within the next second it would
/// wait for the clock to move on.
const SETTLE: Duration = Duration::from_secs(2);

/// The size of the one large message, in bytes.
const LARGE: usize = 50_000_000;

/// Runs the comparison and prints its report.
pub(crate) fn run(args: &[&str]) -> io::Result<ExitCode> {
    let Some(options) = Options::parse(args) else {
        eprint!("{}", options::USAGE);
        return Ok(ExitCode::from(2));
    };
    packages::install_missing()?;
    let tools = [Tool::Mbsync, Tool::bridge(options.bridge.as_deref())?];
    let mut builder = Dovecot::builder().in_memory();
    if !options.tls {
        builder = builder.without_tls();
    }
    let server = builder.start().map_err(io::Error::other)?;
    let bench = Bench {
        work: server.folder().join("work"),
        server,
        options,
        tools,
    };
    let report = bench.run()?;
    print!("{report}");
    Ok(if report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Bench {
    server: Dovecot,
    /// Where the tools' configurations, states and Maildirs lie: in memory as the server's mail.
    work: PathBuf,
    options: Options,
    tools: [Tool; 2],
}

impl Bench {
    fn run(&self) -> io::Result<Report> {
        let mut report = Report::new(self.options.tls);
        for case in self.options.cases() {
            eprintln!("compare: {case}");
            let figures = match case {
                Case::ToImap(count) => self.initial(count, Near::Bob)?,
                Case::ToMaildir(count) => self.initial(count, Near::Maildir)?,
                Case::Unchanged(count) => self.unchanged(count)?,
                Case::LargeToImap => self.large(Near::Bob)?,
                Case::LargeToMaildir => self.large(Near::Maildir)?,
            };
            report.add(case, figures);
        }
        Ok(report)
    }

    /// Time and memory of copying `count` messages to where there are none.
    fn initial(&self, count: usize, near: Near) -> io::Result<[Figures; 2]> {
        let mailbox = format!("Initial{count}");
        self.fill(&mailbox, 2048, count)?;
        self.copies(&mailbox, count, near, self.options.runs)
    }

    /// The same for one large message.
    fn large(&self, near: Near) -> io::Result<[Figures; 2]> {
        let mailbox = "Large";
        self.fill(mailbox, LARGE, 1)?;
        self.copies(mailbox, 1, near, 1)
    }

    fn copies(
        &self,
        mailbox: &str,
        count: usize,
        near: Near,
        runs: usize,
    ) -> io::Result<[Figures; 2]> {
        let mut figures = [Figures::default(), Figures::default()];
        for run in 0..runs {
            for (tool, figures) in in_turns(run, &self.tools, &mut figures) {
                let setup = self.anew(tool, mailbox, near)?;
                match measure::time(tool.command(&setup)) {
                    Ok(time) => figures.times.push(time),
                    Err(error) => figures.fail(&error),
                }
                self.check(tool, &setup, count, figures)?;
            }
        }
        for (tool, figures) in self.tools.iter().zip(&mut figures) {
            let setup = self.anew(tool, mailbox, near)?;
            match measure::peak(tool.command(&setup)) {
                Ok(peak) => figures.peak = Some(peak),
                Err(error) => figures.fail(&error),
            }
            self.check(tool, &setup, count, figures)?;
        }
        Ok(figures)
    }

    /// Time, memory and traffic of a run over `count` messages of which none has changed.
    fn unchanged(&self, count: usize) -> io::Result<[Figures; 2]> {
        let mailbox = format!("Unchanged{count}");
        self.fill(&mailbox, 1024, count)?;
        let mut figures = [Figures::default(), Figures::default()];
        let mut setups = Vec::new();
        for (tool, figures) in self.tools.iter().zip(&mut figures) {
            let setup = self.anew(tool, &mailbox, Near::Maildir)?;
            // The second run may still have something to note.
            for _ in 0..2 {
                if let Err(error) = measure::time(tool.command(&setup)) {
                    figures.fail(&error);
                }
                thread::sleep(SETTLE);
            }
            self.check(tool, &setup, count, figures)?;
            setups.push(setup);
        }
        for run in 0..self.options.runs {
            let with_setups: Vec<_> = self.tools.iter().zip(&setups).collect();
            for ((tool, setup), figures) in in_turns(run, &with_setups, &mut figures) {
                match measure::time(tool.command(setup)) {
                    Ok(time) => figures.times.push(time),
                    Err(error) => figures.fail(&error),
                }
            }
        }
        for ((tool, setup), figures) in self.tools.iter().zip(&setups).zip(&mut figures) {
            match measure::peak(tool.command(setup)) {
                Ok(peak) => figures.peak = Some(peak),
                Err(error) => figures.fail(&error),
            }
            self.check(tool, setup, count, figures)?;
            self.traffic(tool, &mailbox, figures)?;
        }
        Ok(figures)
    }

    /// What an unchanged mailbox costs on the wire. The proxy's port is part of the
    /// configuration, so this is a set-up of its own.
    fn traffic(&self, tool: &Tool, mailbox: &str, figures: &mut Figures) -> io::Result<()> {
        let proxy = Proxy::to(self.port()).map_err(io::Error::other)?;
        let mut setup = self.anew(tool, mailbox, Near::Maildir)?;
        setup.port = proxy.port();
        tool.configure(&setup)?;
        for _ in 0..3 {
            proxy.reset_counts();
            if let Err(error) = measure::time(tool.command(&setup)) {
                figures.fail(&error);
                return Ok(());
            }
            thread::sleep(SETTLE);
        }
        figures.traffic = Some(proxy.counts());
        Ok(())
    }

    /// An empty near side and no state; the far side stays as it is.
    fn anew(&self, tool: &Tool, mailbox: &str, near: Near) -> io::Result<Setup> {
        let folder = self.work.join(tool.name()).join(mailbox);
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        if near == Near::Bob {
            remove(&self.server.home("bob"))?;
        }
        let setup = Setup {
            folder,
            port: self.port(),
            ca: self.options.tls.then(|| self.server.ca_path.clone()),
            mailbox: mailbox.to_owned(),
            near,
        };
        tool.configure(&setup)?;
        Ok(setup)
    }

    /// Counts the messages on the near side.
    fn check(
        &self,
        tool: &Tool,
        setup: &Setup,
        count: usize,
        figures: &mut Figures,
    ) -> io::Result<()> {
        let found = match setup.near {
            Near::Maildir => messages_in(&tool.maildir(setup))?,
            // Nothing there yet is an error, and no message.
            Near::Bob => self.server.count("bob", &setup.mailbox).unwrap_or(0),
        };
        if found != count {
            figures.fail(&io::Error::other(format!("{found} of {count} messages")));
        }
        Ok(())
    }

    /// Fills one of alice's mailboxes, unless it is filled already.
    fn fill(&self, mailbox: &str, size: usize, count: usize) -> io::Result<()> {
        let full = || -> testbed::Result<()> {
            self.server.create_mailbox("alice", mailbox)?;
            if self.server.count("alice", mailbox)? == count {
                return Ok(());
            }
            let mail = Generator::new(1).plain().size(size).take(count);
            // mbsync knows no keywords.
            let mail = mail.map(|mut message: Message| {
                message.flags.retain(|flag| flag.starts_with('\\'));
                message
            });
            self.server.append_files("alice", mailbox, mail)
        };
        full().map_err(io::Error::other)
    }

    fn port(&self) -> u16 {
        if self.options.tls {
            self.server.imaps_port
        } else {
            self.server.imap_port
        }
    }
}

/// Both tools with their figures; in every other run the second is the first.
fn in_turns<'a, T>(
    run: usize,
    tools: &'a [T],
    figures: &'a mut [Figures],
) -> Vec<(&'a T, &'a mut Figures)> {
    let mut pairs: Vec<_> = tools.iter().zip(figures).collect();
    if run % 2 == 1 {
        pairs.reverse();
    }
    pairs
}

/// The number of messages of a Maildir; none if it is not there.
pub(crate) fn messages_in(maildir: &Path) -> io::Result<usize> {
    let mut count = 0;
    for part in ["cur", "new"] {
        match fs::read_dir(maildir.join(part)) {
            Ok(entries) => count += entries.count(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
