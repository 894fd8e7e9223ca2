use std::time::Duration;

use super::random::Random;
use crate::local::memory::{Listing, When};
use crate::model::{Both, Side};
use crate::reconcile::{ConflictRule, Deletes, Direction, Leave};

/// What a seed stands for.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The seed.
    pub seed: u64,
    /// The servers and the rules.
    pub setup: Setup,
    /// What happens, before the world comes to rest.
    pub steps: Vec<Step>,
}

/// Two servers and the rules between them.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Contacts instead of messages.
    pub contacts: bool,
    /// The servers.
    pub servers: Both<Server>,
    /// Which sides are written.
    pub direction: Direction,
    /// Who wins.
    pub conflict: ConflictRule,
    /// What follows from a deletion.
    pub deletes: Deletes,
    /// The side that items leave, if they leave one.
    pub leaving: Option<Leaving>,
}

/// A side that items leave once the other side holds them.
#[derive(Debug, Clone, Copy)]
pub struct Leaving {
    /// The side.
    pub side: Side,
    /// After which time; an hour goes by between two runs.
    pub leave: Leave,
    /// What is absent there was not deleted.
    pub absence_says_nothing: bool,
}

/// One server's ways.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)]
pub struct Server {
    /// How it lists.
    pub listing: Listing,
    /// Items a page.
    pub page_items: usize,
    /// Mutations a batch.
    pub batch_items: usize,
    /// Contents come with listings.
    pub inline_bodies: bool,
    /// UIDPLUS.
    pub returns_ids: bool,
    /// Writes say the new revision.
    pub returns_revisions: bool,
    /// A write moves the cursor.
    pub writes_move_cursor: bool,
    /// Moves are carried out.
    pub moves: bool,
    /// Contents are rewritten: lines in another order.
    pub rewrites: bool,
    /// Properties whose names begin with `X-` and keywords are dropped.
    pub poor: bool,
    /// UIDs of contacts are lost, and others made up; then properties are dropped, too.
    pub makes_uids: bool,
}

/// One step of a scenario.
#[derive(Debug, Clone)]
pub enum Step {
    /// Somebody edits something.
    Edit(Edit),
    /// A run, in this weather.
    Sync(Weather),
    /// The state is lost.
    LoseState,
    /// A side's cursors are lost, with (`true`) or without its ids.
    LoseCursors(Side, bool),
    /// An item of a side cannot be read until the world comes to rest.
    Break(Side, u64),
}

/// An edit by a person.
#[derive(Debug, Clone, Copy)]
pub struct Edit {
    /// Where.
    pub side: Side,
    /// Which item or collection: a number that is reduced to what is there.
    pub pick: u64,
    /// What.
    pub op: EditOp,
}

/// What an [`Edit`] does. Numbers are reduced to what is there.
#[derive(Debug, Clone, Copy)]
pub enum EditOp {
    /// Adds a new item.
    Add,
    /// Adds one with the Message-ID of another message, or the UID that the other side's next new
    /// contact bears too.
    AddTwin,
    /// Adds a message equal to one that is there.
    AddEqual,
    /// Sets a flag or a property.
    Set(u8),
    /// Clears a flag or removes a property.
    Clear(u8),
    /// Deletes an item.
    Delete,
    /// Moves an item to another collection.
    Move,
}

/// What goes wrong during a run.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// Faults: the side, the how-manieth request from the run's start, and where in it.
    pub faults: Vec<(Side, u64, When)>,
    /// The process dies before (`false`) or after (`true`) this commit of the state.
    pub crash: Option<(u64, bool)>,
    /// Edits by third parties at the how-manieth call of a side's hook.
    pub third_parties: Vec<(u64, Edit)>,
}

impl Weather {
    /// Whether nothing goes wrong and nobody interferes.
    pub fn is_fine(&self) -> bool {
        self.faults.is_empty() && self.crash.is_none() && self.third_parties.is_empty()
    }
}

