use rusqlite::Connection;

/// `PRAGMA application_id`: tells our files from other SQLite databases ("SYNC").
pub(super) const APPLICATION_ID: i64 = 0x5359_4E43;

/// One step a version; `PRAGMA user_version` counts those that were taken.
const MIGRATIONS: [&str; 2] = [V1, V2];

/// The version that this code writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

const V1: &str = "
CREATE TABLE syncs (
    name TEXT PRIMARY KEY, left_account TEXT NOT NULL, right_account TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE pairs (
    id INTEGER PRIMARY KEY, sync TEXT NOT NULL, kinds INTEGER NOT NULL,
    left_id TEXT NOT NULL, left_path TEXT NOT NULL, left_cursor TEXT,
    right_id TEXT NOT NULL, right_path TEXT NOT NULL, right_cursor TEXT,
    UNIQUE (sync, left_id, right_id)
);
CREATE TABLE links (
    id INTEGER PRIMARY KEY, pair INTEGER NOT NULL, kind TEXT NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0,
    left_id TEXT, left_revision TEXT, left_flags TEXT NOT NULL, left_digest BLOB, left_name TEXT,
    left_object TEXT, left_state INTEGER NOT NULL DEFAULT 0,
    right_id TEXT, right_revision TEXT, right_flags TEXT NOT NULL, right_digest BLOB,
    right_name TEXT, right_object TEXT, right_state INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX links_left ON links (pair, left_id);
CREATE INDEX links_right ON links (pair, right_id);
CREATE INDEX links_provisional ON links (pair) WHERE left_state & 1 OR right_state & 1;
CREATE TABLE bases (
    link INTEGER NOT NULL, side INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (link, side)
) WITHOUT ROWID;
CREATE TABLE observed (
    id INTEGER PRIMARY KEY AUTOINCREMENT, pair INTEGER NOT NULL, side INTEGER NOT NULL,
    item TEXT NOT NULL, link INTEGER, kind TEXT NOT NULL, presence INTEGER NOT NULL,
    revision TEXT, flags TEXT NOT NULL, date INTEGER, zone INTEGER, size INTEGER,
    digest BLOB, message_id TEXT, uid TEXT, object TEXT, body BLOB, base_flags TEXT, refused TEXT,
    UNIQUE (pair, side, item)
);
CREATE INDEX observed_link ON observed (link) WHERE link IS NOT NULL;
CREATE INDEX observed_digest ON observed (digest) WHERE link IS NULL;
CREATE TABLE intents (
    key INTEGER PRIMARY KEY AUTOINCREMENT, pair INTEGER NOT NULL, side INTEGER NOT NULL,
    action TEXT NOT NULL, observed INTEGER, link INTEGER, flags TEXT NOT NULL,
    content BLOB
);
CREATE INDEX intents_subject ON intents (pair, side);
CREATE INDEX intents_observed ON intents (observed) WHERE observed IS NOT NULL;
CREATE INDEX intents_link ON intents (link) WHERE link IS NOT NULL;
CREATE TABLE waiting (
    link INTEGER PRIMARY KEY, pair INTEGER NOT NULL, properties TEXT NOT NULL, decision TEXT
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sync TEXT NOT NULL, began INTEGER NOT NULL,
    ended INTEGER, report TEXT
);
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, at INTEGER NOT NULL,
    pair INTEGER NOT NULL, side INTEGER NOT NULL, collection TEXT NOT NULL, item TEXT NOT NULL,
    kind TEXT NOT NULL, action TEXT NOT NULL, flags TEXT NOT NULL, date INTEGER, zone INTEGER,
    title TEXT, size INTEGER NOT NULL DEFAULT 0, undone INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX history_run ON history (run);
CREATE TABLE history_content (
    entry INTEGER NOT NULL, part INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (entry, part)
) WITHOUT ROWID;
";

/// When items were first seen; what was known before counts as seen at the migration. And less to
/// keep in order for what is copied: intents are few, and most items need no digest.
const V2: &str = "
ALTER TABLE links ADD COLUMN left_seen INTEGER;
ALTER TABLE links ADD COLUMN right_seen INTEGER;
ALTER TABLE observed ADD COLUMN seen INTEGER;
UPDATE links SET left_seen = unixepoch(), right_seen = unixepoch();
UPDATE observed SET seen = unixepoch();
DROP INDEX intents_subject;
DROP INDEX observed_digest;
CREATE INDEX observed_digest ON observed (digest) WHERE link IS NULL AND digest IS NOT NULL;
";

/// Brings a database to [`VERSION`], in one transaction.
pub(super) fn migrate(db: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let tx = db.transaction()?;
    let done = usize::try_from(from).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.commit()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rusqlite::Connection;

    use super::{APPLICATION_ID, V1};
    use crate::model::Side;
    use crate::state::{Links as _, Observations as _, SqliteState};

    #[test]
    fn what_the_first_version_knew_counts_as_first_seen_at_the_migration() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(V1).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        old.execute_batch(
            "INSERT INTO links (id, pair, kind, left_id, left_flags, right_id, right_flags)
             VALUES (7, 1, 'message', 'l', '\\Seen', 'r', '');
             INSERT INTO observed (pair, side, item, kind, presence, flags)
             VALUES (1, 0, 'new', 'message', 0, '');",
        )
        .unwrap();
        let now: i64 = old
            .query_row("SELECT unixepoch()", [], |r| r.get(0))
            .unwrap();
        drop(old);
        assert!(SqliteState::open_read_only(&path).is_err());

        let mut state = SqliteState::open(&path).unwrap();
        let link = state.link(7).unwrap().unwrap();
        assert_eq!(link.sides.left.id.as_ref().unwrap().as_str(), "l");
        assert_eq!(link.sides.left.flags.to_string(), "\\Seen");
        let new = state
            .observed(1, Side::Left, &"new".into())
            .unwrap()
            .unwrap();
        for seen in [
            link.sides.left.first_seen,
            link.sides.right.first_seen,
            new.first_seen,
        ] {
            assert!((now..now + 3600).contains(&seen.unwrap()), "{seen:?}");
        }
        drop(state);
        SqliteState::open_read_only(&path).unwrap();
    }
}
