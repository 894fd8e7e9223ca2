//! SEARCH and UID SEARCH, with ESEARCH (RFC 4731).

use super::account::Stored;
use super::date::{parse_date, parse_header_date};
use super::message::{contains, split, value, values};
use super::parser::{Cursor, SyntaxError};
use super::session::{Command, Outcome, Reply, Session};
use super::set::{Ranges, Set, format_set};

/// How deep keys may lie in each other.
const MAX_DEPTH: u32 = 50;

/// A search key.
#[derive(Debug)]
enum Key {
    All,
    Numbers(Set),
    Uids(Set),
    Flag(String, bool),
    Recent(bool),
    New,
    Header(String, Vec<u8>),
    Body(Vec<u8>),
    Text(Vec<u8>),
    /// Days since 1970, of INTERNALDATE or of the Date field.
    Before(i64, bool),
    On(i64, bool),
    Since(i64, bool),
    Larger(u64),
    Smaller(u64),
    ModSeq(u64),
    EmailId(String),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    And(Vec<Key>),
}

/// What a key is matched against besides the message.
struct Context {
    largest_uid: u32,
    count: u32,
}

fn parse_day(c: &mut Cursor<'_>) -> Result<i64, SyntaxError> {
    c.sp()?;
    parse_date(&c.text()?).ok_or(SyntaxError("not a date"))
}

fn parse_argument(c: &mut Cursor<'_>) -> Result<Vec<u8>, SyntaxError> {
    c.sp()?;
    c.astring()
}

fn parse_key(c: &mut Cursor<'_>, depth: u32) -> Result<Key, SyntaxError> {
    if depth > MAX_DEPTH {
        return Err(SyntaxError("the search is nested too deeply"));
    }
    let deeper = depth.saturating_add(1);
    match c.peek() {
        Some(b'(') => return Ok(Key::And(c.list(false, |c| parse_key(c, deeper))?)),
        Some(b'0'..=b'9' | b'*') => return Ok(Key::Numbers(c.set()?)),
        _ => {}
    }
    let word = c.keyword()?;
    let flag = |name: &str, wanted| Ok(Key::Flag(format!("\\{name}"), wanted));
    match word.as_str() {
        "ALL" => Ok(Key::All),
        "ANSWERED" | "DELETED" | "DRAFT" | "FLAGGED" | "SEEN" => flag(&word, true),
        "UNANSWERED" | "UNDELETED" | "UNDRAFT" | "UNFLAGGED" | "UNSEEN" => {
            flag(word.strip_prefix("UN").unwrap_or(&word), false)
        }
        "KEYWORD" | "UNKEYWORD" => {
            c.sp()?;
            Ok(Key::Flag(c.atom()?.to_owned(), word == "KEYWORD"))
        }
        "NEW" => Ok(Key::New),
        "RECENT" => Ok(Key::Recent(true)),
        "OLD" => Ok(Key::Recent(false)),
        "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => Ok(Key::Header(word, parse_argument(c)?)),
        "HEADER" => {
            let name = String::from_utf8_lossy(&parse_argument(c)?).into_owned();
            Ok(Key::Header(name, parse_argument(c)?))
        }
        "BODY" => Ok(Key::Body(parse_argument(c)?)),
        "TEXT" => Ok(Key::Text(parse_argument(c)?)),
        "BEFORE" | "SENTBEFORE" => Ok(Key::Before(parse_day(c)?, word.starts_with("SENT"))),
        "ON" | "SENTON" => Ok(Key::On(parse_day(c)?, word.starts_with("SENT"))),
        "SINCE" | "SENTSINCE" => Ok(Key::Since(parse_day(c)?, word.starts_with("SENT"))),
        "LARGER" | "SMALLER" | "MODSEQ" => {
            c.sp()?;
            let number = c.number()?;
            Ok(match word.as_str() {
                "LARGER" => Key::Larger(number),
                "SMALLER" => Key::Smaller(number),
                _ => Key::ModSeq(number),
            })
        }
        "EMAILID" => Ok(Key::EmailId(
            String::from_utf8_lossy(&parse_argument(c)?).into_owned(),
        )),
        "UID" => {
            c.sp()?;
            Ok(Key::Uids(c.set()?))
        }
        "NOT" => {
            c.sp()?;
            Ok(Key::Not(Box::new(parse_key(c, deeper)?)))
        }
        "OR" => {
            c.sp()?;
            let first = parse_key(c, deeper)?;
            c.sp()?;
            Ok(Key::Or(Box::new(first), Box::new(parse_key(c, deeper)?)))
        }
        _ => Err(SyntaxError("unknown search key")),
    }
}

impl Key {
    fn uses_modseq(&self) -> bool {
        match self {
            Self::ModSeq(_) => true,
            Self::Not(key) => key.uses_modseq(),
            Self::Or(a, b) => a.uses_modseq() || b.uses_modseq(),
            Self::And(keys) => keys.iter().any(Self::uses_modseq),
            _ => false,
        }
    }

