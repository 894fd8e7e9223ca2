use std::fmt;

const DAY: i64 = 86_400;

/// A point in time, or a calendar date in the disguise of one ([MS-ASDTYPE] section 2.3).
///
/// Two spellings are in use, and each element takes just one of them:
/// [`extended`](Self::extended) (mail, tasks, contacts, settings) and [`compact`](Self::compact)
/// (calendar, notes). Reading takes either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Milliseconds, 0 to 999.
    pub millis: u16,
}

impl DateTime {
    /// A whole second.
    pub const fn new(seconds: i64) -> Self {
        Self { seconds, millis: 0 }
    }

    /// Midnight, as if in UTC, of a day of the proleptic Gregorian calendar. `None` where there is no
    /// such day in the years 1 to 9999.
    pub fn midnight(year: i32, month: u8, day: u8) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return None,
        };
        if !(1..=9999).contains(&year) || day == 0 || day > days {
            return None;
        }
        Some(Self::new(days_from_civil(year, month, day) * DAY))
    }

    /// Year, month and day in UTC.
    pub fn date(self) -> (i32, u8, u8) {
        civil_from_days(self.seconds.div_euclid(DAY))
    }

    /// Hour, minute and second in UTC.
    pub fn time(self) -> (u8, u8, u8) {
        let second = self.seconds.rem_euclid(DAY);
        let part = |n: i64| u8::try_from(n).unwrap_or(0);
        (
            part(second / 3600),
            part(second / 60 % 60),
            part(second % 60),
        )
    }

    /// `2026-12-01T09:00:00.000Z`
    pub fn extended(self) -> impl fmt::Display {
        let ((year, month, day), (h, m, s)) = (self.date(), self.time());
        let millis = self.millis.min(999);
        Formatted(format!(
            "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{millis:03}Z"
        ))
    }

    /// `20261201T090000Z`
    pub fn compact(self) -> impl fmt::Display {
        let ((year, month, day), (h, m, s)) = (self.date(), self.time());
        Formatted(format!("{year:04}{month:02}{day:02}T{h:02}{m:02}{s:02}Z"))
    }

    /// Reads both spellings, with or without a fraction, a `Z`, or a time at all. `None` for
    /// anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !matches!(c, '-' | ':' | 'T' | 't'))
            .map(|c| c.to_digit(10))
            .collect::<Option<_>>()?;
        if !matches!(digits.len(), 8 | 12 | 14) {
            return None;
        }
        let number = |range: std::ops::Range<usize>| -> Option<u32> {
            Some(digits.get(range)?.iter().fold(0, |n, digit| n * 10 + digit))
        };
        let part = |from: usize| number(from..from + 2).unwrap_or(0);
        let year = i32::try_from(number(0..4)?).ok()?;
        let (month, day) = (u8::try_from(part(4)).ok()?, u8::try_from(part(6)).ok()?);
        let (hour, minute, second) = (part(8), part(10), part(12));
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let midnight = Self::midnight(year, month, day)?;
        let millis = fraction
            .chars()
            .chain(std::iter::repeat('0'))
            .take(3)
            .map(|c| c.to_digit(10))
            .try_fold(0, |n, digit| Some(n * 10 + digit?))?;
        Some(Self {
            seconds: midnight.seconds + i64::from(hour * 3600 + minute * 60 + second),
            millis: u16::try_from(millis).ok()?,
        })
    }
}

struct Formatted(String);

impl fmt::Display for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Days from 1970-01-01, counting years from March so that the leap day is a year's last.
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let month = (month + 9) % 12;
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era.saturating_mul(400) + i64::from(month <= 2);
    let small = |n: i64| u8::try_from(n).unwrap_or(1);
    (
        i32::try_from(year).unwrap_or(i32::MAX),
        small(month),
        small(day_of_year - (153 * shifted + 2) / 5 + 1),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn both_spellings_are_read_and_written() {
        let date = DateTime::parse("2026-12-01T09:08:07.250Z").unwrap();
        assert_eq!(date.extended().to_string(), "2026-12-01T09:08:07.250Z");
        assert_eq!(date.compact().to_string(), "20261201T090807Z");
        for same in [
            "20261201T090807Z",
            "2026-12-01T09:08:07",
            "20261201T090807.000Z",
        ] {
            assert_eq!(DateTime::parse(same), Some(DateTime::new(date.seconds)));
        }
        assert_eq!(date.seconds, 1_796_116_087);
        assert_eq!(
            DateTime::parse("2024-02-29"),
            DateTime::midnight(2024, 2, 29)
        );
    }

    #[test]
    fn what_is_no_date_is_none() {
        for wrong in [
            "",
            "now",
            "2026-13-01",
            "2026-02-29",
            "20261201T2500",
            "2026120",
        ] {
            assert_eq!(DateTime::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_itself() {
        let mut day = DateTime::midnight(1899, 12, 31).unwrap();
        let end = DateTime::midnight(2301, 1, 1).unwrap();
        while day < end {
            let (y, m, d) = day.date();
            assert_eq!(DateTime::midnight(y, m, d), Some(day));
            day.seconds += DAY;
        }
    }
}
