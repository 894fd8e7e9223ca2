use super::Rules;
use crate::model::{Both, Collection, CollectionPath, KindSet, NewCollection, Role, Side};

/// Which collections of both sources belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairedCollections {
    /// Pairs of collections that are there on both sides.
    pub pairs: Vec<Pairing>,
    /// Collections of one side that the other lacks, with what must be created there.
    pub missing: Vec<(Side, Collection, NewCollection)>,
}

/// Two collections that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The collections.
    pub sides: Both<Collection>,
    /// The kinds that both may hold.
    pub kinds: KindSet,
}

/// Pairs collections: by the config's map, then by role, then by path.
///
/// Selection runs over the left side's paths; a collection that only the right side has is
/// judged by the path it would have on the left. Views take part only where a pattern names them.
/// Only collections that share a kind pair.
pub fn pair_collections(sources: Both<&[Collection]>, rules: &Rules) -> PairedCollections {
    let mut result = PairedCollections::default();
    let mut taken = vec![false; sources.right.len()];
    let mut unpaired = Vec::new();
    for left in sources.left {
        if !takes_part(left, &left.path, rules) {
            continue;
        }
        match find_partner(left, sources.right, &taken, rules) {
            Some((index, right)) => {
                if let Some(taken) = taken.get_mut(index) {
                    *taken = true;
                }
                let kinds = left.kinds.and(right.kinds);
                result.pairs.push(Pairing {
                    sides: Both::new(left.clone(), right.clone()),
                    kinds,
                });
            }
            None => unpaired.push(left),
        }
    }
    for left in unpaired {
        let new = NewCollection {
            path: right_path(&left.path, rules),
            kinds: left.kinds,
            role: creatable(left.role),
            properties: left.properties.clone(),
        };
        result.missing.push((Side::Right, left.clone(), new));
    }
    for (right, _) in sources
        .right
        .iter()
        .zip(&taken)
        .filter(|(_, taken)| !**taken)
    {
        let path = left_path(&right.path, rules);
        let occupied = sources
            .left
            .iter()
            .any(|left| same_path(&left.path, &path) && !left.kinds.and(right.kinds).is_empty());
        if occupied || !takes_part(right, &path, rules) {
            continue;
        }
        let new = NewCollection {
            path,
            kinds: right.kinds,
            role: creatable(right.role),
            properties: right.properties.clone(),
        };
        result.missing.push((Side::Left, right.clone(), new));
    }
    result
}

fn takes_part(collection: &Collection, path: &CollectionPath, rules: &Rules) -> bool {
    let selected = rules.collections.contains(path);
    match collection.role {
        Some(Role::View | Role::Outbox) => selected && rules.collections.names(path),
        _ => selected,
    }
}

fn find_partner<'a>(
    left: &Collection,
    right: &'a [Collection],
    taken: &[bool],
    rules: &Rules,
) -> Option<(usize, &'a Collection)> {
    let free = |(i, c): &(usize, &Collection)| {
        !taken.get(*i).copied().unwrap_or(true) && !c.kinds.and(left.kinds).is_empty()
    };
    let by_path = |path: &CollectionPath| {
        right
            .iter()
            .enumerate()
            .filter(free)
            .find(|(_, c)| same_path(&c.path, path))
    };
    if let Some(mapped) = mapped(&left.path, rules) {
        return by_path(&mapped);
    }
    let targets: Vec<_> = rules.map.values().collect();
    let unmapped = |c: &Collection| !targets.iter().any(|t| same_path(t, &c.path));
    let role = left.role.or(left.path.is_inbox().then_some(Role::Inbox));
    if let Some(role) = role.filter(|role| *role != Role::View) {
        let has =
            |c: &Collection| c.role == Some(role) || (role == Role::Inbox && c.path.is_inbox());
        let found = right
            .iter()
            .enumerate()
            .filter(free)
            .find(|(_, c)| has(c) && unmapped(c));
        if found.is_some() {
            return found;
        }
    }
    // A path pairs unless the right side's collection is already another one's by its role.
    by_path(&left.path).filter(|(_, c)| {
        unmapped(c) && (c.role.is_none() || left.role.is_none() || c.role == left.role)
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
