//! COPY, MOVE (RFC 6851) and EXPUNGE, with UIDPLUS (RFC 4315).

use super::session::{Command, Outcome, Reply, Session};
use super::set::format_set;

impl Session {
    /// Copies or moves; returns the COPYUID code, empty if there is none to give.
    fn transfer(&mut self, command: &Command, uid: bool, moving: bool) -> Result<String, Reply> {
        let mut args = self.args(command);
        args.sp()?;
        let set = args.set()?;
        args.sp()?;
        let to = self.mailbox_name(args.astring()?)?;
        args.end()?;
        let wanted = self.resolve(&set, uid)?;
        let from = match (moving, &self.view) {
            (true, _) => self.writable()?,
            (false, Some(view)) => view.name.clone(),
            (false, None) => return Err(Reply::bad("Select a mailbox first")),
        };
        let (validity, pairs) = self.store()?.with(|account| {
            let validity = account
                .mailbox(&to)
                .map_err(|_| Reply::no("[TRYCREATE] Mailbox doesn't exist"))?
                .uid_validity;
            // All or none (RFC 9051, 6.4.7).
            let mailbox = account.mailbox(&from)?;
            if wanted.iter().any(|uid| mailbox.find(*uid).is_none()) {
                return Err(Reply::no(
                    "[EXPUNGEISSUED] Some of the requested messages no longer exist.",
                ));
            }
            let pairs = account.transfer(&from, &wanted, &to, moving)?;
            Ok::<_, Reply>((validity, pairs))
        })?;
        if pairs.is_empty() || !self.has("UIDPLUS") {
            return Ok(String::new());
        }
        let (old, new): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        Ok(format!(
            "[COPYUID {validity} {} {}] ",
            format_set(&old),
            format_set(&new)
        ))
    }

    pub(super) fn copy(&mut self, command: &Command, uid: bool) -> Outcome {
        let code = self.transfer(command, uid, false)?;
        Ok(Reply::ok(format!("{code}Copy completed.")))
    }

    pub(super) fn move_messages(&mut self, command: &Command, uid: bool) -> Outcome {
        let code = self.transfer(command, uid, true)?;
        if !code.is_empty() {
            // RFC 6851, 4.3: before the expunges.
            self.say(format!("* OK {code}Moved UIDs."));
        }
        self.update(true);
        Ok(Reply::ok("Move completed."))
    }

    /// The code that goes with VANISHED (RFC 7162, section 3.2.7).
    pub(super) fn modseq_code(&self) -> String {
        let (Some(store), Some(view)) = (&self.store, &self.view) else {
            return String::new();
        };
        match store.with(|a| {
            a.mailbox(&view.name)
                .map(|m| (m.no_modseq, m.highest_modseq))
        }) {
            Ok((false, modseq)) => format!("[HIGHESTMODSEQ {modseq}] "),
            _ => String::new(),
        }
    }

    pub(super) fn expunge(&mut self, command: &Command, uid: bool) -> Outcome {
        let mut args = self.args(command);
        let mut only = None;
        if uid {
            args.sp()?;
            only = Some(args.set()?);
        }
        args.end()?;
        let name = self.writable()?;
        let chosen = match only {
            Some(set) => Some(self.resolve(&set, true)?),
            None => None,
        };
        self.store()?.with(|account| {
            let deleted = account
                .mailbox(&name)?
                .messages
                .iter()
                .filter(|m| m.has("\\Deleted"))
                .map(|m| m.uid);
            let doomed: Vec<u32> = deleted
                .filter(|uid| chosen.as_ref().is_none_or(|c| c.binary_search(uid).is_ok()))
                .collect();
            account.expunge(&name, &doomed)
        })?;
        self.update(true);
        Ok(Reply::ok("Expunge completed."))
    }
}
