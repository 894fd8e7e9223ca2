//! File names of messages: the unique part, its size fields, the info part with the flags.

use std::collections::BTreeSet;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::content::{Form, Survey};
use super::keywords::Keywords;
use crate::model::{Flags, Keyword, SystemFlags};

/// Says in the unique part that the file holds the content as it is, line ends included.
pub(super) const RAW_FIELD: &str = ",F=raw";

/// What the letter `P` (passed on) stands for.
const FORWARDED: &str = "$Forwarded";

const SYSTEM: [(u8, SystemFlags); 5] = [
    (b'D', SystemFlags::DRAFT),
    (b'F', SystemFlags::FLAGGED),
    (b'R', SystemFlags::ANSWERED),
    (b'S', SystemFlags::SEEN),
    (b'T', SystemFlags::DELETED),
];

/// The unique part of a file name, and what follows `:2,`. Info of another version is none.
pub(super) fn split(name: &str) -> (&str, &str) {
    match name.split_once(':') {
        Some((base, info)) => (base, info.strip_prefix("2,").unwrap_or_default()),
        None => (name, ""),
    }
}

/// The flags that an info part names. What is unknown is passed over.
pub(super) fn flags(info: &str, keywords: &Keywords) -> Flags {
    let mut flags = Flags::default();
    for letter in letters(info) {
        if let Some((_, flag)) = SYSTEM.iter().find(|(l, _)| *l == letter) {
            flags.system = flags.system.union(*flag);
        } else if letter == b'P' {
            flags.keywords.insert(Keyword::new(FORWARDED));
        } else if let Some(name) = keywords.name(letter) {
            flags.keywords.insert(name.clone());
        }
    }
    flags
}

/// The letters of an info part: what stands before another comma.
pub(super) fn letters(info: &str) -> impl Iterator<Item = u8> {
    info.bytes().take_while(|b| *b != b',')
}

/// The info part that says `flags`, in place of `old`, whose unknown letters and whatever follows
/// them stay. What cannot be said is left out.
pub(super) fn info(flags: &Flags, old: &str, keywords: &Keywords) -> String {
    if flags.is_empty() && old.is_empty() {
        return String::new();
    }
    let mut all: BTreeSet<u8> = letters(old)
        .filter(|l| !SYSTEM.iter().any(|(known, _)| known == l) && *l != b'P')
        .filter(|l| keywords.name(*l).is_none())
        .collect();
    let system = SYSTEM.iter().filter(|(_, f)| flags.system.contains(*f));
    all.extend(system.map(|(letter, _)| *letter));
    let forwarded = Keyword::new(FORWARDED);
    for name in &flags.keywords {
        if *name == forwarded {
            all.insert(b'P');
        }
        all.extend(keywords.letter(name));
    }
    let mut info: String = all.into_iter().map(char::from).collect();
    if let Some(comma) = old.find(',') {
        info.push_str(old.get(comma..).unwrap_or_default());
    }
    info
}

/// The keywords among these that need a letter.
pub(super) fn needing_letters(flags: &Flags) -> impl Iterator<Item = &Keyword> {
    let names = flags.keywords.iter();
    names.filter(|name| !name.as_str().eq_ignore_ascii_case(FORWARDED))
}

/// A unique name without fields: time, process, count and host.
pub(super) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static PROCESS_AND_HOST: OnceLock<(u32, String)> = OnceLock::new();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let (process, host) = PROCESS_AND_HOST.get_or_init(|| {
        let host = rustix::system::uname();
        (
            process::id(),
            escape_host(&host.nodename().to_string_lossy()),
        )
    });
    let (seconds, micros) = (now.as_secs(), now.subsec_micros());
    format!("{seconds}.M{micros:06}P{process}Q{count}.{host}")
}

/// A host name without what has a meaning in file names; `/` and `:` as the Maildir page wants it.
fn escape_host(host: &str) -> String {
    let mut escaped = String::new();
    for c in host.chars().take(64) {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') => escaped.push(c),
            '/' => escaped.push_str("\\057"),
            ':' => escaped.push_str("\\072"),
            _ => escaped.push('_'),
        }
    }
    if escaped.is_empty() {
        escaped.push_str("localhost");
    }
    escaped
}

/// The fields of a file that is about to be written: `,S=` bytes of the file, `,W=` bytes with CRLF.
pub(super) fn fields(survey: Survey) -> String {
    let sizes = format!(",S={},W={}", survey.file_size, survey.virtual_size);
    match survey.form {
        Form::Plain | Form::Raw => sizes,
        Form::RawByName => sizes + RAW_FIELD,
    }
}

