//! FETCH and UID FETCH.

use std::io;

use super::account::{FlagChange, Stored};
use super::date::format_date_time;
use super::message;
use super::names::{literal, quote};
use super::parser::{Cursor, SyntaxError};
use super::select::vanished_since;
use super::session::{Command, Outcome, Reply, Session};
use super::structure;
use super::updates::flag_list;

/// Which part of the text BODY[...] asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Section {
    Whole,
    Header,
    Mime,
    Text,
    Fields { names: Vec<String>, not: bool },
}

/// One item of FETCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Flags,
    Uid,
    ModSeq,
    InternalDate,
    Size,
    Envelope,
    Structure {
        extended: bool,
    },
    EmailId,
    ThreadId,
    GmailMessageId,
    GmailThreadId,
    GmailLabels,
    Body {
        label: String,
        path: Vec<u32>,
        section: Section,
        partial: Option<(u32, u32)>,
        peek: bool,
    },
}

/// A FETCH as it was asked.
#[derive(Debug, Clone)]
struct Request {
    items: Vec<Item>,
    changed_since: Option<u64>,
    vanished: bool,
}

fn parse_section(c: &mut Cursor<'_>) -> Result<(Vec<u32>, Section, String), SyntaxError> {
    let mut path = Vec::new();
    let mut label = String::new();
    while c.peek().is_some_and(|b| b.is_ascii_digit()) {
        let number = c.number32()?;
        path.push(number);
        if !label.is_empty() {
            label.push('.');
        }
        label.push_str(&number.to_string());
        if c.peek() == Some(b']') {
            return Ok((path, Section::Whole, label));
        }
        c.expect(b'.', "a dot was expected")?;
    }
    if c.peek() == Some(b']') && path.is_empty() {
        return Ok((path, Section::Whole, label));
    }
    if !label.is_empty() {
        label.push('.');
    }
    let word = c.keyword()?;
    label.push_str(&word);
    let section = match word.as_str() {
        "HEADER" => Section::Header,
        "TEXT" => Section::Text,
        "MIME" if !path.is_empty() => Section::Mime,
        "HEADER.FIELDS" | "HEADER.FIELDS.NOT" => {
            c.sp()?;
            let names = c.list(false, Cursor::text)?;
            label.push_str(&format!(" ({})", names.join(" ").to_uppercase()));
            Section::Fields {
                names,
                not: word.ends_with("NOT"),
            }
        }
        _ => return Err(SyntaxError("unknown section")),
    };
    Ok((path, section, label))
}

fn parse_partial(c: &mut Cursor<'_>) -> Result<Option<(u32, u32)>, SyntaxError> {
    if !c.eat(b'<') {
        return Ok(None);
    }
    let from = c.number32()?;
    c.expect(b'.', "a dot was expected")?;
    let count = c.number32()?;
    c.expect(b'>', "the partial range has no end")?;
    if count == 0 {
        return Err(SyntaxError("a partial range of no bytes"));
    }
    Ok(Some((from, count)))
}

impl Session {
    pub(super) fn parse_item(&self, c: &mut Cursor<'_>) -> Result<Item, SyntaxError> {
        let body = |label: &str, section, peek| Item::Body {
            label: label.to_owned(),
            path: Vec::new(),
            section,
            partial: None,
            peek,
        };
        let word = c.keyword()?;
        let bracket = c.peek() == Some(b'[');
        match word.as_str() {
            "BODY" | "BODY.PEEK" if bracket => {
                c.eat(b'[');
                let (path, section, label) = parse_section(c)?;
                c.expect(b']', "the section has no end")?;
                let partial = parse_partial(c)?;
                let label = match partial {
                    Some((from, _)) => format!("BODY[{label}]<{from}>"),
                    None => format!("BODY[{label}]"),
                };
                Ok(Item::Body {
                    label,
                    path,
                    section,
                    partial,
                    peek: word == "BODY.PEEK",
                })
            }
            "FLAGS" => Ok(Item::Flags),
            "UID" => Ok(Item::Uid),
            "MODSEQ" if self.has("CONDSTORE") => Ok(Item::ModSeq),
            "INTERNALDATE" => Ok(Item::InternalDate),
            "RFC822.SIZE" => Ok(Item::Size),
            "ENVELOPE" => Ok(Item::Envelope),
            "BODY" => Ok(Item::Structure { extended: false }),
            "BODYSTRUCTURE" => Ok(Item::Structure { extended: true }),
            "RFC822" => Ok(body("RFC822", Section::Whole, false)),
            "RFC822.HEADER" => Ok(body("RFC822.HEADER", Section::Header, true)),
            "RFC822.TEXT" => Ok(body("RFC822.TEXT", Section::Text, false)),
            "EMAILID" if self.has("OBJECTID") => Ok(Item::EmailId),
            "THREADID" if self.has("OBJECTID") => Ok(Item::ThreadId),
            "X-GM-MSGID" if self.has("X-GM-EXT-1") => Ok(Item::GmailMessageId),
            "X-GM-THRID" if self.has("X-GM-EXT-1") => Ok(Item::GmailThreadId),
            "X-GM-LABELS" if self.has("X-GM-EXT-1") => Ok(Item::GmailLabels),
            _ => Err(SyntaxError("unknown item of FETCH")),
        }
    }

