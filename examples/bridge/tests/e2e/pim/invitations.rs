//! Nobody is mailed because something was copied, changed or deleted.

use std::thread;
use std::time::Duration;

use testbed::Sogo;

use super::corpus::event;
use super::items::with;
use super::place::Service;
use super::world::{Seat, World, sogo};

/// Long enough for a server that mails: it does so before it answers.
const LATER: Duration = Duration::from_millis(500);

/// A meeting that one user of the server organises, and a stranger and another user attend.
fn meeting(uid: &str, title: &str) -> String {
    let lines = format!(
        "SEQUENCE:0\r\nORGANIZER;CN=Alice:mailto:{}\r\n\
         ATTENDEE;CN=Stranger;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:stranger@elsewhere.example\r\n\
         ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{}\r\nEND:VEVENT",
        Sogo::address("alice"),
        Sogo::address("bob")
    );
    event(uid, title).replace("END:VEVENT", &lines)
}

/// How many mails were sent about the event of this UID.
fn mails(uid: &str) -> usize {
    thread::sleep(LATER);
    let mails = sogo().mails().into_iter();
    let about = |content: &[u8]| {
        String::from_utf8_lossy(content)
            .replace("\r\n ", "")
            .contains(uid)
    };
    mails.filter(|mail| about(&mail.content)).count()
}

#[test]
#[ignore = "needs the testbed"]
fn what_comes_from_elsewhere_mails_nobody() {
    const UID: &str = "never-mailed@example.org";
    let world = World::new(Seat::Sogo, Seat::Vdir);
    world
        .right
        .add(Service::Calendars, &event("stays", "Another"));
    world
        .right
        .add(Service::Calendars, &meeting(UID, "Planning"));
    world.sync();
    world.is_in_step();
    world.right.edit(Service::Calendars, UID, &|item| {
        let moved = item.replace("20270105T1", "20270106T1");
        with(&moved, "SEQUENCE", "SEQUENCE:1")
    });
    world.sync();
    let (_, there) = world.left.find(Service::Calendars, UID);
    assert!(there.contains("20270106T10"), "{there}");
    world.is_in_step();
    let (key, item) = world.right.find(Service::Calendars, UID);
    assert!(!item.contains("SCHEDULE-AGENT"), "{item}");
    world.right.remove(Service::Calendars, &key);
    world.sync();
    assert_eq!(world.left.contents(Service::Calendars).len(), 1);
    assert_eq!(mails(UID), 0);
}

/// The server mailed when the organizer made it, and would again: so it is left alone.
#[test]
#[ignore = "needs the testbed"]
fn what_the_server_schedules_is_left_to_it() {
    const UID: &str = "mailed-once@example.org";
    let world = World::new(Seat::Sogo, Seat::Vdir);
    world
        .left
        .add(Service::Calendars, &event("stays", "Another"));
    world
        .left
        .add(Service::Calendars, &meeting(UID, "Planning"));
    let sent = mails(UID);
    assert!(sent > 0, "SOGo mails what its own users organise");
    world.sync();
    world.right.edit(Service::Calendars, UID, &|item| {
        item.replace("20270105T1", "20270106T1")
    });
    let run = world.bridge.run(&["sync", "--json"]).code(3);
    assert!(run.out.contains("mail"), "{}", run.out);
    let (key, _) = world.right.find(Service::Calendars, UID);
    world.right.remove(Service::Calendars, &key);
    world.bridge.run(&["sync", "--json"]);
    assert_eq!(mails(UID), sent);
    world.left.find(Service::Calendars, UID);
}
