//! A POP3 account, in the test server of pop3.

use std::fs;

use pop3::testing::{Maildrop, Profile, Server};

use crate::place::{Place, Run};

/// A source `pop` with `keys`, a Maildir `archive`, and a sync with `rules`.
fn config(place: &Place, server: &Server, keys: &str, rules: &str) {
    place.write("ca.pem", server.ca_pem());
    place.write(
        "bridge.toml",
        &format!(
            "[source.pop]\ntype = \"pop3\"\nurl = \"pop3s://alice@{}\"\npassword = \"s3cret\"\n\
             tls_ca = \"ca.pem\"\n{keys}\n\
             [source.archive]\ntype = \"maildir\"\npath = \"Mail\"\n\
             [sync.mail]\nleft = \"pop\"\nright = \"archive\"\n{rules}\n",
            server.tls_addr()
        ),
    );
}

fn start(profile: Profile) -> (Server, Maildrop) {
    let server = Server::builder()
        .profile(profile)
        .user("alice", "s3cret")
        .start()
        .unwrap();
    let maildrop = server.maildrop_of("alice").unwrap();
    (server, maildrop)
}

fn message(number: usize) -> String {
    format!("Message-ID: <{number}@x>\r\nSubject: message {number}\r\n\r\n.\r\n..two\r\n")
}

/// The files of the Maildir's INBOX.
fn files(place: &Place) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for part in ["new", "cur"] {
        let entries = fs::read_dir(place.path(format!("Mail/INBOX/{part}"))).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files
}

/// What a run wrote on one side.
fn written(run: &Run, side: &str, what: &str) -> u64 {
    let reports = run.of_type("report");
    let pairs = reports[0]["pairs"].as_array().unwrap();
    let of_pair = |pair: &serde_json::Value| pair["written"][side][what].as_u64().unwrap();
    pairs.iter().map(of_pair).sum()
}

#[test]
fn check_says_what_the_server_is_like() {
    let profile = Profile::full().without("PIPELINING").with("EXPIRE 60");
    let (server, maildrop) = start(profile);
    maildrop.add_all([message(1), message(2)]);
    let place = Place::new();
    config(&place, &server, "leave_on_server = \"14d\"", "");
    let run = place.bridge(&["check"]).code(0);
    for line in [
        "pop (pop3, alice at 127.0.0.1): ok, 1 collection",
        "  2 messages, 102 B",
        "  copied messages leave the server 14 days after they were first seen",
        "  no PIPELINING: every message costs a round trip",
        "  EXPIRE: the server removes messages after 60 days",
    ] {
        assert!(run.out.lines().any(|l| l.starts_with(line)), "{}", run.out);
    }
    let run = place.bridge(&["--json", "check"]).code(0);
    assert!(run.of_type("source")[0]["facts"].as_array().unwrap().len() > 3);
    assert!(!run.out.contains("s3cret"));
}

#[test]
fn a_mailbox_is_fetched_once_and_stays() {
    let (server, maildrop) = start(Profile::full());
    maildrop.add_all((0..30).map(message));
    let place = Place::new();
    config(&place, &server, "", "");
    let run = place.bridge(&["--json", "sync"]).code(0);
    assert_eq!(written(&run, "right", "created"), 30);
    assert_eq!((maildrop.len(), files(&place).len()), (30, 30));
    let texts: Vec<_> = files(&place)
        .iter()
        .map(|file| fs::read_to_string(file).unwrap().replace('\n', "\r\n"))
        .collect();
    assert!((0..30).all(|number| texts.contains(&message(number))));

    // Reading here, fetching elsewhere, deleting here: nothing of it is the server's concern.
    let read = &files(&place)[0];
    let name = read.file_name().unwrap().to_str().unwrap().to_owned();
    let base = name.split(':').next().unwrap();
    fs::rename(read, place.path(format!("Mail/INBOX/cur/{base}:2,S"))).unwrap();
    fs::remove_file(&files(&place)[20]).unwrap();
    maildrop.remove(30);
    maildrop.add(message(30));
    server.reset_stats();
    let run = place.bridge(&["--json", "sync"]).code(0);
    assert_eq!(written(&run, "right", "created"), 1);
    assert_eq!((maildrop.len(), files(&place).len()), (30, 30));
    let lines = server.command_lines();
    assert_eq!(lines.iter().filter(|l| l.starts_with("RETR")).count(), 1);
    assert!(!lines.iter().any(|l| l.starts_with("DELE")), "{lines:?}");
    place.bridge(&["sync"]).code(0);
    assert_eq!((maildrop.len(), files(&place).len()), (30, 30));
}

#[test]
fn a_deletion_reaches_the_server_only_where_the_config_says_so() {
    for (rules, left) in [("", 5), ("deletes = \"propagate\"", 4)] {
        let (server, maildrop) = start(Profile::full());
        maildrop.add_all((0..5).map(message));
        let place = Place::new();
        config(&place, &server, "", rules);
        place.bridge(&["sync"]).code(0);
        fs::remove_file(&files(&place)[0]).unwrap();
        place.bridge(&["sync"]).code(0);
        assert_eq!((maildrop.len(), files(&place).len()), (left, 4), "{rules}");
    }
}

#[test]
fn what_is_not_left_on_the_server_goes_once_it_is_here() {
    for rules in ["", "direction = \"left-to-right\""] {
        let (server, maildrop) = start(Profile::full());
        maildrop.add_all((0..30).map(message));
        let place = Place::new();
        config(&place, &server, "leave_on_server = false", rules);
        let plan = place.bridge(&["--json", "plan"]).code(0);
        assert_eq!(written(&plan, "left", "released"), 30);
        assert_eq!(maildrop.len(), 30);
        let run = place.bridge(&["--json", "sync"]).code(0);
        assert_eq!(written(&run, "left", "released"), 30);
        assert_eq!((maildrop.len(), files(&place).len()), (0, 30));
        let run = place.bridge(&["sync"]).code(0);
        assert!(run.out.contains("nothing written"), "{}", run.out);
        assert_eq!(files(&place).len(), 30);
    }
}

#[test]
fn uploading_is_refused_in_the_plan() {
    let (server, maildrop) = start(Profile::full());
    maildrop.add(message(0));
    let place = Place::new();
    config(&place, &server, "", "");
    place.write("Mail/INBOX/cur/1.a:2,S", "Subject: mine\n\nmine\n");
    place.write("Mail/INBOX/cur/2.b:2,S", "Subject: yours\n\nyours\n");
    for part in ["new", "tmp"] {
        fs::create_dir_all(place.path(format!("Mail/INBOX/{part}"))).unwrap();
    }
    for command in ["plan", "sync"] {
        let run = place.bridge(&[command]).code(3);
        assert!(
            run.out
                .contains("and 1 others of the right side: POP3 has no way to put a message"),
            "{}",
            run.out
        );
    }
    assert_eq!((maildrop.len(), files(&place).len()), (1, 3));
    // Said once; and not at all to who knows.
    place.bridge(&["sync"]).code(0);
    config(&place, &server, "", "direction = \"left-to-right\"");
    fs::remove_file(place.path("state.db")).unwrap();
    place.bridge(&["sync"]).code(0);
    assert_eq!((maildrop.len(), files(&place).len()), (1, 3));

    config(&place, &server, "", "direction = \"right-to-left\"");
    let run = place.bridge(&["plan"]).code(2);
    assert!(
        run.err.contains("POP3 has no way to put mail"),
        "{}",
        run.err
    );
}
