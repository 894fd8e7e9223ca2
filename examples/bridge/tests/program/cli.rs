//! The command line and the config.

use crate::place::Place;

#[test]
fn init_writes_a_config_once() {
    let place = Place::new();
    let out = place.bridge(&["init"]);
    assert_eq!(out.code, Some(0));
    assert_eq!(
        out.out,
        "Wrote bridge.toml. Edit it, then run `bridge check`.\n"
    );
    let file = place.path("bridge.toml");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    std::fs::write(&file, "mine").unwrap();
    let out = place.bridge(&["init"]);
    assert_eq!(out.code, Some(1));
    assert_eq!(
        out.err,
        "error: bridge.toml is there already; it was left as it is\n"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn init_tells_programs_what_it_wrote() {
    let place = Place::new();
    let out = place.bridge(&["init", "--json", "--config", "a.toml"]);
    assert_eq!(out.out, "{\"type\":\"init\",\"file\":\"a.toml\"}\n");
}

#[test]
fn bad_usage_is_status_2() {
    let place = Place::new();
    for arguments in [
        &["frobnicate"][..],
        &[],
        &["sync", "--max-deletes", "x"],
        &["undo"],
        &["undo", "run", "x"],
    ] {
        assert_eq!(place.bridge(arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn a_wrong_config_is_status_2_and_points_at_the_line() {
    let place = Place::new();
    std::fs::write(place.path("bridge.toml"), "state = 1\n[sorce.a]\n").unwrap();
    for command in [
        "check",
        "plan",
        "sync",
        "watch",
        "status",
        "conflicts",
        "history",
    ] {
        let out = place.bridge(&[command]);
        assert_eq!(out.code, Some(2), "{command}");
        let shown = &out.err;
        assert!(
            shown.starts_with("bridge.toml:1:9: `state` must be a string, not a number\n"),
            "{shown}"
        );
        assert!(
            shown.contains("bridge.toml:2:2: unknown key `sorce` in the top level"),
            "{shown}"
        );
        assert_eq!(out.out, "");
    }
    let out = place.bridge(&["sync", "--json"]);
    assert_eq!(out.code, Some(2));
    let line = &out.out;
    let error: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(error["type"], "error");
    assert_eq!(error["kind"], "config");
    assert_eq!(error["file"], "bridge.toml");
    assert_eq!(error["errors"][0]["line"], 1);
    assert_eq!(error["errors"][0]["column"], 9);
    assert_eq!(
        error["errors"][0]["message"],
        "`state` must be a string, not a number"
    );
    for line in out.err.lines() {
        let log: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(log["type"], "log");
    }
}

#[test]
fn a_missing_config_says_how_to_begin() {
    let place = Place::new();
    let out = place.bridge(&["status"]);
    assert_eq!(out.code, Some(2));
    let shown = &out.err;
    assert!(
        shown.starts_with("bridge.toml: cannot read the config: "),
        "{shown}"
    );
    assert!(shown.contains("`bridge init` writes one"), "{shown}");
}
