//! Keeps any two sources of mail, calendars and contacts in step.

mod cli;
mod commands;
mod config;
mod credentials;
mod failure;
mod output;
mod registry;
mod run;
mod signals;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use config::Config;
use failure::{Ending, Failure};
use output::{Output, Terminal, start_log};
use signals::Interrupt;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    start_log(cli.json, cli.verbose);
    // Two: while one writes to the disk, the other listens to servers and signals.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(perform(&cli, output)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(ending) => ending.into(),
        Err(failure) => {
            report(&failure, output);
            failure.exit_code()
        }
    }
}

async fn perform(cli: &Cli, output: Output) -> Result<Ending, Failure> {
    let load = || Config::load(&cli.config, registry::BUILT);
    match &cli.command {
        Command::Init => commands::init::run(&cli.config, output),
        Command::Check(names) => commands::check::run(&load()?, &names.names, output).await,
        Command::Plan(args) => {
            commands::sync::plan(&load()?, args, output, &Interrupt::listen()?).await
        }
        Command::Sync(args) => {
            commands::sync::sync(&load()?, args, output, &Interrupt::listen()?).await
        }
        Command::Watch(args) => {
            commands::watch::run(&load()?, args, output, &Interrupt::listen()?).await
        }
        Command::Status => commands::status::run(&load()?, output),
        Command::Conflicts(args) => commands::conflicts::run(&load()?, args, output),
        Command::History(args) => commands::history::run(&load()?, args, output),
        Command::Demo(args) => commands::demo::run(args, output, &Interrupt::listen()?).await,
        Command::Undo(args) => commands::undo::run(&load()?, args.what, output).await,
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
