//! Every response but FETCH and those about accounts. Lines are the RFCs' examples where they have one.

use std::borrow::Cow;

use imap_client::wire::response::{
    Esearch, List, ListKind, MailboxAttributes, MailboxStatus, PartialResult, Search, Sort, Thread,
    Vanished,
};
use imap_client::wire::{
    Capabilities, Code, Flags, MailboxName, Response, SequenceSet, StatusKind, StatusResponse,
    SystemFlags, UidList,
};

use super::Way::{Both, Decode};
use super::{Way, check};

fn set(text: &str) -> SequenceSet {
    text.parse().unwrap()
}

fn list(ids: &[u32]) -> UidList {
    ids.iter().copied().collect()
}

fn name(text: &str) -> MailboxName {
    MailboxName::from_wire(text)
}

fn ok(code: Option<Code>, text: &str) -> Response<'static> {
    let mut status = StatusResponse::new(StatusKind::Ok, text);
    status.code = code;
    Response::Status(status)
}

fn tagged(tag: &str, kind: StatusKind, code: Option<Code>, text: &str) -> Response<'static> {
    let mut status = StatusResponse::new(kind, text);
    status.code = code;
    Response::Tagged {
        tag: tag.into(),
        status,
    }
}

#[test]
fn status_responses() {
    let capabilities: Capabilities = ["IMAP4rev1", "STARTTLS", "AUTH=GSSAPI"]
        .into_iter()
        .collect();
    let table: Vec<(Way, &str, Response<'static>)> = vec![
        (
            Both,
            "* OK IMAP4rev1 server ready\r\n",
            ok(None, "IMAP4rev1 server ready"),
        ),
        (
            Both,
            "* PREAUTH IMAP4rev2 server logged in as Smith\r\n",
            Response::Status(StatusResponse::new(
                StatusKind::PreAuth,
                "IMAP4rev2 server logged in as Smith",
            )),
        ),
        (
            Both,
            "* BYE Autologout; idle for too long\r\n",
            Response::Status(StatusResponse::new(
                StatusKind::Bye,
                "Autologout; idle for too long",
            )),
        ),
        (
            Both,
            "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=GSSAPI] ready\r\n",
            ok(Some(Code::Capability(capabilities.clone())), "ready"),
        ),
        (
            Both,
            "* CAPABILITY IMAP4rev1 STARTTLS AUTH=GSSAPI\r\n",
            Response::Capability(capabilities),
        ),
        (
            Both,
            "* ENABLED CONDSTORE\r\n",
            Response::Enabled(["CONDSTORE"].into_iter().collect()),
        ),
        (
            Both,
            "A222 NO COPY failed: disk is full\r\n",
            tagged("A222", StatusKind::No, None, "COPY failed: disk is full"),
        ),
        (
            Decode,
            "a441 bad\r\n",
            tagged("a441", StatusKind::Bad, None, ""),
        ),
        (Decode, "* ok\n", ok(None, "")),
        (
            Both,
            "+ idling\r\n",
            Response::Continuation(Cow::Borrowed(b"idling")),
        ),
        (Decode, "+\r\n", Response::Continuation(Cow::Borrowed(b""))),
        (Both, "+ \r\n", Response::Continuation(Cow::Borrowed(b""))),
    ];
    for (way, line, value) in table {
        check(way, line.as_bytes(), &value);
    }
}

