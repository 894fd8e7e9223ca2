//! What a source remembers of a maildrop between two listings.

use std::fmt;

use sha2::{Digest as _, Sha256};
use sync_core::model::{Body, Cursor};

/// How messages are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By UIDL.
    Uidl,
    /// By the digests of their headers.
    Header,
}

/// Whether the sizes that LIST tells are those of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sizes {
    Unknown,
    /// As far as was seen.
    Exact,
    /// Some servers estimate, or count a line end as one byte.
    Inexact,
}

impl Sizes {
    /// Learns from a message of which so many octets were told.
    pub(super) fn judge(&mut self, octets: u64, body: &Body) {
        *self = match *self {
            _ if octets != body.len() => Self::Inexact,
            Self::Unknown => Self::Exact,
            known => known,
        };
    }
}

/// Of all messages, in the order of the maildrop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fingerprint([u8; 16]);

impl Fingerprint {
    pub(super) fn of(names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut hasher = Sha256::new();
        for name in names {
            hasher.update(name);
            // No name has it.
            hasher.update(b"\n");
        }
        Self(first_half(hasher))
    }

    fn parse(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok()?;
        (text.len() == 32).then_some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Some of the names, so that it shows when none of them is there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sample([Option<u64>; 8]);

impl Sample {
    /// Names from all over the maildrop, the first and the last among them.
    pub(super) fn of<'a>(count: usize, name: impl Fn(usize) -> Option<&'a str>) -> Self {
        let mut sample = Self::default();
        let last = count.saturating_sub(1);
        let steps = sample.0.len().saturating_sub(1).min(last).max(1);
        for (step, slot) in sample.0.iter_mut().enumerate().take(count.min(steps + 1)) {
            *slot = name(last * step / steps).map(hash);
        }
        sample
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&Some(hash(name)))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut sample = Self::default();
        if text == "-" {
            return Some(sample);
        }
        let mut slots = sample.0.iter_mut();
        for word in text.split(',') {
            *slots.next()? = Some(u64::from_str_radix(word, 16).ok()?);
        }
        Some(sample)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hashes = self.0.iter().flatten();
        let hashes: Vec<String> = hashes.map(|hash| format!("{hash:x}")).collect();
        f.write_str(if hashes.is_empty() { "-" } else { "" })?;
        f.write_str(&hashes.join(","))
    }
}

fn hash(name: &str) -> u64 {
    let half = first_half(Sha256::new_with_prefix(name));
    let first = half.first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(first)
}

/// Half a SHA-256, as much as is needed to tell apart what nobody forges.
pub(super) fn first_half(hasher: Sha256) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(hasher.finalize()) {
        *to = from;
    }
    half
}

/// A maildrop that was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) naming: Naming,
    pub(super) sizes: Sizes,
    pub(super) fingerprint: Fingerprint,
    pub(super) sample: Sample,
}

impl Mark {
    /// The naming, if it has to be asked for.
    pub(super) fn header(&self) -> Option<Naming> {
        (self.naming == Naming::Header).then_some(Naming::Header)
    }
}

/// A [`Cursor`] as this source writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) mark: Mark,
    /// How many messages the pages so far held; `None` at the end.
    pub(super) from: Option<usize>,
}

/// The first word of every cursor; a cursor of another format is lost.
const FORMAT: &str = "pop3-1";

impl Place {
    /// Reads a cursor; `None` if this source did not write it.
    pub(super) fn parse(cursor: &Cursor) -> Option<Self> {
        let mut words = cursor.as_str().split(' ');
        if words.next() != Some(FORMAT) {
            return None;
        }
        let naming = match words.next()? {
            "uidl" => Naming::Uidl,
            "header" => Naming::Header,
            _ => return None,
        };
        let sizes = match words.next()? {
            "unknown" => Sizes::Unknown,
            "exact" => Sizes::Exact,
            "inexact" => Sizes::Inexact,
            _ => return None,
        };
        let fingerprint = Fingerprint::parse(words.next()?)?;
        let sample = Sample::parse(words.next()?)?;
        let from = match words.next() {
            Some(word) => Some(word.parse().ok()?),
            None => None,
        };
        let mark = Mark {
            naming,
            sizes,
            fingerprint,
            sample,
        };
        words.next().is_none().then_some(Self { mark, from })
    }

