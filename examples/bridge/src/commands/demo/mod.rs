//! `bridge demo`: the main job without any account.
//!
//! Servers of IMAP, POP3, CalDAV, CardDAV, ActiveSync and DeltaSync run inside this process, on real
//! sockets with TLS. Everything else is what a person would do: a `bridge.toml`, and the commands of this
//! program.

mod calendar;
mod exchange;
mod hotmail;
mod world;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sync_core::state::{History as _, HistoryAction};

use super::{check, history, sync, undo};
use crate::cli::{DemoArgs, HistoryArgs, Names, PlanArgs, SyncArgs, UndoWhat};
use crate::config::Config;
use crate::failure::{Ending, Failure};
use crate::output::{Output, Record};
use crate::signals::Interrupt;
use crate::{registry, run};
use world::World;

/// The heading of a step.
#[derive(Serialize)]
struct Step {
    number: u32,
    title: &'static str,
    lines: Vec<String>,
}

impl Record for Step {
    const TYPE: &'static str = "step";
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}. {}", self.number, self.title)?;
        self.lines
            .iter()
            .try_for_each(|line| write!(f, "\n   {line}"))
    }
}

/// Where the results lie.
#[derive(Serialize)]
struct Results {
    directory: PathBuf,
    lines: Vec<String>,
}

impl Record for Results {
    const TYPE: &'static str = "results";
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\nBoth sides agree. The results lie in {}:",
            self.directory.display()
        )?;
        self.lines
            .iter()
            .try_for_each(|line| write!(f, "\n   {line}"))
    }
}

/// Runs the demo.
pub(crate) async fn run(
    args: &DemoArgs,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Ending, Failure> {
    let directory = prepare(args.directory.as_deref())?;
    let world = World::start(&directory)?;
    let file = directory.join("bridge.toml");
    world.write_config(&file)?;
    let config = Config::load(&file, registry::BUILT)?;
    let demo = Demo {
        world,
        config,
        output,
        interrupt,
    };
    demo.play().await?;
    let mut lines = vec![
        "bridge.toml  the config of the servers (they end with this program)".to_owned(),
        "state.db*    what bridge remembers; the one set aside by --rejoin has the history"
            .to_owned(),
    ];
    lines.push("calendars/   the calendar, a file an event".to_owned());
    lines.push("old-mail/    the old account, a Maildir".to_owned());
    lines.extend(demo.world.save(&directory)?);
    output.record(&Results { directory, lines })?;
    Ok(Ending::Done)
}

/// A directory of its own; one that is given must be empty.
fn prepare(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(path) = wanted else {
        let directory = tempfile::Builder::new().prefix("bridge-demo-").tempdir()?;
        return Ok(directory.keep());
    };
    std::fs::create_dir_all(path)?;
    if std::fs::read_dir(path)?.next().is_some() {
        let message = format!("{} is not empty; it was left as it is", path.display());
        return Err(Failure::Usage(message));
    }
    Ok(path.to_owned())
}

struct Demo<'a> {
    world: World,
    config: Config,
    output: Output,
    interrupt: &'a Interrupt,
}

impl Demo<'_> {
    async fn play(&self) -> Result<(), Failure> {
        self.step(
            1,
            "Servers of IMAP, POP3, CalDAV, CardDAV, ActiveSync and DeltaSync run in this process",
            self.world.describe(),
        )?;
        self.step(2, "bridge check", Vec::new())?;
        self.done(check::run(&self.config, &[], self.output).await?)?;

        self.step(
            3,
            "bridge plan: what a sync would do; it writes nothing",
            Vec::new(),
        )?;
        self.done(sync::plan(&self.config, &plan_args(), self.output, self.interrupt).await?)?;

        self.step(
            4,
            "bridge sync: both sides get what they lack, equal mail is joined, POP3 is fetched",
            Vec::new(),
        )?;
        self.sync(&sync_args(false)).await?;
        self.world.expect_same()?;
        self.world.expect_fetched()?;

        let edits = self.world.edit()?;
        self.step(5, "Meanwhile, on both sides", edits)?;
        self.step(6, "bridge sync: the edits meet", Vec::new())?;
        self.sync(&sync_args(false)).await?;
        self.world.expect_same()?;
        let lines = self.world.expect_merged()?;
        self.step(7, "What became of them", lines)?;

        self.step(
            8,
            "bridge history: what the last run overwrote or deleted",
            Vec::new(),
        )?;
        let (run, entry) = self.deletion()?;
        self.done(history::run(
            &self.config,
            &HistoryArgs { run: Some(run) },
            self.output,
        )?)?;

        self.step(9, "bridge undo: the newsletter comes back", Vec::new())?;
        let what = UndoWhat::Item { id: entry };
        self.done(undo::run(&self.config, what, self.output).await?)?;
        self.sync(&sync_args(false)).await?;
        self.world.expect_same()?;
        self.world.expect_newsletter()?;

        self.step(10, "bridge sync once more: nothing to do", Vec::new())?;
        self.world.begin_count();
        self.sync(&sync_args(false)).await?;
        self.world.expect_quiet()?;
        self.output.text(self.world.count())?;

        self.world.begin_count();
        self.step(
            11,
            "bridge sync --rejoin: without its state it joins anew, and doubles nothing",
            Vec::new(),
        )?;
        self.sync(&sync_args(true)).await?;
        self.world.expect_quiet()?;
        self.world.expect_same()
    }

    fn step(&self, number: u32, title: &'static str, lines: Vec<String>) -> Result<(), Failure> {
        self.output.record(&Step {
            number,
            title,
            lines,
        })?;
        Ok(())
    }

    async fn sync(&self, args: &SyncArgs) -> Result<(), Failure> {
        self.done(sync::sync(&self.config, args, self.output, self.interrupt).await?)
    }

    fn done(&self, ending: Ending) -> Result<(), Failure> {
        match ending {
            Ending::Done => Ok(()),
            _ if self.interrupt.is_asked() => Err(world::failed("the demo was interrupted")),
            _ => Err(world::failed("a command of the demo failed; see above")),
        }
    }

    /// The run and the history entry of the one deletion so far.
    fn deletion(&self) -> Result<(i64, i64), Failure> {
        let mut found = None;
        if let Some(mut state) = run::read_state(&self.config.state)? {
            for sync in &self.config.syncs {
                let entries = state.history(&sync.name, None, usize::MAX)?;
                let deleted = entries
                    .into_iter()
                    .find(|entry| entry.action == HistoryAction::Deleted);
                found = found.or(deleted.map(|entry| (entry.run, entry.id)));
            }
        }
        found.ok_or_else(|| world::failed("the history shows no deletion"))
    }
}

fn plan_args() -> PlanArgs {
    PlanArgs {
        names: Names { names: Vec::new() },
        max_deletes: None,
    }
}

fn sync_args(rejoin: bool) -> SyncArgs {
    SyncArgs {
        names: Names { names: Vec::new() },
        max_deletes: None,
        rejoin,
    }
}
