//! Answers about folders, items and mail are read as what was written, in whatever order their
//! elements come and whatever unknown stands between them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eas::testing::Element;
use eas::wire::Status;
use eas::wire::class::{Class, Email, Item, Values};
use eas::wire::command::{
    Autodiscover, AutodiscoverAnswer, Command as _, ComposeAnswer, Estimate, Fetch, FetchOf,
    Fetched, Find, FindAnswer, FindCriterion, Folder, FolderChange, FolderCreate, FolderCreated,
    FolderDelete, FolderSync, FolderSyncAnswer, FolderType, FolderUpdate, FoldersChanged, Found,
    GetAttachment, GetItemEstimate, Hit, ItemOperations, ItemOperationsAnswer, MoveItems, Moved,
    Operation, Ping, PingAnswer, Search, SearchAnswer, SendMail, ServerUrl, SmartForward,
    SmartReply, Source, Store, decode_json, parts,
};
use eas::wire::wbxml::pages::{
    AirSync as A, AirSyncBase as B, ComposeMail, Email as E, Find as Fi, FolderHierarchy as F, GAL,
    GetItemEstimate as G, ItemOperations as I, Move, Ping as Pi, Search as S,
};
use eas::wire::wbxml::{Tag, Writer};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use quick_xml::escape::escape;

use super::properties::{text, values};
use super::tree::{
    code, disturb, leaf, leaves, maybe, maybe_text, node, reads, status, texts, told, write,
};

fn folder_change() -> impl Strategy<Value = FolderChange> {
    let folder = (text(), text(), text(), any::<u8>());
    (0..3_u8, folder).prop_map(|(kind, (id, parent, name, folder_type))| {
        let folder = Folder {
            id,
            parent,
            name,
            folder_type: FolderType(folder_type),
        };
        match kind {
            0 => FolderChange::Add(folder),
            1 => FolderChange::Update(folder),
            _ => FolderChange::Delete(folder.id),
        }
    })
}

fn folder_tree(change: &FolderChange) -> Element {
    let whole = |tag, folder: &Folder| {
        let children = [
            leaf(F::ServerId, &folder.id),
            leaf(F::ParentId, &folder.parent),
            leaf(F::DisplayName, &folder.name),
            leaf(F::Type, &folder.folder_type.0),
        ];
        Element::new(tag, children)
    };
    match change {
        FolderChange::Add(folder) => whole(F::Add, folder),
        FolderChange::Update(folder) => whole(F::Update, folder),
        FolderChange::Delete(id) => Element::new(F::Delete, [leaf(F::ServerId, id)]),
    }
}

const ENTRY: &[Tag] = &[GAL::DisplayName, GAL::Phone, GAL::EmailAddress, GAL::Alias];
const MAIL: &[Tag] = &[E::Subject, E::From, E::Read];
const FOUND: &[Tag] = &[E::Subject, E::DateReceived, Fi::Preview, Fi::HasAttachments];

fn search(mailbox: bool) -> Search {
    let store = match mailbox {
        true => Store::Mailbox {
            text: "x".into(),
            collections: Vec::new(),
            after: None,
            before: None,
            deep: false,
            body: None,
        },
        false => Store::Directory {
            query: "x".into(),
            pictures: true,
        },
    };
    Search {
        store,
        range: (0, 9),
    }
}

fn hit() -> impl Strategy<Value = Hit> {
    let parts = (
        text(),
        maybe_text(),
        option::of(values(MAIL)),
        values(ENTRY),
    );
    parts.prop_map(|(long_id, collection, mail, entry)| {
        let mail = mail.map(|values| {
            Item::Email(Box::new(Email {
                values,
                ..Email::default()
            }))
        });
        Hit {
            long_id: Some(long_id),
            collection,
            mail,
            entry,
        }
    })
}

