//! Times of day, counted day by day: slow, and hard to get wrong.

const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn length(year: i64, month: usize) -> i64 {
    let days = LENGTHS.get(month).copied().unwrap_or(31);
    days + i64::from(month == 1 && is_leap(year))
}

fn year_length(year: i64) -> i64 {
    365 + i64::from(is_leap(year))
}

/// Seconds since 1970 as `2012-05-02T09:38:57.000Z`; earlier times become that year's first.
pub(super) fn format(seconds: i64) -> String {
    let seconds = seconds.clamp(0, 253_402_300_799);
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut month) = (1970, 0);
    while days >= year_length(year) {
        days -= year_length(year);
        year += 1;
    }
    while days >= length(year, month) {
        days -= length(year, month);
        month += 1;
    }
    format!(
        "{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z",
        month + 1,
        days + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The inverse of [`format`].
pub(super) fn parse(text: &str) -> Option<i64> {
    let mut numbers = text.trim_end_matches('Z').split(['-', 'T', ':', '.']);
    let mut next = || numbers.next()?.parse::<i64>().ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let month = usize::try_from(month - 1).ok()?;
    let days = (1970..year).map(year_length).sum::<i64>()
        + (0..month).map(|m| length(year, m)).sum::<i64>()
        + day
        - 1;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_826_154, "2000-02-29T12:09:14.000Z"),
            (1_335_951_537, "2012-05-02T09:38:57.000Z"),
        ] {
            assert_eq!(format(seconds), text);
            assert_eq!(parse(text), Some(seconds));
        }
    }
}
