//! `[sync.NAME]`: two sources and how to keep them in step.

use std::collections::BTreeMap;
use std::time::Duration;

use sync_core::model::{Both, Side};
use sync_core::reconcile::{ConflictRule, Deletes, Direction, Leave, MaxDeletes};

use super::parse::{Field, Scalar, Section, Span};
use super::source::{SourceConfig, SourceType};
use super::units;

/// One `[sync.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyncConfig {
    /// NAME.
    pub(crate) name: String,
    /// The source on the left.
    pub(crate) left: Field<String>,
    /// The source on the right.
    pub(crate) right: Field<String>,
    pub(crate) direction: Direction,
    /// Globs over the left side's paths; empty means all.
    pub(crate) collections: Vec<Field<String>>,
    /// Left path to right path.
    pub(crate) map: BTreeMap<String, String>,
    pub(crate) conflict: ConflictRule,
    pub(crate) deletes: Deletes,
    pub(crate) max_deletes: MaxDeletes,
    /// How long items stay on each side once the other has them.
    pub(crate) leave: Both<Leave>,
    pub(crate) history: History,
}

/// `25%` or `20`, as the command line takes it.
///
/// # Errors
/// It is neither.
pub(crate) fn max_deletes(text: &str) -> Result<MaxDeletes, String> {
    percent(text)
        .map(MaxDeletes::Percent)
        .or_else(|| text.parse().ok().map(MaxDeletes::Count))
        .ok_or_else(|| "allowed: a share like 25% or a count like 20".to_owned())
}

fn percent(text: &str) -> Option<u8> {
    let digits = text.strip_suffix('%')?;
    digits.parse().ok().filter(|share| *share <= 100)
}

/// How long what was overwritten or deleted is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct History {
    /// The engine's own default without it.
    pub(crate) keep: Option<Duration>,
    /// In bytes; the oldest goes first.
    pub(crate) size: Option<u64>,
}

impl History {
    /// Reads `history_keep` and `history_size`; what is not given is taken from `self`.
    pub(crate) fn read(self, section: &Section<'_>) -> Self {
        const KEEP: &str = "a span of time like \"30d\"";
        const SIZE: &str = "a size like \"500MB\"";
        let keep = section.scalar("history_keep", KEEP).and_then(|field| {
            let time = match &field.value {
                Scalar::Text(text) => units::duration(text),
                _ => None,
            };
            if time.is_none() {
                section.not_wanted("history_keep", &field, KEEP);
            }
            time
        });
        let size = section.scalar("history_size", SIZE).and_then(|field| {
            let size = match &field.value {
                Scalar::Text(text) => units::size(text),
                _ => None,
            };
            if size.is_none() {
                section.not_wanted("history_size", &field, SIZE);
            }
            size
        });
        Self {
            keep: keep.or(self.keep),
            size: size.or(self.size),
        }
    }
}

impl SyncConfig {
    /// Reads one `[sync.NAME]`; `None` if a mistake was noted. `names` are those that `left` and
    /// `right` may take, `sources` what was understood of them.
    pub(crate) fn read(
        name: String,
        section: Section<'_>,
        names: &[&str],
        sources: &[SourceConfig],
        history: History,
    ) -> Option<Self> {
        let left = read_side(&section, "left", names);
        let right = read_side(&section, "right", names);
        if let (Some(left), Some(right)) = (&left, &right)
            && left.value == right.value
        {
            let message = format!("`left` and `right` are both \"{}\"", right.value);
            section.doc().problem(&right.span, message);
        }
        let direction = section.choice(
            "direction",
            &[
                ("both", Direction::Both),
                ("left-to-right", Direction::LeftToRight),
                ("right-to-left", Direction::RightToLeft),
            ],
        );
        let conflict = section.choice(
            "conflict",
            &[
                ("left", ConflictRule::Left),
                ("right", ConflictRule::Right),
                ("newest", ConflictRule::Newest),
                ("duplicate", ConflictRule::Duplicate),
                ("ask", ConflictRule::Ask),
            ],
        );
        let deletes = section.choice(
            "deletes",
            &[
                ("propagate", Deletes::Propagate),
                ("keep", Deletes::Keep),
                ("trash", Deletes::Trash),
            ],
        );
        let chosen = Both::new(&left, &right);
        let sides = Both::from_fn(|side| {
            let name = &chosen[side].as_ref()?.value;
            sources.iter().find(|source| source.name == *name)
        });
        let direction = direction.unwrap_or(Direction::Both);
        let pop3 = Both::from_fn(|side| {
            sides[side].is_some_and(|source| source.settings.kind() == SourceType::Pop3)
        });
        check_pop3(&section, pop3, direction);
        // Who shares a mailbox with others deletes nothing in it by the way.
        let default = match pop3.left || pop3.right {
            true => Deletes::Keep,
            false => Deletes::Propagate,
        };
        let sync = Self {
            name,
            collections: read_collections(&section),
            map: read_map(&section),
            direction,
            conflict: conflict.unwrap_or(ConflictRule::Newest),
            deletes: deletes.unwrap_or(default),
            max_deletes: read_max_deletes(&section),
            leave: Both::from_fn(|side| sides[side].map_or(Leave::Always, SourceConfig::leave)),
            history: history.read(&section),
            left: left.unwrap_or_else(|| nobody(section.span())),
            right: right.unwrap_or_else(|| nobody(section.span())),
        };
        section.finish();
        (!sync.left.value.is_empty() && !sync.right.value.is_empty()).then_some(sync)
    }
}

