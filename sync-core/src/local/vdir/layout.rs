//! Collections: folders below the root, and the small files that say what people see of them.

use std::fs::{self, DirBuilder};
use std::io::{ErrorKind as IoKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::content::kinds_of_name;
use super::file::sync_folder;
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::{at_path, escape, unescape};
use crate::model::{Collection, CollectionId, CollectionPath, CollectionProperties, KindSet};

/// Stands between the segments of a path; a backslash in a segment is always escaped.
const SEPARATOR: &str = " \\ ";
/// Bytes of a file that holds a property.
const PROPERTY_LIMIT: u64 = 4096;

/// Everything that a vdir may hold.
pub(super) const KINDS: KindSet = KindSet::CALENDAR.with(crate::model::ItemKind::Contact);

/// The directory of a collection. It lies right below the root whatever the id says.
pub(super) fn resolve(root: &Path, c: &CollectionId) -> Result<PathBuf> {
    let id = c.as_str();
    if id.is_empty() || id.starts_with('.') || id.contains(['/', '\0']) {
        let why = "this names no folder of a vdir";
        return Err(Error::new(ErrorKind::NotFound, why).in_collection(c));
    }
    Ok(root.join(id))
}

/// Every collection below the root; none if that is not there.
pub(super) fn collections(root: &Path) -> Result<Vec<Collection>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at_path(root, error)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| at_path(root, error))?;
        let path = entry.path();
        if entry.file_name().as_bytes().starts_with(b".") || !path.is_dir() {
            continue;
        }
        match entry.file_name().to_str() {
            Some(name) => all.push(collection(&path, name)?),
            None => tracing::warn!(?path, "left out: the name is not in UTF-8"),
        }
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

fn collection(folder: &Path, name: &str) -> Result<Collection> {
    let mut one = Collection::new(name, decode(name), kinds(folder)?);
    let writable = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    one.read_only = rustix::fs::access(folder, writable).is_err();
    one.properties = CollectionProperties {
        display_name: property(folder, "displayname"),
        color: property(folder, "color").filter(|color| is_color(color)),
        description: property(folder, "description"),
        order: property(folder, "order").and_then(|order| order.parse().ok()),
    };
    Ok(one)
}

/// What a folder may hold: what its files' names say, everything while there is none.
pub(super) fn kinds(folder: &Path) -> Result<KindSet> {
    let mut kinds = KindSet::NONE;
    for entry in fs::read_dir(folder).map_err(|error| at_path(folder, error))? {
        let name = entry.map_err(|error| at_path(folder, error))?.file_name();
        for kind in kinds_of_name(name.as_bytes()).iter() {
            kinds = kinds.with(kind);
        }
    }
    Ok(if kinds.is_empty() { KINDS } else { kinds })
}

/// The id that a new collection gets.
pub(super) fn id_of(path: &CollectionPath) -> Result<CollectionId> {
    let segments = path.segments();
    if segments.is_empty() || segments.iter().any(String::is_empty) {
        let why = format!("{path:?} cannot be the name of a folder");
        return Err(Error::new(ErrorKind::Refused, why));
    }
    Ok(encode(path).into())
}

/// Makes the folder of a collection that is not there yet.
pub(super) fn create(
    root: &Path,
    c: &CollectionId,
    properties: &CollectionProperties,
    fsync: bool,
) -> Result<Collection> {
    let folder = resolve(root, c)?;
    if !folder.is_dir() {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| at_path(&folder, error))?;
        let color = properties.color.as_ref();
        let order = properties.order.map(|order| order.to_string());
        for (name, value) in [
            ("displayname", properties.display_name.as_ref()),
            // The convention knows no opacity.
            (
                "color",
                color
                    .filter(|color| is_color(color))
                    .and_then(|c| c.get(..7).map(str::to_owned))
                    .as_ref(),
            ),
            ("description", properties.description.as_ref()),
            ("order", order.as_ref()),
        ] {
            if let Some(value) = value {
                write_property(&folder, name, value)?;
            }
        }
        if fsync {
            sync_folder(&folder)?;
            sync_folder(root)?;
        }
    }
    collection(&folder, c.as_str())
}

