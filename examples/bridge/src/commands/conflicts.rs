//! `bridge conflicts`

use std::fmt;

use serde::Serialize;
use sync_core::error::{Error, ErrorKind};
use sync_core::model::{ItemKind, Side};
use sync_core::state::{
    Journal as _, Links as _, Pairs as _, Resolution, SqliteState, State as _, Waiting,
};

use crate::cli::{ConflictsArgs, ConflictsCommand};
use crate::config::Config;
use crate::failure::{Ending, Failure};
use crate::output::human::clean;
use crate::output::{Output, Record};
use crate::run;

/// One conflict that waits for a person.
#[derive(Serialize)]
struct Conflict {
    id: i64,
    sync: String,
    /// The path on the left.
    collection: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ItemKind>,
    /// `UID` or `Message-ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What both sides changed to different values.
    properties: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
}

impl Record for Conflict {
    const TYPE: &'static str = "conflict";
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.map_or("item", ItemKind::as_str);
        let name = self.name.as_deref().unwrap_or("without a name");
        write!(
            f,
            "{}  {}: {}: {kind} {}",
            self.id,
            self.sync,
            self.collection,
            clean(name)
        )?;
        if !self.properties.is_empty() {
            write!(f, ": {}", clean(&self.properties.join(", ")))?;
        }
        match self.decision {
            Some(decision) => write!(f, " (decided: {decision}; the next sync carries it out)"),
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Decided {
    id: i64,
    decision: &'static str,
}

impl Record for Decided {
    const TYPE: &'static str = "decided";
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, decision) = (self.id, self.decision);
        write!(
            f,
            "Conflict {id} is decided: {decision}. The next `bridge sync` carries it out."
        )
    }
}

/// Lists the conflicts, or notes a decision.
pub(crate) fn run(
    config: &Config,
    args: &ConflictsArgs,
    output: Output,
) -> Result<Ending, Failure> {
    match args.command {
        None | Some(ConflictsCommand::List) => list(config, output),
        Some(ConflictsCommand::Resolve { id, keep }) => resolve(config, id, keep.into(), output),
    }
}

fn list(config: &Config, output: Output) -> Result<Ending, Failure> {
    let syncs = run::select(config, &[])?;
    let mut all = Vec::new();
    if let Some(mut state) = run::read_state(&config.state)? {
        for sync in syncs {
            for waiting in state.waiting(&sync.name)? {
                all.push(describe(&mut state, &sync.name, waiting)?);
            }
        }
    }
    for conflict in &all {
        output.record(conflict)?;
    }
    if all.is_empty() {
        output.text("Nothing waits for a decision.")?;
    }
    if all.iter().all(|conflict| conflict.decision.is_some()) {
        return Ok(Ending::Done);
    }
    output.text("`bridge conflicts resolve ID left|right|both` decides.")?;
    Ok(Ending::Waiting)
}

fn describe(state: &mut SqliteState, sync: &str, waiting: Waiting) -> Result<Conflict, Error> {
    let pairs = state.pairs(sync)?;
    let pair = pairs.iter().find(|pair| pair.id == waiting.pair);
    let link = state.link(waiting.link)?;
    let name = link.as_ref().and_then(|link| {
        Side::BOTH
            .into_iter()
            .find_map(|side| link.sides[side].name.clone())
    });
    Ok(Conflict {
        id: waiting.link,
        sync: sync.to_owned(),
        collection: pair.map_or_else(String::new, |pair| clean(&pair.paths.left.to_string())),
        kind: link.map(|link| link.kind),
        name,
        properties: waiting.properties,
        decision: waiting.decision.map(Resolution::as_str),
    })
}

fn resolve(
    config: &Config,
    id: i64,
    resolution: Resolution,
    output: Output,
) -> Result<Ending, Failure> {
    let missing = || {
        let message = format!("there is no conflict {id}; `bridge conflicts` lists them");
        Error::new(ErrorKind::NotFound, message)
    };
    let mut state = run::existing_state(&config.state)?.ok_or_else(missing)?;
    if state.waiting_of(id)?.is_none() {
        return Err(missing().into());
    }
    state.begin()?;
    state.decide(id, resolution)?;
    state.commit()?;
    output.record(&Decided {
        id,
        decision: resolution.as_str(),
    })?;
    Ok(Ending::Done)
}
