//! From a [`Response`] to bytes: for servers, and to test the decoder.

use std::io::Write as _;

use crate::wire::flag::Flags;
use crate::wire::lex::is_astring_char;
use crate::wire::mailbox::MailboxName;

use super::capability::Capabilities;
use super::code::{ATOMS, Code};
use super::list::List;
use super::mailbox_status::MailboxStatus;
use super::search::{Esearch, Search, Sort, Vanished};
use super::status::StatusResponse;
use super::thread::Thread;
use super::{Namespace, Response};

/// Bytes under construction. Writing to a `Vec` cannot fail.
pub(super) struct Out<'o>(pub(super) &'o mut Vec<u8>);

macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{
        let _ = write!($out.0, $($arg)*);
    }};
}
pub(super) use put;

impl Response<'_> {
    /// Appends the response with its line end.
    ///
    /// Text of people must hold no line end; a keyword, an atom and the like
    /// are written as they are.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut out = Out(out);
        match self {
            Self::Unparsed(line) => {
                out.raw(line.bytes);
                return;
            }
            Self::Tagged { tag, status } => {
                put!(out, "{tag} ");
                out.status(status);
            }
            Self::Continuation(text) => {
                out.raw(b"+ ");
                out.raw(text);
            }
            other => {
                out.raw(b"* ");
                out.untagged(other);
            }
        }
        out.raw(b"\r\n");
    }

    /// The response as bytes, with its line end.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

