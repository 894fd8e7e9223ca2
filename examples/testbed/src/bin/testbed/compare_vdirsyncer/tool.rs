//! How each of the two is told to do the same.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use testbed::Radicale;

/// The version that is compared with.
const VERSION: &str = "0.21.0";

/// A program that synchronises.
#[derive(Debug)]
pub(super) enum Tool {
    Vdirsyncer(PathBuf),
    Bridge(PathBuf),
}

impl Tool {
    /// vdirsyncer, installed if it is not there.
    pub(super) fn vdirsyncer() -> io::Result<Self> {
        // This program lies at target/PROFILE/testbed.
        let target = env::current_exe()?;
        let target = target.ancestors().nth(2).unwrap_or(Path::new("target"));
        let home = target.join(format!("vdirsyncer-{VERSION}"));
        let program = home.join("bin/vdirsyncer");
        if !program.is_file() {
            eprintln!(
                "compare: installing vdirsyncer {VERSION} in {}",
                home.display()
            );
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
            let mut pip = Command::new(home.join("bin/pip"));
            succeed(pip.args(["install", "--quiet", &format!("vdirsyncer=={VERSION}")]))?;
        }
        Ok(Self::Vdirsyncer(program))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Vdirsyncer(_) => "vdirsyncer",
            Self::Bridge(_) => "bridge",
        }
    }

    /// Where the files lie.
    pub(super) fn vdir(&self, folder: &Path) -> PathBuf {
        folder.join("vdir").join(self.name())
    }

    /// Writes the configuration; vdirsyncer has to be told to look for collections.
    pub(super) fn configure(&self, folder: &Path, port: u16) -> io::Result<()> {
        let password = Radicale::password("alice");
        fs::create_dir_all(self.vdir(folder))?;
        let text = match self {
            Self::Vdirsyncer(_) => format!(
                "[general]
status_path = \"{0}/status/\"

[pair bench]
a = \"local\"
b = \"remote\"
collections = null

[storage local]
type = \"filesystem\"
path = \"{1}\"
fileext = \".ics\"

[storage remote]
type = \"caldav\"
url = \"http://127.0.0.1:{port}/alice/vdirsyncer/\"
username = \"alice\"
password = \"{password}\"
",
                folder.display(),
                self.vdir(folder).display()
            ),
            Self::Bridge(_) => format!(
                "state = \"state.db\"

[source.remote]
type = \"caldav\"
url = \"http://alice@127.0.0.1:{port}/alice/bridge/\"
password = \"{password}\"
allow_plaintext = true

[source.local]
type = \"vdir\"
path = \"vdir\"

[sync.bench]
left = \"remote\"
right = \"local\"
"
            ),
        };
        fs::write(self.config(folder), text)?;
        if let Self::Vdirsyncer(program) = self {
            let mut discover = Command::new(program);
            let config = self.config(folder);
            discover
                .arg("-c")
                .arg(config)
                .args(["discover", "bench"])
                .stdin(Stdio::piped());
            let mut child = discover
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?;
            if let Some(mut input) = child.stdin.take() {
                // To whatever it asks. It may ask nothing and be gone already.
                let _ = input.write_all(&b"y\n".repeat(10));
            }
            let output = child.wait_with_output()?;
            if !output.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&output.stderr)));
            }
        }
        Ok(())
    }

    /// The command that brings both sides in step.
    pub(super) fn command(&self, folder: &Path) -> Command {
        let config = self.config(folder);
        let mut command = match self {
            Self::Vdirsyncer(program) => {
                let mut command = Command::new(program);
                command
                    .arg("-v")
                    .arg("ERROR")
                    .arg("-c")
                    .arg(config)
                    .arg("sync");
                command
            }
            Self::Bridge(program) => {
                let mut command = Command::new(program);
                command.arg("--config").arg(config).arg("sync");
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn config(&self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Vdirsyncer(_) => "config",
            Self::Bridge(_) => "bridge.toml",
        })
    }
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{command:?}: {status}"))),
    }
}
