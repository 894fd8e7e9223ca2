//! Folders: where they lie below the root, and what they are called.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind as IoKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::utf7;
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::{at_path, escape, unescape};
use crate::model::{Collection, CollectionId, CollectionPath, KindSet, Role};

/// How subfolders lie below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// The root is INBOX; `.Archive.2024` beside its `cur` is a folder in a folder, named in
    /// modified UTF-7 (Courier, Dovecot).
    #[serde(rename = "maildir++")]
    MaildirPlusPlus,
    /// Directories in directories, named in UTF-8.
    #[serde(rename = "fs")]
    Fs,
}

/// The id of the root as a folder.
const ROOT: &str = ".";
const PARTS: [&str; 3] = ["tmp", "new", "cur"];
const DEPTH_LIMIT: usize = 32;
const INBOX: &str = "INBOX";

/// Names that usually stand for a role, the most usual first.
const ROLES: [(Role, &[&str]); 5] = [
    (
        Role::Sent,
        &["Sent", "Sent Items", "Sent Messages", "Sent Mail"],
    ),
    (Role::Drafts, &["Drafts", "Draft"]),
    (Role::Trash, &["Trash", "Deleted Items", "Deleted Messages"]),
    (Role::Junk, &["Junk", "Spam", "Junk E-mail", "Junk Email"]),
    (Role::Archive, &["Archive", "Archives"]),
];

/// The layout of what is below `root`; [`Layout::Fs`] if nothing is.
pub(super) fn detect(root: &Path) -> Layout {
    let Ok(entries) = fs::read_dir(root) else {
        return Layout::Fs;
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let (mut dotted, mut plain) = (false, false);
    for name in names.filter(|name| !PARTS.contains(&name.as_str())) {
        if name.starts_with('.') {
            dotted |= is_folder(&root.join(name));
        } else {
            let path = root.join(name);
            plain |= path.is_dir() && holds_folder(&path, 0);
        }
    }
    if dotted || (!plain && is_folder(root)) {
        Layout::MaildirPlusPlus
    } else {
        Layout::Fs
    }
}

fn holds_folder(path: &Path, depth: usize) -> bool {
    is_folder(path)
        || depth < DEPTH_LIMIT
            && subdirectories(path)
                .is_ok_and(|all| all.iter().any(|p| holds_folder(&path.join(p), depth + 1)))
}

/// Whether a directory holds messages.
pub(super) fn is_folder(path: &Path) -> bool {
    path.join("cur").is_dir()
}

/// The directory of a folder. It lies below the root whatever the id says.
pub(super) fn resolve(root: &Path, c: &CollectionId) -> Result<PathBuf> {
    let id = c.as_str();
    if id == ROOT {
        return Ok(root.to_owned());
    }
    let safe = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    if !id.split('/').all(safe) {
        let why = "this names no folder of a Maildir";
        return Err(Error::new(ErrorKind::NotFound, why).in_collection(c));
    }
    Ok(root.join(id))
}

/// Every folder below the root.
pub(super) fn folders(root: &Path, layout: Layout) -> Result<Vec<Collection>> {
    let mut found = Vec::new();
    if is_folder(root) {
        let inbox = CollectionPath::new([INBOX]);
        found.push((ROOT.to_owned(), inbox));
    }
    match layout {
        Layout::MaildirPlusPlus => {
            for name in subdirectories(root)? {
                if let Some(path) = decode_dotted(&name)
                    && is_folder(&root.join(&name))
                {
                    found.push((name, path));
                }
            }
        }
        Layout::Fs => walk(root, "", &mut Vec::new(), &mut HashSet::new(), &mut found)?,
    }
    let mut paths = HashSet::new();
    let mut all = Vec::new();
    for (id, path) in found {
        // INBOX in any spelling is one.
        let key = if path.is_inbox() {
            CollectionPath::new([INBOX])
        } else {
            path.clone()
        };
        if !paths.insert(key) {
            tracing::warn!(folder = %id, "left out: another folder has the same name");
            continue;
        }
        let mut one = Collection::new(id, path, KindSet::MAIL);
        let writable = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        let cur = resolve(root, &one.id)?.join("cur");
        one.read_only = rustix::fs::access(cur, writable).is_err();
        all.push(one);
    }
    give_roles(&mut all);
    Ok(all)
}

fn walk(
    root: &Path,
    at: &str,
    path: &mut Vec<String>,
    seen: &mut HashSet<(u64, u64)>,
    found: &mut Vec<(String, CollectionPath)>,
) -> Result<()> {
    let here = root.join(at);
    let meta = match fs::metadata(&here) {
        Ok(meta) => meta,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(()),
        Err(error) => return Err(at_path(&here, error)),
    };
    // A symbolic link may lead back up.
    if !seen.insert((meta.dev(), meta.ino())) || path.len() >= DEPTH_LIMIT {
        return Ok(());
    }
    for name in subdirectories(&here)? {
        if name.starts_with('.') || PARTS.contains(&name.as_str()) {
            continue;
        }
        let id = match at {
            "" => name.clone(),
            at => format!("{at}/{name}"),
        };
        path.push(decode_plain(&name));
        if is_folder(&root.join(&id)) {
            found.push((id.clone(), CollectionPath::new(path.clone())));
        }
        walk(root, &id, path, seen, found)?;
        path.pop();
    }
    Ok(())
}

/// The names of the directories in a directory, sorted; none if it is not there.
fn subdirectories(path: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at_path(path, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| at_path(path, error))?;
        let kind = entry.file_type().map_err(|error| at_path(path, error))?;
        let linked = kind.is_symlink() && entry.path().is_dir();
        if !kind.is_dir() && !linked {
            continue;
        }
        match entry.file_name().into_string() {
            Ok(name) => names.push(name),
            Err(name) => tracing::warn!(?name, "left out: the name is not in UTF-8"),
        }
    }
    names.sort();
    Ok(names)
}

