//! The in-process server says what a real Dovecot says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use pop3::testing::{Profile, Server};
use testbed::Dovecot;
use testbed::mail::{Generator, Message};

/// A connection that was greeted.
struct Talk(BufReader<TcpStream>);

/// An answer: its status with the response code, and the lines behind it.
type Answer = (String, Vec<String>);

impl Talk {
    fn to(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut talk = Self(BufReader::new(stream));
        let greeting = talk.line();
        let apop = greeting.ends_with('>') && greeting.contains(" <");
        assert!(greeting.starts_with("+OK ") && apop, "{greeting}");
        talk
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).unwrap();
        let line = line.strip_suffix(b"\r\n").unwrap_or(&line);
        line.iter().copied().map(char::from).collect()
    }

    fn ask(&mut self, command: &str) -> Answer {
        self.0
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        let first = self.line();
        let mut words = first.splitn(2, ' ');
        let status = words.next().unwrap_or_default().to_owned();
        let text = words.next().unwrap_or_default();
        let code = text.strip_prefix('[').and_then(|text| text.split_once(']'));
        let status = match code {
            Some((code, _)) => format!("{status} [{code}]"),
            None => status,
        };
        let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
        let listing = match name {
            "CAPA" | "RETR" | "TOP" => true,
            "LIST" | "UIDL" => argument.is_empty(),
            _ => false,
        };
        let mut lines = Vec::new();
        match name {
            "STAT" | "LIST" | "UIDL" if !listing => lines.push(text.to_owned()),
            _ => {}
        }
        if status == "+OK" && listing {
            loop {
                match self.line() {
                    end if end == "." => break,
                    line => lines.push(line),
                }
            }
        } else if status.starts_with("-ERR") {
            // People's words may differ.
            lines.clear();
        }
        if name == "UIDL" {
            lines.iter_mut().for_each(|line| *line = shape(line));
        }
        if name == "CAPA" {
            lines
                .iter_mut()
                .for_each(|line| *line = without_scram(line));
            lines.sort();
        }
        (status, lines)
    }
}

/// A line of UIDL with the UIDVALIDITY left out.
fn shape(line: &str) -> String {
    let (number, id) = line.split_once(' ').unwrap();
    let hex = id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(hex && id.to_lowercase() == id, "{line}");
    format!("{number} {}", &id[..8])
}

/// The mechanisms of a line in alphabetical order; SCRAM is not spoken here.
fn without_scram(line: &str) -> String {
    let words = line.split(' ').filter(|word| !word.starts_with("SCRAM-"));
    let mut words: Vec<&str> = words.collect();
    words.get_mut(1..).unwrap_or_default().sort_unstable();
    words.join(" ")
}

fn message(content: &[u8]) -> Message {
    let mut message = Generator::new(1).next().unwrap();
    message.bytes = content.to_vec();
    message.flags.clear();
    message
}

const CONTENTS: [&[u8]; 7] = [
    b"Subject: one\r\nA: b\r\n\r\nfirst\r\nsecond\r\n\r\nlast\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nx.\r\n",
    b"Subject: no line end\r\n\r\nlast line",
    b"Subject: header only\r\n\r\n",
    b"Subject: no empty line\r\nX: y\r\n",
    b"Subject: 8bit \xe4\xff\r\n\r\n\xc3\xa4\xf6\r\n",
    b"Subject: folded\r\n\tagain\r\n\r\n\r\n\r\n",
];

#[test]
#[ignore = "needs the testbed"]
fn answers_are_those_of_dovecot() {
    let dovecot = Dovecot::builder().without_tls().in_memory().start();
    let dovecot = dovecot.unwrap();
    let profile = Profile::dovecot_like().without("STLS");
    let server = Server::builder()
        .profile(profile)
        .allow_plaintext(true)
        .start()
        .unwrap();
    let all: Vec<Message> = CONTENTS.into_iter().map(message).collect();
    dovecot.append("alice", "INBOX", &all).unwrap();
    server.maildrop().add_all(CONTENTS);

    let count = CONTENTS.len();
    let reads = (1..=count).flat_map(|n| {
        ["RETR", "TOP", "TOP"]
            .iter()
            .zip(["", " 0", " 1"])
            .map(move |(name, lines)| format!("{name} {n}{lines}"))
    });
    let login = [
        "CAPA",
        // More than two that are unknown end the session there.
        "STAT",
        "XYZZY",
        "USER alice",
        "PASS wrong",
        "AUTH XYZZY",
        "USER alice",
        "PASS alicepw",
    ];
    let session = [
        "CAPA",
        "STAT",
        "LIST",
        "UIDL",
        "LIST 1",
        "UIDL 7",
        "LIST 0",
        "LIST 8",
        "LIST x",
        "LIST -1",
        "UIDL 8",
        "RETR 0",
        "RETR 8",
        "RETR",
        "RETR x",
        "TOP 1",
        "TOP 1 x",
        "TOP 8 1",
        "TOP 1 100",
        "DELE 8",
        "DELE",
        "DELE 2",
        "DELE 2",
        "RETR 2",
        "TOP 2 0",
        "LIST 2",
        "UIDL 2",
        "LIST",
        "UIDL",
        "STAT",
        "RSET",
        "STAT",
        "LIST",
        "NOOP",
        "XYZZY",
        "USER alice",
        "retr 1",
        "DELE 1",
        "DELE 3",
        "QUIT",
    ];
    let first = login.iter().chain(&session).map(|line| (*line).to_owned());
    // What was deleted by the first session is not there in the second.
    let again = [
        "USER alice",
        "PASS alicepw",
        "STAT",
        "LIST",
        "UIDL",
        "RETR 1",
        "QUIT",
    ];
    let again = again.iter().map(|line| (*line).to_owned());
    let scripts: [Vec<String>; 3] = [
        first.collect(),
        again.clone().take(2).chain(reads).collect(),
        again.collect(),
    ];
    let mut differ = Vec::new();
    // The one that reads everything comes first.
    for script in [&scripts[1], &scripts[0], &scripts[2]] {
        let mut theirs = Talk::to(dovecot.pop3_port);
        let mut ours = Talk::to(server.addr().port());
        for command in script {
            let expected = theirs.ask(command);
            let own = ours.ask(command);
            if own != expected {
                differ.push(format!("{command}: {own:?} is not {expected:?}"));
            }
        }
        if script.last().is_some_and(|last| last != "QUIT") {
            for talk in [&mut theirs, &mut ours] {
                assert_eq!(talk.ask("QUIT").0, "+OK");
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert_eq!(dovecot.count("alice", "INBOX").unwrap(), count - 2);
    assert_eq!(server.maildrop().len(), count - 2);
}
