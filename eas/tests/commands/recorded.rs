use std::path::Path;
use std::time::Duration;

use eas::wire::class::{BodyType, Class, Item};
use eas::wire::command::{
    BodyPreference, Change, Collection, Command, DeviceInformation, Fetch, FetchOf, FolderChange,
    FolderCreate, FolderSync, FolderType, GetItemEstimate, ItemOperations, MeetingRequestId,
    MeetingResponse, Move, MoveItems, Operation, Options, Ping, Provision, Search, SendMail,
    ServerChange, Settings, Store, Sync, UserResponse, ValidateCert,
};
use eas::wire::wbxml::pages::{Calendar, Email, GAL};
use eas::wire::wbxml::to_xml;
use eas::wire::{Status, Version};

fn bytes(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sogo");
    std::fs::read(folder.join(format!("{name}.wbxml"))).unwrap()
}

/// What a command writes is what was sent to the server, whatever the switches of pages.
fn writes<C: Command>(command: &C, name: &str) {
    let ours = to_xml(&command.encode(Version::V14_1)).unwrap();
    let theirs = to_xml(&bytes(&format!("{name}.req"))).unwrap();
    assert_eq!(ours, theirs, "{name}");
}

fn answers<C: Command>(command: &C, name: &str) -> C::Answer {
    command.decode(&bytes(&format!("{name}.resp"))).unwrap()
}

#[test]
fn folders() {
    let first = FolderSync { key: "0".into() };
    writes(&first, "05-foldersync-initial-key0");
    let answer = answers(&first, "05-foldersync-initial-key0");
    assert_eq!(answer.status, Some(Status::OK));
    assert_eq!(answer.changes.len(), 9);
    let FolderChange::Add(inbox) = &answer.changes[0] else {
        panic!("{:?}", answer.changes[0]);
    };
    assert_eq!(
        (inbox.name.as_str(), inbox.folder_type),
        ("INBOX", FolderType::INBOX)
    );
    let bogus = answers(&first, "07-foldersync-bogus-key");
    assert_eq!(bogus.status, Some(Status::OK));
    let unknown = answers(&first, "46-foldersync-unknown-device-nonzero-key-status9");
    assert_eq!(unknown.status, Some(Status(9)));
    let create = FolderCreate {
        key: String::new(),
        parent: "0".into(),
        name: "Projects".into(),
        folder_type: FolderType::USER_MAIL,
    };
    let created = answers(&create, "08-foldercreate-mail-projects");
    assert!(created.id.is_some() && created.key.is_some());
    let deleted = answers(&first, "45-foldersync-incremental-delete");
    assert!(matches!(
        deleted.changes.as_slice(),
        [FolderChange::Delete(_)]
    ));
}

#[test]
fn provisioning_and_settings() {
    let ask = Provision::Ask(DeviceInformation::new("probe"));
    let answer = answers(&ask, "01-provision-phase1");
    assert_eq!(answer.policy.unwrap().status, Some(Status(2)));
    // Up to 14.0 the device is described by a command of its own.
    let older = to_xml(&ask.encode(Version::V14_0)).unwrap();
    assert_eq!(older, to_xml(&bytes("01-provision-phase1.req")).unwrap());
    writes(
        &Settings::GetUserInformation,
        "03-settings-userinformation-get",
    );
    let me = answers(
        &Settings::GetUserInformation,
        "03-settings-userinformation-get",
    );
    assert!(!me.accounts[0].addresses.is_empty());
}

fn calendar(key: &str) -> Collection {
    Collection::new(Class::Calendar, "vevent%2Fpersonal", key)
}

fn sync(collection: Collection) -> Sync {
    Sync {
        collections: vec![collection],
        ..Sync::default()
    }
}

#[test]
fn a_calendar_is_listed() {
    let first = sync(calendar("0"));
    writes(&first, "13-sync-calendar-initial-key0");
    let answer = answers(&first, "13-sync-calendar-initial-key0");
    assert_eq!(answer.collections[0].key.as_deref(), Some("-1"));
    let all = answers(&first, "21-sync-calendar-readback-second-device");
    let changes = &all.collections[0].changes;
    assert_eq!(changes.len(), 4);
    let ServerChange::Add {
        item: Item::Event(weekly),
        ..
    } = &changes[3]
    else {
        panic!("{:?}", changes[3]);
    };
    assert_eq!(weekly.values.get(Calendar::Subject), Some("Weekly"));
    assert!(matches!(&weekly.recurrence, Some(Some(rule)) if rule.occurrences == Some(5)));
    assert!(weekly.exceptions.as_ref().unwrap()[0].deleted);
    let gone = answers(&first, "27-sync-calendar-incremental-delete");
    assert!(matches!(
        gone.collections[0].changes[0],
        ServerChange::Delete { .. }
    ));
    let lost = answers(&first, "16-sync-calendar-status3-resync-needed");
    assert_eq!(lost.collections[0].status, Some(Status(3)));
    // Nothing changed: no body at all.
    assert!(first.decode(&[]).unwrap().collections.is_empty());
    let added = answers(
        &first,
        "17-sync-calendar-add-recurring-with-deleted-exception",
    );
    assert!(added.collections[0].responses[0].client_id.is_some());
}

