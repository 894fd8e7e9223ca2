use std::slice;

use bytes::Bytes;
use rusqlite::{OptionalExtension, Params, params};

use super::row::{self, LINK, RELEASED};
use super::{SqliteState, many};
use crate::error::Result;
use crate::model::{Digest, ItemId, Revision, Side};
use crate::reconcile::{Link, LinkId, PairId};
use crate::state::Links;

impl SqliteState {
    pub(super) fn query_links(&mut self, rest: &str, p: impl Params) -> Result<Vec<Link>> {
        let mut statement = self
            .db
            .prepare_cached(&format!("SELECT {LINK} FROM links {rest}"))?;
        let rows = statement.query_map(p, row::link)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn query_link(&mut self, rest: &str, p: impl Params) -> Result<Option<Link>> {
        let mut statement = self
            .db
            .prepare_cached(&format!("SELECT {LINK} FROM links {rest}"))?;
        Ok(statement.query_row(p, row::link).optional()?)
    }

    fn write_links(&mut self, verb: &str, links: &[Link], new: bool) -> Result<()> {
        const COLUMNS: &str = "INTO links (id, pair, kind, retired,
            left_id, left_revision, left_flags, left_digest, left_name, left_object, left_state,
            left_seen, right_id, right_revision, right_flags, right_digest, right_name,
            right_object, right_state, right_seen)";
        let head = format!("{verb} {COLUMNS}");
        many::insert(&self.db, &head, 20, "", links, |values, link| {
            values.push((!new).then_some(link.id))?;
            values.push(link.pair)?;
            values.push(link.kind.as_str())?;
            values.push(link.retired)?;
            for side in Side::BOTH {
                let side = &link.sides[side];
                values.push(side.id.as_ref().map(ItemId::as_str))?;
                values.push(side.revision.as_ref().map(Revision::as_str))?;
                values.push(side.flags.to_string())?;
                values.push(side.digest.map(Digest::to_bytes))?;
                values.push(&side.name)?;
                values.push(&side.object_id)?;
                values.push(row::side_state(side))?;
                values.push(side.first_seen)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn put_base(&mut self, link: LinkId, side: Side, base: Option<&Bytes>) -> Result<()> {
        let side = row::side_number(side);
        match base {
            Some(base) => self
                .db
                .prepare_cached(
                    "INSERT OR REPLACE INTO bases (link, side, content) VALUES (?, ?, ?)",
                )?
                .execute(params![link, side, base.as_ref()])?,
            None => self
                .db
                .prepare_cached("DELETE FROM bases WHERE link = ? AND side = ?")?
                .execute(params![link, side])?,
        };
        Ok(())
    }
}

impl Links for SqliteState {
    fn link(&mut self, id: LinkId) -> Result<Option<Link>> {
        self.query_link("WHERE id = ?", [id])
    }

    fn link_of(&mut self, pair: PairId, side: Side, item: &ItemId) -> Result<Option<Link>> {
        let rest = format!("WHERE pair = ? AND {side}_id = ?");
        self.query_link(&rest, params![pair, item.as_str()])
    }

    fn load_bases(&mut self, link: &mut Link) -> Result<()> {
        let mut statement = self
            .db
            .prepare_cached("SELECT side, content FROM bases WHERE link = ?")?;
        let rows = statement.query_map([link.id], |r| {
            Ok((row::side(r.get(0)?), r.get::<_, Vec<u8>>(1)?))
        })?;
        for found in rows {
            let (side, content) = found?;
            link.sides[side].base = Some(content.into());
        }
        Ok(())
    }

    fn add_link(&mut self, link: &Link) -> Result<LinkId> {
        self.write_links("INSERT", slice::from_ref(link), true)?;
        let id = self.db.last_insert_rowid();
        if link.kind.is_mutable() {
            for side in Side::BOTH {
                self.put_base(id, side, link.sides[side].base.as_ref())?;
            }
        }
        Ok(id)
    }

    fn add_links(&mut self, links: &[Link]) -> Result<()> {
        for group in links.chunk_by(|a, b| a.kind.is_mutable() == b.kind.is_mutable()) {
            if group.first().is_some_and(|link| link.kind.is_mutable()) {
                for link in group {
                    self.add_link(link)?;
                }
            } else {
                self.write_links("INSERT", group, true)?;
            }
        }
        Ok(())
    }

    fn put_link(&mut self, link: &Link) -> Result<()> {
        self.write_links("INSERT OR REPLACE", slice::from_ref(link), false)?;
        if link.kind.is_mutable() {
            for side in Side::BOTH {
                self.put_base(link.id, side, link.sides[side].base.as_ref())?;
            }
        }
        Ok(())
    }

    fn remove_link(&mut self, id: LinkId) -> Result<()> {
        for sql in [
            "DELETE FROM bases WHERE link = ?",
            "DELETE FROM waiting WHERE link = ?",
            "DELETE FROM intents WHERE link = ?",
            "UPDATE observed SET link = NULL WHERE link = ?",
            "DELETE FROM links WHERE id = ?",
        ] {
            self.db.prepare_cached(sql)?.execute([id])?;
        }
        Ok(())
    }

    fn links(&mut self, pair: PairId, after: LinkId, limit: usize) -> Result<Vec<Link>> {
        self.query_links(
            "WHERE pair = ? AND id > ? ORDER BY id LIMIT ?",
            params![pair, after, limit_of(limit)],
        )
    }

    fn half_links(&mut self, pair: PairId, side: Side) -> Result<Vec<Link>> {
        let rest = format!("WHERE pair = ? AND {side}_id IS NULL AND retired = 0 ORDER BY id");
        self.query_links(&rest, [pair])
    }

    fn knows_name(&mut self, pair: PairId, side: Side, name: &str) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM links WHERE pair = ?1 AND {side}_name = ?2)
                 OR EXISTS (SELECT 1 FROM observed WHERE pair = ?1 AND side = ?3 AND uid = ?2)"
        );
        let p = params![pair, name, row::side_number(side)];
        Ok(self.db.prepare_cached(&sql)?.query_row(p, |r| r.get(0))?)
    }

    fn count_links(&mut self, pair: PairId) -> Result<u64> {
        let count: i64 = self
            .db
            .prepare_cached("SELECT count(*) FROM links WHERE pair = ? AND retired = 0")?
            .query_row([pair], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn count_held(&mut self, pair: PairId, side: Side) -> Result<u64> {
        let sql = format!(
            "SELECT count(*) FROM links WHERE pair = ? AND retired = 0 AND {side}_state & {RELEASED} = 0"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let count: i64 = statement.query_row([pair], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn leaving(
        &mut self,
        pair: PairId,
        side: Side,
        seen_by: i64,
        after: LinkId,
        limit: usize,
    ) -> Result<Vec<Link>> {
        let rest = format!(
            "WHERE pair = ? AND id > ? AND {side}_seen <= ? AND {side}_id IS NOT NULL \
             AND {side}_state & {RELEASED} = 0 \
             AND NOT EXISTS (SELECT 1 FROM observed WHERE observed.link = links.id) \
             ORDER BY id LIMIT ?"
        );
        self.query_links(&rest, params![pair, after, seen_by, limit_of(limit)])
    }

    fn provisional_links(&mut self, pair: PairId, side: Side) -> Result<Vec<Link>> {
        let rest = format!(
            "WHERE pair = ? AND (left_state & 1 OR right_state & 1) AND {side}_state & 1 \
             AND {side}_id IS NOT NULL AND kind <> 'message' ORDER BY id"
        );
        self.query_links(&rest, [pair])
    }
}

pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
