use bytes::Bytes;
use rusqlite::{OptionalExtension, Row, params};

use super::SqliteState;
use super::row;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Flags;
use crate::reconcile::{LinkId, PairId};
use crate::state::{Intent, IntentAction, Journal, Resolution, Waiting};

fn action(word: &str) -> IntentAction {
    match word {
        "create" => IntentAction::Create,
        "delete" => IntentAction::Delete,
        "move" => IntentAction::Move,
        "release" => IntentAction::Release,
        _ => IntentAction::Change,
    }
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let properties: String = row.get(2)?;
    Ok(Waiting {
        link: row.get(0)?,
        pair: row.get(1)?,
        properties: properties.split(' ').map(str::to_owned).collect(),
        decision: row
            .get_ref(3)?
            .as_str_or_null()?
            .and_then(Resolution::parse),
    })
}

const WAITING: &str = "waiting.link, waiting.pair, properties, decision";

fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    Ok(Intent {
        key: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        pair: row.get(1)?,
        side: row::side(row.get(2)?),
        action: action(row.get_ref(3)?.as_str()?),
        row: row.get(4)?,
        link: row.get(5)?,
        flags: Flags::parse(row.get_ref(6)?.as_str()?),
        content: row.get::<_, Option<Vec<u8>>>(7)?.map(Bytes::from),
    })
}

/// Whether an intent is as the one before, of the next observation.
fn follows(before: &Intent, intent: &Intent) -> bool {
    let next = before.row.and_then(|row| row.checked_add(1));
    let rest = |i: &Intent| (i.pair, i.side, i.action);
    let whole = |i: &Intent| i.link.is_none() && i.content.is_none();
    next.is_some()
        && next == intent.row
        && rest(before) == rest(intent)
        && before.flags == intent.flags
        && whole(before)
        && whole(intent)
}

impl SqliteState {
    /// The key of an intent that was noted before.
    fn key_of(&mut self, intent: &Intent) -> Result<Option<i64>> {
        // Each form uses its own index.
        let (subject, id) = match intent.row {
            Some(row) => ("observed", Some(row)),
            None => ("link", intent.link),
        };
        let sql = format!(
            "SELECT key FROM intents WHERE {subject} = ? AND pair = ? AND side = ? AND action = ?"
        );
        let side = row::side_number(intent.side);
        let p = params![id, intent.pair, side, intent.action.as_str()];
        let mut statement = self.db.prepare_cached(&sql)?;
        Ok(statement.query_row(p, |r| r.get(0)).optional()?)
    }

    fn note(&mut self, intent: &Intent) -> Result<i64> {
        const SQL: &str = "INSERT INTO intents (pair, side, action, observed, link, flags, content)
             VALUES (?, ?, ?, ?, ?, ?, ?)";
        self.db.prepare_cached(SQL)?.execute(params![
            intent.pair,
            row::side_number(intent.side),
            intent.action.as_str(),
            intent.row,
            intent.link,
            intent.flags.to_string(),
            intent.content.as_deref()
        ])?;
        Ok(self.db.last_insert_rowid())
    }

    /// Notes intents of which each [follows] the one before, by one statement.
    fn note_run(&mut self, run: &mut [Intent]) -> Result<()> {
        const SQL: &str = "INSERT INTO intents (pair, side, action, observed, flags)
             SELECT ?, ?, ?, id, ? FROM observed WHERE id BETWEEN ? AND ? ORDER BY id";
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return Ok(());
        };
        let noted = self.db.prepare_cached(SQL)?.execute(params![
            first.pair,
            row::side_number(first.side),
            first.action.as_str(),
            first.flags.to_string(),
            first.row,
            last.row
        ])?;
        if noted != run.len() {
            let why = "an item that is being copied was never seen";
            return Err(Error::new(ErrorKind::State, why));
        }
        // Their keys follow each other, too (sqlite.org/autoinc.html).
        let last = u64::try_from(self.db.last_insert_rowid()).unwrap_or(0);
        for (intent, back) in run.iter_mut().rev().zip(0..) {
            intent.key = last.saturating_sub(back);
        }
        Ok(())
    }

    fn query_intents(&mut self, column: &str, value: i64) -> Result<Vec<Intent>> {
        let sql = format!(
            "SELECT key, pair, side, action, observed, link, flags, content
             FROM intents WHERE {column} = ? ORDER BY key"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([value], intent)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Journal for SqliteState {
    fn note_intents(&mut self, intents: &mut [Intent]) -> Result<()> {
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM intents)";
        let any: bool = self.db.prepare_cached(ANY)?.query_row([], |r| r.get(0))?;
        for run in intents.chunk_by_mut(|a, b| !any && follows(a, b)) {
            match run {
                [intent] => {
                    let known = match any {
                        true => self.key_of(intent)?,
                        false => None,
                    };
                    let key = match known {
                        Some(key) => key,
                        None => self.note(intent)?,
                    };
                    intent.key = u64::try_from(key).unwrap_or(0);
                }
                run => self.note_run(run)?,
            }
        }
        Ok(())
    }

    fn intents(&mut self, pair: PairId) -> Result<Vec<Intent>> {
        self.query_intents("pair", pair)
    }

    fn intents_of(&mut self, link: LinkId) -> Result<Vec<Intent>> {
        self.query_intents("link", link)
    }

    fn remove_intent(&mut self, key: u64) -> Result<()> {
        let key = i64::try_from(key).unwrap_or(-1);
        self.db
            .prepare_cached("DELETE FROM intents WHERE key = ?")?
            .execute([key])?;
        Ok(())
    }

    fn remove_intents_of(&mut self, link: LinkId) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM intents WHERE link = ?")?
            .execute([link])?;
        Ok(())
    }

    fn wait(&mut self, waiting: &Waiting) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO waiting (link, pair, properties) VALUES (?, ?, ?)
                 ON CONFLICT (link) DO UPDATE SET properties = excluded.properties",
            )?
            .execute(params![
                waiting.link,
                waiting.pair,
                waiting.properties.join(" ")
            ])?;
        Ok(())
    }

    fn stop_waiting(&mut self, link: LinkId) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM waiting WHERE link = ?")?
            .execute([link])?;
        Ok(())
    }

    fn waiting_of(&mut self, link: LinkId) -> Result<Option<Waiting>> {
        let sql = format!("SELECT {WAITING} FROM waiting WHERE link = ?");
        Ok(self
            .db
            .prepare_cached(&sql)?
            .query_row([link], waiting)
            .optional()?)
    }

    fn waiting(&mut self, sync: &str) -> Result<Vec<Waiting>> {
        let sql = format!(
            "SELECT {WAITING} FROM waiting JOIN pairs ON pairs.id = waiting.pair
             WHERE sync = ? ORDER BY waiting.link"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([sync], waiting)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn decide(&mut self, link: LinkId, resolution: Resolution) -> Result<()> {
        self.db
            .prepare_cached("UPDATE waiting SET decision = ? WHERE link = ?")?
            .execute(params![resolution.as_str(), link])?;
        Ok(())
    }
}
