use rusqlite::{OptionalExtension, Params, params};

use super::SqliteState;
use super::links::limit_of;
use super::row::{self, OBSERVED, PROVISIONAL, RELEASED};
use crate::error::Result;
use crate::model::{Both, Digest, ItemId, Revision, Side};
use crate::reconcile::{Link, LinkId, Observed, PairId, RowId, Tally};
use crate::state::{GroupBy, GroupKey, Links as _, Observations};

/// An item that is there and that no link knows.
const UNLINKED: &str = "observed.link IS NULL AND presence = 0";

impl SqliteState {
    fn query_observed(&mut self, rest: &str, p: impl Params) -> Result<Vec<Observed>> {
        let sql = format!("SELECT {OBSERVED} FROM observed {rest}");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(p, row::observed)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn count(&mut self, sql: &str, p: impl Params) -> Result<u64> {
        let count: i64 = self.db.prepare_cached(sql)?.query_row(p, |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// The column that a group agrees in, and what it is restricted to.
fn column(by: GroupBy) -> (&'static str, &'static str) {
    match by {
        GroupBy::Digest => ("digest", "kind = 'message'"),
        GroupBy::Uid => ("CAST(kind || ' ' || uid AS BLOB)", "kind <> 'message'"),
        GroupBy::MessageId => ("CAST(message_id AS BLOB)", "kind = 'message'"),
    }
}

impl Observations for SqliteState {
    fn observed(&mut self, pair: PairId, side: Side, item: &ItemId) -> Result<Option<Observed>> {
        let sql =
            format!("SELECT {OBSERVED} FROM observed WHERE pair = ? AND side = ? AND item = ?");
        let mut statement = self.db.prepare_cached(&sql)?;
        let p = params![pair, row::side_number(side), item.as_str()];
        Ok(statement.query_row(p, row::observed).optional()?)
    }

    fn observation(&mut self, row: RowId) -> Result<Option<Observed>> {
        let sql = format!("SELECT {OBSERVED} FROM observed WHERE id = ?");
        Ok(self
            .db
            .prepare_cached(&sql)?
            .query_row([row], row::observed)
            .optional()?)
    }

    fn is_known(
        &mut self,
        pair: PairId,
        side: Side,
        item: &ItemId,
        revision: &Revision,
    ) -> Result<bool> {
        // Whole statements, since this is asked of every item of a snapshot.
        macro_rules! known {
            ($side:literal, $number:literal) => {
                concat!(
                    "SELECT EXISTS (SELECT 1 FROM links WHERE pair = ?1 AND ",
                    $side,
                    "_id = ?2
                        AND ",
                    $side,
                    "_revision = ?3 AND ",
                    $side,
                    "_state & 2 = 0)
                     AND NOT EXISTS (SELECT 1 FROM observed
                        WHERE pair = ?1 AND side = ",
                    $number,
                    " AND item = ?2)"
                )
            };
        }
        let sql = match side {
            Side::Left => known!("left", "0"),
            Side::Right => known!("right", "1"),
        };
        let p = params![pair, item.as_str(), revision.as_str()];
        Ok(self.db.prepare_cached(sql)?.query_row(p, |r| r.get(0))?)
    }

    fn observe(&mut self, pair: PairId, seen: &Observed) -> Result<()> {
        const SQL: &str = "
            INSERT INTO observed (pair, side, item, link, kind, presence, revision, flags, date,
                zone, size, digest, message_id, uid, object, body, base_flags, refused, seen)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (pair, side, item) DO UPDATE SET
                link = excluded.link, kind = excluded.kind, presence = excluded.presence,
                revision = excluded.revision, flags = excluded.flags, date = excluded.date,
                zone = excluded.zone, size = excluded.size, digest = excluded.digest,
                message_id = excluded.message_id, uid = excluded.uid, object = excluded.object,
                body = excluded.body, base_flags = excluded.base_flags,
                refused = excluded.refused, seen = excluded.seen";
        let id = &seen.identity;
        self.db.prepare_cached(SQL)?.execute(params![
            pair,
            row::side_number(seen.side),
            seen.item.as_str(),
            seen.link,
            seen.kind.as_str(),
            row::presence_number(seen.presence),
            seen.revision.as_ref().map(Revision::as_str),
            seen.flags.to_string(),
            seen.date.map(|d| d.seconds),
            seen.date.map(|d| d.offset_minutes),
            seen.size.and_then(|n| i64::try_from(n).ok()),
            id.digest.map(Digest::to_bytes),
            id.message_id,
            id.uid,
            id.object_id,
            seen.body.as_deref(),
            seen.base_flags.as_ref().map(ToString::to_string),
            seen.refused,
            seen.first_seen,
        ])?;
        Ok(())
    }

    fn unobserve_all(&mut self, rows: &[RowId]) -> Result<()> {
        // One statement for rows that follow each other, as those of one listing do.
        for run in rows.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            for sql in [
                "DELETE FROM intents WHERE observed BETWEEN ? AND ?",
                "DELETE FROM observed WHERE id BETWEEN ? AND ?",
            ] {
                self.db.prepare_cached(sql)?.execute([first, last])?;
            }
        }
        Ok(())
    }

    fn forgive(&mut self, link: LinkId) -> Result<()> {
        self.db
            .prepare_cached("UPDATE observed SET refused = NULL WHERE link = ?")?
            .execute([link])?;
        Ok(())
    }

    fn changed_links(&mut self, pair: PairId, after: LinkId, limit: usize) -> Result<Vec<LinkId>> {
        let mut statement = self.db.prepare_cached(
            "SELECT DISTINCT link FROM observed WHERE pair = ? AND link > ? ORDER BY link LIMIT ?",
        )?;
        let rows = statement.query_map(params![pair, after, limit_of(limit)], |r| r.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn observed_of_link(&mut self, link: LinkId) -> Result<Both<Option<Observed>>> {
        let mut both = Both::default();
        for seen in self.query_observed("WHERE link = ?", [link])? {
            let side = seen.side;
            both[side] = Some(seen);
        }
        Ok(both)
    }

    fn unlinked(
        &mut self,
        pair: PairId,
        side: Side,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<Observed>> {
        let rest = format!(
            "WHERE pair = ? AND side = ? AND observed.id > ? AND {UNLINKED} \
             ORDER BY observed.id LIMIT ?"
        );
        self.query_observed(
            &rest,
            params![pair, row::side_number(side), after, limit_of(limit)],
        )
    }

    fn count_unlinked(&mut self, pair: PairId, side: Side) -> Result<u64> {
        let sql =
            format!("SELECT count(*) FROM observed WHERE pair = ? AND side = ? AND {UNLINKED}");
        self.count(&sql, params![pair, row::side_number(side)])
    }

    fn identity_groups(&mut self, pair: PairId, by: GroupBy) -> Result<Vec<GroupKey>> {
        let (column, which) = column(by);
        let sql = format!(
            "SELECT {column} AS value FROM observed
             WHERE pair = ? AND {UNLINKED} AND {which} AND value IS NOT NULL
             GROUP BY value HAVING min(side) < max(side) ORDER BY min(id)"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([pair], |r| {
            Ok(GroupKey {
                by,
                value: r.get::<_, Vec<u8>>(0)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn group(&mut self, pair: PairId, side: Side, key: &GroupKey) -> Result<Vec<Observed>> {
        let (column, which) = column(key.by);
        // The digest's index is used where there is one.
        let rest = format!(
            "WHERE {column} = ? AND pair = ? AND side = ? AND {UNLINKED} AND {which} \
             ORDER BY observed.id"
        );
        self.query_observed(&rest, params![key.value, pair, row::side_number(side)])
    }

    fn missing_links(&mut self, pair: PairId, side: Side) -> Result<Vec<Link>> {
        let rest = format!(
            "WHERE retired = 0 AND id IN (
                SELECT link FROM observed WHERE pair = ?1 AND side = ?2 AND presence = 1
                    AND link IS NOT NULL
                UNION SELECT id FROM links WHERE pair = ?1 AND {side}_id IS NULL)
             ORDER BY id"
        );
        self.query_links(&rest, params![pair, row::side_number(side)])
    }

    fn unlinked_twins(
        &mut self,
        sync: &str,
        side: Side,
        link: &Link,
    ) -> Result<Vec<(PairId, Observed)>> {
        let known = &link.sides[side];
        let (column, value) = match (&known.digest, link.kind.is_mutable(), &known.name) {
            (_, true, Some(uid)) => ("uid", rusqlite::types::Value::Text(uid.clone())),
            (Some(digest), false, _) => (
                "digest",
                rusqlite::types::Value::Blob(digest.to_bytes().to_vec()),
            ),
            _ => return Ok(Vec::new()),
        };
        let sql = format!(
            "SELECT {OBSERVED} FROM observed JOIN pairs ON pairs.id = observed.pair
             WHERE {column} = ? AND sync = ? AND side = ? AND kind = ? AND {UNLINKED}
             ORDER BY observed.id"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let p = params![value, sync, row::side_number(side), link.kind.as_str()];
        let rows = statement.query_map(p, |r| Ok((r.get(19)?, row::observed(r)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn tally(&mut self, pair: PairId) -> Result<Both<Tally>> {
        let mut both = Both::<Tally>::default();
        for side in Side::BOTH {
            let (here, there) = (row::side_number(side), row::side_number(side.other()));
            both[side] = Tally {
                known: self.count_held(pair, side)?,
                vanished: self.count(
                    "SELECT count(*) FROM observed JOIN links ON links.id = observed.link
                     WHERE observed.pair = ? AND side = ? AND presence = 1 AND retired = 0",
                    params![pair, here],
                )?,
                deletes: self.count(
                    &format!(
                        "SELECT count(*) FROM observed AS gone JOIN links ON links.id = gone.link
                         WHERE gone.pair = ? AND gone.side = ? AND gone.presence = 1
                         AND retired = 0 AND {side}_state & {RELEASED} = 0
                         AND NOT EXISTS (SELECT 1 FROM observed AS o
                                         WHERE o.link = gone.link AND o.side = ?)"
                    ),
                    params![pair, there, here],
                )?,
                overwrites: self.count(
                    &format!(
                        "SELECT count(*) FROM observed JOIN links ON links.id = observed.link
                         WHERE observed.pair = ? AND side = ? AND presence = 0
                         AND observed.kind <> 'message' AND {other}_state & {PROVISIONAL} = 0
                         AND EXISTS (SELECT 1 FROM bases WHERE bases.link = links.id)",
                        other = side.other()
                    ),
                    params![pair, there],
                )?,
            };
        }
        Ok(both)
    }

    fn is_settled(&mut self, pair: PairId) -> Result<bool> {
        const SQL: &str = "SELECT NOT EXISTS (SELECT 1 FROM observed WHERE pair = ?1)
            AND NOT EXISTS (SELECT 1 FROM links WHERE pair = ?1 AND left_id IS NULL AND NOT retired)
            AND NOT EXISTS (SELECT 1 FROM links WHERE pair = ?1 AND right_id IS NULL AND NOT retired)
            AND NOT EXISTS (SELECT 1 FROM links WHERE pair = ?1
                            AND (left_state & 1 OR right_state & 1) AND kind <> 'message')";
        Ok(self
            .db
            .prepare_cached(SQL)?
            .query_row([pair], |r| r.get(0))?)
    }

    fn knows_any(&mut self, pair: PairId, side: Side) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM links WHERE pair = ?1 AND {side}_id IS NOT NULL)
                 OR EXISTS (SELECT 1 FROM observed WHERE pair = ?1 AND side = ?2)"
        );
        let p = params![pair, row::side_number(side)];
        Ok(self.db.prepare_cached(&sql)?.query_row(p, |r| r.get(0))?)
    }

    fn begin_listing(&mut self) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM temp.listed")?
            .execute([])?;
        Ok(())
    }

    fn listed(&mut self, item: &ItemId) -> Result<()> {
        self.db
            .prepare_cached("INSERT OR IGNORE INTO temp.listed (item) VALUES (?)")?
            .execute([item.as_str()])?;
        Ok(())
    }

    fn unlisted(&mut self, pair: PairId, side: Side) -> Result<Vec<(ItemId, Option<LinkId>)>> {
        let sql = format!(
            "SELECT {side}_id, id FROM links WHERE pair = ?1 AND {side}_id IS NOT NULL
                AND {side}_state & {RELEASED} = 0
                AND {side}_id NOT IN (SELECT item FROM temp.listed)
             UNION
             SELECT item, link FROM observed WHERE pair = ?1 AND side = ?2
                AND item NOT IN (SELECT item FROM temp.listed)"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![pair, row::side_number(side)], |r| {
            Ok((ItemId::from(r.get::<_, String>(0)?), r.get(1)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