/// Complains where all that a synchronisation could do is to put mail into a POP3 account.
fn check_pop3(section: &Section<'_>, pop3: Both<bool>, direction: Direction) {
    let into = match direction {
        Direction::Both if pop3.left && pop3.right => Side::Right,
        Direction::LeftToRight if pop3.right => Side::Right,
        Direction::RightToLeft if pop3.left => Side::Left,
        _ => return,
    };
    let span = section.key_span("direction");
    let span = span.or_else(|| section.key_span(into.as_str()));
    let help = match (into, pop3.left && pop3.right) {
        (_, true) => "one of the two must be able to hold the mail: imap or maildir",
        (Side::Left, _) => "allowed: direction = \"left-to-right\", or \"both\"",
        (Side::Right, _) => "allowed: direction = \"right-to-left\", or \"both\"",
    };
    let message = format!("`{into}` is a pop3 account, and POP3 has no way to put mail into one");
    let span = span.unwrap_or_else(|| section.span().clone());
    section
        .doc()
        .problem_help(&span, message, vec![help.to_owned()]);
}

fn nobody(span: &Span) -> Field<String> {
    Field {
        value: String::new(),
        span: span.clone(),
    }
}

fn read_side(section: &Section<'_>, key: &'static str, sources: &[&str]) -> Option<Field<String>> {
    let field = section.string(key);
    let known = if sources.is_empty() {
        "there is no [source.NAME] yet".to_owned()
    } else {
        format!("sources: {}", sources.join(", "))
    };
    let Some(field) = field else {
        if section.key_span(key).is_none() {
            let message = format!("{} lacks `{key}`", section.name());
            section
                .doc()
                .problem_help(section.span(), message, vec![known]);
        }
        return None;
    };
    if !sources.contains(&field.value.as_str()) {
        let mut help = super::parse::did_you_mean(&field.value, sources);
        help.push(known);
        let message = format!("there is no [source.{}]", field.value);
        section.doc().problem_help(&field.span, message, help);
        return None;
    }
    Some(field)
}

fn read_collections(section: &Section<'_>) -> Vec<Field<String>> {
    let Some(list) = section.strings("collections") else {
        return Vec::new();
    };
    if list.value.is_empty() {
        let help = vec!["leave the key out for all of them".to_owned()];
        let message = "an empty `collections` would choose nothing";
        section.doc().problem_help(&list.span, message, help);
    }
    for glob in &list.value {
        if glob.value.trim_start_matches(['!', '/']).is_empty() {
            let help = vec![
                "`*` stands for any text within a name, `**` for any depth, `!` excludes"
                    .to_owned(),
            ];
            let message = "an empty glob matches nothing";
            section.doc().problem_help(&glob.span, message, help);
        }
    }
    list.value
}

fn read_map(section: &Section<'_>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (left, right) in section.string_table("map") {
        if let Some((other, _)) = map.iter().find(|(_, taken)| **taken == right.value) {
            let message = format!(
                "`map` sends both \"{other}\" and \"{}\" to \"{}\"",
                left.value, right.value
            );
            section.doc().problem(&right.span, message);
        }
        if left.value.is_empty() || right.value.is_empty() {
            let message = "`map` takes paths of collections, which are not empty";
            section.doc().problem(&left.span, message);
        }
        map.insert(left.value, right.value);
    }
    map
}

fn read_max_deletes(section: &Section<'_>) -> MaxDeletes {
    const WANTED: &str = "a share like \"25%\" or a count like 20; \"100%\" lifts the guard";
    let Some(field) = section.scalar("max_deletes", WANTED) else {
        return MaxDeletes::default();
    };
    match &field.value {
        Scalar::Count(count) => return MaxDeletes::Count(*count),
        Scalar::Text(text) => {
            if let Some(share) = percent(text) {
                return MaxDeletes::Percent(share);
            }
        }
        Scalar::Boolean(_) => {}
    }
    section.not_wanted("max_deletes", &field, WANTED);
    MaxDeletes::default()
}