fn hit_tree(hit: &Hit) -> Element {
    let properties = match &hit.mail {
        Some(Item::Email(mail)) => Some(told(&mail.values)),
        _ if hit.entry.is_empty() => None,
        _ => Some(told(&hit.entry)),
    };
    node(
        S::Result,
        [
            maybe(S::LongId, hit.long_id.as_ref()),
            maybe(A::CollectionId, hit.collection.as_ref()),
            properties.map(|all| Element::new(S::Properties, all)),
        ],
    )
}

/// A file that was fetched, as bytes in base64 or in a part.
fn fetched() -> impl Strategy<Value = Fetched> {
    let bytes = option::of(vec(any::<u8>(), 0..60));
    let numbers = (option::of(0..99_usize), option::of(any::<u64>()));
    let parts = (
        status(),
        maybe_text(),
        maybe_text(),
        bytes,
        numbers,
        maybe_text(),
    );
    parts.prop_map(
        |(status, id, content_type, data, (part, total), range)| Fetched {
            status,
            id,
            item: None,
            content_type,
            data,
            part,
            total,
            range,
        },
    )
}

fn fetched_tree(fetched: &Fetched) -> Element {
    let data = fetched.data.as_ref().map(|data| STANDARD.encode(data));
    let properties = [
        maybe(I::Range, fetched.range.as_ref()),
        maybe(I::Total, fetched.total.as_ref()),
        maybe(B::ContentType, fetched.content_type.as_ref()),
        maybe(I::Data, data.as_ref()),
        maybe(I::Part, fetched.part.as_ref()),
    ];
    node(
        I::Fetch,
        [
            code(I::Status, fetched.status),
            maybe(B::FileReference, fetched.id.as_ref()),
            Some(node(I::Properties, properties)),
        ],
    )
}

fn mail() -> SendMail {
    SendMail {
        client_id: "1".into(),
        account: None,
        save: true,
        mime: Vec::new(),
    }
}

/// A text without spaces around it, which XML does not keep.
fn word() -> impl Strategy<Value = String> {
    "[!-~ä€]{1,9}( [<>&\"'!-~]{1,9})?"
}

