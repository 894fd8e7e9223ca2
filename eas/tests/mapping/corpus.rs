//! Files that real programs wrote go to ActiveSync and come back: what it can hold survives, and
//! what comes back changes nothing of what was there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use eas::mapping::{Account, contact, event, note, task};
use eas::wire::class::{Class, Item};
use eas::wire::command::{Change, Collection, Command as _, ServerChange, Sync};
use eas::wire::{DateTime, Version};
use sync_core::merge::syntax::{self, Eol, Node};
use sync_core::merge::{Preference, equal, merge};
use sync_core::model::Both;

use super::held;

const VERSIONS: [Version; 2] = [Version::V14_1, Version::V16_1];
const ZONE: Option<&str> = Some("Europe/Paris");

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "ics" || e == "vcf") {
            out.push(path);
        }
    }
}

/// Every object of the files of `sync-core/tests/data/ics`, or, to try others, of the folder that
/// `CORPUS` names: one UID with its overrides, or one card.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sync-core/tests/data/ics");
    let root = std::env::var_os("CORPUS").map_or(here, PathBuf::from);
    let mut paths = Vec::new();
    files(&root, &mut paths);
    assert!(paths.len() >= 80, "only {} files", paths.len());
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let content = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let objects = objects(&content).into_iter().enumerate();
        all.extend(objects.map(|(i, object)| (format!("{name} #{i}"), object)));
    }
    all
}

fn objects(content: &[u8]) -> Vec<Vec<u8>> {
    let document = Node::parse(content).unwrap();
    let mut all = Vec::new();
    for top in document.children() {
        if top.name != "VCALENDAR" {
            all.push(print(vec![top.clone()]));
            continue;
        }
        let mut by_uid: BTreeMap<(String, String), Vec<Node<'_>>> = BTreeMap::new();
        for item in top.children() {
            if ["VEVENT", "VTODO", "VJOURNAL"].contains(&item.name.as_str()) {
                let uid = held::value(item, "UID").unwrap_or_default();
                let key = (item.name.clone(), uid);
                by_uid.entry(key).or_default().push(item.clone());
            }
        }
        for items in by_uid.into_values() {
            let mut one = top.clone();
            one.items.retain(|item| match item {
                syntax::Item::Node(node) => node.name == "VTIMEZONE",
                _ => true,
            });
            one.items.extend(items.into_iter().map(syntax::Item::Node));
            all.push(print(vec![one]));
        }
    }
    all
}

fn print(items: Vec<Node<'_>>) -> Vec<u8> {
    let document = Node {
        items: items.into_iter().map(syntax::Item::Node).collect(),
        ..Node::default()
    };
    document.print(Eol::CrLf)
}

/// What a server has of an item that a client adds.
pub(super) fn over_the_wire(item: Item, version: Version) -> Item {
    let mut collection = Collection::new(item.class(), "5", "1");
    collection.changes = vec![Change::Add {
        client_id: "1".into(),
        item,
        send: false,
    }];
    let request = Sync {
        collections: vec![collection],
        ..Sync::default()
    };
    let answer = request.decode(&request.encode(version)).unwrap();
    let mut changes = answer.collections.into_iter().flat_map(|c| c.changes);
    match changes.next() {
        Some(ServerChange::Add { item, .. }) => item,
        other => panic!("{other:?}"),
    }
}

fn class_of(content: &[u8]) -> Class {
    let document = Node::parse(content).unwrap();
    let top = document.children().next().unwrap();
    let has = |name: &str| top.children().any(|child| child.name == name);
    match () {
        () if top.name == "VCARD" => Class::Contacts,
        () if has("VTODO") => Class::Tasks,
        () if has("VJOURNAL") => Class::Notes,
        () => Class::Calendar,
    }
}

/// A document as an item; why not, where ActiveSync cannot say it.
fn to_item(content: &[u8], class: Class, account: &Account<'_>) -> Result<Item, String> {
    let refused = |why: eas::mapping::Unmappable| why.to_string();
    Ok(match class {
        Class::Contacts => {
            Item::Contact(Box::new(contact::from_vcard(content).ok_or("not a card")?))
        }
        Class::Tasks => {
            let mapped = task::from_ical(content, account, DateTime::new(0));
            Item::Task(Box::new(mapped.map_err(refused)?))
        }
        Class::Notes => Item::Note(Box::new(note::from_ical(content).map_err(refused)?)),
        _ => Item::Event(Box::new(
            event::from_ical(content, account).map_err(refused)?,
        )),
    })
}

