//! Reads and writes HU01, the streams in which Hotmail sent its mail.

mod cli;
mod commands;
mod files;
mod progress;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Info(args) => commands::info(&args).map(|()| true),
        Command::Decompress(args) => commands::decompress(&args).map(|()| true),
        Command::Compress(args) => commands::compress(&args).map(|()| true),
        Command::Verify(args) => commands::verify(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Who reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere else to say it.
            let _ = writeln!(io::stderr(), "hu01: {error}");
            ExitCode::FAILURE
        }
    }
}
