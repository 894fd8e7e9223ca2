use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::audit;
use super::model::Model;
use super::script::{Edit, EditOp, Leaving, Scenario, Setup, Step, Weather};
use crate::engine::{Engine, Mode, Report, Silent};
use crate::error::{Error, ErrorKind, Result};
use crate::local::memory::{Broken, Fault, FaultPlan, Ids};
use crate::local::{MemoryOptions, MemoryStore};
use crate::model::{
    Both, CollectionId, Flags, Identity, ItemKind, KindSet, NewItem, Side, Timestamp,
};
use crate::reconcile::{ConflictRule, Deletes, Direction, Leave, MaxDeletes, Rules};
use crate::source::Absence;
use crate::state::{SqliteState, State as _};

/// The collections of each side.
const COLLECTIONS: [&str; 2] = ["INBOX", "Archive"];

/// Flags of messages; the keyword is one that a poor side drops.
pub(super) const FLAGS: [&str; 4] = ["\\Seen", "\\Flagged", "\\Answered", "$Work"];
/// Properties of contacts; the last one is one that a poor side drops.
pub(super) const PROPERTIES: [&str; 4] = ["FN", "NOTE", "TITLE", "X-PET"];

/// What a side that makes UIDs up can hold of a contact.
const HELD: [&str; 4] = ["N", "FN", "NOTE", "TITLE"];

/// The world of a scenario.
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) stores: Both<MemoryStore>,
    pub(super) model: Arc<Mutex<Model>>,
    pub(super) state: SqliteState,
    /// Unix seconds.
    pub(super) now: i64,
    counter: Arc<AtomicU64>,
    broken: Vec<(Side, String)>,
    /// The last run was disturbed: copies may be there that are not known as such yet.
    disturbed: bool,
}

/// Plays a scenario to its end and says what is wrong then.
pub(super) fn play(scenario: &Scenario) -> std::result::Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let mut world = World::new(scenario.clone()).map_err(|e| e.to_string())?;
        for step in &scenario.steps {
            world.step(step).await?;
            audit::nothing_left_early(&world)?;
        }
        audit::audit(&mut world).await
    })
}

