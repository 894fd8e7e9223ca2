//! Writes: batches cut into runs, and flags.

use std::collections::{BTreeMap, HashMap, HashSet};

use sync_core::model::{CollectionId, Flags, ItemId, NewItem, Revision};
use sync_core::source::{Mutation, Op, Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{Call, Changed, Client, FetchPart};
use crate::wire::UidSet;
use crate::wire::command::{FetchItem, FetchModifiers, StoreAction};

use super::connection::Open;
use super::ident::{from_wire, guard_holds, revision, to_wire, uid_of};
use super::read::set_of;
use super::upload::{kept, read_only};
use super::{BATCH, ImapSource};

/// Neighbours in a batch that one exchange carries out.
enum Run {
    Create(Vec<NewItem>),
    Flags(Vec<SetFlags>),
    Delete(Vec<Target>),
    Move(Vec<Target>, CollectionId),
    /// What no mailbox can do.
    Never,
}

/// A message and the state in which it is expected.
pub(super) struct Target {
    pub(super) id: ItemId,
    pub(super) guard: Revision,
}

struct SetFlags {
    target: Target,
    add: Flags,
    remove: Flags,
}

/// What is known of a message right before it is written.
pub(super) struct Held {
    pub(super) flags: Flags,
    mod_seq: u64,
}

/// Messages right before they are written.
#[derive(Default)]
pub(super) struct Standing {
    held: HashMap<u32, Held>,
    /// Something could not be decoded: what is not here is not proven gone.
    doubtful: bool,
    /// No message that was looked at changed after this; `None` without mod-sequences.
    pub(super) unchanged_since: Option<u64>,
}

impl Standing {
    /// Whether a message may be written, or why not.
    pub(super) fn check(
        &self,
        target: &Target,
        uid_validity: u32,
    ) -> Result<(u32, &Held), Outcome> {
        let uid = uid_of(&target.id, uid_validity).ok_or(Outcome::Gone)?;
        let held = self.held.get(&uid).ok_or_else(|| match self.doubtful {
            true => Outcome::Refused(super::read::undecodable(&target.id)),
            false => Outcome::Gone,
        })?;
        if guard_holds(&target.guard, &held.flags) {
            Ok((uid, held))
        } else {
            Err(Outcome::Stale)
        }
    }
}

impl ImapSource {
    /// Carries out a batch in order.
    pub(super) async fn write(
        &mut self,
        c: &CollectionId,
        batch: Vec<Mutation>,
    ) -> Result<Vec<Outcome>> {
        self.statuses.remove(c);
        let mut outcomes = Vec::with_capacity(batch.len());
        for run in runs(batch) {
            let done = match run {
                Run::Create(new) => self.create(c, new).await?,
                Run::Flags(changes) => self.set_flags(c, changes).await?,
                Run::Delete(targets) => self.delete(c, targets).await?,
                Run::Move(targets, to) => {
                    self.statuses.remove(&to);
                    self.move_to(c, targets, &to).await?
                }
                Run::Never => {
                    let text = "the content of a message cannot be changed";
                    vec![Outcome::Refused(Error::new(ErrorKind::Unsupported, text))]
                }
            };
            outcomes.extend(done);
        }
        Ok(outcomes)
    }

    async fn set_flags(
        &mut self,
        c: &CollectionId,
        changes: Vec<SetFlags>,
    ) -> Result<Vec<Outcome>> {
        let (client, open) = self.open(c).await?;
        let standing = look(client, &open, changes.iter().map(|change| &change.target)).await?;
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(changes.len());
        // Equal changes share a command.
        let mut groups: BTreeMap<(String, String), Vec<u32>> = BTreeMap::new();
        let mut now: HashMap<u32, Flags> = HashMap::new();
        for change in &changes {
            let (uid, held) = match standing.check(&change.target, open.uid_validity) {
                Ok(found) => found,
                Err(outcome) => {
                    outcomes.push(Some(outcome));
                    continue;
                }
            };
            let add = kept(&change.add, &open).difference(&held.flags);
            let remove = change.remove.intersection(&held.flags);
            now.insert(uid, held.flags.union(&add).difference(&remove));
            if add.is_empty() && remove.is_empty() {
                outcomes.push(None);
            } else if open.read_only {
                outcomes.push(Some(Outcome::Refused(read_only())));
            } else {
                let key = (add.to_string(), remove.to_string());
                groups.entry(key).or_default().push(uid);
                outcomes.push(None);
            }
        }
        let mut refused = HashMap::new();
        let stale = store(client, &standing, groups, &mut now, &mut refused).await?;
        let outcome = |change: &SetFlags| {
            let Some(uid) = uid_of(&change.target.id, open.uid_validity) else {
                return Outcome::Gone;
            };
            if stale.contains(&uid) {
                return Outcome::Stale;
            }
            if let Some(why) = refused.get(&uid) {
                return Outcome::Refused(Error::new(ErrorKind::Refused, String::clone(why)));
            }
            let flags = now.get(&uid).cloned().unwrap_or_default();
            Outcome::Done(Stored {
                id: None,
                revision: Some(revision(&flags)),
                flags: Some(flags),
            })
        };
        let changed = changes.iter().zip(outcomes);
        Ok(changed
            .map(|(change, early)| early.unwrap_or_else(|| outcome(change)))
            .collect())
    }
}

/// Sends the groups, all in flight together; says who was faster elsewhere.
async fn store(
    client: &mut Client,
    standing: &Standing,
    groups: BTreeMap<(String, String), Vec<u32>>,
    now: &mut HashMap<u32, Flags>,
    refused: &mut HashMap<u32, String>,
) -> Result<HashSet<u32>> {
    let mut stale = HashSet::new();
    let mut second = Vec::new();
    let mut first = Vec::new();
    for ((add, remove), uids) in groups {
        let (add, remove) = (Flags::parse(&add), Flags::parse(&remove));
        match (add.is_empty(), remove.is_empty()) {
            (true, _) => first.push((StoreAction::Remove, remove, uids)),
            (false, true) => first.push((StoreAction::Add, add, uids)),
            (false, false) => {
                // The first of the two is guarded; it moves the mod-sequence that the second
                // would be guarded by.
                first.push((StoreAction::Add, add, uids.clone()));
                second.push((StoreAction::Remove, remove, uids));
            }
        }
    }
    for (wave, guard) in [(first, standing.unchanged_since), (second, None)] {
        let mut pending = Vec::with_capacity(wave.len());
        for (action, flags, mut uids) in wave {
            uids.retain(|uid| !stale.contains(uid) && !refused.contains_key(uid));
            uids.sort_unstable();
            let set = set_of(uids);
            if set.is_empty() {
                continue;
            }
            let call = Call::uid_store(&set, action, &to_wire(&flags, None), false, guard);
            pending.push((set, client.send(call).await?));
        }
        for (set, pending) in pending {
            match super::read::answer(client.wait(pending).await)? {
                Ok(stored) => {
                    stale.extend(stored.modified.intersection(&set).iter());
                    stored.changed.iter().for_each(|told| learn(told, now));
                }
                Err(why) => refused.extend(set.iter().map(|uid| (uid, why.to_string()))),
            }
        }
    }
    Ok(stale)
}

/// The flags that the server says a message now has.
fn learn(told: &Changed, now: &mut HashMap<u32, Flags>) {
    if let Some(flags) = told.uid.and_then(|uid| now.get_mut(&uid)) {
        *flags = from_wire(&told.flags);
    }
}

/// Reads the flags of messages that are about to be written.
pub(super) async fn look<'a>(
    client: &mut Client,
    open: &Open,
    targets: impl Iterator<Item = &'a Target>,
) -> Result<Standing> {
    let mut uids: Vec<u32> = targets
        .filter_map(|target| uid_of(&target.id, open.uid_validity))
        .collect();
    uids.sort_unstable();
    let set: UidSet = set_of(uids);
    let mut standing = Standing::default();
    if set.is_empty() {
        return Ok(standing);
    }
    let mut items = vec![FetchItem::Uid, FetchItem::Flags];
    if open.mod_seq {
        items.push(FetchItem::ModSeq);
    }
    let mut stream = client
        .uid_fetch(&set, &items, &FetchModifiers::default())
        .await?;
    while let Some(part) = stream.next().await? {
        match part {
            FetchPart::Message(fetch) => {
                let (Some(uid), Some(flags)) = (fetch.uid, &fetch.flags) else {
                    continue;
                };
                let held = Held {
                    flags: from_wire(flags),
                    mod_seq: fetch.mod_seq.unwrap_or(0),
                };
                standing.held.insert(uid, held);
            }
            FetchPart::Undecodable(_) => standing.doubtful = true,
            _ => {}
        }
    }
    let counted = open.mod_seq && standing.held.values().all(|held| held.mod_seq > 0);
    let last = standing.held.values().map(|held| held.mod_seq).max();
    standing.unchanged_since = last.filter(|_| counted);
    Ok(standing)
}

