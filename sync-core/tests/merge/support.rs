//! Contents in short, and merges that are checked from both ends.

use sync_core::merge::{Merged, Preference, Version, equal, merge};
use sync_core::model::{Both, Side};

/// Lines between bars, as a document.
pub(crate) fn lines(text: &str) -> String {
    let lines = text.split('|').filter(|line| !line.is_empty());
    lines.map(|line| format!("{line}\r\n")).collect()
}

/// An event with these lines.
pub(crate) fn event(text: &str) -> String {
    lines(&format!(
        "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:1|{text}|END:VEVENT|END:VCALENDAR"
    ))
}

/// A task with these lines.
pub(crate) fn task(text: &str) -> String {
    lines(&format!(
        "BEGIN:VCALENDAR|BEGIN:VTODO|UID:1|{text}|END:VTODO|END:VCALENDAR"
    ))
}

/// A calendar with these lines.
pub(crate) fn calendar(text: &str) -> String {
    lines(&format!("BEGIN:VCALENDAR|{text}|END:VCALENDAR"))
}

/// A card with these lines.
pub(crate) fn card(text: &str) -> String {
    lines(&format!("BEGIN:VCARD|VERSION:3.0|UID:1|{text}|END:VCARD"))
}

/// A card of version 4.0 with these lines.
pub(crate) fn card4(text: &str) -> String {
    lines(&format!("BEGIN:VCARD|VERSION:4.0|UID:1|{text}|END:VCARD"))
}

/// A merge in the making.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) base: Both<Option<String>>,
    pub(crate) now: Both<String>,
    pub(crate) provisional: Both<bool>,
    pub(crate) own_uid: Both<bool>,
    pub(crate) preference: Preference,
    /// Whether it shall come to the same if one side alone was written and nobody noted that.
    pub(crate) halves: bool,
}

/// What came of it: what each side holds in the end.
pub(crate) struct Outcome {
    pub(crate) left: String,
    pub(crate) right: String,
    pub(crate) conflicts: Vec<String>,
    pub(crate) merged: Merged,
}

/// Both sides had `base`.
pub(crate) fn three(base: &str, left: &str, right: &str) -> Case {
    four(base, left, base, right)
}

/// Each side had a base of its own.
pub(crate) fn four(left_base: &str, left: &str, right_base: &str, right: &str) -> Case {
    Case {
        base: Both::new(Some(left_base.into()), Some(right_base.into())),
        now: Both::new(left.into(), right.into()),
        provisional: Both::new(false, false),
        own_uid: Both::new(false, false),
        preference: Preference::Newest,
        halves: left_base == right_base,
    }
}

/// No side had one.
pub(crate) fn none(left: &str, right: &str) -> Case {
    Case {
        base: Both::new(None, None),
        halves: true,
        ..four("", left, "", right)
    }
}

impl Case {
    pub(crate) fn prefer(mut self, side: Side) -> Self {
        self.preference = Preference::Side(side);
        self
    }

    pub(crate) fn provisional(mut self, side: Side) -> Self {
        self.provisional[side] = true;
        self
    }

    /// This side makes its UIDs up.
    pub(crate) fn own_uid(mut self, side: Side) -> Self {
        self.own_uid[side] = true;
        self
    }

    fn run(&self) -> Merged {
        let version = |side: Side| Version {
            base: self.base[side].as_deref().map(str::as_bytes),
            provisional: self.provisional[side],
            own_uid: self.own_uid[side],
            now: self.now[side].as_bytes(),
        };
        merge(Both::from_fn(version), self.preference)
    }

    fn mirrored(&self) -> Self {
        fn swap<T>(both: Both<T>) -> Both<T> {
            Both::new(both.right, both.left)
        }
        let case = self.clone();
        Self {
            base: swap(case.base),
            now: swap(case.now),
            provisional: swap(case.provisional),
            own_uid: swap(case.own_uid),
            halves: case.halves,
            preference: match case.preference {
                Preference::Side(side) => Preference::Side(side.other()),
                Preference::Newest => Preference::Newest,
            },
        }
    }

