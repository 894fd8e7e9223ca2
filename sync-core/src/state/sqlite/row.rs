use bytes::Bytes;
use rusqlite::Row;
use rusqlite::types::Type;

use crate::model::{Both, Digest, Flags, Identity, ItemId, ItemKind, Revision, Side, Timestamp};
use crate::reconcile::{Link, LinkSide, Observed, Presence};

pub(super) const LINK: &str = "links.id, links.pair, links.kind, links.retired, \
    left_id, left_revision, left_flags, left_digest, left_name, left_object, left_state, \
    left_seen, \
    right_id, right_revision, right_flags, right_digest, right_name, right_object, right_state, \
    right_seen";

pub(super) const OBSERVED: &str = "observed.id, observed.side, observed.link, observed.item, \
    observed.kind, presence, revision, flags, date, zone, size, digest, message_id, uid, object, \
    body, base_flags, refused, seen, observed.pair";

pub(super) const PROVISIONAL: i64 = 1;
pub(super) const RELEASED: i64 = 2;

pub(super) fn side(number: i64) -> Side {
    if number == 0 { Side::Left } else { Side::Right }
}

pub(super) fn side_number(side: Side) -> i64 {
    i64::from(side == Side::Right)
}

pub(super) fn side_state(side: &LinkSide) -> i64 {
    i64::from(side.provisional) * PROVISIONAL + i64::from(side.released) * RELEASED
}

pub(super) fn kind(word: &str, column: usize) -> rusqlite::Result<ItemKind> {
    let unknown = || {
        let why = format!("unknown kind of item: {word}");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
    };
    ItemKind::parse(word).ok_or_else(unknown)
}

pub(super) fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    let side = |at: usize| -> rusqlite::Result<LinkSide> {
        let state: i64 = row.get(at + 6)?;
        Ok(LinkSide {
            id: row.get::<_, Option<String>>(at)?.map(ItemId::from),
            revision: row.get::<_, Option<String>>(at + 1)?.map(Revision::from),
            flags: Flags::parse(row.get_ref(at + 2)?.as_str()?),
            digest: row
                .get_ref(at + 3)?
                .as_blob_or_null()?
                .and_then(Digest::from_bytes),
            name: row.get(at + 4)?,
            object_id: row.get(at + 5)?,
            base: None,
            provisional: state & PROVISIONAL != 0,
            released: state & RELEASED != 0,
            first_seen: row.get(at + 7)?,
        })
    };
    Ok(Link {
        id: row.get(0)?,
        pair: row.get(1)?,
        kind: kind(row.get_ref(2)?.as_str()?, 2)?,
        retired: row.get(3)?,
        sides: Both::new(side(4)?, side(12)?),
    })
}

pub(super) fn observed(row: &Row<'_>) -> rusqlite::Result<Observed> {
    let date = match (row.get::<_, Option<i64>>(8)?, row.get::<_, Option<i16>>(9)?) {
        (Some(seconds), zone) => Some(Timestamp {
            seconds,
            offset_minutes: zone.unwrap_or_default(),
        }),
        _ => None,
    };
    Ok(Observed {
        row: row.get(0)?,
        side: side(row.get(1)?),
        link: row.get(2)?,
        item: row.get::<_, String>(3)?.into(),
        kind: kind(row.get_ref(4)?.as_str()?, 4)?,
        presence: presence(row.get(5)?),
        revision: row.get::<_, Option<String>>(6)?.map(Revision::from),
        flags: Flags::parse(row.get_ref(7)?.as_str()?),
        date,
        size: row
            .get::<_, Option<i64>>(10)?
            .and_then(|n| u64::try_from(n).ok()),
        identity: Identity {
            digest: row
                .get_ref(11)?
                .as_blob_or_null()?
                .and_then(Digest::from_bytes),
            message_id: row.get(12)?,
            uid: row.get(13)?,
            object_id: row.get(14)?,
        },
        body: row.get::<_, Option<Vec<u8>>>(15)?.map(Bytes::from),
        base_flags: row.get_ref(16)?.as_str_or_null()?.map(Flags::parse),
        refused: row.get(17)?,
        first_seen: row.get(18)?,
    })
}

fn presence(number: i64) -> Presence {
    match number {
        0 => Presence::Here,
        1 => Presence::Gone,
        _ => Presence::Released,
    }
}

pub(super) fn presence_number(presence: Presence) -> i64 {
    match presence {
        Presence::Here => 0,
        Presence::Gone => 1,
        Presence::Released => 2,
    }
}
