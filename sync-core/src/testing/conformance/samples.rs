//! Items to write.

use crate::model::{Flags, Identity, ItemKind, NewItem};

/// An item of this kind that no other number equals.
pub(super) fn item(kind: ItemKind, n: usize) -> NewItem {
    let uid = format!("conformance-{n}@example.org");
    with_uid(kind, &uid, &format!("Item {n}"))
}

/// An item of this kind, UID (or Message-ID) and title.
pub(super) fn with_uid(kind: ItemKind, uid: &str, title: &str) -> NewItem {
    let body = match kind {
        ItemKind::Message => format!(
            "From: A Person <a@example.org>\r\nTo: b@example.org\r\n\
             Date: Mon, 02 Jan 2023 03:04:05 +0000\r\nMessage-ID: <{uid}>\r\n\
             Subject: {title}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{title}\r\n"
        ),
        ItemKind::Contact => format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{title}\r\nN:{title};;;;\r\n\
             END:VCARD\r\n"
        ),
        ItemKind::Event => calendar(&event(uid, title)),
        ItemKind::Task => calendar(&format!(
            "BEGIN:VTODO\r\nUID:{uid}\r\nDTSTAMP:20230102T030405Z\r\nSUMMARY:{title}\r\n\
             END:VTODO\r\n"
        )),
        ItemKind::Note => calendar(&format!(
            "BEGIN:VJOURNAL\r\nUID:{uid}\r\nDTSTAMP:20230102T030405Z\r\n\
             DTSTART;VALUE=DATE:20230102\r\nSUMMARY:{title}\r\nEND:VJOURNAL\r\n"
        )),
    };
    NewItem {
        kind,
        flags: Flags::default(),
        date: None,
        identity: Identity {
            uid: kind.is_mutable().then(|| uid.to_owned()),
            ..Identity::default()
        },
        body: body.as_str().into(),
    }
}

fn event(uid: &str, title: &str) -> String {
    format!(
        "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20230102T030405Z\r\n\
         DTSTART:20230102T100000Z\r\nDTEND:20230102T110000Z\r\nSUMMARY:{title}\r\n\
         END:VEVENT\r\n"
    )
}

/// A recurring event whose override stands before it.
pub(super) fn override_first(uid: &str) -> NewItem {
    let text = calendar(&format!(
        "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20230102T030405Z\r\n\
         RECURRENCE-ID:20230109T100000Z\r\nDTSTART:20230109T120000Z\r\n\
         DTEND:20230109T130000Z\r\nSUMMARY:Moved\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20230102T030405Z\r\n\
         DTSTART:20230102T100000Z\r\nDTEND:20230102T110000Z\r\n\
         RRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Weekly\r\nEND:VEVENT\r\n"
    ));
    NewItem {
        body: text.as_str().into(),
        ..with_uid(ItemKind::Event, uid, "")
    }
}

fn calendar(component: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example.org//conformance//EN\r\n\
         {component}END:VCALENDAR\r\n"
    )
}

/// A message with these bytes.
pub(super) fn message(body: &[u8]) -> NewItem {
    NewItem {
        body: body.to_vec().into(),
        ..item(ItemKind::Message, 0)
    }
}
