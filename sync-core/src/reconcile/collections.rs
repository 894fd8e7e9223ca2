use std::cmp::Reverse;

use super::Rules;
use crate::model::{Both, Collection, CollectionPath, KindSet, NewCollection, Role, Side};

/// Which collections of both sources belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairedCollections {
    /// Pairs of collections that are there on both sides.
    pub pairs: Vec<Pairing>,
    /// Collections of one side that the other lacks, with what must be created there.
    pub missing: Vec<(Side, Collection, NewCollection)>,
    /// Collections of which the namesake on the other side is others' partner already.
    pub unpaired: Vec<(Side, Collection)>,
}

/// Two collections that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The collections.
    pub sides: Both<Collection>,
    /// The kinds that this pair keeps in step.
    pub kinds: KindSet,
    /// The kinds that a side's collection may hold and that no pair of it keeps in step; none where
    /// an earlier pair of the same collection tells.
    pub left_out: Both<Option<KindSet>>,
}

/// Pairs collections: by the config's map, then by role, then by path.
///
/// Selection runs over the left side's paths; a collection that only the right side has is
/// judged by the path it would have on the left. Views take part only where a pattern names them.
///
/// Only collections that share a kind pair, and of each collection a kind is in one pair at most. So
/// a calendar of events and tasks (CalDAV, vdir) that stands opposite a folder of events and a folder
/// of tasks of its name (ActiveSync) pairs with both, each for its kind: nothing is doubled, nothing
/// is refused. Of several partners the one comes first that shares most kinds and has fewest others.
/// What no partner can hold is left out: it is neither copied nor missed. Two collections make one
/// pair at most, and the state knows it by them.
pub fn pair_collections(sources: Both<&[Collection]>, rules: &Rules) -> PairedCollections {
    let mut result = PairedCollections::default();
    let mut taken = vec![KindSet::NONE; sources.right.len()];
    let mut lacking = Vec::new();
    for left in sources.left {
        if !takes_part(left, &left.path, rules) {
            continue;
        }
        let before = result.pairs.len();
        let mut rest = left.kinds;
        while let Some((index, right)) = find_partner(left, rest, sources.right, &taken, rules) {
            let Some(taken) = taken.get_mut(index) else {
                break;
            };
            let kinds = rest.and(right.kinds).without(*taken);
            *taken = taken.or(kinds);
            rest = rest.without(kinds);
            result.pairs.push(Pairing {
                sides: Both::new(left.clone(), right.clone()),
                kinds,
                left_out: Both::default(),
            });
        }
        match result.pairs.get_mut(before) {
            Some(first) => first.left_out.left = Some(rest),
            None => lacking.push(left),
        }
    }
    for left in lacking {
        let path = right_path(&left.path, rules);
        if is_there(sources.right, &path, left.kinds) {
            result.unpaired.push((Side::Left, left.clone()));
            continue;
        }
        let new = NewCollection {
            path,
            kinds: left.kinds,
            role: creatable(left.role),
            properties: left.properties.clone(),
        };
        add_missing(&mut result, Side::Right, left, new);
    }
    for (right, taken) in sources.right.iter().zip(taken) {
        let mut pairs = result.pairs.iter_mut();
        if let Some(first) = pairs.find(|pair| pair.sides.right.id == right.id) {
            first.left_out.right = Some(right.kinds.without(taken));
            continue;
        }
        let path = left_path(&right.path, rules);
        if !takes_part(right, &path, rules) {
            continue;
        }
        if is_there(sources.left, &path, right.kinds) {
            result.unpaired.push((Side::Right, right.clone()));
            continue;
        }
        let new = NewCollection {
            path,
            kinds: right.kinds,
            role: creatable(right.role),
            properties: right.properties.clone(),
        };
        add_missing(&mut result, Side::Left, right, new);
    }
    result
}

/// Whether a side has a collection of this path that may hold one of these kinds.
fn is_there(all: &[Collection], path: &CollectionPath, kinds: KindSet) -> bool {
    let holds = |c: &Collection| same_path(&c.path, path) && !c.kinds.and(kinds).is_empty();
    all.iter().any(holds)
}

/// Notes what `side` lacks, unless one of the same path and kind is to be created there anyway.
fn add_missing(result: &mut PairedCollections, side: Side, there: &Collection, new: NewCollection) {
    let is_same = |(on, _, other): &&(Side, Collection, NewCollection)| {
        *on == side && same_path(&other.path, &new.path) && !other.kinds.and(new.kinds).is_empty()
    };
    if result.missing.iter().any(|missing| is_same(&missing)) {
        result.unpaired.push((side.other(), there.clone()));
    } else {
        result.missing.push((side, there.clone(), new));
    }
}