fn autodiscover_xml(answer: &AutodiscoverAnswer) -> String {
    let tag = |name: &str, text: Option<&String>| match text {
        Some(text) => format!("<{name}>{}</{name}>\r\n  ", escape(text)),
        None => String::new(),
    };
    let servers: String = answer
        .servers
        .iter()
        .map(|server| {
            let kind = tag("Type", Some(&server.server_type));
            format!("<Server>{kind}{}</Server>", tag("Url", Some(&server.url)))
        })
        .collect();
    let error = answer.error.as_ref().map_or(String::new(), |(code, text)| {
        let code = tag("ErrorCode", Some(code));
        format!("<Error>{code}{}</Error>", tag("Message", Some(text)))
    });
    format!(
        "<?xml version=\"1.0\"?>\n<Autodiscover xmlns=\"x\"><Response xmlns=\"y\"><User>{}{}</User>\
         <Action>{}<Settings>{servers}</Settings>{error}</Action></Response></Autodiscover>",
        tag("DisplayName", answer.display_name.as_ref()),
        tag("EMailAddress", answer.email.as_ref()),
        tag("Redirect", answer.redirect.as_ref()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folders(status in status(), key in maybe_text(), changes in vec(folder_change(), 0..5), id in maybe_text(), seed: u64) {
        let head = |status, key: &Option<String>| [code(F::Status, status), maybe(F::SyncKey, key.as_ref())];
        let all = Element::new(F::Changes, changes.iter().map(folder_tree));
        let tree = node(F::FolderSync, head(status, &key).into_iter().chain([Some(all)]));
        let answer = FolderSyncAnswer { status, key: key.clone(), changes };
        reads(&FolderSync { key: "1".into() }, &answer, &tree, seed)?;

        let id_tree = maybe(F::ServerId, id.as_ref());
        let tree = node(F::FolderCreate, head(status, &key).into_iter().chain([id_tree]));
        let (parent, name) = (String::new(), String::new());
        let create = FolderCreate { key: "1".into(), parent: parent.clone(), name: name.clone(), folder_type: FolderType(12) };
        reads(&create, &FolderCreated { status, key: key.clone(), id }, &tree, seed)?;

        let answer = FoldersChanged { status, key: key.clone() };
        let update = FolderUpdate { key: "1".into(), id: "5".into(), parent, name };
        reads(&update, &answer, &node(F::FolderUpdate, head(status, &key)), seed)?;
        let delete = FolderDelete { key: "1".into(), id: "5".into() };
        reads(&delete, &answer, &node(F::FolderDelete, head(status, &key)), seed)?;
    }

    #[test]
    fn moves(all in vec((text(), any::<u16>(), maybe_text()), 0..5), seed: u64) {
        let all: Vec<Moved> = all
            .into_iter()
            .map(|(item, status, new_id)| Moved { item, status: Status(status), new_id })
            .collect();
        let tree = all.iter().map(|moved| {
            node(Move::Response, [
                Some(leaf(Move::SrcMsgId, &moved.item)),
                Some(leaf(Move::Status, &moved.status.0)),
                maybe(Move::DstMsgId, moved.new_id.as_ref()),
            ])
        });
        let tree = Element::new(Move::MoveItems, tree);
        reads(&MoveItems::default(), &all, &tree, seed)?;
    }

    #[test]
    fn news(status in status(), changed in texts(), seconds in option::of(any::<u32>()), most in option::of(any::<u32>()), seed: u64) {
        let tree = node(Pi::Ping, [
            code(Pi::Status, status),
            maybe(Pi::HeartbeatInterval, seconds.as_ref()),
            maybe(Pi::MaxFolders, most.as_ref()),
            Some(Element::new(Pi::Folders, leaves(Pi::Folder, &changed))),
        ]);
        let heartbeat = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let answer = PingAnswer { status, changed, heartbeat, max_folders: most };
        reads(&Ping { heartbeat: Duration::ZERO, folders: Vec::new() }, &answer, &tree, seed)?;
    }

    #[test]
    fn estimates(all in vec((status(), text(), option::of(any::<u32>())), 0..4), seed: u64) {
        let all: Vec<Estimate> = all
            .into_iter()
            .map(|(status, collection, estimate)| Estimate { status, collection, estimate })
            .collect();
        let tree = all.iter().map(|one| {
            let collection = [
                Some(leaf(G::CollectionId, &one.collection)),
                maybe(G::Estimate, one.estimate.as_ref()),
            ];
            node(G::Response, [code(G::Status, one.status), Some(node(G::Collection, collection))])
        });
        let tree = Element::new(G::GetItemEstimate, tree);
        reads(&GetItemEstimate::default(), &all, &tree, seed)?;
    }

    #[test]
    fn files_that_were_fetched(status in status(), all in vec(fetched(), 0..4), others in vec(any::<u16>(), 0..3), seed: u64) {
        let tree = all.iter().map(fetched_tree);
        let rest = others.iter().map(|status| Element::new(I::EmptyFolderContents, [leaf(I::Status, status)]));
        let response = Element::new(I::Response, tree.chain(rest));
        let tree = node(I::ItemOperations, [code(I::Status, status), Some(response)]);
        let fetch = || Operation::Fetch(Fetch::new(FetchOf::Attachment("x".into()), Class::Email));
        let request = ItemOperations(all.iter().map(|_| fetch()).collect());
        for tree in [tree.clone(), disturb(tree, seed)] {
            let mut w = Writer::new();
            write(&mut w, &tree);
            let mut read = request.decode(&w.finish()).unwrap();
            // What is no property of a mail is kept with it.
            read.fetched.iter_mut().for_each(|fetched| fetched.item = None);
            let others = others.iter().copied().map(Status).collect();
            prop_assert_eq!(read, ItemOperationsAnswer { status, fetched: all.clone(), others });
        }
    }

    #[test]
    fn parts_of_an_answer(all in vec(vec(any::<u8>(), 0..40), 0..6)) {
        let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut body = number(all.len()).to_vec();
        let mut at = 4 + 8 * all.len();
        for part in &all {
            body.extend(number(at));
            body.extend(number(part.len()));
            at += part.len();
        }
        body.extend(all.concat());
        prop_assert_eq!(parts(&body).unwrap(), all);
    }

    #[test]
    fn hits(status in status(), hits in vec(hit(), 0..4), total in option::of(any::<u32>()), seed: u64) {
        for mailbox in [true, false] {
            let hits = hits.iter().cloned().map(|hit| match mailbox {
                true => Hit { entry: Values::default(), ..hit },
                false => Hit { mail: None, ..hit },
            });
            let hits: Vec<Hit> = hits.collect();
            let mut store = vec![code(S::Status, status), maybe(S::Total, total.as_ref())];
            store.extend(hits.iter().map(|hit| Some(hit_tree(hit))));
            let tree = Element::new(S::Search, [Element::new(S::Response, [node(S::Store, store)])]);
            reads(&search(mailbox), &SearchAnswer { status, hits, total }, &tree, seed)?;
        }
    }

    #[test]
    fn finds(status in status(), all in vec((maybe_text(), maybe_text(), values(FOUND)), 0..4), total in option::of(any::<u32>()), seed: u64) {
        let hits: Vec<Found> = all
            .into_iter()
            .map(|(id, collection, values)| Found { id, collection, values })
            .collect();
        let mut response = vec![code(Fi::Status, status), maybe(Fi::Total, total.as_ref())];
        response.extend(hits.iter().map(|hit| {
            Some(node(Fi::Result, [
                maybe(A::ServerId, hit.id.as_ref()),
                maybe(A::CollectionId, hit.collection.as_ref()),
                Some(Element::new(Fi::Properties, told(&hit.values))),
            ]))
        }));
        let tree = Element::new(Fi::Find, [node(Fi::Response, response)]);
        let criterion = FindCriterion::Directory { query: "x".into() };
        let request = Find { search_id: "1".into(), criterion, range: (0, 9) };
        reads(&request, &FindAnswer { status, hits, total }, &tree, seed)?;
    }

    #[test]
    fn what_became_of_a_mail(status: u16, bytes in vec(any::<u8>(), 0..40), seed: u64) {
        let source = || Source::Found("1".into());
        let reply = SmartReply { mail: mail(), source: source(), replace: false };
        let forward = SmartForward { mail: mail(), source: source(), replace: false, forwardees: Vec::new(), text: None };
        let answer = ComposeAnswer { status: Some(Status(status)) };
        let tree = |root| Element::new(root, [leaf(ComposeMail::Status, &status)]);
        reads(&mail(), &answer, &tree(ComposeMail::SendMail), seed)?;
        reads(&reply, &answer, &tree(ComposeMail::SmartReply), seed)?;
        reads(&forward, &answer, &tree(ComposeMail::SmartForward), seed)?;
        // Nothing says that it is on its way.
        prop_assert_eq!(mail().decode(&[]), Ok(ComposeAnswer::default()));
        prop_assert_eq!(GetAttachment { name: "x".into() }.decode(&bytes), Ok(bytes));
    }

    #[test]
    fn places_of_servers(
        user in (option::of(word()), option::of(word()), option::of(word())),
        servers in vec((word(), word()), 0..3),
        error in option::of((word(), word())),
    ) {
        let (display_name, email, redirect) = user;
        let servers = servers.into_iter().map(|(server_type, url)| ServerUrl { server_type, url });
        let answer = AutodiscoverAnswer { display_name, email, redirect, servers: servers.collect(), error };
        let read = Autodiscover::decode(autodiscover_xml(&answer).as_bytes());
        match answer == AutodiscoverAnswer::default() {
            true => prop_assert!(read.is_err()),
            false => prop_assert_eq!(read, Ok(answer)),
        }
    }

    #[test]
    fn places_in_json(url in text()) {
        let json = serde_json::json!({ "Protocol": "ActiveSync", "Url": url }).to_string();
        prop_assert_eq!(decode_json(json.as_bytes()), Some(url));
    }
}