fn property(folder: &Path, name: &str) -> Option<String> {
    let file = fs::File::open(folder.join(name)).ok()?;
    let mut text = String::new();
    file.take(PROPERTY_LIMIT).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn write_property(folder: &Path, name: &str, value: &str) -> Result<()> {
    let path = folder.join(name);
    let written = fs::File::create_new(&path).and_then(|mut file| {
        file.write_all(value.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| at_path(&path, error))
}

/// `#RRGGBB`, perhaps with an opacity.
fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// One folder name for a whole path, since a vdir has no folders in folders.
fn encode(path: &CollectionPath) -> String {
    let segments: Vec<String> = path.segments().iter().map(|s| encode_segment(s)).collect();
    let name = segments.join(SEPARATOR);
    match name.strip_prefix('.') {
        Some(rest) => ["\\2e", rest].concat(),
        None => name,
    }
}

fn encode_segment(segment: &str) -> String {
    escape(segment, |c, _| {
        matches!(c, '/' | '\\') || c.is_ascii_control()
    })
}

fn decode(name: &str) -> CollectionPath {
    let path = CollectionPath::new(name.split(SEPARATOR).map(unescape));
    // What nobody encoded so is taken by its letters.
    if encode(&path) == name && path.segments().iter().all(|s| !s.is_empty()) {
        path
    } else {
        CollectionPath::new([name])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(dir.path().join(name), content).unwrap();
        }
        dir
    }

    #[test]
    fn the_kinds_are_those_of_the_files() {
        for (names, expected) in [
            (&["a.ics", "color"][..], KindSet::CALENDAR),
            (&["a.vcf", ".b.ics", "c.ics~"], KindSet::CONTACTS),
            (&["a.vcf", "b.ics"], KINDS),
            (&["color", "README"], KINDS),
        ] {
            let files: Vec<_> = names.iter().map(|name| (*name, "")).collect();
            assert_eq!(kinds(folder(&files).path()).unwrap(), expected, "{names:?}");
        }
    }

    #[test]
    fn properties_are_in_small_files() {
        let dir = folder(&[
            ("displayname", "Arbeit \u{1f4c5}\n"),
            ("color", "#00ff00\n"),
            ("order", "7"),
            ("description", " \n"),
        ]);
        let one = collection(dir.path(), "x").unwrap();
        assert_eq!(
            one.properties.display_name.as_deref(),
            Some("Arbeit \u{1f4c5}")
        );
        assert_eq!(one.properties.color.as_deref(), Some("#00ff00"));
        assert_eq!(one.properties.order, Some(7));
        assert_eq!(one.properties.description, None);
        fs::write(dir.path().join("color"), "greenish").unwrap();
        assert_eq!(collection(dir.path(), "x").unwrap().properties.color, None);
        let properties = CollectionProperties {
            color: Some("#aabbccdd".into()),
            ..one.properties
        };
        create(dir.path(), &"new".into(), &properties, true).unwrap();
        let text = |name: &str| fs::read_to_string(dir.path().join("new").join(name)).unwrap();
        assert_eq!(
            (text("color"), text("order")),
            ("#aabbcc".into(), "7".into())
        );
        assert!(!dir.path().join("new/description").exists());
    }

    #[test]
    fn hidden_folders_and_files_are_no_collections() {
        let dir = folder(&[("file", "")]);
        for name in [".git", "work", "a\\zz", "b \\ "] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let paths = collections(dir.path()).unwrap();
        let paths: Vec<String> = paths.iter().map(|c| c.path.to_string()).collect();
        assert_eq!(paths, ["a\\zz", "b \\ ", "work"]);
        assert_eq!(collections(&dir.path().join("missing")).unwrap(), []);
    }

    #[test]
    fn ids_do_not_lead_out_of_the_root() {
        let root = Path::new("/srv/vdir");
        for id in ["", ".", "..", "../x", "a/b", "/etc", ".git", "a\0"] {
            assert!(resolve(root, &id.into()).is_err(), "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back(segments in prop::collection::vec(
            prop_oneof![any::<String>(), "[ a./\\\\]{1,6}"].prop_filter("empty", |s| !s.is_empty()),
            1..4,
        )) {
            let path = CollectionPath::new(segments);
            let id = id_of(&path).unwrap();
            prop_assert!(resolve(Path::new("/x"), &id).is_ok());
            prop_assert_eq!(decode(id.as_str()), path);
        }
    }
}
