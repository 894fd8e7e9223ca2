//! Properties: what is encoded decodes to the same; how a stream is cut does
//! not matter; sets are sets; no input panics.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::borrow::Cow;
use std::collections::BTreeSet;

use imap_client::wire::response::{
    Acl, Address, BodyPart, BodyStructure, Disposition, Envelope, Esearch, ExtendedAttributes,
    Fetch, Id, LazyBodyStructure, LazyEnvelope, List, MailboxStatus, Metadata, MetadataEntry,
    Multipart, Namespace, Namespaces, PartKind, PartialResult, Quota, QuotaResource, Search,
    Section, SectionData, SectionKind, Sort, Vanished,
};
use imap_client::wire::{
    Code, DateTime, Flags, Frame, Framer, Limits, LongLine, MailboxName, NameEncoding, Response,
    SequenceSet, SetParser, StatusKind, StatusResponse, SystemFlags, UidList, utf7,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

type Bytes = Cow<'static, [u8]>;

/// Any bytes, and often what is special in IMAP.
fn bytes() -> impl Strategy<Value = Bytes> {
    let special = vec(
        prop_oneof![
            Just(b"\"".to_vec()),
            Just(b"\\".to_vec()),
            Just(b"(".to_vec()),
            Just(b")".to_vec()),
            Just(b" ".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"{3}".to_vec()),
            Just(b"{3}\r\n".to_vec()),
            Just(b"NIL".to_vec()),
            vec(any::<u8>(), 0..4),
        ],
        0..8,
    );
    special.prop_map(|parts| Cow::Owned(parts.concat()))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z\"\\\\\\[\\](){} é\u{1f600}]{0,8}",
        Just("NIL".to_owned()),
    ]
}

/// Text of a status response: any, but no leading space or code.
fn status_text() -> impl Strategy<Value = String> {
    "([a-z][ -~é]{0,20})?"
}

fn atom() -> impl Strategy<Value = String> {
    "[A-Za-z$][A-Za-z0-9$_.-]{0,8}"
}

fn set() -> impl Strategy<Value = SequenceSet> {
    vec((1u32..5000, 0u32..20), 1..20).prop_map(|ranges| {
        let mut set = SequenceSet::new();
        for (from, len) in ranges {
            set.insert_range(from, from + len);
        }
        set
    })
}

fn uid_list() -> impl Strategy<Value = UidList> {
    vec(1u32..5000, 1..20).prop_map(|ids| ids.into_iter().collect())
}

fn flags() -> impl Strategy<Value = Flags<'static>> {
    (0u8..64, vec("[A-Za-z$\\[\\]][A-Za-z0-9$\\]]{0,6}", 0..3)).prop_map(|(bits, keywords)| {
        let all = [
            SystemFlags::SEEN,
            SystemFlags::ANSWERED,
            SystemFlags::FLAGGED,
            SystemFlags::DELETED,
            SystemFlags::DRAFT,
            SystemFlags::RECENT,
        ];
        let mut flags = Flags::new();
        for (k, flag) in all.into_iter().enumerate() {
            if bits & (1 << k) != 0 {
                flags.insert(flag);
            }
        }
        for keyword in keywords {
            flags.insert_keyword(&keyword).unwrap();
        }
        flags
    })
}

fn mailbox() -> impl Strategy<Value = MailboxName> {
    bytes().prop_map(|b| MailboxName::from_wire(b.into_owned()))
}

fn date_time() -> impl Strategy<Value = DateTime> {
    (-60_000_000_000i64..250_000_000_000, -1439i16..=1439)
        .prop_map(|(unix, offset)| DateTime::new(unix, offset).unwrap())
}

fn code() -> impl Strategy<Value = Code> {
    prop_oneof![
        Just(Code::Alert),
        Just(Code::UnknownCte),
        vec(text(), 0..3).prop_map(Code::BadCharset),
        flags().prop_map(Code::PermanentFlags),
        any::<u32>().prop_map(Code::UidNext),
        any::<u64>().prop_map(Code::HighestModSeq),
        set().prop_map(Code::Modified),
        (1u32.., uid_list())
            .prop_map(|(uid_validity, uids)| Code::AppendUid { uid_validity, uids }),
        (1u32.., uid_list(), uid_list()).prop_map(|(uid_validity, source, destination)| {
            Code::CopyUid {
                uid_validity,
                source,
                destination,
            }
        }),
        text().prop_map(Code::MailboxId),
        any::<u64>().prop_map(Code::MetadataMaxSize),
        vec(atom(), 1..4).prop_map(|names| Code::Capability(names.into_iter().collect())),
        (atom(), of("[a-z0-9 ]{1,9}"))
            .prop_map(|(name, text)| Code::Other(format!("X-{name}"), text)),
    ]
}

