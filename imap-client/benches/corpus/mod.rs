//! Deterministic corpora: what a server sends in the cases that matter for speed.

use std::fmt::Write as _;

/// A small generator of pseudo-random numbers (xorshift64*): the same corpus
/// on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 33) % n
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list.get(index).copied().unwrap_or_default()
    }
}

const FLAGS: [&str; 8] = [
    "",
    "\\Seen",
    "\\Seen",
    "\\Seen \\Answered",
    "\\Seen \\Flagged",
    "\\Recent",
    "\\Seen $Forwarded",
    "\\Seen NonJunk $MDNSent",
];

const NAMES: [&str; 8] = [
    "Ada Lovelace",
    "Bob",
    "Carla Bruni-Tedeschi",
    "=?utf-8?q?Ji=C5=99=C3=AD_Nov=C3=A1k?=",
    "D. E. Knuth",
    "mailing list for developers",
    "Erika Mustermann (Vertrieb)",
    "no-reply",
];

const HOSTS: [&str; 4] = [
    "example.org",
    "mail.example.com",
    "lists.example.net",
    "uni-example.de",
];

const WORDS: [&str; 12] = [
    "minutes", "of", "the", "meeting", "about", "invoice", "4711", "Re:", "urgent", "holiday",
    "[list]", "update",
];

fn subject(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..3 + random.below(6) {
        let word = random.pick(&WORDS);
        let _ = write!(text, "{word} ");
    }
    text.trim_end().to_owned()
}

fn address(random: &mut Random) -> String {
    let name = random.pick(&NAMES);
    let host = random.pick(&HOSTS);
    format!(
        "(\"{name}\" NIL \"user{}\" \"{host}\")",
        random.below(10_000)
    )
}

fn addresses(random: &mut Random, most: u64) -> String {
    let list: String = (0..=random.below(most)).map(|_| address(random)).collect();
    format!("({list})")
}

fn envelope(random: &mut Random, literal: bool) -> String {
    let subject = subject(random);
    let subject = if literal {
        format!("{{{}}}\r\n{subject}", subject.len())
    } else {
        format!("\"{subject}\"")
    };
    let from = addresses(random, 1);
    let to = addresses(random, 3);
    let cc = if random.below(3) == 0 {
        addresses(random, 2)
    } else {
        "NIL".into()
    };
    format!(
        "(\"Tue, {} Mar 2024 {:02}:{:02}:07 +0100\" {subject} {from} {from} {from} {to} {cc} NIL \
         NIL \"<{:016x}.{}@{}>\")",
        1 + random.below(28),
        random.below(24),
        random.below(60),
        random.next(),
        random.below(1000),
        random.pick(&HOSTS),
    )
}

fn text_part(random: &mut Random, subtype: &str) -> String {
    format!(
        "(\"text\" \"{subtype}\" (\"charset\" \"utf-8\" \"format\" \"flowed\") NIL NIL \
         \"quoted-printable\" {} {} NIL NIL NIL NIL)",
        random.below(20_000),
        random.below(500),
    )
}

fn body_structure(random: &mut Random, forwarded: bool) -> String {
    let alternative = format!(
        "({}{} \"alternative\" (\"boundary\" \"----=_Part_{}\") NIL NIL NIL)",
        text_part(random, "plain"),
        text_part(random, "html"),
        random.below(1_000_000),
    );
    let attachment = format!(
        "(\"application\" \"pdf\" (\"name\" \"report {}.pdf\") NIL NIL \"base64\" {} NIL \
         (\"attachment\" (\"filename\" \"report.pdf\")) NIL NIL)",
        random.below(100),
        random.below(3_000_000),
    );
    let message = if forwarded {
        format!(
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" {} {} {} {} NIL (\"inline\" NIL) NIL NIL)",
            random.below(90_000),
            envelope(random, false),
            text_part(random, "plain"),
            random.below(900),
        )
    } else {
        String::new()
    };
    format!(
        "({alternative}{attachment}{message} \"mixed\" (\"boundary\" \"----=_Part_{}\") NIL \
         (\"en\") NIL)",
        random.below(1_000_000),
    )
}

