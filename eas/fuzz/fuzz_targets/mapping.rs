//! No document and no blob makes a mapping panic, and what was mapped maps back.
#![no_main]

use eas::mapping::time_zone::{ZoneBlob, vtimezone, zone_of};
use eas::mapping::{Account, contact, event, note, task};
use eas::wire::{DateTime, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let account = |version| Account {
        version,
        zone: Some("Europe/Paris"),
        addresses: &[],
    };
    for version in [Version::V14_1, Version::V16_1] {
        let account = account(version);
        if let Ok(mapped) = event::from_ical(data, &account) {
            let back = event::to_ical(&mapped, "1", &account).expect("it has a start");
            event::from_ical(&back, &account).expect("our own document");
        }
        if let Ok(mapped) = task::from_ical(data, &account, DateTime::new(0)) {
            task::to_ical(&mapped, "1");
        }
    }
    if let Some(mapped) = contact::from_vcard(data) {
        contact::from_vcard(&contact::to_vcard(&mapped, "1")).expect("our own card");
    }
    if let Ok(mapped) = note::from_ical(data) {
        note::to_ical(&mapped, "1");
    }
    let text = String::from_utf8_lossy(data);
    if let Some(blob) = ZoneBlob::decode(&text) {
        let _ = zone_of(&blob, 2026, None);
        let _ = vtimezone("x", &blob, 2026);
        let _ = blob.offset_at(DateTime::new(0));
        ZoneBlob::decode(&blob.encode()).expect("our own blob");
    }
});
