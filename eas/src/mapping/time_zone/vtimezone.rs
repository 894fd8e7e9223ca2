use std::fmt::Write as _;

use super::{SystemTime, ZoneBlob};
use crate::wire::DateTime;

const DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

/// A VTIMEZONE (RFC 5545 section 3.6.5) with a blob's rules, from the year before `year` on.
pub fn vtimezone(tzid: &str, blob: &ZoneBlob, year: i16) -> String {
    let mut out = format!("BEGIN:VTIMEZONE\r\nTZID:{tzid}\r\n");
    let (standard, daylight) = blob.offsets();
    let since = year.saturating_sub(1);
    if blob.has_daylight_time() {
        let dates = [
            ("STANDARD", blob.standard_date, daylight, standard),
            ("DAYLIGHT", blob.daylight_date, standard, daylight),
        ];
        for (name, date, from, to) in dates {
            observance(&mut out, name, Some(date), since, from, to);
        }
    } else {
        observance(&mut out, "STANDARD", None, since, standard, standard);
    }
    out += "END:VTIMEZONE\r\n";
    out
}

fn observance(
    out: &mut String,
    name: &str,
    date: Option<SystemTime>,
    since: i16,
    from: i64,
    to: i64,
) {
    let seconds = date.and_then(|date| date.in_year(since));
    let start = match seconds {
        Some(seconds) => {
            let text = DateTime::new(seconds).compact().to_string();
            text.trim_end_matches('Z').to_owned()
        }
        None => "19700101T000000".to_owned(),
    };
    let _ = write!(out, "BEGIN:{name}\r\nDTSTART:{start}\r\n");
    if let Some(date) = date.filter(|date| date.year == 0) {
        let nth = match date.day {
            n @ 1..=4 => n.to_string(),
            _ => "-1".into(),
        };
        let day = DAYS.get(usize::from(date.day_of_week)).unwrap_or(&"SU");
        let month = date.month;
        let _ = write!(
            out,
            "RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={nth}{day}\r\n"
        );
    }
    let offset = |seconds: i64| {
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    };
    let _ = write!(
        out,
        "TZOFFSETFROM:{}\r\nTZOFFSETTO:{}\r\nEND:{name}\r\n",
        offset(from),
        offset(to)
    );
}

/// One STANDARD or DAYLIGHT of a VTIMEZONE, as far as Windows' rules need it.
#[derive(Debug, Clone, Default)]
pub struct Observance<'a> {
    /// Whether it is daylight time.
    pub daylight: bool,
    /// DTSTART.
    pub start: &'a str,
    /// RRULE.
    pub rule: Option<&'a str>,
    /// TZOFFSETTO.
    pub offset_to: &'a str,
}

/// The rules of a VTIMEZONE that has a name of its own. The observances that began last count; `None`
/// where they are no rules that Windows knows.
pub fn blob_of_vtimezone(tzid: &str, observances: &[Observance<'_>]) -> Option<ZoneBlob> {
    let latest = |daylight: bool| {
        observances
            .iter()
            .filter(|o| o.daylight == daylight)
            .max_by_key(|o| o.start)
    };
    let standard = latest(false).or_else(|| latest(true))?;
    let standard_offset = offset_minutes(standard.offset_to)?;
    let mut blob = ZoneBlob {
        bias: -standard_offset,
        standard_name: tzid.to_owned(),
        daylight_name: tzid.to_owned(),
        ..ZoneBlob::default()
    };
    let daylight = latest(true).filter(|daylight| daylight.rule.is_some());
    if let Some(daylight) = daylight
        && standard.rule.is_some()
    {
        blob.daylight_bias = standard_offset - offset_minutes(daylight.offset_to)?;
        blob.standard_date = system_time(standard)?;
        blob.daylight_date = system_time(daylight)?;
    }
    Some(blob)
}

fn system_time(observance: &Observance<'_>) -> Option<SystemTime> {
    let start = DateTime::parse(observance.start)?;
    let (_, start_month, start_day) = start.date();
    let (hour, minute, second) = start.time();
    let mut month = u16::from(start_month);
    // Without BYDAY it is the same date each year, which Windows' rules cannot say.
    let mut by_day = None;
    for part in observance.rule?.split(';') {
        match part.split_once('=')? {
            ("FREQ", freq) if freq != "YEARLY" => return None,
            ("BYMONTH", value) => month = value.parse().ok()?,
            ("BYDAY", value) => by_day = Some(value),
            _ => {}
        }
    }
    let by_day = by_day?;
    let name = by_day.get(by_day.len().checked_sub(2)?..)?;
    let nth = by_day.strip_suffix(name)?;
    let day_of_week = DAYS.iter().position(|day| *day == name)?;
    let day = match nth {
        // Together with BYMONTHDAY=8,9,...: the week of the first one.
        "" => u16::from((start_day - 1) / 7 + 1),
        "-1" | "5" => 5,
        _ => nth
            .trim_start_matches('+')
            .parse()
            .ok()
            .filter(|n| *n <= 4)?,
    };
    Some(SystemTime {
        year: 0,
        month: (1..=12).contains(&month).then_some(month)?,
        day_of_week: u16::try_from(day_of_week).ok()?,
        day,
        hour: u16::from(hour),
        minute: u16::from(minute),
        second: u16::from(second),
        millisecond: 0,
    })
}

/// `+0130` in minutes.
fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4)?.parse().ok()?;
    Some(sign * (hours * 60 + minutes))
}
