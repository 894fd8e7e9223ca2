use std::io::Write as _;

use rusqlite::{OptionalExtension, Row, params};

use super::SqliteState;
use super::links::limit_of;
use super::row;
use crate::error::Result;
use crate::model::{BodyWriter, Flags, Timestamp};
use crate::state::{History, HistoryAction, HistoryEntry, HistoryLimits, RunSummary};

const ENTRY: &str = "history.id, run, at, pair, side, collection, item, kind, action, flags, date, \
    zone, title, undone";

fn entry(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    let date = row.get::<_, Option<i64>>(10)?.map(|seconds| {
        Ok::<_, rusqlite::Error>(Timestamp {
            seconds,
            offset_minutes: row.get::<_, Option<i16>>(11)?.unwrap_or_default(),
        })
    });
    Ok(HistoryEntry {
        id: row.get(0)?,
        run: row.get(1)?,
        at: row.get(2)?,
        pair: row.get(3)?,
        side: row::side(row.get(4)?),
        collection: row.get::<_, String>(5)?.into(),
        item: row.get::<_, String>(6)?.into(),
        kind: row::kind(row.get_ref(7)?.as_str()?, 7)?,
        action: HistoryAction::parse(row.get_ref(8)?.as_str()?).unwrap_or(HistoryAction::Deleted),
        flags: Flags::parse(row.get_ref(9)?.as_str()?),
        date: date.transpose()?,
        title: row.get(12)?,
        body: None,
        undone: row.get(13)?,
    })
}

impl History for SqliteState {
    fn begin_run(&mut self, sync: &str, now: i64) -> Result<i64> {
        self.db.execute(
            "INSERT INTO runs (sync, began) VALUES (?, ?)",
            params![sync, now],
        )?;
        Ok(self.db.last_insert_rowid())
    }

    fn end_run(&mut self, run: i64, now: i64, report: &str) -> Result<()> {
        self.db.execute(
            "UPDATE runs SET ended = ?, report = ? WHERE id = ?",
            params![now, report, run],
        )?;
        Ok(())
    }

    fn runs(&mut self, sync: &str, limit: usize) -> Result<Vec<RunSummary>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, sync, began, ended, report,
                    (SELECT count(*) FROM history WHERE run = runs.id)
             FROM runs WHERE sync = ? ORDER BY id DESC LIMIT ?",
        )?;
        let rows = statement.query_map(params![sync, limit_of(limit)], |r| {
            Ok(RunSummary {
                id: r.get(0)?,
                sync: r.get(1)?,
                began: r.get(2)?,
                ended: r.get(3)?,
                report: r.get(4)?,
                entries: u64::try_from(r.get::<_, i64>(5)?).unwrap_or(0),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn keep(&mut self, entry: &HistoryEntry) -> Result<i64> {
        let size = entry.body.as_ref().map_or(0, crate::model::Body::len);
        self.db
            .prepare_cached(
                "INSERT INTO history (run, at, pair, side, collection, item, kind, action, flags,
                    date, zone, title, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                entry.run,
                entry.at,
                entry.pair,
                row::side_number(entry.side),
                entry.collection.as_str(),
                entry.item.as_str(),
                entry.kind.as_str(),
                entry.action.as_str(),
                entry.flags.to_string(),
                entry.date.map(|d| d.seconds),
                entry.date.map(|d| d.offset_minutes),
                entry.title,
                i64::try_from(size).unwrap_or(i64::MAX),
            ])?;
        let id = self.db.last_insert_rowid();
        // In parts, so that a large content is never in memory as a whole.
        for (part, chunk) in entry.body.iter().flat_map(|body| body.chunks()).enumerate() {
            self.db
                .prepare_cached(
                    "INSERT INTO history_content (entry, part, content) VALUES (?, ?, ?)",
                )?
                .execute(params![id, limit_of(part), chunk?.as_ref()])?;
        }
        Ok(id)
    }

    fn history(&mut self, sync: &str, run: Option<i64>, limit: usize) -> Result<Vec<HistoryEntry>> {
        let sql = format!(
            "SELECT {ENTRY} FROM history JOIN runs ON runs.id = history.run
             WHERE sync = ?1 AND (?2 IS NULL OR run = ?2) ORDER BY history.id DESC LIMIT ?3"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![sync, run, limit_of(limit)], entry)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn lost(&mut self, id: i64) -> Result<Option<HistoryEntry>> {
        let sql = format!("SELECT {ENTRY} FROM history WHERE id = ?");
        let found = self
            .db
            .prepare_cached(&sql)?
            .query_row([id], entry)
            .optional()?;
        let Some(mut found) = found else {
            return Ok(None);
        };
        let mut writer = BodyWriter::new(0);
        let mut any = false;
        let mut statement = self
            .db
            .prepare_cached("SELECT content FROM history_content WHERE entry = ? ORDER BY part")?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            any = true;
            writer.write_all(row.get_ref(0)?.as_blob().unwrap_or_default())?;
        }
        found.body = if any { Some(writer.finish()?) } else { None };
        Ok(Some(found))
    }

    fn mark_undone(&mut self, id: i64) -> Result<()> {
        self.db
            .execute("UPDATE history SET undone = 1 WHERE id = ?", [id])?;
        Ok(())
    }

    fn trim_history(&mut self, limits: HistoryLimits, now: i64) -> Result<()> {
        let oldest = now.saturating_sub(limits.age);
        let bytes = i64::try_from(limits.bytes).unwrap_or(i64::MAX);
        self.db.execute(
            "DELETE FROM history WHERE at < ?1 OR id <= (
                 SELECT ifnull(max(id), -1) FROM (
                     SELECT id, sum(size) OVER (ORDER BY id DESC) AS total FROM history
                 ) WHERE total > ?2)",
            params![oldest, bytes],
        )?;
        self.db.execute(
            "DELETE FROM history_content WHERE entry NOT IN (SELECT id FROM history)",
            [],
        )?;
        self.db.execute(
            "DELETE FROM runs WHERE began < ? AND id NOT IN (SELECT run FROM history)",
            [oldest],
        )?;
        Ok(())
    }
}
