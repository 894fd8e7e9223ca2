//! Commands and the fragments they are sent in.

use imap_client::wire::command::{
    AppendMessage, FetchItem, FetchModifiers, FetchSection, ListOptions, Messages, MetadataDepth,
    NotifyEvent, NotifyFilter, Qresync, SearchKey, SearchReturn, SectionText, SelectOptions,
    SortKey, StatusItem, StoreAction,
};
use imap_client::wire::{
    Command, Date, DateTime, EncodeError, EncodeOptions, Flags, Fragment, LiteralMode, MailboxName,
    NameEncoding, SequenceSet, SystemFlags,
};

fn set(text: &str) -> SequenceSet {
    text.parse().unwrap()
}

fn inbox() -> MailboxName {
    MailboxName::inbox()
}

/// The command as one line, without tag and line end.
fn line(command: &Command) -> String {
    let encoded = command.encode("A1", &EncodeOptions::default()).unwrap();
    assert!(encoded.is_immediate(), "{command:?}");
    let bytes = encoded.to_vec();
    let text = String::from_utf8(bytes).unwrap();
    let text = text
        .strip_prefix("A1 ")
        .and_then(|t| t.strip_suffix("\r\n"));
    text.unwrap().to_owned()
}

#[test]
fn session_commands() {
    let table = [
        (Command::capability(), "CAPABILITY"),
        (Command::noop(), "NOOP"),
        (Command::logout(), "LOGOUT"),
        (Command::start_tls(), "STARTTLS"),
        (Command::login("SMITH", "SESAME"), "LOGIN SMITH SESAME"),
        (
            Command::login("a b", "p\"\\"),
            "LOGIN \"a b\" \"p\\\"\\\\\"",
        ),
        (Command::login("", "nil"), "LOGIN \"\" \"nil\""),
        (Command::authenticate("PLAIN", None), "AUTHENTICATE PLAIN"),
        (
            Command::authenticate("EXTERNAL", Some("=")),
            "AUTHENTICATE EXTERNAL =",
        ),
        (
            Command::enable(&["CONDSTORE", "X-GOOD"]),
            "ENABLE CONDSTORE X-GOOD",
        ),
        (Command::id(&[]), "ID NIL"),
        (
            Command::id(&[("name", "bridge"), ("version", "1")]),
            "ID (\"name\" \"bridge\" \"version\" \"1\")",
        ),
        (Command::idle(), "IDLE"),
        (Command::compress(), "COMPRESS DEFLATE"),
    ];
    for (command, expected) in table {
        assert_eq!(line(&command), expected);
    }
}

