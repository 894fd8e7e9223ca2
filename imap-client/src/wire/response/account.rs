//! NAMESPACE, ID, QUOTA, ACL and METADATA.

use crate::wire::lex::{self, Lex, number64};
use crate::wire::mailbox::MailboxName;

/// The namespaces of a server (RFC 2342).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespaces {
    /// The user's own mailboxes.
    pub personal: Vec<Namespace>,
    /// Those of other users.
    pub other_users: Vec<Namespace>,
    /// Those shared by all.
    pub shared: Vec<Namespace>,
}

/// One namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// What the names in it begin with.
    pub prefix: MailboxName,
    /// The hierarchy delimiter; `None`: names are flat.
    pub delimiter: Option<char>,
}

/// What a server says of itself (RFC 2971): names and values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Id(pub Vec<(String, Option<String>)>);

impl Id {
    /// The value of a name, in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_deref())
    }
}

/// The quota of one root (RFC 9208 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quota {
    /// Name of the root; may be empty.
    pub root: String,
    /// Its resources.
    pub resources: Vec<QuotaResource>,
}

/// Usage and limit of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaResource {
    /// `STORAGE` (units of 1024 bytes), `MESSAGE`...
    pub name: String,
    /// How much is in use.
    pub usage: u64,
    /// How much is allowed.
    pub limit: u64,
}

/// The quota roots of a mailbox (RFC 9208 section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaRoot {
    /// The mailbox.
    pub mailbox: MailboxName,
    /// Names of its roots.
    pub roots: Vec<String>,
}

/// Who may do what in a mailbox (RFC 4314 section 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// The mailbox.
    pub mailbox: MailboxName,
    /// Identifiers and their rights.
    pub entries: Vec<(String, String)>,
}

/// Which rights an identifier can be given (RFC 4314 section 3.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRights {
    /// The mailbox.
    pub mailbox: MailboxName,
    /// The identifier.
    pub identifier: String,
    /// Rights it always has.
    pub required: String,
    /// Groups of rights that can be granted together.
    pub optional: Vec<String>,
}

/// The user's own rights in a mailbox (RFC 4314 section 3.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyRights {
    /// The mailbox.
    pub mailbox: MailboxName,
    /// One letter a right.
    pub rights: String,
}

/// Annotations of a mailbox or the server (RFC 5464 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The mailbox; an empty name is the server.
    pub mailbox: MailboxName,
    /// The entries; without values when the server only says what changed.
    pub entries: Vec<MetadataEntry>,
}

/// One annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataEntry {
    /// `/shared/comment`, `/private/vendor/...`
    pub name: String,
    /// The value; `None` for NIL or if it was not sent.
    pub value: Option<Vec<u8>>,
}

fn mailbox(i: &[u8]) -> Lex<'_, MailboxName> {
    let (rest, name) = lex::astring(i)?;
    Ok((rest, MailboxName::from_wire(name.into_owned())))
}

/// `*(SP astring)` up to the end.
fn strings(i: &[u8]) -> Lex<'_, Vec<String>> {
    let mut list = Vec::new();
    let mut i = i;
    loop {
        (i, _) = lex::spaces(i)?;
        if i.is_empty() {
            return Ok((i, list));
        }
        let one;
        (i, one) = lex::astring_text(i)?;
        list.push(one);
    }
}

/// `Namespace SP Namespace SP Namespace` (RFC 9051 section 9).
pub(super) fn namespaces(i: &[u8]) -> Lex<'_, Namespaces> {
    let (i, personal) = lex::list(namespace)(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, other_users) = lex::list(namespace)(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, shared) = lex::list(namespace)(i)?;
    let all = Namespaces {
        personal,
        other_users,
        shared,
    };
    Ok((i, all))
}

