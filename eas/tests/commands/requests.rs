//! One request of every command and shape.

use std::time::Duration;

use eas::mapping::{Account, contact, event, note, task};
use eas::wire::class::{
    Body, BodyType, Class, Contact, Email, Event, Item, NewAttachment, Recurrence, RecurrenceType,
    Values,
};
use eas::wire::command::{
    BodyPreference, Change, Collection, Command, Conflict, DeviceInformation, EstimateOf, Fetch,
    FetchOf, Find, FindCriterion, FolderCreate, FolderDelete, FolderSync, FolderType, FolderUpdate,
    Forwardee, GetItemEstimate, ItemOperations, MeetingRequestId, MeetingResponse, Move, MoveItems,
    OofMessage, OofState, Operation, Options, OutOfOffice, Ping, PolicyStatus, Provision,
    ResolveRecipients, Search, SendMail, SendResponse, Settings, SmartForward, SmartReply, Source,
    Store, Sync, UserResponse, ValidateCert, Wait, Wipe,
};
use eas::wire::wbxml::pages::{
    Calendar as C, Contacts, Contacts2, Email as E, Email2, Settings as S, Tasks,
};
use eas::wire::{DateTime, Version};

/// A body of a request, with what it is.
pub(crate) type Request = (String, Vec<u8>);

fn text(text: &str) -> String {
    text.to_owned()
}

/// Every request of a version; those without WBXML are not among them.
pub(crate) fn requests(version: Version) -> Vec<Request> {
    let mut all = Vec::new();
    folders(version, &mut all);
    device(version, &mut all);
    items(version, &mut all);
    mail(version, &mut all);
    directory(version, &mut all);
    syncs(version, &mut all);
    all.retain(|(_, body)| body.starts_with(&[3, 1, 0x6A, 0]));
    all
}

fn add<C: Command>(all: &mut Vec<Request>, version: Version, what: &str, command: &C) {
    let name = format!("{} {what}", C::NAME);
    all.push((name, command.encode(version)));
}

fn folders(version: Version, all: &mut Vec<Request>) {
    let sync = FolderSync { key: text("0") };
    add(all, version, "first", &sync);
    let create = FolderCreate {
        key: text("1"),
        parent: text("0"),
        name: text("Größe & <Maß>"),
        folder_type: FolderType::USER_CALENDAR,
    };
    add(all, version, "calendar", &create);
    let update = FolderUpdate {
        key: text("2"),
        id: text("7"),
        parent: text("0"),
        name: text("Projects"),
    };
    add(all, version, "rename", &update);
    let delete = FolderDelete {
        key: text("3"),
        id: text("7"),
    };
    add(all, version, "it", &delete);
    let estimate = |filter| EstimateOf {
        collection: text("5"),
        key: text("17"),
        class: Class::Email.as_str(),
        filter,
    };
    let estimates = GetItemEstimate(vec![estimate(Some(3)), estimate(None)]);
    add(all, version, "two folders", &estimates);
    let ping = Ping {
        heartbeat: Duration::from_secs(480),
        folders: vec![
            (text("5"), Class::Email.as_str()),
            (text("8"), Class::Calendar.as_str()),
        ],
    };
    add(all, version, "two folders", &ping);
    let one = |item: &str| Move {
        item: text(item),
        from: text("5"),
        to: text("7"),
    };
    let moves = MoveItems(vec![one("5:1"), one("5:2")]);
    add(all, version, "two items", &moves);
}

