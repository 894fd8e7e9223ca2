//! Bodies of requests.

use std::fmt::Write as _;

use quick_xml::escape::{escape, partial_escape};

use super::href::Href;
use super::property::{Property, ns};
use super::set::{Component, Components, ResourceType};
use super::time::TimeRange;

/// An XML document, written as UTF-8.
pub type Body = String;

/// Prefixes, declared at the root whether or not they are used.
const PREFIXES: [(&str, &str); 5] = [
    ("D", ns::DAV),
    ("C", ns::CALDAV),
    ("A", ns::CARDDAV),
    ("S", ns::CS),
    ("I", ns::APPLE),
];

/// Which values a server shall give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The properties.
    pub properties: &'a [Property],
    /// The version of vCard for CARDDAV:address-data, `4.0` or `3.0`; without it the server chooses.
    pub vcard_version: Option<&'a str>,
}

impl<'a> From<&'a [Property]> for Wanted<'a> {
    fn from(properties: &'a [Property]) -> Self {
        Self {
            properties,
            vcard_version: None,
        }
    }
}

impl<'a, const N: usize> From<&'a [Property; N]> for Wanted<'a> {
    fn from(properties: &'a [Property; N]) -> Self {
        Self::from(properties.as_slice())
    }
}

/// PROPFIND (RFC 4918 section 14.20).
#[must_use]
pub fn propfind(properties: &[Property]) -> Body {
    document("D:propfind", |xml| xml.prop(&properties.into()))
}

/// PROPPATCH (RFC 4918 section 14.19): `None` removes a property.
#[must_use]
pub fn proppatch(changes: &[(Property, Option<&str>)]) -> Body {
    document("D:propertyupdate", |xml| {
        for (property, value) in changes {
            let (outer, inner) = match value {
                Some(_) => ("D:set", *value),
                None => ("D:remove", None),
            };
            xml.element(outer, |xml| {
                xml.element("D:prop", |xml| xml.property(*property, inner));
            });
        }
    })
}

/// What a new collection is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionBody<'a> {
    /// `None` makes a collection of WebDAV.
    pub kind: Option<ResourceType>,
    /// The components that a calendar shall take; empty leaves it to the server.
    pub components: Components,
    /// Text properties.
    pub properties: Vec<(Property, &'a str)>,
}

impl CollectionBody<'_> {
    fn write(&self, xml: &mut Xml) {
        if !self.components.is_empty() {
            xml.element("C:supported-calendar-component-set", |xml| {
                for component in self.components.iter() {
                    xml.empty("C:comp", &[("name", component.as_str())]);
                }
            });
        }
        for (property, value) in &self.properties {
            xml.property(*property, Some(value));
        }
    }
}

/// MKCALENDAR (RFC 4791 section 5.3.1); the kind is left out.
#[must_use]
pub fn mkcalendar(new: &CollectionBody<'_>) -> Body {
    document("C:mkcalendar", |xml| {
        xml.element("D:set", |xml| xml.element("D:prop", |xml| new.write(xml)));
    })
}

/// Extended MKCOL (RFC 5689).
#[must_use]
pub fn mkcol(new: &CollectionBody<'_>) -> Body {
    document("D:mkcol", |xml| {
        xml.element("D:set", |xml| {
            xml.element("D:prop", |xml| {
                xml.element("D:resourcetype", |xml| {
                    xml.empty("D:collection", &[]);
                    if let Some(kind) = new.kind {
                        xml.empty(&prefixed(kind.name()), &[]);
                    }
                });
                new.write(xml);
            });
        });
    })
}

/// The sync-collection report (RFC 6578 section 6.1): what changed after `token`, or everything.
#[must_use]
pub fn sync_collection(token: Option<&str>, limit: Option<u64>, wanted: &Wanted<'_>) -> Body {
    document("D:sync-collection", |xml| {
        xml.text_element("D:sync-token", token.unwrap_or_default());
        xml.text_element("D:sync-level", "1");
        if let Some(limit) = limit {
            xml.element("D:limit", |xml| {
                xml.text_element("D:nresults", &limit.to_string());
            });
        }
        xml.prop(wanted);
    })
}

/// The calendar-multiget report (RFC 4791 section 7.9).
#[must_use]
pub fn calendar_multiget(hrefs: &[Href], wanted: &Wanted<'_>) -> Body {
    multiget("C:calendar-multiget", hrefs, wanted)
}

/// The addressbook-multiget report (RFC 6352 section 8.7).
#[must_use]
pub fn addressbook_multiget(hrefs: &[Href], wanted: &Wanted<'_>) -> Body {
    multiget("A:addressbook-multiget", hrefs, wanted)
}

fn multiget(root: &str, hrefs: &[Href], wanted: &Wanted<'_>) -> Body {
    document(root, |xml| {
        xml.prop(wanted);
        for href in hrefs {
            xml.text_element("D:href", &href.without_origin().as_str());
        }
    })
}

