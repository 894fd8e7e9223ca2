//! Appointments: what 16.x wants otherwise than 14.1, and what must never be sent.

use eas::source::EasSource;
use futures_util::StreamExt as _;
use sync_core::Source as _;
use sync_core::model::{CollectionId, ItemKind, Revision};
use sync_core::source::{Depth, Op};

use super::server::{Asked, Server, sync};
use super::writing::{batch, listed, new, words};

fn event(lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:u1\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260704T090000Z\r\nDTEND:20260704T100000Z\r\n\
         SUMMARY:Title\r\n{lines}END:VEVENT\r\n"
    )
}

fn single(lines: &str) -> String {
    format!("{}END:VCALENDAR\r\n", event(lines))
}

const MEETING: &str = "ORGANIZER;CN=Bob:mailto:bob@example.test\r\n\
    ATTENDEE;PARTSTAT=ACCEPTED;CN=Alice:mailto:alice@example.test\r\n\
    ATTENDEE;CN=Carol:mailto:carol@example.test\r\n";

/// A daily series without its second occurrence and with another title in the third.
fn series() -> String {
    let mut text = event("RRULE:FREQ=DAILY;COUNT=5\r\nEXDATE:20260705T090000Z\r\n");
    text.push_str(
        "BEGIN:VEVENT\r\nUID:u1\r\nRECURRENCE-ID:20260706T090000Z\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260706T110000Z\r\nDTEND:20260706T120000Z\r\nSUMMARY:Later\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n",
    );
    text
}

fn answer(asked: &Asked) -> Option<super::server::Reply> {
    if !asked.writes() {
        return None;
    }
    let added = match asked.text("ClientId").as_str() {
        "" => String::new(),
        id => format!(
            "<Responses><Add><ClientId>{id}</ClientId><ServerId>id</ServerId><Status>1</Status>\
             </Add></Responses>"
        ),
    };
    let number: u32 = asked.text("SyncKey")[1..].parse().unwrap();
    sync("cal", &format!("k{}", number + 1), &added)
}

/// The server's own state of the series, without exceptions.
const SERIES: &str = "<StartTime xmlns=\"Calendar\">20260704T090000Z</StartTime>\
    <EndTime xmlns=\"Calendar\">20260704T100000Z</EndTime><Subject xmlns=\"Calendar\">Old</Subject>\
    <UID xmlns=\"Calendar\">u1</UID><Recurrence xmlns=\"Calendar\"><Type>0</Type>\
    <Interval>1</Interval><Occurrences>5</Occurrences></Recurrence>";

async fn revision(source: &mut EasSource, c: &CollectionId) -> Revision {
    let ids = ["id".into()];
    let mut items = source.fetch(c, &ids, Depth::Full);
    items.next().await.unwrap().unwrap().revision
}

async fn create(version: &str, text: &str) -> Vec<Asked> {
    let server = Server::new(version, answer).await;
    server.put("id", SERIES);
    let (mut source, c, cursor) = listed(&server, "Calendar").await;
    let op = Op::Create(new(ItemKind::Event, text));
    let applied = source.apply(&c, Some(&cursor), batch([op])).await.unwrap();
    assert_eq!(words(&applied), ["done id"]);
    server.writes()
}

async fn replace(version: &str, text: &str) -> Vec<Asked> {
    let server = Server::new(version, answer).await;
    server.put("id", SERIES);
    let (mut source, c, cursor) = listed(&server, "Calendar").await;
    let op = Op::Replace {
        id: "id".into(),
        guard: revision(&mut source, &c).await,
        body: text.into(),
    };
    let applied = source.apply(&c, Some(&cursor), batch([op])).await.unwrap();
    assert_eq!(words(&applied), ["done id"]);
    server.writes()
}

fn has(asked: &Asked, name: &str) -> bool {
    asked.xml.contains(&format!("<{name}>")) || asked.xml.contains(&format!("<{name} "))
}

