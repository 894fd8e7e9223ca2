//! Mailbox names and paths.

use sync_core::model::{CollectionPath, Role};

use crate::wire::response::{MailboxAttributes, Namespaces, SpecialUse};
use crate::wire::{MailboxName, NameEncoding};

/// Stands between levels where the server has no hierarchy (its delimiter is NIL).
const FLAT: char = '/';

/// What some servers refuse in a name, each for its own store.
const REFUSED: &str = "./\\*%~#^:\"<>|?!";

/// How a path is spelled as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is, but for what no name can hold.
    Plain,
    /// Without anything that a server may refuse.
    Safe,
}

/// How an account spells its mailbox names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// What stands before the user's own mailboxes, such as `INBOX.`; most often nothing.
    prefix: String,
    delimiter: char,
    encoding: NameEncoding,
    /// What stands before mailboxes of others.
    foreign: Vec<String>,
}

impl Layout {
    /// From the answers to NAMESPACE (RFC 2342), if there was one, and to `LIST "" ""` or any LIST.
    pub(super) fn new(
        namespaces: Option<&Namespaces>,
        delimiter: Option<char>,
        encoding: NameEncoding,
    ) -> Self {
        let own = namespaces.and_then(|n| n.personal.first());
        let text = |name: &MailboxName| name.to_text_lossy(encoding).into_owned();
        let prefix = own.map(|own| text(&own.prefix)).unwrap_or_default();
        let foreign = namespaces
            .iter()
            .flat_map(|n| n.other_users.iter().chain(&n.shared))
            .map(|namespace| text(&namespace.prefix))
            .filter(|other| !other.is_empty() && *other != prefix)
            .collect();
        Self {
            prefix,
            delimiter: own
                .and_then(|own| own.delimiter)
                .or(delimiter)
                .unwrap_or(FLAT),
            encoding,
            foreign,
        }
    }

    /// Whether a mailbox is another user's or shared.
    pub(super) fn is_foreign(&self, name: &MailboxName) -> bool {
        let text = name.to_text_lossy(self.encoding);
        self.foreign.iter().any(|prefix| {
            text.starts_with(prefix.as_str()) || prefix.strip_suffix(self.delimiter) == Some(&*text)
        })
    }

    /// Where a mailbox stands.
    pub(super) fn path(&self, name: &MailboxName) -> CollectionPath {
        if name.is_inbox() {
            return CollectionPath::new(["INBOX"]);
        }
        let text = name.to_text_lossy(self.encoding);
        let own = text
            .split_at_checked(self.prefix.len())
            .filter(|(head, _)| self.is_prefix(head))
            .map(|(_, rest)| rest)
            // A mailbox INBOX below the prefix is not the INBOX.
            .filter(|rest| !rest.is_empty() && !rest.eq_ignore_ascii_case("INBOX"));
        let segments = own.unwrap_or(&text).split(self.delimiter);
        CollectionPath::new(segments.map(|segment| self.unescape(segment)))
    }

    /// The mailbox that stands there, or would; `None` if a level has no name.
    pub(super) fn name(&self, path: &CollectionPath, spelling: Spelling) -> Option<MailboxName> {
        if path.is_inbox() {
            return Some(MailboxName::inbox());
        }
        let mut text = self.prefix.clone();
        for (i, segment) in path.segments().iter().enumerate() {
            if segment.is_empty() {
                return None;
            }
            if i > 0 {
                text.push(self.delimiter);
            }
            text.push_str(&self.escape(segment, spelling));
        }
        (!path.segments().is_empty()).then(|| MailboxName::from_text(&text, self.encoding))
    }

    fn is_prefix(&self, head: &str) -> bool {
        let folds = self
            .prefix
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("INBOX"));
        head == self.prefix || (folds && head.eq_ignore_ascii_case(&self.prefix))
    }

    /// Whether no name can hold it within a level.
    fn is_special(&self, c: char) -> bool {
        c == self.delimiter || c.is_control()
    }

    fn is_spelled(&self, c: char) -> bool {
        self.is_special(c) || REFUSED.contains(c)
    }

    /// Spells what a name cannot hold as `=` and two hex digits. Where a name holds such text
    /// itself, `3D` is put behind its `=`: every path comes back from its name.
    fn escape(&self, segment: &str, spelling: Spelling) -> String {
        let mut out = String::with_capacity(segment.len());
        for (at, c) in segment.char_indices() {
            match u8::try_from(c) {
                Ok(byte)
                    if self.is_special(c) || (spelling == Spelling::Safe && self.is_spelled(c)) =>
                {
                    out.push_str(&format!("={byte:02X}"));
                }
                _ => out.push(c),
            }
            if segment
                .get(at..)
                .is_some_and(|rest| self.escaped(rest).is_some())
            {
                out.push_str("3D");
            }
        }
        out
    }

    /// What `=XX` at the beginning of `text` stands for: a character that a name cannot hold, or,
    /// with `3D` between `=` and such digits, `=` itself.
    fn escaped(&self, text: &str) -> Option<char> {
        let digits = text.strip_prefix('=')?;
        let code = digits.trim_start_matches("3D");
        let first = code.get(..2)?;
        let upper = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
        if !first.bytes().all(upper) {
            return None;
        }
        let c = char::from(u8::from_str_radix(first, 16).ok()?);
        let meant = if code.len() == digits.len() { c } else { '=' };
        self.is_spelled(c).then_some(meant)
    }

    /// The inverse of [`escape`](Self::escape).
    fn unescape(&self, segment: &str) -> String {
        let mut out = String::with_capacity(segment.len());
        let mut rest = segment;
        while let Some(c) = rest.chars().next() {
            let (c, len) = match self.escaped(rest) {
                Some(c) => (c, 3),
                None => (c, c.len_utf8()),
            };
            out.push(c);
            rest = rest.get(len..).unwrap_or_default();
        }
        out
    }
}

