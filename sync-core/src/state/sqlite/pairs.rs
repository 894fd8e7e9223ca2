use rusqlite::{OptionalExtension, Row, params};

use super::SqliteState;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Both, CollectionPath, Cursor, KindSet, Side};
use crate::reconcile::PairId;
use crate::state::{PairRecord, Pairs};

const PAIR: &str = "id, kinds, left_id, left_path, left_cursor, right_id, right_path, right_cursor";

fn pair(row: &Row<'_>) -> rusqlite::Result<PairRecord> {
    let text = |at| row.get::<_, String>(at);
    let cursor = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(at)?.map(Cursor::from));
    Ok(PairRecord {
        id: row.get(0)?,
        kinds: KindSet::from_bits(row.get(1)?),
        collections: Both::new(text(2)?.into(), text(5)?.into()),
        paths: Both::new(
            CollectionPath::parse(&text(3)?),
            CollectionPath::parse(&text(6)?),
        ),
        cursors: Both::new(cursor(4)?, cursor(7)?),
    })
}

impl Pairs for SqliteState {
    fn claim(&mut self, sync: &str, accounts: Both<&str>) -> Result<()> {
        let known: Option<(String, String)> = self
            .db
            .prepare_cached("SELECT left_account, right_account FROM syncs WHERE name = ?")?
            .query_row([sync], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        match known {
            Some((left, right)) if left == accounts.left && right == accounts.right => Ok(()),
            Some((left, right)) => {
                let why = format!(
                    "the state of sync {sync:?} belongs to other accounts: {left} and {right}, \
                     not {} and {}",
                    accounts.left, accounts.right
                );
                Err(Error::new(ErrorKind::State, why))
            }
            None => {
                self.db.execute(
                    "INSERT INTO syncs (name, left_account, right_account) VALUES (?, ?, ?)",
                    params![sync, accounts.left, accounts.right],
                )?;
                Ok(())
            }
        }
    }

    fn pair(&mut self, sync: &str, wanted: &PairRecord) -> Result<PairRecord> {
        let sql = format!(
            "INSERT INTO pairs (sync, kinds, left_id, left_path, right_id, right_path)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (sync, left_id, right_id) DO UPDATE SET
                kinds = excluded.kinds, left_path = excluded.left_path,
                right_path = excluded.right_path
             RETURNING {PAIR}"
        );
        let (ids, paths) = (&wanted.collections, &wanted.paths);
        Ok(self.db.prepare_cached(&sql)?.query_row(
            params![
                sync,
                wanted.kinds.bits(),
                ids.left.as_str(),
                paths.left.to_string(),
                ids.right.as_str(),
                paths.right.to_string()
            ],
            pair,
        )?)
    }

    fn pairs(&mut self, sync: &str) -> Result<Vec<PairRecord>> {
        let sql = format!("SELECT {PAIR} FROM pairs WHERE sync = ? ORDER BY id");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([sync], pair)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn set_cursor(&mut self, pair: PairId, side: Side, cursor: Option<&Cursor>) -> Result<()> {
        let sql = format!("UPDATE pairs SET {side}_cursor = ? WHERE id = ?");
        self.db
            .prepare_cached(&sql)?
            .execute(params![cursor.map(Cursor::as_str), pair])?;
        Ok(())
    }
}
