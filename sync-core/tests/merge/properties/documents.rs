//! A model of documents that knows nothing of the code under test: what they say, how an edit
//! changes it, what three of them are together; and a writer and a reader of its own.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sync_core::model::Side;

pub(crate) use text::Style;

/// What documents are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Card,
}

type Singles = BTreeMap<&'static str, String>;
/// Parameters; a TYPE is `TYPE:HOME`, the label of a group `.LABEL`.
type Params = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    kind: Kind,
    singles: Singles,
    /// The lines of a text, if there is one.
    text: Option<Vec<String>>,
    sets: BTreeMap<(&'static str, String), Params>,
    lists: BTreeMap<&'static str, BTreeSet<String>>,
    overrides: BTreeMap<String, Singles>,
}

#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Single(usize, Option<String>),
    Line(usize, String),
    NoText,
    Add(usize, usize),
    Remove(usize, usize),
    Param(usize, usize, usize, Option<String>),
    List(usize, usize, bool),
    Override(usize, usize, Option<String>),
    NoOverride(usize),
}

impl Kind {
    fn singles(self) -> &'static [&'static str] {
        match self {
            Self::Event => &["SUMMARY", "LOCATION", "X-MOOD"],
            Self::Card => &["FN", "TITLE", "X-PET", "BDAY"],
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Event => "DESCRIPTION",
            Self::Card => "NOTE",
        }
    }

    fn sets(self) -> [&'static str; 2] {
        match self {
            Self::Event => ["ATTENDEE", "ATTACH"],
            Self::Card => ["EMAIL", "URL"],
        }
    }

    fn lists(self) -> [&'static str; 2] {
        match self {
            Self::Event => ["CATEGORIES", "EXDATE"],
            Self::Card => ["CATEGORIES", "NICKNAME"],
        }
    }

    fn key(self, name: &str, i: usize) -> String {
        match name {
            "ATTENDEE" => format!("mailto:p{i}@x"),
            "EMAIL" => format!("p{i}@x"),
            _ => format!("http://x/{i}"),
        }
    }

    fn list_value(name: &str, i: usize) -> String {
        match name {
            "EXDATE" => format!("202405{:02}T090000Z", i + 1),
            _ => format!("c{i}, and \\; more"),
        }
    }

    fn param(self, i: usize) -> &'static str {
        let names = match self {
            Self::Event => ["PARTSTAT", "CN", "X-A"],
            Self::Card => ["TYPE:HOME", ".LABEL", "X-A"],
        };
        names[i % 3]
    }
}

fn instance(i: usize) -> String {
    format!("202406{:02}T090000Z", i + 1)
}

impl Document {
    pub(crate) fn apply(&mut self, edit: &Edit) {
        let kind = self.kind;
        match edit {
            Edit::Single(i, value) => {
                let name = kind.singles()[i % kind.singles().len()];
                set(&mut self.singles, name, value.clone());
            }
            Edit::Line(i, value) => {
                if let Some(text) = &mut self.text {
                    let at = i % text.len();
                    text[at].clone_from(value);
                }
            }
            Edit::NoText => self.text = None,
            Edit::Add(i, key) => {
                let name = kind.sets()[i % 2];
                self.sets.entry((name, kind.key(name, *key))).or_default();
            }
            Edit::Remove(i, key) => {
                let name = kind.sets()[i % 2];
                self.sets.remove(&(name, kind.key(name, *key)));
            }
            Edit::Param(i, key, param, value) => {
                let name = kind.sets()[i % 2];
                if let Some(params) = self.sets.get_mut(&(name, kind.key(name, *key))) {
                    let param = kind.param(*param);
                    let flag = param.starts_with("TYPE:");
                    match value {
                        Some(value) => {
                            let value = match param {
                                "PARTSTAT" if value.len() > 2 => "DECLINED".to_owned(),
                                "PARTSTAT" => "ACCEPTED".to_owned(),
                                _ if flag => String::new(),
                                _ => value.clone(),
                            };
                            params.insert(param.into(), value);
                        }
                        None => {
                            params.remove(param);
                        }
                    }
                }
            }
            Edit::List(i, value, add) => {
                let name = kind.lists()[i % 2];
                let value = Kind::list_value(name, *value);
                let list = self.lists.entry(name).or_default();
                if *add {
                    list.insert(value);
                } else {
                    list.remove(&value);
                }
                self.lists.retain(|_, list| !list.is_empty());
            }
            Edit::Override(id, i, value) if kind == Kind::Event => {
                let singles = self.overrides.entry(instance(*id)).or_default();
                set(
                    singles,
                    kind.singles()[i % kind.singles().len()],
                    value.clone(),
                );
            }
            Edit::NoOverride(id) => {
                self.overrides.remove(&instance(*id));
            }
            Edit::Override(..) => {}
        }
    }

