//! Dates: `date-time` of INTERNALDATE and `date` of SEARCH (RFC 9051, section 9).

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// Writes seconds since 1970 as `" 5-Mar-2024 09:07:03 +0000"`, without the quotes.
pub(super) fn format_date_time(seconds: i64) -> String {
    // Years of five digits have no place in the grammar.
    let seconds = seconds.clamp(-62_135_596_800, 253_402_300_799);
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    let name = usize::try_from(month - 1)
        .ok()
        .and_then(|m| MONTHS.get(m))
        .copied()
        .unwrap_or("Jan");
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{day:>2}-{name}-{year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

/// Reads `dd-Mon-yyyy hh:mm:ss +zzzz` (the day with a leading space or digit), without the quotes.
pub(super) fn parse_date_time(text: &str) -> Option<i64> {
    if text.len() != 26 || !text.is_ascii() {
        return None;
    }
    let day = text.get(0..2)?;
    let day: i64 = digits(day.strip_prefix(' ').unwrap_or(day))?;
    let date = date(day, text.get(3..6)?, text.get(7..11)?)?;
    for (at, wanted) in [
        (2, "-"),
        (6, "-"),
        (11, " "),
        (14, ":"),
        (17, ":"),
        (20, " "),
    ] {
        if text.get(at..at + 1)? != wanted {
            return None;
        }
    }
    let (hour, minute, second) = (
        digits(text.get(12..14)?)?,
        digits(text.get(15..17)?)?,
        digits(text.get(18..20)?)?,
    );
    let (zone_hour, zone_minute) = (digits(text.get(22..24)?)?, digits(text.get(24..26)?)?);
    if hour > 23 || minute > 59 || second > 60 || zone_minute > 59 {
        return None;
    }
    let zone = (zone_hour * 60 + zone_minute) * 60;
    let zone = match text.get(21..22)? {
        "+" => zone,
        "-" => -zone,
        _ => return None,
    };
    Some(date * 86_400 + hour * 3_600 + minute * 60 + second - zone)
}

/// Reads `d-Mon-yyyy` as days since 1970.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || day.len() > 2 {
        return None;
    }
    date(digits(day)?, month, year)
}

fn date(day: i64, month: &str, year: &str) -> Option<i64> {
    let month = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(month))?;
    let month = i64::try_from(month).ok()? + 1;
    if year.len() != 4 || !(1..=31).contains(&day) {
        return None;
    }
    Some(days_from_civil(digits(year)?, month, day))
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Reads the date of a `Date:` header as days since 1970, its zone disregarded as SENTSINCE does.
pub(super) fn parse_header_date(text: &str) -> Option<i64> {
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_whitespace();
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    date(digits(day)?, month, year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_goes_both_ways() {
        // RFC 9051, section 7.5.2.
        let seconds = parse_date_time("17-Jul-1996 02:44:25 -0700").unwrap_or_default();
        assert_eq!(seconds, 837_596_665);
        assert_eq!(format_date_time(seconds), "17-Jul-1996 09:44:25 +0000");
    }

    #[test]
    fn every_day_of_eight_centuries_goes_both_ways() {
        for day in -146_097..146_097_i64 {
            let text = format_date_time(day * 86_400);
            assert_eq!(parse_date_time(&text), Some(day * 86_400), "{text}");
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            "1-Jan-2024 00:00:00 +0000",
            "01-Jan-2024 24:00:00 +0000",
            "01-Foo-2024 00:00:00 +0000",
            "01-Jan-2024 00:00:00  0000",
            "",
        ] {
            assert_eq!(parse_date_time(bad), None, "{bad}");
        }
        assert_eq!(parse_date("1-Feb-1994"), Some(8_797));
        assert_eq!(
            parse_header_date("Mon, 7 Feb 1994 21:52:25 -0800 (PST)"),
            Some(8_803)
        );
    }
}