    fn parse_fetch(&self, args: &mut Cursor<'_>, uid: bool) -> Result<Request, Reply> {
        args.sp()?;
        let mut items = if args.peek() == Some(b'(') {
            args.list(false, |c| self.parse_item(c))?
        } else {
            let mut macro_at = args.clone();
            let fast = [Item::Flags, Item::InternalDate, Item::Size];
            match macro_at.keyword()?.as_str() {
                word @ ("ALL" | "FAST" | "FULL") => {
                    *args = macro_at;
                    let mut items = fast.to_vec();
                    if word != "FAST" {
                        items.push(Item::Envelope);
                    }
                    if word == "FULL" {
                        items.push(Item::Structure { extended: false });
                    }
                    items
                }
                _ => vec![self.parse_item(args)?],
            }
        };
        let (mut changed_since, mut vanished) = (None, false);
        if !args.at_end() {
            args.sp()?;
            if !self.has("CONDSTORE") {
                return Err(Reply::bad("This server has no modifiers of FETCH"));
            }
            args.list(false, |c| {
                match c.keyword()?.as_str() {
                    "CHANGEDSINCE" => {
                        c.sp()?;
                        changed_since = Some(c.number()?);
                    }
                    "VANISHED" => vanished = true,
                    _ => return Err(SyntaxError("unknown modifier of FETCH")),
                }
                Ok(())
            })?;
            if vanished && !(uid && self.enabled.qresync && changed_since.is_some()) {
                return Err(Reply::bad(
                    "VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC enabled",
                ));
            }
        }
        args.end()?;
        if changed_since.is_some() && !items.contains(&Item::ModSeq) {
            items.push(Item::ModSeq);
        }
        if uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        Ok(Request {
            items,
            changed_since,
            vanished,
        })
    }

    pub(super) async fn fetch(&mut self, command: &Command, uid: bool) -> io::Result<Outcome> {
        let prepared = (|| {
            let mut args = self.args(command);
            args.sp()?;
            let set = args.set()?;
            let request = self.parse_fetch(&mut args, uid)?;
            let wanted = self.resolve(&set, uid)?;
            Ok::<_, Reply>((set, request, wanted))
        })();
        let (set, mut request, wanted) = match prepared {
            Ok(prepared) => prepared,
            Err(reply) => return Ok(Err(reply)),
        };
        if request.items.contains(&Item::ModSeq) {
            self.enable_condstore();
        }
        let (Some(store), Some(name)) = (
            self.store.clone(),
            self.view.as_ref().map(|v| v.name.clone()),
        ) else {
            return Ok(Err(Reply::bad("Select a mailbox first")));
        };
        let sets_seen = request
            .items
            .iter()
            .any(|i| matches!(i, Item::Body { peek: false, .. }))
            && !self.view.as_ref().is_some_and(|v| v.read_only);
        if request.vanished {
            let since = request.changed_since.unwrap_or_default();
            let line = store.with(|a| {
                let mailbox = a.mailbox(&name).ok()?;
                vanished_since(
                    mailbox,
                    since,
                    &set.resolve(mailbox.uid_next.saturating_sub(1)),
                    0,
                )
            });
            if let Some(set) = line {
                self.say(format!("* VANISHED (EARLIER) {set}"));
            }
        }
        let since = request.changed_since.take();
        let wants_content = request.items.iter().any(|i| matches!(i, Item::Body { .. }));
        let (mut missing, mut empty) = (false, false);
        for uid_wanted in wanted {
            let message = store.with(|a| {
                let (message, gone) = self.seen(a.mailbox(&name).ok()?, uid_wanted)?;
                Some((message.clone(), gone))
            });
            let Some((mut message, gone)) = message else {
                missing = true;
                continue;
            };
            empty |= gone && wants_content;
            if since.is_some_and(|since| message.modseq <= since) {
                continue;
            }
            let mut items = request.items.clone();
            if sets_seen && !gone && !message.has("\\Seen") {
                let seen = ["\\Seen".to_owned()];
                let changed = store.with(|a| {
                    let changed = a
                        .change_flags(&name, &[uid_wanted], FlagChange::Add, &seen)
                        .ok()?;
                    changed
                        .first()
                        .and_then(|_| a.mailbox(&name).ok()?.find(uid_wanted).cloned())
                });
                if let Some(changed) = changed {
                    if !items.contains(&Item::Flags) {
                        let at = usize::from(items.first() == Some(&Item::Uid));
                        items.insert(at, Item::Flags);
                    }
                    if self.enabled.condstore && !items.contains(&Item::ModSeq) {
                        items.push(Item::ModSeq);
                    }
                    if let Some(view) = &mut self.view {
                        view.made(uid_wanted, changed.revision);
                    }
                    message = changed;
                }
            }
            self.write_fetch(&message, &items, gone);
            self.conn.flush_large().await?;
        }
        Ok(if missing && !uid {
            Err(Reply::no(
                "[EXPUNGEISSUED] Some of the requested messages no longer exist.",
            ))
        } else if empty {
            Ok(Reply::ok(
                "[EXPUNGEISSUED] Some messages were already expunged.",
            ))
        } else {
            Ok(Reply::ok("Fetch completed."))
        })
    }

