//! Answers as trees, which a test writes as it likes.

use std::fmt::Debug;

use eas::testing::Element;
use eas::wire::Status;
use eas::wire::class::Values;
use eas::wire::command::Command;
use eas::wire::wbxml::pages::{
    Find as Fi, FolderHierarchy as F, ItemOperations as I, Provision as P, Search as S,
};
use eas::wire::wbxml::{Tag, Writer};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::properties::text;

/// What holds elements as they came.
const AS_THEY_CAME: [Tag; 4] = [
    S::Properties,
    Fi::Properties,
    I::Properties,
    P::EASProvisionDoc,
];
/// What has children whose order among each other says something.
const IN_ORDER: [Tag; 2] = [F::Changes, I::Response];

/// Puts the children of each element into another order, but for those of one name among each other,
/// and something unknown before or behind them.
pub(super) fn disturb(mut element: Element, seed: u64) -> Element {
    if element.children.is_empty() || AS_THEY_CAME.contains(&element.tag) {
        return element;
    }
    let place = |tag: Tag| {
        let tag = u64::from(tag.page()) << 8 | u64::from(tag.id());
        (tag ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    };
    if !IN_ORDER.contains(&element.tag) {
        element.children.sort_by_key(|child| place(child.tag));
    }
    let children = element.children.drain(..);
    let mut children: Vec<_> = children.map(|child| disturb(child, seed)).collect();
    let unknown = Tag::new(29, 0x3E);
    let noise = Element::new(unknown, [Element::text(Tag::new(29, 0x3D), "1")]);
    let end = children.len();
    children.insert(if seed.is_multiple_of(2) { 0 } else { end }, noise);
    element.children = children;
    element
}

pub(super) fn write(w: &mut Writer, element: &Element) {
    match (
        element.children.as_slice(),
        std::str::from_utf8(&element.value),
    ) {
        ([], Ok(text)) if !element.opaque => w.text(element.tag, text),
        ([], _) => w.opaque(element.tag, &element.value),
        (children, _) => w.element(element.tag, |w| {
            children.iter().for_each(|child| write(w, child));
        }),
    }
}

/// Whether a command reads `answer` from this tree.
pub(super) fn reads<C: Command>(
    command: &C,
    answer: &C::Answer,
    tree: &Element,
    seed: u64,
) -> Result<(), TestCaseError>
where
    C::Answer: PartialEq + Debug,
{
    for tree in [tree.clone(), disturb(tree.clone(), seed)] {
        let mut w = Writer::new();
        write(&mut w, &tree);
        let read = command.decode(&w.finish());
        prop_assert_eq!(read.as_ref(), Ok(answer), "{:?}", tree);
    }
    Ok(())
}

pub(super) fn leaf(tag: Tag, text: &(impl ToString + ?Sized)) -> Element {
    Element::text(tag, text.to_string())
}

pub(super) fn maybe(tag: Tag, text: Option<&impl ToString>) -> Option<Element> {
    text.map(|text| leaf(tag, &text.to_string()))
}

pub(super) fn code(tag: Tag, status: Option<Status>) -> Option<Element> {
    maybe(tag, status.map(|status| status.0).as_ref())
}

/// An element with those of these children that are there.
pub(super) fn node(tag: Tag, children: impl IntoIterator<Item = Option<Element>>) -> Element {
    Element::new(tag, children.into_iter().flatten())
}

pub(super) fn leaves(tag: Tag, texts: &[String]) -> Vec<Element> {
    texts.iter().map(|text| leaf(tag, text)).collect()
}

pub(super) fn told(values: &Values) -> Vec<Element> {
    values.iter().map(|(tag, text)| leaf(tag, text)).collect()
}

pub(super) fn status() -> impl Strategy<Value = Option<Status>> {
    option::of(any::<u16>().prop_map(Status))
}

pub(super) fn maybe_text() -> impl Strategy<Value = Option<String>> {
    option::of(text())
}

pub(super) fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}
