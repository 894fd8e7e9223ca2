//! Dates: INTERNALDATE and the dates of SEARCH.

use std::fmt;
use std::str::FromStr;

use super::error::{DecodeError, DecodeErrorKind};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const DAY: i64 = 86_400;

/// A moment and the zone it was written in, so that it prints as it came.
///
/// `date-time` of RFC 9051 section 9; years 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    unix: i64,
    offset: i16,
}

impl DateTime {
    /// `unix` seconds since 1970-01-01T00:00:00Z, shown at `offset` minutes
    /// east of UTC. `None` if the year is not in 0 to 9999 there, or the offset
    /// is a day and more.
    #[must_use]
    pub fn new(unix: i64, offset: i16) -> Option<Self> {
        if !(-1439..=1439).contains(&offset) {
            return None;
        }
        let local = unix.checked_add(i64::from(offset) * 60)?;
        let (year, ..) = civil(local.div_euclid(DAY))?;
        (0..=9999).contains(&year).then_some(Self { unix, offset })
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix(&self) -> i64 {
        self.unix
    }

    /// Minutes east of UTC of the zone it is written in.
    #[must_use]
    pub fn offset_minutes(&self) -> i16 {
        self.offset
    }

    /// Reads `dd-Mon-yyyy hh:mm:ss +zzzz`; the day may be padded by a space or
    /// be a single digit.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bad = |offset| DecodeError::new(DecodeErrorKind::Syntax, offset);
        let (date, rest) = split_date(bytes).ok_or_else(|| bad(0))?;
        let at = bytes.len() - rest.len();
        let [
            b' ',
            h1,
            h2,
            b':',
            m1,
            m2,
            b':',
            s1,
            s2,
            b' ',
            sign,
            z1,
            z2,
            z3,
            z4,
        ] = rest
        else {
            return Err(bad(at));
        };
        let read = || {
            let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
            let (zone_hour, zone_minute) = (two(*z1, *z2)?, two(*z3, *z4)?);
            if hour > 23 || minute > 59 || second > 60 || zone_hour > 23 || zone_minute > 59 {
                return None;
            }
            let zone = zone_hour * 60 + zone_minute;
            let zone = match sign {
                b'+' => zone,
                b'-' => -zone,
                _ => return None,
            };
            let local = date.days() * DAY + i64::from(hour * 3600 + minute * 60 + second);
            Self::new(local - i64::from(zone) * 60, i16::try_from(zone).ok()?)
        };
        read().ok_or_else(|| bad(at))
    }
}

impl fmt::Display for DateTime {
    /// `17-Jul-1996 02:44:25 -0700`, the day padded with a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.unix + i64::from(self.offset) * 60;
        let (year, month, day) = civil(local.div_euclid(DAY)).unwrap_or((1970, 1, 1));
        let seconds = local.rem_euclid(DAY);
        let sign = if self.offset < 0 { '-' } else { '+' };
        let zone = self.offset.unsigned_abs();
        write!(
            f,
            "{day:2}-{}-{year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            month_name(month),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            zone / 60,
            zone % 60,
        )
    }
}

impl FromStr for DateTime {
    type Err = DecodeError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s.as_bytes())
    }
}

/// A day of the calendar: `date` of RFC 9051 section 9, as SEARCH takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: i16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day by year (0 to 9999), month and day of month; `None` if there is none.
    #[must_use]
    pub fn new(year: i16, month: u8, day: u8) -> Option<Self> {
        let known = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day);
        known.then_some(Self { year, month, day })
    }

    /// The day, in UTC, of `unix` seconds since 1970.
    #[must_use]
    pub fn from_unix(unix: i64) -> Option<Self> {
        let (year, month, day) = civil(unix.div_euclid(DAY))?;
        Self::new(i16::try_from(year).ok()?, month, day)
    }

    /// Reads `d-Mon-yyyy`, with or without quotes.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let inner = bytes
            .strip_prefix(b"\"")
            .and_then(|b| b.strip_suffix(b"\""))
            .unwrap_or(bytes);
        match split_date(inner) {
            Some((date, [])) => Ok(date),
            _ => Err(DecodeError::new(DecodeErrorKind::Syntax, 0)),
        }
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days(&self) -> i64 {
        // Howard Hinnant's days_from_civil.
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

impl fmt::Display for Date {
    /// `1-Feb-1994`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}-{:04}",
            self.day,
            month_name(self.month),
            self.year
        )
    }
}

fn month_name(month: u8) -> &'static str {
    let index = usize::from(month.saturating_sub(1));
    MONTHS.get(index).copied().unwrap_or("Jan")
}

fn days_in(year: i16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Year, month and day of a count of days since 1970-01-01.
fn civil(days: i64) -> Option<(i64, u8, u8)> {
    // Howard Hinnant's civil_from_days.
    let days = days.checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = u8::try_from(day_of_year - (153 * shifted + 2) / 5 + 1).ok()?;
    let month = u8::try_from(if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    })
    .ok()?;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((year, month, day))
}

fn digit(b: u8) -> Option<i32> {
    let value = b.wrapping_sub(b'0');
    (value <= 9).then_some(i32::from(value))
}

fn two(a: u8, b: u8) -> Option<i32> {
    Some(digit(a)? * 10 + digit(b)?)
}

/// Reads `dd-Mon-yyyy`, ` d-Mon-yyyy` or `d-Mon-yyyy`; gives what follows.
fn split_date(bytes: &[u8]) -> Option<(Date, &[u8])> {
    let (day, rest) = match bytes {
        [b' ' | b'0', d, b'-', rest @ ..] | [d, b'-', rest @ ..] => (digit(*d)?, rest),
        [a, b, b'-', rest @ ..] => (two(*a, *b)?, rest),
        _ => return None,
    };
    let [m1, m2, m3, b'-', y1, y2, y3, y4, rest @ ..] = rest else {
        return None;
    };
    let name = [*m1, *m2, *m3];
    let month = MONTHS
        .iter()
        .position(|m| m.as_bytes().eq_ignore_ascii_case(&name))?;
    let year = two(*y1, *y2)? * 100 + two(*y3, *y4)?;
    let date = Date::new(
        i16::try_from(year).ok()?,
        u8::try_from(month + 1).ok()?,
        u8::try_from(day).ok()?,
    )?;
    Some((date, rest))
}
