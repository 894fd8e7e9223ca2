//! The test server and Dovecot, asked the same.

#![allow(unreachable_pub)]

use std::net::{Ipv4Addr, SocketAddr};

use imap_client::testing::{Profile, Server};
use testbed::Dovecot;

use crate::support::{self, Raw};

/// What Dovecot 2.3 has not.
pub fn profile() -> Profile {
    ["IMAP4rev2", "OBJECTID", "UTF8=ACCEPT", "CREATE-SPECIAL-USE"]
        .into_iter()
        .fold(Profile::full(), Profile::without)
}

/// The two servers, each with two sessions of one user.
pub struct Pair {
    pub dovecot: [Raw; 2],
    pub ours: [Raw; 2],
    uid_validity: [String; 2],
    // The servers end when they are dropped.
    _dovecot: Dovecot,
    _ours: Server,
}

/// Splits at spaces outside of parentheses, brackets and quotes.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut depth, mut quoted) = (0, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ' ' if !quoted && depth == 0 => {
                words.push(std::mem::take(&mut word));
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    words.push(word);
    words
}

fn sorted(list: &str) -> String {
    let mut items = words(list.trim_start_matches('(').trim_end_matches(')'));
    items.sort();
    format!("({})", items.join(" "))
}

/// `[CODE ...]` without the numbers that each server chooses.
fn code(text: &str) -> String {
    let Some(inner) = text.strip_prefix('[').and_then(|t| t.split_once(']')) else {
        return String::new();
    };
    let parts = words(inner.0);
    match parts[0].as_str() {
        "UIDVALIDITY" | "HIGHESTMODSEQ" | "CAPABILITY" => format!("[{} n]", parts[0]),
        "APPENDUID" | "COPYUID" => format!("[{} n {}]", parts[0], parts[2..].join(" ")),
        "PERMANENTFLAGS" => format!("[PERMANENTFLAGS {}]", sorted(&parts[1])),
        _ => format!("[{}]", inner.0),
    }
}

fn fetch(line: &str) -> String {
    let Some((head, items)) = line.split_once(" FETCH (") else {
        return line.to_owned();
    };
    let Some(items) = items.strip_suffix(')') else {
        return line.to_owned();
    };
    let mut pairs: Vec<String> = words(items)
        .chunks(2)
        .map(|pair| match (pair[0].as_str(), pair.get(1)) {
            ("FLAGS", Some(flags)) => format!("FLAGS {}", sorted(flags)),
            ("MODSEQ", _) => "MODSEQ n".to_owned(),
            (name, value) => format!("{name} {}", value.map_or("", String::as_str)),
        })
        .collect();
    pairs.sort();
    format!("{head} FETCH ({})", pairs.join(" "))
}

pub fn normal(line: &str) -> String {
    let parts = words(line);
    let second = parts.get(1).map_or("", String::as_str);
    let rest = || line.splitn(3, ' ').nth(2).unwrap_or_default();
    match second {
        "OK" | "NO" | "BAD" | "BYE" => format!("{} {second} {}", parts[0], code(rest())),
        "FLAGS" => format!("* FLAGS {}", sorted(&parts[2])),
        "LIST" | "LSUB" => {
            // \UnMarked is Dovecot's own knowledge.
            let attributes = sorted(
                &parts[2]
                    .replace("\\UnMarked", "")
                    .replace("\\Marked", "")
                    .replace("( ", "("),
            );
            format!(
                "* {second} {} {}",
                attributes.replace("( ", "("),
                parts[3..].join(" ")
            )
        }
        "STATUS" => {
            let items = words(parts[3].trim_matches(['(', ')']));
            let mut shown: Vec<String> = items
                .chunks(2)
                .map(|p| {
                    if matches!(p[0].as_str(), "UIDVALIDITY" | "HIGHESTMODSEQ") {
                        format!("{} n", p[0])
                    } else {
                        p.join(" ")
                    }
                })
                .collect();
            shown.sort();
            format!("* STATUS {} {}", parts[2], shown.join(" "))
        }
        "SEARCH" if line.contains("(MODSEQ ") => {
            line.split_once(" (MODSEQ ").unwrap().0.to_owned() + " (MODSEQ n)"
        }
        "ESEARCH" => match line.split_once(" MODSEQ ") {
            Some((head, _)) => format!("{head} MODSEQ n"),
            None => line.to_owned(),
        },
        _ => fetch(line),
    }
}

fn all_normal(lines: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = lines.iter().map(|l| normal(l)).collect();
    if lines
        .iter()
        .any(|l| l.starts_with("* LIST") || l.starts_with("* LSUB"))
    {
        // HIGHESTMODSEQ may come in the middle of them.
        lines.sort();
    }
    lines
}

impl Pair {
    pub fn new() -> Self {
        let dovecot = Dovecot::start().unwrap();
        let ours = support::server(profile());
        let there = SocketAddr::from((Ipv4Addr::LOCALHOST, dovecot.imap_port));
        let log_in = |address| {
            let mut raw = Raw::to(address);
            raw.line();
            raw.ok("l LOGIN alice alicepw");
            raw
        };
        Self {
            dovecot: [log_in(there), log_in(there)],
            ours: [log_in(ours.addr()), log_in(ours.addr())],
            uid_validity: [String::new(), String::new()],
            _dovecot: dovecot,
            _ours: ours,
        }
    }

    /// Sends the command over session `of` of both servers and compares the answers. `$V` stands for
    /// the UIDVALIDITY that `remember` found; `$M` for a mod-sequence before all changes.
    pub fn same(&mut self, of: usize, command: &str) {
        let tag = command.split(' ').next().unwrap().to_owned();
        let validity = self.uid_validity.clone();
        let ask = |raw: &mut Raw, validity: &str| raw.command(&command.replace("$V", validity));
        let theirs = ask(&mut self.dovecot[of], &validity[0]);
        let ours = ask(&mut self.ours[of], &validity[1]);
        assert!(theirs.last().unwrap().starts_with(&tag));
        let (theirs, ours) = (all_normal(&theirs), all_normal(&ours));
        assert_eq!(ours, theirs, "ours, theirs: session {of}: {command}");
    }

    pub fn remember_validity(&mut self, mailbox: &str) {
        let ask = |raw: &mut Raw| {
            let lines = raw.ok(&format!("v STATUS {mailbox} (UIDVALIDITY)"));
            let number = lines[0]
                .rsplit(' ')
                .next()
                .unwrap()
                .trim_end_matches(')')
                .to_owned();
            assert!(number.parse::<u32>().is_ok(), "{lines:?}");
            number
        };
        self.uid_validity = [ask(&mut self.dovecot[0]), ask(&mut self.ours[0])];
    }

    pub fn all(&mut self, of: usize, commands: &[&str]) {
        for command in commands {
            self.same(of, command);
        }
    }
}