fn to_document(item: &Item, uid: &str, account: &Account<'_>) -> Vec<u8> {
    match item {
        Item::Contact(contact) => contact::to_vcard(contact, uid),
        Item::Task(task) => task::to_ical(task, uid),
        Item::Note(note) => note::to_ical(note, uid),
        Item::Event(event) => event::to_ical(event, uid, account).unwrap(),
        Item::Email(_) => unreachable!(),
    }
}

/// Lines that `a` has and `b` does not.
fn missing(a: &[u8], b: &[u8]) -> Vec<String> {
    let there = held::lines(b);
    let mut lines = held::lines(a);
    lines.retain(|line| !there.contains(line));
    lines
}

/// Merges what came back with what was there: both sides held the original.
fn merged(content: &[u8], back: &[u8], provisional: bool) -> Vec<u8> {
    let version = |provisional, now| sync_core::merge::Version {
        base: Some(content),
        provisional,
        own_uid: false,
        now,
    };
    let sides = Both::new(version(false, content), version(provisional, back));
    let left = merge(sides, Preference::Newest).result.left;
    left.map_or_else(|| content.to_vec(), |left| left.to_vec())
}

fn uid_of(content: &[u8]) -> String {
    let document = Node::parse(content).unwrap();
    let top = document.children().next().unwrap();
    let inner = || top.children().find_map(|item| held::value(item, "UID"));
    inner()
        .or_else(|| held::value(top, "UID"))
        .unwrap_or_else(|| "1".into())
}

/// What is wrong with a document's way there and back.
fn wrong(content: &[u8], version: Version) -> Result<Vec<String>, String> {
    let account = Account {
        version,
        zone: ZONE,
        addresses: &[],
    };
    let class = class_of(content);
    let uid = uid_of(content);
    let there_and_back = |content: &[u8]| -> Result<Vec<u8>, String> {
        let item = over_the_wire(to_item(content, class, &account)?, version);
        Ok(to_document(&item, &uid, &account))
    };
    let back = there_and_back(content)?;
    let again = there_and_back(&back)?;
    let mut wrong = Vec::new();
    let mut say = |what: &str, marks: [(char, Vec<String>); 2]| {
        let lines = marks
            .iter()
            .flat_map(|(mark, lines)| lines.iter().map(move |line| format!("\n  {mark} {line}")));
        let lines: String = lines.collect();
        if !lines.is_empty() {
            wrong.push(format!("{what}{lines}"));
        }
    };
    if !equal(&back, &again) {
        let marks = [('-', missing(&back, &again)), ('+', missing(&again, &back))];
        say("is something else the second time", marks);
    }
    // The engine knows what it wrote, and reads what is kept of that: nothing there counts as gone,
    // and nothing shall count as changed.
    let now = merged(content, &back, true);
    let is_told = |line: &String| !held::may_go(line, class);
    let (mut gone, mut new) = (missing(content, &now), missing(&now, content));
    held::same(&mut gone, &mut new);
    gone.retain(is_told);
    new.retain(is_told);
    say("changes what was there", [('-', gone), ('+', new)]);
    let rest = merged(content, &back, false);
    let (mut lost, mut new) = (missing(content, &rest), missing(&rest, content));
    held::same(&mut lost, &mut new);
    lost.retain(is_told);
    say("loses", [('-', lost), ('+', Vec::new())]);
    Ok(wrong)
}

#[test]
fn what_activesync_can_hold_survives() {
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, content) in corpus() {
        if held::ODD.iter().any(|(odd, _)| name.contains(odd)) {
            continue;
        }
        for version in VERSIONS {
            match wrong(&content, version) {
                Ok(wrong) => {
                    count += 1;
                    failures.extend(wrong.iter().map(|w| format!("{name} ({version}) {w}")));
                }
                Err(why) => *refused.entry(why).or_default() += 1,
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures of {count}\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(
        count >= 120,
        "only {count} were mapped; refused: {refused:#?}"
    );
}
