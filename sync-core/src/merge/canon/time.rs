use super::recurrence::duration;

const DAY: i64 = 86_400;

/// The first part of the names of zones in the IANA database.
const AREAS: [&str; 11] = [
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Etc/",
    "Europe/",
    "Indian/",
    "Pacific/",
];

/// The canonical form of a DATE, DATE-TIME or PERIOD: `20240101`, `20240101T090000`,
/// `20240101T090000Z`, `20240101T090000@Europe/Berlin`.
pub(super) fn canonical_time(value: &str, tzid: &str) -> String {
    let value = value.trim().to_ascii_uppercase();
    if let Some((start, end)) = value.split_once('/') {
        let end = if end.starts_with(['P', '+', '-']) {
            duration(end)
        } else {
            canonical_time(end, tzid)
        };
        return format!("{}/{end}", canonical_time(start, tzid));
    }
    if value.ends_with('Z') || !value.contains('T') || tzid.is_empty() {
        return value;
    }
    match canonical_zone(tzid) {
        "UTC" => value + "Z",
        zone => format!("{value}@{zone}"),
    }
}

/// A zone's name without what vendors put before it; all names of UTC are one.
fn canonical_zone(tzid: &str) -> &str {
    let mut name = tzid.trim();
    if name.starts_with('/') {
        let at = AREAS.iter().filter_map(|area| name.find(area)).min();
        name = at.and_then(|at| name.get(at..)).unwrap_or(name);
    }
    match name {
        "UTC" | "Etc/UTC" | "Etc/GMT" | "GMT" | "Z" | "Zulu" | "Etc/Zulu" | "Etc/UCT"
        | "Universal" | "Etc/Universal" => "UTC",
        _ => name,
    }
}

/// A point in time, as far as it can be known without the rules of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::merge) struct Moment<'t> {
    /// Without a time of day.
    pub(in crate::merge) is_date: bool,
    /// `Z`, the name of a zone, or nothing for a floating time.
    pub(in crate::merge) zone: &'t str,
    /// Since 1970 by the clock of the zone.
    pub(in crate::merge) seconds: i64,
}

impl<'t> Moment<'t> {
    /// Reads the canonical form.
    pub(in crate::merge) fn parse(canonical: &'t str) -> Option<Self> {
        let (digits, zone) = match canonical.split_once('@') {
            Some(parts) => parts,
            None => match canonical.strip_suffix('Z') {
                Some(digits) => (digits, "Z"),
                None => (canonical, ""),
            },
        };
        let (date, time) = match digits.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (digits, None),
        };
        let number = |text: &str, from: usize, to: usize| -> Option<i64> {
            let part = text.get(from..to)?;
            let all_digits = part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|_| all_digits)
        };
        if date.len() != 8 || time.is_some_and(|time| time.len() != 6) {
            return None;
        }
        let days = days_from_civil(
            number(date, 0, 4)?,
            number(date, 4, 6)?,
            number(date, 6, 8)?,
        );
        let seconds = match time {
            None => 0,
            Some(time) => {
                number(time, 0, 2)? * 3600 + number(time, 2, 4)? * 60 + number(time, 4, 6)?
            }
        };
        Some(Self {
            is_date: time.is_none(),
            zone,
            seconds: days * DAY + seconds,
        })
    }

    /// Seconds from `start` to this, if both are told by one clock.
    pub(in crate::merge) fn since(&self, start: &Self) -> Option<i64> {
        let same = self.is_date == start.is_date && self.zone == start.zone;
        same.then(|| self.seconds.saturating_sub(start.seconds))
    }

    /// The canonical form of what is this many seconds later by the same clock.
    pub(in crate::merge) fn shifted(&self, by: i64) -> Option<String> {
        let later = self.later(by)?;
        Some(match self.zone {
            "" | "Z" => later,
            zone => format!("{later}@{zone}"),
        })
    }

    /// The value of the property that stands for this many seconds later by the same clock; its
    /// TZID stays.
    pub(in crate::merge) fn later(&self, by: i64) -> Option<String> {
        let seconds = self.seconds.checked_add(by)?;
        let (y, m, d) = civil_from_days(seconds.div_euclid(DAY));
        if !(0..=9999).contains(&y) {
            return None;
        }
        let time = seconds.rem_euclid(DAY);
        let date = format!("{y:04}{m:02}{d:02}");
        if self.is_date {
            return (time == 0).then_some(date);
        }
        let utc = if self.zone == "Z" { "Z" } else { "" };
        let (h, min, s) = (time / 3600, time / 60 % 60, time % 60);
        Some(format!("{date}T{h:02}{min:02}{s:02}{utc}"))
    }
}