/// Cuts a batch into runs of neighbours that go together; no message is in a run twice.
fn runs(batch: Vec<Mutation>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut named: HashSet<ItemId> = HashSet::new();
    for mutation in batch {
        let target = |id: &ItemId, guard: &Revision| Target {
            id: id.clone(),
            guard: guard.clone(),
        };
        let again = match &mutation.op {
            Op::SetFlags { id, .. } | Op::Delete { id, .. } | Op::Move { id, .. } => {
                !named.insert(id.clone())
            }
            Op::Create(_) | Op::Replace { .. } => false,
        };
        if again {
            named.clear();
            // An empty run parts its neighbours.
            runs.push(Run::Create(Vec::new()));
        }
        let last = runs.last_mut();
        match (mutation.op, last) {
            (Op::Create(new), Some(Run::Create(run))) if run.len() < BATCH => run.push(new),
            (Op::Create(new), _) => runs.push(Run::Create(vec![new])),
            (
                Op::SetFlags {
                    id,
                    guard,
                    add,
                    remove,
                },
                last,
            ) => {
                named.insert(id.clone());
                let change = SetFlags {
                    target: target(&id, &guard),
                    add,
                    remove,
                };
                match last {
                    Some(Run::Flags(run)) if run.len() < BATCH => run.push(change),
                    _ => runs.push(Run::Flags(vec![change])),
                }
            }
            (Op::Delete { id, guard }, last) => {
                named.insert(id.clone());
                match last {
                    Some(Run::Delete(run)) if run.len() < BATCH => run.push(target(&id, &guard)),
                    _ => runs.push(Run::Delete(vec![target(&id, &guard)])),
                }
            }
            (Op::Move { id, guard, to }, last) => {
                named.insert(id.clone());
                match last {
                    Some(Run::Move(run, there)) if *there == to && run.len() < BATCH => {
                        run.push(target(&id, &guard));
                    }
                    _ => runs.push(Run::Move(vec![target(&id, &guard)], to)),
                }
            }
            (Op::Replace { .. }, _) => runs.push(Run::Never),
        }
    }
    runs.retain(|run| !matches!(run, Run::Create(new) if new.is_empty()));
    runs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn flags(id: &str) -> Op {
        Op::SetFlags {
            id: id.into(),
            guard: "".into(),
            add: Flags::parse("\\Seen"),
            remove: Flags::default(),
        }
    }

    fn delete(id: &str) -> Op {
        Op::Delete {
            id: id.into(),
            guard: "".into(),
        }
    }

    fn go(id: &str, to: &str) -> Op {
        Op::Move {
            id: id.into(),
            guard: "".into(),
            to: to.into(),
        }
    }

    fn cut(ops: Vec<Op>) -> String {
        let batch = ops.into_iter().map(|op| Mutation { key: 1, op }).collect();
        let words: Vec<String> = runs(batch)
            .iter()
            .map(|run| match run {
                Run::Create(new) => format!("c{}", new.len()),
                Run::Flags(changes) => format!("f{}", changes.len()),
                Run::Delete(targets) => format!("d{}", targets.len()),
                Run::Move(targets, to) => format!("m{}{to}", targets.len()),
                Run::Never => "n".to_owned(),
            })
            .collect();
        words.join(" ")
    }

    #[test]
    fn neighbours_of_one_kind_go_together() {
        let ops = vec![flags("1"), flags("2"), delete("3"), delete("4"), flags("5")];
        assert_eq!(cut(ops), "f2 d2 f1");
        let ops = vec![go("1", "a"), go("2", "a"), go("3", "b")];
        assert_eq!(cut(ops), "m2a m1b");
    }

    #[test]
    fn a_message_is_in_a_run_once() {
        assert_eq!(
            cut(vec![flags("1"), flags("2"), flags("1"), flags("3")]),
            "f2 f2"
        );
        assert_eq!(cut(vec![flags("1"), delete("1"), delete("1")]), "f1 d1 d1");
    }

    #[test]
    fn a_run_is_as_long_as_a_command_can_be() {
        let ops = (0..BATCH + 1).map(|n| flags(&n.to_string())).collect();
        assert_eq!(cut(ops), format!("f{BATCH} f1"));
    }
}
