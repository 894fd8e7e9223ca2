//! STORE and UID STORE.

use super::account::FlagChange;
use super::parser::Cursor;
use super::session::{Command, Outcome, Reply, Session};
use super::set::{Set, format_set};
use super::updates::flag_list;

impl Session {
    /// The UIDs that a set of numbers or UIDs names in the selected mailbox, as the client knows it.
    pub(super) fn resolve(&self, set: &Set, uid: bool) -> Result<Vec<u32>, Reply> {
        let view = self
            .view
            .as_ref()
            .ok_or_else(|| Reply::bad("Select a mailbox first"))?;
        if uid {
            let largest = view.uids.last().copied().unwrap_or(0);
            return Ok(set.resolve(largest).select(&view.uids));
        }
        let count = u32::try_from(view.uids.len()).unwrap_or(u32::MAX);
        let ranges = set.resolve(count);
        if ranges.largest() > count || ranges.smallest() == 0 {
            return Err(Reply::bad("Invalid messageset"));
        }
        let at = |number: u32| {
            view.uids
                .get(usize::try_from(number).ok()?.checked_sub(1)?)
                .copied()
        };
        let all: Vec<u32> = (1..=count).collect();
        Ok(ranges.select(&all).into_iter().filter_map(at).collect())
    }

    /// The name of the selected mailbox, if it may be changed.
    pub(super) fn writable(&self) -> Result<String, Reply> {
        let view = self
            .view
            .as_ref()
            .ok_or_else(|| Reply::bad("Select a mailbox first"))?;
        if view.read_only {
            return Err(Reply::no("[READ-ONLY] The mailbox is read-only"));
        }
        Ok(view.name.clone())
    }

    /// Drops keywords that the mailbox does not know where clients may not make any.
    pub(super) fn permitted(&self, known: &[String], flags: Vec<String>) -> Vec<String> {
        let allowed = self.shared.profile.new_keywords;
        let fits = |flag: &String| {
            allowed || flag.starts_with('\\') || known.iter().any(|k| k.eq_ignore_ascii_case(flag))
        };
        flags.into_iter().filter(fits).collect()
    }

    pub(super) fn store_flags(&mut self, command: &Command, uid: bool) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let set = args.set()?;
        args.sp()?;
        let mut unchanged_since = None;
        if args.peek() == Some(b'(') {
            if !self.has("CONDSTORE") {
                return Err(Reply::bad("This server has no modifiers of STORE"));
            }
            args.eat(b'(');
            if !args.eat_word("UNCHANGEDSINCE ") {
                return Err(Reply::bad("UNCHANGEDSINCE was expected"));
            }
            unchanged_since = Some(args.number()?);
            args.expect(b')', "the list has no end")?;
            args.sp()?;
        }
        let change = if args.eat(b'+') {
            FlagChange::Add
        } else if args.eat(b'-') {
            FlagChange::Remove
        } else {
            FlagChange::Replace
        };
        let silent = match args.keyword()?.as_str() {
            "FLAGS" => false,
            "FLAGS.SILENT" => true,
            _ => return Err(Reply::bad("FLAGS was expected")),
        };
        args.sp()?;
        let flags = if args.peek() == Some(b'(') {
            args.list(true, Cursor::flag)?
        } else {
            let mut flags = vec![args.flag()?];
            while args.eat(b' ') {
                flags.push(args.flag()?);
            }
            flags
        };
        args.end()?;
        let wanted = self.resolve(&set, uid)?;
        let name = self.writable()?;
        if unchanged_since.is_some() {
            self.enable_condstore();
        }
        let store = self.store()?;
        let (enabled, condstore) = (self.enabled, self.enabled.condstore);
        let mut modified = Vec::new();
        let view = self
            .view
            .as_ref()
            .ok_or_else(|| Reply::bad("Select a mailbox first"))?;
        let (told, missing) = store.with(|account| {
            let mailbox = account.mailbox(&name)?;
            let flags = self.permitted(&mailbox.keywords, flags);
            let mut targets = Vec::new();
            let mut missing = false;
            let mut owed = Vec::new();
            for uid in &wanted {
                match self.seen(mailbox, *uid) {
                    Some((message, _))
                        if unchanged_since.is_some_and(|since| message.modseq > since) =>
                    {
                        modified.push(*uid);
                    }
                    Some((message, gone)) => {
                        targets.push(*uid);
                        if !gone && view.owes(message) {
                            owed.push(*uid);
                        }
                    }
                    None => missing = true,
                }
            }
            let changed = account.change_flags(&name, &targets, change, &flags)?;
            let mailbox = account.mailbox(&name)?;
            let told: Vec<_> = changed
                .iter()
                // Silence is about this change, not about somebody else's before it.
                .filter(|uid| !silent || owed.binary_search(uid).is_err())
                .filter_map(|uid| mailbox.find_any(*uid))
                .map(|m| (m.uid, m.flags.clone(), m.modseq, m.revision))
                .collect();
            Ok::<_, Reply>((told, missing))
        })?;
        if let Some(view) = &mut self.view {
            for (uid, _, _, revision) in &told {
                view.made(*uid, *revision);
            }
        }
        // A new keyword is told before it is used.
        self.update(false);
        for (told_uid, flags, modseq, _) in told {
            let Some(view) = &mut self.view else { break };
            let Some(number) = view.number(told_uid) else {
                continue;
            };
            let recent = view.recent.contains(&told_uid) && !enabled.rev2;
            let mut items = Vec::new();
            if uid || enabled.qresync || enabled.rev2 {
                items.push(format!("UID {told_uid}"));
            }
            if condstore {
                // RFC 7162, 3.1.3: also where the flags are not told.
                items.push(format!("MODSEQ ({modseq})"));
            }
            if !silent {
                items.push(format!("FLAGS {}", flag_list(&flags, recent)));
            }
            if !silent || condstore {
                self.say(format!("* {number} FETCH ({})", items.join(" ")));
            }
        }
        if !modified.is_empty() {
            let shown = if uid {
                modified
            } else {
                let view = self.view.as_ref();
                let number = |uid: &u32| u32::try_from(view?.number(*uid)?).ok();
                modified.iter().filter_map(number).collect()
            };
            return Ok(Reply::ok(format!(
                "[MODIFIED {}] Conditional STORE failed",
                format_set(&shown)
            )));
        }
        if missing && !uid {
            return Err(Reply::no(
                "[EXPUNGEISSUED] Some of the requested messages no longer exist.",
            ));
        }
        Ok(Reply::ok("Store completed."))
    }
}