/// The seconds since 1970 of a stamp: DATE-TIME in UTC as RFC 5545 writes it, or a TIMESTAMP of
/// RFC 6350 or RFC 2426, with an offset perhaps. A time without a zone counts as UTC.
pub(in crate::merge) fn instant(stamp: &str) -> Option<i64> {
    let stamp = stamp.trim().to_ascii_uppercase();
    let (date, time) = stamp.split_once('T').unwrap_or((&stamp, "000000"));
    let (time, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let time = digits(time.split(['.', ',']).next().unwrap_or_default());
    let local = format!("{}T{time:0<6}", digits(date));
    let offset = match (offset.get(..1), digits(offset)) {
        (Some(sign @ ("+" | "-")), hhmm) => {
            let hhmm: i64 = format!("{hhmm:0<4}").parse().ok()?;
            let seconds = (hhmm / 100).checked_mul(3600)? + hhmm % 100 * 60;
            if sign == "-" { -seconds } else { seconds }
        }
        _ => 0,
    };
    Some(Moment::parse(&local)?.seconds.saturating_sub(offset))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let year = y.rem_euclid(400);
    let month = (m + 9).rem_euclid(12);
    let day = (153 * month + 2) / 5 + d - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let d = of_year - (153 * month + 2) / 5 + 1;
    let m = if month < 10 { month + 3 } else { month - 9 };
    let y = year + era * 400 + i64::from(m <= 2);
    (y, m, d)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn utc_has_many_names_and_zones_many_prefixes() {
        for zone in [
            "UTC",
            "Etc/UTC",
            "/freeassociation.sourceforge.net/Tzfile/Etc/UTC",
        ] {
            assert_eq!(canonical_time("20240101T000000", zone), "20240101T000000Z");
        }
        assert_eq!(
            canonical_time("20240101T000000", "/mozilla.org/20050126_1/Europe/Berlin"),
            canonical_time("20240101t000000 ", "Europe/Berlin"),
        );
        assert_eq!(canonical_time("20240101", "Europe/Berlin"), "20240101");
        assert_eq!(
            canonical_time("20240101T000000Z/PT60M", ""),
            canonical_time("20240101T000000Z/PT1H", "")
        );
    }

    #[test]
    fn moments_move_by_their_clock() {
        let moment = Moment::parse("20240228T233000@Europe/Berlin").unwrap();
        assert_eq!(moment.later(3600).unwrap(), "20240229T003000");
        let date = Moment::parse("20231231").unwrap();
        assert_eq!(date.later(DAY).unwrap(), "20240101");
        assert_eq!(date.later(1), None);
        assert_eq!(moment.since(&date), None);
        for bad in [
            "",
            "2024",
            "20240101T1",
            "2024010\u{e9}",
            "99999999T999999Z",
        ] {
            let _ = Moment::parse(bad).map(|m| m.later(i64::MAX));
        }
    }

    #[test]
    fn stamps_are_times_not_texts() {
        let noon = instant("20240101T120000Z").unwrap();
        assert_eq!(instant("2024-01-01T12:00:00Z"), Some(noon));
        assert_eq!(instant("2024-01-01T13:00:00+01:00"), Some(noon));
        assert_eq!(instant("20240101T120000.5Z"), Some(noon));
        assert_eq!(instant("2024-01-01"), Some(noon - 12 * 3600));
        assert_eq!(instant("yesterday"), None);
        assert_eq!(noon, 1_704_110_400);
    }
}