/// The calendar-query report (RFC 4791 section 7.8): objects with such a component, in this time.
#[must_use]
pub fn calendar_query(
    component: Option<Component>,
    range: Option<&TimeRange>,
    wanted: &Wanted<'_>,
) -> Body {
    document("C:calendar-query", |xml| {
        xml.prop(wanted);
        xml.element("C:filter", |xml| {
            let Some(component) = component else {
                xml.empty("C:comp-filter", &[("name", "VCALENDAR")]);
                return;
            };
            xml.open("C:comp-filter", &[("name", "VCALENDAR")]);
            match range {
                None => xml.empty("C:comp-filter", &[("name", component.as_str())]),
                Some(range) => {
                    xml.open("C:comp-filter", &[("name", component.as_str())]);
                    xml.time_range(range);
                    xml.close("C:comp-filter");
                }
            }
            xml.close("C:comp-filter");
        });
    })
}

/// What a card has to hold (RFC 6352 section 10.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardFilter<'a> {
    /// A property of vCard: `FN`, `EMAIL`, `UID`.
    pub property: &'a str,
    /// Text that it contains, in letters of either case.
    pub contains: &'a str,
}

/// The addressbook-query report (RFC 6352 section 8.6): cards that meet all the filters, up to
/// `limit` of them.
#[must_use]
pub fn addressbook_query(
    filters: &[CardFilter<'_>],
    limit: Option<u64>,
    wanted: &Wanted<'_>,
) -> Body {
    document("A:addressbook-query", |xml| {
        xml.prop(wanted);
        xml.open("A:filter", &[("test", "allof")]);
        for filter in filters {
            xml.open("A:prop-filter", &[("name", filter.property)]);
            xml.open("A:text-match", &[("match-type", "contains")]);
            xml.text(filter.contains);
            xml.close("A:text-match");
            xml.close("A:prop-filter");
        }
        xml.close("A:filter");
        if let Some(limit) = limit {
            xml.element("A:limit", |xml| {
                xml.text_element("A:nresults", &limit.to_string());
            });
        }
    })
}

/// The free-busy-query report (RFC 4791 section 7.10), whose answer is iCalendar.
#[must_use]
pub fn free_busy_query(range: &TimeRange) -> Body {
    document("C:free-busy-query", |xml| xml.time_range(range))
}

fn prefixed((namespace, local): (&str, &str)) -> String {
    let found = PREFIXES.iter().find(|(_, known)| *known == namespace);
    format!("{}:{local}", found.map_or("D", |(prefix, _)| prefix))
}

fn document(root: &str, inner: impl FnOnce(&mut Xml)) -> Body {
    let mut xml = Xml(String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"));
    let declared = PREFIXES.map(|(prefix, namespace)| (format!("xmlns:{prefix}"), namespace));
    let attributes: Vec<_> = declared
        .iter()
        .map(|(name, ns)| (name.as_str(), *ns))
        .collect();
    xml.open(root, &attributes);
    inner(&mut xml);
    xml.close(root);
    xml.0
}

struct Xml(String);

impl Xml {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.0.push('>');
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.0.push_str("/>");
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            // Writing to a String cannot fail.
            let _ = write!(self.0, " {name}=\"{}\"", escape(legal(value)));
        }
    }

    fn close(&mut self, name: &str) {
        let _ = write!(self.0, "</{name}>");
    }

    fn element(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.open(name, &[]);
        inner(self);
        self.close(name);
    }

    fn text(&mut self, text: &str) {
        self.0.push_str(&partial_escape(legal(text)));
    }

    fn text_element(&mut self, name: &str, text: &str) {
        self.element(name, |xml| xml.text(text));
    }

    fn property(&mut self, property: Property, value: Option<&str>) {
        let name = prefixed(property.name());
        match value {
            Some(text) => self.text_element(&name, text),
            None => self.empty(&name, &[]),
        }
    }

    fn prop(&mut self, wanted: &Wanted<'_>) {
        self.element("D:prop", |xml| {
            for property in wanted.properties {
                match (property, wanted.vcard_version) {
                    (Property::AddressData, Some(version)) => {
                        let attributes = [("content-type", "text/vcard"), ("version", version)];
                        xml.empty(&prefixed(property.name()), &attributes);
                    }
                    _ => xml.property(*property, None),
                }
            }
        });
    }

    fn time_range(&mut self, range: &TimeRange) {
        let written = range.written();
        let attributes: Vec<_> = written
            .iter()
            .map(|(name, at)| (*name, at.as_str()))
            .collect();
        self.empty("C:time-range", &attributes);
    }
}

/// Without the characters that XML 1.0 cannot carry in any way.
fn legal(text: &str) -> std::borrow::Cow<'_, str> {
    let forbidden = |c: char| {
        c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r') && c != '\u{7f}'
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if text.contains(forbidden) {
        text.replace(forbidden, "").into()
    } else {
        text.into()
    }
}