/// `Namespace-Descr = "(" string SP (DQUOTE QUOTED-CHAR DQUOTE / nil)
/// [Namespace-Response-Extensions] ")"`; extensions are skipped.
fn namespace(i: &[u8]) -> Lex<'_, Namespace> {
    let (i, ()) = lex::byte(b'(')(i)?;
    let (i, prefix) = mailbox(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, delimiter) = lex::nstring_text(i)?;
    let (mut i, ()) = lex::spaces(i)?;
    while i.first().is_some_and(|b| *b != b')') {
        (i, _) = lex::skip_value(i)?;
        (i, _) = lex::spaces(i)?;
    }
    let (i, ()) = lex::byte(b')')(i)?;
    let delimiter = delimiter.and_then(|d| d.chars().next());
    Ok((i, Namespace { prefix, delimiter }))
}

/// `id-params-list = "(" *(string SP nstring) ")" / nil` (RFC 2971 section 4).
pub(super) fn id(i: &[u8]) -> Lex<'_, Id> {
    let pair = |i| {
        let (i, name) = lex::astring_text(i)?;
        let (i, ()) = lex::sp(i)?;
        let (i, value) = lex::nstring_text(i)?;
        Ok((i, (name, value)))
    };
    let (i, pairs) = lex::list(pair)(i)?;
    Ok((i, Id(pairs)))
}

/// `quota-root-name SP quota-list` (RFC 9208 section 7).
pub(super) fn quota(i: &[u8]) -> Lex<'_, Quota> {
    let resource = |i| {
        let (i, name) = lex::astring_text(i)?;
        let (i, ()) = lex::sp(i)?;
        let (i, usage) = number64(i)?;
        let (i, ()) = lex::sp(i)?;
        let (i, limit) = number64(i)?;
        Ok((i, QuotaResource { name, usage, limit }))
    };
    let (i, root) = lex::astring_text(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, resources) = lex::list(resource)(i)?;
    Ok((i, Quota { root, resources }))
}

/// `mailbox *(SP quota-root-name)` (RFC 9208 section 7).
pub(super) fn quota_root(i: &[u8]) -> Lex<'_, QuotaRoot> {
    let (i, mailbox) = mailbox(i)?;
    let (i, roots) = strings(i)?;
    Ok((i, QuotaRoot { mailbox, roots }))
}

/// `mailbox *(SP identifier SP rights)` (RFC 4314 section 7).
pub(super) fn acl(i: &[u8]) -> Lex<'_, Acl> {
    let (i, mailbox) = mailbox(i)?;
    let (i, words) = strings(i)?;
    let mut words = words.into_iter();
    let mut entries = Vec::new();
    while let Some(identifier) = words.next() {
        entries.push((identifier, words.next().unwrap_or_default()));
    }
    Ok((i, Acl { mailbox, entries }))
}

/// `mailbox SP identifier SP rights *(SP rights)` (RFC 4314 section 7).
pub(super) fn list_rights(i: &[u8]) -> Lex<'_, ListRights> {
    let (i, mailbox) = mailbox(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, identifier) = lex::astring_text(i)?;
    let (i, words) = strings(i)?;
    let mut words = words.into_iter();
    let rights = ListRights {
        mailbox,
        identifier,
        required: words.next().unwrap_or_default(),
        optional: words.collect(),
    };
    Ok((i, rights))
}

/// `mailbox SP rights` (RFC 4314 section 7).
pub(super) fn my_rights(i: &[u8]) -> Lex<'_, MyRights> {
    let (i, mailbox) = mailbox(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, rights) = lex::astring_text(i)?;
    Ok((i, MyRights { mailbox, rights }))
}

/// `mailbox SP (entry-values / entry-list)` (RFC 5464 section 5).
pub(super) fn metadata(i: &[u8]) -> Lex<'_, Metadata> {
    let (i, mailbox) = mailbox(i)?;
    let (i, ()) = lex::sp(i)?;
    let entry = |i| {
        let (i, name) = lex::astring_text(i)?;
        let (i, ()) = lex::sp(i)?;
        let (i, value) = lex::nstring(i)?;
        let value = value.map(std::borrow::Cow::into_owned);
        Ok((i, MetadataEntry { name, value }))
    };
    let (i, entries) = if i.first() == Some(&b'(') {
        lex::list(entry)(i)?
    } else {
        let (i, names) = strings(i)?;
        let bare = |name| MetadataEntry { name, value: None };
        (i, names.into_iter().map(bare).collect())
    };
    Ok((i, Metadata { mailbox, entries }))
}
