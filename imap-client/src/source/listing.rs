//! What changed in a mailbox.

use sync_core::model::{CollectionId, Cursor};
use sync_core::source::{ChangePage, Coverage};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{Call, FetchEnd, Pending, Selected};
use crate::wire::UidSet;
use crate::wire::command::{FetchItem, FetchModifiers, SearchKey};

use super::ImapSource;
use super::connection::{Open, mark_of, not_connected, options};
use super::cursor::{Known, Mark, Place, Unfinished, What};
use super::ident::{item_id, mailbox_name};
use super::read::{Gathered, answer, give_up, unless_refused, unreadable};
use super::trust::{Plan, Verdict, judge, plan};

/// How many ids without anything else one page holds.
const IDS: u64 = 20_000;

/// How long a set of UIDs in one command may be: some servers take lines of 8 KiB and no more.
pub(super) const SET_BYTES: usize = 7_500;

/// The rest of a listing.
#[derive(Debug)]
pub(super) struct Rest {
    collection: CollectionId,
    place: Unfinished,
    /// Messages to be fetched still.
    fetch: UidSet,
    /// Messages whose ids are to be named still.
    name: UidSet,
}

/// All that a listing tells of a message.
fn everything() -> [FetchItem; 4] {
    [
        FetchItem::Uid,
        FetchItem::Flags,
        FetchItem::InternalDate,
        FetchItem::Size,
    ]
}

fn lost() -> Error {
    Error::new(
        ErrorKind::CursorLost,
        "the mailbox has new UIDs (UIDVALIDITY), or the cursor is of another version",
    )
}

/// The UIDs below `end`; all of them if it is 0.
fn below(end: u32) -> UidSet {
    match end.checked_sub(1) {
        Some(0) => UidSet::new(),
        Some(last) => UidSet::from(1..=last),
        None => UidSet::from(1..=u32::MAX),
    }
}

impl ImapSource {
    pub(super) async fn list_changes(
        &mut self,
        c: &CollectionId,
        since: Option<&Cursor>,
    ) -> Result<ChangePage> {
        let place = match since {
            Some(cursor) => Some(Place::parse(cursor).ok_or_else(lost)?),
            None => None,
        };
        let status = self.statuses.remove(c);
        match (place, since) {
            (Some(Place::Known(known)), Some(cursor)) => {
                if let Some(mark) = status.filter(|mark| mark.uid_next > 0)
                    && plan(&known.mark, &mark) == Plan::Nothing
                {
                    self.seen.insert(c.clone(), mark);
                    return Ok(ChangePage::unchanged(cursor.clone()));
                }
                self.difference(c, known, cursor).await
            }
            (Some(Place::Unfinished(unfinished)), _) => self.next_page(c, unfinished).await,
            _ => self.snapshot(c, status).await,
        }
    }

    /// Selects a mailbox, with a FETCH behind it if there is one.
    async fn select(
        &mut self,
        c: &CollectionId,
        fetch: Vec<Call<FetchEnd>>,
    ) -> Result<(Open, Selected, Vec<Pending<FetchEnd>>)> {
        self.client().await?;
        self.open = None;
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let select = Call::select(&mailbox_name(c), options(client));
        let select = client.send(select).await?;
        let mut pending = Vec::with_capacity(fetch.len());
        for call in fetch {
            pending.push(client.send(call).await?);
        }
        let selected = client.wait(select).await?;
        // Not before the answers are waited for can the mailbox be another one.
        let open = Open::new(c, &selected)?;
        self.open = Some(open.clone());
        Ok((open, selected, pending))
    }

    async fn snapshot(&mut self, c: &CollectionId, status: Option<Mark>) -> Result<ChangePage> {
        let small = |messages: u32| usize::try_from(messages).is_ok_and(|n| n <= self.config.page);
        let at_once = status.is_some_and(|mark| small(mark.messages));
        let calls = if at_once { whole(0) } else { Vec::new() };
        let (open, selected, mut pending) = self.select(c, calls).await?;
        let then = Known {
            mark: mark_of(&selected),
            checked: self.now(),
            ..Known::default()
        };
        if selected.exists == 0 {
            pending.into_iter().for_each(give_up);
            return Ok(self.last_page(c, Coverage::Snapshot, then));
        }
        if pending.is_empty() {
            if !usize::try_from(selected.exists).is_ok_and(|n| n <= self.config.page) {
                return self.all(c, &open, then, 0).await;
            }
            pending = self.send_all(whole(0)).await?;
        }
        self.read_whole(c, &open, then, pending, 0, None).await
    }