#[test]
fn mailbox_commands() {
    let known = Qresync {
        uid_validity: 67_890_007,
        mod_seq: 90_060_115_194_045_000,
        known_uids: Some(set("41:211,214:541")),
        sequence_match: None,
    };
    let qresync = |known| SelectOptions {
        condstore: false,
        qresync: Some(known),
    };
    let matched = Qresync {
        sequence_match: Some((set("1,3"), set("5,9"))),
        known_uids: Some(set("1:9")),
        ..known.clone()
    };
    let all = ListOptions {
        select_subscribed: true,
        select_recursive_match: true,
        return_children: true,
        return_special_use: true,
        return_status: vec![StatusItem::Messages, StatusItem::HighestModSeq],
        ..ListOptions::default()
    };
    let root = MailboxName::from_wire("");
    let star = MailboxName::from_wire("*");
    let sent = MailboxName::from_text("Envoyés", NameEncoding::Utf7);
    let table = [
        (
            Command::select(&inbox(), &SelectOptions::default()),
            "SELECT INBOX",
        ),
        (
            Command::examine(
                &inbox(),
                &SelectOptions {
                    condstore: true,
                    qresync: None,
                },
            ),
            "EXAMINE INBOX (CONDSTORE)",
        ),
        (
            Command::select(&inbox(), &qresync(known)),
            "SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541))",
        ),
        (
            Command::select(&inbox(), &qresync(matched)),
            "SELECT INBOX (QRESYNC (67890007 90060115194045000 1:9 (1,3 5,9)))",
        ),
        (Command::create(&sent, &[]), "CREATE Envoy&AOk-s"),
        (
            Command::create(&sent, &["\\Sent"]),
            "CREATE Envoy&AOk-s (USE (\\Sent))",
        ),
        (Command::delete(&inbox()), "DELETE INBOX"),
        (Command::rename(&inbox(), &sent), "RENAME INBOX Envoy&AOk-s"),
        (Command::subscribe(&inbox()), "SUBSCRIBE INBOX"),
        (Command::unsubscribe(&inbox()), "UNSUBSCRIBE INBOX"),
        (
            Command::list(&root, &star, &ListOptions::default()),
            "LIST \"\" \"*\"",
        ),
        (
            Command::list(&root, &star, &all),
            "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"*\" RETURN (CHILDREN SPECIAL-USE STATUS \
             (MESSAGES HIGHESTMODSEQ))",
        ),
        (Command::lsub(&root, &star), "LSUB \"\" \"*\""),
        (Command::namespace(), "NAMESPACE"),
        (
            Command::status(&inbox(), &[StatusItem::UidNext, StatusItem::Size]),
            "STATUS INBOX (UIDNEXT SIZE)",
        ),
        (Command::close(), "CLOSE"),
        (Command::unselect(), "UNSELECT"),
        (Command::expunge(), "EXPUNGE"),
        (Command::check(), "CHECK"),
        (
            Command::uid_expunge(&set("3000:3002")),
            "UID EXPUNGE 3000:3002",
        ),
        (
            Command::copy(
                Messages::Sequence(&set("2:4")),
                &MailboxName::from_wire("a b"),
            ),
            "COPY 2:4 \"a b\"",
        ),
        (
            Command::move_messages(Messages::UidSaved, &inbox()),
            "UID MOVE $ INBOX",
        ),
    ];
    for (command, expected) in table {
        assert_eq!(line(&command), expected);
    }
}

#[test]
fn message_commands() {
    let items = [
        FetchItem::Uid,
        FetchItem::Flags,
        FetchItem::ModSeq,
        FetchItem::InternalDate,
        FetchItem::Size,
        FetchItem::Envelope,
        FetchItem::BodyStructure,
        FetchItem::message(),
        FetchItem::header_fields(&["DATE", "FROM"]),
        FetchItem::Section {
            peek: false,
            section: FetchSection {
                part: vec![4, 2],
                text: SectionText::Mime,
            },
            partial: Some((0, 2048)),
        },
        FetchItem::Binary {
            peek: true,
            part: vec![1],
            partial: None,
        },
        FetchItem::BinarySize(vec![1, 2]),
        FetchItem::Preview { lazy: true },
    ];
    let modifiers = FetchModifiers {
        changed_since: Some(12345),
        vanished: true,
        partial: Some((-1, -50)),
    };
    let uids = set("300:500");
    let command = Command::fetch(Messages::Uid(&uids), &items, &modifiers);
    assert_eq!(
        line(&command),
        "UID FETCH 300:500 (UID FLAGS MODSEQ INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE \
         BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (DATE FROM)] BODY[4.2.MIME]<0.2048> BINARY.PEEK[1] \
         BINARY.SIZE[1.2] PREVIEW (LAZY)) (CHANGEDSINCE 12345 VANISHED PARTIAL -1:-50)"
    );

    let mut flags = Flags::from(SystemFlags::DELETED | SystemFlags::RECENT);
    flags.insert_keyword("$MDNSent").unwrap();
    let command = Command::store(
        Messages::Sequence(&set("7,5,9")),
        StoreAction::Add,
        &flags,
        true,
        Some(320_162_338),
    );
    assert_eq!(
        line(&command),
        "STORE 5,7,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted $MDNSent)"
    );
    let command = Command::store(
        Messages::Uid(&uids),
        StoreAction::Replace,
        &Flags::new(),
        false,
        None,
    );
    assert_eq!(line(&command), "UID STORE 300:500 FLAGS ()");
    let command = Command::store_gmail_labels(
        Messages::Uid(&uids),
        StoreAction::Remove,
        &["\\Inbox", "a b"],
    );
    assert_eq!(
        line(&command),
        "UID STORE 300:500 -X-GM-LABELS (\\Inbox \"a b\")"
    );
}

