//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use deltasync::hu01::{self, Limits, MessageId};

/// Reads and writes HU01, the streams in which Hotmail sent its mail.
#[derive(Debug, Parser)]
#[command(
    name = "hu01",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 bad usage.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a stream says about its message, and how it is packed
    Info(InfoArgs),
    /// Write the message of a stream
    Decompress(DecompressArgs),
    /// Write a stream with a message
    Compress(CompressArgs),
    /// Look whether streams are complete and undamaged
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// The stream; standard input if it is left out or -
    pub(crate) file: Option<PathBuf>,
    /// List the blocks, too
    #[arg(long)]
    pub(crate) blocks: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DecompressArgs {
    /// The stream; standard input if it is left out or -
    pub(crate) file: Option<PathBuf>,
    /// Where the message goes, once it is complete; standard output if it is left out or -
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompressArgs {
    /// The message; standard input if it is left out or -
    pub(crate) file: Option<PathBuf>,
    /// Where the stream goes, once it is complete; standard output if it is left out or -
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How much time may be spent to make it small
    #[arg(short, long, value_enum, default_value_t = Level::Default)]
    pub(crate) level: Level,
    /// The GUID that the header gives the message; zeros if it is left out
    #[arg(long, value_name = "GUID")]
    pub(crate) message_id: Option<MessageId>,
    /// The number of the user whose message it is
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) puid: u64,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The streams; standard input if there are none, or for -
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Refuse messages of more bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().max_size)]
    max_size: u32,
}

impl LimitArgs {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_size: self.max_size,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Level {
    /// Several times as fast
    Fast,
    /// Good matches
    Default,
    /// Some percent smaller, and ten times as slow
    Best,
}

impl From<Level> for hu01::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Fast => Self::Fast,
            Level::Default => Self::Default,
            Level::Best => Self::Best,
        }
    }
}
