//! The calendar of the demo: on a CalDAV server, and as files.

use std::path::{Path, PathBuf};

use caldav::testing::{Server, Store};

use super::world::failed;
use crate::failure::Failure;

const PASSWORD: &str = "tea-time";
/// The calendar, as the server's store calls it, and its folder.
const WORK: &str = "calendars/work";
const FOLDER: &str = "calendars/work";

const SERVICE: &str = include_str!("../../../demo/service.ics");

/// The server, and the folder of files beside the config.
pub(super) struct Calendar {
    server: Server,
    directory: PathBuf,
}

impl Calendar {
    /// Starts the server; it has one event, and a file another one.
    pub(super) fn start(directory: &Path) -> Result<Self, Failure> {
        let server = Server::builder().user("alice", PASSWORD).start()?;
        let calendar = Self {
            server,
            directory: directory.to_owned(),
        };
        let store = calendar.store();
        store.create(WORK);
        store.put(WORK, "service.ics", &SERVICE.replace('\n', "\r\n"));
        std::fs::create_dir_all(directory.join(FOLDER))?;
        let regatta = SERVICE
            .replace("lens-service", "regatta")
            .replace("Service of the lens", "Regatta");
        std::fs::write(calendar.file("regatta"), regatta.replace('\n', "\r\n"))?;
        Ok(calendar)
    }

    fn store(&self) -> Store {
        self.server.store()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(FOLDER).join(format!("{name}.ics"))
    }

    /// Its part of the config, and what that names.
    pub(super) fn config(&self) -> Result<String, Failure> {
        std::fs::write(self.directory.join("calendar-ca.pem"), self.server.ca_pem())?;
        let url = self.server.tls_url().replace("://", "://alice@");
        Ok(format!(
            "
[source.calendar]
type = \"caldav\"
url = \"{url}\"
password = \"{PASSWORD}\"
tls_ca = \"calendar-ca.pem\"

[source.files]
type = \"vdir\"
path = \"calendars\"

[sync.calendar]
left = \"calendar\"
right = \"files\"
"
        ))
    }

    /// What the server is.
    pub(super) fn describe(&self) -> String {
        format!(
            "calendar: CalDAV at {}, kept in files too",
            self.server.tls_url()
        )
    }

    /// Two people change one event, each another part of it; says so.
    pub(super) fn edit(&self) -> Result<String, Failure> {
        let store = self.store();
        let there = store.get(WORK, "service.ics").unwrap_or_default();
        let moved = there.replace("LOCATION:Lamp room", "LOCATION:Workshop");
        store.put(WORK, "service.ics", &moved);
        let path = self.file("lens-service");
        let here = std::fs::read_to_string(&path)?;
        std::fs::write(path, here.replace("T090000", "T100000"))?;
        Ok(
            "the calendar moves the service of the lens to the workshop; the file puts it off"
                .to_owned(),
        )
    }

    /// Whether both have both events, and both changes.
    pub(super) fn expect_merged(&self) -> Result<String, Failure> {
        let file = std::fs::read_to_string(self.file("lens-service"))?;
        let contents = self.store().contents(WORK);
        let whole = |text: &str| {
            ["Workshop", "T100000", "RRULE", "VALARM"]
                .iter()
                .all(|part| text.contains(part))
        };
        if contents.len() != 2 || !whole(&file) || !contents.iter().any(|text| whole(text)) {
            return Err(failed(format!(
                "the event did not merge: {file}\n{contents:?}"
            )));
        }
        Ok("service of the lens: in the workshop and an hour later, on both sides".to_owned())
    }

    /// Whether a run wrote nothing since [`begin_count`](Self::begin_count).
    pub(super) fn expect_quiet(&self) -> Result<(), Failure> {
        let seen = self.server.request_lines();
        let writes = ["PUT", "DELETE", "MKCALENDAR", "MKCOL", "PROPPATCH", "MOVE"];
        match seen
            .iter()
            .find(|line| writes.iter().any(|verb| line.starts_with(verb)))
        {
            Some(line) => Err(failed(format!("a run without changes wrote: {line}"))),
            None => Ok(()),
        }
    }

    /// Counts requests from here on.
    pub(super) fn begin_count(&self) {
        self.server.reset_stats();
    }
}
