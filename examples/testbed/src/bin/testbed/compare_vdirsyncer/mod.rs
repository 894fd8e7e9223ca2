//! Compares `bridge` with vdirsyncer on one Radicale, each with a calendar of its own.
//!
//! Runs alternate with each other, and with the bare request that tells whether anything changed.
//! After every run the files are counted.

mod events;
mod report;
mod tool;

use std::{
    fs, io,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use testbed::{Proxy, Radicale, Random, dav::Session};

use self::{
    report::{Case, Figures, Report},
    tool::Tool,
};
use crate::{
    compare::{bridge_program, measure, remove},
    packages,
};

const USAGE: &str = "\
usage: cargo testbed compare-vdirsyncer [OPTIONS]

  --events N     how many events the calendar holds (5,000)
  --runs N       how often each tool runs a case (5)
  --bridge FILE  this program instead of a fresh release build

vdirsyncer comes from PyPI, into a virtual environment below the target directory.
";

/// Runs the comparison and prints its report.
pub(crate) fn run(args: &[&str]) -> io::Result<ExitCode> {
    let Some(options) = Options::parse(args) else {
        eprint!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    packages::install_missing()?;
    let tools = [
        Tool::vdirsyncer()?,
        Tool::Bridge(bridge_program(options.bridge.as_deref())?),
    ];
    let server = Radicale::start().map_err(io::Error::other)?;
    let bench = Bench {
        session: server.session("alice"),
        work: server.folder().join("work"),
        server,
        tools,
        options,
    };
    let report = bench.run()?;
    print!("{report}");
    Ok(if report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Options {
    events: usize,
    runs: usize,
    bridge: Option<String>,
}

impl Options {
    /// `None` if it is not understood.
    fn parse(args: &[&str]) -> Option<Self> {
        let mut options = Self {
            events: 5000,
            runs: 5,
            bridge: None,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value = args.next()?;
            let number = || value.parse().ok().filter(|number| *number > 0);
            match *arg {
                "--events" => options.events = number()?,
                "--runs" => options.runs = number()?,
                "--bridge" => options.bridge = Some((*value).to_owned()),
                _ => return None,
            }
        }
        Some(options)
    }
}

struct Bench {
    server: Radicale,
    session: Session,
    /// Where configurations, states and vdirs lie: in memory as the server's data.
    work: PathBuf,
    tools: [Tool; 2],
    options: Options,
}

impl Bench {
    fn run(&self) -> io::Result<Report> {
        let count = self.options.events;
        for tool in &self.tools {
            eprintln!("compare: {count} events for {}", tool.name());
            let path = self.calendar(tool);
            let calendar = events::calendar(count);
            self.session
                .put(&path, &calendar)
                .map_err(io::Error::other)?;
            // The first listing fills the server's cache.
            self.token_request(tool)?;
        }
        let mut report = Report::default();
        eprintln!("compare: initial download");
        report.add(Case::Initial, self.initial()?);
        eprintln!("compare: no-op");
        let (figures, bare) = self.unchanged()?;
        report.add(Case::Unchanged, figures);
        report.bare = bare;
        eprintln!("compare: ten changes");
        report.add(Case::Changes, self.changes()?);
        Ok(report)
    }

    fn calendar(&self, tool: &Tool) -> String {
        format!("/alice/{}/", tool.name())
    }

    /// Into an empty vdir.
    fn initial(&self) -> io::Result<[Figures; 2]> {
        let mut figures = [Figures::default(), Figures::default()];
        // Once more for the peak of memory.
        for run in 0..=self.options.runs {
            for (tool, figures) in in_turns(run, &self.tools, &mut figures) {
                self.anew(tool, self.server.port)?;
                if run < self.options.runs {
                    figures.time(tool.command(&self.folder(tool)));
                } else {
                    figures.peak(tool.command(&self.folder(tool)));
                }
                self.check(tool, self.options.events, figures)?;
            }
        }
        Ok(figures)
    }

    /// Nothing changed anywhere; and what the bare request takes.
    fn unchanged(&self) -> io::Result<([Figures; 2], Vec<Duration>)> {
        let mut figures = [Figures::default(), Figures::default()];
        let mut bare = Vec::new();
        // The first run may have something to note still.
        for tool in &self.tools {
            measure::time(tool.command(&self.folder(tool)))?;
        }
        for run in 0..self.options.runs {
            for (tool, figures) in in_turns(run, &self.tools, &mut figures) {
                figures.time(tool.command(&self.folder(tool)));
            }
            let [_, bridge] = &self.tools;
            bare.push(self.token_request(bridge)?);
        }
        for (tool, figures) in self.tools.iter().zip(&mut figures) {
            figures.peak(tool.command(&self.folder(tool)));
            self.check(tool, self.options.events, figures)?;
        }
        // The port is part of the configuration, and a state may be of one account only: this is
        // a set-up of its own, and the last.
        for (tool, figures) in self.tools.iter().zip(&mut figures) {
            let proxy = Proxy::to(self.server.port).map_err(io::Error::other)?;
            self.anew(tool, proxy.port())?;
            for _ in 0..3 {
                proxy.reset_counts();
                measure::time(tool.command(&self.folder(tool)))?;
            }
            figures.traffic = Some(proxy.counts());
        }
        Ok((figures, bare))
    }

    /// Ten changes: seven on the server, three in the vdir.
    fn changes(&self) -> io::Result<[Figures; 2]> {
        let mut figures = [Figures::default(), Figures::default()];
        for tool in &self.tools {
            self.anew(tool, self.server.port)?;
            measure::time(tool.command(&self.folder(tool)))?;
        }
        let mut random = Random::new(1);
        for run in 0..self.options.runs {
            for (tool, figures) in in_turns(run, &self.tools, &mut figures) {
                let mut pick = || {
                    let limit = u64::try_from(self.options.events).unwrap_or(u64::MAX);
                    usize::try_from(random.below(limit)).unwrap_or(0)
                };
                let (first, title) = (pick(), format!("Changed in run {run}"));
                let event = |n: usize| {
                    let n = (first + n) % self.options.events;
                    (events::uid(n), events::object(n, &title))
                };
                let calendar = self.calendar(tool);
                for n in 0..7 {
                    let (uid, content) = event(n);
                    let path = self.resource(&calendar, &uid)?;
                    self.session
                        .put(&path, &content)
                        .map_err(io::Error::other)?;
                }
                for n in 7..10 {
                    let (uid, content) = event(n);
                    let path = self.file(tool, &uid)?;
                    let aside = path.with_extension("tmp");
                    fs::write(&aside, content)?;
                    fs::rename(&aside, &path)?;
                }
                // The server's cache holds what it was just given; its tokens are made anew.
                self.token_request(tool)?;
                figures.time(tool.command(&self.folder(tool)));
                self.check(tool, self.options.events, figures)?;
                let (uid, _) = event(9);
                let there = self.session.get(&self.resource(&calendar, &uid)?);
                let there = there.map_err(io::Error::other)?.unwrap_or_default();
                let (uid, _) = event(0);
                let here = fs::read_to_string(self.file(tool, &uid)?)?;
                if !there.contains(&title) || !here.contains(&title) {
                    figures.fail(&io::Error::other("a change did not arrive"));
                }
            }
        }
        Ok(figures)
    }

    /// Radicale names resources after UIDs, with the extension or without it.
    fn resource(&self, calendar: &str, uid: &str) -> io::Result<String> {
        for path in [format!("{calendar}{uid}.ics"), format!("{calendar}{uid}")] {
            if self.session.get(&path).map_err(io::Error::other)?.is_some() {
                return Ok(path);
            }
        }
        Err(io::Error::other(format!("{uid} is not on the server")))
    }

    /// Both tools name files after UIDs or resources.
    fn file(&self, tool: &Tool, uid: &str) -> io::Result<PathBuf> {
        let path = tool.vdir(&self.folder(tool)).join(format!("{uid}.ics"));
        match path.is_file() {
            true => Ok(path),
            false => Err(io::Error::other(format!("{} is not there", path.display()))),
        }
    }

    /// How long the server takes to say that nothing changed.
    fn token_request(&self, tool: &Tool) -> io::Result<Duration> {
        let body = b"<?xml version=\"1.0\"?><D:propfind xmlns:D=\"DAV:\"><D:prop><D:sync-token/>\
                     </D:prop></D:propfind>";
        let headers = [("Depth", "0"), ("Content-Type", "application/xml")];
        let start = Instant::now();
        let path = self.calendar(tool);
        let answer = self.session.request("PROPFIND", &path, &headers, body);
        let took = start.elapsed();
        let answer = answer.map_err(io::Error::other)?;
        if answer.status == 207 && answer.text().contains("sync-token") {
            return Ok(took);
        }
        Err(io::Error::other(format!(
            "PROPFIND {path}: {}",
            answer.status
        )))
    }

    /// An empty vdir and no state.
    fn anew(&self, tool: &Tool, port: u16) -> io::Result<()> {
        let folder = self.folder(tool);
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        tool.configure(&folder, port)
    }

    fn folder(&self, tool: &Tool) -> PathBuf {
        self.work.join(tool.name())
    }

    /// Counts the files.
    fn check(&self, tool: &Tool, count: usize, figures: &mut Figures) -> io::Result<()> {
        let files = fs::read_dir(tool.vdir(&self.folder(tool)))?;
        let files = files.flatten().filter(|file| {
            let name = file.file_name();
            name.to_str()
                .is_some_and(|name| name.ends_with(".ics") && !name.starts_with('.'))
        });
        let found = files.count();
        if found != count {
            figures.fail(&io::Error::other(format!("{found} of {count} events")));
        }
        Ok(())
    }
}

/// Both tools with their figures; in every other run the second is the first.
fn in_turns<'a>(
    run: usize,
    tools: &'a [Tool],
    figures: &'a mut [Figures],
) -> Vec<(&'a Tool, &'a mut Figures)> {
    let mut pairs: Vec<_> = tools.iter().zip(figures).collect();
    if run % 2 == 1 {
        pairs.reverse();
    }
    pairs
}