#[test]
fn response_codes() {
    let flags = Flags::from(SystemFlags::DELETED | SystemFlags::SEEN | SystemFlags::NEW_KEYWORDS);
    let table: Vec<(Way, &str, Code)> = vec![
        (Both, "ALERT", Code::Alert),
        (Decode, "alert", Code::Alert),
        (Both, "BADCHARSET", Code::BadCharset(vec![])),
        (
            Decode,
            "BADCHARSET (UTF-8 \"US-ASCII\")",
            Code::BadCharset(vec!["UTF-8".into(), "US-ASCII".into()]),
        ),
        (Both, "PARSE", Code::Parse),
        (
            Decode,
            "PERMANENTFLAGS (\\Deleted \\Seen \\*)",
            Code::PermanentFlags(flags),
        ),
        (
            Both,
            "PERMANENTFLAGS ()",
            Code::PermanentFlags(Flags::new()),
        ),
        (Both, "READ-ONLY", Code::ReadOnly),
        (Both, "READ-WRITE", Code::ReadWrite),
        (Both, "TRYCREATE", Code::TryCreate),
        (Both, "UIDNEXT 4392", Code::UidNext(4392)),
        (
            Both,
            "UIDVALIDITY 3857529045",
            Code::UidValidity(3_857_529_045),
        ),
        (Both, "UNSEEN 12", Code::Unseen(12)),
        (Both, "UIDNOTSTICKY", Code::UidNotSticky),
        (
            Both,
            "APPENDUID 38505 3955",
            Code::AppendUid {
                uid_validity: 38505,
                uids: list(&[3955]),
            },
        ),
        (
            Both,
            "COPYUID 38505 304,319:320 3956:3958",
            Code::CopyUid {
                uid_validity: 38505,
                source: list(&[304, 319, 320]),
                destination: list(&[3956, 3957, 3958]),
            },
        ),
        (
            Both,
            "COPYUID 1 9,4 20:21",
            Code::CopyUid {
                uid_validity: 1,
                source: list(&[9, 4]),
                destination: list(&[20, 21]),
            },
        ),
        (
            Both,
            "HIGHESTMODSEQ 715194045007",
            Code::HighestModSeq(715_194_045_007),
        ),
        (Both, "NOMODSEQ", Code::NoModSeq),
        (Both, "MODIFIED 7,9", Code::Modified(set("7,9"))),
        (Both, "CLOSED", Code::Closed),
        (
            Both,
            "MAILBOXID (F2212ea87-6097-4256-9d51-71338625)",
            Code::MailboxId("F2212ea87-6097-4256-9d51-71338625".into()),
        ),
        (
            Both,
            "METADATA LONGENTRIES 2199",
            Code::MetadataLongEntries(2199),
        ),
        (Both, "METADATA MAXSIZE 1024", Code::MetadataMaxSize(1024)),
        (Both, "METADATA TOOMANY", Code::MetadataTooMany),
        (Both, "METADATA NOPRIVATE", Code::MetadataNoPrivate),
        (Both, "AUTHENTICATIONFAILED", Code::AuthenticationFailed),
        (Both, "AUTHORIZATIONFAILED", Code::AuthorizationFailed),
        (Both, "UNAVAILABLE", Code::Unavailable),
        (Both, "EXPIRED", Code::Expired),
        (Both, "PRIVACYREQUIRED", Code::PrivacyRequired),
        (Both, "CONTACTADMIN", Code::ContactAdmin),
        (Both, "NOPERM", Code::NoPerm),
        (Both, "INUSE", Code::InUse),
        (Both, "EXPUNGEISSUED", Code::ExpungeIssued),
        (Both, "CORRUPTION", Code::Corruption),
        (Both, "SERVERBUG", Code::ServerBug),
        (Both, "CLIENTBUG", Code::ClientBug),
        (Both, "CANNOT", Code::Cannot),
        (Both, "LIMIT", Code::Limit),
        (Both, "OVERQUOTA", Code::OverQuota),
        (Both, "ALREADYEXISTS", Code::AlreadyExists),
        (Both, "NONEXISTENT", Code::NonExistent),
        (Both, "NOTIFICATIONOVERFLOW", Code::NotificationOverflow),
        (
            Both,
            "BADEVENT (MessageNew FlagChange)",
            Code::BadEvent(vec!["MessageNew".into(), "FlagChange".into()]),
        ),
        (Both, "COMPRESSIONACTIVE", Code::CompressionActive),
        (Both, "HASCHILDREN", Code::HasChildren),
        (Both, "TOOBIG", Code::TooBig),
        (Both, "UNKNOWN-CTE", Code::UnknownCte),
        (Both, "NOTSAVED", Code::NotSaved),
        (Both, "USEATTR", Code::UseAttr),
        (
            Both,
            "REFERRAL imap://user;AUTH=*@example.org/",
            Code::Other(
                "REFERRAL".into(),
                Some("imap://user;AUTH=*@example.org/".into()),
            ),
        ),
        (Both, "X-NEW", Code::Other("X-NEW".into(), None)),
        (
            Both,
            "UIDNEXT many",
            Code::Other("UIDNEXT".into(), Some("many".into())),
        ),
    ];
    for (way, code, value) in table {
        let line = format!("A1 OK [{code}] text [more] here\r\n");
        let value = tagged("A1", StatusKind::Ok, Some(value), "text [more] here");
        check(way, line.as_bytes(), &value);
    }
}

