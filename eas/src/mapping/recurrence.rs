//! RRULE (RFC 5545 section 3.3.10) to and from ActiveSync's patterns ([MS-ASCAL] section 2.2.2.37).

use super::Unmappable;
use crate::wire::DateTime;
use crate::wire::class::{Recurrence, RecurrenceType as Type};

const DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
const ALL_DAYS: u8 = 127;
/// Exchange's limits ([MS-ASCAL] sections 2.2.2.25 and 2.2.2.30).
const MOST: u16 = 999;

/// When a series begins, as its pattern needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin {
    /// The first start in local time, as if that were UTC.
    pub(super) local: DateTime,
    /// Whether only the date counts.
    pub(super) is_date: bool,
}

impl Begin {
    fn weekday(self) -> u8 {
        // The first day of 1970 was a Thursday.
        let day = (self.local.seconds.div_euclid(86_400) + 4).rem_euclid(7);
        u8::try_from(day).unwrap_or(0)
    }
}

/// The pattern as an RRULE. `until` turns the last start into what UNTIL says.
pub(super) fn to_rrule(
    recurrence: &Recurrence,
    begin: Begin,
    until: impl Fn(DateTime) -> String,
) -> String {
    let days = recurrence.day_of_week.unwrap_or(0) & ALL_DAYS;
    let mut rule = Vec::new();
    let frequency = match recurrence.recurrence_type {
        Type::Daily if days != 0 && days != ALL_DAYS => "WEEKLY",
        Type::Daily => "DAILY",
        Type::Weekly => "WEEKLY",
        Type::Monthly | Type::MonthlyNth => "MONTHLY",
        Type::Yearly | Type::YearlyNth => "YEARLY",
    };
    rule.push(format!("FREQ={frequency}"));
    if recurrence.interval > 1 {
        rule.push(format!("INTERVAL={}", recurrence.interval));
    }
    if let Some(last) = recurrence.until {
        rule.push(format!("UNTIL={}", until(last)));
    } else if let Some(count) = recurrence.occurrences {
        rule.push(format!("COUNT={count}"));
    }
    let is_yearly = matches!(recurrence.recurrence_type, Type::Yearly | Type::YearlyNth);
    if is_yearly {
        let month = recurrence.month_of_year.unwrap_or(begin.local.date().1);
        rule.push(format!("BYMONTH={month}"));
    }
    match recurrence.recurrence_type {
        Type::Daily if frequency == "DAILY" => {}
        Type::Daily | Type::Weekly => {
            let days = if days == 0 {
                1 << begin.weekday()
            } else {
                days
            };
            rule.push(format!("BYDAY={}", names(days)));
        }
        Type::Monthly | Type::Yearly => {
            let day = recurrence.day_of_month.unwrap_or(begin.local.date().2);
            rule.push(format!("BYMONTHDAY={day}"));
        }
        Type::MonthlyNth | Type::YearlyNth => {
            let week = match recurrence.week_of_month.unwrap_or(1) {
                week @ 1..=4 => week.to_string(),
                _ => "-1".into(),
            };
            let days = if days == 0 {
                1 << begin.weekday()
            } else {
                days
            };
            match days {
                ALL_DAYS => rule.push(format!("BYMONTHDAY={week}")),
                one if one.is_power_of_two() => rule.push(format!("BYDAY={week}{}", names(one))),
                several => rule.push(format!("BYDAY={};BYSETPOS={week}", names(several))),
            }
        }
    }
    if frequency == "WEEKLY"
        && let Some(first) = recurrence.first_day_of_week
        && first != 1
        && let Some(name) = DAYS.get(usize::from(first))
    {
        rule.push(format!("WKST={name}"));
    }
    rule.join(";")
}

/// An RRULE as a pattern. `until` turns what UNTIL says into the last start in UTC.
///
/// # Errors
/// A rule that no pattern says.
pub(super) fn from_rrule(
    rule: &str,
    begin: Begin,
    until: impl Fn(&str) -> Option<DateTime>,
) -> Result<Recurrence, Unmappable> {
    let cannot = || Unmappable::new(format!("ActiveSync has no such recurrence: {rule}"));
    let parts = Parts::parse(rule).ok_or_else(cannot)?;
    let mut recurrence = Recurrence {
        interval: parts.number("INTERVAL")?.unwrap_or(1).max(1),
        occurrences: parts.number("COUNT")?.filter(|n| *n > 0),
        ..Recurrence::default()
    };
    if recurrence.interval > MOST || recurrence.occurrences.is_some_and(|n| n > MOST) {
        return Err(cannot());
    }
    if let Some(last) = parts.get("UNTIL") {
        recurrence.until = Some(until(last).ok_or_else(cannot)?);
    }
    let days = parts.days().ok_or_else(cannot)?;
    let month_day: Option<i8> = parts.signed("BYMONTHDAY")?;
    let position: Option<i8> = parts.signed("BYSETPOS")?;
    let month: Option<u8> = parts.number("BYMONTH")?;
    let frequency = parts.get("FREQ").unwrap_or_default();
    let (_, begin_month, begin_day) = begin.local.date();
    match frequency {
        "DAILY" if month_day.is_none() && month.is_none() && position.is_none() => {
            recurrence.recurrence_type = match &days {
                None => Type::Daily,
                // Such days of every week.
                Some(days) if days.is_plain() && recurrence.interval == 1 => Type::Weekly,
                Some(_) => return Err(cannot()),
            };
            recurrence.day_of_week = days.map(|days| days.bits);
        }
        "WEEKLY" if month_day.is_none() && month.is_none() && position.is_none() => {
            recurrence.recurrence_type = Type::Weekly;
            recurrence.day_of_week = Some(match days {
                None => 1 << begin.weekday(),
                Some(days) if days.is_plain() => days.bits,
                Some(_) => return Err(cannot()),
            });
        }
        "MONTHLY" if month.is_none() => {
            nth(&mut recurrence, days, month_day, position, begin_day, false).ok_or_else(cannot)?;
        }
        "YEARLY" => {
            recurrence.month_of_year = Some(month.unwrap_or(begin_month));
            nth(&mut recurrence, days, month_day, position, begin_day, true).ok_or_else(cannot)?;
        }
        _ => return Err(cannot()),
    }
    if recurrence.recurrence_type == Type::Weekly
        && let Some(name) = parts.get("WKST")
    {
        let first = DAYS.iter().position(|day| *day == name);
        recurrence.first_day_of_week = first.and_then(|n| u8::try_from(n).ok());
    }
    Ok(recurrence)
}