#[test]
fn search_commands() {
    let since = Date::new(1994, 2, 1).unwrap();
    let key = SearchKey::And(vec![
        SearchKey::Flagged,
        SearchKey::Since(since),
        SearchKey::Not(Box::new(SearchKey::From("Smith".into()))),
        SearchKey::Or(
            Box::new(SearchKey::And(vec![SearchKey::Larger(9), SearchKey::Seen])),
            Box::new(SearchKey::Uid(set("1:*"))),
        ),
    ]);
    let returned = SearchReturn {
        min: true,
        all: true,
        save: true,
        ..SearchReturn::default()
    };
    let partial = SearchReturn {
        partial: Some((1, 500)),
        ..SearchReturn::default()
    };
    let table = [
        (
            Command::search(false, &key, None, false),
            "SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\" OR (LARGER 9 SEEN) UID 1:*",
        ),
        (
            Command::search(true, &SearchKey::Deleted, Some(returned), false),
            "UID SEARCH RETURN (MIN ALL SAVE) DELETED",
        ),
        (
            Command::search(true, &SearchKey::All, Some(partial), false),
            "UID SEARCH RETURN (PARTIAL 1:500) ALL",
        ),
        (
            Command::search(true, &SearchKey::message_id("<a@b>"), None, false),
            "UID SEARCH HEADER Message-ID \"<a@b>\"",
        ),
        (
            Command::sort(
                false,
                &[(SortKey::Subject, false), (SortKey::Date, true)],
                &SearchKey::All,
            ),
            "SORT (SUBJECT REVERSE DATE) UTF-8 ALL",
        ),
        (
            Command::thread(true, "REFERENCES", &SearchKey::ModSeq(5)),
            "UID THREAD REFERENCES UTF-8 MODSEQ 5",
        ),
    ];
    for (command, expected) in table {
        assert_eq!(line(&command), expected);
    }
}

#[test]
fn account_commands() {
    let table = [
        (Command::get_quota(""), "GETQUOTA \"\""),
        (Command::get_quota_root(&inbox()), "GETQUOTAROOT INBOX"),
        (
            Command::set_quota("", &[("STORAGE", 512)]),
            "SETQUOTA \"\" (STORAGE 512)",
        ),
        (Command::get_acl(&inbox()), "GETACL INBOX"),
        (
            Command::set_acl(&inbox(), "David", "+lr"),
            "SETACL INBOX David +lr",
        ),
        (
            Command::delete_acl(&inbox(), "David"),
            "DELETEACL INBOX David",
        ),
        (
            Command::list_rights(&inbox(), "David"),
            "LISTRIGHTS INBOX David",
        ),
        (Command::my_rights(&inbox()), "MYRIGHTS INBOX"),
        (
            Command::get_metadata(
                &inbox(),
                &["/shared/comment"],
                MetadataDepth::One,
                Some(1024),
            ),
            "GETMETADATA (MAXSIZE 1024 DEPTH 1) INBOX (/shared/comment)",
        ),
        (
            Command::set_metadata(
                &inbox(),
                &[("/private/comment", None), ("/shared/a", Some(b"x y"))],
            ),
            "SETMETADATA INBOX (/private/comment NIL /shared/a \"x y\")",
        ),
        (
            Command::notify(
                true,
                &[
                    (
                        NotifyFilter::Selected,
                        vec![
                            NotifyEvent::MessageNew(vec![FetchItem::Uid, FetchItem::Flags]),
                            NotifyEvent::MessageExpunge,
                        ],
                    ),
                    (NotifyFilter::Subtree(vec![inbox()]), vec![]),
                ],
            ),
            "NOTIFY SET STATUS (SELECTED (MessageNew (UID FLAGS) MessageExpunge)) (SUBTREE (INBOX) NONE)",
        ),
        (Command::notify_none(), "NOTIFY NONE"),
    ];
    for (command, expected) in table {
        assert_eq!(line(&command), expected);
    }
}

fn send(text: &str) -> Fragment {
    Fragment::Bytes(text.as_bytes().to_vec())
}