    /// Writes one answer; of a message that is gone, without its content.
    fn write_fetch(&mut self, message: &Stored, items: &[Item], gone: bool) {
        let Some(view) = &self.view else { return };
        let Some(number) = view.number(message.uid) else {
            return;
        };
        let recent = view.recent.contains(&message.uid) && !self.enabled.rev2;
        let mut out = format!("* {number} FETCH (").into_bytes();
        let mut ordered: Vec<&Item> = items.iter().collect();
        if self.shared.profile.flags_first {
            ordered.sort_by_key(|i| **i != Item::Flags);
        }
        for (at, item) in ordered.into_iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            let text = match item {
                Item::Flags => format!("FLAGS {}", flag_list(&message.flags, recent)),
                Item::Uid => format!("UID {}", message.uid),
                Item::ModSeq => format!("MODSEQ ({})", message.modseq),
                Item::InternalDate => {
                    format!("INTERNALDATE \"{}\"", format_date_time(message.date))
                }
                Item::Size => format!("RFC822.SIZE {}", message.bytes.len()),
                Item::EmailId => format!("EMAILID (E{})", message.email_id),
                Item::ThreadId => format!("THREADID (T{})", message.email_id),
                Item::GmailMessageId => format!("X-GM-MSGID {}", message.email_id),
                Item::GmailThreadId => format!("X-GM-THRID {}", message.email_id),
                Item::GmailLabels => {
                    self.write_labels(&mut out, message.email_id);
                    continue;
                }
                Item::Envelope => {
                    out.extend_from_slice(b"ENVELOPE ");
                    message::envelope(
                        &mut out,
                        &message.bytes,
                        self.shared.profile.literal_in_envelope,
                        self.utf8(),
                    );
                    continue;
                }
                Item::Structure { extended } => {
                    out.extend_from_slice(if *extended {
                        b"BODYSTRUCTURE "
                    } else {
                        b"BODY "
                    });
                    structure::write(&mut out, &message.bytes, *extended);
                    continue;
                }
                Item::Body {
                    label,
                    path,
                    section,
                    partial,
                    ..
                } => {
                    out.extend_from_slice(label.as_bytes());
                    out.push(b' ');
                    if gone {
                        out.extend_from_slice(b"NIL");
                    } else {
                        write_section(&mut out, &message.bytes, path, section, *partial);
                    }
                    continue;
                }
            };
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(b")");
        self.say(out);
    }

    /// X-GM-LABELS: the other mailboxes that hold the same message.
    fn write_labels(&self, out: &mut Vec<u8>, email_id: u64) {
        let (Some(store), Some(view)) = (&self.store, &self.view) else {
            return;
        };
        let labels: Vec<String> = store.with(|a| {
            let others = a.mailboxes.iter().filter(|(name, _)| **name != view.name);
            let holding = others.filter(|(_, m)| m.messages.iter().any(|m| m.email_id == email_id));
            holding
                .map(|(name, m)| {
                    if name == "INBOX" {
                        "\\Inbox".to_owned()
                    } else {
                        m.role.clone().unwrap_or_else(|| name.clone())
                    }
                })
                .collect()
        });
        out.extend_from_slice(b"X-GM-LABELS (");
        for (at, label) in labels.iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            quote(out, self.encoded_name(label).as_bytes(), self.utf8());
        }
        out.push(b')');
    }
}

fn write_section(
    out: &mut Vec<u8>,
    bytes: &[u8],
    path: &[u32],
    section: &Section,
    partial: Option<(u32, u32)>,
) {
    let Some(part) = structure::part(bytes, path) else {
        out.extend_from_slice(b"NIL");
        return;
    };
    let (header, text) = message::split(part.inner);
    let chosen;
    let mut found = match section {
        Section::Whole => part.whole,
        Section::Header => header,
        Section::Text => text,
        Section::Mime => part.mime,
        Section::Fields { names, not } => {
            chosen = message::chosen(header, names, *not);
            &chosen
        }
    };
    if let Some((from, count)) = partial {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(found.len());
        let rest = found.get(from..).unwrap_or_default();
        found = rest
            .get(..usize::try_from(count).unwrap_or(usize::MAX).min(rest.len()))
            .unwrap_or_default();
    }
    literal(out, found);
}
