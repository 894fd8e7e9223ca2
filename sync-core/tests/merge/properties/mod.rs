//! Random documents, written in random ways, edited at random on both sides.

mod documents;

use std::collections::BTreeMap;

use documents::{Document, Edit, Style, document, edits, style};
use proptest::prelude::*;
use sync_core::merge::{Merged, Preference, VcardVersion, Version, equal, merge, to_version};
use sync_core::model::{Both, Side};

/// Both sides have seen the same document, each in its own way, and edited it.
#[derive(Debug, Clone)]
struct World {
    base: Document,
    edits: Both<Vec<Edit>>,
    styles: [Style; 4],
}

impl World {
    fn now(&self, side: Side) -> Document {
        let mut document = self.base.clone();
        self.edits[side]
            .iter()
            .for_each(|edit| document.apply(edit));
        document
    }

    fn bases(&self) -> Both<Vec<u8>> {
        Both::new(
            self.base.print(&self.styles[0]),
            self.base.print(&self.styles[1]),
        )
    }

    fn contents(&self) -> Both<Vec<u8>> {
        Both::new(
            self.now(Side::Left).print(&self.styles[2]),
            self.now(Side::Right).print(&self.styles[3]),
        )
    }
}

fn world() -> impl Strategy<Value = World> {
    let styles = [style(), style(), style(), style()];
    (document(), edits(), edits(), styles).prop_map(|(base, left, right, styles)| World {
        base,
        edits: Both::new(left, right),
        styles,
    })
}

fn run(base: &Both<Vec<u8>>, now: &Both<Vec<u8>>, preference: Preference) -> Merged {
    let version = |side: Side| Version {
        base: Some(&base[side]),
        provisional: false,
        own_uid: false,
        now: &now[side],
    };
    merge(Both::from_fn(version), preference)
}

fn held(now: &Both<Vec<u8>>, merged: &Merged) -> Both<Vec<u8>> {
    Both::from_fn(|side| match &merged.result[side] {
        Some(bytes) => bytes.to_vec(),
        None => now[side].clone(),
    })
}

fn show(content: &[u8]) -> String {
    String::from_utf8_lossy(content).into_owned()
}