/// FETCH of all metadata: flags, UID, MODSEQ, dates, ENVELOPE, BODYSTRUCTURE;
/// 2 % of the subjects are literals, 10 % hold a message/rfc822.
pub(crate) fn metadata(messages: u32) -> Vec<u8> {
    let mut random = Random(0x5eed);
    let mut out = String::new();
    for n in 1..=messages {
        let flags = random.pick(&FLAGS);
        let literal = random.below(50) == 0;
        let forwarded = random.below(10) == 0;
        let _ = write!(
            out,
            "* {n} FETCH (FLAGS ({flags}) UID {} MODSEQ ({}) INTERNALDATE \"{:02}-Mar-2024 \
             {:02}:44:25 +0100\" RFC822.SIZE {} ENVELOPE {} BODYSTRUCTURE {})\r\n",
            n * 3,
            7_000_000 + u64::from(n),
            1 + random.below(28),
            random.below(24),
            random.below(4_000_000),
            envelope(&mut random, literal),
            body_structure(&mut random, forwarded),
        );
    }
    out.into_bytes()
}

/// FETCH of UID, FLAGS and MODSEQ: what CONDSTORE brings.
pub(crate) fn flags(messages: u32) -> Vec<u8> {
    let mut random = Random(0xf1a6);
    let mut out = String::new();
    for n in 1..=messages {
        let flags = random.pick(&FLAGS);
        let mod_seq = 715_194_045_000 + random.below(1_000_000);
        let uid = 1_000_000 + n * 2;
        let _ = write!(
            out,
            "* {n} FETCH (UID {uid} FLAGS ({flags}) MODSEQ ({mod_seq}))\r\n"
        );
    }
    out.into_bytes()
}

/// FETCH of messages of `len` bytes.
pub(crate) fn bodies(messages: u32, len: usize) -> Vec<u8> {
    let line = b"The quick brown fox jumps over the lazy dog, and so on to the end.\r\n";
    let body: Vec<u8> = line.iter().copied().cycle().take(len).collect();
    let mut out = Vec::with_capacity(messages as usize * (len + 64));
    for n in 1..=messages {
        out.extend_from_slice(format!("* {n} FETCH (UID {n} BODY[] {{{len}}}\r\n").as_bytes());
        out.extend_from_slice(&body);
        out.extend_from_slice(b")\r\n");
    }
    out
}

/// SEARCH of so many UIDs, with gaps.
pub(crate) fn search(count: u32) -> Vec<u8> {
    let mut random = Random(0x5ea2);
    let mut uid = 0u64;
    let mut out = String::from("* SEARCH");
    for _ in 0..count {
        uid += 1 + random.below(2);
        let _ = write!(out, " {uid}");
    }
    out.push_str("\r\n");
    out.into_bytes()
}

fn ranges(count: u32) -> String {
    let mut random = Random(0x7a9e);
    let mut uid = 1u64;
    let mut out = String::new();
    for k in 0..count {
        let last = uid + random.below(5);
        let comma = if k > 0 { "," } else { "" };
        if last > uid {
            let _ = write!(out, "{comma}{uid}:{last}");
        } else {
            let _ = write!(out, "{comma}{uid}");
        }
        uid = last + 2 + random.below(5);
    }
    out
}

/// VANISHED (EARLIER) of so many ranges.
pub(crate) fn vanished(count: u32) -> Vec<u8> {
    format!("* VANISHED (EARLIER) {}\r\n", ranges(count)).into_bytes()
}

/// ESEARCH ALL of so many ranges.
pub(crate) fn esearch(count: u32) -> Vec<u8> {
    format!("* ESEARCH (TAG \"A7\") UID ALL {}\r\n", ranges(count)).into_bytes()
}