    /// Makes it say something else.
    pub(crate) fn spoil(&mut self, how: u16) {
        let last = self.sets.keys().next_back().cloned();
        match (how % 5, last) {
            (0, Some(key)) => {
                self.sets.remove(&key);
            }
            (1, Some(key)) => {
                self.sets
                    .entry(key)
                    .or_default()
                    .insert("X-SPOILT".into(), "1".into());
            }
            (2, _) => {
                let name = self.kind.lists()[0];
                self.lists.entry(name).or_default().insert("spoilt".into());
            }
            (3, _) => self.text.get_or_insert_with(|| vec!["s".into()])[0].push_str("poilt"),
            _ => {
                self.singles.insert(self.kind.singles()[0], "spoilt".into());
            }
        }
    }

    /// At most how many lines tell the two apart.
    pub(crate) fn distance(&self, other: &Self) -> usize {
        let singles = |a: &Singles, b: &Singles| {
            let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            names
                .into_iter()
                .filter(|name| a.get(*name) != b.get(*name))
                .count()
        };
        let mut count = singles(&self.singles, &other.singles);
        count += usize::from(self.text != other.text);
        for (key, params) in &self.sets {
            if other.sets.get(key) != Some(params) {
                // With the line that describes its group.
                count += 2;
            }
        }
        for name in self.kind.lists() {
            let empty = BTreeSet::new();
            let (a, b) = (self.lists.get(name), other.lists.get(name));
            count += a
                .unwrap_or(&empty)
                .symmetric_difference(b.unwrap_or(&empty))
                .count();
        }
        for (id, known) in &self.overrides {
            count += match other.overrides.get(id) {
                Some(now) => singles(known, now),
                None => known.len() + 4,
            };
        }
        count
    }

    /// Becomes what both edits of it are together; gives the names of what was contested.
    pub(crate) fn join(&mut self, left: &Self, right: &Self, winner: Side) -> BTreeSet<String> {
        let mut contested = BTreeSet::new();
        self.singles = join_singles(
            &self.singles,
            &left.singles,
            &right.singles,
            winner,
            "",
            &mut contested,
        );
        self.text = self.join_text(left, right, winner, &mut contested);
        let keys: BTreeSet<_> = left.sets.keys().chain(right.sets.keys()).cloned().collect();
        let mut sets = BTreeMap::new();
        for key in keys {
            let base = self.sets.get(&key);
            let joined = match (left.sets.get(&key), right.sets.get(&key)) {
                (Some(l), Some(r)) => Some(join_maps(base, l, r, winner, |_| {
                    contested.insert(key.0.to_owned());
                })),
                (Some(only), None) | (None, Some(only)) => {
                    (base != Some(only)).then(|| only.clone())
                }
                (None, None) => None,
            };
            sets.extend(joined.map(|params| (key, params)));
        }
        self.sets = sets;
        for name in self.kind.lists() {
            let empty = BTreeSet::new();
            let of = |d: &Self| d.lists.get(name).unwrap_or(&empty).clone();
            let (base, l, r) = (of(self), of(left), of(right));
            let all = l
                .union(&r)
                .filter(|v| !base.contains(*v) || l.contains(*v) && r.contains(*v));
            self.lists.insert(name, all.cloned().collect());
        }
        self.lists.retain(|_, list| !list.is_empty());
        let ids: BTreeSet<_> = left
            .overrides
            .keys()
            .chain(right.overrides.keys())
            .cloned()
            .collect();
        let mut overrides = BTreeMap::new();
        for id in ids {
            let base = self.overrides.get(&id);
            let joined = match (left.overrides.get(&id), right.overrides.get(&id)) {
                (Some(l), Some(r)) => {
                    let suffix = format!(" (RECURRENCE-ID {id})");
                    let none = Singles::new();
                    Some(join_singles(
                        base.unwrap_or(&none),
                        l,
                        r,
                        winner,
                        &suffix,
                        &mut contested,
                    ))
                }
                (Some(only), None) | (None, Some(only)) => {
                    (base != Some(only)).then(|| only.clone())
                }
                (None, None) => None,
            };
            overrides.extend(joined.map(|singles| (id, singles)));
        }
        self.overrides = overrides;
        contested
    }

