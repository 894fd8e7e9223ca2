//! NAMESPACE, ID, QUOTA, ACL and METADATA.

use imap_client::wire::response::{
    Acl, Id, ListRights, Metadata, MetadataEntry, MyRights, Namespace, Namespaces, Quota,
    QuotaResource, QuotaRoot,
};
use imap_client::wire::{MailboxName, Response};

use super::Way::{Both, Decode};
use super::{Way, check};

fn name(text: &str) -> MailboxName {
    MailboxName::from_wire(text)
}

#[test]
fn account_data() {
    let namespace = |prefix: &str, delimiter| Namespace {
        prefix: name(prefix),
        delimiter,
    };
    let table: Vec<(Way, &str, Response<'static>)> = vec![
        (
            Both,
            "* NAMESPACE ((\"\" \"/\")) ((\"~\" \"/\")) ((\"#shared/\" \"/\") (\"#news.\" \".\"))\r\n",
            Response::Namespace(Namespaces {
                personal: vec![namespace("", Some('/'))],
                other_users: vec![namespace("~", Some('/'))],
                shared: vec![
                    namespace("#shared/", Some('/')),
                    namespace("#news.", Some('.')),
                ],
            }),
        ),
        (
            Decode,
            "* NAMESPACE ((\"\" \"/\")(\"#mh/\" \"/\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL NIL\r\n",
            Response::Namespace(Namespaces {
                personal: vec![namespace("", Some('/')), namespace("#mh/", Some('/'))],
                ..Namespaces::default()
            }),
        ),
        (
            Both,
            "* ID (\"name\" \"Cyrus\" \"os\" NIL)\r\n",
            Response::Id(Id(vec![
                ("name".into(), Some("Cyrus".into())),
                ("os".into(), None),
            ])),
        ),
        (Both, "* ID NIL\r\n", Response::Id(Id::default())),
        (
            Both,
            "* QUOTA \"\" (STORAGE 10 512)\r\n",
            Response::Quota(Quota {
                root: String::new(),
                resources: vec![QuotaResource {
                    name: "STORAGE".into(),
                    usage: 10,
                    limit: 512,
                }],
            }),
        ),
        (
            Both,
            "* QUOTAROOT \"INBOX\" \"\" \"b\"\r\n",
            Response::QuotaRoot(QuotaRoot {
                mailbox: name("INBOX"),
                roots: vec![String::new(), "b".into()],
            }),
        ),
        (
            Both,
            "* ACL \"INBOX\" \"Fred\" \"rwipsldexta\" \"David\" \"lrswideta\"\r\n",
            Response::Acl(Acl {
                mailbox: name("INBOX"),
                entries: vec![
                    ("Fred".into(), "rwipsldexta".into()),
                    ("David".into(), "lrswideta".into()),
                ],
            }),
        ),
        (
            Decode,
            "* LISTRIGHTS archive/imap anyone \"\" l r s w i p k x t e c d a\r\n",
            Response::ListRights(ListRights {
                mailbox: name("archive/imap"),
                identifier: "anyone".into(),
                required: String::new(),
                optional: "lrswipkxtecda".chars().map(String::from).collect(),
            }),
        ),
        (
            Decode,
            "* MYRIGHTS INBOX rwiptsldaex\r\n",
            Response::MyRights(MyRights {
                mailbox: name("inbox"),
                rights: "rwiptsldaex".into(),
            }),
        ),
        (
            Both,
            "* METADATA \"INBOX\" (\"/shared/comment\" \"Shared\" \"/private/comment\" NIL)\r\n",
            Response::Metadata(Metadata {
                mailbox: name("INBOX"),
                entries: vec![
                    MetadataEntry {
                        name: "/shared/comment".into(),
                        value: Some(b"Shared".to_vec()),
                    },
                    MetadataEntry {
                        name: "/private/comment".into(),
                        value: None,
                    },
                ],
            }),
        ),
        (
            Decode,
            "* METADATA \"\" /shared/comment\r\n",
            Response::Metadata(Metadata {
                mailbox: name(""),
                entries: vec![MetadataEntry {
                    name: "/shared/comment".into(),
                    value: None,
                }],
            }),
        ),
    ];
    for (way, line, value) in table {
        check(way, line.as_bytes(), &value);
    }
}
