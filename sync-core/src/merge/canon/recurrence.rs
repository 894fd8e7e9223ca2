use super::time::canonical_time;

/// The canonical form of a DURATION: days, which are as long as the clock makes them, and seconds.
pub(super) fn duration(value: &str) -> String {
    let value = value.trim().to_ascii_uppercase();
    match parse(&value) {
        Some((days, seconds)) => format!("P{days}DT{seconds}S"),
        None => value,
    }
}

/// The seconds of the canonical form of a DURATION, by the clock.
pub(in crate::merge) fn length(canonical: &str) -> Option<i64> {
    let (days, seconds) = parse(canonical)?;
    days.checked_mul(86_400)?.checked_add(seconds)
}

/// The canonical form of a relative TRIGGER: seconds, since many writers count in minutes only.
pub(super) fn trigger(value: &str) -> Option<String> {
    let total = length(&value.trim().to_ascii_uppercase())?;
    Some(format!("PT{total}S"))
}

/// Days and seconds of a DURATION (RFC 5545 section 3.3.6).
fn parse(value: &str) -> Option<(i64, i64)> {
    let (sign, rest) = match value.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, value.strip_prefix('+').unwrap_or(value)),
    };
    let (mut days, mut seconds, mut number) = (0_i64, 0_i64, None::<i64>);
    let mut units = 0;
    for c in rest.strip_prefix('P')?.chars() {
        if let Some(digit) = c.to_digit(10) {
            let so_far = number.unwrap_or(0).checked_mul(10)?;
            number = Some(so_far.checked_add(i64::from(digit))?);
            continue;
        }
        if c == 'T' && number.is_none() {
            continue;
        }
        let amount = number.take()?;
        units += 1;
        let (place, factor) = match c {
            'W' => (&mut days, 7),
            'D' => (&mut days, 1),
            'H' => (&mut seconds, 3600),
            'M' => (&mut seconds, 60),
            'S' => (&mut seconds, 1),
            _ => return None,
        };
        *place = place.checked_add(amount.checked_mul(factor)?)?;
    }
    (units > 0 && number.is_none()).then_some((sign * days, sign * seconds))
}

/// The canonical form of a RECUR value (RFC 5545 section 3.3.10).
pub(super) fn recurrence(value: &str) -> String {
    let value = value.to_ascii_uppercase();
    let mut parts: Vec<String> = value
        .split(';')
        .map(str::trim)
        .filter(|part| !matches!(*part, "" | "INTERVAL=1" | "WKST=MO"))
        .map(part)
        .collect();
    parts.sort_unstable();
    parts.dedup();
    parts.join(";")
}

fn part(part: &str) -> String {
    let Some((name, value)) = part.split_once('=') else {
        return part.to_owned();
    };
    let name = name.trim();
    if name == "UNTIL" {
        return format!("UNTIL={}", canonical_time(value, ""));
    }
    let mut values: Vec<&str> = value.split(',').map(number).collect();
    values.sort_unstable();
    values.dedup();
    format!("{name}={}", values.join(","))
}

fn number(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('+').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_one_length_are_one() {
        assert_eq!(duration("P1W"), duration("P7D"));
        assert_eq!(duration("PT1H30M"), duration("+PT90M"));
        assert_ne!(duration("P1D"), duration("PT24H"));
        assert_eq!(trigger("-P1D"), trigger("-PT24H"));
        assert_eq!(trigger("-PT0S"), trigger("PT0M"));
        assert_eq!(trigger("20240101T000000Z"), None);
        for bad in [
            "P",
            "PT",
            "P1",
            "P1X",
            "1D",
            "P99999999999999999999D",
            "-P9223372036854775807W",
        ] {
            assert_eq!(trigger(bad), None);
        }
    }

    #[test]
    fn parts_of_a_rule_stand_in_any_order() {
        assert_eq!(
            recurrence("FREQ=WEEKLY;BYDAY=MO,+1TU,MO;INTERVAL=1;UNTIL=20240101T000000Z"),
            recurrence("until=20240101T000000Z;byday=1TU,MO;WKST=MO;freq=WEEKLY;"),
        );
        assert_ne!(recurrence("FREQ=DAILY"), recurrence("FREQ=WEEKLY"));
    }
}
