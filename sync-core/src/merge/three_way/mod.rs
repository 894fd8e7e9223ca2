//! What changed on each side is applied to what the other side holds.

mod alarms;
mod align;
mod attributes;
mod cell;
mod components;
mod draft;
mod groups;
mod lists;
mod schedule;
mod text;
mod touched;
mod zones;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::canon::{Entries, entries_about};
use super::stamp::newest;
use super::syntax::{Eol, Node};
use super::{Merged, Preference, Version};
use crate::model::{Both, Side};
use align::Shift;
use cell::{Cell, Verdict, cells};
use draft::Draft;

/// The same thing of the documents of a merge.
#[derive(Debug, Clone, Copy, Default)]
struct Docs<T> {
    base: Both<T>,
    now: Both<T>,
}

/// One of the documents of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    side: Side,
    now: bool,
}

impl<T> Docs<T> {
    const ALL: [At; 4] = [
        At {
            side: Side::Left,
            now: false,
        },
        At {
            side: Side::Right,
            now: false,
        },
        At {
            side: Side::Left,
            now: true,
        },
        At {
            side: Side::Right,
            now: true,
        },
    ];

    fn get(&self, at: At) -> &T {
        if at.now {
            &self.now[at.side]
        } else {
            &self.base[at.side]
        }
    }

    fn get_mut(&mut self, at: At) -> &mut T {
        if at.now {
            &mut self.now[at.side]
        } else {
            &mut self.base[at.side]
        }
    }

    fn each(&self) -> impl Iterator<Item = &T> {
        Self::ALL.iter().map(|at| self.get(*at))
    }
}

pub(super) fn merge(sides: Both<Version<'_>>, preference: Preference) -> Merged {
    let still = |side: Side| sides[side].base == Some(sides[side].now);
    if sides.left.now == sides.right.now || still(Side::Left) && still(Side::Right) {
        return Merged::default();
    }
    let mut merger = Merger {
        preference,
        now: Both::from_fn(|side| sides[side].now),
        winner: OnceCell::new(),
        provisional: Both::from_fn(|side| sides[side].provisional),
        uids_travel: !sides.left.own_uid && !sides.right.own_uid,
        eol: Both::from_fn(|side| Eol::of(sides[side].now)),
        conflicts: BTreeSet::new(),
        context: Context::default(),
    };
    Merged {
        result: merger.documents(sides),
        loser: (!merger.conflicts.is_empty()).then(|| merger.winner().other()),
        conflicts: merger.conflicts.into_iter().collect(),
    }
}

struct Merger<'c> {
    preference: Preference,
    now: Both<&'c [u8]>,
    /// Found out when it is first asked for: it takes a look at all of both documents.
    winner: OnceCell<Side>,
    provisional: Both<bool>,
    /// Neither side makes its UIDs up.
    uids_travel: bool,
    eol: Both<Eol>,
    conflicts: BTreeSet<String>,
    context: Context,
}

/// What a component needs to know of those around it.
#[derive(Debug, Clone, Default)]
struct Context {
    /// The series that the component belongs to.
    series: String,
    /// The RECURRENCE-ID of the override that it is or is in.
    instance: Option<String>,
    /// Instances, with their series, that one side edited while the other deleted them.
    edited: BTreeSet<(String, String)>,
    /// Series that one side moved.
    shifts: BTreeMap<String, Shift>,
}

