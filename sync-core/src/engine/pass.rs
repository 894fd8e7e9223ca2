use std::collections::HashSet;

use super::event::{Action, Event, Observer, Planned};
use super::report::{PairReport, Report};
use super::{Engine, Mode, pause};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Both, Collection, KindSet, Side};
use crate::reconcile::{Deletes, LinkId, PairId, RowId, Rules, SideFacts, Tally, guard};
use crate::source::{Capabilities, Source};
use crate::state::{PairRecord, State};

/// After this many passes a run ends, whatever is left: the next run goes on.
const PASSES: u32 = 6;

/// One run in progress.
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    /// A source is out while its items stream to the other one.
    pub(super) sources: Both<Option<&'a mut dyn Source>>,
    pub(super) state: &'a mut dyn State,
    pub(super) mode: Mode,
    pub(super) observer: &'a dyn Observer,
    pub(super) capabilities: Both<Capabilities>,
    pub(super) work: Vec<PairWork>,
    pub(super) run: Option<i64>,
    /// Links that an edit shall bring back, once another look found no other place for them.
    pub(super) second_look: HashSet<LinkId>,
    /// Collections that have no partner.
    pub(super) unpaired: Vec<PairReport>,
    cancelled: bool,
    pub(super) collections: usize,
}

/// One pair of collections in a run.
pub(super) struct PairWork {
    pub(super) record: PairRecord,
    pub(super) collections: Both<Collection>,
    /// A plan would create this side's collection first.
    pub(super) missing: Both<bool>,
    /// The kinds of a side's collection that are in no pair; none where another pair tells of them.
    pub(super) left_out: Both<Option<KindSet>>,
    pub(super) report: PairReport,
    /// Whether this pair is looked at in the next pass.
    pub(super) due: bool,
    /// Whether something was written since the last look.
    pub(super) touched: bool,
    /// A write moved this side's cursor, and that is not stored yet.
    pub(super) moved: Both<bool>,
    /// Creations whose new id is not known yet: they are not repeated in this run.
    pub(super) sent: HashSet<RowId>,
    /// Items that are not copied in this pass, since the next one may recognise them.
    pub(super) held: HashSet<RowId>,
}

impl PairWork {
    pub(super) fn new(
        record: PairRecord,
        collections: Both<Collection>,
        missing: Both<bool>,
        left_out: Both<Option<KindSet>>,
    ) -> Self {
        Self {
            report: PairReport::new(record.paths.clone()),
            record,
            collections,
            missing,
            left_out,
            due: true,
            touched: false,
            moved: Both::default(),
            sent: HashSet::new(),
            held: HashSet::new(),
        }
    }

    pub(super) fn id(&self) -> PairId {
        self.record.id
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.report.guard.is_some() || self.report.error.is_some()
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        Both { left, right }: Both<&'a mut dyn Source>,
        state: &'a mut dyn State,
        mode: Mode,
        observer: &'a dyn Observer,
    ) -> Self {
        let capabilities = Both::new(left.capabilities().clone(), right.capabilities().clone());
        Self {
            engine,
            sources: Both::new(Some(left), Some(right)),
            state,
            mode,
            observer,
            capabilities,
            work: Vec::new(),
            run: None,
            second_look: HashSet::new(),
            unpaired: Vec::new(),
            cancelled: false,
            collections: 0,
        }
    }