fn status() -> impl Strategy<Value = StatusResponse> {
    let kind = prop_oneof![
        Just(StatusKind::Ok),
        Just(StatusKind::No),
        Just(StatusKind::Bad)
    ];
    (kind, of(code()), status_text()).prop_map(|(kind, code, text)| StatusResponse {
        kind,
        code,
        text,
    })
}

fn address() -> impl Strategy<Value = Address<'static>> {
    (of(bytes()), of(bytes()), of(bytes()), of(bytes())).prop_map(|(name, adl, mailbox, host)| {
        Address {
            name,
            adl,
            mailbox,
            host,
        }
    })
}

fn envelope() -> impl Strategy<Value = Envelope<'static>> {
    let list = || vec(address(), 0..3);
    let lists = (list(), list(), list(), list(), list(), list());
    (of(bytes()), of(bytes()), lists, of(bytes()), of(bytes())).prop_map(
        |(date, subject, (from, sender, reply_to, to, cc, bcc), in_reply_to, message_id)| {
            Envelope {
                date,
                subject,
                from,
                sender,
                reply_to,
                to,
                cc,
                bcc,
                in_reply_to,
                message_id,
            }
        },
    )
}

fn params() -> impl Strategy<Value = Vec<(Bytes, Bytes)>> {
    vec((bytes(), bytes()), 0..3)
}

fn disposition() -> impl Strategy<Value = Option<Disposition<'static>>> {
    of((bytes(), params()).prop_map(|(kind, params)| Disposition { kind, params }))
}

fn body_structure() -> impl Strategy<Value = BodyStructure<'static>> {
    let kind = prop_oneof![
        Just(("application", PartKind::Basic)),
        any::<u64>().prop_map(|lines| ("TEXT", PartKind::Text { lines })),
    ];
    let tail = || (disposition(), vec(bytes(), 0..2), of(bytes()));
    let fields = (params(), of(bytes()), of(bytes()), bytes(), any::<u64>());
    let leaf = (kind, bytes(), fields, of(bytes()), tail()).prop_map(
        |((media_type, kind), subtype, fields, md5, (disposition, language, location))| {
            let (params, id, description, encoding, size) = fields;
            BodyStructure::Part(BodyPart {
                media_type: Cow::Borrowed(media_type.as_bytes()),
                subtype,
                params,
                id,
                description,
                encoding,
                size,
                kind,
                md5,
                disposition,
                language,
                location,
            })
        },
    );
    leaf.prop_recursive(4, 12, 3, move |inner| {
        let message =
            (envelope(), inner.clone(), any::<u64>()).prop_map(|(envelope, body, lines)| {
                BodyStructure::Part(BodyPart {
                    media_type: Cow::Borrowed(b"message"),
                    subtype: Cow::Borrowed(b"RFC822"),
                    kind: PartKind::Message {
                        envelope: Box::new(envelope),
                        body: Box::new(body),
                        lines,
                    },
                    ..BodyPart::default()
                })
            });
        let multipart = (vec(inner, 0..3), bytes(), params(), tail()).prop_map(
            |(parts, subtype, params, (disposition, language, location))| {
                BodyStructure::Multipart(Multipart {
                    parts,
                    subtype,
                    params,
                    disposition,
                    language,
                    location,
                })
            },
        );
        prop_oneof![message, multipart]
    })
}

fn section() -> impl Strategy<Value = Section<'static>> {
    let spec = prop_oneof![
        Just(String::new()),
        Just("1.2.MIME".to_owned()),
        Just("HEADER.FIELDS (DATE \"a]\")".to_owned()),
    ];
    let data = prop_oneof![
        Just(SectionData::Nil),
        bytes().prop_map(SectionData::Inline)
    ];
    let kind = prop_oneof![Just(SectionKind::Body), Just(SectionKind::Binary)];
    let with_spec =
        (kind, spec, of(any::<u64>()), data.clone()).prop_map(|(kind, spec, origin, data)| {
            Section {
                kind,
                spec: spec.into(),
                origin,
                data,
            }
        });
    let whole = data.prop_map(|data| Section {
        kind: SectionKind::Rfc822Text,
        spec: "".into(),
        origin: None,
        data,
    });
    prop_oneof![with_spec, whole]
}