/// What SPECIAL-USE (RFC 6154, RFC 8457) says that a mailbox is for.
pub(super) fn role_of(attributes: &MailboxAttributes) -> Option<Role> {
    let uses: Vec<SpecialUse> = attributes.special_uses().collect();
    let is_view = |special: &SpecialUse| {
        matches!(
            special,
            SpecialUse::All | SpecialUse::Flagged | SpecialUse::Important
        )
    };
    if uses.iter().any(is_view) {
        return Some(Role::View);
    }
    uses.iter().find_map(|special| match special {
        SpecialUse::Archive => Some(Role::Archive),
        SpecialUse::Drafts => Some(Role::Drafts),
        SpecialUse::Junk => Some(Role::Junk),
        SpecialUse::Sent => Some(Role::Sent),
        SpecialUse::Trash => Some(Role::Trash),
        _ => None,
    })
}

/// What a mailbox of this path is for by custom, where the server has no SPECIAL-USE.
pub(super) fn role_by_name(path: &CollectionPath) -> Option<Role> {
    let [name] = path.segments() else {
        return None;
    };
    NAMES
        .iter()
        .find(|(names, _)| names.iter().any(|n| n.eq_ignore_ascii_case(name)))
        .map(|(_, role)| *role)
}

const NAMES: [(&[&str], Role); 5] = [
    (&["Drafts", "Draft"], Role::Drafts),
    (
        &["Sent", "Sent Items", "Sent Messages", "Sent Mail"],
        Role::Sent,
    ),
    (
        &["Trash", "Deleted Items", "Deleted Messages", "Deleted"],
        Role::Trash,
    ),
    (
        &["Junk", "Spam", "Junk E-mail", "Junk Email", "Bulk Mail"],
        Role::Junk,
    ),
    (&["Archive", "Archives"], Role::Archive),
];

