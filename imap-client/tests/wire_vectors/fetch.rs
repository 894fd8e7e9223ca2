//! FETCH, ENVELOPE and BODYSTRUCTURE.

use std::borrow::Cow;

use imap_client::wire::response::{
    Address, BodyPart, BodyStructure, Disposition, Envelope, ExtendedAttributes, Fetch,
    LazyBodyStructure, LazyEnvelope, Multipart, PartKind, Section, SectionData, SectionKind,
};
use imap_client::wire::{DateTime, Flags, Response, SystemFlags};

use super::Way::{Both, Decode};
use super::check;

fn bytes(text: &'static str) -> Cow<'static, [u8]> {
    Cow::Borrowed(text.as_bytes())
}

fn some(text: &'static str) -> Option<Cow<'static, [u8]>> {
    Some(bytes(text))
}

fn section(
    kind: SectionKind,
    spec: &'static str,
    origin: Option<u64>,
    data: Option<&'static str>,
) -> Section<'static> {
    Section {
        kind,
        spec: spec.into(),
        origin,
        data: data.map_or(SectionData::Nil, |d| SectionData::Inline(bytes(d))),
    }
}

#[test]
fn small_attributes() {
    let mut fetch = Fetch::new(12);
    fetch.uid = Some(4_827_313);
    let mut flags = Flags::from(SystemFlags::SEEN | SystemFlags::DELETED);
    flags.insert_keyword("$Forwarded").unwrap();
    flags.insert_keyword("[odd]").unwrap();
    flags.insert_keyword("\\Important").unwrap();
    fetch.flags = Some(flags);
    fetch.mod_seq = Some(624_140_003);
    fetch.internal_date = DateTime::new(837_596_665, -420);
    fetch.size = Some(4286);
    let line = b"* 12 FETCH (UID 4827313 FLAGS (\\Seen \\Deleted $Forwarded [odd] \\Important) \
                 MODSEQ (624140003) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286)\r\n";
    check(Both, line, &Response::Fetch(fetch.clone()));
    let line = b"* 12 fetch (flags (\\DELETED [odd] \\seen \\Important $forwarded) uid 4827313 \
                 modseq (624140003) rfc822.size 4286 INTERNALDATE \"17-jul-1996 02:44:25 -0700\") \r\n";
    check(Decode, line, &Response::Fetch(fetch));
    check(Both, b"* 1 FETCH ()\r\n", &Response::Fetch(Fetch::new(1)));
    let mut none = Fetch::new(1);
    none.flags = Some(Flags::new());
    check(Both, b"* 1 FETCH (FLAGS ())\r\n", &Response::Fetch(none));
}

#[test]
fn sections() {
    let mut fetch = Fetch::new(1);
    for one in [
        section(SectionKind::Body, "", None, Some("a\r\nb")),
        section(SectionKind::Body, "1.2.MIME", Some(10), Some("")),
        section(
            SectionKind::Body,
            "HEADER.FIELDS (DATE FROM)",
            None,
            Some("Date: x\r\n\r\n"),
        ),
        section(SectionKind::Binary, "1", None, Some("\0")),
        section(SectionKind::Body, "9", None, None),
        section(SectionKind::Rfc822, "", None, Some("m")),
        section(SectionKind::Rfc822Header, "", None, Some("h")),
        section(SectionKind::Rfc822Text, "", None, Some("t")),
    ] {
        fetch.sections.push(one);
    }
    let line = b"* 1 FETCH (BODY[] {4}\r\na\r\nb BODY[1.2.MIME]<10> {0}\r\n \
                 BODY[HEADER.FIELDS (DATE FROM)] {11}\r\nDate: x\r\n\r\n BINARY[1] ~{1}\r\n\0 \
                 BODY[9] NIL RFC822 {1}\r\nm RFC822.HEADER {1}\r\nh RFC822.TEXT {1}\r\nt)\r\n";
    check(Both, line, &Response::Fetch(fetch.clone()));
    assert_eq!(
        fetch
            .sections
            .get("header.fields (date from)")
            .and_then(Section::bytes),
        Some(&b"Date: x\r\n\r\n"[..])
    );
    assert!(
        fetch
            .sections
            .full()
            .is_some_and(|s| s.kind == SectionKind::Body)
    );

    let mut quoted = Fetch::new(2);
    quoted
        .sections
        .push(section(SectionKind::Body, "TEXT", None, Some("say \"hi\"")));
    let line = b"* 2 FETCH (BODY[TEXT] \"say \\\"hi\\\"\")\r\n";
    check(Decode, line, &Response::Fetch(quoted));
}

#[test]
fn extension_attributes() {
    let mut all = ExtendedAttributes::default();
    all.email_id = Some("M6d99ac3275bb4e".into());
    all.thread_id = Some(Some("T64b478a75b7ea9".into()));
    all.save_date = Some(DateTime::new(837_596_665, 0));
    all.preview = Some(Some("Hello".into()));
    all.binary_sizes = vec![("1.2".into(), 77)];
    all.gmail_message_id = Some(1_278_455_344_230_334_865);
    all.gmail_thread_id = Some(1_266_894_439_832_287_888);
    all.gmail_labels = Some(vec!["\\Inbox".into(), "Muy Importante".into()]);
    let mut fetch = Fetch::new(3);
    fetch.extended = Some(Box::new(all.clone()));
    let line = b"* 3 FETCH (EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9) \
                 SAVEDATE \"17-Jul-1996 09:44:25 +0000\" PREVIEW \"Hello\" BINARY.SIZE[1.2] 77 \
                 X-GM-MSGID 1278455344230334865 X-GM-THRID 1266894439832287888 \
                 X-GM-LABELS (\\Inbox \"Muy Importante\"))\r\n";
    check(Both, line, &Response::Fetch(fetch));

    let mut none = ExtendedAttributes::default();
    none.thread_id = Some(None);
    none.save_date = Some(None);
    none.preview = Some(None);
    let mut fetch = Fetch::new(4);
    fetch.extended = Some(Box::new(none));
    let line = b"* 4 FETCH (THREADID NIL SAVEDATE NIL PREVIEW NIL)\r\n";
    check(Both, line, &Response::Fetch(fetch));

    let fuzzy = Response::decode(b"* 5 FETCH (PREVIEW (FUZZY \"Hi there\"))\r\n");
    let Response::Fetch(fuzzy) = fuzzy else {
        panic!("{fuzzy:?}")
    };
    let preview = fuzzy.extended.and_then(|e| e.preview).flatten();
    assert_eq!(preview.as_deref(), Some("Hi there"));
}

fn address(
    name: Option<&'static str>,
    mailbox: &'static str,
    host: &'static str,
) -> Address<'static> {
    Address {
        name: name.map(bytes),
        adl: None,
        mailbox: some(mailbox),
        host: some(host),
    }
}

