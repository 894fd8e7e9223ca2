//! Runs a server under a shell that outlives this process by a moment.
//!
//! The shell makes the scratch folder, starts the server in a session of its own, and then reads
//! from a pipe whose other end only this process holds. When the pipe closes, because the
//! [`Supervisor`] was dropped or because this process is gone, by whatever signal, the shell kills
//! the server's process group and removes the folder. The shell has a process group of its own
//! too, so that Ctrl-C on a terminal does not end it before its work.

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::{Error, Result, error::Doing};

const SCRIPT: &str = include_str!("supervisor.sh");

/// A scratch folder, and the server that runs in it once [`Supervisor::start`] was called.
#[derive(Debug)]
pub(crate) struct Supervisor {
    folder: PathBuf,
    shell: Child,
    /// The pipe that keeps the server alive; `None` only while being dropped.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    server: Option<u32>,
}

impl Supervisor {
    /// Makes a scratch folder with a short name in `parent`.
    pub(crate) fn new(parent: &Path) -> Result<Self> {
        let name = RandomState::new().hash_one(0) & 0xffff_ffff_ffff;
        let folder = parent.join(format!("tb-{name:012x}"));
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "testbed-supervisor"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .doing(|| "starting sh".into())?;
        let (orders, answers) = (shell.stdin.take(), shell.stdout.take());
        let Some(answers) = answers else {
            return Err(silent(&folder));
        };
        let mut supervisor = Self {
            folder,
            shell,
            orders,
            answers: BufReader::new(answers),
            server: None,
        };
        match supervisor.answer()?.as_str() {
            "made" => Ok(supervisor),
            _ => Err(silent(&supervisor.folder)),
        }
    }

    /// The scratch folder. It goes away with the supervisor.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the server; `command` is a line for `sh`. Its output goes to `output.log` in the
    /// scratch folder.
    pub(crate) fn start(&mut self, command: &str) -> Result<()> {
        if let Some(orders) = &mut self.orders {
            writeln!(orders, "{command}").doing(|| "talking to the supervisor".into())?;
        }
        let pid = self.answer()?;
        self.server = Some(pid.parse().map_err(|_| silent(&self.folder))?);
        Ok(())
    }

    /// The process id of the server once it was started; also the id of its group and session.
    pub(crate) fn server(&self) -> Option<u32> {
        self.server
    }

    /// Whether the server's first process still runs.
    pub(crate) fn is_running(&self) -> bool {
        self.server.is_some_and(is_running)
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .doing(|| "talking to the supervisor".into())?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.orders.take());
        // Nothing can be done about an error here, and nothing hangs on it.
        let _ = self.shell.wait();
    }
}

/// Whether a process exists and is more than a zombie, which a slow init may leave for seconds.
fn is_running(pid: u32) -> bool {
    // "PID (NAME) STATE ...", and NAME may hold anything.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| {
            let (_, after_name) = stat.rsplit_once(") ")?;
            after_name.chars().next()
        })
        .is_some_and(|state| state != 'Z' && state != 'X')
}

fn silent(folder: &Path) -> Error {
    Error::NotStarted {
        log: format!(
            "the supervising shell could not create {}",
            folder.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Supervisor, is_running};
    use std::{
        env, fs, panic,
        path::PathBuf,
        sync::Mutex,
        thread,
        time::{Duration, Instant},
    };

    #[test]
    fn dropping_ends_the_whole_group_and_removes_the_folder() {
        let mut supervisor = Supervisor::new(&env::temp_dir()).unwrap();
        let folder = supervisor.folder().to_owned();
        let note = folder.join("child");
        supervisor
            .start(&format!(
                "sleep 1000 & echo $! >{}; exec sleep 1000",
                note.display()
            ))
            .unwrap();
        let child = || fs::read_to_string(&note).ok()?.trim().parse().ok();
        eventually(|| child().is_some());
        let (server, child) = (supervisor.server().unwrap(), child().unwrap());
        assert!(is_running(server));
        assert!(is_running(child));
        drop(supervisor);
        assert!(!is_running(server));
        // Killed, but nobody waited for it.
        eventually(|| !is_running(child));
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_that_just_started_is_ended_too() {
        for _ in 0..20 {
            let mut supervisor = Supervisor::new(&env::temp_dir()).unwrap();
            supervisor.start("sleep 1000 & exec sleep 1000").unwrap();
            let group = supervisor.server().unwrap();
            drop(supervisor);
            eventually(|| !group_is_running(group));
        }
    }

    /// Waits for something that is bound to happen soon.
    fn eventually(is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is_so() {
            assert!(Instant::now() < deadline);
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn group_is_running(group: u32) -> bool {
        fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| {
                let fields: Vec<_> = rest.split(' ').collect();
                fields[0] != "Z" && fields[0] != "X" && fields[2] == group.to_string()
            })
        })
    }

    #[test]
    fn a_panic_ends_the_server() {
        let seen = Mutex::new((0, PathBuf::new()));
        panic::catch_unwind(|| {
            let mut supervisor = Supervisor::new(&env::temp_dir()).unwrap();
            supervisor.start("exec sleep 1000").unwrap();
            *seen.lock().unwrap() = (supervisor.server().unwrap(), supervisor.folder().to_owned());
            panic::resume_unwind(Box::new(()));
        })
        .unwrap_err();
        let (pid, folder) = seen.into_inner().unwrap();
        assert!(!is_running(pid));
        assert!(!folder.exists());
    }

    #[test]
    fn a_folder_that_was_never_started_goes_too() {
        let supervisor = Supervisor::new(&env::temp_dir()).unwrap();
        let folder = supervisor.folder().to_owned();
        assert!(folder.exists());
        drop(supervisor);
        assert!(!folder.exists());
    }

    #[test]
    fn a_parent_that_is_not_there_is_an_error() {
        Supervisor::new("/nonexistent".as_ref()).unwrap_err();
    }
}
