//! The Debian packages that the tests need.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
};

/// What is installed when it is missing: Dovecot, Radicale, and SOGo with what it needs; mbsync, mpop,
/// libwbxml and libwim to be compared with; and xmllint, which knows schemas.
const PACKAGES: [&str; 14] = [
    "dovecot-core",
    "dovecot-imapd",
    "dovecot-pop3d",
    "isync",
    "libwbxml2-dev",
    "libwbxml2-utils",
    "libwim-dev",
    "libxml2-utils",
    "memcached",
    "mpop",
    "postgresql",
    "radicale",
    "sogo",
    "sogo-activesync",
];

const INSTALL: &str = include_str!("install.sh");

/// Installs the packages that are missing, by root or sudo, after it has said which.
pub(crate) fn install_missing() -> io::Result<()> {
    let missing: Vec<_> = PACKAGES
        .into_iter()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !exists("apt-get") {
        return Err(io::Error::other(format!(
            "the tests need the Debian packages {list}, and there is no apt-get here"
        )));
    }
    eprintln!("testbed: installing the Debian packages {list} (no service of theirs is started)");
    let mut command = if fs::metadata("/proc/self")?.uid() == 0 {
        Command::new("sh")
    } else {
        eprintln!("testbed: by sudo");
        let mut sudo = Command::new("sudo");
        sudo.arg("sh");
        sudo
    };
    let status = command
        .args(["-c", INSTALL, "testbed-install"])
        .args(&missing)
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "could not install {list} ({status})"
    )))
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