#[test]
fn mailbox_data() {
    let mut xlist = List::new(name("[Gmail]/All Mail"), Some('/'));
    xlist.kind = ListKind::Xlist;
    xlist.attributes.insert("\\HasNoChildren");
    xlist.attributes.insert("\\All");
    let mut old = List::new(name("NewMailbox"), Some('/'));
    old.old_name = Some(name("OldMailbox"));
    let mut child = List::new(name("Foo"), Some('/'));
    child.child_info = vec!["SUBSCRIBED".into()];
    child.old_name = Some(name("Bar"));
    let mut drafts = List::new(name("Drafts"), Some('.'));
    drafts.attributes = MailboxAttributes::from_bits(
        MailboxAttributes::HAS_NO_CHILDREN | MailboxAttributes::DRAFTS,
    );
    let mut other = List::new(name("x"), None);
    other.kind = ListKind::Lsub;
    other.attributes.insert("\\X-Odd");
    let mut status = MailboxStatus::new(name("blurdybloop"));
    status.messages = Some(231);
    status.uid_next = Some(44292);
    let mut full = MailboxStatus::new(name("INBOX"));
    full.messages = Some(1);
    full.recent = Some(2);
    full.uid_next = Some(3);
    full.uid_validity = Some(4);
    full.unseen = Some(5);
    full.deleted = Some(6);
    full.deleted_storage = Some(7);
    full.size = Some(5_000_000_000);
    full.highest_mod_seq = Some(u64::MAX);
    full.append_limit = Some(Some(9));
    full.mailbox_id = Some("F22".into());
    let mut unlimited = MailboxStatus::new(name("a b"));
    unlimited.append_limit = Some(None);
    let table: Vec<(Way, &str, Response<'static>)> = vec![
        (
            Decode,
            "* LIST (\\HasNoChildren \\drafts) \".\" Drafts\r\n",
            Response::List(drafts),
        ),
        (
            Both,
            "* LSUB (\\X-Odd) NIL \"x\"\r\n",
            Response::List(other),
        ),
        (
            Decode,
            "* XLIST (\\HasNoChildren \\AllMail) \"/\" \"[Gmail]/All Mail\"\r\n",
            Response::List(xlist),
        ),
        (
            Both,
            "* LIST () \"/\" \"NewMailbox\" (\"OLDNAME\" (\"OldMailbox\"))\r\n",
            Response::List(old),
        ),
        (
            Decode,
            "* LIST () \"/\" Foo (CHILDINFO (\"SUBSCRIBED\") X-UNKNOWN (a (b)) OLDNAME (Bar))\r\n",
            Response::List(child),
        ),
        (
            Both,
            "* LIST () \"\\\\\" \"a\\\"b\"\r\n",
            Response::List(List::new(name("a\"b"), Some('\\'))),
        ),
        (
            Both,
            "* STATUS \"blurdybloop\" (MESSAGES 231 UIDNEXT 44292)\r\n",
            Response::MailboxStatus(status),
        ),
        (
            Both,
            "* STATUS \"INBOX\" (MESSAGES 1 RECENT 2 UIDNEXT 3 UIDVALIDITY 4 UNSEEN 5 DELETED 6 \
             DELETED-STORAGE 7 SIZE 5000000000 HIGHESTMODSEQ 18446744073709551615 APPENDLIMIT 9 \
             MAILBOXID (F22))\r\n",
            Response::MailboxStatus(full),
        ),
        (
            Both,
            "* STATUS \"a b\" (APPENDLIMIT NIL)\r\n",
            Response::MailboxStatus(unlimited.clone()),
        ),
        (
            Decode,
            "* STATUS {3}\r\na b (X-GUID (a b) APPENDLIMIT NIL)\r\n",
            Response::MailboxStatus(unlimited),
        ),
        (Both, "* 18 EXISTS\r\n", Response::Exists(18)),
        (Both, "* 2 RECENT\r\n", Response::Recent(2)),
        (Both, "* 44 EXPUNGE\r\n", Response::Expunge(44)),
        (
            Both,
            "* FLAGS (\\Answered \\Draft)\r\n",
            Response::Flags((SystemFlags::ANSWERED | SystemFlags::DRAFT).into()),
        ),
    ];
    for (way, line, value) in table {
        check(way, line.as_bytes(), &value);
    }
}

