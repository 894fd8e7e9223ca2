use rusqlite::{OptionalExtension, Params, params};

use super::links::limit_of;
use super::row::{self, OBSERVED, PROVISIONAL, RELEASED};
use super::{SqliteState, many};
use crate::error::Result;
use crate::model::{Both, Digest, Item, ItemId, Revision, Side};
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

    /// Whether anything was seen of what a link knows.
    fn has_linked(&mut self, pair: PairId) -> Result<bool> {
        // By the index of the links: most of what is seen may be new.
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM observed INDEXED BY observed_link
            WHERE link IS NOT NULL AND pair = ?)";
        let mut statement = self.db.prepare_cached(SQL)?;
        Ok(statement.query_row([pair], |r| r.get(0))?)
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

    fn observe_all(&mut self, pair: PairId, seen: &[Observed]) -> Result<()> {
        const HEAD: &str = "
            INSERT INTO observed (pair, side, item, link, kind, presence, revision, flags, date,
                zone, size, digest, message_id, uid, object, body, base_flags, refused, seen)";
        const TAIL: &str = "
            ON CONFLICT (pair, side, item) DO UPDATE SET
                link = excluded.link, kind = excluded.kind, presence = excluded.presence,
                revision = excluded.revision, flags = excluded.flags, date = excluded.date,
                zone = excluded.zone, size = excluded.size, digest = excluded.digest,
                message_id = excluded.message_id, uid = excluded.uid, object = excluded.object,
                body = excluded.body, base_flags = excluded.base_flags,
                refused = excluded.refused, seen = excluded.seen";
        many::insert(&self.db, HEAD, 19, TAIL, seen, |values, seen| {
            let id = &seen.identity;
            values.push(pair)?;
            values.push(row::side_number(seen.side))?;
            values.push(seen.item.as_str())?;
            values.push(seen.link)?;
            values.push(seen.kind.as_str())?;
            values.push(row::presence_number(seen.presence))?;
            values.push(seen.revision.as_ref().map(Revision::as_str))?;
            values.push(seen.flags.to_string())?;
            values.push(seen.date.map(|d| d.seconds))?;
            values.push(seen.date.map(|d| d.offset_minutes))?;
            values.push(seen.size.and_then(|n| i64::try_from(n).ok()))?;
            values.push(id.digest.map(Digest::to_bytes))?;
            values.push(&id.message_id)?;
            values.push(&id.uid)?;
            values.push(&id.object_id)?;
            values.push(seen.body.as_deref())?;
            values.push(seen.base_flags.as_ref().map(ToString::to_string))?;
            values.push(&seen.refused)?;
            values.push(seen.first_seen)
        })?;
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
        // By row, within those of the side: to look them up by the side would be to sort them.
        let rest = format!(
            "WHERE observed.id BETWEEN
                 (SELECT max(min(id), ?3 + 1) FROM observed WHERE pair = ?1 AND side = ?2)
                 AND (SELECT max(id) FROM observed WHERE pair = ?1 AND side = ?2)
             AND +pair = ?1 AND +side = ?2 AND {UNLINKED} ORDER BY observed.id LIMIT ?4"
        );
        self.query_observed(
            &rest,
            params![pair, row::side_number(side), after, limit_of(limit)],
        )
    }

    fn has_unlinked(&mut self, pair: PairId, side: Side) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM observed WHERE pair = ? AND side = ? AND {UNLINKED})"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        Ok(statement.query_row(params![pair, row::side_number(side)], |r| r.get(0))?)
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
        let gone = match self.has_linked(pair)? {
            true => format!(
                "SELECT link FROM observed WHERE pair = ?1 AND side = {} AND presence = 1
                     AND link IS NOT NULL UNION",
                row::side_number(side)
            ),
            false => String::new(),
        };
        let rest = format!(
            "WHERE retired = 0 AND id IN (
                {gone} SELECT id FROM links WHERE pair = ?1 AND {side}_id IS NULL)
             ORDER BY id"
        );
        self.query_links(&rest, [pair])
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
        let linked = self.has_linked(pair)?;
        for side in Side::BOTH {
            both[side].known = self.count_held(pair, side)?;
            if !linked {
                continue;
            }
            let (here, there) = (row::side_number(side), row::side_number(side.other()));
            both[side] = Tally {
                known: both[side].known,
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
            .execute_batch("DELETE FROM temp.met; DELETE FROM temp.listed")?;
        Ok(())
    }

    fn known(
        &mut self,
        pair: PairId,
        side: Side,
        items: &[Item],
        listing: bool,
    ) -> Result<Vec<bool>> {
        const SEEN: &str = "SELECT EXISTS (SELECT 1 FROM observed WHERE pair = ? AND side = ?)";
        let number = row::side_number(side);
        let mut seen = self.db.prepare_cached(SEEN)?;
        let seen = seen.query_row([pair, number], |r| r.get::<_, bool>(0))?;
        let unseen = match seen {
            true => format!(
                "AND NOT EXISTS (SELECT 1 FROM observed
                    WHERE pair = {pair} AND side = {number} AND item = {side}_id)"
            ),
            false => String::new(),
        };
        let is_known = format!(
            "pair = {pair} AND {side}_id = column1 AND {side}_revision = column2
             AND {side}_state & {RELEASED} = 0 {unseen}"
        );
        let one = format!(
            "SELECT 1 FROM (SELECT ? AS column1, ? AS column2) CROSS JOIN links WHERE {is_known}"
        );
        let mut one = self.db.prepare_cached(&one)?;
        let mut known = Vec::with_capacity(items.len());
        for items in items.chunks(many::ROWS) {
            if listing {
                let head = "INSERT OR IGNORE INTO temp.met SELECT links.id FROM (";
                let tail = format!(") CROSS JOIN links WHERE {is_known}");
                let met = many::insert(&self.db, head, 2, &tail, items, |values, item| {
                    values.push(item.id.as_str())?;
                    values.push(item.revision.as_str())
                })?;
                // Most often these are all.
                if met == items.len() {
                    known.resize(known.len().saturating_add(met), true);
                    continue;
                }
            }
            for item in items {
                known.push(one.exists([item.id.as_str(), item.revision.as_str()])?);
            }
        }
        Ok(known)
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
                AND {side}_state & {RELEASED} = 0 AND id NOT IN (SELECT link FROM temp.met)
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