#[test]
fn mail_is_marked_and_fetched() {
    let mut inbox = Collection::new(Class::Email, "x", "1");
    inbox.changes = vec![Change::Delete {
        id: "1".into(),
        instance: None,
    }];
    let listing = answers(&sync(inbox), "54-sync-inbox-text-body-window2");
    assert!(listing.collections[0].more);
    let ServerChange::Add {
        item: Item::Email(mail),
        ..
    } = &listing.collections[0].changes[0]
    else {
        panic!();
    };
    assert_eq!(mail.values.get(Email::Subject), Some("hello one"));
    let what = FetchOf::Item {
        collection: "c".into(),
        id: "1".into(),
    };
    let mut fetch = Fetch::new(what, Class::Email);
    fetch.bodies = vec![BodyPreference::whole(BodyType::Mime)];
    let request = ItemOperations(vec![Operation::Fetch(fetch)]);
    let answer = answers(&request, "61-itemoperations-fetch-mail-mime");
    let body = answer.fetched[0].item.as_ref().unwrap().body().unwrap();
    assert_eq!(body.body_type, BodyType::Mime);
    let mime = String::from_utf8_lossy(body.data.as_deref().unwrap());
    assert!(mime.contains("Subject: hello"), "{mime}");
    let attachment = answers(&request, "67-itemoperations-fetch-attachment");
    assert!(
        attachment.fetched[0]
            .data
            .as_ref()
            .is_some_and(|data| !data.is_empty())
    );
}

#[test]
fn the_other_commands() {
    let estimate = answers(&GetItemEstimate::default(), "53-getitemestimate-inbox");
    assert!(estimate[0].estimate.is_some_and(|n| n > 0));
    let moves = MoveItems(vec![Move {
        item: "1".into(),
        from: "a".into(),
        to: "b".into(),
    }]);
    let moved = answers(&moves, "64-moveitems-inbox-to-trash");
    assert_eq!(
        (moved[0].status, moved[0].new_id.as_deref()),
        (Status(3), Some("1"))
    );
    let ping = Ping {
        heartbeat: Duration::from_secs(5),
        folders: Vec::new(),
    };
    let answer = answers(&ping, "76-ping-change-detected");
    assert_eq!((answer.status, answer.changed.len()), (Some(Status(2)), 1));
    assert_eq!(
        answers(&ping, "95-ping-interval-too-long-status5").status,
        Some(Status(5))
    );
    assert!(ping.encode(Version::V14_1).is_empty());
    let search = |store| Search {
        store,
        range: (0, 99),
    };
    let people = search(Store::Directory {
        query: "bob".into(),
        pictures: false,
    });
    let found = answers(&people, "72-search-gal");
    assert!(found.hits[0].entry.get(GAL::EmailAddress).is_some());
    let mail = search(Store::Mailbox {
        text: "hello".into(),
        collections: Vec::new(),
        after: None,
        before: None,
        deep: true,
        body: None,
    });
    let found = answers(&mail, "73-search-mailbox");
    assert!(found.hits[0].mail.is_some());
    let accept = MeetingResponse {
        response: UserResponse::Accept,
        request: MeetingRequestId::Found("x".into()),
        instance: None,
        send: None,
    };
    let accepted = answers(&accept, "84-meetingresponse-accept");
    assert_eq!(accepted.status, Some(Status::OK));
    assert!(accepted.appointment.is_some());
    let checked = answers(&ValidateCert::default(), "90-validatecert");
    assert_eq!(checked.certificates, [Status(17)]);
    let send = SendMail {
        client_id: "1".into(),
        account: None,
        save: true,
        mime: b"x".to_vec(),
    };
    assert_eq!(
        answers(&send, "50-sendmail-no-recipient").status,
        Some(Status(120))
    );
    assert_eq!(send.decode(&[]).unwrap().status, None);
    assert_eq!(send.encode(Version::V12_1), b"x");
}

/// Exchange answers status 4 to children in another order.
#[test]
fn children_stand_in_the_order_of_the_schema() {
    let mut collection = calendar("1");
    collection.supported = Some(vec![Calendar::Subject]);
    collection.deletes_as_moves = Some(false);
    collection.get_changes = Some(true);
    collection.window = Some(50);
    collection.options = Some(Options {
        filter: Some(0),
        bodies: vec![BodyPreference::whole(BodyType::Text)],
        ..Options::default()
    });
    collection.changes = vec![Change::Fetch { id: "1".into() }];
    let order = |version| {
        let xml = to_xml(&sync(collection.clone()).encode(version)).unwrap();
        let names = [
            "<Class>",
            "<SyncKey>",
            "<CollectionId>",
            "<Supported>",
            "<DeletesAsMoves>",
            "<GetChanges>",
            "<WindowSize>",
            "<Options>",
            "<Commands>",
        ];
        let found = names.map(|name| xml.find(name));
        (
            found[0],
            found[1..].iter().map(|at| at.unwrap()).collect::<Vec<_>>(),
        )
    };
    for version in Version::ALL {
        let (class, rest) = order(version);
        assert!(rest.is_sorted(), "{version}");
        // Up to 12.0 the class is told, first of all.
        assert_eq!(
            class.is_some_and(|at| at < rest[0]),
            version <= Version::V12_0
        );
    }
}