    async fn send_all(&mut self, calls: Vec<Call<FetchEnd>>) -> Result<Vec<Pending<FetchEnd>>> {
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let mut pending = Vec::with_capacity(calls.len());
        for call in calls {
            pending.push(client.send(call).await?);
        }
        Ok(pending)
    }

    /// What changed since a listing that ended.
    async fn difference(
        &mut self,
        c: &CollectionId,
        known: Known,
        cursor: &Cursor,
    ) -> Result<ChangePage> {
        self.client().await?;
        let session = self.client.as_ref().ok_or_else(not_connected)?.session();
        let has = session.has("CONDSTORE") || session.has("QRESYNC");
        let counted = known.mark.mod_seq > 0 && has;
        let vanished = counted && session.is_enabled("QRESYNC");
        let small = usize::try_from(known.mark.messages).is_ok_and(|n| n <= self.config.page);
        let calls = if counted {
            let modifiers = FetchModifiers {
                changed_since: Some(known.mark.mod_seq),
                vanished,
                ..FetchModifiers::default()
            };
            vec![Call::uid_fetch(&UidSet::all(), &everything(), &modifiers)]
        } else if small {
            whole(known.mark.uid_next)
        } else {
            Vec::new()
        };
        let (open, selected, mut pending) = self.select(c, calls).await?;
        let now = mark_of(&selected);
        let fresh = Known {
            mark: now,
            checked: self.now(),
            ..Known::default()
        };
        match plan(&known.mark, &now) {
            Plan::Lost => {
                pending.into_iter().for_each(give_up);
                Err(lost())
            }
            Plan::Nothing => {
                pending.into_iter().for_each(give_up);
                self.seen.insert(c.clone(), now);
                Ok(ChangePage::unchanged(cursor.clone()))
            }
            Plan::Everything if counted || pending.is_empty() => {
                pending.into_iter().for_each(give_up);
                self.all(c, &open, fresh, known.mark.uid_next).await
            }
            Plan::Everything => {
                let below = known.mark.uid_next;
                let before = Some((known.fingerprint, cursor));
                self.read_whole(c, &open, fresh, pending, below, before)
                    .await
            }
            Plan::Since(mod_seq) => {
                let mut told = Gathered::default();
                let room = self.config.page;
                if let (Some(client), Some(pending)) = (&mut self.client, pending.pop()) {
                    let read = told.read(client, pending, open.uid_validity, room).await;
                    if unless_refused(read)?.is_none() {
                        return self.all(c, &open, fresh, known.mark.uid_next).await;
                    }
                }
                self.judge(c, &open, known, now, mod_seq, told, vanished)
                    .await
            }
        }
    }

    /// Believes what the server says of changes, or looks at all UIDs.
    #[allow(clippy::too_many_arguments)] // the two states of the mailbox, and what was told
    async fn judge(
        &mut self,
        c: &CollectionId,
        open: &Open,
        known: Known,
        mut now: Mark,
        since: u64,
        mut told: Gathered,
        vanished: bool,
    ) -> Result<ChangePage> {
        let clock = self.now();
        let end = if now.uid_next > 0 {
            now.uid_next
        } else {
            u32::MAX
        };
        let new = told.count(known.mark.uid_next, end);
        if now.uid_next == 0 {
            let last = told.uids().max().unwrap_or(0);
            now.uid_next = known.mark.uid_next.max(last.saturating_add(1));
        }
        let fresh = Known {
            mark: now,
            checked: clock,
            ..Known::default()
        };
        let verdict = match told.unknown {
            0 => judge(&known, &now, new, vanished.then_some(&told.vanished), clock),
            _ => Verdict::Everything,
        };
        match verdict {
            Verdict::Everything => self.all(c, open, fresh, known.mark.uid_next).await,
            Verdict::Believe(gone) => {
                let then = Known {
                    trusted: known.trusted.saturating_add(1),
                    checked: known.checked,
                    ..fresh
                };
                let rest = Rest {
                    collection: c.clone(),
                    place: Unfinished {
                        then,
                        what: What::Since(since),
                        from: 1,
                    },
                    fetch: std::mem::take(&mut told.more),
                    name: UidSet::new(),
                };
                let mut page = self.page(rest, open, told);
                let ids = gone.iter().map(|uid| item_id(open.uid_validity, uid));
                page.vanished = ids.collect();
                Ok(page)
            }
            Verdict::ListUids => {
                let uids = self.search(now.uid_next).await?;
                let all = told.uids();
                let unexplained = uids
                    .difference(&below(known.mark.uid_next))
                    .difference(&all);
                if !told.more.is_empty() || !unexplained.is_empty() {
                    return self.all(c, open, fresh, known.mark.uid_next).await;
                }
                told.items.retain(|uid, _| uids.contains(*uid));
                told.unreadable = told.unreadable.intersection(&uids);
                let mark = Mark {
                    messages: u32::try_from(uids.len()).unwrap_or(u32::MAX),
                    ..now
                };
                let rest = Rest {
                    collection: c.clone(),
                    place: Unfinished {
                        then: Known { mark, ..fresh },
                        what: What::Ids,
                        from: 1,
                    },
                    fetch: UidSet::new(),
                    name: uids.difference(&all),
                };
                Ok(self.page(rest, open, told))
            }
        }
    }

