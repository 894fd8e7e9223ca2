//! The servers that this package starts are there, answer, and go.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use testbed::{
    Direction, Dovecot, Fault, FlagChange, Proxy,
    imap::Session,
    mail::{Generator, Message},
};

/// Waits for something that is bound to happen soon.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn process_group_lives(group: u32) -> bool {
    // States other than zombie; init may reap late.
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| {
            let mut fields = rest.split(' ');
            fields.next() != Some("Z") && fields.nth(1) == Some(&group.to_string())
        })
    })
}

#[test]
#[ignore = "needs the testbed"]
fn a_server_starts_answers_and_goes() {
    let server = Dovecot::start().unwrap();
    let folder = server.folder().to_owned();
    let group = server.pid().unwrap();
    assert!(process_group_lives(group));
    let mut session = server.session("alice").unwrap();
    let capability = session.command("CAPABILITY").unwrap()[0].text.clone();
    for extension in [
        "QRESYNC",
        "NOTIFY",
        "METADATA",
        "COMPRESS=DEFLATE",
        "SPECIAL-USE",
        "QUOTA",
        "MULTIAPPEND",
        "LITERAL+",
    ] {
        assert!(capability.contains(extension), "{extension}: {capability}");
    }
    session
        .command("SETMETADATA INBOX (/private/comment \"x\")")
        .unwrap();
    session.logout().unwrap();
    eventually("the login is logged", || {
        server.log().contains("Login: user=<alice>")
    });
    drop(server);
    assert!(!folder.exists());
    // All are killed by now, but the kernel may still be taking the last of them away.
    eventually("the processes go", || !process_group_lives(group));
}

#[test]
#[ignore = "needs the testbed"]
fn pop3_answers() {
    let server = Dovecot::start().unwrap();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.pop3_port)).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    (&stream)
        .write_all(b"USER bob\r\nPASS bobpw\r\nQUIT\r\n")
        .unwrap();
    for _ in 0..4 {
        assert!(lines.next().unwrap().unwrap().starts_with("+OK"));
    }
}

#[test]
#[ignore = "needs the testbed"]
fn a_server_without_tls_offers_none() {
    let server = Dovecot::builder().without_tls().start().unwrap();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, server.imaps_port)).is_err());
    let mut session = Session::connect(server.imap_port).unwrap();
    let capability = session.command("CAPABILITY").unwrap();
    assert!(!capability[0].text.contains("STARTTLS"));
    session.login("erin", "erinpw").unwrap();
}

#[test]
#[ignore = "needs the testbed"]
fn a_bearer_token_opens_and_an_expired_one_does_not() {
    let server = Dovecot::start().unwrap();
    let log_in = |token: String| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let response = format!("user=carol\x01auth=Bearer {token}\x01\x01");
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.imap_port)).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let command = format!("a AUTHENTICATE XOAUTH2 {}\r\n", STANDARD.encode(response));
        (&stream).write_all(command.as_bytes()).unwrap();
        lines.next();
        lines.next().unwrap().unwrap()
    };
    assert!(log_in(Dovecot::bearer_token("carol")).starts_with("a OK"));
    assert!(log_in(Dovecot::expired_token("carol")).starts_with("+ "));
}

#[test]
#[ignore = "needs the testbed"]
fn both_ways_to_fill_a_mailbox_keep_everything() {
    let server = Dovecot::start().unwrap();
    let mail: Vec<Message> = Generator::new(11).take(300).collect();
    server.append("alice", "By IMAP/Größe", &mail).unwrap();
    server
        .append_files("bob", "By files", mail.clone())
        .unwrap();
    let mut by_imap = server.list("alice", "By IMAP/Größe").unwrap();
    let mut by_files = server.list("bob", "By files").unwrap();
    assert_eq!(server.count("bob", "By files").unwrap(), 300);
    for (stored, message) in by_imap.iter().zip(&mail) {
        let mut flags = message.flags.clone();
        flags.sort();
        assert_eq!(stored.flags, flags);
        assert_eq!(stored.size, message.bytes.len());
        assert_eq!(stored.internal_date, message.imap_date());
    }
    // Files are numbered in the order in which the folder gives them.
    for stored in by_imap.iter_mut().chain(&mut by_files) {
        stored.uid = 0;
    }
    by_imap.sort();
    by_files.sort();
    assert_eq!(by_imap, by_files);
}

