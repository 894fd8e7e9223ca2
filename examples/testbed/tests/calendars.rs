//! The servers of calendars and address books are there, answer, and go.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use testbed::{Radicale, Sogo, dav::Session};

const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c1\r\nFN:Jo Doe\r\nN:Doe;Jo;;;\r\n\
                    END:VCARD\r\n";

fn meeting(attendee: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//testbed//EN\r\nBEGIN:VEVENT\r\nUID:m1\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20270101T100000Z\r\nDTEND:20270101T110000Z\r\n\
         SUMMARY:Meeting\r\nORGANIZER:mailto:alice@example.test\r\n\
         ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{attendee}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}

/// Whether a process of this group lives; init may reap late.
fn group_lives(group: u32) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| {
            let mut fields = rest.split(' ');
            fields.next() != Some("Z") && fields.nth(1) == Some(&group.to_string())
        })
    })
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Writes, lists, reads and deletes an item.
fn serves(session: &Session, collection: &str, name: &str, content: &str) {
    let href = format!("{collection}{name}");
    session.put(&href, content).unwrap();
    let etags = session.etags(collection).unwrap();
    assert!(etags.contains_key(&href), "{etags:?}");
    let items = session.items(collection).unwrap();
    let title = content
        .lines()
        .find(|line| line.contains("Meeting") || line.starts_with("FN"));
    assert!(items[&href].contains(title.unwrap()), "{items:?}");
    session.delete(&href).unwrap();
    assert_eq!(session.get(&href).unwrap(), None);
}

#[test]
#[ignore = "needs the testbed"]
fn radicale_serves_both_kinds_and_goes() {
    let server = Radicale::start().unwrap();
    let (group, folder) = (server.pid().unwrap(), server.folder().to_owned());
    let session = server.session("alice");
    session.make_calendar("/alice/work/", "Work").unwrap();
    session
        .make_address_book("/alice/friends/", "Friends")
        .unwrap();
    assert_eq!(session.names("/alice/").unwrap()["/alice/work/"], "Work");
    serves(
        &session,
        "/alice/work/",
        "m1.ics",
        &meeting("bob@example.test"),
    );
    serves(&session, "/alice/friends/", "c1.vcf", CARD);
    let stranger = Session::new(server.port, "bob", "wrong");
    assert!(stranger.etags("/bob/").unwrap_err().is_refused());
    drop(server);
    eventually("Radicale is gone", || !group_lives(group));
    assert!(!folder.exists());
}

#[test]
#[ignore = "needs the testbed"]
fn sogo_serves_everything_mails_invitations_and_goes() {
    let server = Sogo::start().unwrap();
    let (group, folder) = (server.pid().unwrap(), server.folder().to_owned());
    let database = fs::read_to_string(folder.join("database/postmaster.pid")).unwrap();
    let database: u32 = database.lines().next().unwrap().parse().unwrap();
    let session = server.session("alice");
    let calendar = Sogo::calendars("alice") + "personal/";
    let book = Sogo::address_books("alice") + "personal/";
    serves(&session, &book, "c1.vcf", CARD);
    server.imap("bob").unwrap().logout().unwrap();
    assert_eq!(server.mails(), []);

    // As the owner of an event would: then it mails, so that a test can notice when it does not.
    let outsider = meeting("outsider@elsewhere.test");
    serves(&session, &calendar, "m1.ics", &outsider);
    eventually("an invitation is mailed", || {
        let mails = server.mails();
        mails
            .iter()
            .any(|mail| mail.to == ["outsider@elsewhere.test"])
    });
    drop(server);
    eventually("SOGo is gone", || !group_lives(group));
    eventually("PostgreSQL is gone", || !group_lives(database));
    assert!(!folder.exists());
}