    /// Reads FETCHes of the whole mailbox.
    async fn read_whole(
        &mut self,
        c: &CollectionId,
        open: &Open,
        mut then: Known,
        pending: Vec<Pending<FetchEnd>>,
        flags_below: u32,
        before: Option<(u64, &Cursor)>,
    ) -> Result<ChangePage> {
        let mut told = Gathered::default();
        let room = self.config.page;
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let mut refused = None;
        for pending in pending {
            let read = told.read(client, pending, open.uid_validity, room).await;
            refused = answer(read)?.err().or(refused);
        }
        let mut uids = told.uids();
        if let Some(error) = refused.filter(|_| uids.is_empty()) {
            return Err(error.into());
        }
        let announced = then.mark.messages;
        if then.mark.uid_next == 0 {
            then.mark.uid_next = uids.max().unwrap_or(0).saturating_add(1);
        }
        if told.unknown > 0 || uids.len() < u64::from(announced) {
            // Absence would mean deletion, so a server that left some out is asked again.
            let there = self.search(then.mark.uid_next).await?;
            told.unreadable.union_with(&there.difference(&uids));
            uids.union_with(&there);
        }
        let counted = uids.intersection(&below(then.mark.uid_next)).len();
        then.mark.messages = u32::try_from(counted).unwrap_or(u32::MAX);
        if !open.mod_seq && told.more.is_empty() && told.unreadable.is_empty() {
            then.fingerprint = fingerprint(&told);
            if let Some((same, cursor)) = before
                && same == then.fingerprint
                && same > 0
            {
                self.seen.insert(c.clone(), then.mark);
                return Ok(ChangePage::unchanged(cursor.clone()));
            }
        }
        let rest = Rest {
            collection: c.clone(),
            place: Unfinished {
                then,
                what: What::All(flags_below),
                from: 1,
            },
            fetch: std::mem::take(&mut told.more),
            name: UidSet::new(),
        };
        Ok(self.page(rest, open, told))
    }

    /// Lists everything, page by page.
    async fn all(
        &mut self,
        c: &CollectionId,
        open: &Open,
        mut then: Known,
        flags_below: u32,
    ) -> Result<ChangePage> {
        let uids = self.search(then.mark.uid_next).await?;
        if then.mark.uid_next == 0 {
            then.mark.uid_next = uids.max().unwrap_or(0).saturating_add(1);
        }
        then.mark.messages = u32::try_from(uids.len()).unwrap_or(u32::MAX);
        let rest = Rest {
            collection: c.clone(),
            place: Unfinished {
                then,
                what: What::All(flags_below),
                from: 1,
            },
            fetch: uids,
            name: UidSet::new(),
        };
        self.fetch_page(rest, open).await
    }

    /// All UIDs below `end`.
    async fn search(&mut self, end: u32) -> Result<UidSet> {
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let found = client.uid_search(&SearchKey::All).await?;
        Ok(found.uids.intersection(&below(end)))
    }

    async fn next_page(&mut self, c: &CollectionId, place: Unfinished) -> Result<ChangePage> {
        let kept = self.listing.take();
        let kept = kept.filter(|rest| rest.collection == *c && rest.place == place);
        let name = mailbox_name(c);
        let selected = self
            .client
            .as_ref()
            .is_some_and(|client| client.is_usable() && client.selected() == Some(&name));
        let open = match self.open.clone().filter(|open| selected && open.id == *c) {
            Some(open) => open,
            None => self.open(c).await?.1,
        };
        if open.uid_validity != place.then.mark.uid_validity {
            return Err(lost());
        }
        if let Some(rest) = kept {
            return self.fetch_page(rest, &open).await;
        }
        let mut rest = Rest {
            collection: c.clone(),
            place,
            fetch: UidSet::new(),
            name: UidSet::new(),
        };
        let left = |uids: UidSet| uids.difference(&below(place.from.max(1)));
        match place.what {
            What::All(_) => rest.fetch = left(self.search(place.then.mark.uid_next).await?),
            What::Ids => rest.name = left(self.search(place.then.mark.uid_next).await?),
            What::Since(mod_seq) => {
                let modifiers = FetchModifiers {
                    changed_since: Some(mod_seq),
                    ..FetchModifiers::default()
                };
                let uids = UidSet::open(place.from);
                let calls = vec![Call::uid_fetch(&uids, &everything(), &modifiers)];
                let mut told = Gathered::default();
                let pending = self.send_all(calls).await?;
                let client = self.client.as_mut().ok_or_else(not_connected)?;
                for pending in pending {
                    told.read(client, pending, open.uid_validity, self.config.page)
                        .await?;
                }
                rest.fetch = std::mem::take(&mut told.more);
                return Ok(self.page(rest, &open, told));
            }
        }
        self.fetch_page(rest, &open).await
    }

