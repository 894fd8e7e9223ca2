//! Waiting for news by Ping, while somebody else writes by CalDAV and IMAP.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eas::source::EasSource;
use sync_core::Source as _;
use sync_core::model::{CollectionId, Cursor, ItemId, ItemKind, KindSet};
use testbed::Sogo;
use testbed::mail::Message;

use super::source;

/// Longer than a Ping waits here (30 s), so that one that ends without news is sent again.
const LONG: Duration = Duration::from_secs(45);

/// Long enough for the Ping to have begun, and longer than the source lists once more by itself what it
/// listed within a second: only Ping can tell then.
const MEANWHILE: Duration = Duration::from_secs(8);

/// How often the server may say without reason that something changed.
const MOST_WAKES: usize = 5;

fn event(uid: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260704T090000Z\r\nDTEND:20260704T100000Z\r\n\
         SUMMARY:news\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn message() -> Message {
    Message {
        bytes: b"From: b@example.test\r\nSubject: news\r\n\r\nnews\r\n".to_vec(),
        flags: Vec::new(),
        internal_date: 1_795_000_000,
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn news_of_a_calendar_and_of_mail_end_the_wait() {
    let sogo = Sogo::start().unwrap();
    let mut imap = sogo.imap("alice").unwrap();
    // SOGo lists by MODSEQ, which Dovecot counts from when somebody first asks for it.
    imap.command("SELECT INBOX (CONDSTORE)").unwrap();
    imap.append("INBOX", &[message()]).unwrap();
    // Of a folder that was empty when it was listed SOGo's Ping tells nothing.
    let dav = sogo.session("alice");
    let path = |uid: &str| format!("{}personal/{uid}.ics", Sogo::calendars("alice"));
    dav.put(&path("old"), &event("old")).unwrap();
    let mut eas = source(&sogo, "alice", "test01");
    let folders = eas.collections().await.unwrap();
    let of = |kind, name: Option<&str>| -> CollectionId {
        let mut all = folders.iter().filter(|c| c.kinds == KindSet::of(kind));
        let found = all.find(|c| name.is_none_or(|name| c.path.to_string() == name));
        found.unwrap().id.clone()
    };
    let inbox = of(ItemKind::Message, Some("INBOX"));
    let calendar = of(ItemKind::Event, None);
    let all = [inbox.clone(), calendar.clone()];
    let mut known = Known::default();
    for c in &all {
        assert!(known.has_new(&mut eas, c).await);
    }

    let path = path("news");
    let writer = std::thread::spawn(move || {
        std::thread::sleep(MEANWHILE);
        dav.put(&path, &event("news")).unwrap();
    });
    assert_eq!(known.news(&mut eas, &all).await, calendar);
    writer.join().unwrap();

    let writer = std::thread::spawn(move || {
        std::thread::sleep(MEANWHILE);
        imap.append("INBOX", &[message()]).unwrap();
        imap.logout().unwrap();
    });
    assert_eq!(known.news(&mut eas, &all).await, inbox);
    writer.join().unwrap();
}

/// What was listed so far.
#[derive(Default)]
struct Known {
    cursors: BTreeMap<CollectionId, Cursor>,
    items: BTreeSet<ItemId>,
}

impl Known {
    /// Lists, and says whether there is something that never was.
    async fn has_new(&mut self, eas: &mut EasSource, c: &CollectionId) -> bool {
        let page = eas.changes(c, self.cursors.get(c)).await.unwrap();
        assert!(!page.more);
        self.cursors.insert(c.clone(), page.cursor);
        let new = page
            .changed
            .into_iter()
            .map(|item| self.items.insert(item.id));
        new.fold(false, |any, new| any | new)
    }

    /// Waits and lists until there is something new, and says where.
    async fn news(&mut self, eas: &mut EasSource, all: &[CollectionId]) -> CollectionId {
        for _ in 0..MOST_WAKES {
            for c in eas.watch(all, LONG).await.unwrap() {
                if self.has_new(eas, &c).await {
                    return c;
                }
            }
        }
        panic!("nothing new is told of");
    }
}
