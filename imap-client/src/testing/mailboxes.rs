//! Commands on mailboxes as a whole: LIST, LSUB, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::account::{Account, Mailbox};
use super::names::{decode_utf7, encode_utf7, fits, quote};
use super::parser::{Cursor, SyntaxError};
use super::session::{Command, Outcome, Reply, Session};

/// What LIST was asked for.
#[derive(Debug, Default)]
struct ListRequest {
    subscribed: bool,
    special_only: bool,
    recursive: bool,
    reference: String,
    patterns: Vec<String>,
    extended: bool,
    return_subscribed: bool,
    return_children: bool,
    return_special: bool,
    status: Option<Vec<String>>,
}

/// One line of LIST.
#[derive(Debug)]
struct Entry {
    name: String,
    attributes: Vec<String>,
    child_info: bool,
    selectable: bool,
}

impl Session {
    /// A mailbox name as it is in the store.
    pub(super) fn mailbox_name(&self, bytes: Vec<u8>) -> Result<String, Reply> {
        let name =
            String::from_utf8(bytes).map_err(|_| Reply::bad("The mailbox name is not UTF-8"))?;
        self.decoded_name(&name)
    }

    fn decoded_name(&self, name: &str) -> Result<String, Reply> {
        let decoded = if self.utf8() {
            Some(name.to_owned())
        } else {
            decode_utf7(name)
        };
        let decoded =
            decoded.ok_or_else(|| Reply::no("[CANNOT] The mailbox name is not modified UTF-7"))?;
        Ok(Account::canonical(&decoded).to_owned())
    }

    /// A mailbox name as it goes to the client.
    pub(super) fn encoded_name(&self, name: &str) -> String {
        if self.utf8() {
            name.to_owned()
        } else {
            encode_utf7(name)
        }
    }

