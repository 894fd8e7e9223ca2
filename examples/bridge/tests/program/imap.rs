//! IMAP accounts, in the test server of imap-client.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use imap_client::testing::{Fault, Profile, Server};

use crate::place::{Place, Run};

/// A source `work` with `keys`, and a Maildir beside it.
fn config(place: &Place, server: &Server, url: &str, keys: &str) {
    place.write("ca.pem", server.ca_pem());
    place.write(
        "bridge.toml",
        &format!(
            "[source.work]\ntype = \"imap\"\nurl = \"{url}\"\n{keys}\n\
             [source.archive]\ntype = \"maildir\"\npath = \"Mail\"\n\
             [sync.mail]\nleft = \"work\"\nright = \"archive\"\n"
        ),
    );
}

fn tls_url(server: &Server) -> String {
    format!("imaps://alice@{}", server.tls_addr())
}

fn plain_url(server: &Server) -> String {
    format!("imap://alice@{}", server.addr())
}

fn start() -> Server {
    Server::builder().user("alice", "s3cret").start().unwrap()
}

/// No password may be anywhere in what was printed.
fn is_clean(run: &Run) {
    assert!(
        !run.out.contains("s3cret") && !run.err.contains("s3cret"),
        "{}{}",
        run.out,
        run.err
    );
}

