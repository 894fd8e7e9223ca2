//! Files that real programs wrote pass through unharmed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use super::syntax::{Eol, Item, Node, fold, logical_lines};
use super::*;

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

/// The files under `tests/data/ics`, or, to try others, under the folder that `CORPUS` names.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ics");
    let root = std::env::var_os("CORPUS").map_or(here, PathBuf::from);
    let mut paths = Vec::new();
    files(&root, &mut paths);
    assert!(
        paths.len() >= 80,
        "only {} files in {}",
        paths.len(),
        root.display()
    );
    paths.sort();
    let read = |path: PathBuf| (path.display().to_string(), fs::read(path).unwrap());
    paths.into_iter().map(read).collect()
}

#[test]
fn every_byte_is_kept() {
    for (path, content) in corpus() {
        let printed = Node::parse(&content).unwrap().print(Eol::CrLf);
        assert!(printed == content, "{path}");
    }
}

/// What a server may make of a document: another order, other ends of lines, other folds.
fn rewrite(node: &mut Node<'_>) {
    let is_blank =
        |item: &Item<'_>| matches!(item, Item::Other(raw) if raw.trim_ascii().is_empty());
    node.items.retain(|item| !is_blank(item));
    for item in &mut node.items {
        match item {
            Item::Node(child) => rewrite(child),
            Item::Other(_) => {}
            Item::Line(raw) => {
                let text = unfold(raw).into_owned();
                *raw = fold(&text, Eol::Lf).into();
            }
        }
    }
    node.items.reverse();
}

#[test]
fn a_rewritten_document_is_equal() {
    for (path, content) in corpus() {
        let mut node = Node::parse(&content).unwrap();
        rewrite(&mut node);
        let other = node.print(Eol::Lf);
        assert!(equal(&content, &other) && equal(&other, &content), "{path}");
    }
}

#[test]
fn cards_survive_both_versions() {
    for (path, content) in corpus() {
        for version in [VcardVersion::V3, VcardVersion::V4] {
            let there = to_version(&content, version);
            assert!(equal(&content, &there), "{path} to {version:?}");
            assert_eq!(
                to_version(&there, version),
                there,
                "{path} is {version:?} already"
            );
            for other in [VcardVersion::V3, VcardVersion::V4] {
                let back = to_version(&there, other);
                assert!(equal(&content, &back), "{path} to {version:?} to {other:?}");
            }
        }
    }
}

/// Each line in its turn is taken out on one side, and is then missing on the other one, too, and
/// nothing else is.
#[test]
fn a_line_taken_out_is_taken_out() {
    for (path, content) in corpus() {
        let lines: Vec<&[u8]> = logical_lines(&content).collect();
        for at in 0..lines.len().min(120) {
            let line = unfold(lines[at]).trim().to_ascii_uppercase();
            let frame = ["BEGIN", "END", "UID", "VERSION"];
            if frame.iter().any(|name| line.starts_with(name)) {
                continue;
            }
            let edited = [&lines[..at], &lines[at + 1..]].concat().concat();
            let version = |now| Version {
                base: Some(&content),
                provisional: false,
                own_uid: false,
                now,
            };
            let sides = Both::new(version(&edited), version(&content));
            let merged = merge(sides, Preference::Newest);
            assert_eq!(merged.conflicts, [""; 0], "{path}");
            assert_eq!(merged.result.left, None, "{path}");
            let right = merged
                .result
                .right
                .unwrap_or_else(|| content.clone().into());
            assert!(equal(&right, &edited), "{path}: {line}");
        }
    }
}
