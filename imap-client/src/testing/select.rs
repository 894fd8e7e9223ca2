//! SELECT, EXAMINE, CLOSE, UNSELECT, with CONDSTORE and QRESYNC (RFC 7162).

use super::account::Mailbox;
use super::parser::Cursor;
use super::session::{Command, Outcome, Reply, Session};
use super::set::{Ranges, Set, format_ranges, format_set};
use super::updates::{View, flag_list, flag_names, permanent_flags};

/// The parameter `QRESYNC (uidvalidity modseq [known-uids [(numbers uids)]])`.
struct Resync {
    uid_validity: u32,
    modseq: u64,
    known: Option<Set>,
    /// Pairs of message numbers and UIDs that the client still knows.
    matching: Option<(Set, Set)>,
}

fn parse_resync(args: &mut Cursor<'_>) -> Result<Resync, Reply> {
    args.sp()?;
    args.expect(b'(', "a list was expected")?;
    let uid_validity = args.number32()?;
    args.sp()?;
    let modseq = args.number()?;
    let (mut known, mut matching) = (None, None);
    if args.eat(b' ') {
        if args.peek() != Some(b'(') {
            known = Some(args.set()?);
        }
        if known.is_none() || args.eat(b' ') {
            args.expect(b'(', "a list was expected")?;
            let numbers = args.set()?;
            args.sp()?;
            let uids = args.set()?;
            args.expect(b')', "the list has no end")?;
            matching = Some((numbers, uids));
        }
    }
    args.expect(b')', "the list has no end")?;
    if uid_validity == 0 || modseq == 0 {
        return Err(Reply::bad("0 is neither a UIDVALIDITY nor a mod-sequence"));
    }
    Ok(Resync {
        uid_validity,
        modseq,
        known,
        matching,
    })
}

/// UIDs that went after `since`, as far as they are in `wanted`.
///
/// Where the history does not reach back, every UID of `wanted` that does not exist is named
/// (RFC 7162, section 3.2.5.1), but for those up to `matched`, of which the client has shown that
/// it knows them.
pub(super) fn vanished_since(
    mailbox: &Mailbox,
    since: u64,
    wanted: &Ranges,
    matched: u32,
) -> Option<String> {
    let set = if since < mailbox.history_from {
        let mut missing = wanted.missing_from(&mailbox.uids(), mailbox.uid_next.saturating_sub(1));
        missing.retain(|(_, last)| *last > matched);
        format_ranges(&missing)
    } else {
        let mut gone: Vec<u32> = mailbox
            .vanished
            .iter()
            .filter(|(uid, modseq)| *modseq > since && wanted.contains(*uid))
            .map(|(uid, _)| *uid)
            .collect();
        gone.sort_unstable();
        format_set(&gone)
    };
    (!set.is_empty()).then_some(set)
}

/// The largest UID that the client has at its true number, among the pairs it sent.
fn last_match(mailbox: &Mailbox, numbers: &Set, uids: &Set) -> u32 {
    let last = u32::try_from(mailbox.messages.len()).unwrap_or(u32::MAX);
    let all: Vec<u32> = (1..=last).collect();
    let known_uids = uids.resolve(u32::MAX);
    let mut best = 0;
    for number in numbers.resolve(last).select(&all) {
        let at = usize::try_from(number).unwrap_or(0).checked_sub(1);
        if let Some(message) = at.and_then(|at| mailbox.messages.get(at))
            && known_uids.contains(message.uid)
        {
            best = best.max(message.uid);
        }
    }
    best
}

impl Session {
    pub(super) fn select(&mut self, command: &Command, read_only: bool) -> Outcome {
        // Whatever becomes of the command, the old mailbox is closed (RFC 9051, 6.3.2).
        if self.view.take().is_some() && (self.has("QRESYNC") || self.enabled.rev2) {
            self.say("* OK [CLOSED] Previous mailbox is now closed.");
        }
        let mut args = self.args(command);
        args.sp()?;
        let name = self.mailbox_name(args.astring()?)?;
        let mut resync = None;
        let mut condstore = false;
        if !args.at_end() {
            args.sp()?;
            if !self.has("CONDSTORE") {
                return Err(Reply::bad("This server has no parameters of SELECT"));
            }
            args.expect(b'(', "a list was expected")?;
            loop {
                match args.keyword()?.as_str() {
                    "CONDSTORE" => condstore = true,
                    "QRESYNC" if self.enabled.qresync => resync = Some(parse_resync(&mut args)?),
                    "QRESYNC" => return Err(Reply::bad("QRESYNC is not enabled")),
                    _ => return Err(Reply::bad("Unknown parameter of SELECT")),
                }
                if args.eat(b')') {
                    break;
                }
                args.sp()?;
            }
        }
        args.end()?;
        if condstore {
            self.enable_condstore();
        }
        let store = self.store()?;
        let (view, lines) = store.with(|account| {
            let Ok(mailbox) = account.quietly(&name) else {
                return Err(Reply::no("Mailbox doesn't exist"));
            };
            mailbox.modseq_used |= self.enabled.condstore;
            let mut view = View::new(&name, mailbox, read_only);
            view.modseq_told = self.tells_modseq(mailbox);
            let mut lines = self.describe(mailbox, &view, &name);
            if let Some(resync) = resync {
                self.resync(&resync, mailbox, &view, &mut lines);
            }
            Ok::<_, Reply>((view, lines))
        })?;
        for line in lines {
            self.say(line);
        }
        self.view = Some(view);
        Ok(Reply::ok(if read_only {
            "[READ-ONLY] Examine completed."
        } else {
            "[READ-WRITE] Select completed."
        }))
    }