fn extended() -> impl Strategy<Value = ExtendedAttributes> {
    (
        of(text()),
        of(of(text())),
        of(of(date_time())),
        of(of(text())),
        of(any::<u64>()),
        of(vec(text(), 0..3)),
    )
        .prop_map(|(email_id, thread_id, save_date, preview, id, labels)| {
            let mut all = ExtendedAttributes::default();
            all.email_id = email_id;
            all.thread_id = thread_id;
            all.save_date = save_date;
            all.preview = preview;
            all.gmail_message_id = id;
            all.gmail_labels = labels;
            all
        })
}

fn fetch() -> impl Strategy<Value = Fetch<'static>> {
    let small = (
        of(any::<u32>()),
        of(flags()),
        of(any::<u64>()),
        of(date_time()),
        of(any::<u64>()),
    );
    let extended = of(extended()).prop_map(|e| e.filter(|e| *e != ExtendedAttributes::default()));
    (
        any::<u32>(),
        small,
        of(envelope()),
        of(body_structure()),
        vec(section(), 0..3),
        extended,
    )
        .prop_map(|(seq, small, envelope, body, sections, extended)| {
            let mut fetch = Fetch::new(seq);
            (
                fetch.uid,
                fetch.flags,
                fetch.mod_seq,
                fetch.internal_date,
                fetch.size,
            ) = small;
            fetch.envelope = envelope.as_ref().map(LazyEnvelope::from);
            fetch.body_structure = body.as_ref().map(LazyBodyStructure::from);
            fetch.extended = extended.map(Box::new);
            for section in sections {
                fetch.sections.push(section);
            }
            fetch
        })
}

fn response() -> impl Strategy<Value = Response<'static>> {
    let list = (
        vec("\\\\[A-Z][a-z]{1,8}", 0..3),
        of(any::<char>()),
        mailbox(),
        of(mailbox()),
    )
        .prop_map(|(attributes, delimiter, name, old)| {
            let mut list = List::new(name, delimiter);
            for attribute in attributes {
                list.attributes.insert(&attribute);
            }
            list.old_name = old;
            Response::List(list)
        });
    let status_data = (
        mailbox(),
        of(any::<u32>()),
        of(any::<u64>()),
        of(text()),
        of(of(any::<u64>())),
    )
        .prop_map(|(name, messages, size, id, limit)| {
            let mut status = MailboxStatus::new(name);
            status.messages = messages;
            status.size = size;
            status.mailbox_id = id;
            status.append_limit = limit;
            Response::MailboxStatus(status)
        });
    let window = (
        any::<i32>(),
        any::<i32>(),
        prop_oneof![Just(SequenceSet::new()), set()],
    )
        .prop_map(|(from, to, ids)| PartialResult {
            from: from.into(),
            to: to.into(),
            ids,
        });
    let esearch = (
        of("[ -~]{0,9}"),
        any::<bool>(),
        of(any::<u32>()),
        of(set()),
        of(window),
        of(any::<u64>()),
    )
        .prop_map(|(tag, uid, count, all, partial, mod_seq)| {
            let mut result = Esearch::default();
            result.tag = tag;
            result.uid = uid;
            result.count = count;
            result.all = all;
            result.partial = partial;
            result.mod_seq = mod_seq;
            Response::Esearch(result)
        });
    let namespaces = || {
        let one = (mailbox(), of(any::<char>()));
        vec(
            one.prop_map(|(prefix, delimiter)| Namespace { prefix, delimiter }),
            0..3,
        )
    };
    let account = prop_oneof![
        (namespaces(), namespaces()).prop_map(|(personal, shared)| {
            Response::Namespace(Namespaces {
                personal,
                shared,
                ..Namespaces::default()
            })
        }),
        vec((text(), of(text())), 0..3).prop_map(|pairs| Response::Id(Id(pairs))),
        (text(), vec((text(), any::<u64>(), any::<u64>()), 0..3)).prop_map(|(root, list)| {
            let resource = |(name, usage, limit)| QuotaResource { name, usage, limit };
            let resources = list.into_iter().map(resource).collect();
            Response::Quota(Quota { root, resources })
        }),
        (mailbox(), vec((text(), text()), 0..3))
            .prop_map(|(mailbox, entries)| Response::Acl(Acl { mailbox, entries })),
        (mailbox(), vec((text(), of(bytes())), 0..3)).prop_map(|(mailbox, list)| {
            let entry = |(name, value): (_, Option<Bytes>)| MetadataEntry {
                name,
                value: value.map(Cow::into_owned),
            };
            let entries = list.into_iter().map(entry).collect();
            Response::Metadata(Metadata { mailbox, entries })
        }),
    ];
    prop_oneof![
        (atom(), status()).prop_map(|(tag, status)| Response::Tagged { tag, status }),
        status().prop_map(Response::Status),
        "[ -~]{0,20}".prop_map(|text| Response::Continuation(Cow::Owned(text.into_bytes()))),
        list,
        status_data,
        (set(), of(any::<u64>()))
            .prop_map(|(ids, mod_seq)| Response::Search(Search { ids, mod_seq })),
        (vec(1u32.., 0..9), of(any::<u64>()))
            .prop_map(|(ids, mod_seq)| Response::Sort(Sort { ids, mod_seq })),
        esearch,
        (any::<bool>(), set())
            .prop_map(|(earlier, uids)| Response::Vanished(Vanished { earlier, uids })),
        flags().prop_map(Response::Flags),
        any::<u32>().prop_map(Response::Exists),
        any::<u32>().prop_map(Response::Expunge),
        fetch().prop_map(Response::Fetch),
        account,
    ]
}