fn device(version: Version, all: &mut Vec<Request>) {
    let device = DeviceInformation {
        friendly_name: Some(text("desk")),
        os: Some(text("Linux")),
        os_language: Some(text("en")),
        user_agent: Some(text("eas/0.1")),
        ..DeviceInformation::new("PC")
    };
    add(all, version, "ask", &Provision::Ask(device.clone()));
    add(
        all,
        version,
        "ask briefly",
        &Provision::Ask(DeviceInformation::new("PC")),
    );
    for status in [
        PolicyStatus::Applied,
        PolicyStatus::Partial,
        PolicyStatus::Refused,
        PolicyStatus::External,
    ] {
        let key = text("1307199584");
        let acknowledge = Provision::Acknowledge { key, status };
        add(all, version, "acknowledge", &acknowledge);
    }
    add(all, version, "ask for a wipe", &Provision::AskWipe);
    let wiped = |wipe, done| Provision::AcknowledgeWipe { wipe, done };
    add(all, version, "wiped", &wiped(Wipe::Device, true));
    if version == Version::V16_1 {
        add(all, version, "not wiped", &wiped(Wipe::Account, false));
    }
    if version < Version::V12_0 {
        return;
    }
    let set = Settings::SetDeviceInformation(device);
    add(all, version, "device", &set);
    add(all, version, "user", &Settings::GetUserInformation);
    add(all, version, "out of office?", &Settings::GetOutOfOffice);
    let message = |audience, text: Option<&str>| OofMessage {
        audience: Some(audience),
        enabled: text.is_some(),
        text: text.map(str::to_owned),
    };
    for state in [
        OofState::Off,
        OofState::On,
        OofState::Between(DateTime::new(1_800_000_000), DateTime::new(1_800_086_400)),
    ] {
        let notice = OutOfOffice {
            state,
            messages: vec![
                message(S::AppliesToInternal, Some("away")),
                message(S::AppliesToExternalKnown, Some("")),
                message(S::AppliesToExternalUnknown, None),
            ],
        };
        add(
            all,
            version,
            "out of office",
            &Settings::SetOutOfOffice(notice),
        );
    }
}

fn items(version: Version, all: &mut Vec<Request>) {
    if version < Version::V12_0 {
        return;
    }
    let item = FetchOf::Item {
        collection: text("5"),
        id: text("5:1"),
    };
    let mut whole = Fetch::new(item, Class::Email);
    whole.mime_support = Some(2);
    whole.bodies = vec![BodyPreference::whole(BodyType::Mime)];
    whole.unprotect = true;
    let mut part = Fetch::new(FetchOf::Attachment(text("5%3a1%3a0")), Class::Email);
    part.range = Some((0, 99_999));
    let found = Fetch::new(FetchOf::Found(text("RgAAAA")), Class::Email);
    let mut operations = vec![
        Operation::Fetch(whole),
        Operation::Fetch(part),
        Operation::Fetch(found),
        Operation::EmptyFolder {
            collection: text("4"),
            with_subfolders: true,
        },
        Operation::EmptyFolder {
            collection: text("4"),
            with_subfolders: false,
        },
    ];
    if version >= Version::V14_0 {
        operations.push(Operation::MoveConversation {
            id: vec![0xFF; 16],
            to: text("7"),
        });
    }
    for operation in operations {
        add(all, version, "one", &ItemOperations(vec![operation]));
    }
}

fn mail(version: Version, all: &mut Vec<Request>) {
    let mail = |account: Option<&str>, save| SendMail {
        client_id: text("7f2a0a4e-6f0c-4f3a-a86b-2a9a9e7a0a01"),
        account: account.map(str::to_owned),
        save,
        mime: b"To: a@example.org\r\nSubject: <x>\r\n\r\n\xE9\r\n".to_vec(),
    };
    add(all, version, "plain", &mail(None, false));
    add(all, version, "of an account", &mail(Some("1"), true));
    let item = |instance| Source::Item {
        collection: text("5"),
        id: text("5:1"),
        instance,
    };
    for source in [
        item(None),
        item(Some(DateTime::new(1_800_000_000))),
        Source::Found(text("RgAAAA")),
    ] {
        let reply = SmartReply {
            mail: mail(Some("1"), true),
            source: source.clone(),
            replace: true,
        };
        add(all, version, "mail", &reply);
        let forward = SmartForward {
            mail: mail(None, true),
            source,
            replace: false,
            forwardees: vec![Forwardee {
                name: text("Al"),
                email: text("al@example.org"),
            }],
            text: Some(text("Come too")),
        };
        add(all, version, "meeting", &forward);
        let forward = SmartForward {
            forwardees: Vec::new(),
            ..forward
        };
        add(all, version, "mail", &forward);
    }
    for (response, send) in [
        (UserResponse::Accept, None),
        (UserResponse::Decline, Some(SendResponse::default())),
        (
            UserResponse::Tentative,
            Some(SendResponse {
                text: Some(text("Later?")),
                proposed: Some((DateTime::new(1_800_000_000), DateTime::new(1_800_003_600))),
            }),
        ),
    ] {
        let request = MeetingRequestId::Item {
            collection: text("5"),
            id: text("5:1"),
        };
        let answer = MeetingResponse {
            response,
            request,
            instance: Some(DateTime::new(1_800_000_000)),
            send,
        };
        add(all, version, "an item", &answer);
        let answer = MeetingResponse {
            request: MeetingRequestId::Found(text("RgAAAA")),
            ..answer
        };
        add(all, version, "a hit", &answer);
    }
}