impl Merger<'_> {
    /// The side whose value stays where both changed it.
    fn winner(&self) -> Side {
        *self.winner.get_or_init(|| match self.preference {
            Preference::Side(side) => side,
            Preference::Newest => newest(self.now.left, self.now.right),
        })
    }

    /// What each side shall hold, if it is something else.
    fn documents(&mut self, sides: Both<Version<'_>>) -> Both<Option<Bytes>> {
        let still = |side: Side| sides[side].base == Some(sides[side].now);
        let now = Both::from_fn(|side| Node::parse(sides[side].now));
        let before = Both::from_fn(|side| {
            let base = sides[side].base.filter(|_| !still(side));
            base.map(Node::parse)
        });
        let (Some(left), Some(right)) = (&now.left, &now.right) else {
            return self.whole(sides);
        };
        if before.left == Some(None) || before.right == Some(None) {
            return self.whole(sides);
        }
        let now = Both::new(Some(left), Some(right));
        let base = Both::from_fn(|side| match still(side) {
            true => now[side],
            false => before[side].as_ref().and_then(Option::as_ref),
        });
        let merged = self.component(Docs { base, now });
        Both::from_fn(|side| {
            let changed = merged[side].as_ref();
            changed.map(|node| Bytes::from(node.print(self.eol[side])))
        })
    }

    /// Takes one of both contents as it is.
    fn whole(&mut self, sides: Both<Version<'_>>) -> Both<Option<Bytes>> {
        let changed = |side: Side| sides[side].base != Some(sides[side].now);
        let from = match (changed(Side::Left), changed(Side::Right)) {
            (true, false) => Side::Left,
            (false, true) => Side::Right,
            _ => {
                self.conflict("*");
                self.winner()
            }
        };
        let mut result = Both::default();
        result[from.other()] = Some(Bytes::copy_from_slice(sides[from].now));
        result
    }

    /// Notes that both sides changed a property.
    fn conflict(&mut self, property: &str) {
        let conflict = match &self.context.instance {
            Some(id) => format!("{property} (RECURRENCE-ID {id})"),
            None => property.to_owned(),
        };
        self.conflicts.insert(conflict);
    }

    /// Merges a component that both sides have. None where a side keeps what it has.
    fn component<'a>(&mut self, nodes: Docs<Option<&Node<'a>>>) -> Both<Option<Node<'a>>> {
        let (Some(left), Some(right)) = (nodes.now.left, nodes.now.right) else {
            return Both::default();
        };
        let now = Both::new(left, right);
        let names = touched::names(nodes.base, now);
        let read = |node: &Node<'_>| entries_about(node, names.as_ref());
        let said = Both::from_fn(|side| read(now[side]));
        let before = Both::from_fn(|side| match nodes.base[side] {
            Some(base) if !std::ptr::eq(base, now[side]) => Some(read(base)),
            _ => None,
        });
        let base: Both<Option<&Entries>> = Both::from_fn(|side| match before[side].as_ref() {
            None => nodes.base[side].map(|_| &said[side]),
            known => known,
        });
        let mut drafts = Both::from_fn(|side| Draft::new(now[side], &said[side], self.eol[side]));
        let cells = cells(base, Both::new(&said.left, &said.right), self.provisional);
        self.properties(&cells, now, &mut drafts);
        self.components(nodes, &mut drafts);
        for side in Side::BOTH {
            let other = now[side.other()];
            if drafts[side].says_something_new() {
                drafts[side].raise_stamps(now[side], other);
            }
        }
        let Both { left, right } = drafts;
        let mut merged = Both::new(left.finish(), right.finish());
        for side in Side::BOTH {
            if let Some(node) = merged[side].as_mut().filter(|n| n.name == "VCALENDAR") {
                zones::complete(node, now[side], now[side.other()], self.eol[side]);
            }
        }
        merged
    }

    fn properties<'a>(
        &mut self,
        cells: &[Cell<'_>],
        now: Both<&Node<'a>>,
        drafts: &mut Both<Draft<'a>>,
    ) {
        let moved = self.context.shifts.contains_key(&self.context.series);
        let held = Both::from_fn(|side| {
            let exceptions = cells.iter().filter(|cell| moved && cell.name == "EXDATE");
            exceptions
                .filter_map(|cell| Some(cell.now[side]?.value.as_str()))
                .collect()
        });
        let mut planned = self.schedule(cells);
        planned.extend(self.progress(cells));
        for (i, cell) in cells.iter().enumerate() {
            let verdicts = match planned.remove(&i) {
                Some(verdicts) => verdicts,
                None => match self.exception(cell, &held) {
                    Some(verdicts) => verdicts,
                    None => self.decide(cell),
                },
            };
            for side in Side::BOTH {
                let own = cell.now[side];
                match &verdicts[side] {
                    Verdict::Keep => continue,
                    Verdict::Remove => {
                        if let Some(own) = own {
                            drafts[side].remove(own);
                        }
                    }
                    Verdict::Write(write) => {
                        let Some(entry) = cell.now[write.from] else {
                            continue;
                        };
                        drafts[side].write(own, now[write.from], entry, write);
                    }
                }
                for twin in &cell.twins[side] {
                    drafts[side].remove(twin);
                }
            }
        }
    }
}