    /// Fetches what belongs on the next page.
    async fn fetch_page(&mut self, mut rest: Rest, open: &Open) -> Result<ChangePage> {
        let mut told = Gathered::default();
        let room = self.config.page.max(1);
        let some = rest.fetch.take_first(room as u64);
        if some.is_empty() {
            return Ok(self.page(rest, open, told));
        }
        let flags_below = match rest.place.what {
            What::All(uid) if uid > 0 => below(uid),
            _ => UidSet::new(),
        };
        let old = some.intersection(&flags_below);
        let new = some.difference(&flags_below);
        let flags = [FetchItem::Uid, FetchItem::Flags];
        let none = FetchModifiers::default();
        let old = old
            .chunks(SET_BYTES)
            .map(|set| Call::uid_fetch(&set, &flags, &none));
        let new = new
            .chunks(SET_BYTES)
            .map(|set| Call::uid_fetch(&set, &everything(), &none));
        let calls: Vec<Call<FetchEnd>> = old.chain(new).collect();
        let pending = self.send_all(calls).await?;
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        for pending in pending {
            // More than was asked for is what others changed meanwhile.
            let read = told.read(client, pending, open.uid_validity, usize::MAX);
            unless_refused(read.await)?;
        }
        let missing = some.difference(&told.uids());
        if !missing.is_empty() {
            let key = SearchKey::Uid(missing);
            told.unreadable
                .union_with(&client.uid_search(&key).await?.uids);
        }
        told.items.retain(|uid, _| some.contains(*uid));
        Ok(self.page(rest, open, told))
    }

    /// One page of what was told, and where to go on.
    fn page(&mut self, mut rest: Rest, open: &Open, told: Gathered) -> ChangePage {
        let named = told.items.len() as u64;
        let ids = rest
            .name
            .take_first(IDS.saturating_sub(named.min(IDS)).max(1));
        let more = !rest.fetch.is_empty() || !rest.name.is_empty();
        let coverage = match rest.place.what {
            What::All(_) | What::Ids => Coverage::Snapshot,
            What::Since(_) => Coverage::Delta,
        };
        let mut page = if more {
            let next = rest.fetch.min().into_iter().chain(rest.name.min()).min();
            rest.place.from = next.unwrap_or(1);
            let mut page = ChangePage::new(coverage, Place::Unfinished(rest.place).to_cursor());
            page.more = true;
            self.listing = Some(rest);
            page
        } else {
            self.last_page(&rest.collection, coverage, rest.place.then)
        };
        page.unreadable = unreadable(&told.unreadable, open.uid_validity);
        page.changed = told.items.into_values().collect();
        page.present = ids
            .iter()
            .map(|uid| item_id(open.uid_validity, uid))
            .collect();
        page
    }

    fn last_page(&mut self, c: &CollectionId, coverage: Coverage, then: Known) -> ChangePage {
        self.seen.insert(c.clone(), then.mark);
        ChangePage::new(coverage, Place::Known(then).to_cursor())
    }
}

/// FETCHes of all messages; of those below a UID the flags alone.
fn whole(flags_below: u32) -> Vec<Call<FetchEnd>> {
    let none = FetchModifiers::default();
    let flags = [FetchItem::Uid, FetchItem::Flags];
    let mut calls = Vec::new();
    let old = match flags_below {
        0 => UidSet::new(),
        uid => below(uid),
    };
    if !old.is_empty() {
        calls.push(Call::uid_fetch(&old, &flags, &none));
    }
    let from = flags_below.max(1);
    calls.push(Call::uid_fetch(&UidSet::open(from), &everything(), &none));
    calls
}

/// Stands for all UIDs with their flags (FNV-1a, 64 bits); never 0.
fn fingerprint(told: &Gathered) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (uid, item) in &told.items {
        let bytes = uid.to_be_bytes();
        for byte in bytes.iter().chain(item.revision.as_str().as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash.max(1)
}
