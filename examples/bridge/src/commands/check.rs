//! `bridge check`

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sync_core::error::{Error, ErrorKind};
use sync_core::model::{Both, Collection, ItemKind, KindSet, Role, Side};
use sync_core::reconcile::pair_collections;

use crate::config::{Config, SourceConfig, SyncConfig};
use crate::failure::{Ending, Failure, kind_word};
use crate::output::human::{clean, columns, count};
use crate::output::{Output, Record};
use crate::registry::{self, Seen};
use crate::run;

/// What one `[source.NAME]` answered.
#[derive(Serialize)]
struct SourceCheck {
    name: String,
    protocol: String,
    place: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Complaint>,
    collections: Vec<Shown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<String>,
}

#[derive(Serialize)]
struct Complaint {
    kind: String,
    message: String,
    advice: &'static str,
}

#[derive(Serialize)]
struct Shown {
    path: String,
    kinds: KindSetWords,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    read_only: bool,
}

#[derive(Serialize)]
struct KindSetWords(Vec<&'static str>);

impl From<KindSet> for KindSetWords {
    fn from(kinds: KindSet) -> Self {
        Self(kinds.iter().map(ItemKind::as_str).collect())
    }
}

/// How the collections of one `[sync.NAME]` belong together.
#[derive(Serialize)]
struct SyncCheck {
    name: String,
    pairs: Vec<Both<String>>,
    /// Would be created, by the side where.
    missing: Vec<Missing>,
    #[serde(skip)]
    sides: Both<String>,
}

#[derive(Serialize)]
struct Missing {
    side: Side,
    path: String,
}

impl Record for SourceCheck {
    const TYPE: &'static str = "source";
}

impl fmt::Display for SourceCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}): ", self.name, self.protocol, self.place)?;
        if let Some(error) = &self.error {
            write!(f, "failed\n  {}", error.message)?;
            if !error.advice.is_empty() {
                write!(f, "\n  {}", error.advice)?;
            }
            return Ok(());
        }
        let number = u64::try_from(self.collections.len()).unwrap_or(u64::MAX);
        write!(f, "ok, {}", count(number, "collection"))?;
        let rows: Vec<_> = self
            .collections
            .iter()
            .map(|c| {
                let access = if c.read_only { "read-only" } else { "" };
                let role = c.role.unwrap_or_default().to_owned();
                [
                    format!("  {}", c.path),
                    c.kinds.0.join(", "),
                    role,
                    access.to_owned(),
                ]
            })
            .collect();
        if !rows.is_empty() {
            write!(f, "\n{}", columns(&rows))?;
        }
        self.facts
            .iter()
            .try_for_each(|fact| write!(f, "\n  {}", clean(fact)))
    }
}

impl Record for SyncCheck {
    const TYPE: &'static str = "sync";
}

impl fmt::Display for SyncCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, right) = (&self.sides.left, &self.sides.right);
        write!(f, "{}: {left} and {right}", self.name)?;
        let pair = |pair: &Both<String>| {
            [
                format!("  {}", pair.left),
                "<->".to_owned(),
                pair.right.clone(),
                String::new(),
            ]
        };
        let missing = |missing: &Missing| {
            let path = &missing.path;
            match missing.side {
                Side::Left => ["  -", "<->", path, "to be created on the left"],
                Side::Right => [path, "<->", "-", "to be created on the right"],
            }
            .map(str::to_owned)
        };
        let mut rows: Vec<[String; 4]> = self.pairs.iter().map(pair).collect();
        rows.extend(
            self.missing
                .iter()
                .map(missing)
                .map(|[first, a, b, c]| [format!("  {}", first.trim_start()), a, b, c]),
        );
        if rows.is_empty() {
            return write!(f, "\n  no collection takes part");
        }
        write!(f, "\n{}", columns(&rows))
    }
}

/// Connects to every source that the chosen `[sync.NAME]` use, or to all sources.
pub(crate) async fn run(
    config: &Config,
    names: &[String],
    output: Output,
) -> Result<Ending, Failure> {
    let syncs = if names.is_empty() && config.syncs.is_empty() {
        Vec::new()
    } else {
        run::select(config, names)?
    };
    let used = |source: &&SourceConfig| {
        names.is_empty()
            || syncs
                .iter()
                .any(|sync| [&sync.left.value, &sync.right.value].contains(&&source.name))
    };
    let mut ending = Ending::Done;
    let mut found = BTreeMap::new();
    for source in config.sources.iter().filter(used) {
        let result = registry::look(source, &config.state).await;
        if let Err(error) = &result {
            ending = ending.and(Ending::of(error));
        }
        output.record(&describe(source, &result))?;
        if let Ok(seen) = result {
            found.insert(source.name.as_str(), seen.collections);
        }
    }
    for sync in syncs {
        let left = found.get(sync.left.value.as_str());
        let right = found.get(sync.right.value.as_str());
        if let (Some(left), Some(right)) = (left, right) {
            output.record(&compare(sync, left, right))?;
        }
    }
    Ok(ending)
}

fn describe(source: &SourceConfig, result: &Result<Seen, Error>) -> SourceCheck {
    let seen = result.as_ref().ok();
    let collections = seen.map_or(&[][..], |seen| &seen.collections);
    SourceCheck {
        facts: seen.map(|seen| seen.facts.clone()).unwrap_or_default(),
        name: source.name.clone(),
        protocol: source.settings.kind().to_string(),
        place: source.settings.place(),
        ok: result.is_ok(),
        error: result.as_ref().err().map(|error| Complaint {
            kind: kind_word(error.kind()),
            message: clean(&error.to_string()),
            advice: advice(error),
        }),
        collections: collections
            .iter()
            .map(|c| Shown {
                path: c.path.to_string(),
                kinds: c.kinds.into(),
                role: c.role.map(Role::as_str),
                read_only: c.read_only,
            })
            .collect(),
    }
}

fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Authentication => {
            "The server refused the login: look at user and password; some providers want an \
             app password or [oauth2]."
        }
        ErrorKind::Connection => {
            "Look at host, port and network; imaps:// is TLS from the start (993), imap:// \
             upgrades (143); tls_ca trusts a CA of your own."
        }
        ErrorKind::Timeout => "The server does not answer: look at host, port and firewall.",
        ErrorKind::Throttled => "The server asks for a pause; try again later.",
        _ => "",
    }
}

fn compare(sync: &SyncConfig, left: &[Collection], right: &[Collection]) -> SyncCheck {
    let rules = run::rules(sync, None);
    let paired = pair_collections(Both::new(left, right), &rules);
    SyncCheck {
        name: sync.name.clone(),
        pairs: paired
            .pairs
            .iter()
            .map(|pair| Both::from_fn(|side| pair.sides[side].path.to_string()))
            .collect(),
        missing: paired
            .missing
            .iter()
            .filter(|(side, ..)| rules.writes(*side))
            .map(|(side, _, new)| Missing {
                side: *side,
                path: new.path.to_string(),
            })
            .collect(),
        sides: Both::new(sync.left.value.clone(), sync.right.value.clone()),
    }
}
