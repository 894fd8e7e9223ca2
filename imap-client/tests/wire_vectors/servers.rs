//! Lines that real servers were seen to send.

use imap_client::wire::response::MailboxAttributes;
use imap_client::wire::{Code, Response, StatusKind};

const DOVECOT: &str = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY \
    THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT \
    CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES \
    WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE \
    SAVEDATE LITERAL+ NOTIFY METADATA SPECIAL-USE COMPRESS=DEFLATE QUOTA";

const CYRUS: &str = "IMAP4rev1 LITERAL+ ID ENABLE ACL ANNOTATE-EXPERIMENT-1 BINARY CATENATE \
    CREATE-SPECIAL-USE RIGHTS=kxten NO_ATOMIC_RENAME LOGINDISABLED AUTH=PLAIN AUTH=LOGIN \
    AUTH=SCRAM-SHA-1-PLUS X-QUOTA=X-ANNOTATION-STORAGE IDLE APPENDLIMIT=4294967295";

#[test]
fn capability_lines() {
    let line = format!("* CAPABILITY {DOVECOT}\r\n");
    let Response::Capability(all) = Response::decode(line.as_bytes()) else {
        panic!()
    };
    assert_eq!(all.iter().count(), DOVECOT.split(' ').count());
    assert!(all.has("qresync") && all.has("LITERAL+") && !all.has("LITERAL-"));
    let threads: Vec<&str> = all.values("THREAD").collect();
    assert_eq!(threads, ["REFERENCES", "REFS", "ORDEREDSUBJECT"]);

    let line = format!("A1 OK [CAPABILITY {CYRUS}] Completed\r\n");
    let Response::Tagged { status, .. } = Response::decode(line.as_bytes()) else {
        panic!()
    };
    let Some(Code::Capability(all)) = status.code else {
        panic!()
    };
    assert_eq!(all.append_limit(), Some(4_294_967_295));
    let mechanisms: Vec<&str> = all.values("auth").collect();
    assert_eq!(mechanisms, ["PLAIN", "LOGIN", "SCRAM-SHA-1-PLUS"]);
}

#[test]
fn dovecot_modified_and_mod_sequence() {
    let Response::Tagged { status, .. } =
        Response::decode(b"A3 OK [MODIFIED 2] Conditional STORE failed (0.001 + 0.000 secs).\r\n")
    else {
        panic!()
    };
    assert!(matches!(status.code, Some(Code::Modified(set)) if set.contains(2) && set.len() == 1));
    let line = b"* OK [HIGHESTMODSEQ 7] Highest\r\n";
    let Response::Status(status) = Response::decode(line) else {
        panic!()
    };
    assert_eq!(status.code, Some(Code::HighestModSeq(7)));
}

#[test]
fn dovecot_login_refused() {
    let line = b"a NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.\r\n";
    let Response::Tagged { tag, status } = Response::decode(line) else {
        panic!()
    };
    assert_eq!((tag.as_str(), status.kind), ("a", StatusKind::No));
    assert_eq!(status.code, Some(Code::PrivacyRequired));
}

#[test]
fn cyrus_lower_case_special_use() {
    let line = b"* LIST (\\HasNoChildren \\drafts) \"/\" Drafts\r\n";
    let Response::List(list) = Response::decode(line) else {
        panic!()
    };
    assert!(list.attributes.has(MailboxAttributes::DRAFTS));
}

#[test]
fn cyrus_fetch_puts_flags_first() {
    let line = b"* 1 FETCH (FLAGS (\\Recent) UID 9 MODSEQ (73))\r\n";
    let Response::Fetch(fetch) = Response::decode(line) else {
        panic!()
    };
    assert_eq!((fetch.uid, fetch.mod_seq), (Some(9), Some(73)));
}

#[test]
fn courier_enables_nothing_and_quotes_names() {
    let Response::Enabled(list) = Response::decode(b"* ENABLED\r\n") else {
        panic!()
    };
    assert!(list.is_empty());
    let line = b"* LIST (\\HasNoChildren) \".\" \"INBOX.Sent Items\"\r\n";
    let Response::List(list) = Response::decode(line) else {
        panic!()
    };
    assert_eq!(
        (list.delimiter, list.name.as_bytes()),
        (Some('.'), &b"INBOX.Sent Items"[..])
    );
    let line =
        b"* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared.\" \".\")(\"shared.\" \".\"))\r\n";
    let Response::Namespace(all) = Response::decode(line) else {
        panic!()
    };
    assert_eq!((all.personal.len(), all.shared.len()), (1, 2));
}

#[test]
fn gmail_text_that_begins_with_a_bracket() {
    let line = b"A4 OK [READ-WRITE] [Gmail]/Sent Mail selected. (Success)\r\n";
    let Response::Tagged { status, .. } = Response::decode(line) else {
        panic!()
    };
    assert_eq!(status.code, Some(Code::ReadWrite));
    assert_eq!(status.text, "[Gmail]/Sent Mail selected. (Success)");
}