    /// Whether SELECT says HIGHESTMODSEQ or NOMODSEQ.
    fn tells_modseq(&self, mailbox: &Mailbox) -> bool {
        let unasked = self.shared.profile.modseq_unasked;
        self.has("CONDSTORE") && (mailbox.modseq_used || unasked || mailbox.no_modseq)
    }

    fn describe(&self, mailbox: &Mailbox, view: &View, name: &str) -> Vec<Vec<u8>> {
        let profile = &self.shared.profile;
        let permanent = if view.read_only {
            String::new()
        } else {
            permanent_flags(mailbox, profile.new_keywords)
        };
        let mut lines = vec![
            format!("* FLAGS ({})", flag_names(mailbox).join(" ")),
            format!("* OK [PERMANENTFLAGS ({permanent})] Flags permitted."),
            format!("* {} EXISTS", mailbox.messages.len()),
        ];
        if !self.enabled.rev2 {
            lines.push(format!("* {} RECENT", view.recent.len()));
            let unseen = mailbox.messages.iter().position(|m| !m.has("\\Seen"));
            if let Some(at) = unseen {
                lines.push(format!(
                    "* OK [UNSEEN {}] First unseen.",
                    at.saturating_add(1)
                ));
            }
        }
        lines.push(format!(
            "* OK [UIDVALIDITY {}] UIDs valid",
            mailbox.uid_validity
        ));
        if profile.uid_next_in_select {
            lines.push(format!(
                "* OK [UIDNEXT {}] Predicted next UID",
                mailbox.uid_next
            ));
        }
        if self.tells_modseq(mailbox) {
            lines.push(if mailbox.no_modseq {
                "* OK [NOMODSEQ] No permanent mod-sequences".to_owned()
            } else {
                format!("* OK [HIGHESTMODSEQ {}] Highest", mailbox.highest_modseq)
            });
        }
        if self.has("OBJECTID") {
            lines.push(format!("* OK [MAILBOXID (M{})] Ok", mailbox.id));
        }
        let mut lines: Vec<Vec<u8>> = lines.into_iter().map(String::into_bytes).collect();
        if self.enabled.rev2 {
            let mut line = format!("* LIST () \"{}\" ", profile.separator).into_bytes();
            self.write_name(&mut line, name);
            lines.push(line);
        }
        lines
    }

    fn resync(&self, resync: &Resync, mailbox: &Mailbox, view: &View, lines: &mut Vec<Vec<u8>>) {
        if resync.uid_validity != mailbox.uid_validity || mailbox.no_modseq {
            return;
        }
        let largest = mailbox.uid_next.saturating_sub(1);
        let known = resync
            .known
            .as_ref()
            .map_or_else(Ranges::all, |set| set.resolve(largest));
        let matched = resync
            .matching
            .as_ref()
            .map_or(0, |(numbers, uids)| last_match(mailbox, numbers, uids));
        if let Some(set) = vanished_since(mailbox, resync.modseq, &known, matched) {
            lines.push(format!("* VANISHED (EARLIER) {set}").into_bytes());
        }
        for (at, message) in mailbox.messages.iter().enumerate() {
            if message.modseq > resync.modseq && known.contains(message.uid) {
                let recent = view.recent.contains(&message.uid) && !self.enabled.rev2;
                let flags = flag_list(&message.flags, recent);
                let number = at.saturating_add(1);
                lines.push(
                    format!(
                        "* {number} FETCH (UID {} FLAGS {flags} MODSEQ ({}))",
                        message.uid, message.modseq
                    )
                    .into_bytes(),
                );
            }
        }
    }

    /// CLOSE, which expunges without a word, and UNSELECT, which does not (RFC 3691).
    pub(super) fn close(&mut self, command: &Command, expunge: bool) -> Outcome {
        self.args(command).end()?;
        let store = self.store()?;
        if let Some(view) = self.view.take()
            && expunge
            && !view.read_only
        {
            store.with(|account| {
                let deleted: Vec<u32> = account
                    .mailbox(&view.name)?
                    .messages
                    .iter()
                    .filter(|m| m.has("\\Deleted"))
                    .map(|m| m.uid)
                    .collect();
                account.expunge(&view.name, &deleted)
            })?;
        }
        Ok(Reply::ok("Close completed."))
    }
}