fn give_roles(all: &mut [Collection]) {
    for one in all.iter_mut().filter(|one| one.path.is_inbox()) {
        one.role = Some(Role::Inbox);
    }
    for (role, names) in ROLES {
        // Beside the INBOX or right below it.
        let place = |one: &Collection, name: &str| match one.path.segments() {
            [only] => only.eq_ignore_ascii_case(name),
            [inbox, only] => inbox.eq_ignore_ascii_case(INBOX) && only.eq_ignore_ascii_case(name),
            _ => false,
        };
        let best = names
            .iter()
            .find_map(|name| all.iter().position(|one| place(one, name)));
        if let Some(one) = best.and_then(|i| all.get_mut(i)) {
            one.role = Some(role);
        }
    }
}

/// The id that a new folder gets.
pub(super) fn id_of(root: &Path, layout: Layout, path: &CollectionPath) -> Result<CollectionId> {
    let segments = path.segments();
    let sayable = !segments.is_empty() && segments.iter().all(|s| !s.is_empty());
    if !sayable || segments.len() > DEPTH_LIMIT {
        let why = format!("{path:?} cannot be the name of a folder");
        return Err(Error::new(ErrorKind::Refused, why));
    }
    Ok(match layout {
        Layout::MaildirPlusPlus if path.is_inbox() => ROOT.into(),
        Layout::Fs if path.is_inbox() && is_folder(root) => ROOT.into(),
        Layout::MaildirPlusPlus => {
            let parts = segments.iter().map(|s| encode_dotted(s));
            parts
                .fold(String::new(), |id, part| id + "." + &part)
                .into()
        }
        Layout::Fs => {
            let parts: Vec<String> = segments.iter().map(|s| encode_plain(s)).collect();
            parts.join("/").into()
        }
    })
}