/// The fields of a unique name that belong to the file and not to its place.
pub(super) fn fields_of(base: &str) -> String {
    let mut fields = String::new();
    for (name, size) in [("S", field(base, ",S=")), ("W", field(base, ",W="))] {
        if let Some(size) = size {
            fields.push_str(&format!(",{name}={size}"));
        }
    }
    if is_raw(base) {
        fields.push_str(RAW_FIELD);
    }
    fields
}

/// Whether the unique part says that the file is raw.
pub(super) fn is_raw(base: &str) -> bool {
    let mut ends = base.match_indices(RAW_FIELD);
    ends.any(|(at, found)| {
        let after = base.as_bytes().get(at.saturating_add(found.len()));
        matches!(after, None | Some(b','))
    })
}

/// Bytes of the file, as its name tells.
pub(super) fn file_size(base: &str) -> Option<u64> {
    field(base, ",S=")
}

/// Bytes of the content, as the name tells.
pub(super) fn content_size(base: &str) -> Option<u64> {
    if is_raw(base) {
        return file_size(base);
    }
    field(base, ",W=")
}

fn field(base: &str, key: &str) -> Option<u64> {
    let (_, rest) = base.split_once(key)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn table() -> Keywords {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(super::super::keywords::FILE);
        fs::write(file, "0 Work\n3 $Junk\n").unwrap();
        Keywords::load(dir.path()).unwrap()
    }

    #[test]
    fn letters_are_flags() {
        let table = table();
        let flags = flags("DFPRSTadq", &table);
        let text = "\\Answered \\Deleted \\Draft \\Flagged \\Seen $Forwarded $Junk Work";
        assert_eq!(flags, Flags::parse(text));
        assert_eq!(info(&flags, "", &table), "DFPRSTad");
    }

    #[test]
    fn unknown_letters_and_a_second_field_stay() {
        let table = table();
        let flags = Flags::parse("\\Seen");
        assert_eq!(info(&flags, "FGXaz,more", &table), "GSXz,more");
        assert_eq!(info(&Flags::default(), "S,P", &table), ",P");
        assert_eq!(super::flags("F,S", &table), Flags::parse("\\Flagged"));
    }

    #[test]
    fn a_keyword_without_a_letter_is_left_out() {
        let table = table();
        let asked = Flags::parse("Work other $forwarded");
        let info = info(&asked, "", &table);
        assert_eq!(flags(&info, &table), Flags::parse("Work $Forwarded"));
    }

    #[test]
    fn names_are_split_at_the_info() {
        assert_eq!(split("a,S=3:2,FS"), ("a,S=3", "FS"));
        assert_eq!(split("a:2,"), ("a", ""));
        assert_eq!(split("a"), ("a", ""));
        assert_eq!(split("a:1,x"), ("a", ""));
    }

    #[test]
    fn sizes_are_read_from_names() {
        assert_eq!(content_size("1.a,S=12,W=14"), Some(14));
        assert_eq!(content_size("1.a,S=12"), None);
        assert_eq!(content_size("1.a,W=,S=2"), None);
        assert_eq!(content_size("1.a,W=99999999999999999999"), None);
        assert_eq!(content_size("1.a,S=12,W=14,F=raw"), Some(12));
        assert_eq!(content_size("1.a,S=12,F=rawer"), None);
        let base = "1.a,U=7,S=12,W=14,F=raw";
        assert_eq!(fields_of(base), ",S=12,W=14,F=raw");
    }

    #[test]
    fn hosts_are_escaped() {
        assert_eq!(escape_host("a/b:c,d é"), "a\\057b\\072c_d__");
        assert_eq!(escape_host(""), "localhost");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(system in 0_u8..32, old in "[A-Za-z]{0,8}(,[a-z]{0,3})?", work: bool) {
            let table = table();
            let mut asked = Flags::default();
            for (i, (_, flag)) in SYSTEM.iter().enumerate() {
                if system >> i & 1 == 1 {
                    asked.system = asked.system.union(*flag);
                }
            }
            if work {
                asked.insert("Work");
            }
            let info = info(&asked, &old, &table);
            prop_assert_eq!(flags(&info, &table), asked.clone());
            prop_assert_eq!(super::info(&asked, &info, &table), info);
        }

        #[test]
        fn no_name_makes_trouble(name in ".{0,40}") {
            let (base, info) = split(&name);
            let _ = (flags(info, &table()), content_size(base), fields_of(base));
        }
    }
}