fn directory(version: Version, all: &mut Vec<Request>) {
    for pictures in [false, true] {
        let store = Store::Directory {
            query: text("jane"),
            pictures,
        };
        let range = (0, 99);
        add(all, version, "people", &Search { store, range });
    }
    if version >= Version::V12_0 {
        let store = Store::Mailbox {
            text: text("minutes"),
            collections: vec![text("5"), text("7")],
            after: Some(DateTime::new(1_700_000_000)),
            before: Some(DateTime::new(1_800_000_000)),
            deep: true,
            body: Some(BodyPreference::whole(BodyType::Html)),
        };
        let range = (0, 99);
        add(all, version, "mail", &Search { store, range });
    }
    if version == Version::V16_1 {
        for criterion in [
            FindCriterion::Mailbox {
                text: text("from:jane"),
                collection: Some(text("5")),
                deep: true,
            },
            FindCriterion::Directory {
                query: text("jane"),
            },
        ] {
            let find = Find {
                search_id: text("3d0c5b0e-1a0b-4a3b-8e3d-4ff3f3f3f3f3"),
                criterion,
                range: (0, 99),
            };
            add(all, version, "it", &find);
        }
    }
    for (certificates, availability) in [
        (false, None),
        (true, None),
        (
            true,
            Some((DateTime::new(1_800_000_000), DateTime::new(1_800_003_600))),
        ),
    ] {
        let resolve = ResolveRecipients {
            to: vec![text("jane@example.org"), text("al")],
            certificates,
            availability,
        };
        add(all, version, "people", &resolve);
    }
    for chain in [Vec::new(), vec![text("MIIB")]] {
        let validate = ValidateCert {
            check_revocation: !chain.is_empty(),
            chain,
            certificates: vec![text("MIIC"), text("MIID")],
        };
        add(all, version, "certificates", &validate);
    }
}

fn collection(class: Class, changes: Vec<Change>) -> Collection {
    Collection {
        changes,
        ..Collection::new(class, "5", "17")
    }
}

fn sync(collections: Vec<Collection>) -> Sync {
    Sync {
        collections,
        ..Sync::default()
    }
}

fn syncs(version: Version, all: &mut Vec<Request>) {
    let mut first = Collection::new(Class::Calendar, "8", "0");
    first.supported = Some(vec![C::Subject, C::Location, C::Exceptions]);
    add(all, version, "first", &sync(vec![first.clone()]));
    first.supported = Some(Vec::new());
    let mut contacts = Collection::new(Class::Contacts, "9", "0");
    contacts.supported = Some(vec![
        Contacts::FileAs,
        Contacts::Picture,
        Contacts2::NickName,
    ]);
    add(all, version, "two", &sync(vec![first, contacts]));
    let mut rich = collection(
        Class::Email,
        vec![
            Change::Fetch { id: text("5:1") },
            Change::Delete {
                id: text("5:2"),
                instance: None,
            },
        ],
    );
    rich.deletes_as_moves = Some(false);
    rich.get_changes = Some(true);
    rich.window = Some(512);
    rich.options = Some(Options {
        filter: Some(3),
        bodies: vec![
            BodyPreference {
                body_type: BodyType::Html,
                truncation: Some(51_200),
                all_or_none: Some(true),
            },
            BodyPreference::whole(BodyType::Mime),
        ],
        conflict: Some(Conflict::ClientWins),
        mime_support: Some(2),
        mime_truncation: Some(8),
        rights_management: Some(true),
    });
    for wait in [
        None,
        Some(Wait::Minutes(59)),
        Some(Wait::Heartbeat(Duration::from_secs(3540))),
    ] {
        let whole = Sync {
            collections: vec![rich.clone()],
            wait,
            window: Some(100),
        };
        add(all, version, "with everything", &whole);
    }
    for (what, item) in mapped(version) {
        let class = item.class();
        if class == Class::Notes && version < Version::V14_0 {
            continue;
        }
        let added = Change::Add {
            client_id: text("new-1"),
            item: item.clone(),
            send: false,
        };
        let changed = Change::Change {
            id: text("5:3"),
            instance: None,
            item,
            send: false,
        };
        if class != Class::Email {
            let add_it = sync(vec![collection(class, vec![added])]);
            add(all, version, &format!("adds {what}"), &add_it);
        }
        let change_it = sync(vec![collection(class, vec![changed])]);
        add(all, version, &format!("changes {what}"), &change_it);
    }
    if version >= Version::V16_0 {
        modern(version, all);
    }
}