#[test]
fn search_data() {
    let mut counted = Esearch::default();
    counted.tag = Some("A283".into());
    counted.all = Some(set("2,10:11"));
    let mut uid = Esearch::default();
    uid.tag = Some("a".into());
    uid.uid = true;
    uid.min = Some(7);
    uid.max = Some(3800);
    uid.count = Some(15);
    uid.mod_seq = Some(1_236_282);
    let mut window = Esearch::default();
    window.tag = Some("A01".into());
    window.uid = true;
    window.partial = Some(PartialResult {
        from: -1,
        to: -100,
        ids: set("200:250,252:300"),
    });
    let mut nothing = window.clone();
    nothing.partial = Some(PartialResult {
        from: 23500,
        to: 24000,
        ids: SequenceSet::new(),
    });
    let table: Vec<(Way, &str, Response<'static>)> = vec![
        (
            Both,
            "* SEARCH 2 84 882\r\n",
            Response::Search(Search {
                ids: set("2,84,882"),
                mod_seq: None,
            }),
        ),
        (Both, "* SEARCH\r\n", Response::Search(Search::default())),
        (
            Decode,
            "* SEARCH 6 2 5 7 (MODSEQ 917162500)\r\n",
            Response::Search(Search {
                ids: set("2,5:7"),
                mod_seq: Some(917_162_500),
            }),
        ),
        (
            Both,
            "* SORT 2 84 882 3\r\n",
            Response::Sort(Sort {
                ids: vec![2, 84, 882, 3],
                mod_seq: None,
            }),
        ),
        (Both, "* SORT\r\n", Response::Sort(Sort::default())),
        (
            Both,
            "* SORT 5 4 (MODSEQ 9)\r\n",
            Response::Sort(Sort {
                ids: vec![5, 4],
                mod_seq: Some(9),
            }),
        ),
        (
            Both,
            "* ESEARCH (TAG \"A283\") ALL 2,10:11\r\n",
            Response::Esearch(counted.clone()),
        ),
        (
            Decode,
            "* ESEARCH (TAG {4}\r\nA283) X-ODD (1 2) all 10,2,11\r\n",
            Response::Esearch(counted),
        ),
        (
            Both,
            "* ESEARCH (TAG \"a\") UID MIN 7 MAX 3800 COUNT 15 MODSEQ 1236282\r\n",
            Response::Esearch(uid),
        ),
        (
            Both,
            "* ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 200:250,252:300)\r\n",
            Response::Esearch(window),
        ),
        (
            Both,
            "* ESEARCH (TAG \"A01\") UID PARTIAL (23500:24000 NIL)\r\n",
            Response::Esearch(nothing),
        ),
        (Both, "* ESEARCH\r\n", Response::Esearch(Esearch::default())),
        (
            Both,
            "* VANISHED (EARLIER) 41,43:116,118,120:211,214:540\r\n",
            Response::Vanished(Vanished {
                earlier: true,
                uids: set("41,43:116,118,120:211,214:540"),
            }),
        ),
        (
            Both,
            "* VANISHED 405,407,410,425\r\n",
            Response::Vanished(Vanished {
                earlier: false,
                uids: set("405,407,410,425"),
            }),
        ),
        (
            Both,
            "* THREAD (2)(3 6 (4 23)(44 7 96))\r\n",
            Response::Thread(vec![
                Thread {
                    chain: vec![2],
                    branches: vec![],
                },
                Thread {
                    chain: vec![3, 6],
                    branches: vec![
                        Thread {
                            chain: vec![4, 23],
                            branches: vec![],
                        },
                        Thread {
                            chain: vec![44, 7, 96],
                            branches: vec![],
                        },
                    ],
                },
            ]),
        ),
        (
            Both,
            "* THREAD ((3)(5))\r\n",
            Response::Thread(vec![Thread {
                chain: vec![],
                branches: vec![
                    Thread {
                        chain: vec![3],
                        branches: vec![],
                    },
                    Thread {
                        chain: vec![5],
                        branches: vec![],
                    },
                ],
            }]),
        ),
    ];
    for (way, line, value) in table {
        check(way, line.as_bytes(), &value);
    }
}
