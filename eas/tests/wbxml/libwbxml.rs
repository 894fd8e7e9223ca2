//! The same documents with libwbxml's command-line tools.

use std::path::Path;
use std::process::Command;

use eas::wire::wbxml::pages::ComposeMail;
use eas::wire::wbxml::{Tag, Token, Tokens, to_xml};

use super::vectors::{Step, published, recorded, steps_of_xml};

/// Names that libwbxml spells in its own way.
const SPELLINGS: &[(&str, &str)] = &[
    ("Calendar:AttendeeStatus", "Calendar:Attendee_Status"),
    ("Calendar:AttendeeType", "Calendar:Attendee_Type"),
    ("Calendar:DayOfWeek", "Calendar:Recurrence_DayOfWeek"),
    ("Calendar:Deleted", "Calendar:Exception_Deleted"),
    ("Calendar:DtStamp", "Calendar:DTStamp"),
    ("Calendar:Email", "Calendar:Attendee_Email"),
    (
        "Calendar:ExceptionStartTime",
        "Calendar:Exception_StartTime",
    ),
    ("Calendar:Interval", "Calendar:Recurrence_Interval"),
    ("Calendar:Name", "Calendar:Attendee_Name"),
    ("Calendar:Occurrences", "Calendar:Recurrence_Occurrences"),
    ("Calendar:OrganizerEmail", "Calendar:Organizer_Email"),
    ("Calendar:OrganizerName", "Calendar:Organizer_Name"),
    ("Calendar:Timezone", "Calendar:TimeZone"),
    ("Calendar:Type", "Calendar:Recurrence_Type"),
    ("ComposeMail:Mime", "ComposeMail:MIME"),
    ("Email:DtStamp", "Email:DTStamp"),
    ("Email:ReplyTo", "Email:Reply-To"),
    ("Email:Status", "Email:FlagStatus"),
    ("GAL:EmailAddress", "Gal:EmailAddress"),
    ("Tasks:UtcDueDate", "Tasks:UTCDueDate"),
];

fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let scratch = tempfile::tempdir().unwrap();
    let (from, to) = (scratch.path().join("in"), scratch.path().join("out"));
    std::fs::write(&from, input).unwrap();
    let output = Command::new(program)
        .args(arguments)
        .args([Path::new("-o"), &to, &from])
        .output()
        .unwrap_or_else(|_| panic!("{program}: `cargo testbed install`"));
    assert!(output.status.success(), "{program}: {output:?}");
    std::fs::read(to).unwrap()
}

/// Every document, and whether it has bytes that are no text, or a mail: libwbxml shows some of them as
/// base64.
fn documents() -> Vec<(String, Vec<u8>, bool)> {
    let published = published().into_iter().map(|(vector, bytes)| {
        let name = vector["name"].as_str().unwrap().to_owned();
        (name, bytes)
    });
    let recorded = recorded().into_iter().map(|(name, bytes, _)| (name, bytes));
    published
        .chain(recorded)
        .map(|(name, bytes)| {
            let mut tokens = Tokens::new(&bytes).unwrap();
            let mut opaque = false;
            while let Some(token) = tokens.next_token().unwrap() {
                opaque |= match token {
                    Token::Start { tag, .. } => tag == ComposeMail::Mime,
                    token => matches!(token, Token::Opaque(_)),
                };
            }
            (name, bytes, opaque)
        })
        .collect()
}

fn steps(xml: &str, opaque: bool) -> Vec<Step> {
    let mut steps = steps_of_xml(xml);
    if opaque {
        steps.retain(|step| !matches!(step, Step::Text(_)));
    }
    for step in &mut steps {
        let Step::Start(name) = step else { continue };
        if let Some((ours, _)) = SPELLINGS.iter().find(|(_, theirs)| theirs == name) {
            *name = (*ours).to_owned();
        }
    }
    steps
}

#[test]
#[ignore = "needs the testbed"]
fn libwbxml_reads_what_we_read() {
    for (name, bytes, opaque) in documents() {
        let theirs = run("wbxml2xml", &["-m", "0", "-k", "-l", "ACTIVESYNC"], &bytes);
        let theirs = String::from_utf8_lossy(&theirs);
        let ours = steps(&to_xml(&bytes).unwrap(), opaque);
        assert_eq!(ours, steps(&theirs, opaque), "{name}");
    }
}

/// What libwbxml writes after it has read a document, we read as that document.
#[test]
#[ignore = "needs the testbed"]
fn we_read_what_libwbxml_writes() {
    for (name, bytes, _) in documents() {
        let xml = run("wbxml2xml", &["-m", "0", "-k", "-l", "ACTIVESYNC"], &bytes);
        let written = run("xml2wbxml", &["-n", "-a", "-k", "-v", "1.3"], &xml);
        // XML parsers drop carriage returns.
        let [written, read] = [&written, &bytes].map(|d| to_xml(d).unwrap().replace("&#13;", ""));
        assert_eq!(written, read, "{name}");
    }
}

/// The spellings are none of ours by mistake.
#[test]
fn spellings_are_of_tags_that_there_are() {
    let mut ours = Vec::new();
    for page in 0..26 {
        ours.extend((5..64).map(|id| Tag::new(page, id).to_string()));
    }
    for (name, _) in SPELLINGS {
        assert!(ours.iter().any(|tag| tag == name), "{name}");
    }
}