#[tokio::test]
async fn from_16_0_on_a_new_appointment_has_no_uid_of_ours() {
    for (version, modern) in [("14.1", false), ("16.0", true), ("16.1", true)] {
        let writes = create(version, &single("LOCATION:Room\r\n")).await;
        let [add] = writes.as_slice() else {
            panic!("{writes:?}");
        };
        assert_eq!(has(add, "ClientUid"), modern, "{version}: {}", add.xml);
        for name in ["UID", "DtStamp"] {
            assert_eq!(has(add, name), !modern, "{version} {name}: {}", add.xml);
        }
        let old_place = add
            .xml
            .contains("<Location xmlns=\"Calendar\">Room</Location>");
        let new_place =
            "<Location xmlns=\"AirSyncBase\"><DisplayName>Room</DisplayName></Location>";
        assert_eq!(old_place, !modern, "{version}: {}", add.xml);
        assert_eq!(
            add.xml.contains(new_place),
            modern,
            "{version}: {}",
            add.xml
        );
        let data = add.inside("ApplicationData");
        assert!(!data.contains("EstimatedDataSize"), "{data}");
    }
}

#[tokio::test]
async fn an_invitation_that_is_written_invites_nobody_from_16_0_on() {
    for version in ["16.0", "16.1"] {
        let mut all = create(version, &single(MEETING)).await;
        all.extend(replace(version, &single(MEETING)).await);
        assert_eq!(all.len(), 2);
        for asked in all {
            for name in [
                "Attendees",
                "OrganizerName",
                "OrganizerEmail",
                "AttendeeStatus",
            ] {
                assert!(!has(&asked, name), "{version}: {}", asked.xml);
            }
            let status = asked.text("MeetingStatus");
            assert_eq!(status, "0", "{version}: {}", asked.xml);
        }
    }
    // Up to 14.1 servers mail nobody: who takes part is kept.
    let add = &create("14.1", &single(MEETING)).await[0];
    assert_eq!(add.text("OrganizerEmail"), "bob@example.test");
    assert_eq!(add.texts("Attendee").len(), 2);
    assert_eq!(add.text("MeetingStatus"), "3", "received, not organised");
}

#[tokio::test]
async fn from_16_0_on_each_occurrence_is_a_request_of_its_own() {
    let writes = replace("16.1", &series()).await;
    let commands: Vec<String> = writes.iter().map(|w| w.inside("Commands")).collect();
    assert_eq!(writes.len(), 3, "{commands:#?}");
    let keys: Vec<String> = writes.iter().map(|w| w.text("SyncKey")).collect();
    assert_eq!(keys, ["k1", "k2", "k3"]);
    // The series first, and whole but for what names a new one.
    assert!(writes[0].xml.contains("<Options>") && !has(&writes[0], "InstanceId"));
    assert!(!has(&writes[0], "Exceptions") && !has(&writes[0], "ClientUid"));
    assert_eq!(writes[0].text("Subject"), "Title");
    assert_eq!(
        commands[1],
        "<Delete><ServerId>id</ServerId>\
         <InstanceId xmlns=\"AirSyncBase\">20260705T090000Z</InstanceId></Delete>"
    );
    assert!(commands[2].starts_with(
        "<Change><ServerId>id</ServerId>\
         <InstanceId xmlns=\"AirSyncBase\">20260706T090000Z</InstanceId><ApplicationData>"
    ));
    assert_eq!(writes[2].text("Subject"), "Later");
    assert_eq!(writes[2].text("StartTime"), "20260706T110000Z");
    for instance in &writes[1..] {
        // An occurrence is refused with a zone, or in a request with options.
        assert!(!has(instance, "Timezone") && !has(instance, "Options"));
    }
}

#[tokio::test]
async fn up_to_14_1_a_change_has_all_occurrences() {
    let writes = replace("14.1", &series()).await;
    assert_eq!(writes.len(), 1);
    let exceptions = writes[0].inside("Exceptions");
    assert!(
        exceptions.starts_with("<Exception><Deleted>1</Deleted>"),
        "{exceptions}"
    );
    assert_eq!(
        writes[0].texts("ExceptionStartTime"),
        ["20260705T090000Z", "20260706T090000Z"]
    );
    assert!(!has(&writes[0], "InstanceId"));
}

#[tokio::test]
async fn a_new_series_has_its_occurrences_with_it() {
    let writes = create("16.1", &series()).await;
    assert_eq!(writes.len(), 1);
    assert_eq!(
        writes[0].texts("InstanceId"),
        ["20260705T090000Z", "20260706T090000Z"]
    );
}
