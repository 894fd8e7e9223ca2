//! A local Maildir, worked on as a mail program would. Nothing of it is shared with `sync_core`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use testbed::mail::Message;

use super::contents::Entry;
use super::store::{Held, Store};

const LETTERS: [(char, &str); 6] = [
    ('D', "\\draft"),
    ('F', "\\flagged"),
    ('P', "$forwarded"),
    ('R', "\\answered"),
    ('S', "\\seen"),
    ('T', "\\deleted"),
];

/// Directories in directories, named in UTF-8.
pub(crate) struct Maildir {
    pub(crate) root: PathBuf,
}

impl Maildir {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn walk(&self, below: &Path, found: &mut BTreeSet<String>) {
        let Ok(entries) = fs::read_dir(below) else {
            return;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if !path.is_dir() || ["cur", "new", "tmp"].contains(&name) {
                continue;
            }
            if path.join("cur").is_dir() {
                let path = path.strip_prefix(&self.root).unwrap();
                found.insert(path.to_str().unwrap().to_owned());
            }
            self.walk(&path, found);
        }
    }

    fn keywords(&self, folder: &str) -> BTreeMap<String, char> {
        let text = fs::read_to_string(self.root.join(folder).join("dovecot-keywords"));
        text.unwrap_or_default()
            .lines()
            .map(|line| {
                let (number, name) = line.split_once(' ').unwrap();
                let letter = char::from(b'a' + number.parse::<u8>().unwrap());
                (name.to_ascii_lowercase(), letter)
            })
            .collect()
    }

    /// The letters that stand for these flags; gives keywords a letter that have none.
    fn info<'a>(&self, folder: &str, flags: impl IntoIterator<Item = &'a str>) -> String {
        let mut table = self.keywords(folder);
        let known = table.len();
        let mut letters = BTreeSet::new();
        for flag in flags {
            let flag = flag.to_ascii_lowercase();
            let system = LETTERS.iter().find(|(_, name)| *name == flag);
            letters.insert(match system {
                Some((letter, _)) => *letter,
                None => {
                    let next = char::from(b'a' + u8::try_from(table.len()).unwrap());
                    *table.entry(flag).or_insert(next)
                }
            });
        }
        if table.len() > known {
            let lines: BTreeMap<_, _> = table.iter().map(|(name, letter)| (letter, name)).collect();
            let lines = lines.iter().enumerate();
            let text: String = lines
                .map(|(number, (_, name))| format!("{number} {name}\n"))
                .collect();
            fs::write(self.root.join(folder).join("dovecot-keywords"), text).unwrap();
        }
        letters.into_iter().collect()
    }
}

fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("1600000000.T{number:06}.test")
}

impl Store for Maildir {
    fn config(&self) -> String {
        format!("type = \"maildir\"\npath = {:?}\n", self.root)
    }

    fn folders(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.walk(&self.root, &mut found);
        found
    }

    fn list(&self, folder: &str) -> Vec<Held> {
        let names: BTreeMap<_, _> = self
            .keywords(folder)
            .into_iter()
            .map(|(name, letter)| (letter, name))
            .collect();
        let mut all = Vec::new();
        for part in ["new", "cur"] {
            for file in fs::read_dir(self.root.join(folder).join(part)).unwrap() {
                let path = file.unwrap().path();
                let key = path.to_str().unwrap().to_owned();
                let info = key.split_once(":2,").map_or("", |(_, info)| info);
                let flags: Vec<_> = info
                    .chars()
                    .map(|letter| {
                        let system = LETTERS.iter().find(|(known, _)| *known == letter);
                        system.map_or_else(|| names[&letter].as_str(), |(_, name)| name)
                    })
                    .collect();
                let bytes = with_crlf(&fs::read(&path).unwrap());
                let date = fs::metadata(&path).unwrap().mtime();
                let entry = Entry::new(&bytes, flags, date);
                all.push(Held { key, entry });
            }
        }
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    fn create(&self, folder: &str) {
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(self.root.join(folder).join(part)).unwrap();
        }
    }

    fn add(&self, folder: &str, messages: &[Message]) {
        for message in messages {
            let info = self.info(folder, message.flags.iter().map(String::as_str));
            let path = self.root.join(folder);
            let file = path.join("tmp").join(unique());
            fs::write(&file, with_lf(&message.bytes)).unwrap();
            let date = SystemTime::UNIX_EPOCH + Duration::from_secs(message.internal_date);
            fs::File::open(&file).unwrap().set_modified(date).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            fs::rename(&file, path.join("cur").join(format!("{name}:2,{info}"))).unwrap();
        }
    }

    fn set_flags(&self, folder: &str, held: &Held, flags: &[&str]) {
        let info = self.info(folder, flags.iter().copied());
        let old = Path::new(&held.key);
        let name = old.file_name().unwrap().to_str().unwrap();
        let base = name.split(':').next().unwrap();
        let folder = self.root.join(folder);
        fs::rename(old, folder.join("cur").join(format!("{base}:2,{info}"))).unwrap();
    }

    fn remove(&self, _: &str, held: &[Held]) {
        for held in held {
            fs::remove_file(&held.key).unwrap();
        }
    }

    fn relocate(&self, _: &str, held: &Held, to: &str) {
        let info = self.info(to, held.entry.flags.iter().map(String::as_str));
        let name = format!("{}:2,{info}", unique());
        fs::rename(&held.key, self.root.join(to).join("cur").join(name)).unwrap();
    }

    fn void_ids(&self, folder: &str) {
        for held in self.list(folder) {
            self.relocate(folder, &held, folder);
        }
    }

    fn vanish(&self) {
        fs::remove_dir_all(&self.root).unwrap();
    }

    fn fingerprint(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        let mut waiting = vec![self.root.clone()];
        while let Some(path) = waiting.pop() {
            let Ok(meta) = fs::metadata(&path) else {
                continue;
            };
            let (time, nanos) = (meta.mtime(), meta.mtime_nsec());
            let (inode, size) = (meta.ino(), meta.size());
            lines.insert(format!("{path:?} {inode} {size} {time}.{nanos}"));
            if meta.is_dir() {
                let entries = fs::read_dir(&path).unwrap();
                waiting.extend(entries.map(|entry| entry.unwrap().path()));
            }
        }
        lines
    }
}

fn with_lf(message: &[u8]) -> Vec<u8> {
    let mut bytes = message.to_vec();
    let mut at = 0;
    bytes.retain(|byte| {
        at += 1;
        !(*byte == b'\r' && message.get(at) == Some(&b'\n'))
    });
    bytes
}

fn with_crlf(file: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(file.len() + file.len() / 32);
    for byte in file {
        if *byte == b'\n' && bytes.last() != Some(&b'\r') {
            bytes.push(b'\r');
        }
        bytes.push(*byte);
    }
    bytes
}
