//! A place that holds calendars and address books, as their owner works on them behind the
//! program's back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use testbed::Proxy;

use super::items::{Contents, essence, uid};

/// Calendars or address books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Calendars,
    Contacts,
}

impl Service {
    pub(crate) const BOTH: [Self; 2] = [Self::Calendars, Self::Contacts];

    /// Of the files of its items.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Calendars => "ics",
            Self::Contacts => "vcf",
        }
    }
}

/// All of it panics when something goes wrong. Every place has one calendar and one address book
/// that take part.
pub(crate) trait Place {
    /// The lines of its `[source.NAME]`.
    fn config(&self, service: Service) -> String;

    /// The name of the collection that takes part.
    fn collection(&self, service: Service) -> String;

    /// The items, by what the place calls them.
    fn items(&self, service: Service) -> BTreeMap<String, String>;

    /// Writes an item, new or not.
    fn put(&self, service: Service, key: &str, content: &str);

    fn remove(&self, service: Service, key: &str);

    /// Changes with everything that is written: a revision an item.
    fn revisions(&self, service: Service) -> BTreeMap<String, String>;

    /// The UIDs of items of which it makes something else.
    fn bends(&self) -> &'static [&'static str] {
        &[]
    }

    /// Has a server forget what it told the program, so that it has to begin anew.
    fn forget(&self) {
        unimplemented!("this place remembers nothing")
    }

    /// What stands between it and the program.
    fn proxy(&self) -> Option<&Proxy> {
        None
    }

    /// What the items say, by UID. No two have one.
    fn contents(&self, service: Service) -> Contents {
        let mut contents = Contents::new();
        for (key, content) in self.items(service) {
            let twin = contents.insert(uid(&content), essence(&content));
            assert!(twin.is_none(), "{key} has the UID of another: {content}");
        }
        contents
    }

    /// Adds a new item.
    fn add(&self, service: Service, content: &str) {
        let stem: String = uid(content)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        self.put(service, &format!("{stem}.{}", service.extension()), content);
    }

    /// The item of this UID: what the place calls it, and what it is.
    #[track_caller]
    fn find(&self, service: Service, wanted: &str) -> (String, String) {
        let mut items = self.items(service).into_iter();
        let found = items.find(|(_, content)| uid(content) == wanted);
        found.unwrap_or_else(|| panic!("there is no {wanted}"))
    }

    /// Changes the item of this UID.
    #[track_caller]
    fn edit(&self, service: Service, uid: &str, change: &dyn Fn(&str) -> String) {
        let (key, content) = self.find(service, uid);
        self.put(service, &key, &change(&content));
    }
}

/// Two vdirs: one of calendars, one of address books.
pub(crate) struct Vdir {
    root: PathBuf,
    names: [String; 2],
}

impl Vdir {
    /// Below this directory, with one folder each.
    pub(crate) fn new(root: PathBuf, calendar: &str, book: &str) -> Self {
        let new = Self {
            root,
            names: [calendar.to_owned(), book.to_owned()],
        };
        for service in Service::BOTH {
            fs::create_dir_all(new.folder(service)).unwrap();
        }
        new
    }

    pub(crate) fn folder(&self, service: Service) -> PathBuf {
        self.home(service).join(self.collection(service))
    }

    fn home(&self, service: Service) -> PathBuf {
        self.root.join(service.extension())
    }
}

impl Place for Vdir {
    fn config(&self, service: Service) -> String {
        format!("type = \"vdir\"\npath = {:?}\n", self.home(service))
    }

    fn collection(&self, service: Service) -> String {
        self.names[service as usize].clone()
    }

    fn items(&self, service: Service) -> BTreeMap<String, String> {
        let files = self.revisions(service).into_keys();
        files
            .map(|name| {
                let content = fs::read_to_string(self.folder(service).join(&name)).unwrap();
                (name, content)
            })
            .collect()
    }

    fn put(&self, service: Service, key: &str, content: &str) {
        // As other programs do it.
        let folder = self.folder(service);
        fs::write(folder.join("new.tmp"), content).unwrap();
        fs::rename(folder.join("new.tmp"), folder.join(key)).unwrap();
    }

    fn remove(&self, service: Service, key: &str) {
        fs::remove_file(self.folder(service).join(key)).unwrap();
    }

    fn revisions(&self, service: Service) -> BTreeMap<String, String> {
        let files = fs::read_dir(self.folder(service)).unwrap();
        let files = files.map(Result::unwrap).filter_map(|file| {
            let name = file.file_name().into_string().unwrap();
            let meta = file.metadata().unwrap();
            let own = name.ends_with(service.extension()) && !name.starts_with('.');
            own.then(|| (name, format!("{} {}", meta.ino(), meta.mtime_nsec())))
        });
        files.collect()
    }
}