/// What only 16.x has: occurrences by their own, drafts, attachments.
fn modern(version: Version, all: &mut Vec<Request>) {
    let instance = Some(DateTime::new(1_800_000_000));
    let moved = Event {
        values: Values::from_iter([
            (C::StartTime, "20270115T090000Z"),
            (C::EndTime, "20270115T100000Z"),
        ]),
        new_attachments: vec![
            NewAttachment::Add {
                client_id: text("a1"),
                name: text("plan.pdf"),
                content_type: text("application/pdf"),
                content: vec![0, 1, 2, 0xFF],
            },
            NewAttachment::Delete(text("5%3a1%3a0")),
        ],
        ..Event::default()
    };
    let changes = vec![
        Change::Change {
            id: text("8:1"),
            instance,
            item: Item::Event(Box::new(moved)),
            send: false,
        },
        Change::Delete {
            id: text("8:2"),
            instance,
        },
    ];
    let occurrences = sync(vec![collection(Class::Calendar, changes)]);
    add(all, version, "changes occurrences", &occurrences);
    let draft = Email {
        values: Values::from_iter([
            (E::To, "al@example.org"),
            (E::Subject, "hello"),
            (Email2::Bcc, "jane@example.org"),
        ]),
        body: Some(Body::text("world")),
        new_attachments: vec![NewAttachment::Add {
            client_id: text("a1"),
            name: text("plan.pdf"),
            content_type: text("application/pdf"),
            content: vec![0, 1, 2, 0xFF],
        }],
        ..Email::default()
    };
    let changes = vec![Change::Add {
        client_id: text("new-1"),
        item: Item::Email(Box::new(draft)),
        send: true,
    }];
    let sent = sync(vec![collection(Class::Email, changes)]);
    add(all, version, "sends a draft", &sent);
}

const EVENT: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1@x\nDTSTAMP:20260101T000000Z\n\
DTSTART;TZID=Europe/Berlin:20261201T090000\nDTEND;TZID=Europe/Berlin:20261201T100000\n\
SUMMARY:Jour fixe\nLOCATION:Room 1\nDESCRIPTION:Bring\\nnotes\nCATEGORIES:work,team\n\
CLASS:PRIVATE\nTRANSP:OPAQUE\nX-MICROSOFT-DISALLOW-COUNTER:TRUE\n";
const PEOPLE: &str = "ORGANIZER;CN=Me:mailto:me@example.org\n\
ATTENDEE;CN=Al;PARTSTAT=ACCEPTED:mailto:al@example.org\n\
ATTENDEE;CUTYPE=ROOM:mailto:room@example.org\n";
const ALARM: &str = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM\n";