fn options(literals: LiteralMode, utf8: bool) -> EncodeOptions {
    EncodeOptions { literals, utf8 }
}

#[test]
fn strings_that_need_a_literal() {
    let command = Command::login("josé", "a\r\nb");
    let fragments = |mode, utf8| {
        command
            .encode("T", &options(mode, utf8))
            .unwrap()
            .into_fragments()
    };
    assert_eq!(
        fragments(LiteralMode::Synchronizing, false),
        [
            send("T LOGIN {5}\r\n"),
            Fragment::AwaitContinuation,
            send("josé {4}\r\n"),
            Fragment::AwaitContinuation,
            send("a\r\nb\r\n"),
        ]
    );
    assert_eq!(
        fragments(LiteralMode::Plus, false),
        [send("T LOGIN {5+}\r\njosé {4+}\r\na\r\nb\r\n")]
    );
    assert_eq!(
        fragments(LiteralMode::Minus, true),
        [send("T LOGIN \"josé\" {4+}\r\na\r\nb\r\n")]
    );
    let text = SearchKey::Subject("Grüße".into());
    let command = Command::search(true, &text, None, false);
    let bytes = command
        .encode("T", &options(LiteralMode::Plus, false))
        .unwrap()
        .to_vec();
    assert_eq!(
        bytes,
        "T UID SEARCH CHARSET UTF-8 SUBJECT {7+}\r\nGrüße\r\n".as_bytes()
    );
    let command = Command::search(true, &text, None, true);
    let bytes = command
        .encode("T", &options(LiteralMode::Plus, true))
        .unwrap()
        .to_vec();
    assert_eq!(bytes, "T UID SEARCH SUBJECT \"Grüße\"\r\n".as_bytes());
}

#[test]
fn literal_minus_waits_above_4096_bytes() {
    for (len, waits) in [(4096, false), (4097, true)] {
        let command = Command::append(&inbox(), &[AppendMessage::new(len)]);
        let encoded = command
            .encode("T", &options(LiteralMode::Minus, false))
            .unwrap();
        assert_eq!(encoded.is_immediate(), !waits, "{len}");
    }
}

#[test]
fn append_of_several() {
    let date = DateTime::new(760_921_265, -480).unwrap();
    let first = AppendMessage::new(310)
        .flags(Flags::from(SystemFlags::SEEN | SystemFlags::RECENT))
        .date(date);
    let second = AppendMessage {
        binary: true,
        ..AppendMessage::new(0)
    };
    let third = AppendMessage {
        utf8: true,
        ..AppendMessage::new(7)
    };
    let command = Command::append(&inbox(), &[first, second, third]);
    let encoded = command
        .encode("A3", &options(LiteralMode::Plus, false))
        .unwrap();
    assert_eq!(
        encoded.fragments(),
        [
            send("A3 APPEND INBOX (\\Seen) \"10-Feb-1994 15:01:05 -0800\" {310+}\r\n"),
            Fragment::Stream(310),
            send(" ~{0+}\r\n"),
            Fragment::Stream(0),
            send(" UTF8 (~{7+}\r\n"),
            Fragment::Stream(7),
            send(")\r\n"),
        ]
    );
    let encoded = command.encode("A3", &EncodeOptions::default()).unwrap();
    let waits = encoded
        .fragments()
        .iter()
        .filter(|f| **f == Fragment::AwaitContinuation)
        .count();
    assert_eq!(waits, 3);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let error = |command: Command| command.encode("T", &EncodeOptions::default()).unwrap_err();
    assert_eq!(error(Command::login("a\0", "b")), EncodeError::Nul);
    assert_eq!(
        error(Command::raw("X").text(" a\r\nT2 DELETE b")),
        EncodeError::Text
    );
    let bad_tag = Command::noop().encode("T\r\nU", &EncodeOptions::default());
    assert_eq!(bad_tag.unwrap_err(), EncodeError::Text);
}

#[test]
fn secrets_do_not_print() {
    let command = Command::login("alice", "hunter2");
    let encoded = command.encode("T", &EncodeOptions::default()).unwrap();
    let shown = format!("{command:?} {encoded:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("alice"),
        "{shown}"
    );
}
