use std::collections::{BTreeMap, BTreeSet};

use super::model::{Made, Model};
use super::play::{FLAGS, PROPERTIES, World, lock, token};
use crate::engine::Mode;
use crate::local::memory::Held;
use crate::model::{Both, Flags, Side};
use crate::reconcile::{ConflictRule, Direction};

type Verdict = Result<(), String>;

/// Lets the world come to rest and checks the promises.
pub(super) async fn audit(world: &mut World) -> Verdict {
    world.mend();
    let before = Both::from_fn(|side| listing(world, side));
    // Promise 8: a plan writes nothing, and says the same when asked twice.
    let first = plan(world).await?;
    if plan(world).await? != first {
        return Err("a plan changed what the next plan says".into());
    }
    for side in Side::BOTH {
        if listing(world, side) != before[side] {
            return Err(format!("a plan changed the {side} side"));
        }
    }
    let done = run(world, Mode::Sync).await?;
    let written = Both::new(done.written(Side::Left), done.written(Side::Right));
    let moves = written.left.moved + written.right.moved;
    let setup = &world.scenario.setup;
    let exact = setup.conflict != ConflictRule::Duplicate
        && moves == 0
        && setup.servers.left.returns_ids
        && setup.servers.right.returns_ids;
    let settled_at_once = done.pairs.iter().all(crate::engine::PairReport::is_settled);
    if exact && settled_at_once && written != first {
        return Err(format!("the plan said {first:?}, the run did {written:?}"));
    }
    let last = run(world, Mode::Sync).await?;
    if last.pairs.iter().any(|pair| pair.waiting > 0) {
        // Without a base two versions may wait for a person.
        return Ok(());
    }
    is_in_step(world)?;
    is_quiet(world).await?;
    nothing_is_lost(world)?;
    what_shall_leave_leaves(world).await?;
    nothing_is_lost(world)
}

/// Where items leave a side: none is ever on neither, also between the runs of a bad day.
pub(super) fn nothing_left_early(world: &World) -> Verdict {
    let Some(leaving) = world.scenario.setup.leaving else {
        return Ok(());
    };
    let held = Side::BOTH.map(|side| all(world, side)).concat();
    let held: BTreeSet<String> = held.iter().map(|(_, held)| token(&held.content)).collect();
    let model = lock(&world.model);
    let mut made = model.items.iter().filter(|(_, made)| !made.deleted);
    match made.find(|(name, _)| !held.contains(*name)) {
        Some((name, _)) => Err(format!(
            "{name} left the {} side and is nowhere",
            leaving.side
        )),
        None => Ok(()),
    }
}

/// Once its time is up, nothing stays where it shall leave and is held on the other side.
async fn what_shall_leave_leaves(world: &mut World) -> Verdict {
    let Some(leaving) = world.scenario.setup.leaving else {
        return Ok(());
    };
    world.now += 24 * 3600;
    run(world, Mode::Sync).await?;
    nothing_left_early(world)?;
    if !world.writes(leaving.side.other()) {
        return Ok(());
    }
    match all(world, leaving.side).first() {
        Some((path, held)) => Err(format!(
            "{} in {path} did not leave the {} side",
            token(&held.content),
            leaving.side
        )),
        None => Ok(()),
    }
}

async fn run(world: &mut World, mode: Mode) -> Result<crate::engine::Report, String> {
    for side in Side::BOTH {
        world.stores[side].clear_log();
    }
    let report = world
        .run(mode)
        .await
        .map_err(|e| format!("a run at rest failed: {e}"))?;
    if let Some(pair) = report
        .pairs
        .iter()
        .find(|p| p.error.is_some() || p.guard.is_some())
    {
        return Err(format!("a collection is stopped at rest: {pair:?}"));
    }
    let asks = world.scenario.setup.conflict == ConflictRule::Ask;
    let lost = lock(&world.model).lost_state;
    if asks && !lost && report.pairs.iter().any(|p| p.waiting > 0) {
        return Err("a conflict that nobody caused".into());
    }
    for side in Side::BOTH {
        let writes = world.stores[side].totals().writes();
        let may = world.writes(side) || world.leaves(side);
        if writes > 0 && (mode == Mode::Plan || !may) {
            return Err(format!("{side} was written {writes} times and must not be"));
        }
    }
    Ok(report)
}

