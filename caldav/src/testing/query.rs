//! Filters (RFC 4791 section 9.7, RFC 6352 section 10.5): components, time ranges and texts.

use super::account::Home;
use super::content::Node;
use super::xml::{CALDAV, CARDDAV, Element};

/// Whether a content passes a filter. Time ranges look at the times as they are written, and take
/// a series for endless.
pub(super) fn matches(home: Home, filter: &Element, content: &str) -> bool {
    let Some(node) = Node::parse(content) else {
        return false;
    };
    match home {
        Home::Calendars => filter.all(CALDAV, "comp-filter").all(|component| {
            component.attribute("name") == Some(&node.name) && inside(component, &node)
        }),
        Home::AddressBooks => {
            let mut filters = filter.all(CARDDAV, "prop-filter").peekable();
            if filters.peek().is_none() {
                return true;
            }
            match filter.attribute("test") {
                Some("allof") => filters.all(|f| has_property(CARDDAV, f, &node)),
                _ => filters.any(|f| has_property(CARDDAV, f, &node)),
            }
        }
    }
}

/// Whether a component passes what stands in its filter.
fn inside(filter: &Element, node: &Node) -> bool {
    let components = filter.all(CALDAV, "comp-filter").all(|wanted| {
        let name = wanted.attribute("name").unwrap_or_default();
        let mut found = node.children.iter().filter(|child| child.name == name);
        match wanted.child(CALDAV, "is-not-defined") {
            Some(_) => found.next().is_none(),
            None => found.any(|child| inside(wanted, child)),
        }
    });
    let properties = filter
        .all(CALDAV, "prop-filter")
        .all(|wanted| has_property(CALDAV, wanted, node));
    let times = filter
        .child(CALDAV, "time-range")
        .is_none_or(|range| overlaps(range, node));
    components && properties && times
}

fn overlaps(range: &Element, node: &Node) -> bool {
    let Some((start, end)) = node.span() else {
        return true;
    };
    let bound = |name| {
        range
            .attribute(name)
            .map(|value| value.trim_end_matches('Z'))
    };
    bound("start").is_none_or(|from| end.as_str() > from)
        && bound("end").is_none_or(|to| start.as_str() < to)
}

fn has_property(space: &str, filter: &Element, node: &Node) -> bool {
    let name = filter.attribute("name").unwrap_or_default();
    let values = node.all(&name.to_ascii_uppercase());
    if filter.child(space, "is-not-defined").is_some() {
        return values.is_empty();
    }
    let Some(text) = filter.child(space, "text-match") else {
        return !values.is_empty();
    };
    let wanted = text.text.to_lowercase();
    let found = values
        .iter()
        .any(|(_, value)| value.to_lowercase().contains(&wanted));
    found != (text.attribute("negate-condition") == Some("yes"))
}
