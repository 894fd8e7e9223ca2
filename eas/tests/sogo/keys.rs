//! SOGo's keys are seconds, and it tells what is later than a key: nothing is missed for that.

use std::collections::BTreeSet;

use sync_core::Source as _;
use sync_core::model::{CollectionId, Cursor, Item, ItemKind, KindSet};
use sync_core::source::{ChangePage, Coverage, Mutation, Op};
use testbed::Sogo;
use testbed::dav::Session;

use super::source;
use eas::source::EasSource;

/// How often something is tried in what may be two seconds, until it is one.
const TRIES: usize = 40;

/// The calendar of a user: as the source sees it, and for others.
struct Calendar {
    sogo: Sogo,
    user: String,
    dav: Session,
    path: String,
    source: EasSource,
    id: CollectionId,
}

impl Calendar {
    async fn new() -> Self {
        let sogo = Sogo::start().unwrap();
        let user = sogo.new_user().unwrap();
        let mut source = source(&sogo, &user, "test01");
        let folders = source.collections().await.unwrap();
        let events = KindSet::of(ItemKind::Event);
        let found = folders.into_iter().find(|c| c.kinds == events).unwrap();
        Self {
            dav: sogo.session(&user),
            path: format!("{}personal/", Sogo::calendars(&user)),
            sogo,
            user,
            source,
            id: found.id,
        }
    }

    /// Somebody makes or changes an event.
    fn put(&self, name: &str, title: &str) {
        let event = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{name}\r\n\
             DTSTAMP:20260101T000000Z\r\nDTSTART:20260704T090000Z\r\nDTEND:20260704T100000Z\r\n\
             SUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        self.dav.put(&self.file(name), &event).unwrap();
    }

    fn delete(&self, name: &str) {
        self.dav.delete(&self.file(name)).unwrap();
    }

    fn file(&self, name: &str) -> String {
        format!("{}{name}.ics", self.path)
    }

    /// The program is started anew.
    fn restart(&mut self, window: u16) {
        self.source = super::windowed(&self.sogo, &self.user, "test01", window);
    }

    async fn page(&mut self, since: Option<&Cursor>) -> ChangePage {
        self.source.changes(&self.id, since).await.unwrap()
    }

    /// All pages from here on.
    async fn rest(&mut self, since: Option<&Cursor>) -> Told {
        let mut told = Told::default();
        let mut since = since.cloned();
        loop {
            let page = self.page(since.as_ref()).await;
            for item in &page.changed {
                told.gone.remove(item.id.as_str());
                told.titles.insert(title(item));
            }
            let gone = page.vanished.iter().map(|id| id.as_str().to_owned());
            told.gone.extend(gone);
            told.cursor = page.cursor.as_str().to_owned();
            since = Some(page.cursor);
            if !page.more {
                return told;
            }
        }
    }
}

/// What a listing tells.
#[derive(Debug, Default)]
struct Told {
    titles: BTreeSet<String>,
    gone: BTreeSet<String>,
    cursor: String,
}

impl Told {
    fn cursor(&self) -> Cursor {
        Cursor::new(self.cursor.as_str())
    }

    fn key(&self) -> String {
        Place::of(&self.cursor()).key
    }
}

fn title(item: &Item) -> String {
    let content = item.body.as_ref().unwrap().read(u64::MAX).unwrap();
    let content = String::from_utf8(content.to_vec()).unwrap();
    let mut titles = content
        .lines()
        .filter_map(|line| line.strip_prefix("SUMMARY:"));
    titles.next().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn what_happens_in_the_second_of_a_listing_is_told() {
    let mut calendar = Calendar::new().await;
    // After a first listing, and after one of what was new.
    for first in [true, false] {
        let mut hits = 0;
        for n in 0..TRIES {
            calendar.put("deleted", "Deleted");
            calendar.put("changed", "Before");
            let mut listed = calendar.rest(None).await;
            if !first {
                calendar.put("deleted", "Deleted once more");
                listed = calendar.rest(Some(&listed.cursor())).await;
            }
            calendar.delete("deleted");
            calendar.put("changed", &format!("After {n}"));
            calendar.put("new", &format!("New {n}"));
            let told = calendar.rest(Some(&listed.cursor())).await;
            assert!(told.gone.contains("deleted"), "{n}: {listed:?}, {told:?}");
            for title in [format!("After {n}"), format!("New {n}")] {
                assert!(told.titles.contains(&title), "{n}: {listed:?}, {told:?}");
            }
            hits += u32::from(listed.key() == told.key());
            if hits == 3 {
                break;
            }
        }
        assert!(hits > 0, "never in one second");
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn what_is_deleted_later_is_told() {
    let mut calendar = Calendar::new().await;
    let listed = calendar.rest(None).await;
    // Nothing happens in the folder after this, and it is listed at once.
    calendar.put("last", "Last");
    let listed = calendar.rest(Some(&listed.cursor())).await;
    assert!(listed.titles.contains("Last"));
    let mut settled = listed.cursor();
    while Place::of(&settled).back > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        settled = calendar.rest(Some(&settled)).await.cursor();
    }
    let quiet = calendar.rest(Some(&settled)).await;
    assert!(quiet.titles.is_empty(), "{quiet:?}");
    calendar.delete("last");
    for cursor in [settled, listed.cursor()] {
        let told = calendar.rest(Some(&cursor)).await;
        assert!(told.gone.contains("last"), "{cursor:?}, {told:?}");
        calendar.restart(100);
        let told = calendar.rest(Some(&cursor)).await;
        assert!(told.gone.contains("last"), "{cursor:?}, {told:?}");
    }
}

/// Of a cursor.
#[derive(serde::Deserialize)]
struct Place {
    /// The second up to which it goes.
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "b", default)]
    back: u64,
}

