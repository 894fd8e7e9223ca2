//! Keeps any two sources of mail, calendars and contacts in step.
#![allow(dead_code, unused_imports)]

mod cli;
mod commands;
mod config;
mod failure;
mod output;
mod shim;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use config::{Config, SourceType};
use failure::{Ending, Failure};
use output::{Output, Terminal, start_log};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    start_log(cli.json, cli.verbose);
    match run(&cli, output) {
        Ok(ending) => ending.into(),
        Err(failure) => {
            report(&failure, output);
            failure.exit_code()
        }
    }
}

fn run(cli: &Cli, output: Output) -> Result<Ending, Failure> {
    match cli.command {
        Command::Init => commands::init::run(&cli.config, output),
        _ => {
            Config::load(&cli.config, &[SourceType::Imap, SourceType::Maildir])?;
            Err(Failure::Usage("this command comes with the engine".into()))
        }
    }
}

/// The last words of a command that failed.
fn report(failure: &Failure, output: Output) {
    if failure.is_broken_pipe() {
        return;
    }
    // Nothing is left to be done if these cannot be written either.
    if output.is_json() {
        let _ = output.record(&failure.record());
        tracing::error!("{failure}");
    } else if let Failure::Config(errors) = failure {
        // `file:line:column:` comes first, where editors look for it.
        let _ = writeln!(Terminal, "{errors}");
    } else {
        let _ = writeln!(Terminal, "error: {failure}");
    }
}