/// The attribute that CREATE takes for a role.
pub(super) fn special_use(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Archive => "\\Archive",
        Role::Drafts => "\\Drafts",
        Role::Junk => "\\Junk",
        Role::Sent => "\\Sent",
        Role::Trash => "\\Trash",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::wire::response::Namespace;

    fn layout(prefix: &str, delimiter: Option<char>) -> Layout {
        let namespaces = Namespaces {
            personal: vec![Namespace {
                prefix: MailboxName::from_wire(prefix),
                delimiter,
            }],
            ..Namespaces::default()
        };
        Layout::new(Some(&namespaces), delimiter, NameEncoding::Utf7)
    }

    fn path(layout: &Layout, name: &str) -> Vec<String> {
        layout
            .path(&MailboxName::from_wire(name))
            .segments()
            .to_vec()
    }

    fn name(layout: &Layout, segments: &[&str]) -> String {
        let path = CollectionPath::new(segments.iter().copied());
        let name = layout.name(&path, Spelling::Plain);
        String::from_utf8(name.unwrap().as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_prefix_of_courier_is_taken_away_and_put_back() {
        let courier = layout("INBOX.", Some('.'));
        for (wire, segments) in [
            ("INBOX", &["INBOX"][..]),
            ("INBOX.Archive", &["Archive"]),
            ("INBOX.Archive.2024", &["Archive", "2024"]),
            ("INBOX.a=2Eb", &["a.b"]),
        ] {
            assert_eq!(path(&courier, wire), segments);
            assert_eq!(name(&courier, segments), wire);
        }
        assert_eq!(path(&courier, "Inbox.Archive"), ["Archive"]);
        // Not the INBOX.
        assert_eq!(path(&courier, "INBOX.INBOX"), ["INBOX", "INBOX"]);
        assert_eq!(path(&courier, "INBOX."), ["INBOX", ""]);
    }

    #[test]
    fn without_a_prefix_inbox_may_have_children() {
        let dovecot = layout("", Some('/'));
        assert_eq!(path(&dovecot, "INBOX/Sub"), ["INBOX", "Sub"]);
        assert_eq!(name(&dovecot, &["INBOX", "Sub"]), "INBOX/Sub");
        assert_eq!(name(&dovecot, &["inbox"]), "INBOX");
    }

    #[test]
    fn names_are_text_on_this_side_of_the_wire() {
        let layout = layout("", Some('/'));
        for (wire, segment) in [
            ("Entw&APw-rfe", "Entwürfe"),
            ("R&-D", "R&D"),
            ("&ZeVnLIqe-", "日本語"),
            ("100% off", "100% off"),
        ] {
            assert_eq!(path(&layout, wire), [segment]);
            assert_eq!(name(&layout, &[segment]), wire);
        }
        // Malformed: shown as it is, addressed by its id.
        assert_eq!(path(&layout, "R&D"), ["R&D"]);
    }

    #[test]
    fn any_segment_comes_back_from_its_name() {
        for layout in [
            layout("", Some('/')),
            layout("INBOX.", Some('.')),
            layout("", Some('\\')),
            layout("", None),
        ] {
            for segment in [
                "a/b", "a.b", "a\\b", "=", "==", "=2F", "=2E", "=5C", "=3D", "=3D2F", "=2f", "x=",
                "=2", "a\u{7}b", "=07", "é=2F", "INBOX=",
            ] {
                let wire = name(&layout, &[segment, "x"]);
                assert_eq!(path(&layout, &wire), [segment, "x"], "{wire}");
            }
        }
    }

    #[test]
    fn what_a_server_refuses_can_be_spelled_otherwise() {
        let layout = layout("", Some('/'));
        for (segment, wire) in [
            ("a.b", "a=2Eb"),
            ("..", "=2E=2E"),
            ("100%", "100=25"),
            ("=2E", "=3D2E"),
            ("plain & simple", "plain &- simple"),
        ] {
            let path = CollectionPath::new([segment]);
            let name = layout.name(&path, Spelling::Safe).unwrap();
            assert_eq!(name.as_bytes(), wire.as_bytes());
            assert_eq!(layout.path(&name), path);
        }
    }

    #[test]
    fn two_mailboxes_never_have_one_path() {
        let layout = layout("", Some('/'));
        let names = [
            "=2F", "=3D2F", "=3D3D2F", "=3D", "=", "=3D3D", "a=3Db", "a=b", "a=3D2Fb", "=2f",
        ];
        for (i, a) in names.iter().enumerate() {
            assert_eq!(name(&layout, &[&*path(&layout, a).concat()]), *a);
            for b in names.iter().skip(i + 1) {
                assert_ne!(path(&layout, a), path(&layout, b));
            }
        }
    }

    #[test]
    fn a_level_without_a_name_cannot_be_made() {
        let layout = layout("", Some('/'));
        for segments in [&["a", "", "b"][..], &[""], &[]] {
            let path = CollectionPath::new(segments.iter().copied());
            assert_eq!(layout.name(&path, Spelling::Plain), None);
        }
    }

    #[test]
    fn mailboxes_of_others_are_told_apart() {
        let namespaces = Namespaces {
            other_users: vec![Namespace {
                prefix: MailboxName::from_wire("user/"),
                delimiter: Some('/'),
            }],
            ..Namespaces::default()
        };
        let layout = Layout::new(Some(&namespaces), Some('/'), NameEncoding::Utf7);
        let foreign = |name: &str| layout.is_foreign(&MailboxName::from_wire(name));
        assert!(foreign("user/bob") && foreign("user"));
        assert!(!foreign("users") && !foreign("INBOX"));
    }

    #[test]
    fn roles_come_in_any_case_and_a_view_is_nothing_else() {
        let role = |names: &[&str]| {
            let mut attributes = MailboxAttributes::default();
            names.iter().for_each(|name| attributes.insert(name));
            role_of(&attributes)
        };
        assert_eq!(role(&["\\hasnochildren", "\\drafts"]), Some(Role::Drafts));
        assert_eq!(role(&["\\JUNK"]), Some(Role::Junk));
        assert_eq!(role(&["\\All", "\\Archive"]), Some(Role::View));
        assert_eq!(role(&["\\Important"]), Some(Role::View));
        assert_eq!(role(&["\\Noinferiors"]), None);
        let by_name = |text| role_by_name(&CollectionPath::parse(text));
        assert_eq!(by_name("sent items"), Some(Role::Sent));
        assert_eq!(by_name("Work/Sent"), None);
    }
}