#[test]
#[ignore = "needs the testbed"]
fn a_mailbox_is_changed_behind_the_back() {
    let server = Dovecot::builder()
        .mail_location("sdbox:%h/sdbox")
        .in_memory()
        .start()
        .unwrap();
    let mail: Vec<_> = Generator::new(1).take(5).collect();
    server.append("dave", "INBOX", &mail).unwrap();
    server
        .change_flags(
            "dave",
            "INBOX",
            &[2, 3],
            FlagChange::Replace,
            &["\\Seen", "$Junk"],
        )
        .unwrap();
    server.expunge("dave", "INBOX", &[1, 5]).unwrap();
    server.set_uid_validity("dave", "INBOX", 4711).unwrap();
    let list = server.list("dave", "INBOX").unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(list[0].flags, ["$Junk", "\\Seen"]);
    assert_eq!(server.uid_validity("dave", "INBOX").unwrap(), 4711);
    assert!(
        server
            .mailboxes("dave")
            .unwrap()
            .contains(&"Sent".to_owned())
    );
    assert!(
        server
            .append_files("dave", "INBOX", mail)
            .unwrap_err()
            .is_refused()
    );
}

#[test]
#[ignore = "needs the testbed"]
fn a_server_that_cannot_start_says_why() {
    let error = Dovecot::builder()
        .extra("no_such_setting = 1")
        .start()
        .unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
#[ignore = "needs the testbed"]
fn a_swallowed_answer_to_append_leaves_the_message() {
    let server = Dovecot::start().unwrap();
    let proxy = Proxy::to(server.imap_port).unwrap();
    let mail: Vec<_> = Generator::new(2).take(3).collect();
    proxy.arm_for_good(Fault::SwallowAnswer {
        command: "APPEND".into(),
        nth: 2,
    });
    let mut session = Session::connect(proxy.port()).unwrap();
    session.login("alice", "alicepw").unwrap();
    session.append("INBOX", &mail[..2]).unwrap();
    session.append("INBOX", &mail[2..]).unwrap_err();
    assert!(proxy.has_fired());
    assert_eq!(server.count("alice", "INBOX").unwrap(), 3);
    assert!(Session::connect(proxy.port()).is_err());
    proxy.heal();
    Session::connect(proxy.port()).unwrap();
}

#[test]
#[ignore = "needs the testbed"]
fn an_append_that_is_cut_before_its_end_leaves_nothing() {
    let server = Dovecot::start().unwrap();
    let proxy = Proxy::to(server.imap_port).unwrap();
    let mut session = Session::connect(proxy.port()).unwrap();
    session.login("alice", "alicepw").unwrap();
    let after = 1000;
    proxy.reset_counts();
    proxy.arm(Fault::Cut {
        direction: Direction::ToServer,
        after,
    });
    let mail: Vec<_> = Generator::new(2).plain().take(1).collect();
    session.append("INBOX", &mail).unwrap_err();
    assert_eq!(proxy.counts().to_server, after);
    assert_eq!(server.count("alice", "INBOX").unwrap(), 0);
}

#[test]
#[ignore = "needs the testbed"]
fn a_killed_owner_leaves_nothing_behind() {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_testbed"))
        .args(["up", "dovecot"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut value = |name: &str| {
        let line = lines.find(|line| line.starts_with(name)).unwrap();
        line.split_once(' ').unwrap().1.trim().to_owned()
    };
    let folder = value("folder");
    let group = value("pid").parse().unwrap();
    assert!(process_group_lives(group));
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the server ends", || !process_group_lives(group));
    eventually("the folder goes", || !Path::new(&folder).exists());
}
