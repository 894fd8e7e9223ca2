//! Compares `bridge` with Debian's `mpop` on a POP3 mailbox of the same Dovecot.
//!
//! As in the comparison with mbsync runs alternate, everything lies in memory, and after every run
//! the messages are counted. A proxy on loopback plays the long line.

mod options;
mod report;
mod tool;

use std::{
    fs, io,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use testbed::{Dovecot, Proxy, mail::Generator};

use self::{
    options::{Case, Options, What},
    report::{Cost, Figures, Report},
    tool::{Setup, Tool},
};
use crate::{
    compare::{bridge_program, messages_in, remove},
    packages,
};

/// The round trip of the long line.
const LONG: Duration = Duration::from_millis(40);

/// How long a Maildir is left alone after a change: what changed a moment ago may change again within
/// the same tick of the clock, and so `bridge` would look through it.
const SETTLE: Duration = Duration::from_secs(2);

/// Runs the comparison and prints its report.
pub(crate) fn run(args: &[&str]) -> io::Result<ExitCode> {
    let Some(options) = Options::parse(args) else {
        eprint!("{}", options::USAGE);
        return Ok(ExitCode::from(2));
    };
    packages::install_missing()?;
    let tools = [
        Tool::Mpop,
        Tool::Bridge(bridge_program(options.bridge.as_deref())?),
    ];
    let server = Dovecot::builder().in_memory().without_tls().start();
    let server = server.map_err(io::Error::other)?;
    let proxy = Proxy::with_round_trip(server.pop3_port, LONG).map_err(io::Error::other)?;
    let bench = Bench {
        work: server.folder().join("work"),
        server,
        proxy,
        tools,
        runs: options.runs,
    };
    let mut report = Report::default();
    for case in options.cases() {
        eprintln!("compare: {case}");
        report.add(case, bench.measure(case)?);
    }
    print!("{report}");
    Ok(if report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Bench {
    server: Dovecot,
    proxy: Proxy,
    /// Where the tools' configurations, states and Maildirs lie: in memory as the server's mail.
    work: PathBuf,
    tools: [Tool; 2],
    runs: usize,
}

impl Bench {
    fn measure(&self, case: Case) -> io::Result<[Figures; 2]> {
        let (user, size, count) = match case.what {
            What::Large => ("bob", 1 << 20, case.messages),
            What::Small | What::Unchanged => ("alice", 2048, case.messages),
        };
        self.fill(user, size, count)?;
        let setups = self.tools.each_ref().map(|tool| Setup {
            folder: self.work.join(tool.name()),
            port: match case.long {
                true => self.proxy.port(),
                false => self.server.pop3_port,
            },
            user,
        });
        let mut figures = [Figures::default(), Figures::default()];
        if case.what == What::Unchanged {
            for ((tool, setup), figures) in self.tools.iter().zip(&setups).zip(&mut figures) {
                tool.set_up(setup)?;
                // The second run may still have something to note.
                for _ in 0..2 {
                    figures.note_failure(cost(&tool.command(setup)));
                    thread::sleep(SETTLE);
                }
            }
        }
        for run in 0..self.runs {
            let mut turns: Vec<_> = self.tools.iter().zip(&setups).zip(&mut figures).collect();
            if run % 2 == 1 {
                turns.reverse();
            }
            for ((tool, setup), figures) in turns {
                if case.what != What::Unchanged {
                    tool.set_up(setup)?;
                }
                figures.add(cost(&tool.command(setup)));
                let found = messages_in(&tool.maildir(setup))?;
                if found != count {
                    figures.fail(format!("{found} of {count} messages"));
                }
            }
        }
        for setup in &setups {
            remove(&setup.folder)?;
        }
        Ok(figures)
    }

    /// Fills a user's mailbox, unless it is filled already.
    fn fill(&self, user: &str, size: usize, count: usize) -> io::Result<()> {
        let fill = || -> testbed::Result<()> {
            if self.server.count(user, "INBOX")? == count {
                return Ok(());
            }
            let mail = Generator::new(1).plain().size(size).take(count);
            self.server.append_files(user, "INBOX", mail)?;
            // The first look at new mail is the server's work, not that of who comes first.
            let ids =
                self.server
                    .doveadm(&["fetch", "-u", user, "size.virtual", "mailbox", "INBOX"]);
            ids.map(drop)
        };
        fill().map_err(io::Error::other)
    }
}

/// Runs a command to its end; the shell says what it cost, in milliseconds.
fn cost(command: &Command) -> io::Result<Cost> {
    const TIMED: &str = "TIMEFORMAT='%3R %3U %3S'; time \"$0\" \"$@\"";
    let output = Command::new("bash")
        .args(["-c", TIMED])
        .arg(command.get_program())
        .args(command.get_args())
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    let mut lines = words.trim_end().lines().rev();
    let figures = lines.next().unwrap_or_default();
    if !output.status.success() {
        let last = lines.next().unwrap_or_default();
        return Err(io::Error::other(format!("{} ({last})", output.status)));
    }
    Cost::parse(figures).ok_or_else(|| io::Error::other(format!("no times: {figures}")))
}

/// A folder of the three that a Maildir needs.
fn make_maildir(path: &std::path::Path) -> io::Result<()> {
    ["cur", "new", "tmp"]
        .iter()
        .try_for_each(|part| fs::create_dir_all(path.join(part)))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::cost;

    #[test]
    fn cpu_is_that_of_the_command() {
        let mut command = Command::new("sh");
        command.args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]);
        let busy = cost(&command).unwrap();
        let mut command = Command::new("sleep");
        command.arg("0.1");
        let idle = cost(&command).unwrap();
        assert!(busy.cpu > idle.cpu && idle.wall >= 0.1, "{busy:?} {idle:?}");
    }

    #[test]
    fn a_failure_is_no_time() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one >&2; echo two >&2; exit 3"]);
        let error = cost(&command).unwrap_err().to_string();
        assert!(error.contains("two") && error.contains('3'), "{error}");
    }
}