fn takes_part(collection: &Collection, path: &CollectionPath, rules: &Rules) -> bool {
    let selected = rules.collections.contains(path);
    match collection.role {
        Some(Role::View | Role::Outbox) => selected && rules.collections.names(path),
        _ => selected,
    }
}

/// The best partner for some kinds of a left collection.
fn find_partner<'a>(
    left: &Collection,
    kinds: KindSet,
    right: &'a [Collection],
    taken: &[KindSet],
    rules: &Rules,
) -> Option<(usize, &'a Collection)> {
    let best = |fits: &dyn Fn(&Collection) -> bool| {
        let free = |(i, c): &(usize, &'a Collection)| {
            let taken = taken.get(*i).copied().unwrap_or(c.kinds);
            let shared = c.kinds.without(taken).and(kinds);
            !shared.is_empty() && fits(c)
        };
        // The first of equally good ones.
        let rank = |(i, c): &(usize, &Collection)| {
            let others = c.kinds.without(kinds).len();
            (c.kinds.and(kinds).len(), Reverse(others), Reverse(*i))
        };
        right.iter().enumerate().filter(free).max_by_key(rank)
    };
    if let Some(mapped) = mapped(&left.path, rules) {
        return best(&|c| same_path(&c.path, &mapped));
    }
    let unmapped = |c: &Collection| !rules.map.values().any(|t| same_path(t, &c.path));
    let role = left.role.or(left.path.is_inbox().then_some(Role::Inbox));
    if let Some(role) = role.filter(|role| *role != Role::View) {
        let has =
            |c: &Collection| c.role == Some(role) || (role == Role::Inbox && c.path.is_inbox());
        let found = best(&|c| has(c) && unmapped(c));
        if found.is_some() {
            return found;
        }
    }
    // A path pairs unless the right side's collection is already another one's by its role.
    best(&|c| {
        let roles = c.role.is_none() || left.role.is_none() || c.role == left.role;
        same_path(&c.path, &left.path) && unmapped(c) && roles
    })
}

/// INBOX is one mailbox in any spelling; all other names are compared as they are.
fn same_path(a: &CollectionPath, b: &CollectionPath) -> bool {
    a == b || (a.is_inbox() && b.is_inbox())
}

/// What the config's map makes of a path: the longest mapped ancestor counts.
fn mapped(path: &CollectionPath, rules: &Rules) -> Option<CollectionPath> {
    rename(path, rules.map.iter())
}

fn right_path(path: &CollectionPath, rules: &Rules) -> CollectionPath {
    mapped(path, rules).unwrap_or_else(|| path.clone())
}

fn left_path(path: &CollectionPath, rules: &Rules) -> CollectionPath {
    rename(path, rules.map.iter().map(|(l, r)| (r, l))).unwrap_or_else(|| path.clone())
}

fn rename<'a>(
    path: &CollectionPath,
    map: impl Iterator<Item = (&'a CollectionPath, &'a CollectionPath)>,
) -> Option<CollectionPath> {
    map.filter(|(from, _)| path.segments().starts_with(from.segments()) || same_path(path, from))
        .max_by_key(|(from, _)| from.segments().len())
        .map(|(from, to)| {
            let rest = path
                .segments()
                .get(from.segments().len()..)
                .unwrap_or_default();
            CollectionPath::new(to.segments().iter().chain(rest).cloned())
        })
}