/// Makes the directories of a folder that are missing.
pub(super) fn create(root: &Path, c: &CollectionId, layout: Layout, fsync: bool) -> Result<()> {
    let path = resolve(root, c)?;
    let make = |path: &Path| {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(path);
        made.map_err(|error| at_path(path, error))
    };
    make(&path)?;
    // The last one makes it a folder.
    PARTS
        .into_iter()
        .try_for_each(|part| make(&path.join(part)))?;
    if layout == Layout::MaildirPlusPlus && c.as_str() != ROOT {
        let mark = path.join("maildirfolder");
        let mut new = OpenOptions::new();
        let made = new.create(true).append(true).mode(0o600).open(&mark);
        made.map_err(|error| at_path(&mark, error))?;
    }
    if fsync {
        let up = path.ancestors().skip(1);
        let up = up.take_while(|above| above.starts_with(root));
        for path in std::iter::once(path.as_path()).chain(up) {
            let synced = File::open(path).and_then(|dir| dir.sync_all());
            synced.map_err(|error| at_path(path, error))?;
        }
    }
    Ok(())
}

/// One segment of `.A.B`: `/`, `.` and `\` as `\` and two hex digits, then modified UTF-7.
fn encode_dotted(segment: &str) -> String {
    utf7::encode(&escape(segment, |c, _| matches!(c, '/' | '.' | '\\')))
}

fn decode_dotted(name: &str) -> Option<CollectionPath> {
    let name = name.strip_prefix('.').filter(|rest| !rest.is_empty())?;
    let segments: Vec<&str> = name.split('.').collect();
    if segments.iter().any(|s| s.is_empty()) {
        return None;
    }
    Some(CollectionPath::new(segments.into_iter().map(|s| {
        // What nobody encoded so is taken by its letters.
        let decoded = utf7::decode(s).map(|s| unescape(&s));
        decoded
            .filter(|decoded| encode_dotted(decoded) == s)
            .unwrap_or_else(|| s.to_owned())
    })))
}

/// One directory name: what would hide it, lead elsewhere or be taken for a part of a folder is
/// escaped as `\` and two hex digits.
fn encode_plain(segment: &str) -> String {
    let part = PARTS.contains(&segment);
    escape(segment, |c, i| {
        matches!(c, '/' | '\\') || c.is_ascii_control() || i == 0 && (c == '.' || part)
    })
}

