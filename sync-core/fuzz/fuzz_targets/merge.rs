//! Four documents, with a zero byte between them: a merge ends, mirrors, and leaves nothing to do.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sync_core::merge::{Merged, Preference, Version, equal, merge};
use sync_core::model::{Both, Side};

fn run(base: &Both<&[u8]>, now: &Both<&[u8]>, winner: Side) -> Merged {
    let version = |side: Side| Version {
        base: Some(base[side]),
        provisional: false,
        own_uid: false,
        now: now[side],
    };
    merge(Both::from_fn(version), Preference::Side(winner))
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|b| *b == 0);
    let mut next = || parts.next().unwrap_or_default();
    let base = Both::new(next(), next());
    let now = Both::new(next(), next());
    let merged = run(&base, &now, Side::Left);
    let held = Both::from_fn(|side| merged.result[side].as_deref().unwrap_or(now[side]));
    assert_eq!(run(&held, &held, Side::Left), Merged::default());
    let mirror = run(
        &Both::new(base.right, base.left),
        &Both::new(now.right, now.left),
        Side::Right,
    );
    assert_eq!(merged.conflicts, mirror.conflicts);
    for side in Side::BOTH {
        let other = mirror.result[side.other()].as_deref().unwrap_or(now[side]);
        assert!(equal(held[side], other));
    }
});
