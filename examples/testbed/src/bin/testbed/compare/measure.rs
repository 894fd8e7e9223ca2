//! Time and memory of a process.

use std::{
    fs, io,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Runs a command to its end; how long it took from the start of the process.
pub(crate) fn time(mut command: Command) -> io::Result<Duration> {
    command.stderr(Stdio::piped());
    let start = Instant::now();
    let child = command.spawn()?;
    let output = child.wait_with_output()?;
    let took = start.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.trim_end().lines().next_back().unwrap_or_default();
    Err(io::Error::other(format!("{} ({last})", output.status)))
}

/// Runs a command to its end; the most memory it held at any time, in bytes.
///
/// The kernel keeps that number for a process, so what is read last is the peak, but for what may
/// have been added in the last millisecond. `wait4` would give a wrong one: it starts from this
/// process's own.
pub(crate) fn peak(mut command: Command) -> io::Result<u64> {
    let mut child = command.stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    let status = loop {
        peak = high_water_mark(&child).unwrap_or(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_micros(500));
    };
    if status.success() {
        return Ok(peak);
    }
    Err(io::Error::other(status.to_string()))
}

/// VmHWM; `None` once the process has ended.
fn high_water_mark(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::{peak, time};
    use std::process::Command;

    #[test]
    fn a_failure_is_no_time() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one >&2; echo two >&2; exit 3"]);
        let error = time(command).unwrap_err().to_string();
        assert!(error.contains("two") && error.contains('3'), "{error}");
    }

    #[test]
    fn memory_is_that_of_the_child() {
        // Held by this process, not by the child.
        let held = vec![1_u8; 64 << 20];
        let mut command = Command::new("sleep");
        command.arg("0.2");
        let peak = peak(command).unwrap();
        assert!(peak > 100_000 && peak < 16 << 20, "{peak}");
        assert_eq!(held.len(), 64 << 20);
    }
}
