//! The binary as people and programs call it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::process::{Command, Output};

fn bridge(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bridge"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("RUST_LOG")
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn init_writes_a_config_once() {
    let dir = tempfile::tempdir().unwrap();
    let out = bridge(dir.path(), &["init"]);
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(
        text(&out.stdout),
        "Wrote bridge.toml. Edit it, then run `bridge check`.\n"
    );
    let file = dir.path().join("bridge.toml");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    std::fs::write(&file, "mine").unwrap();
    let out = bridge(dir.path(), &["init"]);
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(
        text(&out.stderr),
        "error: bridge.toml is there already; it was left as it is\n"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn init_tells_programs_what_it_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let out = bridge(dir.path(), &["init", "--json", "--config", "a.toml"]);
    assert_eq!(
        text(&out.stdout),
        "{\"type\":\"init\",\"file\":\"a.toml\"}\n"
    );
}

#[test]
fn bad_usage_is_status_2() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [
        &["frobnicate"][..],
        &[],
        &["sync", "--max-deletes", "x"],
        &["undo"],
        &["undo", "run", "x"],
    ] {
        assert_eq!(
            bridge(dir.path(), arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_wrong_config_is_status_2_and_points_at_the_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bridge.toml"), "state = 1\n[sorce.a]\n").unwrap();
    for command in [
        "check",
        "plan",
        "sync",
        "watch",
        "status",
        "conflicts",
        "history",
    ] {
        let out = bridge(dir.path(), &[command]);
        assert_eq!(out.status.code(), Some(2), "{command}");
        let shown = text(&out.stderr);
        assert!(
            shown.starts_with("bridge.toml:1:9: `state` must be a string, not a number\n"),
            "{shown}"
        );
        assert!(
            shown.contains("bridge.toml:2:2: unknown key `sorce` in the top level"),
            "{shown}"
        );
        assert_eq!(text(&out.stdout), "");
    }
    let out = bridge(dir.path(), &["sync", "--json"]);
    assert_eq!(out.status.code(), Some(2));
    let line = text(&out.stdout);
    let error: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(error["type"], "error");
    assert_eq!(error["kind"], "config");
    assert_eq!(error["file"], "bridge.toml");
    assert_eq!(error["errors"][0]["line"], 1);
    assert_eq!(error["errors"][0]["column"], 9);
    assert_eq!(
        error["errors"][0]["message"],
        "`state` must be a string, not a number"
    );
    for line in text(&out.stderr).lines() {
        let log: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(log["type"], "log");
    }
}

#[test]
fn a_missing_config_says_how_to_begin() {
    let dir = tempfile::tempdir().unwrap();
    let out = bridge(dir.path(), &["status"]);
    assert_eq!(out.status.code(), Some(2));
    let shown = text(&out.stderr);
    assert!(
        shown.starts_with("bridge.toml: cannot read the config: "),
        "{shown}"
    );
    assert!(shown.contains("`bridge init` writes one"), "{shown}");
}
