//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use sync_core::reconcile::MaxDeletes;

use crate::config::max_deletes;

/// Keeps any two sources of mail, calendars and contacts in step.
#[derive(Debug, Parser)]
#[command(
    name = "bridge",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 bad usage or config, \
    3 done but some items wait for a person or were refused by a guard.")]
pub(crate) struct Cli {
    /// The config file
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        default_value = "bridge.toml"
    )]
    pub(crate) config: PathBuf,

    /// Write one JSON object a line: results to standard output, progress and logs to standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Log more to standard error; twice for details (RUST_LOG chooses exactly)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented config to start from
    Init,
    /// Connect to every source, log in, and show which collections would pair
    Check(Names),
    /// Show what a sync would do; write nothing, not even state
    Plan(PlanArgs),
    /// Bring both sides in step
    Sync(SyncArgs),
    /// Sync now, and again whenever something changes
    Watch(WatchArgs),
    /// Show what the state knows: collections, items, the last run
    Status,
    /// List what waits for a person, or settle it
    Conflicts(ConflictsArgs),
    /// List the runs, or what one of them did, overwrote and deleted
    History(HistoryArgs),
    /// Bring back what a run or one entry of the history overwrote or deleted
    Undo(UndoArgs),
    /// Show a two-way sync between two servers inside this program; needs no account
    Demo(DemoArgs),
}

/// Which `[sync.NAME]` of the config.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// Only these [sync.NAME] of the config; without any, all
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) names: Names,

    /// What this plan may delete or overwrite in a collection, instead of the config's max_deletes
    #[arg(long, value_name = "SHARE|COUNT", value_parser = max_deletes)]
    pub(crate) max_deletes: Option<MaxDeletes>,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) names: Names,

    /// What this run may delete or overwrite in a collection, instead of the config's max_deletes
    #[arg(long, value_name = "SHARE|COUNT", value_parser = max_deletes)]
    pub(crate) max_deletes: Option<MaxDeletes>,

    /// Set the state aside and join both sides anew: equal items are linked, nothing is deleted
    #[arg(long, conflicts_with = "names")]
    pub(crate) rejoin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) names: Names,

    /// Sync at least this often, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: u64,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ConflictsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ConflictsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConflictsCommand {
    /// List what waits for a person (the default)
    List,
    /// Decide for one side, or keep both; the next sync carries it out
    Resolve {
        /// The number that the list shows
        id: i64,
        /// Which side's content stays
        keep: Side,
    },
}

/// The answer to a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// The left side's
    Left,
    /// The right side's
    Right,
    /// Both, as two items
    Both,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The number of a run
    pub(crate) run: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    #[command(subcommand)]
    pub(crate) what: UndoWhat,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum UndoWhat {
    /// All that a run overwrote or deleted
    Run {
        /// The number that `history` shows
        id: i64,
    },
    /// All that the last run overwrote or deleted
    Last,
    /// One entry of the history
    Item {
        /// The number that `history RUN` shows
        id: i64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the results go; without it a new directory under the system's temporary one
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

impl From<Side> for sync_core::state::Resolution {
    fn from(side: Side) -> Self {
        match side {
            Side::Left => Self::Left,
            Side::Right => Self::Right,
            Side::Both => Self::Both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