    /// Merges, and sees that swapping the sides mirrors what comes of it, and that nothing more
    /// comes once both sides hold it.
    pub(crate) fn merge(&self) -> Outcome {
        let merged = self.run();
        let mirror = self.mirrored().run();
        assert_eq!(
            merged.conflicts, mirror.conflicts,
            "conflicts of the mirrored case"
        );
        assert_eq!(
            merged.loser,
            mirror.loser.map(Side::other),
            "loser of the mirrored case"
        );
        let held = Both::from_fn(|side| match &merged.result[side] {
            None => self.now[side].clone(),
            Some(bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
        });
        for side in Side::BOTH {
            let other = mirror.result[side.other()].as_deref();
            let other = other.unwrap_or(self.now[side].as_bytes());
            assert!(
                equal(held[side].as_bytes(), other),
                "the mirrored case differs on the {side}:\n{}\n{}",
                held[side],
                String::from_utf8_lossy(other),
            );
        }
        let again = Self {
            base: Both::from_fn(|side| Some(held[side].clone())),
            now: held.clone(),
            provisional: Both::new(false, false),
            own_uid: self.own_uid,
            preference: self.preference,
            halves: false,
        };
        assert_eq!(again.run(), Merged::default(), "a second merge");
        // What was merged also holds if only one side could be written.
        for side in Side::BOTH {
            if !self.halves {
                continue;
            }
            let mut half = self.clone();
            half.now[side].clone_from(&held[side]);
            let rest = half.run();
            for side in Side::BOTH {
                let now = rest.result[side]
                    .as_deref()
                    .unwrap_or(half.now[side].as_bytes());
                assert!(
                    equal(now, held[side].as_bytes()),
                    "after one side was written, the {side} becomes\n{}\ninstead of\n{}",
                    String::from_utf8_lossy(now),
                    held[side],
                );
            }
        }
        Outcome {
            left: held.left,
            right: held.right,
            conflicts: merged.conflicts.clone(),
            merged,
        }
    }

    /// Both sides hold exactly this in the end, and nothing was contested.
    #[track_caller]
    pub(crate) fn gives(&self, expected: &str) {
        let outcome = self.merge();
        assert_eq!(outcome.conflicts, [""; 0]);
        assert_eq!(outcome.left, expected, "left");
        assert_eq!(outcome.right, expected, "right");
    }

    /// The same, but for the order of lines and how they are written.
    #[track_caller]
    pub(crate) fn means(&self, expected: &str) {
        let outcome = self.merge();
        assert_eq!(outcome.conflicts, [""; 0]);
        for (side, held) in [("left", &outcome.left), ("right", &outcome.right)] {
            assert!(
                equal(held.as_bytes(), expected.as_bytes()),
                "{side} holds\n{held}\ninstead of\n{expected}"
            );
        }
    }

    /// These are contested, and `expected` is what both sides hold in the end.
    #[track_caller]
    pub(crate) fn contests(&self, conflicts: &[&str], expected: &str) {
        let outcome = self.merge();
        assert_eq!(outcome.conflicts, conflicts);
        for held in [&outcome.left, &outcome.right] {
            assert!(
                equal(held.as_bytes(), expected.as_bytes()),
                "a side holds\n{held}\ninstead of\n{expected}"
            );
        }
    }
}

#[track_caller]
pub(crate) fn same(a: &str, b: &str) {
    assert!(equal(a.as_bytes(), b.as_bytes()), "differ:\n{a}\n{b}");
    assert!(
        equal(b.as_bytes(), a.as_bytes()),
        "differ one way:\n{a}\n{b}"
    );
}

#[track_caller]
pub(crate) fn differ(a: &str, b: &str) {
    assert!(!equal(a.as_bytes(), b.as_bytes()), "are equal:\n{a}\n{b}");
    assert!(
        !equal(b.as_bytes(), a.as_bytes()),
        "are equal one way:\n{a}\n{b}"
    );
}
