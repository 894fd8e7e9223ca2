//! Nobody is mailed because something was written.

use caldav::client::Service;
use caldav::source::{DavSource, Invitations};
use caldav::testing::{Profile, Server};
use sync_core::model::{CollectionId, Item};
use sync_core::source::{Op, Outcome};

use crate::support::{
    WORK, calendars, config, delete, event, fetch, new_item, open, replace, server, text, word,
    write,
};

/// An event that alice invites bob to.
fn meeting(more: &str) -> String {
    let people = "ORGANIZER;CN=Alice:mailto:alice@example.org\r\n\
                  ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.org\r\n\
                  ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org\r\n";
    event("meeting", &format!("{people}{more}"))
}

/// An event that carol invited alice to.
fn invitation(answer: &str) -> String {
    let people = format!(
        "ORGANIZER:mailto:carol@example.org\r\nATTENDEE;PARTSTAT={answer}:mailto:alice@example.org\r\n"
    );
    event("invitation", &people)
}

async fn ready(server: &Server) -> (DavSource, CollectionId) {
    let mut source = calendars(server);
    let work = open(&mut source, "work").await;
    (source, work)
}

async fn read(source: &mut DavSource, c: &CollectionId, id: &str) -> Item {
    fetch(source, c, &[id]).await.pop().unwrap().unwrap()
}

#[tokio::test]
async fn an_upload_invites_nobody_and_comes_back_as_it_was() {
    for profile in [Profile::cyrus_like(), Profile::sogo_like()] {
        let server = server(profile);
        let (mut source, work) = ready(&server).await;
        let op = Op::Create(new_item(&meeting("")));
        assert_eq!(word(&write(&mut source, &work, op).await), "done");
        let stored = server.store().get(WORK, "meeting.ics").unwrap();
        assert_eq!(stored.matches("SCHEDULE-AGENT=NONE").count(), 3, "{stored}");
        let item = read(&mut source, &work, "meeting.ics").await;
        assert_eq!(text(&item), meeting(""));
        // So do changes and the deletion of it.
        let outcome = write(
            &mut source,
            &work,
            replace(&item, &meeting("LOCATION:x\r\n")),
        )
        .await;
        assert_eq!(word(&outcome), "done");
        let item = read(&mut source, &work, "meeting.ics").await;
        assert_eq!(text(&item), meeting("LOCATION:x\r\n"));
        assert_eq!(
            word(&write(&mut source, &work, delete(&item)).await),
            "done"
        );
        let mails = server.store().mails();
        assert!(mails.is_empty(), "{mails:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_schedule_gets_it_untouched() {
    let server = server(Profile::full());
    let (mut source, work) = ready(&server).await;
    let op = Op::Create(new_item(&meeting("")));
    assert_eq!(word(&write(&mut source, &work, op).await), "done");
    assert_eq!(
        server.store().get(WORK, "meeting.ics").unwrap(),
        meeting("")
    );
}

#[tokio::test]
async fn what_the_server_schedules_is_changed_by_its_owner_only() {
    let server = server(Profile::cyrus_like());
    server.store().put(WORK, "meeting.ics", &meeting(""));
    let (mut source, work) = ready(&server).await;
    let item = read(&mut source, &work, "meeting.ics").await;
    let changed = meeting("LOCATION:x\r\n");
    for op in [replace(&item, &changed), delete(&item)] {
        let outcome = write(&mut source, &work, op).await;
        let Outcome::Refused(error) = &outcome else {
            panic!("{outcome:?}");
        };
        assert!(error.to_string().contains("mail"), "{error}");
    }
    assert!(server.store().mails().is_empty());
    assert_eq!(
        server.store().get(WORK, "meeting.ics").unwrap(),
        meeting("")
    );

    let config = config(&server, Service::CalDav).invitations(Invitations::Server);
    let mut source = DavSource::new(config);
    let work = open(&mut source, "work").await;
    assert_eq!(
        word(&write(&mut source, &work, replace(&item, &changed)).await),
        "done"
    );
    let mails = server.store().mails();
    assert_eq!((mails.len(), mails[0].method), (1, "REQUEST"));
}

#[tokio::test]
async fn an_invited_one_may_edit_and_delete_but_not_answer() {
    let server = server(Profile::cyrus_like());
    server
        .store()
        .put(WORK, "invitation.ics", &invitation("NEEDS-ACTION"));
    let (mut source, work) = ready(&server).await;
    let item = read(&mut source, &work, "invitation.ics").await;
    let answer = replace(&item, &invitation("DECLINED"));
    assert_eq!(word(&write(&mut source, &work, answer).await), "refused");
    let noted = invitation("NEEDS-ACTION").replace("SUMMARY:", "SUMMARY:my ");
    assert_eq!(
        word(&write(&mut source, &work, replace(&item, &noted)).await),
        "done"
    );
    let item = read(&mut source, &work, "invitation.ics").await;
    assert_eq!(text(&item), noted);
    assert_eq!(
        word(&write(&mut source, &work, delete(&item)).await),
        "done"
    );
    assert!(server.store().mails().is_empty());
    let requests = server.requests();
    let last = requests
        .iter()
        .rfind(|seen| seen.method == "DELETE")
        .unwrap();
    assert_eq!(last.header("schedule-reply"), Some("F"));
}