async fn plan(world: &mut World) -> Result<Both<crate::engine::Counts>, String> {
    let report = run(world, Mode::Plan).await?;
    Ok(Both::new(
        report.written(Side::Left),
        report.written(Side::Right),
    ))
}

/// Promise 3 and 4: a further run writes nothing and fetches no content.
async fn is_quiet(world: &mut World) -> Verdict {
    let report = run(world, Mode::Sync).await?;
    for side in Side::BOTH {
        let totals = world.stores[side].totals();
        if totals.writes() > 0 || report.writes() > 0 {
            return Err(format!("a further run writes on the {side} side: {report}"));
        }
        let one_way = world.scenario.setup.direction != Direction::Both;
        if totals.fetches() > 0 && !one_way && !world.keeps() {
            return Err(format!("a further run fetches from the {side} side"));
        }
    }
    Ok(())
}

fn all(world: &World, side: Side) -> Vec<(String, Held)> {
    let store = &world.stores[side];
    store
        .collections()
        .into_iter()
        .flat_map(|c| {
            let path = c.path.to_string();
            store
                .list(&c.id)
                .into_iter()
                .map(move |held| (path.clone(), held))
        })
        .collect()
}

fn listing(world: &World, side: Side) -> Vec<(String, Held)> {
    all(world, side)
}

/// What both sides can hold of an item.
fn shared(world: &World, path: &str, held: &Held) -> String {
    let servers = &world.scenario.setup.servers;
    let poor = servers.left.poor || servers.right.poor;
    let flags = if poor {
        Flags::of(held.flags.system)
    } else {
        held.flags.clone()
    };
    let text = String::from_utf8_lossy(&held.content);
    let mut lines: Vec<&str> = text.lines().collect();
    if world.scenario.setup.contacts {
        let own_uids = servers.left.makes_uids || servers.right.makes_uids;
        lines.retain(|line| {
            let own = own_uids && line.starts_with("UID:") || poor && line.starts_with("X-");
            !own && !line.starts_with("REV:")
        });
        lines.sort_unstable();
    }
    format!("{path} ({flags}) {}", lines.join("|"))
}

/// Promise 1: both sides agree on all that both can hold.
fn is_in_step(world: &World) -> Verdict {
    let setup = &world.scenario.setup;
    if setup.direction != Direction::Both || world.keeps() || setup.leaving.is_some() {
        return Ok(());
    }
    let mut sides = Both::from_fn(|side| {
        let items = all(world, side);
        items
            .iter()
            .map(|(path, held)| shared(world, path, held))
            .collect::<Vec<_>>()
    });
    sides.left.sort();
    sides.right.sort();
    if sides.left == sides.right {
        return Ok(());
    }
    let only = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|x| !b.contains(x)).cloned().collect()
    };
    Err(format!(
        "the sides differ ({} and {} items): left only {:#?}, right only {:#?}",
        sides.left.len(),
        sides.right.len(),
        only(&sides.left, &sides.right),
        only(&sides.right, &sides.left)
    ))
}

/// Promises 2 and 3: every item that nobody deleted is there, as often as it was made; every value
/// that nobody overwrote is there.
fn nothing_is_lost(world: &World) -> Verdict {
    let model = lock(&world.model);
    for side in Side::BOTH {
        let mut found: BTreeMap<String, Vec<Held>> = BTreeMap::new();
        for (_, held) in all(world, side) {
            found.entry(token(&held.content)).or_default().push(held);
        }
        // What a duplicated conflict left behind was made by nobody.
        let people = |(_, made): &(&String, &Made)| made.added.left + made.added.right > 0;
        for (name, made) in model.items.iter().filter(people) {
            let here = found.get(name).map_or(&[][..], Vec::as_slice);
            counted(world, side, name, made, here.len() as u64, &model)?;
            if world.scenario.setup.direction == Direction::Both && !made.deleted {
                for held in here {
                    uid_kept(world, side, name, made, held, &model)?;
                    values_kept(world, side, name, made, held, here.len(), &model)?;
                }
            }
        }
    }
    Ok(())
}