/// All frames of `stream`, fed in pieces of the lengths in `cuts`, streamed
/// data and long lines joined again.
fn frames(stream: &[u8], cuts: &[usize], limits: Limits) -> Vec<String> {
    let mut framer = Framer::new(limits);
    let mut out = Vec::new();
    let mut literal = Vec::new();
    let mut line = Vec::new();
    let mut cuts = cuts.iter().copied().cycle();
    let mut rest = stream;
    while !rest.is_empty() {
        let n = cuts.next().unwrap_or(1).clamp(1, rest.len());
        let (piece, tail) = rest.split_at(n);
        framer.push(piece);
        rest = tail;
        loop {
            let frame = match framer.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(e) => {
                    out.push(format!("error {e}"));
                    return out;
                }
            };
            match frame {
                Frame::Response(raw) => out.push(format!(
                    "{} {:?}",
                    raw.bytes().escape_ascii(),
                    raw.streamed()
                )),
                Frame::LiteralStart { head, len } => {
                    out.push(format!("start {len} {}", head.bytes().escape_ascii()));
                }
                Frame::LiteralChunk(part) => literal.extend_from_slice(part),
                Frame::LiteralEnd => {
                    out.push(format!("literal {}", literal.escape_ascii()));
                    literal.clear();
                }
                Frame::LongLine { bytes, last } => {
                    line.extend_from_slice(bytes);
                    if last {
                        out.push(format!("{} []", line.escape_ascii()));
                        line.clear();
                    }
                }
            }
        }
    }
    out.push(format!("idle {}", framer.is_idle()));
    out
}

fn small_limits() -> Limits {
    Limits {
        max_response: 4096,
        stream_threshold: 5,
        long_line: 16,
        max_literal: 100_000,
        max_ranges: 50,
    }
}