    fn join_text(
        &self,
        left: &Self,
        right: &Self,
        winner: Side,
        contested: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        let (base, l, r) = (&self.text, &left.text, &right.text);
        match (base, l, r) {
            _ if l == r => l.clone(),
            _ if base == l => r.clone(),
            _ if base == r => l.clone(),
            (_, None, known) | (_, known, None) => known.clone(),
            (Some(base), Some(l), Some(r)) => {
                let lines = base.iter().zip(l).zip(r);
                let joined: Option<Vec<String>> = lines
                    .map(|((base, l), r)| match () {
                        () if base == l => Some(r.clone()),
                        () if base == r => Some(l.clone()),
                        () => None,
                    })
                    .collect();
                Some(joined.unwrap_or_else(|| {
                    contested.insert(self.kind.text().to_owned());
                    if winner == Side::Left {
                        l.clone()
                    } else {
                        r.clone()
                    }
                }))
            }
            (None, ..) => unreachable!("no edit adds a text"),
        }
    }
}

fn set(singles: &mut Singles, name: &'static str, value: Option<String>) {
    match value {
        Some(value) => singles.insert(name, value),
        None => singles.remove(name),
    };
}

fn join_singles(
    base: &Singles,
    left: &Singles,
    right: &Singles,
    winner: Side,
    suffix: &str,
    contested: &mut BTreeSet<String>,
) -> Singles {
    join_maps(Some(base), left, right, winner, |name| {
        contested.insert(format!("{name}{suffix}"));
    })
}

fn join_maps<K: Ord + Clone>(
    base: Option<&BTreeMap<K, String>>,
    left: &BTreeMap<K, String>,
    right: &BTreeMap<K, String>,
    winner: Side,
    mut contest: impl FnMut(&K),
) -> BTreeMap<K, String> {
    let mut out = BTreeMap::new();
    let names: BTreeSet<&K> = left.keys().chain(right.keys()).collect();
    for name in names {
        let base = base.and_then(|base| base.get(name));
        let joined = match (left.get(name), right.get(name)) {
            (l, r) if l == r => l,
            (l, r) if l == base => r,
            (l, r) if r == base => l,
            (None, known) | (known, None) => known,
            (l, r) => {
                contest(name);
                if winner == Side::Left { l } else { r }
            }
        };
        out.extend(joined.map(|value| (name.clone(), value.clone())));
    }
    out
}

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "plain", "a, b; c", "back\\slash", "quote\" and: colon", "two\nlines", "\u{e4}\u{f6}\u{1f600}",
        "a value that is so long that it has to be folded more than once before it comes to its end, since lines are short",
    ])
    .prop_map(str::to_owned)
}

/// Values that are written between the double quotes of parameters, too.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["A", "B c", "D,e;f:g", "H^i\"j"]).prop_map(str::to_owned)
}

fn documents_of(kind: Kind) -> impl Strategy<Value = Document> {
    let text = prop::option::of(prop::collection::vec("[a-z]{1,9}", 1..6));
    let edits = prop::collection::vec(edit(), 0..25);
    (text, edits).prop_map(move |(text, edits)| {
        let text = text.map(|lines| {
            let numbered = lines.into_iter().enumerate();
            numbered.map(|(i, line)| format!("{i} {line}")).collect()
        });
        let mut document = Document {
            kind,
            singles: BTreeMap::new(),
            text,
            sets: BTreeMap::new(),
            lists: BTreeMap::new(),
            overrides: BTreeMap::new(),
        };
        edits.iter().for_each(|edit| match edit {
            Edit::NoText | Edit::Line(..) => {}
            edit => document.apply(edit),
        });
        document
    })
}