pub(super) fn lock(model: &Mutex<Model>) -> MutexGuard<'_, Model> {
    model.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    fn new(scenario: Scenario) -> Result<Self> {
        let kinds = if scenario.setup.contacts {
            KindSet::CONTACTS
        } else {
            KindSet::MAIL
        };
        let stores = Both::from_fn(|side| {
            let store = MemoryStore::new(options(side, kinds, &scenario.setup));
            COLLECTIONS
                .into_iter()
                .for_each(|path| drop(store.add_collection(path, kinds)));
            store
        });
        Ok(Self {
            scenario,
            stores,
            model: Arc::default(),
            state: SqliteState::in_memory()?,
            now: 1_000_000,
            counter: Arc::default(),
            broken: Vec::new(),
            disturbed: false,
        })
    }

    pub(super) fn rules(&self) -> Rules {
        let setup = &self.scenario.setup;
        Rules {
            direction: setup.direction,
            conflict: setup.conflict,
            deletes: setup.deletes,
            max_deletes: MaxDeletes::Percent(100),
            leave: Both::from_fn(|side| match setup.leaving {
                Some(leaving) if leaving.side == side => leaving.leave,
                _ => Leave::Always,
            }),
            ..Rules::default()
        }
    }

    async fn step(&mut self, step: &Step) -> std::result::Result<(), String> {
        match step {
            Step::Edit(edit) => self.editor(self.disturbed).carry_out(*edit),
            Step::Sync(weather) => self.sync(weather).await?,
            Step::LoseState => {
                let mut model = lock(&self.model);
                model.window += 2;
                model.forgot = true;
                model.lost_state = true;
                drop(model);
                self.state = SqliteState::in_memory().map_err(|e| e.to_string())?;
            }
            Step::LoseCursors(side, renewed) => {
                lock(&self.model).forgot |= *renewed;
                let ids = if *renewed { Ids::Renewed } else { Ids::Kept };
                self.stores[*side].lose_cursors(ids);
            }
            Step::Break(side, pick) => {
                lock(&self.model).broke = true;
                if let Some((c, held)) = nth(&self.stores[*side], *pick) {
                    let broken = if pick.is_multiple_of(2) {
                        Broken::Fetch
                    } else {
                        Broken::Listing
                    };
                    drop(self.stores[*side].set_broken(&c, &held, Some(broken)));
                    self.broken
                        .push((*side, self.editor(false).token(*side, &c, &held)));
                }
            }
        }
        Ok(())
    }

    fn editor(&self, disturbed: bool) -> Editor {
        let servers = &self.scenario.setup.servers;
        let rewrites = Side::BOTH
            .iter()
            .any(|s| servers[*s].rewrites || servers[*s].poor);
        Editor {
            stores: self.stores.clone(),
            model: Arc::clone(&self.model),
            counter: Arc::clone(&self.counter),
            contacts: self.scenario.setup.contacts,
            removes: !(disturbed && rewrites),
            partition: self.scenario.setup.conflict == ConflictRule::Ask,
            poor: Both::from_fn(|side| self.scenario.setup.servers[side].poor),
        }
    }

    /// A run in this weather; what goes wrong is what was ordered.
    async fn sync(&mut self, weather: &Weather) -> std::result::Result<(), String> {
        for side in Side::BOTH {
            let from = self.stores[side].requests();
            let mut plan = FaultPlan::default();
            for (_, n, when) in weather.faults.iter().filter(|(s, ..)| *s == side) {
                plan.at.insert(from + n, Fault::new(*when));
            }
            self.stores[side].set_faults(plan);
            let edits: Vec<(u64, Edit)> = weather.third_parties.clone();
            if !edits.is_empty() {
                let (editor, calls) = (self.editor(true), AtomicU64::new(0));
                self.stores[side].set_hook(Some(Arc::new(move |_: &MemoryStore, _: &_| {
                    let now = 1 + calls.fetch_add(1, Ordering::Relaxed);
                    for (_, edit) in edits.iter().filter(|(n, e)| *n == now && e.side == side) {
                        editor.carry_out(*edit);
                    }
                })));
            }
        }
        if let Some((nth, after)) = weather.crash {
            let mut commits = 0;
            self.state.set_fault(Some(Box::new(move |late| {
                if late == after {
                    commits += 1;
                    if commits == nth {
                        return Err(Error::new(ErrorKind::State, "the process died"));
                    }
                }
                Ok(())
            })));
        }
        self.disturbed |= !weather.is_fine();
        self.now += 3600;
        lock(&self.model).window += 1;
        let report = self.run(Mode::Sync).await;
        lock(&self.model).window += 1;
        for side in Side::BOTH {
            self.stores[side].set_hook(None);
            self.stores[side].set_faults(FaultPlan::default());
        }
        self.state.set_fault(None);
        self.state.rollback();
        match report {
            Ok(report) if weather.is_fine() && report.is_settled() => {
                self.disturbed = false;
                // What was set before is settled; only later edits compete with each other.
                lock(&self.model).epoch += 1;
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) if !weather.is_fine() => Ok(()),
            Err(error) => Err(format!("a run in fine weather failed: {error}")),
        }
    }

    pub(super) async fn run(&mut self, mode: Mode) -> Result<Report> {
        let (mut left, mut right) = (self.stores.left.source(), self.stores.right.source());
        let now = self.now;
        let engine = Engine::new("sim", self.rules()).with_clock(Arc::new(move || now));
        engine
            .run(
                Both::new(&mut left, &mut right),
                &mut self.state,
                mode,
                &Silent,
            )
            .await
    }

    /// Mends everything that was broken, and touches it so that it is tried again.
    pub(super) fn mend(&mut self) {
        for (side, broken) in self.broken.drain(..) {
            let store = &self.stores[side];
            for c in store.collections() {
                for held in store
                    .list(&c.id)
                    .iter()
                    .filter(|h| token(&h.content) == broken)
                {
                    drop(store.set_broken(&c.id, &held.id, None));
                    let touched = held.flags.union(&Flags::parse("\\Draft"));
                    drop(store.set_flags(&c.id, &held.id, &touched));
                }
            }
        }
    }

    /// Whether the engine may write to this side; said here by itself, not asked of the rules.
    pub(super) fn writes(&self, side: Side) -> bool {
        match self.scenario.setup.direction {
            Direction::Both => true,
            Direction::LeftToRight => side == Side::Right,
            Direction::RightToLeft => side == Side::Left,
        }
    }

    /// Whether items leave this side.
    pub(super) fn leaves(&self, side: Side) -> bool {
        self.scenario.setup.leaving.is_some_and(|l| l.side == side)
    }

    /// Whether what is gone from one side may stay on the other.
    pub(super) fn keeps(&self) -> bool {
        self.scenario.setup.deletes == Deletes::Keep
    }
}