proptest! {
    #[test]
    fn a_response_decodes_to_what_was_encoded(response in response()) {
        let bytes = response.to_bytes();
        prop_assert_eq!(Response::decode(bytes.as_slice()), response, "{}", bytes.escape_ascii());
    }

    #[test]
    fn an_envelope_parses_to_what_was_encoded(envelope in envelope()) {
        let lazy = LazyEnvelope::from(&envelope);
        prop_assert_eq!(lazy.parse().unwrap(), envelope);
    }

    #[test]
    fn a_body_structure_parses_to_what_was_encoded(body in body_structure()) {
        let lazy = LazyBodyStructure::from(&body);
        prop_assert_eq!(lazy.parse().unwrap(), body, "{:?}", lazy);
    }

    #[test]
    fn a_response_is_one_frame(response in response()) {
        let bytes = response.to_bytes();
        let mut framer = Framer::new(Limits::default());
        framer.push(&bytes);
        let Some(Frame::Response(raw)) = framer.next_frame().unwrap() else {
            panic!("no frame");
        };
        prop_assert_eq!(raw.bytes(), bytes.as_slice());
        prop_assert!(framer.next_frame().unwrap().is_none());
        prop_assert!(framer.is_idle());
    }

    #[test]
    fn cuts_do_not_matter(
        responses in vec(response(), 1..6),
        cuts in vec(1usize..40, 1..8),
        small in any::<bool>(),
    ) {
        let stream: Vec<u8> = responses.iter().flat_map(Response::to_bytes).collect();
        let limits = if small { small_limits() } else { Limits::default() };
        let whole = frames(&stream, &[usize::MAX], limits);
        prop_assert_eq!(&frames(&stream, &cuts, limits), &whole);
        prop_assert_eq!(&frames(&stream, &[1], limits), &whole);
    }

    #[test]
    fn cuts_do_not_matter_for_garbage(
        stream in vec(prop_oneof![bytes(), Just(Bytes::Borrowed(b"* 1 FETCH (BODY[] "))], 0..12),
        cuts in vec(1usize..9, 1..8),
    ) {
        let stream = stream.concat();
        let whole = frames(&stream, &[usize::MAX], small_limits());
        prop_assert_eq!(frames(&stream, &cuts, small_limits()), whole);
    }

    #[test]
    fn a_long_line_decodes_as_the_whole(
        response in response(),
        cuts in vec(1usize..20, 1..8),
    ) {
        let bytes = response.to_bytes();
        let mut line = LongLine::new(&Limits::default());
        let mut rest = bytes.as_slice();
        let mut cuts = cuts.into_iter().cycle();
        let mut failed = false;
        while !rest.is_empty() && !failed {
            let (piece, tail) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            failed = line.push(piece).is_err();
            rest = tail;
        }
        let is_set_line = matches!(
            response,
            Response::Search(_) | Response::Sort(_) | Response::Esearch(_) | Response::Vanished(_)
        );
        match line.finish() {
            Ok(decoded) => prop_assert!(is_set_line && decoded == response),
            Err(_) => prop_assert!(!is_set_line),
        }
    }

    #[test]
    fn any_bytes_decode_to_something_that_survives_encoding(
        start in prop_oneof![
            Just("* "), Just("* 1 FETCH ("), Just("A1 OK ["), Just("* OK ["), Just("* LIST ("),
            Just("* ESEARCH "), Just("* STATUS a ("), Just("* VANISHED "), Just("* METADATA "),
            Just("* 1 FETCH (BODYSTRUCTURE ("), Just("* 1 FETCH (ENVELOPE ("), Just("")
        ],
        parts in vec(
            prop_oneof![
                bytes(),
                prop_oneof![
                    Just("UID "), Just("FLAGS ("), Just(") "), Just("1:3 "), Just("ALL "),
                    Just("BODY[] "), Just("5"), Just("] "), Just("\"a\" "), Just("NIL "),
                    Just("MODSEQ (3) "), Just("PARTIAL (1:2 "), Just("\"text\" "), Just("((")
                ].prop_map(|s| Cow::Borrowed(s.as_bytes())),
            ],
            0..10,
        ),
    ) {
        let mut bytes = start.as_bytes().to_vec();
        bytes.extend(parts.concat());
        bytes.extend_from_slice(b"\r\n");
        let response = Response::decode(bytes.as_slice());
        let again = response.to_bytes();
        prop_assert_eq!(Response::decode(again.as_slice()), response.clone(), "{}", again.escape_ascii());
        if let Response::Fetch(fetch) = response {
            if let Some(envelope) = &fetch.envelope {
                let _ = envelope.parse();
            }
            if let Some(body) = &fetch.body_structure {
                let _ = body.parse();
            }
        }
    }

    #[test]
    fn a_set_holds_what_was_inserted(ids in vec(1u32..300, 0..200), others in vec(1u32..300, 0..200)) {
        let model: BTreeSet<u32> = ids.iter().copied().collect();
        let other_model: BTreeSet<u32> = others.iter().copied().collect();
        let mut set = SequenceSet::new();
        for id in &ids {
            set.insert(*id);
        }
        let other: SequenceSet = others.iter().copied().collect();
        prop_assert_eq!(&set, &ids.iter().copied().collect::<SequenceSet>());
        prop_assert!(set.iter().eq(model.iter().copied()));
        prop_assert_eq!(set.len(), model.len() as u64);
        prop_assert_eq!(set.min(), model.first().copied());
        prop_assert_eq!(set.max(), model.last().copied());
        for n in 0..310 {
            prop_assert_eq!(set.contains(n), model.contains(&n));
        }
        prop_assert!(set.union(&other).iter().eq(model.union(&other_model).copied()));
        prop_assert!(set.difference(&other).iter().eq(model.difference(&other_model).copied()));
        prop_assert!(set.intersection(&other).iter().eq(model.intersection(&other_model).copied()));
        let ranges: Vec<_> = set.ranges().collect();
        prop_assert!(ranges.windows(2).all(|w| w[0].end() + 1 < *w[1].start()), "{:?}", set);
        if !set.is_empty() {
            prop_assert_eq!(&set.to_string().parse::<SequenceSet>().unwrap(), &set);
        }
    }

    #[test]
    fn open_sets_resolve_as_their_elements_do(
        closed in vec((1u32..60, 0u32..9), 0..6),
        open in of(1u32..80),
        star in any::<bool>(),
        largest in 1u32..90,
    ) {
        let mut set = SequenceSet::new();
        let mut model = BTreeSet::new();
        for (from, len) in closed {
            set.insert_range(from, from + len);
            model.extend((from..=from + len).filter(|n| *n <= largest));
        }
        if let Some(from) = open {
            set.insert_open(from);
            model.extend(from.min(largest)..=from.max(largest).min(largest));
            model.insert(largest);
        }
        if star {
            set.insert_open(u32::MAX);
            model.insert(largest);
        }
        let resolved = set.resolve(largest);
        let there: BTreeSet<u32> = resolved.iter().filter(|n| *n <= largest).collect();
        prop_assert_eq!(there, model, "{} at {}", set, largest);
        if !set.is_empty() {
            prop_assert_eq!(&set.to_string().parse::<SequenceSet>().unwrap(), &set);
        }
    }

    #[test]
    fn chunks_of_a_set_fit_and_are_the_set(set in set(), open in of(1u32..9000), max in 22usize..80) {
        let mut set = set;
        if let Some(from) = open {
            set.insert_open(from);
        }
        let mut joined = SequenceSet::new();
        for chunk in set.chunks(max) {
            prop_assert!(chunk.to_string().len() <= max);
            prop_assert!(!chunk.is_empty());
            joined.union_with(&chunk);
        }
        prop_assert_eq!(joined, set);
    }

    #[test]
    fn taking_the_first_splits_a_set(set in set(), n in 0u64..200) {
        let mut rest = set.clone();
        let first = rest.take_first(n);
        prop_assert_eq!(first.len(), n.min(set.len()));
        prop_assert!(set.iter().eq(first.iter().chain(rest.iter())));
    }

    #[test]
    fn a_set_parses_the_same_in_pieces(text in "[1-9][0-9:*, ]{0,40}", at in 0usize..40) {
        let whole = SequenceSet::parse(text.as_bytes());
        let (a, b) = text.as_bytes().split_at(at.min(text.len()));
        let mut parser = SetParser::new(usize::MAX);
        let parsed = parser.feed(a).and_then(|n| {
            let n = if n == a.len() { n + parser.feed(b)? } else { n };
            Ok((n, parser.finish()?))
        });
        match (whole, parsed) {
            (Ok(set), Ok((n, parsed))) => prop_assert!(n == text.len() && set == parsed),
            (Ok(set), other) => prop_assert!(false, "{:?} {:?}", set, other),
            (Err(_), Ok((n, _))) => prop_assert!(n < text.len()),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn names_round_trip(name in "[a-z& ~éß\u{1f600}\u{0}-\u{1f}日本]{0,12}") {
        for encoding in [NameEncoding::Utf7, NameEncoding::Utf8] {
            let mailbox = MailboxName::from_text(&name, encoding);
            let text = mailbox.to_text(encoding);
            prop_assert_eq!(text.as_deref(), Some(name.as_str()));
        }
        prop_assert!(utf7::encode(&name).bytes().all(|b| matches!(b, b' '..=b'~')));
    }

    #[test]
    fn dates_round_trip(date in date_time()) {
        prop_assert_eq!(date.to_string().parse::<DateTime>().unwrap(), date);
    }
}
