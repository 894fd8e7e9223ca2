//! Items of every sort that people have.

use super::place::Service;

/// What SOGo does not keep as it is: it puts events without a zone into its own, and asks every
/// attendee for an answer.
pub(crate) const BENT: [&str; 2] = ["floating", "meeting"];

/// The zone of Berlin under a name of one's own choice.
fn zone(name: &str) -> String {
    format!(
        "BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:DAYLIGHT\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
         TZNAME:CEST\nDTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n\
         END:DAYLIGHT\nBEGIN:STANDARD\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nTZNAME:CET\n\
         DTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n\
         END:VTIMEZONE\n"
    )
}

/// Wraps components, with lines as they travel: folded, and with CRLF.
fn calendar(inside: &str) -> String {
    fold(&format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Corpus//EN\n{inside}END:VCALENDAR\n"
    ))
}

fn fold(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut width = 0;
        for c in line.chars() {
            if width + c.len_utf8() > 74 {
                out.push_str("\r\n ");
                width = 1;
            }
            out.push(c);
            width += c.len_utf8();
        }
        out.push_str("\r\n");
    }
    out
}

/// A plain event.
pub(crate) fn event(uid: &str, title: &str) -> String {
    calendar(&format!(
        "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nDTSTART:20270105T100000Z\n\
         DTEND:20270105T110000Z\nSUMMARY:{title}\nLOCATION:Room 1\nDESCRIPTION:none\nEND:VEVENT\n"
    ))
}

/// A plain contact.
pub(crate) fn card(uid: &str, name: &str) -> String {
    fold(&format!(
        "BEGIN:VCARD\nVERSION:3.0\nUID:{uid}\nFN:{name}\nN:{name};;;;\nEMAIL;TYPE=HOME:x@y.example\n\
         NOTE:none\nEND:VCARD\n"
    ))
}

/// Weekly, with a moved, a deleted and a renamed instance.
pub(crate) fn series(uid: &str, tz: &str) -> String {
    let instance = |id: &str, start: &str, title: &str| {
        format!(
            "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID;TZID={tz}:{id}\n\
             DTSTART;TZID={tz}:{start}\nDURATION:PT1H\nSUMMARY:{title}\nEND:VEVENT\n"
        )
    };
    let moved = instance("20270118T090000", "20270119T140000", "Weekly\\, moved");
    let renamed = instance("20270125T090000", "20270125T090000", "Weekly\\, renamed");
    calendar(&format!(
        "{}BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nSEQUENCE:2\n\
         DTSTART;TZID={tz}:20270104T090000\nDTEND;TZID={tz}:20270104T100000\n\
         RRULE:FREQ=WEEKLY;COUNT=12\nEXDATE;TZID={tz}:20270111T090000\nSUMMARY:Weekly\n\
         CATEGORIES:Work,Team\nEND:VEVENT\n{moved}{renamed}",
        zone(tz)
    ))
}

/// Bytes as base64 that are no image but look like one.
fn base64(bytes: usize) -> String {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 7_usize;
    (0..bytes.div_ceil(3) * 4)
        .map(|_| {
            state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
            char::from(letters.as_bytes()[state / 65_536 % 64])
        })
        .collect()
}

