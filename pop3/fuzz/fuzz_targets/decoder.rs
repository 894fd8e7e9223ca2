//! Every line is decoded or refused, and ids differ as their bytes do.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3::wire::{Capabilities, Language, ListEntry, Reply, Stat, UidlEntry};

fuzz_target!(|line: &[u8]| {
    let _ = Reply::decode(line);
    let _ = Stat::decode(line);
    let _ = ListEntry::decode(line);
    let _ = Language::decode(line);
    Capabilities::default().learn(line);
    if let Ok(Some(entry)) = UidlEntry::decode(line) {
        let bytes: Vec<u8> = entry.unique_id.chars().map(|c| c as u8).collect();
        assert!(line.trim_ascii_end().ends_with(&bytes));
    }
});
