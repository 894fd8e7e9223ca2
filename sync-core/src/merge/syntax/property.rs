use super::{Eol, fold, split_outside_quotes};

/// The parts of an unfolded content line, as they stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property<'t> {
    /// Without its dot; empty if there is none.
    pub group: &'t str,
    /// As it stands there.
    pub name: &'t str,
    /// In their order.
    pub params: Vec<Param<'t>>,
    /// Behind the colon.
    pub value: &'t str,
}

/// A parameter of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'t> {
    /// All of it.
    pub raw: &'t str,
    /// Before the `=`.
    pub name: &'t str,
    /// Quotes and all; none where vCard 2.1 has nothing but a value.
    pub value: Option<&'t str>,
}

impl<'t> Property<'t> {
    /// None if this is no content line.
    pub fn parse(text: &'t str) -> Option<Self> {
        let mut quoted = false;
        let colon = text.bytes().position(|b| {
            quoted ^= b == b'"';
            b == b':' && !quoted
        });
        // Where a quote stays open, the first colon counts.
        let colon = colon.or_else(|| text.find(':'))?;
        let (head, value) = (text.get(..colon)?, text.get(colon + 1..)?);
        let mut parts = split_outside_quotes(head, ';');
        let name = parts.next()?.trim();
        let (group, name) = name.split_once('.').unwrap_or(("", name));
        if name.is_empty() {
            return None;
        }
        let params = parts.filter(|p| !p.trim().is_empty()).map(Param::parse);
        Some(Self {
            group,
            name,
            params: params.collect(),
            value,
        })
    }

    /// The parameter of this name, in quotes if it was.
    pub fn param(&self, name: &str) -> Option<&'t str> {
        let mut params = self.params.iter();
        params.find_map(|p| p.value.filter(|_| p.name.eq_ignore_ascii_case(name)))
    }
}

impl<'t> Param<'t> {
    fn parse(raw: &'t str) -> Self {
        let (name, value) = match raw.split_once('=') {
            Some((name, value)) => (name, Some(value.trim())),
            None => (raw, None),
        };
        Self {
            raw,
            name: name.trim(),
            value,
        }
    }
}

/// A content line in the making.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::merge) struct Built {
    pub(in crate::merge) group: String,
    pub(in crate::merge) name: String,
    /// As they shall stand there.
    pub(in crate::merge) params: Vec<String>,
    pub(in crate::merge) value: String,
}

impl From<&Property<'_>> for Built {
    fn from(property: &Property<'_>) -> Self {
        Self {
            group: property.group.to_owned(),
            name: property.name.to_owned(),
            params: property.params.iter().map(|p| p.raw.to_owned()).collect(),
            value: property.value.to_owned(),
        }
    }
}

impl Built {
    /// The line, folded.
    pub(in crate::merge) fn print(&self, eol: Eol) -> Vec<u8> {
        let mut text = String::with_capacity(self.name.len() + self.value.len() + 16);
        if !self.group.is_empty() {
            text.push_str(&self.group);
            text.push('.');
        }
        text.push_str(&self.name);
        for param in &self.params {
            text.push(';');
            text.push_str(param);
        }
        text.push(':');
        text.push_str(&self.value);
        fold(&text, eol)
    }

    /// Removes the parameters of these names.
    pub(in crate::merge) fn drop_params(&mut self, names: &[&str]) {
        self.params.retain(|raw| {
            let name = raw.split('=').next().unwrap_or_default().trim();
            !names.iter().any(|n| n.eq_ignore_ascii_case(name))
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_line_has_group_name_parameters_and_value() {
        let text = r#"item1.ATTENDEE;CN="a;b:c";RSVP = TRUE;HOME:mailto:x"#;
        let property = Property::parse(text).unwrap();
        assert_eq!((property.group, property.name), ("item1", "ATTENDEE"));
        assert_eq!(property.value, "mailto:x");
        assert_eq!(property.param("cn"), Some("\"a;b:c\""));
        assert_eq!(property.param("RSVP"), Some("TRUE"));
        assert_eq!(property.params[2].value, None);
        let line = Built::from(&property).print(Eol::Lf);
        assert_eq!(line, format!("{text}\n").as_bytes());
    }

    #[test]
    fn an_open_quote_does_not_hide_the_value() {
        let property = Property::parse("ATTENDEE;CN=\"x:mailto:y").unwrap();
        assert_eq!(property.value, "mailto:y");
        assert_eq!(Property::parse("no content line"), None);
        assert_eq!(Property::parse(":value"), None);
    }
}