    /// Writes a mailbox name as an atom where the server's manners and the grammar allow it.
    pub(super) fn write_name(&self, out: &mut Vec<u8>, name: &str) {
        let shown = self.encoded_name(name);
        let atom = !shown.is_empty()
            && !shown.eq_ignore_ascii_case("NIL")
            && shown.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'/' | b'.' | b'-' | b'_' | b'&' | b'+' | b',')
            });
        if atom && !self.shared.profile.quoted_names {
            out.extend_from_slice(shown.as_bytes());
        } else {
            quote(out, shown.as_bytes(), self.utf8());
        }
    }

    /// RFC 2342.
    pub(super) fn namespace(&mut self, command: &Command) -> Outcome {
        self.args(command).end()?;
        let profile = &self.shared.profile;
        let line = format!(
            "* NAMESPACE ((\"{}\" \"{}\")) NIL NIL",
            profile.prefix, profile.separator
        );
        self.say(line);
        Ok(Reply::ok("Namespace completed."))
    }

    fn parse_list(&self, args: &mut Cursor<'_>) -> Result<ListRequest, Reply> {
        let mut request = ListRequest::default();
        let extended = self.has("LIST-EXTENDED") || self.has("IMAP4rev2");
        args.sp()?;
        if args.peek() == Some(b'(') {
            if !extended && !self.has("SPECIAL-USE") {
                return Err(Reply::bad("This server has no LIST-EXTENDED"));
            }
            request.extended = true;
            for option in args.list(true, Cursor::keyword)? {
                match option.as_str() {
                    "SUBSCRIBED" => request.subscribed = true,
                    "SPECIAL-USE" if self.has("SPECIAL-USE") => request.special_only = true,
                    "RECURSIVEMATCH" => request.recursive = true,
                    "REMOTE" => {}
                    _ => return Err(Reply::bad("Unknown selection option")),
                }
            }
            if request.recursive && !request.subscribed {
                return Err(Reply::bad("RECURSIVEMATCH needs SUBSCRIBED"));
            }
            args.sp()?;
        }
        request.reference = String::from_utf8(args.astring()?)
            .map_err(|_| SyntaxError("the reference is not UTF-8"))?;
        args.sp()?;
        if args.peek() == Some(b'(') {
            if !extended {
                return Err(Reply::bad("This server has no LIST-EXTENDED"));
            }
            request.extended = true;
            request.patterns = args.list(false, Cursor::pattern)?;
        } else {
            request.patterns = vec![args.pattern()?];
        }
        if !args.at_end() {
            args.sp()?;
            if !args.eat_word("RETURN") || !(extended || self.has("SPECIAL-USE")) {
                return Err(Reply::bad("RETURN was expected"));
            }
            request.extended = true;
            args.sp()?;
            let (special_use, list_status) = (
                self.has("SPECIAL-USE"),
                self.has("LIST-STATUS") || self.has("IMAP4rev2"),
            );
            args.list(true, |c| {
                match c.keyword()?.as_str() {
                    "SUBSCRIBED" => request.return_subscribed = true,
                    "CHILDREN" => request.return_children = true,
                    "SPECIAL-USE" if special_use => request.return_special = true,
                    "STATUS" if list_status => {
                        c.sp()?;
                        request.status = Some(c.list(false, Cursor::keyword)?);
                    }
                    _ => return Err(SyntaxError("unknown return option")),
                }
                Ok(())
            })?;
            if let Some(items) = &request.status {
                self.check_status_items(items)?;
            }
        }
        args.end()?;
        Ok(request)
    }

    pub(super) fn list(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        let request = self.parse_list(&mut args)?;
        let store = self.store()?;
        let separator = self.shared.profile.separator;
        if !request.extended && request.patterns.iter().all(String::is_empty) {
            self.say(format!("* LIST (\\Noselect) \"{separator}\" \"\""));
            return Ok(Reply::ok("List completed."));
        }
        let mut patterns = Vec::new();
        for pattern in &request.patterns {
            let whole = format!("{}{pattern}", request.reference);
            patterns.push(
                if self.utf8() {
                    Some(whole)
                } else {
                    decode_pattern(&whole)
                }
                .unwrap_or_default(),
            );
        }
        let wants_modseq = request
            .status
            .as_ref()
            .is_some_and(|i| i.iter().any(|i| i == "HIGHESTMODSEQ"));
        if wants_modseq {
            self.enable_condstore();
        }
        let lines = store.with(|account| {
            let mut lines = Vec::new();
            for entry in self.entries(account, &request, &patterns) {
                let mut line = format!("* LIST ({}) \"{separator}\" ", entry.attributes.join(" "))
                    .into_bytes();
                self.write_name(&mut line, &entry.name);
                if entry.child_info {
                    line.extend_from_slice(b" (\"CHILDINFO\" (\"SUBSCRIBED\"))");
                }
                lines.push(line);
                if let (Some(items), true) = (&request.status, entry.selectable)
                    && let Ok(mailbox) = account.mailbox(&entry.name)
                {
                    lines.push(self.status_line(&entry.name, mailbox, items));
                }
            }
            lines
        });
        for line in lines {
            self.say(line);
        }
        Ok(Reply::ok("List completed."))
    }

    /// The mailboxes that fit, with their attributes; INBOX last, as Dovecot has it.
    fn entries(&self, account: &Account, request: &ListRequest, patterns: &[String]) -> Vec<Entry> {
        let separator = account.separator;
        // Every level above a mailbox is listed, too, selectable or not.
        let mut names: BTreeMap<&str, bool> = BTreeMap::new();
        let all = account.mailboxes.keys().chain(
            if request.subscribed {
                Some(&account.subscriptions)
            } else {
                None
            }
            .into_iter()
            .flatten(),
        );
        for name in all {
            for (at, _) in name.match_indices(separator) {
                names
                    .entry(name.get(..at).unwrap_or_default())
                    .or_insert(false);
            }
            if account.mailboxes.contains_key(name) {
                names.insert(name, true);
            } else {
                names.entry(name).or_insert(false);
            }
        }
        let mut entries = Vec::new();
        for (name, exists) in names {
            let fitting = patterns.iter().any(|pattern| {
                // INBOX is INBOX in any case, in a pattern as well.
                fits(pattern, name, separator)
                    || (name == "INBOX" && fits(&pattern.to_uppercase(), name, separator))
            });
            let subscribed = account.subscriptions.contains(name);
            let below = format!("{name}{separator}");
            let child_subscribed = account.subscriptions.iter().any(|s| s.starts_with(&below));
            let child_info = request.recursive && child_subscribed;
            if !fitting || (request.subscribed && !subscribed && !child_info) {
                continue;
            }
            let role = account.mailboxes.get(name).and_then(|m| m.role.as_deref());
            if request.special_only && role.is_none() {
                continue;
            }
            let mut attributes = Vec::new();
            if !exists {
                attributes.push(
                    if request.extended {
                        "\\NonExistent"
                    } else {
                        "\\Noselect"
                    }
                    .to_owned(),
                );
            }
            let shows_children = if request.extended {
                request.return_children
            } else {
                self.has("CHILDREN")
            };
            if shows_children {
                let children = account.has_children(name);
                attributes.push(
                    if children {
                        "\\HasChildren"
                    } else {
                        "\\HasNoChildren"
                    }
                    .to_owned(),
                );
            }
            if subscribed && (request.subscribed || request.return_subscribed) {
                attributes.push("\\Subscribed".to_owned());
            }
            let shows_role = if request.extended {
                request.special_only || request.return_special
            } else {
                self.has("SPECIAL-USE")
            };
            if let Some(role) = role.filter(|_| shows_role) {
                let lower = self.shared.profile.lowercase_attributes;
                attributes.push(if lower {
                    role.to_lowercase()
                } else {
                    role.to_owned()
                });
            }
            entries.push(Entry {
                name: name.to_owned(),
                attributes,
                child_info,
                selectable: exists,
            });
        }
        entries.sort_by_key(|e| e.name == "INBOX");
        entries
    }

    /// RFC 3501, 6.3.9.
    pub(super) fn lsub(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let reference = args.text()?;
        args.sp()?;
        let pattern = args.pattern()?;
        args.end()?;
        let store = self.store()?;
        let separator = self.shared.profile.separator;
        let pattern = decode_pattern(&format!("{reference}{pattern}")).unwrap_or_default();
        let mut lines: BTreeMap<String, String> = BTreeMap::new();
        store.with(|a| {
            for name in &a.subscriptions {
                if fits(&pattern, name, separator) {
                    let role = a.mailboxes.get(name).and_then(|m| m.role.clone());
                    lines.insert(
                        name.clone(),
                        role.filter(|_| self.has("SPECIAL-USE")).unwrap_or_default(),
                    );
                    continue;
                }
                // A subscribed child that `%` does not reach shows its parent, not selectable.
                for (at, _) in name.match_indices(separator) {
                    let parent = name.get(..at).unwrap_or_default();
                    if pattern.ends_with('%') && fits(&pattern, parent, separator) {
                        lines
                            .entry(parent.to_owned())
                            .or_insert_with(|| "\\Noselect".to_owned());
                    }
                }
            }
        });
        for (name, attributes) in lines {
            let mut line = format!("* LSUB ({attributes}) \"{separator}\" ").into_bytes();
            self.write_name(&mut line, &name);
            self.say(line);
        }
        Ok(Reply::ok("Lsub completed."))
    }

    fn check_status_items(&self, items: &[String]) -> Result<(), Reply> {
        for item in items {
            let known = match item.as_str() {
                "MESSAGES" | "UIDNEXT" | "UIDVALIDITY" | "UNSEEN" | "RECENT" => true,
                "HIGHESTMODSEQ" => self.has("CONDSTORE"),
                "SIZE" => self.has("STATUS=SIZE") || self.has("IMAP4rev2"),
                "DELETED" => self.has("IMAP4rev2") || self.has("QUOTA=RES-STORAGE"),
                "MAILBOXID" => self.has("OBJECTID"),
                "APPENDLIMIT" => self.shared.profile.max_append().is_some(),
                _ => false,
            };
            if !known {
                return Err(Reply::bad(format!("Unknown status item {item}")));
            }
        }
        Ok(())
    }

    pub(super) fn status_line(&self, name: &str, mailbox: &Mailbox, items: &[String]) -> Vec<u8> {
        let mut line = b"* STATUS ".to_vec();
        self.write_name(&mut line, name);
        let mut values = String::new();
        for item in items {
            if !values.is_empty() {
                values.push(' ');
            }
            let value = match item.as_str() {
                "MESSAGES" => mailbox.messages.len().to_string(),
                "UIDNEXT" => mailbox.uid_next.to_string(),
                "UIDVALIDITY" => mailbox.uid_validity.to_string(),
                "UNSEEN" => mailbox.count(|m| !m.has("\\Seen")).to_string(),
                "RECENT" => mailbox.count(|m| m.recent).to_string(),
                "HIGHESTMODSEQ" if mailbox.no_modseq => "0".to_owned(),
                "HIGHESTMODSEQ" => mailbox.highest_modseq.to_string(),
                "SIZE" => mailbox
                    .messages
                    .iter()
                    .map(super::account::Stored::size)
                    .sum::<u64>()
                    .to_string(),
                "DELETED" => mailbox.count(|m| m.has("\\Deleted")).to_string(),
                "MAILBOXID" => format!("(M{})", mailbox.id),
                "APPENDLIMIT" => self
                    .shared
                    .profile
                    .max_append()
                    .unwrap_or_default()
                    .to_string(),
                _ => continue,
            };
            let _ = write!(values, "{item} {value}");
        }
        line.extend_from_slice(format!(" ({values})").as_bytes());
        line
    }

    pub(super) fn status(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let name = self.mailbox_name(args.astring()?)?;
        args.sp()?;
        let items = args.list(false, Cursor::keyword)?;
        args.end()?;
        self.check_status_items(&items)?;
        if items.iter().any(|i| i == "HIGHESTMODSEQ") {
            self.enable_condstore();
        }
        let store = self.store()?;
        let line = store.with(|a| {
            let mailbox = a.mailbox(&name).ok()?;
            Some(self.status_line(&name, mailbox, &items))
        });
        let line = line.ok_or_else(|| Reply::no("Mailbox doesn't exist"))?;
        self.say(line);
        Ok(Reply::ok("Status completed."))
    }

    pub(super) fn create(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let name = self.mailbox_name(args.astring()?)?;
        let mut role = None;
        if !args.at_end() {
            args.sp()?;
            if !self.has("CREATE-SPECIAL-USE") {
                return Err(Reply::bad("This server has no CREATE-SPECIAL-USE"));
            }
            // RFC 6154, section 3: (USE (\Attribute)).
            args.expect(b'(', "a list was expected")?;
            if !args.eat_word("USE ") {
                return Err(Reply::bad("USE was expected"));
            }
            role = args.list(true, Cursor::flag)?.into_iter().next();
            args.expect(b')', "the list has no end")?;
        }
        args.end()?;
        if let Some(wanted) = &role {
            const KNOWN: [&str; 7] = [
                "\\All",
                "\\Archive",
                "\\Drafts",
                "\\Flagged",
                "\\Junk",
                "\\Sent",
                "\\Trash",
            ];
            match KNOWN.iter().find(|k| k.eq_ignore_ascii_case(wanted)) {
                Some(known) => role = Some((*known).to_owned()),
                None => return Err(Reply::no("[USEATTR] Attribute not supported")),
            }
        }
        let prefix = &self.shared.profile.prefix;
        if !name.starts_with(prefix.as_str()) {
            return Err(Reply::no(format!("[CANNOT] Mailboxes begin with {prefix}")));
        }
        let code = self.store()?.with(|a| {
            a.create(&name, role)?;
            let trimmed = name.strip_suffix(a.separator).unwrap_or(&name);
            a.mailbox(trimmed).map(|m| m.id)
        })?;
        let code = if self.has("OBJECTID") {
            format!("[MAILBOXID (M{code})] ")
        } else {
            String::new()
        };
        Ok(Reply::ok(format!("{code}Create completed.")))
    }

    pub(super) fn delete(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let name = self.mailbox_name(args.astring()?)?;
        args.end()?;
        if self.view.as_ref().is_some_and(|v| v.name == name) {
            // Our own deletion leaves the selected state without a BYE.
            self.view = None;
        }
        if name == "INBOX" {
            return Err(Reply::no("INBOX can't be deleted."));
        }
        self.store()?.with(|a| a.delete(&name))?;
        Ok(Reply::ok("Delete completed."))
    }

    pub(super) fn rename(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let from = self.mailbox_name(args.astring()?)?;
        args.sp()?;
        let to = self.mailbox_name(args.astring()?)?;
        args.end()?;
        self.store()?.with(|a| a.rename(&from, &to))?;
        Ok(Reply::ok("Rename completed."))
    }

    pub(super) fn subscribe(&mut self, command: &Command, on: bool) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let name = self.mailbox_name(args.astring()?)?;
        args.end()?;
        let store = self.store()?;
        if on {
            store.with(|a| a.mailbox(&name).map(drop))?;
        }
        store.subscribe(&name, on);
        Ok(Reply::ok("Subscription changed."))
    }
}

/// Decodes a pattern: its wildcards stand outside of the shifted parts.
fn decode_pattern(pattern: &str) -> Option<String> {
    decode_utf7(pattern)
}
