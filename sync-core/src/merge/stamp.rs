use super::canon::{canonical, instant};
use super::syntax::Node;
use crate::model::Side;

/// The side that was changed last; of equally old ones the greater, so that swapping mirrors.
pub(super) fn newest(left: &[u8], right: &[u8]) -> Side {
    let order = match (Node::parse(left), Node::parse(right)) {
        (Some(left), Some(right)) => {
            let order = latest(&left).cmp(&latest(&right));
            order.then_with(|| canonical(&left).cmp(&canonical(&right)))
        }
        _ => left.cmp(right),
    };
    match order {
        std::cmp::Ordering::Less => Side::Right,
        _ => Side::Left,
    }
}

/// When anything in a component was changed last, as far as it says.
fn latest(node: &Node<'_>) -> Option<i64> {
    let stamps = ["LAST-MODIFIED", "REV", "DTSTAMP"].into_iter();
    let own = stamps
        .filter_map(|name| node.value(name))
        .find_map(|stamp| instant(&stamp));
    let inner = node.children().filter(|child| child.name != "VTIMEZONE");
    inner.filter_map(latest).chain(own).max()
}
