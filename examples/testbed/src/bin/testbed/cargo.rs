//! Runs cargo: the tests, the soak, the benches that need a library of Debian's.

use std::{
    env, io,
    process::{Command, ExitCode},
};

use crate::packages;

/// Runs the tests of the workspace, first those that need nothing, then those that need a server.
///
/// Both are run even if the first fail, so that one run shows all that is wrong.
pub(crate) fn test(args: &[&str]) -> io::Result<ExitCode> {
    packages::install_missing()?;
    let plan = TestPlan::new(args);
    for run in [plan.build(), plan.without_servers(), plan.with_servers()] {
        eprintln!("testbed: cargo {}", run.join(" "));
    }
    let built = run(&plan.build())?;
    if built != 0 {
        return Ok(ExitCode::from(built));
    }
    let without = run(&plan.without_servers())?;
    let with = run(&plan.with_servers())?;
    Ok(ExitCode::from(if without == 0 { with } else { without }))
}

/// Runs the soak of the reconciler.
pub(crate) fn soak(args: &[&str]) -> io::Result<ExitCode> {
    let mut line: Vec<_> = "run --release --package sync-core --features testing --example soak --"
        .split(' ')
        .map(str::to_owned)
        .collect();
    if !args.iter().any(|arg| arg.starts_with("--seed")) {
        line.extend(["--seeds", "10000"].map(str::to_owned));
    }
    line.extend(args.iter().map(|arg| (*arg).to_owned()));
    Ok(ExitCode::from(run(&line)?))
}

/// Runs the bench of WBXML beside libwbxml.
pub(crate) fn compare_libwbxml(args: &[&str]) -> io::Result<ExitCode> {
    bench("eas", "libwbxml", args)
}

/// Runs the bench of the XPRESS codec beside libwim.
pub(crate) fn compare_libwim(args: &[&str]) -> io::Result<ExitCode> {
    bench("deltasync", "libwim", args)
}

fn bench(package: &str, name: &str, args: &[&str]) -> io::Result<ExitCode> {
    packages::install_missing()?;
    let mut line: Vec<_> = ["bench", "--package", package, "--bench", name, "--"]
        .map(str::to_owned)
        .into();
    line.extend(args.iter().map(|arg| (*arg).to_owned()));
    Ok(ExitCode::from(run(&line)?))
}

/// The calls of `cargo test` that one `testbed test` comes to.
struct TestPlan {
    /// Which packages, and what else the caller wants cargo to do.
    selection: Vec<String>,
    /// What goes to the test harness.
    harness: Vec<String>,
}

impl TestPlan {
    fn new(args: &[&str]) -> Self {
        let owned = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect();
        let (cargo, harness): (Vec<String>, Vec<String>) =
            match args.iter().position(|arg| *arg == "--") {
                Some(at) => {
                    let (cargo, rest) = args.split_at(at);
                    (owned(cargo), owned(rest.get(1..).unwrap_or_default()))
                }
                None => (owned(args), Vec::new()),
            };
        let names_packages = cargo
            .iter()
            .any(|arg| arg.starts_with("-p") || arg.starts_with("--package"));
        let mut selection = vec!["test".to_owned()];
        if !names_packages {
            selection.push("--workspace".into());
        }
        selection.push("--all-features".into());
        selection.extend(cargo);
        Self { selection, harness }
    }

    fn build(&self) -> Vec<String> {
        [&self.selection[..], &["--no-run".to_owned()]].concat()
    }

    fn without_servers(&self) -> Vec<String> {
        self.line(&["--no-fail-fast"], &[])
    }

    /// Examples in the documentation that are marked as ignored do not compile; they stay out.
    fn with_servers(&self) -> Vec<String> {
        let names_targets = ["--lib", "--bin", "--test", "--example", "--doc"];
        let named = self
            .selection
            .iter()
            .any(|arg| names_targets.iter().any(|name| arg.starts_with(name)));
        let targets: &[_] = if named {
            &[]
        } else {
            &["--lib", "--bins", "--tests"]
        };
        self.line(&[targets, &["--no-fail-fast"]].concat(), &["--ignored"])
    }

    fn line(&self, cargo: &[&str], harness: &[&str]) -> Vec<String> {
        let mut line = self.selection.clone();
        line.extend(cargo.iter().map(|arg| (*arg).to_owned()));
        line.push("--".into());
        line.extend(harness.iter().map(|arg| (*arg).to_owned()));
        line.extend(self.harness.iter().cloned());
        line
    }
}

/// Runs cargo in the environment that cargo itself was started in; its exit status.
pub(crate) fn run(line: &[String]) -> io::Result<u8> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(line).env("TESTBED", "1");
    // `cargo run` describes this package to this process. A build script that looks at these
    // words would think that it has changed.
    for (name, _) in env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || [
                    "CARGO_CRATE_NAME",
                    "CARGO_BIN_NAME",
                    "CARGO_PRIMARY_PACKAGE",
                ]
                .contains(&name)
        });
        if ours {
            command.env_remove(name);
        }
    }
    let status = command.status()?;
    // By a signal: as a shell would say it, without the signal's number.
    Ok(status
        .code()
        .map_or(1, |code| u8::try_from(code).unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::TestPlan;

    #[test]
    fn without_arguments_it_is_the_whole_workspace() {
        let plan = TestPlan::new(&[]);
        assert_eq!(
            plan.without_servers().join(" "),
            "test --workspace --all-features --no-fail-fast --"
        );
        assert_eq!(
            plan.with_servers().join(" "),
            "test --workspace --all-features --lib --bins --tests --no-fail-fast -- --ignored"
        );
    }

    #[test]
    fn arguments_reach_cargo_and_the_harness() {
        let plan = TestPlan::new(&["-p", "imap-client", "--test", "dovecot", "--", "idle"]);
        assert_eq!(
            plan.with_servers().join(" "),
            "test --all-features -p imap-client --test dovecot --no-fail-fast -- --ignored idle"
        );
        assert_eq!(
            plan.build().join(" "),
            "test --all-features -p imap-client --test dovecot --no-run"
        );
    }
}