/// The envelope of RFC 9051's FETCH example.
fn rfc_envelope() -> Envelope<'static> {
    let terry = || vec![address(Some("Terry Gray"), "gray", "cac.washington.edu")];
    Envelope {
        date: some("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)"),
        subject: some("IMAP4rev1 WG mtg summary and minutes"),
        from: terry(),
        sender: terry(),
        reply_to: terry(),
        to: vec![address(None, "imap", "cac.washington.edu")],
        cc: vec![
            address(None, "minutes", "CNRI.Reston.VA.US"),
            address(Some("John Klensin"), "KLENSIN", "MIT.EDU"),
        ],
        bcc: vec![],
        in_reply_to: None,
        message_id: some("<B27397-0100000@cac.washington.edu>"),
    }
}

const RFC_ENVELOPE: &str = "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \
    \"IMAP4rev1 WG mtg summary and minutes\" \
    ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
    ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
    ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
    ((NIL NIL \"imap\" \"cac.washington.edu\")) \
    ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
    NIL NIL \"<B27397-0100000@cac.washington.edu>\")";

#[test]
fn envelope() {
    let envelope = rfc_envelope();
    let mut fetch = Fetch::new(12);
    fetch.envelope = Some(LazyEnvelope::from(&envelope));
    let line = format!("* 12 FETCH (ENVELOPE {RFC_ENVELOPE})\r\n");
    check(Both, line.as_bytes(), &Response::Fetch(fetch.clone()));
    let lazy = fetch.envelope.unwrap();
    assert_eq!(lazy.parse().unwrap(), envelope);
}

fn text(subtype: &'static str, size: u64, lines: u64) -> BodyPart<'static> {
    BodyPart {
        media_type: bytes("TEXT"),
        subtype: bytes(subtype),
        params: vec![(bytes("CHARSET"), bytes("US-ASCII"))],
        encoding: bytes("7BIT"),
        size,
        kind: PartKind::Text { lines },
        ..BodyPart::default()
    }
}

#[test]
fn body_structure() {
    let attached = BodyPart {
        id: some("<960723163407.20117h@cac.washington.edu>"),
        description: some("Compiler diff"),
        disposition: Some(Disposition {
            kind: bytes("attachment"),
            params: vec![(bytes("filename"), bytes("cc.diff"))],
        }),
        language: vec![bytes("en"), bytes("de")],
        location: some("http://example.org/cc.diff"),
        md5: some("Q2hlY2sgSW50ZWdyaXR5IQ=="),
        ..text("PLAIN", 4554, 73)
    };
    let inner = BodyPart {
        media_type: bytes("message"),
        subtype: bytes("rfc822"),
        encoding: bytes("8bit"),
        size: 99,
        kind: PartKind::Message {
            envelope: Box::new(rfc_envelope()),
            body: Box::new(BodyStructure::Part(text("PLAIN", 1, 2))),
            lines: 9,
        },
        ..BodyPart::default()
    };
    let mixed = BodyStructure::Multipart(Multipart {
        parts: vec![
            BodyStructure::Part(text("PLAIN", 1152, 23)),
            BodyStructure::Part(attached),
            BodyStructure::Part(inner),
        ],
        subtype: bytes("MIXED"),
        params: vec![(bytes("BOUNDARY"), bytes("--b"))],
        ..Multipart::default()
    });
    let plain = "\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\")";
    let expected = format!(
        "(({plain} NIL NIL \"7BIT\" 1152 23 NIL NIL NIL NIL)\
         ({plain} \"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"7BIT\" 4554 73 \
         \"Q2hlY2sgSW50ZWdyaXR5IQ==\" (\"attachment\" (\"filename\" \"cc.diff\")) (\"en\" \"de\") \
         \"http://example.org/cc.diff\")\
         (\"message\" \"rfc822\" NIL NIL NIL \"8bit\" 99 {RFC_ENVELOPE} \
         ({plain} NIL NIL \"7BIT\" 1 2 NIL NIL NIL NIL) 9 NIL NIL NIL NIL) \
         \"MIXED\" (\"BOUNDARY\" \"--b\") NIL NIL NIL)"
    );
    let mut fetch = Fetch::new(1);
    fetch.body_structure = Some(LazyBodyStructure::from(&mixed));
    let line = format!("* 1 FETCH (BODYSTRUCTURE {expected})\r\n");
    check(Both, line.as_bytes(), &Response::Fetch(fetch.clone()));
    assert_eq!(fetch.body_structure.unwrap().parse().unwrap(), mixed);
}

#[test]
fn body_structure_without_extension_data() {
    // RFC 9051 section 7.5.2
    let line: &[u8] = b"* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \
                        \"7BIT\" 2279 48))\r\n";
    let Response::Fetch(fetch) = Response::decode(line) else {
        panic!()
    };
    let expected = BodyStructure::Part(text("PLAIN", 2279, 48));
    assert_eq!(fetch.body.unwrap().parse().unwrap(), expected);
}
