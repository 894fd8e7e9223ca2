//! Edits of both sides, and what is to become of them.

use super::contents::{Contents, Entry};
use super::store::{Held, Store};
use super::world::World;

/// What the left and the right side owner do with messages of one folder, one each.
struct Hand<'w> {
    world: &'w World,
    expected: &'w mut Contents,
    folder: &'static str,
    fresh: Vec<Entry>,
}

impl<'w> Hand<'w> {
    /// Takes messages of which there is one alone.
    fn new(world: &'w World, expected: &'w mut Contents, folder: &'static str) -> Self {
        let all: Vec<&Entry> = expected.values().flatten().collect();
        let mut fresh = expected[folder].clone();
        fresh.retain(|entry| all.iter().filter(|other| entry.is_copy_of(other)).count() == 1);
        Self {
            world,
            expected,
            folder,
            fresh,
        }
    }

    fn next(&mut self) -> Entry {
        self.fresh.pop().expect("a message that nobody touched")
    }

    fn next_with(&mut self, what: impl Fn(&Entry) -> bool) -> Entry {
        let at = self.fresh.iter().position(what).expect("such a message");
        self.fresh.swap_remove(at)
    }

    fn left(&self, entry: &Entry) -> Held {
        self.world.left.find(self.folder, entry)
    }

    fn right(&self, entry: &Entry) -> Held {
        self.world.right.find(self.folder, entry)
    }

    fn set(&self, store: &dyn Store, held: &Held, add: &[&str], remove: &[&str]) {
        let flags = changed(&held.entry, add, remove).flags;
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        store.set_flags(self.folder, held, &flags);
    }

    fn expect(&mut self, old: &Entry, new: Option<Entry>) {
        let entries = self.expected.get_mut(self.folder).unwrap();
        let at = entries.iter().position(|entry| entry == old).unwrap();
        entries.remove(at);
        entries.extend(new);
        entries.sort();
    }
}

fn changed(entry: &Entry, add: &[&str], remove: &[&str]) -> Entry {
    let mut entry = entry.clone();
    entry.flags.retain(|flag| !remove.contains(&flag.as_str()));
    entry
        .flags
        .extend(add.iter().map(|flag| (*flag).to_owned()));
    entry
}

fn keyword(entry: &Entry) -> Option<&str> {
    let mut flags = entry.flags.iter();
    flags
        .find(|flag| !flag.starts_with('\\'))
        .map(String::as_str)
}

/// Edits messages of a folder in all sorts of ways, on both sides; tells what is to become of them,
/// and returns what was deleted.
pub(crate) fn edit(world: &World, expected: &mut Contents, folder: &'static str) -> Vec<Entry> {
    let (left, right) = (&*world.left, &*world.right);
    let mut lost = Vec::new();
    let mut hand = Hand::new(world, expected, folder);

    // Flags and keywords, each side others of one message.
    let one = hand.next_with(|e| e.flags.contains("\\seen") && !e.flags.contains("\\flagged"));
    hand.set(left, &hand.left(&one), &["\\flagged", "todo"], &[]);
    hand.set(
        right,
        &hand.right(&one),
        &["\\answered", "$forwarded", "later"],
        &["\\seen"],
    );
    let add = ["\\flagged", "\\answered", "todo", "$forwarded", "later"];
    hand.expect(&one, Some(changed(&one, &add, &["\\seen"])));

    // A keyword goes on each side.
    for side in [left, right] {
        let one = hand.next_with(|e| keyword(e).is_some());
        let gone = [keyword(&one).unwrap()];
        hand.set(side, &side.find(folder, &one), &[], &gone);
        hand.expect(&one, Some(changed(&one, &[], &gone)));
    }

    // A deletion on each side.
    for side in [left, right] {
        let one = hand.next();
        side.remove(folder, &[side.find(folder, &one)]);
        hand.expect(&one, None);
        lost.push(one);
    }

    // An edit against a deletion, each way.
    for (edits, deletes) in [(left, right), (right, left)] {
        let one = hand.next_with(|e| !e.flags.contains("\\flagged"));
        hand.set(edits, &edits.find(folder, &one), &["\\flagged"], &[]);
        deletes.remove(folder, &[deletes.find(folder, &one)]);
        hand.expect(&one, Some(changed(&one, &["\\flagged"], &[])));
    }
    lost
}