/// Events, tasks and journals.
pub(crate) fn calendar_items(journals: bool) -> Vec<String> {
    let mut items = vec![
        event("plain@example.org", "Plain"),
        event(
            "unicode-1",
            "Größe \u{1f389} 日本語 — with commas\\, and semicolons\\; twice",
        ),
        series("series@example.org", "Europe/Berlin"),
        series(
            "outlook-040000008200E00074C5B7101A82E008",
            "W. Europe Standard Time",
        ),
        calendar(
            "BEGIN:VEVENT\nUID:all-day\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:20270214\n\
             DTEND;VALUE=DATE:20270216\nRRULE:FREQ=YEARLY\nSUMMARY:Two days\nTRANSP:TRANSPARENT\n\
             CLASS:PRIVATE\nEND:VEVENT\n",
        ),
        calendar(
            "BEGIN:VEVENT\nUID:floating\nDTSTAMP:20260101T000000Z\nDTSTART:20270301T070000\n\
             DTEND:20270301T073000\nSUMMARY:Breakfast wherever I am\nPRIORITY:5\n\
             GEO:48.137154;11.576124\nURL:https://example.org/breakfast?a=b\nEND:VEVENT\n",
        ),
        calendar(
            "BEGIN:VEVENT\nUID:alarms\nDTSTAMP:20260101T000000Z\nDTSTART:20270302T070000Z\n\
             DURATION:PT45M\nSUMMARY:With alarms\nBEGIN:VALARM\nACTION:DISPLAY\n\
             DESCRIPTION:Soon\nTRIGGER:-PT15M\nEND:VALARM\nBEGIN:VALARM\nACTION:AUDIO\n\
             TRIGGER;VALUE=DATE-TIME:20270302T060000Z\nREPEAT:2\nDURATION:PT5M\nEND:VALARM\n\
             END:VEVENT\n",
        ),
        calendar(
            "BEGIN:VEVENT\nUID:meeting\nDTSTAMP:20260101T000000Z\nDTSTART:20270303T070000Z\n\
             DTEND:20270303T080000Z\nSUMMARY:With others\nSEQUENCE:1\n\
             ORGANIZER;CN=Chair Person:mailto:chair@elsewhere.example\n\
             ATTENDEE;CN=\"Doe, Jo\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:jo@elsewhere.example\n\
             ATTENDEE;CN=Room;CUTYPE=ROOM;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:room@elsewhere.example\n\
             END:VEVENT\n",
        ),
        calendar(&format!(
            "BEGIN:VEVENT\nUID:attachments\nDTSTAMP:20260101T000000Z\nDTSTART:20270304T070000Z\n\
             DTEND:20270304T080000Z\nSUMMARY:With attachments\n\
             ATTACH;FMTTYPE=application/pdf:https://example.org/agenda.pdf\n\
             ATTACH;ENCODING=BASE64;FMTTYPE=image/png;VALUE=BINARY:{}\nEND:VEVENT\n",
            base64(6000)
        )),
        calendar(
            "BEGIN:VEVENT\nUID:extensions\nDTSTAMP:20260101T000000Z\nDTSTART:20270305T070000Z\n\
             DTEND:20270305T080000Z\nSUMMARY:With extensions\nX-EXAMPLE;X-KIND=odd:a value\n\
             X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC\nX-MOZ-GENERATION:3\n\
             DESCRIPTION:First line\\nSecond line\\n\\nLast line\nEND:VEVENT\n",
        ),
        calendar(
            "BEGIN:VTODO\nUID:task\nDTSTAMP:20260101T000000Z\nSUMMARY:Pay the rent\n\
             DUE;VALUE=DATE:20270401\nPRIORITY:1\nPERCENT-COMPLETE:40\nSTATUS:IN-PROCESS\n\
             RELATED-TO:parent-task\nCATEGORIES:Home\nEND:VTODO\n",
        ),
        calendar(
            "BEGIN:VTODO\nUID:done\nDTSTAMP:20260101T000000Z\nSUMMARY:Done\n\
             COMPLETED:20260102T100000Z\nPERCENT-COMPLETE:100\nSTATUS:COMPLETED\nEND:VTODO\n",
        ),
    ];
    if journals {
        items.push(calendar(
            "BEGIN:VJOURNAL\nUID:journal\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:20270101\n\
             SUMMARY:A good day\nDESCRIPTION:It rained.\\nNobody minded.\nEND:VJOURNAL\n",
        ));
    }
    items
}

/// Contacts and a group of them.
pub(crate) fn contacts() -> Vec<String> {
    vec![
        card("plain-card", "Plain"),
        fold(&format!(
            "BEGIN:VCARD\nVERSION:3.0\nUID:photo-card\nFN:Zoë Größer\nN:Größer;Zoë;Maria;Dr.;\n\
             PHOTO;ENCODING=b;TYPE=JPEG:{}\nEND:VCARD\n",
            base64(9000)
        )),
        fold(
            "BEGIN:VCARD\nVERSION:3.0\nUID:addresses-card\nFN:Many Ways\nN:Ways;Many;;;\n\
             ORG:Example Inc.;Research\nTITLE:Head of Ways\nNICKNAME:Manny\nBDAY:1980-02-29\n\
             ADR;TYPE=HOME:;;Main Street 1;Springfield;;12345;USA\n\
             ADR;TYPE=WORK:;Floor 2;Side Street 2;Shelbyville;;54321;USA\n\
             TEL;TYPE=CELL:+1 555 0100\nTEL;TYPE=WORK:+1 555 0101\n\
             EMAIL;TYPE=HOME:home@example.org\nEMAIL;TYPE=WORK:work@example.org\n\
             URL:https://example.org/\nNOTE:First line\\nSecond line\\, with a comma\nEND:VCARD\n",
        ),
        fold(
            "BEGIN:VCARD\nVERSION:3.0\nUID:labels-card\nFN:Labels\nN:Labels;;;;\n\
             item1.EMAIL;TYPE=INTERNET:label@example.org\nitem1.X-ABLabel:Vacation\n\
             item2.TEL:+1 555 0102\nitem2.X-ABLabel:_$!<Other>!$_\nX-EXAMPLE:kept\nEND:VCARD\n",
        ),
        fold(
            "BEGIN:VCARD\nVERSION:3.0\nUID:group-card\nFN:A group\nN:A group;;;;\n\
             X-ADDRESSBOOKSERVER-KIND:group\n\
             X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:plain-card\n\
             X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:photo-card\nEND:VCARD\n",
        ),
    ]
}

/// All items of a service.
pub(crate) fn items(service: Service, journals: bool) -> Vec<String> {
    match service {
        Service::Calendars => calendar_items(journals),
        Service::Contacts => contacts(),
    }
}