impl Scenario {
    /// The scenario of a seed.
    pub fn generate(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut setup = Setup::generate(&mut random);
        let count = 3 + random.below(14);
        let mut steps = Vec::new();
        for _ in 0..random.below(5) {
            steps.push(Step::Edit(edit(&mut random)));
        }
        if random.chance(80) {
            steps.push(Step::Sync(Weather::default()));
        }
        for _ in 0..count {
            steps.push(step(&mut random));
        }
        setup.leaving = random.chance(25).then(|| leaving(&mut random));
        // What was added later is drawn last, so that older seeds play what they played.
        let duplicates = setup.conflict == ConflictRule::Duplicate;
        if setup.contacts && !duplicates && random.chance(40) {
            let server = &mut setup.servers[side(&mut random)];
            server.makes_uids = true;
            server.poor = true;
            server.returns_ids = true;
        }
        Self { seed, setup, steps }
    }
}

impl Setup {
    fn generate(random: &mut Random) -> Self {
        let contacts = random.chance(35);
        let servers = Both::new(server(random), server(random));
        let direction = match random.below(12) {
            0 => Direction::LeftToRight,
            1 => Direction::RightToLeft,
            _ => Direction::Both,
        };
        let rules = [
            ConflictRule::Newest,
            ConflictRule::Left,
            ConflictRule::Right,
            ConflictRule::Duplicate,
            ConflictRule::Ask,
        ];
        let conflict = random.pick(&rules).unwrap_or(ConflictRule::Newest);
        let deletes = if random.chance(10) {
            Deletes::Keep
        } else {
            Deletes::Propagate
        };
        Self {
            contacts,
            servers,
            direction,
            conflict,
            deletes,
            leaving: None,
        }
    }
}

fn leaving(random: &mut Random) -> Leaving {
    Leaving {
        side: side(random),
        leave: match random.chance(50) {
            true => Leave::Never,
            false => Leave::For(Duration::from_secs(3 * 3600)),
        },
        absence_says_nothing: random.chance(50),
    }
}

fn server(random: &mut Random) -> Server {
    let listings = [Listing::Snapshot, Listing::Delta, Listing::Presence];
    Server {
        listing: random.pick(&listings).unwrap_or(Listing::Delta),
        page_items: random.pick(&[0, 1, 2, 5]).unwrap_or(0),
        batch_items: random.pick(&[1, 2, 3, 50]).unwrap_or(50),
        inline_bodies: random.chance(20),
        returns_ids: random.chance(80),
        returns_revisions: random.chance(80),
        writes_move_cursor: random.chance(30),
        moves: random.chance(80),
        rewrites: random.chance(30),
        poor: random.chance(20),
        makes_uids: false,
    }
}

fn side(random: &mut Random) -> Side {
    if random.chance(50) {
        Side::Left
    } else {
        Side::Right
    }
}

fn edit(random: &mut Random) -> Edit {
    let what = u8::try_from(random.below(4)).unwrap_or(0);
    let op = match random.below(100) {
        0..=29 => EditOp::Add,
        30..=36 => EditOp::AddTwin,
        37..=41 => EditOp::AddEqual,
        42..=66 => EditOp::Set(what),
        67..=76 => EditOp::Clear(what),
        77..=89 => EditOp::Delete,
        _ => EditOp::Move,
    };
    Edit {
        side: side(random),
        pick: random.next(),
        op,
    }
}

fn step(random: &mut Random) -> Step {
    match random.below(100) {
        0..=54 => Step::Edit(edit(random)),
        55..=92 => Step::Sync(weather(random)),
        93..=94 => Step::LoseState,
        95..=97 => Step::LoseCursors(side(random), random.chance(50)),
        _ => Step::Break(side(random), random.next()),
    }
}

fn weather(random: &mut Random) -> Weather {
    let mut weather = Weather::default();
    if random.chance(40) {
        return weather;
    }
    for _ in 0..random.below(3) {
        let k = usize::try_from(random.below(3)).unwrap_or(0);
        let when = [
            When::Before,
            When::After,
            When::Within(k),
            When::UnknownDone(k),
            When::UnknownNotDone(k),
        ];
        let when = random.pick(&when).unwrap_or(When::Before);
        weather
            .faults
            .push((side(random), 1 + random.below(14), when));
    }
    if random.chance(35) {
        weather.crash = Some((1 + random.below(20), random.chance(50)));
    }
    for _ in 0..random.below(3) {
        weather
            .third_parties
            .push((1 + random.below(14), edit(random)));
    }
    weather
}
