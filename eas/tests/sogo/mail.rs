//! Mail over ActiveSync against a Maildir; SOGo's own IMAP shows what is really there.

use std::path::Path;

use sync_core::local::{Maildir, MaildirOptions};
use sync_core::model::{ItemKind, KindSet};
use testbed::Sogo;
use testbed::mail::Message;

use super::world::World;

fn message(subject: &str) -> Message {
    Message {
        bytes: format!(
            "From: bob@example.test\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
             Message-ID: <{subject}@example.test>\r\nDate: Sun, 22 Nov 2026 01:00:00 +0000\r\n\
             X-Odd:   two  spaces\r\n\r\nText of {subject}.\r\n"
        )
        .into_bytes(),
        flags: Vec::new(),
        internal_date: 1_795_000_000,
    }
}

/// The subjects of a folder with the flags of each message. What is deleted over ActiveSync stays for a
/// while, marked as such.
fn listed(sogo: &Sogo, folder: &str) -> Vec<String> {
    let mut session = sogo.imap("alice").unwrap();
    session.select(folder).unwrap();
    let fetch = "UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])";
    let mut all: Vec<String> = session
        .command(fetch)
        .unwrap()
        .iter()
        .filter_map(|response| {
            let head = String::from_utf8_lossy(response.literals.first()?).into_owned();
            let subject = head.trim().strip_prefix("Subject: ")?.to_owned();
            let mut flags = response.list_of("FLAGS");
            if flags.iter().any(|flag| flag == "\\Deleted") {
                return None;
            }
            flags.retain(|flag| ["\\Seen", "\\Flagged"].contains(&flag.as_str()));
            flags.sort();
            Some(format!("{subject} {}", flags.join(" ")).trim().to_owned())
        })
        .collect();
    session.logout().unwrap();
    all.sort();
    all
}

/// The same of a Maildir.
fn held(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for part in ["cur", "new"] {
        let Ok(files) = std::fs::read_dir(folder.join(part)) else {
            continue;
        };
        for file in files.map(|file| file.unwrap()) {
            let text = std::fs::read_to_string(file.path()).unwrap();
            let subject = text.lines().find_map(|line| line.strip_prefix("Subject: "));
            let name = file.file_name().into_string().unwrap();
            let letters = name.split_once(":2,").map_or("", |(_, letters)| letters);
            let mut line = subject.unwrap().trim().to_owned();
            for (letter, flag) in [('F', " \\Flagged"), ('S', " \\Seen")] {
                if letters.contains(letter) {
                    line.push_str(flag);
                }
            }
            all.push(line);
        }
    }
    all.sort();
    all
}

/// Gives a message of a Maildir these letters, or another folder.
fn rename(folder: &Path, subject: &str, to: &Path, letters: &str) {
    for part in ["cur", "new"] {
        for file in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains(&format!("Subject: {subject}")) {
                let name = path.file_name().unwrap().to_str().unwrap();
                let stem = name.split(":2,").next().unwrap();
                let new = to.join("cur").join(format!("{stem}:2,{letters}"));
                std::fs::rename(&path, new).unwrap();
                return;
            }
        }
    }
    panic!("there is no {subject}");
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn mail_in_step_both_ways() {
    let mut world = World::of(KindSet::of(ItemKind::Message)).await;
    let mut session = world.sogo.imap("alice").unwrap();
    session.command("CREATE Projects").unwrap();
    // SOGo lists by MODSEQ, which Dovecot counts from when somebody first asks for it.
    for folder in ["Projects", "INBOX"] {
        let command = format!("SELECT {folder} (CONDSTORE)");
        session.command(&command).unwrap();
    }
    let sent: Vec<Message> = ["one", "two", "three", "four", "five"].map(message).into();
    session.append("INBOX", &sent).unwrap();
    session.logout().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let inbox = directory.path().join("INBOX");
    let projects = directory.path().join("Projects");
    let open = || Maildir::open(directory.path(), MaildirOptions::default()).unwrap();
    let all = ["INBOX", "Projects"].map(str::to_owned);

    world.names = all.into();
    let first = world.run(&mut open()).await;
    assert_eq!(first.writes(), 5, "{first}");
    let mut texts: Vec<String> = Vec::new();
    for part in ["cur", "new"] {
        for file in std::fs::read_dir(inbox.join(part)).unwrap() {
            texts.push(std::fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    for message in &sent {
        // Files end their lines as the system does.
        let text = String::from_utf8_lossy(&message.bytes).replace("\r\n", "\n");
        assert!(texts.contains(&text), "{text} is not in {texts:#?}");
    }
    World::quiet(&world.run(&mut open()).await);

    // Flags, a deletion and a move there.
    let mut session = world.sogo.imap("alice").unwrap();
    session.select("INBOX").unwrap();
    for command in [
        "STORE 1 +FLAGS (\\Seen \\Flagged)",
        "MOVE 2 Projects",
        "STORE 2 +FLAGS (\\Deleted)",
        "EXPUNGE",
    ] {
        session.command(command).unwrap();
    }
    session.logout().unwrap();
    let report = world.run(&mut open()).await;
    assert_eq!(
        held(&inbox),
        ["five", "four", "one \\Flagged \\Seen"],
        "{report}"
    );
    assert_eq!(held(&projects), ["two"], "{report}");
    World::quiet(&world.run(&mut open()).await);

    // And here: all of them again.
    rename(&inbox, "one", &inbox, "");
    rename(&inbox, "four", &inbox, "FS");
    rename(&inbox, "five", &projects, "");
    rename(&projects, "two", &inbox, "S");
    let report = world.run(&mut open()).await;
    assert_eq!(
        listed(&world.sogo, "INBOX"),
        ["four \\Flagged \\Seen", "one", "two \\Seen"],
        "{report}"
    );
    assert_eq!(listed(&world.sogo, "Projects"), ["five"], "{report}");
    World::quiet(&world.run(&mut open()).await);

    for file in std::fs::read_dir(inbox.join("cur")).unwrap() {
        let path = file.unwrap().path();
        if std::fs::read_to_string(&path)
            .unwrap()
            .contains("Subject: one")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    let report = world.run(&mut open()).await;
    assert_eq!(listed(&world.sogo, "INBOX").len(), 2, "{report}");

    // A message that is new here cannot go there: the plan says so, and nothing else is held up.
    std::fs::write(inbox.join("cur/1.new.test:2,"), message("mine").bytes).unwrap();
    let report = world.run(&mut open()).await;
    assert_eq!(report.writes(), 0, "{report}");
    let refused: Vec<_> = report.pairs.iter().flat_map(|pair| &pair.refused).collect();
    assert!(
        refused.len() == 1 && refused[0].contains("cannot put a message"),
        "{report}"
    );
    assert_eq!(listed(&world.sogo, "INBOX").len(), 2);
}
