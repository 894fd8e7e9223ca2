//! Two Maildirs kept in step by the binary.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::place::{Place, Run};

const CONFIG: &str = r#"
[source.here]
type = "maildir"
path = "Here"
layout = "fs"
[source.there]
type = "maildir"
path = "There"
layout = "maildir++"
[sync.mail]
left = "here"
right = "there"
"#;

/// Thirty messages here, none there.
fn place() -> Place {
    let place = Place::new();
    place.write("bridge.toml", CONFIG);
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(place.path("Here/INBOX").join(part)).unwrap();
    }
    for number in 1..=30 {
        let text =
            format!("Subject: message {number}\nMessage-ID: <{number}@x>\n\nText {number}.\n");
        place.write(&format!("Here/INBOX/cur/{number}.a:2,S"), &text);
    }
    place
}

/// The messages in a folder of a Maildir, by what their first line says, with their flags.
fn messages(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for part in ["cur", "new"] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let flags = name.split_once(":2,").map_or("", |(_, flags)| flags);
            all.insert(format!("{} [{flags}]", text.lines().next().unwrap()));
        }
    }
    all
}

fn here(place: &Place) -> BTreeSet<String> {
    messages(&place.path("Here/INBOX"))
}

fn there(place: &Place) -> BTreeSet<String> {
    messages(&place.path("There"))
}