fn counted(
    world: &World,
    side: Side,
    name: &str,
    made: &Made,
    count: u64,
    model: &Model,
) -> Verdict {
    let (a, b) = (made.added.left, made.added.right);
    let one_way = world.scenario.setup.direction != Direction::Both;
    let setup = &world.scenario.setup;
    let moved = made.moved.left + made.moved.right;
    let here = match (setup.leaving, one_way) {
        // What left is not there; an equal one that came later is told from it by the link alone.
        (Some(leaving), _) if leaving.side == side => 0,
        (Some(_), false) if model.forgot || moved > 0 => a.max(b).min(1),
        (_, true) => made.added[side],
        (_, false) => a.max(b),
    };
    if !made.deleted && count < here {
        return Err(format!(
            "{name} is there {count} times on the {side} side, not {here}: lost"
        ));
    }
    let one = a + b == 1 && made.moved.left + made.moved.right == 0;
    let told = !one_way && !world.keeps() && !model.forgot && !model.broke;
    if one && told && !world.leaves(side) && model.survives(made) && count == 0 {
        return Err(format!(
            "{name} was edited on one side, deleted on the other, and is gone"
        ));
    }
    // What was moved while its link was lost, or on both sides, or where no server moves, may
    // stand in both places; so may what was edited in the old place after a run saw the new one.
    let servers = &setup.servers;
    let loose = model.lost_state
        || (made.moved.left > 0 && made.moved.right > 0)
        || (moved > 0 && made.deleted)
        || (made.moved_amid && !made.edits.is_empty())
        || !(servers.left.moves && servers.right.moves)
        || one_way
        || world.keeps()
        || setup.leaving.is_some_and(|l| l.absence_says_nothing);
    let extra = if loose { moved } else { 0 };
    // An equal pair that was made on both sides and then recreated by an edit against a deletion.
    let most = a + b + extra;
    let blind = model.broke && (model.forgot || moved > 0);
    if count > most && !blind {
        return Err(format!(
            "{name} is there {count} times on the {side} side, not {most}: doubled"
        ));
    }
    Ok(())
}

/// What was made where UIDs are kept keeps its own, whatever the other side makes of it.
fn uid_kept(
    world: &World,
    side: Side,
    name: &str,
    made: &Made,
    held: &Held,
    model: &Model,
) -> Verdict {
    let servers = &world.scenario.setup.servers;
    let keeps = !servers[side].makes_uids && made.added[side] > 0;
    let moved = made.moved.left + made.moved.right > 0;
    // Of twins that came while a run was listing, one is copied beside the other.
    let recreated = made.deleted || made.twins || moved || model.forgot;
    if !world.scenario.setup.contacts || !keeps || recreated {
        return Ok(());
    }
    let uid = format!("UID:{name}");
    match String::from_utf8_lossy(&held.content)
        .lines()
        .any(|line| line == uid)
    {
        true => Ok(()),
        false => Err(format!("{name} has another UID on the {side} side")),
    }
}

fn values_kept(
    world: &World,
    side: Side,
    name: &str,
    made: &Made,
    held: &Held,
    equals: usize,
    model: &Model,
) -> Verdict {
    // Of several equal messages it cannot be told which one was edited; of twins, which is whose.
    let some_left = world.leaves(side) && made.added.left + made.added.right > 1;
    if some_left
        || equals != 1
        || made.twins
        || made.moved.left + made.moved.right > 0
        || world.keeps()
    {
        return Ok(());
    }
    let contacts = world.scenario.setup.contacts;
    if contacts && model.lost_state {
        // Without a base the rule decides between two versions; the loser is in the history.
        return Ok(());
    }
    let names: &[&str] = if contacts { &PROPERTIES } else { &FLAGS };
    let servers = &world.scenario.setup.servers;
    for (index, property) in names.iter().enumerate() {
        let allowed = model.allowed(made, property);
        let unheld = index == 3 && (servers.left.poor || servers.right.poor);
        if allowed.is_empty() || unheld {
            continue;
        }
        let text = String::from_utf8_lossy(&held.content);
        let now = if contacts {
            let value = text
                .lines()
                .find_map(|l| l.strip_prefix(&format!("{property}:")));
            value.map(str::to_owned)
        } else {
            let set = !held.flags.intersection(&Flags::parse(property)).is_empty();
            set.then(|| "on".to_owned())
        };
        // After lost state or ids nothing tells a removal from what was never there.
        let resurrected = model.forgot && now.is_some() && allowed.contains(&None);
        if !allowed.contains(&now) && !resurrected {
            return Err(format!(
                "{property} of {name} is {now:?} on the {side} side, people set {allowed:?}: an \
                 edit is lost"
            ));
        }
    }
    Ok(())
}
