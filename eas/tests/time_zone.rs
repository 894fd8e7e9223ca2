//! Time zones against recorded blobs and the data base of IANA.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use eas::mapping::time_zone::{
    Observance, ZoneBlob, blob_of, blob_of_vtimezone, iana_of_windows, vtimezone, zone_of,
};
use eas::wire::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

fn recorded() -> Vec<serde_json::Value> {
    serde_json::from_str(include_str!("data/timezone-blobs.json")).unwrap()
}

#[test]
fn recorded_blobs_read_and_write_as_they_are() {
    for one in recorded() {
        let base64 = one["base64"].as_str().unwrap();
        let blob = ZoneBlob::decode(base64).unwrap();
        assert_eq!(i64::from(blob.bias), one["bias"].as_i64().unwrap());
        assert_eq!(blob.standard_name, one["standard_name"].as_str().unwrap());
        assert_eq!(blob.daylight_name, one["daylight_name"].as_str().unwrap());
        let date = &one["daylight_date"];
        assert_eq!(
            u64::from(blob.daylight_date.month),
            date[1].as_u64().unwrap()
        );
        assert_eq!(u64::from(blob.daylight_date.day), date[3].as_u64().unwrap());
        if blob.has_daylight_time() || blob.daylight_bias == 0 {
            assert_eq!(ZoneBlob::decode(&blob.encode()), Some(blob));
        }
    }
}

/// With the server's zone UTC, SOGo sends a date that nobody has set.
#[test]
fn a_date_of_no_month_is_none() {
    let blob = ZoneBlob {
        standard_date: eas::mapping::time_zone::SystemTime {
            year: 51_234,
            hour: 9_999,
            ..Default::default()
        },
        ..ZoneBlob::default()
    };
    assert!(!blob.has_daylight_time());
    assert_eq!(
        zone_of(&blob, 2026, Some("Etc/UTC")).as_deref(),
        Some("Etc/UTC")
    );
    assert!(ZoneBlob::decode(&blob.encode()).unwrap().is_blank());
}

#[test]
fn what_is_no_blob_is_none() {
    for wrong in ["", "AAAA", "not base64 at all!", &"A".repeat(2_000)] {
        assert_eq!(ZoneBlob::decode(wrong), None);
    }
}

#[test]
fn zones_are_known_by_their_rules() {
    let zone = |iana: &str, preferred| zone_of(&blob_of(iana, 2026).unwrap(), 2026, preferred);
    assert_eq!(
        zone("Europe/Paris", Some("Europe/Paris")).unwrap(),
        "Europe/Paris"
    );
    // Without a preference, the zone that Windows' name stands for.
    assert_eq!(zone("America/New_York", None).unwrap(), "America/New_York");
    assert_eq!(
        zone("Asia/Kolkata", Some("Europe/Paris")).unwrap(),
        "Asia/Kolkata"
    );
    // Vienna has no name of Windows', and Berlin's is not that of Paris.
    for (zone_there, own, known) in [
        ("Europe/Vienna", "Europe/Paris", "Europe/Vienna"),
        ("Europe/Berlin", "Europe/Paris", "Europe/Berlin"),
        ("Europe/Berlin", "Europe/Vienna", "Europe/Vienna"),
    ] {
        assert_eq!(zone(zone_there, Some(own)).unwrap(), known);
    }
    assert_eq!(
        zone_of(&ZoneBlob::default(), 2026, Some("Europe/Paris")),
        None
    );
    assert_eq!(
        iana_of_windows("W. Europe Standard Time"),
        Some("Europe/Berlin")
    );
    assert_eq!(
        blob_of("W. Europe Standard Time", 2026),
        blob_of("Europe/Berlin", 2026)
    );
    assert_eq!(blob_of("Middle/Earth", 2026), None);
}

/// In, before and after each change of the clocks in the next ten years, in every zone that has the
/// same rules for all of them, the blob of the first year says what the data base says.
#[test]
fn a_blob_holds_for_ten_years() {
    let mut compared = 0;
    for name in jiff::tz::db().available() {
        let tz = TimeZone::get(name.as_str()).unwrap();
        let Some(blob) = blob_of(name.as_str(), 2026) else {
            panic!("{name}");
        };
        let stable = (2027..=2036).all(|year| {
            let other = blob_of(name.as_str(), year).unwrap();
            (
                other.bias,
                other.daylight_bias,
                other.standard_date,
                other.daylight_date,
            ) == (
                blob.bias,
                blob.daylight_bias,
                blob.standard_date,
                blob.daylight_date,
            )
        });
        if !stable {
            continue;
        }
        let from: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let to: Timestamp = "2036-12-31T12:00:00Z".parse().unwrap();
        let changes: Vec<_> = tz
            .following(from)
            .map(|change| change.timestamp())
            .take_while(|change| *change < to)
            .collect();
        for change in changes.into_iter().chain([from, to]) {
            for seconds in [-86_400, -3_600, -1, 0, 1, 3_599, 3_600, 86_400] {
                let at = change.checked_add(seconds.seconds()).unwrap();
                let theirs = i64::from(tz.to_offset(at).seconds());
                // Blobs know minutes; a few zones of old had seconds.
                let ours = blob.offset_at(DateTime::new(at.as_second()));
                assert_eq!(ours, theirs, "{name} at {at}");
                compared += 1;
            }
        }
    }
    assert!(compared > 20_000, "{compared}");
}

#[test]
fn a_vtimezone_says_what_the_blob_says() {
    let blob = blob_of("America/New_York", 2026).unwrap();
    assert_eq!(
        vtimezone("America/New_York", &blob, 2026),
        "BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n\
         BEGIN:STANDARD\r\nDTSTART:20251102T020000\r\n\
         RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\n\
         TZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\n\
         BEGIN:DAYLIGHT\r\nDTSTART:20250309T020000\r\n\
         RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\n\
         TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    );
    let observances = [
        Observance {
            daylight: false,
            start: "20071104T020000",
            rule: Some("FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"),
            offset_to: "-0500",
        },
        Observance {
            daylight: true,
            start: "20070311T020000",
            rule: Some("FREQ=YEARLY;BYDAY=2SU;BYMONTH=3"),
            offset_to: "-0400",
        },
    ];
    let own = blob_of_vtimezone("US-Eastern", &observances).unwrap();
    assert_eq!(
        zone_of(&own, 2026, None).as_deref(),
        Some("America/New_York")
    );
}