    pub(super) fn rules(&self) -> &'a Rules {
        &self.engine.rules
    }

    pub(super) async fn perform(&mut self) -> Result<()> {
        if self.mode == Mode::Plan {
            // Everything a plan notes is rolled back.
            self.state.begin()?;
        }
        self.with_retries().await
    }

    /// The report; a plan's notes are undone, a run's entry in the history is closed.
    pub(super) fn finish(&mut self, result: &Result<()>) -> Report {
        let failed = result.as_ref().err();
        let report = Report {
            run: self.run,
            sync: self.engine.name.clone(),
            collections: self.collections,
            cancelled: self.cancelled,
            error: failed.map(ToString::to_string),
            pairs: std::mem::take(&mut self.work)
                .into_iter()
                .map(|work| work.report)
                .chain(std::mem::take(&mut self.unpaired))
                .filter(|report| !report.is_quiet())
                .collect(),
        };
        self.state.rollback();
        if let Some(run) = self.run {
            let text = serde_json::to_string(&report).unwrap_or_default();
            let now = self.engine.now();
            // The run is over either way: a history that cannot be closed is shown as cut short.
            let _ = self.state.end_run(run, now, &text);
            let _ = self.state.trim_history(self.engine.history, now);
        }
        report
    }

    async fn with_retries(&mut self) -> Result<()> {
        let mut failures = 0;
        let mut passes = 0;
        loop {
            let step = async {
                if self.work.is_empty() && passes == 0 {
                    self.pair_collections().await?;
                }
                let again = self.pass().await?;
                if !again {
                    self.let_leave().await?;
                }
                Ok::<_, Error>(again)
            };
            match step.await {
                Ok(again) => {
                    passes += 1;
                    if !again || passes >= PASSES || self.mode == Mode::Plan {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::Cancelled => {
                    self.cancelled = true;
                    return Ok(());
                }
                Err(error) if error.is_retryable() && failures < self.engine.tries => {
                    self.state.rollback();
                    if self.mode == Mode::Plan {
                        self.state.begin()?;
                        self.work.clear();
                        self.unpaired.clear();
                        passes = 0;
                    }
                    let pause = error.retry_after().unwrap_or_else(|| pause(failures));
                    failures += 1;
                    self.observer.event(&Event::Retrying {
                        error: error.to_string(),
                        pause: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                    });
                    tracing::warn!(%error, ?pause, "trying again");
                    tokio::time::sleep(pause).await;
                    self.take_up_again()?;
                }
                Err(error) => {
                    self.state.rollback();
                    return Err(error);
                }
            }
        }
    }

    /// Goes on from what is stored: what was not stored is seen again.
    fn take_up_again(&mut self) -> Result<()> {
        let stored = self.state.pairs(&self.engine.name)?;
        for work in &mut self.work {
            work.due = !work.is_stopped();
            work.moved = Both::default();
            if let Some(record) = stored.iter().find(|record| record.id == work.record.id) {
                work.record.cursors = record.cursors.clone();
            }
        }
        Ok(())
    }

    /// One pass over the pairs that are due; says whether another one is needed.
    async fn pass(&mut self) -> Result<bool> {
        for index in self.due() {
            self.check_cancelled()?;
            let result = self.observe(index).await;
            self.survive(index, result)?;
        }
        // Where nothing was seen there is nothing to decide.
        for index in self.due() {
            if let Some(work) = self.work.get_mut(index) {
                work.due = !self.state.is_settled(work.record.id)?;
            }
        }
        for index in self.due() {
            self.check_cancelled()?;
            for side in Side::BOTH {
                let result = self.fetch_contents(index, side).await;
                self.survive(index, result)?;
            }
        }
        for index in self.due() {
            let result = self.recover_intents(index).await;
            self.survive(index, result)?;
        }
        // What vanished is looked for before what is new is paired: a moved item is its link's.
        for side in Side::BOTH {
            self.identify_moves(side).await?;
        }
        self.move_items().await?;
        for index in self.due() {
            self.check_cancelled()?;
            let result = self.identify(index).await;
            self.survive(index, result)?;
        }
        for index in self.due() {
            self.check_cancelled()?;
            let result = self.reconcile(index).await;
            self.survive(index, result)?;
        }
        let mut again = false;
        for work in &mut self.work {
            work.due = work.touched && !work.is_stopped();
            work.touched = false;
            work.held.clear();
            again |= work.due;
        }
        Ok(again)
    }

    async fn reconcile(&mut self, index: usize) -> Result<()> {
        for side in Side::BOTH {
            self.take_copies(index, side)?;
        }
        if let Some(why) = self.guard(index)? {
            self.problem(index, |report, why| report.guard = Some(why), why);
            return Ok(());
        }
        self.reconcile_links(index).await?;
        for to in [Side::Right, Side::Left] {
            self.create_items(index, to).await?;
        }
        for side in Side::BOTH {
            self.read_back(index, side).await?;
        }
        Ok(())
    }

    /// Asks the guard about both sides of a pair.
    fn guard(&mut self, index: usize) -> Result<Option<String>> {
        let Some(work) = self.work.get(index) else {
            return Ok(None);
        };
        let mut tallies: Both<Tally> = self.state.tally(work.id())?;
        let rules = self.rules();
        for side in Side::BOTH {
            if !self.may_lose(index, side) {
                tallies[side].deletes = 0;
            }
            if rules.deletes == Deletes::Keep {
                // What is kept now may leave later: a mass of it is suspicious, a few are not.
                tallies[side.other()].vanished = 0;
            }
            if rules.deletes == Deletes::Keep || !self.facts(index, side).writable {
                tallies[side].overwrites = 0;
            }
        }
        Ok(Side::BOTH.into_iter().find_map(|side| {
            guard(
                side,
                tallies[side],
                tallies[side.other()],
                rules.max_deletes,
            )
        }))
    }

    /// What can be written to a side of a pair.
    pub(super) fn facts(&self, index: usize, side: Side) -> SideFacts<'_> {
        let collection = self.work.get(index).map(|work| &work.collections[side]);
        let read_only = collection.is_none_or(|collection| collection.read_only);
        SideFacts {
            capabilities: &self.capabilities[side],
            refuses: collection.map_or(&[], |collection| &collection.refuses),
            writable: self.rules().writes(side) && !read_only,
        }
    }

    /// Has every pair listed again in the next pass.
    pub(super) fn look_everywhere(&mut self) {
        self.work.iter_mut().for_each(|work| work.touched = true);
    }

    /// Pairs that are due and not stopped.
    pub(super) fn due(&self) -> Vec<usize> {
        let due =
            |(index, work): (usize, &PairWork)| (work.due && !work.is_stopped()).then_some(index);
        self.work.iter().enumerate().filter_map(due).collect()
    }

    pub(super) fn check_cancelled(&self) -> Result<()> {
        if self.observer.cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "stopped"));
        }
        Ok(())
    }

    /// Lets an error of one collection stop that collection and nothing else (promise 6).
    pub(super) fn survive(&mut self, index: usize, result: Result<()>) -> Result<()> {
        match result {
            Err(error) if !error.is_fatal() => {
                self.state.rollback();
                if self.mode == Mode::Plan {
                    return Err(error);
                }
                self.problem(
                    index,
                    |report, why| report.error = Some(why),
                    error.to_string(),
                );
                Ok(())
            }
            other => other,
        }
    }

    /// Reports what went wrong in a pair.
    pub(super) fn problem(
        &mut self,
        index: usize,
        note: impl FnOnce(&mut PairReport, String),
        error: String,
    ) {
        if let Some(work) = self.work.get_mut(index) {
            self.observer.event(&Event::Problem {
                collection: &work.record.paths.left,
                error: error.clone(),
            });
            note(&mut work.report, error);
        }
    }

    /// Tells the observer of a step, in a plan.
    pub(super) fn planned(
        &self,
        index: usize,
        action: Action,
        side: Side,
        item: Option<(&crate::model::ItemId, crate::model::ItemKind)>,
        detail: Option<String>,
    ) {
        if let Some(work) = self.work.get(index) {
            self.observer.event(&Event::Planned(Planned {
                action,
                side,
                collection: &work.record.paths[side],
                kind: item.map(|(_, kind)| kind),
                item: item.map(|(id, _)| id.to_string()),
                detail,
            }));
        }
    }

    /// Opens the run's entry in the history when the first thing is written.
    pub(super) fn run_number(&mut self) -> Result<i64> {
        if let Some(run) = self.run {
            return Ok(run);
        }
        self.state.begin()?;
        let run = self.state.begin_run(&self.engine.name, self.engine.now())?;
        self.state.commit()?;
        self.run = Some(run);
        Ok(run)
    }
}

/// A source that is not out.
pub(super) fn open<'s, 'a>(
    sources: &'s mut Both<Option<&'a mut dyn Source>>,
    side: Side,
) -> Result<&'s mut (dyn Source + 'a)> {
    sources[side].as_deref_mut().ok_or_else(busy)
}

/// Both sources, neither of which is out.
pub(super) fn both<'s, 'a>(
    sources: &'s mut Both<Option<&'a mut dyn Source>>,
) -> Result<(&'s mut (dyn Source + 'a), &'s mut (dyn Source + 'a))> {
    match (&mut sources.left, &mut sources.right) {
        (Some(left), Some(right)) => Ok((&mut **left, &mut **right)),
        _ => Err(busy()),
    }
}

fn busy() -> Error {
    Error::new(ErrorKind::Unsupported, "the source is being read")
}