/// The file there that holds the message of this number.
fn find_there(place: &Place, number: u32) -> PathBuf {
    let wanted = format!("Subject: message {number}\n");
    fs::read_dir(place.path("There/cur"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read_to_string(path).unwrap().starts_with(&wanted))
        .unwrap()
}

fn report(run: &Run) -> Value {
    run.of_type("report").pop().expect("a report")
}

fn files(place: &Place) -> BTreeSet<String> {
    fs::read_dir(place.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_plan_is_what_a_sync_then_does_and_writes_nothing() {
    let place = place();
    let before = files(&place);
    let plan = place.bridge(&["plan", "--json"]).code(0);
    assert_eq!(files(&place), before, "not even state");
    let steps = plan.of_type("plan");
    let creations = steps
        .iter()
        .filter(|step| step["action"] == "create")
        .count();
    assert_eq!(creations, 30);
    assert_eq!(report(&plan)["planned"], true);

    let done = report(&place.bridge(&["sync", "--json"]).code(0));
    assert_eq!(done["pairs"], report(&plan)["pairs"]);
    assert_eq!(done["run"], 1);
    assert_eq!(here(&place), there(&place));

    let again = report(&place.bridge(&["sync", "--json"]).code(0));
    assert_eq!(
        again["pairs"],
        Value::Array(Vec::new()),
        "nothing is written"
    );
}

#[test]
fn results_and_progress_are_one_json_object_a_line() {
    let place = place();
    for command in ["check", "plan", "sync", "status", "history", "conflicts"] {
        let run = place.bridge(&[command, "--json"]).code(0);
        for line in run.out.lines().chain(run.err.lines()) {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["type"].is_string(), "{line}");
        }
    }
    let progress = place.bridge(&["sync", "--json"]);
    assert!(
        progress
            .err
            .contains(r#"{"type":"progress","collection":"INBOX","event":"listing""#)
    );
}

#[test]
fn check_shows_what_would_pair() {
    let place = place();
    let run = place.bridge(&["check"]).code(0);
    assert_eq!(
        run.out,
        "here (maildir, Here): ok, 1 collection\n  INBOX  message  inbox\n\
         there (maildir, There): ok, 0 collections\n\
         mail: here and there\n  INBOX  <->  -  to be created on the right\n"
    );
    assert!(!place.path("There").exists() && !place.path("state.db").exists());
}

#[test]
fn edits_of_both_sides_merge_and_an_undo_brings_back() {
    let place = place();
    place.bridge(&["sync"]).code(0);
    // Another flag on each side, a deletion on each side, an edit against a deletion.
    let rename = |from: PathBuf, to: &str| fs::rename(&from, from.with_file_name(to)).unwrap();
    rename(place.path("Here/INBOX/cur/1.a:2,S"), "1.a:2,FS");
    let flagged = find_there(&place, 1);
    let name = flagged.file_name().unwrap().to_str().unwrap().to_owned();
    rename(flagged, &name.replace(":2,S", ":2,RS"));
    fs::remove_file(place.path("Here/INBOX/cur/2.a:2,S")).unwrap();
    fs::remove_file(find_there(&place, 3)).unwrap();
    fs::remove_file(place.path("Here/INBOX/cur/4.a:2,S")).unwrap();
    let edited = find_there(&place, 4);
    let name = edited.file_name().unwrap().to_str().unwrap().to_owned();
    rename(edited, &name.replace(":2,S", ":2,"));

    let run = place.bridge(&["sync"]).code(0);
    assert_eq!(here(&place), there(&place), "{}", run.out);
    assert!(here(&place).contains("Subject: message 1 [FRS]"));
    assert!(
        here(&place).contains("Subject: message 4 []"),
        "an edit wins over a deletion"
    );
    assert_eq!(here(&place).len(), 28);

    let runs = place.bridge(&["history", "--json"]).code(0).of_type("run");
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["run"], 2);
    let entries = place
        .bridge(&["history", "2", "--json"])
        .code(0)
        .of_type("entry");
    let deleted = |entry: &&Value| entry["action"] == "deleted";
    assert_eq!(entries.iter().filter(deleted).count(), 2);
    let three = entries
        .iter()
        .find(|entry| entry["title"] == "message 3")
        .unwrap();
    assert_eq!(
        (&three["source"], &three["flags"]),
        (&Value::from("here"), &Value::from("\\Seen"))
    );

    let id = three["entry"].to_string();
    let run = place.bridge(&["undo", "item", &id]).code(0);
    assert!(
        run.out
            .starts_with(&format!("{id}  brought back on here: \"message 3\"\n")),
        "{}",
        run.out
    );
    place.bridge(&["sync"]).code(0);
    assert!(there(&place).contains("Subject: message 3 [S]"));
    assert_eq!(here(&place), there(&place));
    let run = place.bridge(&["undo", "item", &id]).code(0);
    assert_eq!(run.out, "There is nothing to bring back.\n");

    place.bridge(&["undo", "run", "2"]).code(0);
    place.bridge(&["sync"]).code(0);
    assert!(here(&place).contains("Subject: message 2 [S]"));
    assert_eq!(here(&place), there(&place));
    let again = place.bridge(&["sync", "--json"]).code(0);
    assert_eq!(report(&again)["pairs"], Value::Array(Vec::new()));
}

#[test]
fn undo_of_what_is_not_there_fails() {
    let place = place();
    for arguments in [
        &["undo", "last"][..],
        &["undo", "run", "1"],
        &["undo", "item", "1"],
    ] {
        assert_eq!(
            place.bridge(arguments).code(1).err,
            "error: nothing was run yet\n"
        );
    }
    place.bridge(&["sync"]).code(0);
    let err = place.bridge(&["undo", "last"]).code(1).err;
    assert_eq!(err, "error: no run overwrote or deleted anything\n");
    let err = place.bridge(&["undo", "run", "7"]).code(1).err;
    assert_eq!(
        err,
        "error: the history has no run 7; `bridge history` lists them\n"
    );
    let err = place.bridge(&["undo", "item", "7"]).code(1).err;
    assert_eq!(
        err,
        "error: the history has no entry 7; `bridge history RUN` lists them\n"
    );
    let err = place
        .bridge(&["conflicts", "resolve", "7", "left"])
        .code(1)
        .err;
    assert_eq!(
        err,
        "error: there is no conflict 7; `bridge conflicts` lists them\n"
    );
}

#[test]
fn a_guard_stops_with_status_3_and_can_be_lifted() {
    let place = place();
    place.bridge(&["sync"]).code(0);
    let before = there(&place);
    for number in 1..=25 {
        fs::remove_file(place.path(format!("Here/INBOX/cur/{number}.a:2,S"))).unwrap();
    }
    for command in ["plan", "sync"] {
        let run = place.bridge(&[command]).code(3);
        assert!(
            run.out
                .contains("INBOX: stopped by a guard: 25 of 30 items would be deleted"),
            "{}",
            run.out
        );
        assert_eq!(there(&place), before);
    }
    place.bridge(&["sync", "--max-deletes", "24"]).code(3);
    let run = place.bridge(&["sync", "--max-deletes", "25"]).code(0);
    assert!(
        run.out.contains("INBOX: 25 deleted on there"),
        "{}",
        run.out
    );
    assert_eq!(there(&place).len(), 5);
}

#[test]
fn an_emptied_side_deletes_nothing() {
    let place = place();
    place.bridge(&["sync"]).code(0);
    for number in 1..=30 {
        fs::remove_file(place.path(format!("Here/INBOX/cur/{number}.a:2,S"))).unwrap();
    }
    place.bridge(&["sync"]).code(3);
    assert_eq!(there(&place).len(), 30);
    fs::remove_dir_all(place.path("Here")).unwrap();
    place.bridge(&["sync"]).code(3);
    assert_eq!(there(&place).len(), 30);
    assert!(
        !place.path("Here").exists(),
        "a side that vanished is not made anew"
    );
}

#[test]
fn a_state_that_is_lost_or_set_aside_doubles_nothing() {
    let place = place();
    place.bridge(&["sync"]).code(0);
    fs::remove_file(place.path("Here/INBOX/cur/1.a:2,S")).unwrap();
    let run = place.bridge(&["sync", "--rejoin"]).code(0);
    assert!(
        run.out.starts_with("Set state.db aside as state.db."),
        "{}",
        run.out
    );
    assert_eq!(here(&place), there(&place));
    assert_eq!(
        here(&place).len(),
        30,
        "nothing is deleted, nothing doubled"
    );
    let old = files(&place)
        .into_iter()
        .filter(|name| name.ends_with(".old"));
    assert_eq!(old.count(), 1);
    for name in files(&place)
        .iter()
        .filter(|name| name.starts_with("state.db"))
    {
        fs::remove_file(place.path(name)).unwrap();
    }
    let again = place.bridge(&["sync", "--json"]).code(0);
    assert_eq!(report(&again)["pairs"], Value::Array(Vec::new()));
    place.bridge(&["sync", "--rejoin", "mail"]).code(2);
}

#[test]
fn a_state_that_cannot_be_used_is_left_as_it_is() {
    let place = place();
    place.bridge(&["sync"]).code(0);
    let good = fs::read(place.path("state.db")).unwrap();
    let mut newer = good.clone();
    // `user_version` is at byte 60 of the header (SQLite file format, section 1.3).
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = good.clone();
    damaged.truncate(good.len() / 2);
    let mut foreign = good.clone();
    // `application_id` is at byte 68.
    foreign[68..72].fill(0);
    for (bytes, why) in [
        (
            b"this is no database".to_vec(),
            "is damaged or no state database",
        ),
        (newer, "was written by a newer version"),
        (damaged, "is damaged"),
        (foreign, "is no state database"),
    ] {
        fs::write(place.path("state.db"), &bytes).unwrap();
        for command in ["sync", "plan", "watch", "status", "history", "conflicts"] {
            let run = place.bridge(&[command]).code(1);
            assert!(run.err.contains(why), "{command}: {}", run.err);
            assert!(run.err.contains("`bridge sync --rejoin`"), "{}", run.err);
            assert_eq!(fs::read(place.path("state.db")).unwrap(), bytes, "{why}");
        }
    }
    place.bridge(&["sync", "--rejoin"]).code(0);
    assert_eq!(here(&place).len(), 30);
    assert_eq!(here(&place), there(&place));
}

#[test]
fn a_state_of_other_accounts_is_refused() {
    let place = place();
    place.bridge(&["sync"]).code(0);
    place.write("bridge.toml", &CONFIG.replace("\"There\"", "\"Elsewhere\""));
    let run = place.bridge(&["sync"]).code(1);
    assert!(run.err.contains("belongs to other accounts"), "{}", run.err);
    assert!(run.err.contains("`bridge sync --rejoin`"), "{}", run.err);
    assert!(!place.path("Elsewhere").exists());
    place.write("bridge.toml", CONFIG);
    place.bridge(&["sync"]).code(0);
}

#[test]
fn two_bridges_on_one_state_do_not_run_at_once() {
    let place = place();
    place.bridge(&["sync"]).code(0);
    let file = fs::File::open(place.path("state.db")).unwrap();
    file.lock().unwrap();
    for arguments in [&["sync"][..], &["watch"], &["sync", "--rejoin"]] {
        let run = place.bridge(arguments).code(1);
        assert!(
            run.err.contains("is in use by another process"),
            "{}",
            run.err
        );
        assert!(!run.err.contains("rejoin"), "{}", run.err);
    }
}

#[test]
fn one_sync_that_fails_does_not_stop_the_others() {
    let place = place();
    // A file stands where a directory should.
    place.write("Broken", "");
    let broken = "[source.broken]\ntype = \"maildir\"\npath = \"Broken/x\"\n\
                  [sync.first]\nleft = \"here\"\nright = \"broken\"\n";
    place.write(
        "bridge.toml",
        &CONFIG.replace("[sync.mail]", &format!("{broken}[sync.mail]")),
    );
    let run = place.bridge(&["sync"]).code(1);
    assert!(run.err.contains("first"), "{}", run.err);
    assert_eq!(here(&place), there(&place));
    place.bridge(&["sync", "mail"]).code(0);
    let err = place.bridge(&["sync", "male"]).code(2).err;
    assert_eq!(
        err,
        "error: there is no [sync.male]; there are: first, mail\n"
    );
}

#[test]
fn watch_syncs_what_changes_until_it_is_interrupted() {
    let place = place();
    let mut child = place
        .command(&["watch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut child, || there(&place).len() == 30);
    place.write("Here/INBOX/tmp/31", "Subject: message 31\n\n");
    fs::rename(
        place.path("Here/INBOX/tmp/31"),
        place.path("Here/INBOX/new/31.a"),
    )
    .unwrap();
    wait_for(&mut child, || there(&place).len() == 31);
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(text.matches("created on there").count(), 2, "{text}");
}

/// Waits as long as the program runs.
fn wait_for(child: &mut std::process::Child, mut there: impl FnMut() -> bool) {
    while !there() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