    fn fits(&self, m: &Stored, number: u32, recent: bool, context: &Context) -> bool {
        let day = |sent: bool| {
            if sent {
                let date = value(split(&m.bytes).0, "Date")?;
                parse_header_date(&String::from_utf8_lossy(&date))
            } else {
                Some(m.date.div_euclid(86_400))
            }
        };
        let resolved = |set: &Set, largest| -> Ranges { set.resolve(largest) };
        match self {
            Self::All => true,
            Self::Numbers(set) => resolved(set, context.count).contains(number),
            Self::Uids(set) => resolved(set, context.largest_uid).contains(m.uid),
            Self::Flag(flag, wanted) => m.has(flag) == *wanted,
            Self::Recent(wanted) => recent == *wanted,
            Self::New => recent && !m.has("\\Seen"),
            Self::Header(name, text) => values(split(&m.bytes).0, name)
                .iter()
                .any(|v| contains(v, text)),
            Self::Body(text) => contains(split(&m.bytes).1, text),
            Self::Text(text) => contains(&m.bytes, text),
            Self::Before(wanted, sent) => day(*sent).is_some_and(|d| d < *wanted),
            Self::On(wanted, sent) => day(*sent) == Some(*wanted),
            Self::Since(wanted, sent) => day(*sent).is_some_and(|d| d >= *wanted),
            Self::Larger(size) => m.size() > *size,
            Self::Smaller(size) => m.size() < *size,
            Self::ModSeq(modseq) => m.modseq >= *modseq,
            Self::EmailId(id) => *id == format!("E{}", m.email_id),
            Self::Not(key) => !key.fits(m, number, recent, context),
            Self::Or(a, b) => {
                a.fits(m, number, recent, context) || b.fits(m, number, recent, context)
            }
            Self::And(keys) => keys.iter().all(|k| k.fits(m, number, recent, context)),
        }
    }
}

impl Session {
    pub(super) fn search(&mut self, command: &Command, uid: bool) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let mut options = None;
        if args.eat_word("RETURN ") {
            if !self.has("ESEARCH") && !self.has("IMAP4rev2") {
                return Err(Reply::bad("This server has no ESEARCH"));
            }
            let mut asked = args.list(true, Cursor::keyword)?;
            if asked
                .iter()
                .any(|o| !matches!(o.as_str(), "ALL" | "COUNT" | "MIN" | "MAX"))
            {
                return Err(Reply::bad("Unknown return option"));
            }
            // Whatever the order of asking, Dovecot answers in this one.
            asked.sort_by_key(|o| ["MIN", "MAX", "ALL", "COUNT"].iter().position(|k| k == o));
            asked.dedup();
            if asked.is_empty() {
                asked.push("ALL".to_owned());
            }
            options = Some(asked);
            args.sp()?;
        }
        if args.eat_word("CHARSET ") {
            let charset = args.text()?.to_ascii_uppercase();
            if !matches!(charset.as_str(), "UTF-8" | "US-ASCII") {
                return Err(Reply::no("[BADCHARSET (US-ASCII UTF-8)] Unknown charset"));
            }
            args.sp()?;
        }
        let mut keys = vec![parse_key(&mut args, 0)?];
        while args.eat(b' ') {
            keys.push(parse_key(&mut args, 0)?);
        }
        args.end()?;
        let key = Key::And(keys);
        let uses_modseq = key.uses_modseq();
        if uses_modseq {
            if !self.has("CONDSTORE") {
                return Err(Reply::bad("This server has no CONDSTORE"));
            }
            self.enable_condstore();
        }
        let store = self.store()?;
        let view = self
            .view
            .as_ref()
            .ok_or_else(|| Reply::bad("Select a mailbox first"))?;
        let context = Context {
            largest_uid: view.uids.last().copied().unwrap_or(0),
            count: u32::try_from(view.uids.len()).unwrap_or(u32::MAX),
        };
        let (found, modseq) = store.with(|account| {
            let mailbox = account.mailbox(&view.name)?;
            let (mut found, mut modseq) = (Vec::new(), 0);
            for (number, uid_seen) in (1..).zip(&view.uids) {
                let Some((message, _)) = self.seen(mailbox, *uid_seen) else {
                    continue;
                };
                if key.fits(
                    message,
                    number,
                    view.recent.contains(&message.uid),
                    &context,
                ) {
                    found.push(if uid { message.uid } else { number });
                    modseq = message.modseq.max(modseq);
                }
            }
            Ok::<_, Reply>((found, modseq))
        })?;
        if options.is_none() && self.enabled.rev2 {
            options = Some(vec!["ALL".to_owned()]);
        }
        let mut line = String::new();
        match options {
            None => {
                line.push_str("* SEARCH");
                for number in &found {
                    line.push_str(&format!(" {number}"));
                }
                if uses_modseq && !found.is_empty() {
                    line.push_str(&format!(" (MODSEQ {modseq})"));
                }
            }
            Some(options) => {
                let tag = &command.tag;
                line.push_str(&format!("* ESEARCH (TAG \"{tag}\")"));
                if uid {
                    line.push_str(" UID");
                }
                for option in options {
                    let value = match option.as_str() {
                        "COUNT" => Some(found.len().to_string()),
                        "MIN" => found.first().map(u32::to_string),
                        "MAX" => found.last().map(u32::to_string),
                        _ => (!found.is_empty()).then(|| format_set(&found)),
                    };
                    if let Some(value) = value {
                        line.push_str(&format!(" {option} {value}"));
                    }
                }
                if uses_modseq && !found.is_empty() {
                    line.push_str(&format!(" MODSEQ {modseq}"));
                }
            }
        }
        self.say(line);
        Ok(Reply::ok("Search completed."))
    }
}
