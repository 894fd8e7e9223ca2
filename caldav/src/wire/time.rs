//! Times as filters write them.

use std::fmt;

/// An instant in UTC, in whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(i64);

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, beyond which iCalendar has no dates.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl UtcTime {
    /// Seconds since 1970, brought into the years 1 to 9999.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(*RANGE.start(), *RANGE.end()))
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UtcTime {
    /// `20261122T090000Z` (RFC 5545 section 3.3.5, form 2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        // Days since 0000-03-01 in eras of 400 years: the leap day is a year's last.
        let shifted = days.saturating_add(719_468);
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let (month, carry) = match month_from_march {
            0..=9 => (month_from_march + 3, 0),
            _ => (month_from_march - 9, 1),
        };
        let year = year_of_era + era * 400 + carry;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"
        )
    }
}

/// From `start` up to and without `end`; at least one of them is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    start: Option<UtcTime>,
    end: Option<UtcTime>,
}

impl TimeRange {
    /// From `start` on.
    #[must_use]
    pub fn from(start: UtcTime) -> Self {
        Self {
            start: Some(start),
            end: None,
        }
    }

    /// Up to `end`.
    #[must_use]
    pub fn until(end: UtcTime) -> Self {
        Self {
            start: None,
            end: Some(end),
        }
    }

    /// Between the two, in either order.
    #[must_use]
    pub fn between(one: UtcTime, other: UtcTime) -> Self {
        Self {
            start: Some(one.min(other)),
            end: Some(one.max(other)),
        }
    }

    /// Names and values of the attributes of CALDAV:time-range.
    pub(crate) fn written(&self) -> Vec<(&'static str, String)> {
        [("start", self.start), ("end", self.end)]
            .into_iter()
            .filter_map(|(name, at)| Some((name, at?.to_string())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        for (seconds, written) in [
            (0, "19700101T000000Z"),
            (-1, "19691231T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_795_336_800, "20261122T084000Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
            (i64::MIN, "00010101T000000Z"),
            (i64::MAX, "99991231T235959Z"),
        ] {
            assert_eq!(
                UtcTime::from_unix(seconds).to_string(),
                written,
                "{seconds}"
            );
        }
    }

    #[test]
    fn ranges() {
        let (one, two) = (UtcTime::from_unix(0), UtcTime::from_unix(60));
        let range = TimeRange::between(two, one).written();
        let end = "19700101T000100Z".to_owned();
        assert_eq!(
            range,
            [("start", "19700101T000000Z".to_owned()), ("end", end)]
        );
        assert_eq!(TimeRange::from(two).written().len(), 1);
        assert_eq!(TimeRange::until(two).written().len(), 1);
    }
}