/// A day of a month, by its number or as the n-th of its kind.
fn nth(
    recurrence: &mut Recurrence,
    days: Option<Days>,
    month_day: Option<i8>,
    position: Option<i8>,
    begin_day: u8,
    yearly: bool,
) -> Option<()> {
    let week = |n: i8| match n {
        1..=4 => u8::try_from(n).ok(),
        -1 | 5 => Some(5),
        _ => None,
    };
    let (by_day, by_nth) = match yearly {
        true => (Type::Yearly, Type::YearlyNth),
        false => (Type::Monthly, Type::MonthlyNth),
    };
    recurrence.recurrence_type = by_nth;
    match (days, month_day, position) {
        (None, day, None) if day != Some(-1) => {
            let day = day.map_or(Some(begin_day), |day| u8::try_from(day).ok())?;
            recurrence.recurrence_type = by_day;
            recurrence.day_of_month = (1..=31).contains(&day).then_some(day);
            recurrence.day_of_month?;
        }
        (None, Some(-1), None) => {
            recurrence.day_of_week = Some(ALL_DAYS);
            recurrence.week_of_month = Some(5);
        }
        (Some(days), None, None) => {
            recurrence.day_of_week = Some(days.bits);
            recurrence.week_of_month = Some(week(days.nth?)?);
        }
        (Some(days), None, Some(position)) if days.is_plain() => {
            recurrence.day_of_week = Some(days.bits);
            recurrence.week_of_month = Some(week(position)?);
        }
        _ => return None,
    }
    Some(())
}

/// The parts of a rule.
struct Parts<'a>(Vec<(String, &'a str)>);

/// What BYDAY says.
struct Days {
    bits: u8,
    /// The number before the one day that there is.
    nth: Option<i8>,
}

impl Days {
    fn is_plain(&self) -> bool {
        self.nth.is_none()
    }
}

impl<'a> Parts<'a> {
    /// `None` for a rule with parts that no pattern has.
    fn parse(rule: &'a str) -> Option<Self> {
        const KNOWN: [&str; 9] = [
            "FREQ",
            "INTERVAL",
            "COUNT",
            "UNTIL",
            "BYDAY",
            "BYMONTHDAY",
            "BYMONTH",
            "BYSETPOS",
            "WKST",
        ];
        let mut parts = Vec::new();
        for part in rule
            .trim()
            .split(';')
            .filter(|part| !part.trim().is_empty())
        {
            let (name, value) = part.split_once('=')?;
            let name = name.trim().to_ascii_uppercase();
            if !KNOWN.contains(&name.as_str()) {
                return None;
            }
            parts.push((name, value.trim()));
        }
        Some(Self(parts))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| *value).filter(|v| !v.is_empty())
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Unmappable> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value.parse().map(Some);
        number.map_err(|_| {
            Unmappable::new(format!("ActiveSync has no such recurrence: {name}={value}"))
        })
    }

    fn signed(&self, name: &str) -> Result<Option<i8>, Unmappable> {
        self.number(name)
    }

    /// `Some(None)` without BYDAY; `None` for days that no pattern says.
    fn days(&self) -> Option<Option<Days>> {
        let Some(list) = self.get("BYDAY") else {
            return Some(None);
        };
        let mut days = Days { bits: 0, nth: None };
        let mut count = 0;
        for day in list.split(',').map(str::trim) {
            let name = day.get(day.len().checked_sub(2)?..)?.to_ascii_uppercase();
            let number = day.get(..day.len().checked_sub(2)?)?;
            let index = DAYS.iter().position(|d| *d == name)?;
            days.bits |= 1 << index;
            count += 1;
            if !number.is_empty() {
                days.nth = Some(number.trim_start_matches('+').parse().ok()?);
            }
        }
        (count == 1 || days.nth.is_none()).then_some(Some(days))
    }
}

fn names(bits: u8) -> String {
    // In the order in which people write them, Monday first.
    let order = [1, 2, 3, 4, 5, 6, 0];
    let names = order
        .into_iter()
        .filter(|day| bits & (1 << day) != 0)
        .filter_map(|day: usize| DAYS.get(day).copied());
    names.collect::<Vec<_>>().join(",")
}
