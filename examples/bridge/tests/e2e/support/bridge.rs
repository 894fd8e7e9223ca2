//! The program, and what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::store::Store;

/// A directory with a config, to run the program in.
pub(crate) struct Bridge {
    directory: TempDir,
    /// What the sides say in the config.
    sources: String,
}

/// What one call of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bridge {
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        Self {
            directory: directory.unwrap(),
            sources: String::new(),
        }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the config that keeps both in step.
    pub(crate) fn between(&mut self, left: &dyn Store, right: &dyn Store) {
        self.with_sources(&left.config(), &right.config());
    }

    /// The same, from the lines of both `[source.NAME]`.
    pub(crate) fn with_sources(&mut self, left: &str, right: &str) {
        self.sources = format!("[source.a]\n{left}[source.b]\n{right}");
        self.rules("");
    }

    /// Writes the config anew, with these lines in `[sync.mail]`.
    pub(crate) fn rules(&self, lines: &str) {
        let text = format!(
            "state = \"state.db\"\n{}[sync.mail]\nleft = \"a\"\nright = \"b\"\n{lines}\n",
            self.sources
        );
        fs::write(self.path("bridge.toml"), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridge"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("RUST_LOG")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// `bridge sync --json`, which has to end with 0.
    #[track_caller]
    pub(crate) fn sync(&self) -> Run {
        self.run(&["sync", "--json"]).code(0)
    }

    /// Starts `bridge sync` and kills it after a while; whether it was still running.
    pub(crate) fn kill_after(&self, while_: Duration) -> bool {
        let mut command = self.command(&["sync"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let end = Instant::now() + while_;
        let mut child = command.spawn().unwrap();
        thread::sleep(end.saturating_duration_since(Instant::now()));
        let runs = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        runs
    }

    /// The state's file.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("state.db")
    }

    /// The files in the directory, with their contents.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    /// Removes the state and all that SQLite keeps beside it.
    pub(crate) fn forget(&self) {
        for (path, _) in self.files() {
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with("state.db") {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

impl Run {
    /// This run, if it ended so.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// The results of one type, as JSON.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<Value> {
        let lines = self.out.lines();
        let mut lines: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines.retain(|line| line["type"] == kind);
        lines
    }

    /// The report of the one `[sync.NAME]`.
    #[track_caller]
    pub(crate) fn report(&self) -> Value {
        let mut reports = self.of_type("report");
        assert_eq!(reports.len(), 1, "{}\n{}", self.out, self.err);
        reports.remove(0)
    }

    /// How many writes of this sort the report names on a side, over all collections.
    #[track_caller]
    pub(crate) fn written(&self, side: &str, what: &str) -> u64 {
        let report = self.report();
        let pairs = report["pairs"].as_array().unwrap();
        pairs
            .iter()
            .map(|pair| pair["written"][side][what].as_u64().unwrap())
            .sum()
    }

    /// Fails if anything was written or is left to be told.
    #[track_caller]
    pub(crate) fn is_quiet(&self) {
        assert_eq!(self.report()["pairs"], Value::Array(Vec::new()));
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Reads what a child printed, to its end.
pub(crate) fn finish(child: Child) -> Run {
    child.wait_with_output().unwrap().into()
}
