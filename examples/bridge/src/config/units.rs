//! Spans of time and sizes as people write them.

use std::time::Duration;

const TIMES: [(&str, u64); 6] = [
    ("s", 1),
    ("m", 60),
    ("h", 3600),
    ("d", 86_400),
    ("w", 604_800),
    ("y", 31_536_000),
];

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// `"14d"`: a whole number and one of s, m, h, d, w, y.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    scaled(text, &TIMES).map(Duration::from_secs)
}

/// `"500MB"`: bytes, as a whole number and one of B, KB, MB, GB, KiB, MiB, GiB.
pub(crate) fn size(text: &str) -> Option<u64> {
    scaled(text, &SIZES)
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(duration("14d"), Some(Duration::from_secs(14 * 86_400)));
        assert_eq!(duration("2 h"), Some(Duration::from_secs(7200)));
        assert_eq!(size("500MB"), Some(500_000_000));
        assert_eq!(size("2GiB"), Some(2 << 30));
        for text in [
            "",
            "14",
            "d",
            "-1d",
            "1.5d",
            "14 days",
            "99999999999999999999d",
            "18446744073709551615y",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