/// Four documents of one kind, made of scraps, that have some of them in common.
fn scraps() -> impl Strategy<Value = [Vec<u8>; 4]> {
    let scrap = || prop::sample::select(documents::SCRAPS.to_vec());
    let frames = [
        ("", ""),
        (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n",
            "END:VEVENT\r\nEND:VCALENDAR\r\n",
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nRRULE:FREQ=DAILY\n",
            "END:VTODO\nEND:VCALENDAR",
        ),
        ("BEGIN:VCARD\r\nVERSION:3.0\r\n", "END:VCARD\r\n"),
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), scrap()), 0..6);
    let each = [edits.clone(), edits.clone(), edits.clone(), edits];
    let common = prop::collection::vec(scrap(), 0..20);
    (prop::sample::select(frames.to_vec()), common, each).prop_map(
        |((head, tail), common, each)| {
            each.map(|edits| {
                let mut parts = common.clone();
                for (at, insert, scrap) in edits {
                    let at = at.index(parts.len() + 1);
                    if insert {
                        parts.insert(at, scrap);
                    } else if at < parts.len() {
                        parts.remove(at);
                    }
                }
                [head.as_bytes(), &parts.concat(), tail.as_bytes()].concat()
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equality_is_an_equivalence(a in document(), styles in [style(), style(), style()], edit in any::<u16>()) {
        let [x, y, z] = styles.map(|style| a.print(&style));
        prop_assert!(equal(&x, &x));
        prop_assert!(equal(&x, &y) && equal(&y, &x), "{}\n{}", show(&x), show(&y));
        prop_assert!(equal(&y, &z) && equal(&x, &z));
        let mut other = a.clone();
        other.spoil(edit);
        let w = other.print(&Style::default());
        for known in [&x, &y, &z] {
            prop_assert!(!equal(known, &w) && !equal(&w, known), "{}\n{}", show(known), show(&w));
        }
    }

    #[test]
    fn a_merge_keeps_its_promises(world in world(), prefer_left in any::<bool>()) {
        let (base, now) = (world.bases(), world.contents());
        let rule = |side| Preference::Side(side);
        let winner = if prefer_left { Side::Left } else { Side::Right };
        let merged = run(&base, &now, rule(winner));
        let held = held(&now, &merged);
        prop_assert!(equal(&held.left, &held.right), "both sides agree:\n{}\n{}", show(&held.left), show(&held.right));

        // Swapping mirrors.
        let swap = |both: &Both<Vec<u8>>| Both::new(both.right.clone(), both.left.clone());
        let mirror = run(&swap(&base), &swap(&now), rule(winner.other()));
        prop_assert_eq!(&merged.conflicts, &mirror.conflicts);
        for side in Side::BOTH {
            let other = mirror.result[side.other()].as_deref().unwrap_or(&now[side]);
            prop_assert!(equal(&held[side], other), "mirrored:\n{}\n{}", show(&held[side]), show(other));
        }

        // Once more is nothing.
        prop_assert_eq!(run(&held, &held, rule(winner)), Merged::default());

        // Every edit that only one side made is there.
        let (left, right) = (world.now(Side::Left), world.now(Side::Right));
        let mut expected = world.base.clone();
        let contested = expected.join(&left, &right, winner);
        let found = Document::read(&held.left, &world.base);
        prop_assert_eq!(&found, &expected, "conflicts {:?} in\n{}", &merged.conflicts, show(&held.left));
        let names: std::collections::BTreeSet<String> = merged.conflicts.iter().cloned().collect();
        prop_assert_eq!(names, contested);
    }

    #[test]
    fn an_edit_of_one_side_is_all_that_changes(world in world()) {
        let base = world.bases();
        let now = Both::new(world.contents().left, base.right.clone());
        let merged = run(&base, &now, Preference::Newest);
        prop_assert_eq!(&merged.result.left, &None);
        prop_assert_eq!(&merged.conflicts, &Vec::<String>::new());
        let held = held(&now, &merged);
        prop_assert!(equal(&held.right, &now.left), "{}\n{}", show(&held.right), show(&now.left));
        // The lines that stand for what was not edited are those that stood there.
        let lines = |content: &[u8]| -> BTreeMap<String, usize> {
            let mut counts = BTreeMap::new();
            let text = show(content).replace("\r\n ", "").replace("\n ", "");
            text.lines().for_each(|line| *counts.entry(line.trim_end().to_owned()).or_default() += 1);
            counts
        };
        let (before, after) = (lines(&base.right), lines(&held.right));
        let kept = before.iter().filter(|(line, count)| after.get(*line) >= Some(count)).count();
        let touched = world.base.distance(&world.now(Side::Left));
        prop_assert!(before.len() - kept <= touched, "{} lines of {} kept, {} edits:\n{}\n{}", kept, before.len(), touched, show(&base.right), show(&held.right));
    }

    #[test]
    fn cards_keep_all_in_both_versions(base in documents::cards(), style in style()) {
        let card = base.print(&style);
        for version in [VcardVersion::V3, VcardVersion::V4] {
            let there = to_version(&card, version);
            prop_assert!(equal(&card, &there), "{}\n{}", show(&card), show(&there));
            prop_assert_eq!(&to_version(&there, version), &there);
        }
    }

    #[test]
    fn whatever_comes_is_survived([left_base, right_base, left, right] in scraps()) {
        let (bases, now) = (Both::new(left_base, right_base), Both::new(left, right));
        let merged = run(&bases, &now, Preference::Newest);
        let held = held(&now, &merged);
        prop_assert_eq!(run(&held, &held, Preference::Newest), Merged::default());
        let swapped = Both::new(now.right.clone(), now.left.clone());
        let swapped_bases = Both::new(bases.right.clone(), bases.left.clone());
        let mirror = run(&swapped_bases, &swapped, Preference::Newest);
        prop_assert_eq!(&merged.conflicts, &mirror.conflicts);
        for side in Side::BOTH {
            let other = mirror.result[side.other()].as_deref().unwrap_or(&now[side]);
            prop_assert!(equal(&held[side], other), "{}\n--- mirrored\n{}", show(&held[side]), show(other));
            for version in [VcardVersion::V3, VcardVersion::V4] {
                let card = to_version(&held[side], version);
                prop_assert_eq!(&to_version(&card, version), &card);
            }
        }
    }
}