impl Place {
    fn of(cursor: &Cursor) -> Self {
        serde_json::from_str(cursor.as_str()).unwrap()
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn what_is_deleted_between_the_pages_of_a_listing_is_told() {
    let mut calendar = Calendar::new().await;
    calendar.restart(3);
    for n in 0..9 {
        calendar.put(&format!("item-{n}"), &format!("Item {n}"));
    }
    // Of the first listing.
    let page = calendar.page(None).await;
    assert_eq!((page.coverage, page.more), (Coverage::Snapshot, true));
    assert_eq!(page.changed.len(), 3);
    let gone = page.changed[0].id.as_str().to_owned();
    calendar.delete(&gone);
    let rest = calendar.rest(Some(&page.cursor)).await;
    assert_eq!(rest.titles.len(), 6, "{rest:?}");
    let told = calendar.rest(Some(&rest.cursor())).await;
    assert!(
        rest.gone.contains(&gone) || told.gone.contains(&gone),
        "{told:?}"
    );

    // And of a later one.
    for n in 0..9 {
        calendar.put(&format!("item-{n}"), &format!("Later {n}"));
    }
    let page = calendar.page(Some(&told.cursor())).await;
    assert_eq!((page.coverage, page.more), (Coverage::Delta, true));
    let gone = page.changed[0].id.as_str().to_owned();
    calendar.delete(&gone);
    let rest = calendar.rest(Some(&page.cursor)).await;
    let told = calendar.rest(Some(&rest.cursor())).await;
    assert!(
        rest.gone.contains(&gone) || told.gone.contains(&gone),
        "{told:?}"
    );
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_page_that_nobody_read_comes_again() {
    let mut calendar = Calendar::new().await;
    calendar.restart(2);
    let mut cursor = calendar.rest(None).await.cursor();
    for round in 0..TRIES {
        let wanted: BTreeSet<String> = (0..6).map(|n| format!("Item {round}.{n}")).collect();
        for (n, title) in wanted.iter().enumerate() {
            calendar.put(&format!("item-{n}"), title);
        }
        let mut first = calendar.page(Some(&cursor)).await;
        while !first
            .changed
            .iter()
            .any(|item| wanted.contains(&title(item)))
        {
            first = calendar.page(Some(&first.cursor)).await;
        }
        // It asks for a page, and dies before that is read.
        let lost = calendar.page(Some(&first.cursor)).await;
        calendar.restart(2);
        let told = calendar.rest(Some(&first.cursor)).await;
        let mut titles: BTreeSet<String> = first.changed.iter().map(title).collect();
        titles.extend(told.titles.iter().cloned());
        assert!(titles.is_superset(&wanted), "{titles:?}");
        // Pages of one second have one key: only then does SOGo believe that the page was read.
        if Place::of(&first.cursor).key == Place::of(&lost.cursor).key {
            return;
        }
        cursor = told.cursor();
    }
    panic!("never in one second");
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn own_deletions_are_told() {
    let mut calendar = Calendar::new().await;
    calendar.put("mine", "Mine");
    let listed = calendar.rest(None).await;
    let page = calendar.page(None).await;
    let op = Op::Delete {
        id: page.changed[0].id.clone(),
        guard: page.changed[0].revision.clone(),
    };
    let (at, batch) = (listed.cursor(), vec![Mutation { key: 1, op }]);
    calendar
        .source
        .apply(&calendar.id, Some(&at), batch)
        .await
        .unwrap();
    let told = calendar.rest(Some(&at)).await;
    assert!(told.gone.contains("mine"), "{told:?}");
}

/// Who begins anew and dies on the way goes on from the old cursor.
#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_first_listing_that_did_not_end_hides_nothing() {
    let mut calendar = Calendar::new().await;
    for n in 0..6 {
        calendar.put(&format!("item-{n}"), &format!("Item {n}"));
    }
    calendar.restart(3);
    let listed = calendar.rest(None).await;
    calendar.delete("item-0");
    let page = calendar.page(None).await;
    assert!(page.more);
    calendar.restart(3);
    let told = calendar.rest(Some(&listed.cursor())).await;
    assert!(told.gone.contains("item-0"), "{told:?}");
}
