//! Runs the tests that need real servers, and what else needs them.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]
#![allow(
    clippy::print_stdout,
    reason = "what a command finds out is its standard output"
)]

mod cargo;
mod compare;
mod compare_mpop;
mod compare_vdirsyncer;
mod packages;
mod up;

use std::{env, process::ExitCode};

const USAGE: &str = "\
Real servers on loopback, and what needs them.

usage: cargo testbed COMMAND

  test [ARGS] [-- HARNESS-ARGS]
        installs what is missing, then runs all tests of the workspace, those with real servers
        included; what follows is passed on to cargo test
  soak [--seeds N] [--seed S]
        runs the reconciler's property tests in a release build over N seeds (10,000), or over S
  compare-mbsync [OPTIONS]
        compares bridge with Debian's mbsync: time, memory, round trips; --help says more
  compare-libwbxml
        compares the WBXML of eas with Debian's libwbxml: time
  compare-libwim
        compares the XPRESS codec of deltasync with Debian's libwim: time and size
  compare-mpop [OPTIONS]
        compares bridge with Debian's mpop on a POP3 mailbox: time and CPU; --help says more
  compare-vdirsyncer [OPTIONS]
        compares bridge with vdirsyncer on Radicale: time, memory, traffic; --help says more
  install
        installs the Debian packages that the tests need
  up dovecot [--memory]
  up radicale
  up sogo
        starts a server, prints its ports and users, and ends it at Ctrl-C or the end of input
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.split_first() {
        Some((&"test", rest)) => cargo::test(rest),
        Some((&"soak", rest)) => cargo::soak(rest),
        Some((&"compare-mbsync", rest)) => compare::run(rest),
        Some((&"compare-libwbxml", rest)) => cargo::compare_libwbxml(rest),
        Some((&"compare-libwim", rest)) => cargo::compare_libwim(rest),
        Some((&"compare-mpop", rest)) => compare_mpop::run(rest),
        Some((&"compare-vdirsyncer", rest)) => compare_vdirsyncer::run(rest),
        Some((&"install", [])) => packages::install_missing().map(|()| ExitCode::SUCCESS),
        Some((&"up", ["dovecot"])) => up::dovecot(false),
        Some((&"up", ["dovecot", "--memory"])) => up::dovecot(true),
        Some((&"up", ["radicale"])) => up::radicale(),
        Some((&"up", ["sogo"])) => up::sogo(),
        Some((&("help" | "-h" | "--help"), _)) => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("testbed: {error}");
        ExitCode::FAILURE
    })
}
