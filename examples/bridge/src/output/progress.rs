//! What a run is doing: bars on a terminal, lines without one, events for programs.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sync_core::engine::{Event, Observer, Planned};
use sync_core::model::{ItemKind, Side};

use super::human::{bytes, clean, count};
use super::{Output, Record, Terminal, json};
use crate::config::SyncConfig;
use crate::signals::Interrupt;

/// Without a terminal a long copy is reported this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Watches the run of one `[sync.NAME]`.
pub(crate) struct Progress {
    sync: String,
    sides: [String; 2],
    output: Output,
    style: Style,
    interrupt: Interrupt,
    copies: Mutex<BTreeMap<(String, Side), Copy>>,
    broken: Mutex<Option<std::io::Error>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Bars,
    Lines,
    Json,
}

/// A collection that is being copied to one side.
struct Copy {
    bar: Option<ProgressBar>,
    items: u64,
    total: u64,
    bytes: u64,
    began: Instant,
    told: Instant,
}

impl Copy {
    fn rate(&self) -> String {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let items = self.items as f64 / seconds;
        let rate = self.bytes as f64 / seconds;
        // A rate is far from the edges of u64.
        format!("{items:.0}/s, {}/s", bytes(rate as u64))
    }
}

/// A step of a plan, as a result.
#[derive(Serialize)]
struct PlanStep<'a> {
    sync: &'a str,
    #[serde(flatten)]
    step: &'a Planned<'a>,
    #[serde(skip)]
    source: &'a str,
}

impl Record for PlanStep<'_> {
    const TYPE: &'static str = "plan";
}

impl Display for PlanStep<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let step = self.step;
        let collection = clean(&step.collection.to_string());
        write!(f, "{}: {}", self.source, step.action.as_str())?;
        match &step.item {
            Some(item) => {
                let kind = step.kind.map_or("item", ItemKind::as_str);
                write!(f, " {kind} {} in {collection}", clean(item))?;
            }
            None => write!(f, " {collection}")?,
        }
        if let Some(detail) = &step.detail {
            write!(f, " ({})", clean(detail))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct ProgressLine<'a> {
    sync: &'a str,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

impl Progress {
    /// For a run of `sync`.
    pub(crate) fn new(sync: &SyncConfig, output: Output, interrupt: Interrupt) -> Self {
        let style = if output.is_json() {
            Style::Json
        } else if Terminal.is_interactive() {
            Style::Bars
        } else {
            Style::Lines
        };
        Self {
            sync: sync.name.clone(),
            sides: [sync.left.value.clone(), sync.right.value.clone()],
            output,
            style,
            interrupt,
            copies: Mutex::default(),
            broken: Mutex::default(),
        }
    }

    /// Takes the bars away; says if a step of the plan could not be written.
    pub(crate) fn finish(&self) -> std::io::Result<()> {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        for ((collection, side), copy) in std::mem::take(&mut *copies) {
            self.end(&collection, side, &copy);
        }
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.take().map_or(Ok(()), Err)
    }

    fn side(&self, side: Side) -> &str {
        let [left, right] = &self.sides;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    fn line(&self, text: impl Display) {
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(Terminal, "{}: {text}", self.sync);
    }

    fn planned(&self, step: &Planned<'_>) {
        let record = PlanStep {
            sync: &self.sync,
            step,
            source: self.side(step.side),
        };
        if let Err(error) = self.output.record(&record) {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert(error);
        }
    }

    fn copying(&self, collection: &str, to: Side, items: u64) {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let copy = copies
            .entry((collection.to_owned(), to))
            .or_insert_with(|| {
                let bar = (self.style == Style::Bars).then(|| {
                    let bar = Terminal.bars().add(ProgressBar::new(0));
                    bar.set_style(bar_style());
                    bar.set_prefix(format!("{}: {collection} to {}", self.sync, self.side(to)));
                    bar
                });
                let now = Instant::now();
                Copy {
                    bar,
                    items: 0,
                    total: 0,
                    bytes: 0,
                    began: now,
                    told: now,
                }
            });
        copy.total = copy.total.saturating_add(items);
        if let Some(bar) = &copy.bar {
            bar.set_length(copy.total);
        }
    }

    fn copied(&self, collection: &str, to: Side, items: u64, size: u64) {
        let key = (collection.to_owned(), to);
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(copy) = copies.get_mut(&key) else {
            return;
        };
        copy.items = copy.items.saturating_add(items);
        copy.bytes = copy.bytes.saturating_add(size);
        if let Some(bar) = &copy.bar {
            bar.set_position(copy.items);
            bar.set_message(copy.rate());
        }
        if copy.items >= copy.total {
            if let Some(copy) = copies.remove(&key) {
                self.end(collection, to, &copy);
            }
        } else if self.style == Style::Lines && copy.told.elapsed() >= LINE_EVERY {
            copy.told = Instant::now();
            let (done, total, rate) = (copy.items, copy.total, copy.rate());
            self.line(format_args!(
                "{collection} to {}: {done} of {total} ({rate})",
                self.side(to)
            ));
        }
    }

    /// The last word on a copy.
    fn end(&self, collection: &str, to: Side, copy: &Copy) {
        if let Some(bar) = &copy.bar {
            bar.finish_and_clear();
            Terminal.bars().remove(bar);
        }
        if self.style != Style::Json && copy.items > 0 {
            let items = count(copy.items, "item");
            let (size, rate) = (bytes(copy.bytes), copy.rate());
            self.line(format_args!(
                "{collection} to {}: {items}, {size} ({rate})",
                self.side(to)
            ));
        }
    }
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Progress {
    fn event(&self, event: &Event<'_>) {
        if let Event::Planned(step) = event {
            return self.planned(step);
        }
        if self.style == Style::Json {
            let line = ProgressLine {
                sync: &self.sync,
                event,
            };
            if let Ok(line) = json::line("progress", &line) {
                // Nobody is left to tell if standard error is closed.
                let _ = writeln!(Terminal, "{line}");
            }
            return;
        }
        match event {
            Event::Copying {
                collection,
                to,
                items,
            } => {
                self.copying(&clean(&collection.to_string()), *to, *items);
            }
            Event::Copied {
                collection,
                to,
                items,
                bytes,
            } => {
                self.copied(&clean(&collection.to_string()), *to, *items, *bytes);
            }
            Event::Retrying { error, pause } => {
                self.line(format_args!(
                    "{error}; trying again in {:.1} s",
                    *pause as f64 / 1000.0
                ));
            }
            // It is in the report too.
            Event::Problem { collection, error } => tracing::info!(%collection, "{error}"),
            Event::Listing { collection } => tracing::debug!(%collection, "listing"),
            Event::Listed {
                collection,
                side,
                changes,
            } => {
                tracing::debug!(%collection, %side, changes, "listed");
            }
            _ => {}
        }
    }

    fn cancelled(&self) -> bool {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.is_some() || self.interrupt.is_asked()
    }
}