pub(crate) fn cards() -> impl Strategy<Value = Document> {
    documents_of(Kind::Card)
}

pub(crate) fn document() -> impl Strategy<Value = Document> {
    prop_oneof![documents_of(Kind::Event), documents_of(Kind::Card)]
}

fn edit() -> impl Strategy<Value = Edit> {
    let (i, k) = (0..4_usize, 0..4_usize);
    prop_oneof![
        3 => (i.clone(), prop::option::weighted(0.8, value())).prop_map(|(i, v)| Edit::Single(i, v)),
        2 => (0..6_usize, "[A-Z]{6}").prop_map(|(i, v)| Edit::Line(i, v)),
        1 => Just(Edit::NoText),
        3 => (i.clone(), k.clone()).prop_map(|(i, k)| Edit::Add(i, k)),
        2 => (i.clone(), k.clone()).prop_map(|(i, k)| Edit::Remove(i, k)),
        4 => (i.clone(), k.clone(), 0..3_usize, prop::option::weighted(0.8, word()))
            .prop_map(|(i, k, p, v)| Edit::Param(i, k, p, v)),
        3 => (i.clone(), k.clone(), any::<bool>()).prop_map(|(i, k, add)| Edit::List(i, k, add)),
        3 => (k.clone(), i, prop::option::weighted(0.8, value())).prop_map(|(k, i, v)| Edit::Override(k, i, v)),
        1 => k.prop_map(Edit::NoOverride),
    ]
}

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 0..6)
}

pub(crate) fn style() -> impl Strategy<Value = Style> {
    any::<u64>().prop_map(Style::new)
}

/// Pieces of documents, of which nothing sensible comes.
pub(crate) const SCRAPS: [&[u8]; 40] = [
    b"BEGIN:VCALENDAR\r\n",
    b"END:VCALENDAR\r\n",
    b"BEGIN:VEVENT\n",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
    b"BEGIN:VALARM\n",
    b"END:VALARM\n",
    b"BEGIN:VCARD\r\n",
    b"END:VCARD\r\n",
    b"UID:1\n",
    b"UID:2\n",
    b"DTSTART:20240101T090000Z\n",
    b"DTSTART;VALUE=DATE:20240101\n",
    b"DTEND:20240101T100000Z\n",
    b"DTEND;TZID=X:20230101T100000\n",
    b"DURATION:-PT1H\n",
    b"RRULE:FREQ=DAILY;;COUNT\n",
    b"RECURRENCE-ID:20240102T090000Z\n",
    b"EXDATE:20240102T090000Z,,20240103\n",
    b"ATTENDEE;CN=\"x:mailto:a@x\n",
    b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x\n",
    b"CATEGORIES:a,b,\\,\n",
    b"DESCRIPTION:a\\nb\\\n",
    b"TRIGGER:-P\nACTION:\n",
    b"no line\n",
    b"\r\n",
    b" more\n",
    b"item1.EMAIL:a@x\n",
    b"item1.X-ABLabel:x\n",
    b"item1.TEL;TYPE=,HOME:1\n",
    b"VERSION:4.0\n",
    b"VERSION:2.1\n",
    b"PHOTO;ENCODING=b:AAAA\n",
    b"PHOTO:data:,\n",
    b"NOTE;ENCODING=QUOTED-PRINTABLE:a=\n",
    b"NICKNAME;QUOTED-PRINTABLE:=2C,=\n",
    b"GEO:geo:1,2\nBDAY:--0412\nBDAY;X-APPLE-OMIT-YEAR=16:1604-\xc3\xa9\n",
    b"FN:\xff\xfe\n",
    b"\xef\xbb\xbf",
    b":\n;:\n.:\n=\n",
];