    pub(super) fn to_cursor(self) -> Cursor {
        Cursor::new(self.to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let naming = match self.mark.naming {
            Naming::Uidl => "uidl",
            Naming::Header => "header",
        };
        let sizes = match self.mark.sizes {
            Sizes::Unknown => "unknown",
            Sizes::Exact => "exact",
            Sizes::Inexact => "inexact",
        };
        let (fingerprint, sample) = (self.mark.fingerprint, self.mark.sample);
        write!(f, "{FORMAT} {naming} {sizes} {fingerprint} {sample}")?;
        match self.from {
            Some(from) => write!(f, " {from}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(names: &[&str]) -> Sample {
        Sample::of(names.len(), |at| names.get(at).copied())
    }

    fn place() -> Place {
        Place {
            mark: Mark {
                naming: Naming::Uidl,
                sizes: Sizes::Exact,
                fingerprint: Fingerprint::of(["a", "b"]),
                sample: sample(&["a", "b"]),
            },
            from: None,
        }
    }

    #[test]
    fn a_place_reads_back() {
        for naming in [Naming::Uidl, Naming::Header] {
            for sizes in [Sizes::Unknown, Sizes::Exact, Sizes::Inexact] {
                for from in [None, Some(0), Some(5_000)] {
                    let mut place = place();
                    place.mark.naming = naming;
                    place.mark.sizes = sizes;
                    place.from = from;
                    if from.is_some() {
                        place.mark.sample = Sample::default();
                    }
                    assert_eq!(Place::parse(&place.to_cursor()), Some(place));
                }
            }
        }
    }

    #[test]
    fn a_cursor_of_somebody_else_is_none() {
        let good = place().to_string();
        for text in [
            "",
            "pop3-1",
            "pop3-2 uidl exact 00112233445566778899aabbccddeeff -",
            "pop3-1 uidl exact 00112233445566778899aabbccddeef -",
            "pop3-1 uidl exact 00112233445566778899aabbccddeeff",
            "pop3-1 uidl exact 00112233445566778899aabbccddeeff 1,2,3,4,5,6,7,8,9",
            "pop3-1 uidl exact 00112233445566778899aabbccddeeff 1,,2",
            "pop3-1 uidl right 00112233445566778899aabbccddeeff -",
            "pop3-1 other exact 00112233445566778899aabbccddeeff -",
            &format!("{good} "),
            &format!("{good} x"),
            &format!("{good} 1 2"),
        ] {
            assert_eq!(Place::parse(&Cursor::new(text)), None, "{text:?}");
        }
    }

    #[test]
    fn a_fingerprint_tells_lists_apart() {
        let of = |names: &[&str]| Fingerprint::of(names);
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
        for other in [&["ab"][..], &["b", "a"], &["a"], &["a", "b", "c"], &[]] {
            assert_ne!(of(&["a", "b"]), of(other), "{other:?}");
        }
    }

    #[test]
    fn a_sample_is_of_all_parts() {
        for count in [0, 1, 2, 3, 7, 8, 9, 100, 5_001] {
            let names: Vec<String> = (0..count).map(|n| n.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let sample = sample(&names);
            assert_eq!(sample.is_empty(), count == 0);
            assert_eq!(Sample::parse(&sample.to_string()), Some(sample));
            let taken = names.iter().filter(|name| sample.has(name)).count();
            assert_eq!(taken, count.min(8), "{count}");
            for end in [names.first(), names.last()].into_iter().flatten() {
                assert!(sample.has(end), "{count}");
            }
        }
    }
}