impl Out<'_> {
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// `string`: quoted if it can be, else a literal.
    pub(super) fn string(&mut self, bytes: &[u8]) {
        let plain = bytes.len() <= 1000 && bytes.iter().all(|b| matches!(b, b' '..=b'~'));
        if plain {
            self.quoted(bytes);
        } else {
            put!(self, "{{{}}}\r\n", bytes.len());
            self.raw(bytes);
        }
    }

    /// `astring`: as it is if it can be, else a string.
    pub(super) fn astring(&mut self, text: &str) {
        let atom = |b: &u8| b.is_ascii() && is_astring_char(*b);
        let plain = !text.is_empty() && !text.eq_ignore_ascii_case("NIL");
        if plain && text.as_bytes().iter().all(atom) {
            self.raw(text.as_bytes());
        } else {
            self.string(text.as_bytes());
        }
    }

    fn quoted(&mut self, bytes: &[u8]) {
        self.raw(b"\"");
        for b in bytes {
            if matches!(b, b'"' | b'\\') {
                self.raw(b"\\");
            }
            self.0.push(*b);
        }
        self.raw(b"\"");
    }

    pub(super) fn nstring(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.string(bytes),
            None => self.raw(b"NIL"),
        }
    }

    /// `(a b c)`
    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut one: impl FnMut(&mut Self, T),
    ) {
        self.raw(b"(");
        for (k, item) in items.into_iter().enumerate() {
            if k > 0 {
                self.raw(b" ");
            }
            one(self, item);
        }
        self.raw(b")");
    }

    /// `(a b c)`, or NIL if there is none.
    pub(super) fn list_or_nil<T>(&mut self, items: &[T], mut one: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            self.raw(b"NIL");
        } else {
            self.list(items, |out, item| one(out, item));
        }
    }

    fn mailbox(&mut self, name: &MailboxName) {
        self.string(name.as_bytes());
    }

    fn delimiter(&mut self, delimiter: Option<char>) {
        match delimiter {
            Some(c) => self.string(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => self.raw(b"NIL"),
        }
    }

    fn flags(&mut self, flags: &Flags<'_>) {
        put!(self, "({flags})");
    }

    fn capabilities(&mut self, list: &Capabilities) {
        for (k, name) in list.iter().enumerate() {
            if k > 0 {
                self.raw(b" ");
            }
            self.raw(name.as_bytes());
        }
    }

    fn status(&mut self, status: &StatusResponse) {
        put!(self, "{}", status.kind.name());
        if let Some(code) = &status.code {
            self.raw(b" [");
            self.code(code);
            self.raw(b"]");
        }
        put!(self, " {}", status.text);
    }

    fn code(&mut self, code: &Code) {
        match code {
            Code::BadCharset(sets) => {
                self.raw(b"BADCHARSET");
                if !sets.is_empty() {
                    self.raw(b" ");
                    self.list(sets, |out, set| out.string(set.as_bytes()));
                }
            }
            Code::BadEvent(events) => {
                self.raw(b"BADEVENT ");
                self.list(events, |out, event| out.astring(event));
            }
            Code::Capability(list) => {
                self.raw(b"CAPABILITY ");
                self.capabilities(list);
            }
            Code::PermanentFlags(flags) => {
                self.raw(b"PERMANENTFLAGS ");
                self.flags(flags);
            }
            Code::UidNext(n) => put!(self, "UIDNEXT {n}"),
            Code::UidValidity(n) => put!(self, "UIDVALIDITY {n}"),
            Code::Unseen(n) => put!(self, "UNSEEN {n}"),
            Code::AppendUid { uid_validity, uids } => {
                put!(self, "APPENDUID {uid_validity} {uids}");
            }
            Code::CopyUid {
                uid_validity,
                source,
                destination,
            } => put!(self, "COPYUID {uid_validity} {source} {destination}"),
            Code::HighestModSeq(n) => put!(self, "HIGHESTMODSEQ {n}"),
            Code::Modified(set) => put!(self, "MODIFIED {set}"),
            Code::MailboxId(id) => {
                self.raw(b"MAILBOXID (");
                self.astring(id);
                self.raw(b")");
            }
            Code::MetadataLongEntries(n) => put!(self, "METADATA LONGENTRIES {n}"),
            Code::MetadataMaxSize(n) => put!(self, "METADATA MAXSIZE {n}"),
            Code::MetadataTooMany => self.raw(b"METADATA TOOMANY"),
            Code::MetadataNoPrivate => self.raw(b"METADATA NOPRIVATE"),
            Code::Other(name, text) => {
                put!(self, "{name}");
                if let Some(text) = text {
                    put!(self, " {text}");
                }
            }
            atom => {
                let name = ATOMS.iter().find(|(_, code)| code == atom);
                self.raw(name.map_or("", |(name, _)| name).as_bytes());
            }
        }
    }

    fn untagged(&mut self, response: &Response<'_>) {
        match response {
            Response::Status(status) => self.status(status),
            Response::Capability(list) => {
                self.raw(b"CAPABILITY ");
                self.capabilities(list);
            }
            Response::Enabled(list) => {
                self.raw(b"ENABLED ");
                self.capabilities(list);
            }
            Response::List(list) => self.mailbox_list(list),
            Response::MailboxStatus(status) => self.mailbox_status(status),
            Response::Search(search) => self.search(search),
            Response::Sort(sort) => self.sort(sort),
            Response::Esearch(result) => self.esearch(result),
            Response::Thread(threads) => {
                self.raw(b"THREAD ");
                for thread in threads {
                    self.thread(thread);
                }
            }
            Response::Flags(flags) => {
                self.raw(b"FLAGS ");
                self.flags(flags);
            }
            Response::Exists(n) => put!(self, "{n} EXISTS"),
            Response::Recent(n) => put!(self, "{n} RECENT"),
            Response::Expunge(n) => put!(self, "{n} EXPUNGE"),
            Response::Vanished(Vanished { earlier, uids }) => {
                let earlier = if *earlier { "(EARLIER) " } else { "" };
                put!(self, "VANISHED {earlier}{uids}");
            }
            Response::Fetch(fetch) => self.fetch(fetch),
            Response::Namespace(all) => {
                self.raw(b"NAMESPACE ");
                self.list_or_nil(&all.personal, Self::namespace);
                self.raw(b" ");
                self.list_or_nil(&all.other_users, Self::namespace);
                self.raw(b" ");
                self.list_or_nil(&all.shared, Self::namespace);
            }
            Response::Id(id) => {
                self.raw(b"ID ");
                self.list_or_nil(&id.0, |out, (name, value)| {
                    out.string(name.as_bytes());
                    out.raw(b" ");
                    out.nstring(value.as_deref().map(str::as_bytes));
                });
            }
            Response::Quota(quota) => {
                self.raw(b"QUOTA ");
                self.string(quota.root.as_bytes());
                self.raw(b" ");
                self.list(&quota.resources, |out, r| {
                    out.astring(&r.name);
                    put!(out, " {} {}", r.usage, r.limit);
                });
            }
            Response::QuotaRoot(root) => {
                self.raw(b"QUOTAROOT ");
                self.mailbox(&root.mailbox);
                self.strings(&root.roots);
            }
            Response::Acl(acl) => {
                self.raw(b"ACL ");
                self.mailbox(&acl.mailbox);
                for (identifier, rights) in &acl.entries {
                    self.strings([identifier, rights]);
                }
            }
            Response::ListRights(rights) => {
                self.raw(b"LISTRIGHTS ");
                self.mailbox(&rights.mailbox);
                self.strings([&rights.identifier, &rights.required]);
                self.strings(&rights.optional);
            }
            Response::MyRights(rights) => {
                self.raw(b"MYRIGHTS ");
                self.mailbox(&rights.mailbox);
                self.strings([&rights.rights]);
            }
            Response::Metadata(metadata) => {
                self.raw(b"METADATA ");
                self.mailbox(&metadata.mailbox);
                let bare = metadata.entries.iter().all(|e| e.value.is_none());
                if bare && !metadata.entries.is_empty() {
                    self.strings(metadata.entries.iter().map(|e| &e.name));
                } else {
                    self.raw(b" ");
                    self.list(&metadata.entries, |out, entry| {
                        out.string(entry.name.as_bytes());
                        out.raw(b" ");
                        out.nstring(entry.value.as_deref());
                    });
                }
            }
            Response::Tagged { .. } | Response::Continuation(_) | Response::Unparsed(_) => {}
        }
    }

    /// `*(SP string)`
    fn strings<'s>(&mut self, strings: impl IntoIterator<Item = &'s String>) {
        for text in strings {
            self.raw(b" ");
            self.string(text.as_bytes());
        }
    }

    fn namespace(&mut self, namespace: &Namespace) {
        self.raw(b"(");
        self.mailbox(&namespace.prefix);
        self.raw(b" ");
        self.delimiter(namespace.delimiter);
        self.raw(b")");
    }

    fn mailbox_list(&mut self, list: &List) {
        put!(self, "{} ", list.kind.name());
        self.list(list.attributes.names(), |out, name| {
            out.raw(name.as_bytes());
        });
        self.raw(b" ");
        self.delimiter(list.delimiter);
        self.raw(b" ");
        self.mailbox(&list.name);
        if list.child_info.is_empty() && list.old_name.is_none() {
            return;
        }
        self.raw(b" (");
        if !list.child_info.is_empty() {
            self.raw(b"\"CHILDINFO\" ");
            self.list(&list.child_info, |out, option| {
                out.string(option.as_bytes());
            });
        }
        if let Some(name) = &list.old_name {
            if !list.child_info.is_empty() {
                self.raw(b" ");
            }
            self.raw(b"\"OLDNAME\" (");
            self.mailbox(name);
            self.raw(b")");
        }
        self.raw(b")");
    }

    fn mailbox_status(&mut self, status: &MailboxStatus) {
        self.raw(b"STATUS ");
        self.mailbox(&status.mailbox);
        let numbers = [
            ("MESSAGES", status.messages.map(u64::from)),
            ("RECENT", status.recent.map(u64::from)),
            ("UIDNEXT", status.uid_next.map(u64::from)),
            ("UIDVALIDITY", status.uid_validity.map(u64::from)),
            ("UNSEEN", status.unseen.map(u64::from)),
            ("DELETED", status.deleted.map(u64::from)),
            ("DELETED-STORAGE", status.deleted_storage),
            ("SIZE", status.size),
            ("HIGHESTMODSEQ", status.highest_mod_seq),
            ("APPENDLIMIT", status.append_limit.flatten()),
        ];
        let mut items: Vec<String> = numbers
            .into_iter()
            .filter_map(|(name, n)| Some(format!("{name} {}", n?)))
            .collect();
        if status.append_limit == Some(None) {
            items.push("APPENDLIMIT NIL".into());
        }
        put!(self, " ({}", items.join(" "));
        if let Some(id) = &status.mailbox_id {
            let space = if items.is_empty() { "" } else { " " };
            put!(self, "{space}MAILBOXID (");
            self.astring(id);
            self.raw(b")");
        }
        self.raw(b")");
    }

    fn search(&mut self, search: &Search) {
        self.raw(b"SEARCH");
        for n in search.ids.iter() {
            put!(self, " {n}");
        }
        self.search_mod_seq(search.mod_seq);
    }

    fn sort(&mut self, sort: &Sort) {
        self.raw(b"SORT");
        for n in &sort.ids {
            put!(self, " {n}");
        }
        self.search_mod_seq(sort.mod_seq);
    }

    fn search_mod_seq(&mut self, mod_seq: Option<u64>) {
        if let Some(n) = mod_seq {
            put!(self, " (MODSEQ {n})");
        }
    }

    fn esearch(&mut self, result: &Esearch) {
        self.raw(b"ESEARCH");
        if let Some(tag) = &result.tag {
            self.raw(b" (TAG ");
            self.quoted(tag.as_bytes());
            self.raw(b")");
        }
        if result.uid {
            self.raw(b" UID");
        }
        let numbers = [
            ("MIN", result.min),
            ("MAX", result.max),
            ("COUNT", result.count),
        ];
        for (name, n) in numbers {
            if let Some(n) = n {
                put!(self, " {name} {n}");
            }
        }
        if let Some(set) = &result.all {
            put!(self, " ALL {set}");
        }
        if let Some(part) = &result.partial {
            put!(self, " PARTIAL ({}:{} ", part.from, part.to);
            if part.ids.is_empty() {
                self.raw(b"NIL)");
            } else {
                put!(self, "{})", part.ids);
            }
        }
        if let Some(n) = result.mod_seq {
            put!(self, " MODSEQ {n}");
        }
    }

    fn thread(&mut self, thread: &Thread) {
        self.raw(b"(");
        for (k, n) in thread.chain.iter().enumerate() {
            if k > 0 {
                self.raw(b" ");
            }
            put!(self, "{n}");
        }
        if !thread.chain.is_empty() && !thread.branches.is_empty() {
            self.raw(b" ");
        }
        for branch in &thread.branches {
            self.thread(branch);
        }
        self.raw(b")");
    }
}