fn options(side: Side, kinds: KindSet, setup: &Setup) -> MemoryOptions {
    let server = &setup.servers[side];
    let shy = |leaving: Leaving| leaving.side == side && leaving.absence_says_nothing;
    let mut options = MemoryOptions {
        account: side.to_string(),
        kinds,
        listing: server.listing,
        page_items: server.page_items,
        batch_items: server.batch_items,
        inline_bodies: server.inline_bodies,
        returns_ids: server.returns_ids,
        returns_revisions: server.returns_revisions,
        writes_move_cursor: server.writes_move_cursor,
        moves: server.moves,
        absence: match setup.leaving.is_some_and(shy) {
            true => Absence::Nothing,
            false => Absence::Deleted,
        },
        ..MemoryOptions::default()
    };
    if server.makes_uids {
        options.makes_uids = KindSet::CONTACTS;
        options.held = vec![(KindSet::CONTACTS, &HELD)];
    }
    let (rewrites, poor) = (server.rewrites, server.poor);
    if rewrites || poor {
        options.rewrite = Some(Arc::new(move |_: ItemKind, content: &[u8]| {
            rewrite(content, rewrites, poor)
        }));
    }
    if poor {
        options.flags_filter = Some(Arc::new(|flags: &Flags| Flags::of(flags.system)));
    }
    options
}

/// What a server makes of a contact: other order, other quoting, and without what it cannot hold.
fn rewrite(content: &[u8], reorder: bool, poor: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(content);
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("BEGIN:") && !line.starts_with("END:"))
        .filter(|line| !(poor && line.starts_with("X-")))
        .map(str::to_owned)
        .collect();
    if reorder {
        lines.sort();
        lines.reverse();
        lines.push("REV:20260101T000000Z".to_owned());
    }
    let mut out = String::from("BEGIN:VCARD\r\n");
    lines
        .iter()
        .filter(|l| !reorder || !l.is_empty())
        .for_each(|line| {
            out.push_str(line);
            out.push_str("\r\n");
        });
    out.push_str("END:VCARD\r\n");
    out.into_bytes()
}

/// The people who edit.
struct Editor {
    stores: Both<MemoryStore>,
    model: Arc<Mutex<Model>>,
    counter: Arc<AtomicU64>,
    contacts: bool,
    /// Properties are removed. Not from a copy that is not known as such yet, where a server drops
    /// what it cannot hold: nobody can tell the two apart, and the engine keeps the property.
    removes: bool,
    /// Each side edits properties of its own only, so that nobody causes a conflict.
    partition: bool,
    poor: Both<bool>,
}

fn nth(store: &MemoryStore, pick: u64) -> Option<(CollectionId, crate::model::ItemId)> {
    let all: Vec<_> = store
        .collections()
        .into_iter()
        .flat_map(|c| {
            store
                .list(&c.id)
                .into_iter()
                .map(move |held| (c.id.clone(), held.id))
        })
        .collect();
    let at = usize::try_from(pick % (all.len().max(1) as u64)).unwrap_or(0);
    all.into_iter().nth(at)
}

/// What names an item in the model: its subject, or its UID; where that was lost, the name that it
/// has besides.
pub(super) fn token(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let uid = value("UID:").filter(|uid| !uid.starts_with("made-"));
    let found = value("Subject: ").or(uid).or_else(|| value("N:"));
    found.unwrap_or_default().to_owned()
}

impl Editor {
    fn carry_out(&self, edit: Edit) {
        let Edit { side, pick, op } = edit;
        match op {
            EditOp::Add | EditOp::AddTwin => self.add(side, pick, matches!(op, EditOp::AddTwin)),
            EditOp::AddEqual => self.add_equal(side, pick),
            EditOp::Set(what) => self.set(side, pick, what, true),
            EditOp::Clear(what) => self.set(side, pick, what, false),
            EditOp::Delete => {
                if let Some((c, id)) = nth(&self.stores[side], pick) {
                    let token = self.token(side, &c, &id);
                    if self.stores[side].delete(&c, &id).is_ok() {
                        lock(&self.model).deleted(&token, side);
                    }
                }
            }
            EditOp::Move => self.relocate(side, pick),
        }
    }

    fn token(&self, side: Side, c: &CollectionId, id: &crate::model::ItemId) -> String {
        self.stores[side]
            .get(c, id)
            .map(|held| token(&held.content))
            .unwrap_or_default()
    }

