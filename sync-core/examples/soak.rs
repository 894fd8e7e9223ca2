//! Plays many scenarios of the simulator: `soak --seeds N [--seed FIRST]`.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;

use sync_core::testing::simulator;

fn main() -> ExitCode {
    let mut seeds = 10_000;
    let mut first = 0;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().and_then(|v| v.parse::<u64>().ok());
        match (arg.as_str(), value) {
            ("--seeds", Some(n)) => seeds = n,
            ("--seed", Some(n)) => first = n,
            _ => {
                println!("usage: soak [--seeds N] [--seed FIRST]");
                return ExitCode::from(2);
            }
        }
    }
    for seed in first..first.saturating_add(seeds) {
        if let Err(failure) = simulator::check(seed) {
            println!("{failure}");
            return ExitCode::FAILURE;
        }
        if (seed - first) % 1_000 == 999 {
            println!("{} scenarios kept every promise", seed - first + 1);
        }
    }
    println!("{seeds} scenarios from seed {first} kept every promise");
    ExitCode::SUCCESS
}