#[test]
fn a_password_may_come_from_anywhere_and_never_shows() {
    let server = start();
    let place = Place::new();
    place.write("password", "s3cret\nand more\n");
    place.write(
        "bin/secret-tool",
        "#!/bin/sh\n[ \"$*\" = 'lookup service bridge host 127.0.0.1 user alice' ] && echo s3cret\n",
    );
    fs::set_permissions(
        place.path("bin/secret-tool"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let path = format!(
        "{}:{}",
        place.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    for keys in [
        "password = \"s3cret\"",
        "password_file = \"password\"",
        "password_command = \"cat password\"",
        "password_env = \"BRIDGE_TEST_PASSWORD\"",
        "keyring = true",
    ] {
        config(
            &place,
            &server,
            &tls_url(&server),
            &format!("{keys}\ntls_ca = \"ca.pem\""),
        );
        let mut command = place.command(&["check", "-vvv"]);
        command
            .env("BRIDGE_TEST_PASSWORD", "s3cret")
            .env("PATH", &path);
        let run = Run::new(command.output().unwrap()).code(0);
        assert!(
            run.out.starts_with("work (imap, alice at 127.0.0.1): ok, "),
            "{}",
            run.out
        );
        is_clean(&run);
    }
    // Above all sources, a CA is for each of them.
    config(&place, &server, &tls_url(&server), "password = \"s3cret\"");
    let text = fs::read_to_string(place.path("bridge.toml")).unwrap();
    place.write("bridge.toml", &format!("tls_ca = \"ca.pem\"\n{text}"));
    place.bridge(&["check"]).code(0);
}

#[test]
fn a_token_may_come_from_a_command() {
    let server = Server::builder()
        .user("alice", "s3cret")
        .token("t0ken")
        .start()
        .unwrap();
    let place = Place::new();
    let keys = "tls_ca = \"ca.pem\"\n[source.work.oauth2]\ntoken_command = \"echo t0ken\"";
    config(&place, &server, &tls_url(&server), keys);
    let run = place.bridge(&["check", "-vvv"]).code(0);
    // The command itself stands in the config; only what it printed is secret.
    assert!(
        !run.out.contains("t0ken") && !run.err.contains("t0ken"),
        "{}",
        run.err
    );
}

#[test]
fn a_password_that_cannot_be_had_is_status_2() {
    let server = start();
    let place = Place::new();
    for (keys, why) in [
        (
            "password_env = \"BRIDGE_NO_SUCH\"",
            "the environment variable BRIDGE_NO_SUCH is not set",
        ),
        (
            "password_command = \"exit 3\"",
            "`exit 3` failed (exit status: 3)",
        ),
        (
            "password_file = \"nowhere\"",
            "cannot read the password file nowhere",
        ),
    ] {
        config(
            &place,
            &server,
            &tls_url(&server),
            &format!("{keys}\ntls_ca = \"ca.pem\""),
        );
        let run = place.bridge(&["check"]).code(2);
        assert!(run.out.contains(why), "{}", run.out);
        let run = place.bridge(&["sync"]).code(2);
        assert!(run.err.contains(why), "{}", run.err);
    }
}

#[test]
fn check_explains_what_is_wrong() {
    let server = start();
    let place = Place::new();
    let right = "password = \"s3cret\"\ntls_ca = \"ca.pem\"";
    let cases = [
        (
            tls_url(&server),
            "password = \"s3cret?\"\ntls_ca = \"ca.pem\"",
            "authentication",
            1,
        ),
        (tls_url(&server), "password = \"s3cret\"", "config", 2),
        (
            "imaps://alice@127.0.0.1:1".to_owned(),
            right,
            "connection",
            1,
        ),
    ];
    for (url, keys, kind, code) in cases {
        config(&place, &server, &url, keys);
        let run = place.bridge(&["check", "--json"]).code(code);
        let source = run.of_type("source").remove(0);
        assert_eq!(source["ok"], false);
        assert_eq!(source["error"]["kind"], kind, "{source}");
        is_clean(&run);
    }
    config(
        &place,
        &server,
        &tls_url(&server),
        "password = \"s3cret?\"\ntls_ca = \"ca.pem\"",
    );
    let run = place.bridge(&["check"]).code(1);
    assert!(
        run.out.contains("The server refused the login"),
        "{}",
        run.out
    );
    // The other source is still looked at.
    assert!(
        run.out.contains("archive (maildir, Mail): ok"),
        "{}",
        run.out
    );
}

#[test]
fn a_password_goes_in_plain_text_only_where_that_is_allowed() {
    let place = Place::new();
    let keys = "password = \"s3cret\"\ntls_ca = \"ca.pem\"";
    let upgrading = start();
    config(&place, &upgrading, &plain_url(&upgrading), keys);
    place.bridge(&["check"]).code(0);
    assert!(
        upgrading
            .command_lines()
            .iter()
            .any(|line| line == "STARTTLS")
    );

    let bare = Server::builder()
        .profile(Profile::rev1_bare())
        .user("alice", "s3cret")
        .allow_plaintext(true)
        .start()
        .unwrap();
    config(&place, &bare, &plain_url(&bare), keys);
    place.bridge(&["check"]).code(1);
    let login = |line: &String| line.starts_with("LOGIN") || line.starts_with("AUTHENTICATE");
    assert!(
        !bare.command_lines().iter().any(login),
        "{:?}",
        bare.command_lines()
    );
    config(
        &place,
        &bare,
        &plain_url(&bare),
        &format!("{keys}\nallow_plaintext = true"),
    );
    place.bridge(&["check"]).code(0);
    // Allowed is not wanted: where TLS is offered, it is used.
    upgrading.reset_stats();
    config(
        &place,
        &upgrading,
        &plain_url(&upgrading),
        &format!("{keys}\nallow_plaintext = true"),
    );
    place.bridge(&["check"]).code(0);
    assert!(
        upgrading
            .command_lines()
            .iter()
            .any(|line| line == "STARTTLS")
    );
}

/// An account with so many messages, and the config of a second, empty one.
fn two(place: &Place, messages: usize) -> (Server, Server) {
    let (left, right) = (start(), start());
    let text = |number| format!("Subject: {number}\r\n\r\nText {number}.\r\n");
    left.store_of("alice")
        .unwrap()
        .add_all("INBOX", (0..messages).map(text))
        .unwrap();
    place.write("left.pem", left.ca_pem());
    place.write("right.pem", right.ca_pem());
    let source = |name: &str, server: &Server| {
        let url = tls_url(server);
        format!(
            "[source.{name}]\ntype = \"imap\"\nurl = \"{url}\"\npassword = \"s3cret\"\n\
             tls_ca = \"{name}.pem\"\n"
        )
    };
    let sources = source("left", &left) + &source("right", &right);
    let sync = "[sync.mail]\nleft = \"left\"\nright = \"right\"\n";
    place.write("bridge.toml", &(sources + sync));
    (left, right)
}

fn inbox(server: &Server) -> Vec<Vec<u8>> {
    let messages = server.store_of("alice").unwrap().messages("INBOX").unwrap();
    let mut all: Vec<_> = messages
        .iter()
        .map(|message| message.bytes.to_vec())
        .collect();
    all.sort();
    all
}

fn spawn(place: &Place, arguments: &[&str]) -> Child {
    place
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([name, &pid])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits as long as the program runs.
fn wait_for(child: &mut Child, mut there: impl FnMut() -> bool) {
    while !there() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every batch takes a while from now on.
fn slow_down(server: &Server) {
    server.order(
        Fault::on("APPEND")
            .delay(Duration::from_millis(300))
            .always(),
    );
}

#[test]
fn an_interrupt_finishes_the_batch_and_says_how_to_go_on() {
    let place = Place::new();
    let (left, right) = two(&place, 1200);
    slow_down(&right);
    let mut child = spawn(&place, &["sync"]);
    wait_for(&mut child, || !inbox(&right).is_empty());
    signal(&child, "-INT");
    let run = Run::new(child.wait_with_output().unwrap()).code(1);
    assert!(
        run.err.contains("Finishing the batch in hand."),
        "{}",
        run.err
    );
    assert!(
        run.out
            .contains("what was done is saved, `bridge sync` goes on"),
        "{}",
        run.out
    );
    let done = inbox(&right).len();
    assert!((1..1200).contains(&done), "{done}");
    right.clear_faults();
    let run = place.bridge(&["sync"]).code(0);
    assert!(
        run.out
            .contains(&format!("INBOX: {} created on right", 1200 - done)),
        "{}",
        run.out
    );
    assert_eq!(inbox(&left), inbox(&right));
}

#[test]
fn a_second_interrupt_and_a_kill_stop_at_once_and_lose_nothing() {
    let place = Place::new();
    let (left, right) = two(&place, 1200);
    slow_down(&right);
    for signals in [&["-INT", "-INT"][..], &["-KILL"]] {
        let before = inbox(&right).len();
        let mut child = spawn(&place, &["sync"]);
        wait_for(&mut child, || inbox(&right).len() > before);
        for name in signals {
            signal(&child, name);
            // The first must have been taken before the second is one.
            std::thread::sleep(Duration::from_millis(100));
        }
        let status = child.wait().unwrap();
        assert!(!status.success());
    }
    right.clear_faults();
    place.bridge(&["sync"]).code(0);
    assert_eq!(inbox(&left), inbox(&right));
    let again = place.bridge(&["sync"]).code(0);
    assert!(again.out.ends_with("nothing written\n"), "{}", again.out);
}

#[test]
fn watch_waits_by_idle() {
    let server = start();
    let place = Place::new();
    let keys = "password = \"s3cret\"\ntls_ca = \"ca.pem\"";
    config(&place, &server, &tls_url(&server), keys);
    let store = server.store_of("alice").unwrap();
    let mut child = spawn(&place, &["watch"]);
    wait_for(&mut child, || {
        server.command_lines().iter().any(|line| line == "IDLE")
    });
    store
        .add("INBOX", "Subject: hello\r\n\r\nworld\r\n")
        .unwrap();
    let arrived = || {
        let new = fs::read_dir(place.path("Mail/INBOX/new"));
        new.is_ok_and(|entries| entries.count() == 1)
    };
    wait_for(&mut child, arrived);
    // The other side wakes it, too, and the connection outlives the wait that this ended.
    place.write("Mail/INBOX/new/1.a", "Subject: back\n\nworld\n");
    wait_for(&mut child, || store.messages("INBOX").unwrap().len() == 2);
    let wait_for_idle = |child: &mut Child| {
        let last = || server.command_lines().pop();
        wait_for(child, || last().is_some_and(|line| line == "IDLE"));
    };
    wait_for_idle(&mut child);
    store.add_flags("INBOX", 1, &["\\Seen"]).unwrap();
    let seen = || {
        let entries = fs::read_dir(place.path("Mail/INBOX/cur")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(":2,S")).count() == 1
    };
    wait_for(&mut child, seen);
    signal(&child, "-TERM");
    let run = Run::new(child.wait_with_output().unwrap()).code(0);
    assert_eq!(run.err.matches("trying again").count(), 0, "{}", run.err);
}

#[test]
fn the_demo_shows_what_it_promises() {
    let place = Place::new();
    let run = place.bridge(&["demo", "--directory", "demo"]).code(0);
    assert!(run.out.contains("Both sides agree."), "{}", run.out);
    for file in [
        "bridge.toml",
        "state.db",
        "work/flags.txt",
        "home/INBOX/1.eml",
        "calendars/work/lens-service.ics",
    ] {
        assert!(place.path("demo").join(file).exists(), "{file}");
    }
    let run = place.bridge(&["demo", "--directory", "demo"]).code(2);
    assert_eq!(run.err, "error: demo is not empty; it was left as it is\n");
    let run = place
        .bridge(&["demo", "--json", "--directory", "again"])
        .code(0);
    assert_eq!(run.of_type("step").len(), 11);
    assert_eq!(run.of_type("results").len(), 1);
}