    fn add(&self, side: Side, pick: u64, twin: bool) {
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        let c = CollectionId::new(if pick.is_multiple_of(3) {
            "Archive"
        } else {
            "INBOX"
        });
        if self.contacts {
            // Twins: both sides get a contact of the same UID, as after a migration.
            let uid = format!("u{n}");
            let sides: &[Side] = if twin && !self.partition {
                &Side::BOTH
            } else {
                &[side]
            };
            for side in sides {
                let name = format!("name-{n}-{side}");
                let text =
                    format!("BEGIN:VCARD\r\nUID:{uid}\r\nN:{uid}\r\nFN:{name}\r\nEND:VCARD\r\n");
                if self.put(*side, &c, &text, Some(uid.clone()), ItemKind::Contact) {
                    let mut model = lock(&self.model);
                    model.added(&uid, *side);
                    model.value(&uid, *side, "FN", Some(name));
                    if let Some(made) = model.items.get_mut(&uid) {
                        made.twins |= sides.len() > 1;
                    }
                }
            }
            return;
        }
        let id = match (twin, pick % 4) {
            (true, _) => "Message-ID: <shared@x>\r\n".to_owned(),
            (_, 0) => String::new(),
            _ => format!("Message-ID: <m{n}@x>\r\n"),
        };
        let text = format!("{id}Subject: t{n}\r\n\r\nbody\r\n");
        if self.put(side, &c, &text, None, ItemKind::Message) {
            lock(&self.model).added(&format!("t{n}"), side);
        }
    }

    fn put(
        &self,
        side: Side,
        c: &CollectionId,
        text: &str,
        uid: Option<String>,
        kind: ItemKind,
    ) -> bool {
        let new = NewItem {
            kind,
            flags: Flags::default(),
            date: Some(Timestamp::utc(1_000)),
            identity: Identity {
                uid,
                ..Identity::default()
            },
            body: text.into(),
        };
        self.stores[side].add(c, &new).is_ok()
    }

    fn add_equal(&self, side: Side, pick: u64) {
        if self.contacts {
            return self.add(side, pick, false);
        }
        let from = if pick.is_multiple_of(2) {
            Side::Left
        } else {
            Side::Right
        };
        let Some((c, id)) = nth(&self.stores[from], pick) else {
            return;
        };
        let Some(held) = self.stores[from].get(&c, &id) else {
            return;
        };
        let text = String::from_utf8_lossy(&held.content).into_owned();
        if self.put(side, &c, &text, None, ItemKind::Message) {
            lock(&self.model).added(&token(&held.content), side);
        }
    }

    fn set(&self, side: Side, pick: u64, what: u8, on: bool) {
        let Some((c, id)) = nth(&self.stores[side], pick) else {
            return;
        };
        let Some(held) = self.stores[side].get(&c, &id) else {
            return;
        };
        let token = token(&held.content);
        let what = usize::from(what) % 4;
        if !self.contacts {
            let Some(name) = FLAGS.get(what) else { return };
            if self.poor[side] && what == 3 {
                return;
            }
            let flag = Flags::parse(name);
            let flags = if on {
                held.flags.union(&flag)
            } else {
                held.flags.difference(&flag)
            };
            if flags != held.flags && self.stores[side].set_flags(&c, &id, &flags).is_ok() {
                lock(&self.model).set(&token, side, name, on.then(|| "on".to_owned()));
            }
            return;
        }
        let mine = if side == Side::Left { [0, 1] } else { [2, 3] };
        if self.partition && !mine.contains(&what) || self.poor[side] && what == 3 {
            return;
        }
        let Some(name) = PROPERTIES.get(what) else {
            return;
        };
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        let value = on.then(|| format!("value-{n}"));
        let text = String::from_utf8_lossy(&held.content);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let before = lines.len();
        lines.retain(|line| !line.starts_with(&format!("{name}:")));
        if !on && (lines.len() == before || !self.removes) {
            return;
        }
        if let Some(value) = &value {
            lines.insert(lines.len().saturating_sub(1), format!("{name}:{value}"));
        }
        let content = lines.join("\r\n") + "\r\n";
        if self.stores[side].edit(&c, &id, content.as_bytes()).is_ok() {
            lock(&self.model).set(&token, side, name, value);
        }
    }

    fn relocate(&self, side: Side, pick: u64) {
        let Some((c, id)) = nth(&self.stores[side], pick) else {
            return;
        };
        let to = COLLECTIONS.into_iter().find(|path| *path != c.as_str());
        let token = self.token(side, &c, &id);
        if let Some(to) = to
            && self.stores[side]
                .move_to(&c, &id, &CollectionId::new(to))
                .is_ok()
        {
            lock(&self.model).moved(&token, side);
        }
    }
}