fn decode_plain(name: &str) -> String {
    let decoded = unescape(name);
    if encode_plain(&decoded) == name {
        decoded
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> CollectionPath {
        CollectionPath::parse(text)
    }

    fn made(layout: Layout, paths: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for text in paths {
            let id = id_of(dir.path(), layout, &path(text)).unwrap();
            create(dir.path(), &id, layout, true).unwrap();
        }
        dir
    }

    fn listed(dir: &tempfile::TempDir, layout: Layout) -> Vec<String> {
        let all = folders(dir.path(), layout).unwrap();
        all.iter().map(|c| c.path.to_string()).collect()
    }

    #[test]
    fn the_layout_is_what_is_there() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(detect(empty.path()), Layout::Fs);
        assert_eq!(detect(&empty.path().join("missing")), Layout::Fs);
        let fs = [&["INBOX", "a"][..], &["a/b"], &["INBOX/b"]];
        for paths in fs {
            assert_eq!(detect(made(Layout::Fs, paths).path()), Layout::Fs);
        }
        let dotted = [&["INBOX"][..], &["INBOX", "a"], &["a/b"]];
        for paths in dotted {
            let dir = made(Layout::MaildirPlusPlus, paths);
            assert_eq!(detect(dir.path()), Layout::MaildirPlusPlus);
        }
        let inbox_and_plain = made(Layout::Fs, &["a"]);
        create(inbox_and_plain.path(), &ROOT.into(), Layout::Fs, false).unwrap();
        assert_eq!(detect(inbox_and_plain.path()), Layout::Fs);
        assert_eq!(listed(&inbox_and_plain, Layout::Fs), ["INBOX", "a"]);
    }

    #[test]
    fn folders_are_where_other_programs_look() {
        let all = ["INBOX", "Archiv/2024", "Entwürfe", "a.b"];
        let dir = made(Layout::MaildirPlusPlus, &all);
        for name in [
            "cur",
            ".Archiv.2024/cur",
            ".Entw&APw-rfe/new",
            ".a\\2eb/tmp",
        ] {
            assert!(dir.path().join(name).is_dir(), "{name}");
        }
        assert!(dir.path().join(".Archiv.2024/maildirfolder").is_file());
        let dir = made(Layout::Fs, &all);
        for name in ["INBOX/cur", "Archiv/2024/cur", "Entwürfe/new", "a.b/tmp"] {
            assert!(dir.path().join(name).is_dir(), "{name}");
        }
    }

    #[test]
    fn names_of_other_programs_are_taken_by_their_letters() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".a&b", ".c\\20d", ".x..y", ".INBOX"] {
            fs::create_dir_all(dir.path().join(name).join("cur")).unwrap();
        }
        fs::create_dir_all(dir.path().join("cur")).unwrap();
        let names = listed(&dir, Layout::MaildirPlusPlus);
        assert_eq!(names, ["INBOX", "a&b", "c\\20d"]);
    }

    #[test]
    fn usual_names_have_roles_once() {
        let dir = made(
            Layout::Fs,
            &["INBOX", "spam", "Junk", "INBOX/Sent Items", "x/Trash"],
        );
        let all = folders(dir.path(), Layout::Fs).unwrap();
        let role = |name: &str| {
            let found = all.iter().find(|c| c.path == path(name));
            found.unwrap().role
        };
        assert_eq!(role("INBOX"), Some(Role::Inbox));
        assert_eq!(role("Junk"), Some(Role::Junk));
        assert_eq!(role("spam"), None);
        assert_eq!(role("INBOX/Sent Items"), Some(Role::Sent));
        assert_eq!(role("x/Trash"), None);
    }

    #[test]
    fn ids_do_not_lead_out_of_the_root() {
        let root = Path::new("/srv/mail");
        for id in [
            "",
            "..",
            "../x",
            "a/../../x",
            "/etc",
            "a//b",
            "./a",
            "a/./b",
            "a\0",
        ] {
            assert!(resolve(root, &id.into()).is_err(), "{id:?}");
        }
        assert_eq!(resolve(root, &".".into()).unwrap(), root);
        assert_eq!(resolve(root, &".a.b".into()).unwrap(), root.join(".a.b"));
    }

    #[test]
    fn a_loop_of_links_ends() {
        let dir = made(Layout::Fs, &["a/b"]);
        std::os::unix::fs::symlink("..", dir.path().join("a/up")).unwrap();
        assert_eq!(listed(&dir, Layout::Fs), ["a/b"]);
    }

    #[test]
    fn a_missing_root_has_no_folders() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("missing");
        for layout in [Layout::Fs, Layout::MaildirPlusPlus] {
            assert_eq!(folders(&root, layout).unwrap(), []);
        }
    }

    fn segment() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-c./\\\\0-9&~ -]{1,8}",
            Just("..".to_owned()),
            Just("cur".to_owned()),
            Just("\\63ur".to_owned()),
        ]
        .prop_filter("empty names are refused", |s| !s.is_empty())
    }

    proptest! {
        #[test]
        fn any_name_comes_back_and_stays_below_the_root(
            segments in prop::collection::vec(segment(), 1..4)
        ) {
            let root = Path::new("/srv/mail");
            let path = CollectionPath::new(segments.clone());
            prop_assume!(!path.is_inbox());
            let id = id_of(root, Layout::MaildirPlusPlus, &path).unwrap();
            prop_assert_eq!(id.as_str().contains('/'), false);
            prop_assert_eq!(decode_dotted(id.as_str()), Some(path.clone()));
            prop_assert!(resolve(root, &id).unwrap().starts_with(root));
            let id = id_of(root, Layout::Fs, &path).unwrap();
            let names: Vec<&str> = id.as_str().split('/').collect();
            prop_assert!(names.iter().all(|name| !PARTS.contains(name)));
            prop_assert!(names.iter().all(|name| !name.starts_with('.')));
            let back: Vec<String> = names.into_iter().map(decode_plain).collect();
            prop_assert_eq!(back, segments);
            prop_assert!(resolve(root, &id).unwrap().starts_with(root));
        }
    }
}