fn creatable(role: Option<Role>) -> Option<Role> {
    role.filter(|role| !matches!(role, Role::View | Role::Inbox | Role::Outbox))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::*;
    use crate::model::ItemKind;
    use crate::reconcile::Selection;

    fn mailbox(path: &str, role: Option<Role>) -> Collection {
        let mut c = Collection::new(path, CollectionPath::parse(path), KindSet::MAIL);
        c.role = role;
        c
    }

    fn names(result: &PairedCollections) -> Vec<(String, String)> {
        let pair = |p: &Pairing| {
            (
                p.sides.left.path.to_string(),
                p.sides.right.path.to_string(),
            )
        };
        result.pairs.iter().map(pair).collect()
    }

    #[test]
    fn roles_pair_before_paths() {
        let left = [mailbox("INBOX", None), mailbox("Sent", Some(Role::Sent))];
        let right = [
            mailbox("Sent Items", Some(Role::Sent)),
            mailbox("Inbox", None),
        ];
        let result = pair_collections(Both::new(&left, &right), &Rules::default());
        assert_eq!(
            names(&result),
            [
                ("INBOX".into(), "Inbox".into()),
                ("Sent".into(), "Sent Items".into())
            ]
        );
        assert!(result.missing.is_empty());
    }

    #[test]
    fn the_map_renames_with_all_below() {
        let mut rules = Rules::default();
        rules
            .map
            .insert(CollectionPath::parse("Work"), CollectionPath::parse("Job"));
        let left = [mailbox("Work/2024", None)];
        let right = [mailbox("Job/2023", None)];
        let result = pair_collections(Both::new(&left, &right), &rules);
        assert_eq!(result.missing[0].2.path, CollectionPath::parse("Job/2024"));
        assert_eq!(result.missing[1].2.path, CollectionPath::parse("Work/2023"));
    }

    #[test]
    fn only_collections_of_the_same_kind_pair() {
        let calendar = |kinds| Collection::new("x", CollectionPath::parse("Home"), kinds);
        let left = [calendar(KindSet::CALENDAR)];
        let right = [calendar(KindSet::CONTACTS)];
        let result = pair_collections(Both::new(&left, &right), &Rules::default());
        assert!(result.pairs.is_empty());
        assert_eq!(result.missing.len(), 2);
    }

    fn collection(id: &str, path: &str, kinds: KindSet) -> Collection {
        Collection::new(id, CollectionPath::parse(path), kinds)
    }

    fn paired(result: &PairedCollections) -> Vec<(&str, &str, KindSet)> {
        let pairs = result.pairs.iter();
        pairs
            .map(|p| (p.sides.left.id.as_str(), p.sides.right.id.as_str(), p.kinds))
            .collect()
    }

    #[test]
    fn a_mixed_collection_pairs_with_one_of_each_kind() {
        let (event, task) = (KindSet::of(ItemKind::Event), KindSet::of(ItemKind::Task));
        let mixed = [collection("v", "Home", KindSet::CALENDAR)];
        let single = [
            collection("e", "Home", event),
            collection("t", "Home", task),
        ];
        let rules = Rules::default();

        let result = pair_collections(Both::new(&mixed, &single), &rules);
        assert_eq!(paired(&result), [("v", "e", event), ("v", "t", task)]);
        let notes = Some(KindSet::of(ItemKind::Note));
        assert_eq!(
            result.pairs[0].left_out,
            Both::new(notes, Some(KindSet::NONE))
        );
        assert_eq!(
            result.pairs[1].left_out,
            Both::new(None, Some(KindSet::NONE))
        );
        assert!(result.missing.is_empty() && result.unpaired.is_empty());

        let result = pair_collections(Both::new(&single, &mixed), &rules);
        assert_eq!(paired(&result), [("e", "v", event), ("t", "v", task)]);
        assert_eq!(
            result.pairs[0].left_out,
            Both::new(Some(KindSet::NONE), notes)
        );
        assert!(result.missing.is_empty() && result.unpaired.is_empty());
    }

    #[test]
    fn the_partner_that_shares_most_kinds_comes_first() {
        let task = KindSet::of(ItemKind::Task);
        let left = [
            collection("t", "Home", task),
            collection("m", "Home", KindSet::CALENDAR),
        ];
        let right = [
            collection("M", "Home", KindSet::CALENDAR),
            collection("T", "Home", task),
        ];
        let result = pair_collections(Both::new(&left, &right), &Rules::default());
        assert_eq!(
            paired(&result),
            [("t", "T", task), ("m", "M", KindSet::CALENDAR)]
        );
    }

    #[test]
    fn two_collections_of_one_kind_do_not_share_a_partner() {
        let event = KindSet::of(ItemKind::Event);
        let left = [
            collection("a", "Home", event),
            collection("b", "Home", event),
        ];
        let rules = Rules::default();
        let right = [collection("v", "Home", KindSet::CALENDAR)];
        let result = pair_collections(Both::new(&left, &right), &rules);
        assert_eq!(paired(&result), [("a", "v", event)]);
        assert_eq!(result.unpaired, [(Side::Left, left[1].clone())]);
        assert!(result.missing.is_empty());
        let result = pair_collections(Both::new(&left, &[]), &rules);
        assert_eq!((result.missing.len(), result.unpaired.len()), (1, 1));
    }

    #[test]
    fn views_take_part_only_when_named() {
        let left = [mailbox("All", Some(Role::View)), mailbox("A", None)];
        let mut rules = Rules::default();
        assert_eq!(
            pair_collections(Both::new(&left, &[]), &rules)
                .missing
                .len(),
            1
        );
        rules.collections = Selection::new(["All"]);
        assert_eq!(
            pair_collections(Both::new(&left, &[]), &rules)
                .missing
                .len(),
            1
        );
    }

    #[test]
    fn what_is_not_selected_is_not_created_from_the_right_either() {
        let right = [mailbox("Spam", None)];
        let rules = Rules {
            collections: Selection::new(["!Spam"]),
            ..Rules::default()
        };
        assert_eq!(
            pair_collections(Both::new(&[], &right), &rules),
            PairedCollections::default()
        );
    }
}
