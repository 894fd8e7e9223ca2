//! CAPABILITY and ENABLED.

use crate::wire::lex::{Lex, lossy};

/// The capabilities a server announced, or the extensions it enabled.
/// Names compare without regard to ASCII case; what is not known is kept.
#[derive(Debug, Clone, Default)]
pub struct Capabilities(Vec<Box<str>>);

impl Capabilities {
    /// Whether `name` (such as `IDLE` or `AUTH=PLAIN`) is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|c| c.eq_ignore_ascii_case(name))
    }

    /// Each capability as it was spelled.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The values of `NAME=value`: of `AUTH`, the SASL mechanisms.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.iter().filter_map(move |c| {
            let (key, value) = c.split_once('=')?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// `APPENDLIMIT=n` (RFC 7889): the largest message, in bytes, that APPEND takes.
    #[must_use]
    pub fn append_limit(&self) -> Option<u64> {
        self.values("APPENDLIMIT").find_map(|v| v.parse().ok())
    }

    /// Whether none was announced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the others.
    pub fn merge(&mut self, others: &Self) {
        for name in others.iter() {
            if !self.has(name) {
                self.0.push(name.into());
            }
        }
    }
}

impl<S: Into<Box<str>>> FromIterator<S> for Capabilities {
    fn from_iter<I: IntoIterator<Item = S>>(iter: I) -> Self {
        Self(iter.into_iter().map(Into::into).collect())
    }
}

impl PartialEq for Capabilities {
    fn eq(&self, other: &Self) -> bool {
        self.iter().all(|c| other.has(c)) && other.iter().all(|c| self.has(c))
    }
}

impl Eq for Capabilities {}

/// `*(SP capability)`, up to `]` or the end (RFC 9051 section 9). Whatever
/// stands between spaces counts as a capability.
pub(super) fn capability_data(i: &[u8]) -> Lex<'_, Capabilities> {
    let len = i.iter().position(|b| *b == b']').unwrap_or(i.len());
    let (list, rest) = i.split_at_checked(len).unwrap_or((i, &[]));
    let names = list
        .split(u8::is_ascii_whitespace)
        .filter(|w| !w.is_empty())
        .map(lossy);
    Ok((rest, names.collect()))
}
