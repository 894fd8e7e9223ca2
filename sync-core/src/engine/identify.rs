use std::collections::HashSet;

use futures_util::StreamExt as _;

use super::observe::PIM_LIMIT;
use super::pass::{Run, open};
use crate::error::Result;
use crate::merge;
use crate::model::{Both, Item, ItemId, Side};
use crate::reconcile::{
    Link, LinkSide, Observed, PairId, Presence, canonical_order, join, pair_by_identity,
};
use crate::source::Depth;
use crate::state::{GroupBy, Intent, IntentAction};

/// How many items one request asks for.
const BATCH: usize = 500;

impl Run<'_> {
    /// Recognises items that no link knows: after a lost cursor, a crash, lost state, a first run.
    pub(super) async fn identify(&mut self, index: usize) -> Result<()> {
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let pair = work.id();
        let both = self.state.has_unlinked(pair, Side::Left)?
            && self.state.has_unlinked(pair, Side::Right)?;
        if !both {
            return Ok(());
        }
        let alters = Side::BOTH
            .iter()
            .any(|side| self.capabilities[*side].alters_messages);
        for side in Side::BOTH {
            let sizes = self.sizes(pair, side.other())?;
            let candidate = |seen: &Observed| match (seen.size, &sizes) {
                (Some(size), Some(sizes)) if !alters => sizes.contains(&size),
                _ => true,
            };
            self.fetch_identities(index, side, candidate).await?;
        }
        self.state.begin()?;
        self.join_groups(pair, GroupBy::Digest)?;
        self.join_groups(pair, GroupBy::Uid)?;
        self.join_alike(index)?;
        if alters {
            // Only where a side says that it alters messages: a Message-ID alone proves nothing.
            self.join_groups(pair, GroupBy::MessageId)?;
        }
        self.state.commit()
    }

    /// Takes up creations whose outcome is not known, from a run that was cut short or from a server
    /// that tells no ids.
    ///
    /// Each becomes a link of which one side's id is unknown: if the copy was made it is
    /// recognised, also where its owner has moved it since; if not, it is made again.
    pub(super) async fn recover_intents(&mut self, index: usize) -> Result<()> {
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let (pair, sent) = (work.id(), work.sent.clone());
        let mut intents = self.state.intents(pair)?;
        intents.retain(|i| i.action == IntentAction::Create && i.row.is_some());
        if intents.is_empty() {
            return Ok(());
        }
        let rows: HashSet<_> = intents.iter().filter_map(|i| i.row).collect();
        for side in Side::BOTH {
            self.fetch_identities(index, side, |seen| rows.contains(&seen.row))
                .await?;
        }
        self.state.begin()?;
        for intent in intents {
            let row = intent.row.unwrap_or_default();
            let Some(seen) = self.state.observation(row)? else {
                continue;
            };
            // What was sent in this run and is not listed yet will be: it is not made again.
            if !sent.contains(&row) || self.is_listed(pair, &intent, &seen)? {
                self.link_sent(pair, &intent, seen)?;
            }
        }
        self.state.commit()
    }

    /// Whether the copy of an item was listed: of a message in another collection than it was sent to,
    /// since there are equal ones; where they are listed, they are counted.
    fn is_listed(&mut self, pair: PairId, intent: &Intent, seen: &Observed) -> Result<bool> {
        let mut sides = Both::<LinkSide>::default();
        sides[intent.side].absorb(seen);
        let probe = Link {
            id: 0,
            pair,
            kind: seen.kind,
            sides,
            retired: false,
        };
        let twins = self
            .state
            .unlinked_twins(&self.engine.name, intent.side, &probe)?;
        let tells = |p: PairId| p != pair || seen.kind.is_mutable();
        Ok(!twins.is_empty() && twins.iter().all(|(p, _)| tells(*p)))
    }

    /// Makes an item whose copy was on its way a link that lacks the copy's id; says whether it
    /// could: without knowing the content nothing would recognise the copy.
    pub(super) fn link_sent(
        &mut self,
        pair: PairId,
        intent: &Intent,
        seen: Observed,
    ) -> Result<bool> {
        let known = seen.identity.digest.is_some() || seen.body.is_some();
        if seen.link.is_some() || seen.presence != Presence::Here || !known {
            return Ok(false);
        }
        let mut link = Link {
            id: 0,
            pair,
            kind: seen.kind,
            sides: Both::default(),
            retired: false,
        };
        for side in Side::BOTH {
            link.sides[side].absorb(&seen);
            link.sides[side].flags = intent.flags.clone();
            link.sides[side].base = intent.content.clone();
            link.sides[side].object_id = None;
        }
        let lost = &mut link.sides[intent.side];
        lost.id = None;
        lost.revision = None;
        // What the copy lacks was perhaps never kept.
        lost.provisional = !seen.kind.is_mutable() || self.capabilities[intent.side].rewrites;
        if seen.flags == intent.flags && seen.body == intent.content {
            self.state.add_link(&link)?;
            self.state.unobserve(seen.row)?;
        } else {
            // Edited since it was sent: that is a change against what was sent.
            link.sides[seen.side].revision = None;
            let id = self.state.add_link(&link)?;
            self.state.remove_intent(intent.key)?;
            self.state.observe(
                pair,
                &Observed {
                    link: Some(id),
                    ..seen
                },
            )?;
        }
        Ok(true)
    }

    /// The sizes of a side's unlinked items, if all are known.
    fn sizes(&mut self, pair: PairId, side: Side) -> Result<Option<HashSet<u64>>> {
        let mut sizes = HashSet::new();
        let mut after = 0;
        loop {
            let rows = self.state.unlinked(pair, side, after, BATCH)?;
            let Some(last) = rows.last() else {
                return Ok(Some(sizes));
            };
            after = last.row;
            for row in rows.iter().filter(|row| row.revision.is_some()) {
                match row.size.or(row.identity.digest.map(|d| d.size)) {
                    Some(size) => sizes.insert(size),
                    None => return Ok(None),
                };
            }
        }
    }

    /// Fetches what recognises unlinked messages of a side.
    pub(super) async fn fetch_identities(
        &mut self,
        index: usize,
        side: Side,
        wanted: impl Fn(&Observed) -> bool,
    ) -> Result<()> {
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let pair = work.id();
        let mut after = 0;
        loop {
            let rows = self.state.unlinked(pair, side, after, BATCH)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.row;
            let lacking = |row: &&Observed| {
                let unknown = row.revision.is_some() && row.identity.digest.is_none();
                !row.kind.is_mutable() && unknown && wanted(row)
            };
            let ids: Vec<ItemId> = rows
                .iter()
                .filter(lacking)
                .map(|r| r.item.clone())
                .collect();
            self.fetch_into_rows(index, side, &ids, Depth::Identity)
                .await?;
        }
    }

    /// Fetches the contents of changed and new events, tasks, notes and contacts: they merge by
    /// property, which takes knowing them.
    pub(super) async fn fetch_contents(&mut self, index: usize, side: Side) -> Result<()> {
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let (pair, kinds) = (work.id(), work.record.kinds);
        if !kinds.iter().any(crate::model::ItemKind::is_mutable) {
            return Ok(());
        }
        let mut ids = Vec::new();
        let mut note = |row: &Observed| {
            let here = row.presence == Presence::Here;
            if here && row.kind.is_mutable() && row.body.is_none() && row.refused.is_none() {
                ids.push(row.item.clone());
            }
        };
        let mut after = 0;
        loop {
            let rows = self.state.unlinked(pair, side, after, BATCH)?;
            let Some(last) = rows.last() else { break };
            after = last.row;
            rows.iter().for_each(&mut note);
        }
        let mut after = 0;
        loop {
            let links = self.state.changed_links(pair, after, BATCH)?;
            let Some(last) = links.last() else { break };
            after = *last;
            for link in links {
                if let Some(row) = &self.state.observed_of_link(link)?[side] {
                    note(row);
                }
            }
        }
        for ids in ids.chunks(BATCH) {
            self.fetch_into_rows(index, side, ids, Depth::Full).await?;
        }
        Ok(())
    }

    /// Fetches items and stores what was learned with their observations.
    async fn fetch_into_rows(
        &mut self,
        index: usize,
        side: Side,
        ids: &[ItemId],
        depth: Depth,
    ) -> Result<()> {
        let Some(work) = self.work.get(index).filter(|_| !ids.is_empty()) else {
            return Ok(());
        };
        let (pair, collection) = (work.id(), work.record.collections[side].clone());
        let kinds = work.record.kinds;
        let mut unreadable = Vec::new();
        self.state.begin()?;
        let mut items = open(&mut self.sources, side)?.fetch(&collection, ids, depth);
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => {
                    match self.state.observed(pair, side, &item.id)? {
                        // Listed as something else than it is: it is another pair's, or nobody's.
                        Some(row) if row.link.is_none() && !kinds.contains(item.kind) => {
                            self.state.unobserve(row.row)?;
                        }
                        Some(row) => self.state.observe(pair, &learned(row, &item)?)?,
                        None => {}
                    }
                }
                Err(error) if error.item().is_some() && !error.is_fatal() => {
                    unreadable.push(error);
                }
                // Whoever handles it rolls back what was begun.
                Err(error) => return Err(error.in_collection(&collection).on_side(side)),
            }
        }
        drop(items);
        for error in unreadable {
            let Some(id) = error.item().cloned() else {
                continue;
            };
            let why = error.on_side(side).to_string();
            if let Some(mut row) = self.state.observed(pair, side, &id)? {
                row.refused = Some(why.clone());
                self.state.observe(pair, &row)?;
            }
            self.problem(index, |report, why| report.refused.push(why), why);
        }
        self.state.commit()
    }

    /// Turns a link that lost `side` into a new item of the other side.
    pub(super) fn dissolve(&mut self, link: &Link, side: Side) -> Result<()> {
        let kept = side.other();
        self.state.forgive(link.id)?;
        let seen = self.state.observed_of_link(link.id)?;
        if let Some(row) = &seen[side] {
            self.state.unobserve(row.row)?;
        }
        let known = &link.sides[kept];
        self.state.remove_link(link.id)?;
        match (&seen[kept], &known.id) {
            (Some(row), _) if row.presence != Presence::Here => self.state.unobserve(row.row),
            (Some(row), _) => {
                let mut row = row.clone();
                row.link = None;
                row.base_flags = Some(known.flags.clone());
                row.identity.digest = row.identity.digest.or(known.digest);
                row.first_seen = known.first_seen.or(row.first_seen);
                self.state.observe(link.pair, &row)
            }
            (None, Some(id)) if !known.released => {
                let row = of_link(kept, id.clone(), link, known);
                self.state.observe(link.pair, &row)
            }
            (None, _) => Ok(()),
        }
    }

    fn join_groups(&mut self, pair: PairId, by: GroupBy) -> Result<()> {
        for key in self.state.identity_groups(pair, by)? {
            let mut sides = Both::new(Vec::new(), Vec::new());
            for side in Side::BOTH {
                sides[side] = self.state.group(pair, side, &key)?;
                sides[side].sort_by(canonical_order);
            }
            for (l, r) in pair_by_identity(&sides.left, &sides.right) {
                let (Some(left), Some(right)) = (sides.left.get(l), sides.right.get(r)) else {
                    continue;
                };
                let dates = match (left.date, right.date) {
                    (Some(a), Some(b)) => a.seconds == b.seconds,
                    _ => true,
                };
                if by != GroupBy::MessageId || dates {
                    self.join_items(pair, left, right)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn join_items(
        &mut self,
        pair: PairId,
        left: &Observed,
        right: &Observed,
    ) -> Result<()> {
        let mut joined = join(left, right);
        if let (false, Some(a), Some(b)) = (joined.equal, &left.body, &right.body) {
            joined.equal = self.is_one_to(Side::Left, left.kind, a, b)?
                || self.is_one_to(Side::Right, right.kind, a, b)?;
        }
        let mut link = Link {
            id: 0,
            pair,
            kind: left.kind,
            sides: Both::default(),
            retired: false,
        };
        for (seen, flags) in [(left, &joined.left_flags), (right, &joined.right_flags)] {
            let side = &mut link.sides[seen.side];
            side.absorb(seen);
            side.flags = flags.clone();
            if !joined.equal {
                side.base = None;
            }
            if !joined.equal || seen.flags != *flags {
                // What was seen is a change against this base, also when it is listed again.
                side.revision = None;
            }
        }
        let id = self.state.add_link(&link)?;
        for seen in [left, right] {
            let side = &link.sides[seen.side];
            if side.revision.is_some() {
                self.state.unobserve(seen.row)?;
            } else {
                let mut row = seen.clone();
                row.link = Some(id);
                self.state.observe(pair, &row)?;
            }
        }
        Ok(())
    }
}

/// An observation with what a fetch taught.
fn learned(mut row: Observed, item: &Item) -> Result<Observed> {
    if row.revision.as_ref() != Some(&item.revision) {
        row.revision = Some(item.revision.clone());
        row.flags = item.flags.clone();
        row.refused = None;
    }
    row.date = item.date.or(row.date);
    row.size = item.size.or(row.size);
    let identity = item.identity.clone();
    row.identity.digest = identity.digest.or(row.identity.digest);
    row.identity.message_id = identity.message_id.or(row.identity.message_id);
    row.identity.uid = identity.uid.or(row.identity.uid);
    row.identity.object_id = identity.object_id.or(row.identity.object_id);
    if let Some(body) = item.body.as_ref().filter(|_| item.kind.is_mutable()) {
        let body = body.read(PIM_LIMIT)?;
        row.identity.uid = row.identity.uid.or_else(|| merge::uid(&body));
        row.body = Some(body);
    }
    Ok(row)
}

/// The observation of an item as its link knew it.
fn of_link(side: Side, item: ItemId, link: &Link, known: &LinkSide) -> Observed {
    let mut identity = crate::model::Identity {
        digest: known.digest,
        ..crate::model::Identity::default()
    };
    identity.object_id.clone_from(&known.object_id);
    if link.kind.is_mutable() {
        identity.uid.clone_from(&known.name);
    } else {
        identity.message_id.clone_from(&known.name);
    }
    Observed {
        row: 0,
        side,
        link: None,
        item,
        kind: link.kind,
        presence: Presence::Here,
        revision: known.revision.clone(),
        flags: known.flags.clone(),
        date: None,
        size: known.digest.map(|d| d.size),
        identity,
        body: known.base.clone(),
        base_flags: Some(known.flags.clone()),
        refused: None,
        first_seen: known.first_seen,
    }
}
