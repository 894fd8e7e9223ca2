//! Lines with several values.

use std::collections::BTreeMap;

use super::attributes::drop_encoding;
use crate::merge::canon::list_parts;
use crate::merge::syntax::{Built, Eol, Property, quoted_printable, unfold};

/// Changes to the values of one line.
#[derive(Debug, Default)]
pub(super) struct Edits {
    pub(super) dropped: Vec<usize>,
    pub(super) swapped: BTreeMap<usize, String>,
    pub(super) added: Vec<String>,
}

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.swapped.is_empty() && self.added.is_empty()
    }

    /// The line with these changes; none if no value is left.
    pub(super) fn apply(&self, raw: &[u8], eol: Eol) -> Option<Vec<u8>> {
        let text = unfold(raw);
        let property = Property::parse(&text)?;
        let mut built = Built::from(&property);
        decode(&mut built, &property);
        let dropped: std::collections::BTreeSet<usize> = self.dropped.iter().copied().collect();
        let parts = list_parts(&built.value).enumerate();
        let kept = parts.filter(|(i, _)| !dropped.contains(i));
        let mut values: Vec<&str> = kept
            .map(|(i, part)| self.swapped.get(&i).map_or(part, String::as_str))
            .filter(|part| !part.trim().is_empty())
            .collect();
        values.extend(self.added.iter().map(String::as_str));
        if values.is_empty() {
            return None;
        }
        built.value = values.join(",");
        Some(built.print(eol))
    }
}

/// Takes a quoted-printable value out of its encoding.
pub(super) fn decode(built: &mut Built, property: &Property<'_>) {
    let encoded = property.params.iter().any(|p| {
        let value = p.value.unwrap_or(p.raw).trim();
        value.eq_ignore_ascii_case("QUOTED-PRINTABLE")
    });
    if encoded {
        let charset = property.param("CHARSET").unwrap_or_default();
        built.value = quoted_printable(property.value, charset);
        drop_encoding(built);
    }
}

/// What values must have in common to stand on one line: parameters, and the kind of date.
pub(super) fn signature(built: &Built, value: &str) -> String {
    let mut params: Vec<String> = built.params.iter().map(|p| p.to_uppercase()).collect();
    params.sort_unstable();
    params.dedup();
    let value = value.trim();
    let digits = value.bytes().take(8).filter(u8::is_ascii_digit).count() == 8;
    let kind = match value.len() {
        8 if digits => "date",
        _ if !digits => "text",
        _ if value.contains('/') => "period",
        _ if value.ends_with(['Z', 'z']) => "utc",
        _ => "local",
    };
    format!("{}\u{1}{kind}", params.join(";"))
}
