//! One command, as it came, and what is answered.

use std::time::Duration;

use super::element::Element;
use super::profile::Profile;
use super::query::Query;
use crate::wire::wbxml::Tag;

/// A command.
pub(super) struct Call<'a> {
    /// The version times ten.
    pub(super) version: u16,
    pub(super) query: &'a Query,
    /// The body as a document; none where it is empty or a message.
    pub(super) root: Option<Element>,
    pub(super) body: &'a [u8],
    pub(super) policy_key: Option<&'a str>,
    /// Whether the answer may come in parts.
    pub(super) multipart: bool,
    pub(super) profile: &'a Profile,
    /// Whether what the command may wait for shall be waited for no longer.
    pub(super) is_late: bool,
}

impl Call<'_> {
    pub(super) fn device(&self) -> &str {
        &self.query.device
    }

    /// The body, if this is its root.
    pub(super) fn root(&self, tag: Tag) -> Option<&Element> {
        self.root.as_ref().filter(|root| root.tag == tag)
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// A document.
    Tree(Element),
    /// 200 with an empty body.
    Nothing,
    /// This HTTP status and nothing else.
    Http(u16),
    /// A body of this type.
    Bytes(String, Vec<u8>),
    /// Nothing before something changes, or so much time has passed.
    Wait(Duration),
}

/// Whether children stand in this order. A child that is not named is out of order.
pub(super) fn in_order(element: &Element, order: &[Tag]) -> bool {
    let places = element.children.iter();
    let places: Option<Vec<usize>> = places
        .map(|child| order.iter().position(|tag| *tag == child.tag))
        .collect();
    places.is_some_and(|places| places.is_sorted())
}
