//! Values of every kind, for the properties.

use std::borrow::Cow;

use imap_client::wire::response::{
    Acl, Address, BodyPart, BodyStructure, Disposition, Envelope, Esearch, ExtendedAttributes,
    Fetch, Id, LazyBodyStructure, LazyEnvelope, List, MailboxStatus, Metadata, MetadataEntry,
    Multipart, Namespace, Namespaces, PartKind, PartialResult, Quota, QuotaResource, Search,
    Section, SectionData, SectionKind, Sort, Vanished,
};
use imap_client::wire::{
    Code, DateTime, Flags, MailboxName, Response, SequenceSet, StatusKind, StatusResponse,
    SystemFlags, UidList,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

pub(crate) type Bytes = Cow<'static, [u8]>;

/// Any bytes, and often what is special in IMAP.
pub(crate) fn bytes() -> impl Strategy<Value = Bytes> {
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

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z\"\\\\\\[\\](){} é\u{1f600}]{0,8}",
        Just("NIL".to_owned()),
    ]
}

/// Text of a status response: any, but no leading space or code.
pub(crate) fn status_text() -> impl Strategy<Value = String> {
    "([a-z][ -~é]{0,20})?"
}

pub(crate) fn atom() -> impl Strategy<Value = String> {
    "[A-Za-z$][A-Za-z0-9$_.-]{0,8}"
}

pub(crate) fn set() -> impl Strategy<Value = SequenceSet> {
    vec((1u32..5000, 0u32..20), 1..20).prop_map(|ranges| {
        let mut set = SequenceSet::new();
        for (from, len) in ranges {
            set.insert_range(from, from + len);
        }
        set
    })
}

pub(crate) fn uid_list() -> impl Strategy<Value = UidList> {
    vec(1u32..5000, 1..20).prop_map(|ids| ids.into_iter().collect())
}

pub(crate) fn flags() -> impl Strategy<Value = Flags<'static>> {
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

pub(crate) fn mailbox() -> impl Strategy<Value = MailboxName> {
    bytes().prop_map(|b| MailboxName::from_wire(b.into_owned()))
}

pub(crate) fn date_time() -> impl Strategy<Value = DateTime> {
    (-60_000_000_000i64..250_000_000_000, -1439i16..=1439)
        .prop_map(|(unix, offset)| DateTime::new(unix, offset).unwrap())
}

pub(crate) fn code() -> impl Strategy<Value = Code> {
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

pub(crate) fn status() -> impl Strategy<Value = StatusResponse> {
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

pub(crate) fn address() -> impl Strategy<Value = Address<'static>> {
    (of(bytes()), of(bytes()), of(bytes()), of(bytes())).prop_map(|(name, adl, mailbox, host)| {
        Address {
            name,
            adl,
            mailbox,
            host,
        }
    })
}

pub(crate) fn envelope() -> impl Strategy<Value = Envelope<'static>> {
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

pub(crate) fn params() -> impl Strategy<Value = Vec<(Bytes, Bytes)>> {
    vec((bytes(), bytes()), 0..3)
}

pub(crate) fn disposition() -> impl Strategy<Value = Option<Disposition<'static>>> {
    of((bytes(), params()).prop_map(|(kind, params)| Disposition { kind, params }))
}

pub(crate) fn body_structure() -> impl Strategy<Value = BodyStructure<'static>> {
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

pub(crate) fn section() -> impl Strategy<Value = Section<'static>> {
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

pub(crate) fn extended() -> impl Strategy<Value = ExtendedAttributes> {
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

pub(crate) fn fetch() -> impl Strategy<Value = Fetch<'static>> {
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

pub(crate) fn response() -> impl Strategy<Value = Response<'static>> {
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