/// Items of every class as the mappings make them.
fn mapped(version: Version) -> Vec<(&'static str, Item)> {
    let own = [text("me@example.org")];
    let account = Account {
        version,
        zone: Some("Europe/Berlin"),
        addresses: &own,
    };
    let ical = |inner: String| {
        let content = format!("{inner}END:VEVENT\nEND:VCALENDAR\n");
        Item::Event(Box::new(
            event::from_ical(content.as_bytes(), &account).unwrap(),
        ))
    };
    let mut all = vec![
        ("an appointment", ical(format!("{EVENT}{ALARM}"))),
        ("a meeting", ical(format!("{EVENT}{PEOPLE}"))),
        (
            "a cancelled meeting",
            ical(format!("{EVENT}{PEOPLE}STATUS:CANCELLED\n")),
        ),
        (
            "a cancelled appointment",
            ical(format!("{EVENT}STATUS:CANCELLED\n")),
        ),
        (
            "a day",
            ical(text(
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:2\nDTSTART;VALUE=DATE:20261224\nSUMMARY:Eve\n",
            )),
        ),
    ];
    for rule in [
        "FREQ=DAILY;COUNT=5",
        "FREQ=WEEKLY;BYDAY=MO,TH;WKST=SU;UNTIL=20270601T070000Z",
        "FREQ=MONTHLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=-1TU",
        "FREQ=YEARLY;INTERVAL=2",
        "FREQ=YEARLY;BYMONTH=12;BYDAY=1TU",
    ] {
        let series = format!(
            "{EVENT}{PEOPLE}RRULE:{rule}\nEXDATE;TZID=Europe/Berlin:20261202T090000\n{ALARM}\
             END:VEVENT\n{EVENT}{PEOPLE}RECURRENCE-ID;TZID=Europe/Berlin:20261203T090000\n"
        );
        all.push(("a series", ical(series)));
    }
    let card = "BEGIN:VCARD\nVERSION:3.0\nFN:Jane Doe\nN:Doe;Jane;Q.;Dr.;Jr.\nORG:Works;Lab\n\
TITLE:Engineer\nNICKNAME:J\nEMAIL:jane@example.org\nTEL;TYPE=CELL:1\nTEL;TYPE=WORK,MAIN:2\n\
ADR;TYPE=HOME:;;Street 1;Town;;1;X\nURL:https://example.org\nBDAY:1980-04-01\nIMPP:xmpp:j@x\n\
X-CHILD:Kim\nCATEGORIES:a,b\nNOTE:n\nPHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=\nEND:VCARD\n";
    let card: Contact = contact::from_vcard(card.as_bytes()).unwrap();
    all.push(("a contact", Item::Contact(Box::new(card))));
    let todo = "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:3\nDTSTART:20261201T090000Z\n\
DUE:20261202T090000Z\nSUMMARY:Pay\nDESCRIPTION:it\nPRIORITY:1\nCATEGORIES:a\n\
RRULE:FREQ=MONTHLY;BYMONTHDAY=1;COUNT=12\nSTATUS:COMPLETED\nBEGIN:VALARM\nTRIGGER:-PT1H\n\
END:VALARM\nEND:VTODO\nEND:VCALENDAR\n";
    let todo = task::from_ical(todo.as_bytes(), &account, DateTime::new(0)).unwrap();
    all.push(("a task", Item::Task(Box::new(todo))));
    let again = eas::wire::class::Task {
        recurrence: Some(Some(Recurrence {
            recurrence_type: RecurrenceType::Daily,
            start: Some(DateTime::new(1_800_000_000)),
            regenerate: Some(true),
            dead_occur: Some(false),
            ..Recurrence::default()
        })),
        values: Values::from_iter([(Tasks::Subject, "again")]),
        ..eas::wire::class::Task::default()
    };
    all.push(("a task that comes again", Item::Task(Box::new(again))));
    let journal = "BEGIN:VCALENDAR\nBEGIN:VJOURNAL\nUID:4\nSUMMARY:s\nDESCRIPTION:d\n\
CATEGORIES:a\nEND:VJOURNAL\nEND:VCALENDAR\n";
    let journal = note::from_ical(journal.as_bytes()).unwrap();
    all.push(("a note", Item::Note(Box::new(journal))));
    let flagged = |flag: Values| Email {
        values: Values::from_iter([(E::Read, "1")]),
        categories: Some(vec![text("a")]),
        flag: Some(flag),
        ..Email::default()
    };
    let flag = Values::from_iter([(E::Status, "2"), (E::FlagType, "Flag for follow up")]);
    all.push(("a flag", Item::Email(Box::new(flagged(flag)))));
    all.push(("no flag", Item::Email(Box::new(flagged(Values::default())))));
    all
}
