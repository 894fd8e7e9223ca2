//! Files of appointments: as ATTACH with the bytes in it from 16.0 on, and nowhere before.

use eas::testing::{Attachment, Element, Fault, Moment, SeenRequest, Server};
use eas::wire::wbxml::pages::{Calendar as C, Provision as P};
use sync_core::Source as _;
use sync_core::model::{CollectionId, Item, ItemId, ItemKind};
use sync_core::source::{ChangePage, Mutation, Op, Outcome};

use crate::engine::World;
use crate::world::{server, source, tea};

const AGENDA: &str = "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;FILENAME=agenda.txt:\
    MS4gdGVhAA==\r\n";
const MAP: &str = "ATTACH;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=\"map, big.png\":iVBORw==\r\n";
const LINK: &str = "ATTACH:https://example.org/agenda.html\r\n";

fn event(lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:Tea\r\n\
         DTSTAMP:20261101T000000Z\r\nDTSTART:20261203T090000Z\r\nDTEND:20261203T100000Z\r\n\
         SUMMARY:Tea\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// An appointment on the server, with a file.
fn with_agenda(server: &Server) -> String {
    let store = server.store();
    let id = store.add("Calendar", tea("Tea")).unwrap();
    assert!(store.attach("Calendar", &id, "agenda.txt", "text/plain", *b"1. tea\0"));
    id
}

fn files(server: &Server) -> Vec<Attachment> {
    server.store().items("Calendar").remove(0).attachments
}

fn names(server: &Server) -> Vec<String> {
    files(server).into_iter().map(|file| file.name).collect()
}

/// The only appointment of a server, without lines being folded.
fn text(item: &Item) -> String {
    let bytes = item.body.clone().unwrap().read(1 << 30).unwrap();
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace("\r\n ", "")
}

struct Client {
    source: eas::source::EasSource,
    calendar: CollectionId,
}

impl Client {
    async fn new(server: &Server) -> Self {
        let mut source = source(server, "device1");
        let all = source.collections().await.unwrap();
        let calendar = all.into_iter().find(|c| c.path.to_string() == "Calendar");
        Self {
            source,
            calendar: calendar.unwrap().id,
        }
    }

    async fn list(&mut self) -> ChangePage {
        self.source.changes(&self.calendar, None).await.unwrap()
    }

    async fn only(&mut self) -> Item {
        let mut page = self.list().await;
        assert!(page.unreadable.is_empty(), "{:?}", page.unreadable);
        page.changed.remove(0)
    }

    async fn apply(&mut self, op: Op) -> Outcome {
        let batch = vec![Mutation { key: 1, op }];
        let applied = self.source.apply(&self.calendar, None, batch).await;
        applied.unwrap().outcomes.remove(0)
    }

    async fn create(&mut self, text: &str) -> Outcome {
        self.apply(Op::Create(sync_core::model::NewItem {
            kind: ItemKind::Event,
            flags: sync_core::model::Flags::default(),
            date: None,
            identity: sync_core::model::Identity::default(),
            body: text.into(),
        }))
        .await
    }

    async fn replace(&mut self, item: &Item, text: &str) -> Outcome {
        self.apply(Op::Replace {
            id: item.id.clone(),
            guard: item.revision.clone(),
            body: text.into(),
        })
        .await
    }
}

/// The Syncs that changed something.
fn writes(server: &Server) -> Vec<SeenRequest> {
    let mut all = server.requests();
    all.retain(|seen| seen.command == "Sync" && seen.body.contains("<Commands>"));
    all
}

fn fetched_files(server: &Server) -> usize {
    let requests = server.requests();
    let asks = |seen: &&SeenRequest| seen.command == "ItemOperations";
    let bodies = requests.iter().filter(asks).map(|seen| &seen.body);
    bodies
        .map(|body| body.matches("<FileReference").count())
        .sum()
}

#[tokio::test]
async fn a_file_is_read_with_its_appointment() {
    for version in ["16.0", "16.1"] {
        let server = server(version);
        let id = with_agenda(&server);
        let mut client = Client::new(&server).await;
        let item = client.only().await;
        assert!(text(&item).contains(AGENDA), "{}", text(&item));
        assert_eq!(fetched_files(&server), 1);
        // Another name is another content.
        let store = server.store();
        assert!(store.detach("Calendar", &id, "agenda.txt"));
        let without = client.only().await;
        assert!(!text(&without).contains("ATTACH"));
        assert_ne!(item.revision, without.revision);
    }
}

#[tokio::test]
async fn a_new_appointment_brings_its_files() {
    let server = server("16.1");
    let mut client = Client::new(&server).await;
    let outcome = client.create(&event(&format!("{AGENDA}{MAP}{LINK}"))).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    let files = files(&server);
    assert_eq!(names(&server), ["agenda.txt", "map, big.png"]);
    assert_eq!(files[0].content, b"1. tea\0");
    assert_eq!(files[0].content_type, "text/plain");
    assert_eq!(files[1].content, b"\x89PNG");
    assert_eq!(files[1].content_type, "application/octet-stream");
}

#[tokio::test]
async fn a_change_adds_and_takes_away_what_differs() {
    let server = server("16.1");
    let id = with_agenda(&server);
    let mut client = Client::new(&server).await;
    let reference = files(&server)[0].reference.clone();

    // Another title, the same file.
    let item = client.only().await;
    let outcome = client
        .replace(&item, &text(&item).replace("Tea", "Cake"))
        .await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert!(!writes(&server)[0].body.contains("Attachments"));
    assert_eq!(files(&server)[0].reference, reference);

    // One more.
    let item = client.only().await;
    let more = format!("{MAP}END:VEVENT");
    client
        .replace(&item, &text(&item).replace("END:VEVENT", &more))
        .await;
    assert_eq!(names(&server), ["agenda.txt", "map, big.png"]);
    assert_eq!(files(&server)[0].reference, reference);

    // The first one in another version.
    let item = client.only().await;
    let outcome = client
        .replace(&item, &text(&item).replace("MS4gdGVhAA==", "Mi4gdGVh"))
        .await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert_eq!(names(&server), ["map, big.png", "agenda.txt"]);
    assert_eq!(files(&server)[1].content, b"2. tea");

    // None any more.
    let item = client.only().await;
    client.replace(&item, &event("")).await;
    assert!(names(&server).is_empty());
    assert_eq!(
        server
            .store()
            .item("Calendar", &id)
            .unwrap()
            .text(C::Subject)
            .as_deref(),
        Some("Tea")
    );
}

#[tokio::test]
async fn what_is_too_large_stays_where_it_is() {
    let server = server("16.1");
    let id = with_agenda(&server);
    let store = server.store();
    // Above what is carried along, and above what the policy lets a device fetch.
    assert!(store.attach("Calendar", &id, "film", "video/mp4", vec![7; 11 << 20]));
    assert!(store.attach("Calendar", &id, "song", "audio/ogg", vec![7; 2 << 10]));
    store.renew_policy([Element::text(P::MaxAttachmentSize, "1024")]);
    let mut client = Client::new(&server).await;
    let item = client.only().await;
    assert_eq!(text(&item).matches("ATTACH").count(), 1);
    assert_eq!(fetched_files(&server), 2);
    client.replace(&item, &event("")).await;
    assert_eq!(names(&server), ["film", "song"]);
}

#[tokio::test]
async fn files_are_carried_each_for_itself() {
    let server = server("16.1");
    let id = with_agenda(&server);
    let store = server.store();
    for name in ["one", "two"] {
        assert!(store.attach("Calendar", &id, name, "video/mp4", vec![7; 9 << 20]));
    }
    let mut client = Client::new(&server).await;
    assert_eq!(text(&client.only().await).matches("ATTACH").count(), 3);
    // More than all of an appointment's may be: it cannot be read, and nothing was taken away.
    for name in ["three", "four", "five", "six", "seven", "eight"] {
        assert!(store.attach("Calendar", &id, name, "video/mp4", vec![7; 9 << 20]));
    }
    let before = fetched_files(&server);
    let page = client.list().await;
    assert_eq!((page.changed.len(), page.unreadable.len()), (0, 1));
    assert_eq!(fetched_files(&server), before);
}

#[tokio::test]
async fn a_document_that_is_too_large_is_not_sent() {
    let server = server("16.1");
    let mut client = Client::new(&server).await;
    let large = format!(
        "ATTACH;ENCODING=BASE64;VALUE=BINARY:{}\r\n",
        "A".repeat(17 << 20)
    );
    let outcome = client.create(&event(&large)).await;
    assert!(
        matches!(&outcome, Outcome::Refused(error) if error.kind() == sync_core::ErrorKind::TooLarge),
        "{outcome:?}"
    );
    // With a file of 11 MB it can be sent, without the file.
    let large = format!(
        "ATTACH;ENCODING=BASE64;VALUE=BINARY:{}\r\n",
        "A".repeat(15 << 20)
    );
    let outcome = client.create(&event(&large)).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert!(names(&server).is_empty());
    assert_eq!(writes(&server).len(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_fetched_was_not_taken_away() {
    let server = server("16.1");
    let id = with_agenda(&server);
    let mut client = Client::new(&server).await;
    let taken = id.clone();
    server.order(
        Fault::on("ItemOperations").edit(Moment::Received, move |store| {
            store.detach("Calendar", &taken, "agenda.txt");
        }),
    );
    let page = client.list().await;
    assert!(page.changed.is_empty());
    assert_eq!(page.unreadable.len(), 1);
    assert_eq!(page.unreadable[0].item(), Some(&ItemId::new(id)));
}

#[tokio::test]
async fn both_sides_keep_each_others_files() {
    let mut world = World::new("16.1", "Calendar");
    let c = world.collection(ItemKind::Event);
    let id = with_agenda(&world.server);
    world.settles().await;
    assert!(world.text_of("Tea").replace("\r\n ", "").contains(AGENDA));
    let lines = format!("{MAP}{LINK}");
    world.put(&c, ItemKind::Event, &event(&lines).replace("Tea", "Cake"));
    world.settles().await;
    let stored = |world: &World| {
        let items = world.server.store().items("Calendar").into_iter();
        let mut all = items.filter(|item| item.text(C::Subject).as_deref() == Some("Cake"));
        all.next().unwrap()
    };
    assert_eq!(stored(&world).attachments.len(), 1);

    // Taken away there, added there, and what only points to something is not missed.
    let cake = stored(&world).id;
    let store = world.server.store();
    assert!(store.detach("Calendar", &cake, "map, big.png"));
    assert!(store.attach("Calendar", &cake, "recipe", "text/plain", *b"eggs"));
    world.settles().await;
    let text = world.text_of("Cake").replace("\r\n ", "");
    assert!(text.contains(LINK) && text.contains(":ZWdncw=="), "{text}");
    assert!(!text.contains("iVBORw=="), "{text}");

    // Taken away here.
    world.edit("Tea", |text| {
        let text = text.replace("\r\n ", "");
        assert!(text.contains(AGENDA));
        text.replace(AGENDA, "")
    });
    world.settles().await;
    assert!(store.item("Calendar", &id).unwrap().attachments.is_empty());
}

#[tokio::test]
async fn up_to_14_1_files_stay_on_the_other_side() {
    let mut world = World::new("14.1", "Calendar");
    let c = world.collection(ItemKind::Event);
    world.put(&c, ItemKind::Event, &event(&format!("{AGENDA}{LINK}")));
    world.settles().await;
    let store = world.server.store();
    let item = store.items("Calendar").remove(0);
    assert!(item.attachments.is_empty());
    assert!(store.set("Calendar", &item.id, Element::text(C::Subject, "Cake")));
    world.settles().await;
    let text = world.text_of("SUMMARY:Cake").replace("\r\n ", "");
    assert!(text.contains(AGENDA) && text.contains(LINK), "{text}");
    // Another file there is nothing to write here.
    let before = writes(&world.server).len();
    world.edit("SUMMARY:Cake", |text| {
        let text = text.replace("\r\n ", "");
        text.replace(AGENDA, MAP)
    });
    world.settles().await;
    assert_eq!(writes(&world.server).len(), before);
    assert!(
        world
            .text_of("SUMMARY:Cake")
            .replace("\r\n ", "")
            .contains(MAP)
    );
}
