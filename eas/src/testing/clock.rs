//! Times.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// `2026-12-01T09:00:00.000Z`
pub(super) fn extended(seconds: i64) -> String {
    let (year, month, day, rest) = civil(seconds);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// `20261201T090000Z`
pub(super) fn compact(seconds: i64) -> String {
    let text = extended(seconds);
    let text = text.trim_end_matches(".000Z").replace(['-', ':'], "");
    format!("{text}Z")
}

/// The extended form, to the letter: 24 characters.
pub(super) fn parse_extended(text: &str) -> Option<i64> {
    let fits = text.len() == 24 && text.ends_with('Z') && text.get(19..20) == Some(".");
    let shape = fits
        && text.get(4..5) == Some("-")
        && text.get(7..8) == Some("-")
        && text.get(10..11) == Some("T")
        && text.get(13..14) == Some(":")
        && text.get(16..17) == Some(":");
    shape.then(|| {
        let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        seconds(
            part(0, 4)?,
            part(5, 7)?,
            part(8, 10)?,
            part(11, 13)?,
            part(14, 16)?,
            part(17, 19)?,
        )
    })?
}

/// The compact form, to the letter: 16 characters.
pub(super) fn parse_compact(text: &str) -> Option<i64> {
    let fits = text.len() == 16 && text.get(8..9) == Some("T") && text.ends_with('Z');
    if !fits {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    seconds(
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?,
    )
}

fn seconds(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let sane = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..61).contains(&second);
    if !sane {
        return None;
    }
    // Days since 1970-01-01, with years that begin in March.
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * DAY + hour * 3600 + minute * 60 + second)
}

fn civil(seconds: i64) -> (i64, i64, i64, i64) {
    let days = seconds.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day, seconds.rem_euclid(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_there_and_back() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_293_341, "2026-11-21T20:35:41.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(extended(seconds), text);
            assert_eq!(parse_extended(text), Some(seconds));
            assert_eq!(parse_compact(&compact(seconds)), Some(seconds));
        }
        assert_eq!(parse_extended("20261121T203541Z"), None);
        assert_eq!(parse_compact("2026-11-21T20:35:41.000Z"), None);
    }
}
