//! NOTIFY (RFC 5465): unasked news of the selected and of other mailboxes, without IDLE.

use std::collections::BTreeMap;
use std::io;

use tokio::sync::watch;

use super::account::Account;
use super::parser::{Cursor, SyntaxError};
use super::session::{Command, Outcome, Reply, Session};

/// Which mailboxes a group of events is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Filter {
    Selected {
        delayed: bool,
    },
    /// INBOX, where mail is delivered.
    Inboxes,
    Personal,
    Subscribed,
    Mailboxes(Vec<String>),
    Subtree(Vec<String>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Events {
    new: bool,
    expunge: bool,
    flags: bool,
    names: bool,
}

/// What was told of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Noted {
    id: u64,
    revision: u64,
    uid_next: u32,
    vanished: usize,
}

/// A NOTIFY in force.
#[derive(Debug)]
pub(super) struct Notify {
    groups: Vec<(Filter, Events)>,
    noted: BTreeMap<String, Noted>,
    changes: watch::Receiver<u64>,
}

fn note(account: &Account) -> BTreeMap<String, Noted> {
    let noted = account.mailboxes.iter().map(|(name, m)| {
        let noted = Noted {
            id: m.id,
            revision: m.revision,
            uid_next: m.uid_next,
            vanished: m.vanished.len(),
        };
        (name.clone(), noted)
    });
    noted.collect()
}

impl Notify {
    /// The events of the first group that names this mailbox, the selected one set apart.
    fn events(&self, account: &Account, name: &str) -> Events {
        let fits = |filter: &Filter| match filter {
            Filter::Selected { .. } => false,
            Filter::Inboxes => name == "INBOX",
            Filter::Personal => true,
            Filter::Subscribed => account.subscriptions.contains(name),
            Filter::Mailboxes(names) => names.iter().any(|n| n == name),
            Filter::Subtree(roots) => roots.iter().any(|root| {
                name.strip_prefix(root.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(account.separator))
            }),
        };
        self.groups
            .iter()
            .find(|(filter, _)| fits(filter))
            .map(|(_, events)| *events)
            .unwrap_or_default()
    }

    /// Whether the selected mailbox is watched, and whether its expunges wait for a command.
    fn selected(&self) -> Option<bool> {
        self.groups
            .iter()
            .find_map(|(filter, events)| match filter {
                Filter::Selected { delayed } if *events != Events::default() => Some(*delayed),
                _ => None,
            })
    }
}

impl Session {
    fn parse_events(&self, args: &mut Cursor<'_>) -> Result<Events, Reply> {
        let mut events = Events::default();
        if args.eat_word("NONE") {
            return Ok(events);
        }
        let mut unknown = false;
        args.list(false, |c| {
            match c.keyword()?.as_str() {
                "MESSAGENEW" => {
                    events.new = true;
                    let mut ahead = c.clone();
                    if ahead.eat(b' ') && ahead.peek() == Some(b'(') {
                        // The items are only a wish: like Dovecot, EXISTS is all that is told.
                        ahead.list(false, |c| self.parse_item(c))?;
                        *c = ahead;
                    }
                }
                "MESSAGEEXPUNGE" => events.expunge = true,
                "FLAGCHANGE" => events.flags = true,
                "MAILBOXNAME" => events.names = true,
                _ => unknown = true,
            }
            Ok(())
        })?;
        if unknown {
            return Err(Reply::no(
                "[BADEVENT (MessageNew MessageExpunge FlagChange MailboxName)] Unknown event",
            ));
        }
        // RFC 5465, section 5: neither comes without the other, and flags need both.
        if events.new != events.expunge || (events.flags && !events.new) {
            return Err(Reply::bad(
                "MessageNew and MessageExpunge go together, and FlagChange with both",
            ));
        }
        Ok(events)
    }

    fn parse_group(&self, args: &mut Cursor<'_>) -> Result<(Filter, Events), Reply> {
        args.expect(b'(', "a list was expected")?;
        let word = args.keyword()?;
        let mut names = || -> Result<Vec<String>, Reply> {
            args.sp()?;
            let names = if args.peek() == Some(b'(') {
                args.list(false, Cursor::astring)?
            } else {
                vec![args.astring()?]
            };
            names.into_iter().map(|n| self.mailbox_name(n)).collect()
        };
        let filter = match word.as_str() {
            "SELECTED" => Filter::Selected { delayed: false },
            "SELECTED-DELAYED" => Filter::Selected { delayed: true },
            "INBOXES" => Filter::Inboxes,
            "PERSONAL" => Filter::Personal,
            "SUBSCRIBED" => Filter::Subscribed,
            "MAILBOXES" => Filter::Mailboxes(names()?),
            "SUBTREE" => Filter::Subtree(names()?),
            _ => return Err(SyntaxError("unknown mailboxes of NOTIFY").into()),
        };
        args.sp()?;
        let events = self.parse_events(args)?;
        args.expect(b')', "the list has no end")?;
        Ok((filter, events))
    }

    pub(super) fn notify(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        if args.eat_word("NONE") {
            args.end()?;
            self.notify = None;
            return Ok(Reply::ok("NOTIFY completed."));
        }
        if !args.eat_word("SET") {
            return Err(Reply::bad("SET or NONE was expected"));
        }
        args.sp()?;
        let status = args.eat_word("STATUS ");
        let mut groups = vec![self.parse_group(&mut args)?];
        while args.eat(b' ') {
            groups.push(self.parse_group(&mut args)?);
        }
        args.end()?;
        let store = self.store()?;
        let changes = store.changes();
        let notify = Notify {
            groups,
            noted: store.with(|a| note(a)),
            changes,
        };
        let lines: Vec<Vec<u8>> = store.with(|account| {
            let watched = account.mailboxes.iter().filter(|(name, _)| {
                let selected = self.view.as_ref().is_some_and(|v| v.name == **name);
                status && !selected && notify.events(account, name).new
            });
            watched
                .map(|(name, m)| self.status_line(name, m, &self.notify_items()))
                .collect()
        });
        for line in lines {
            self.say(line);
        }
        self.notify = Some(notify);
        Ok(Reply::ok("NOTIFY completed."))
    }

    /// What a STATUS that nobody asked for has in it.
    fn notify_items(&self) -> Vec<String> {
        let mut items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"]
            .map(str::to_owned)
            .to_vec();
        if self.enabled.condstore {
            items.push("HIGHESTMODSEQ".to_owned());
        }
        items
    }

    /// Waits for a whole line and meanwhile tells what NOTIFY asked for.
    pub(super) async fn wait_for_line(&mut self) -> io::Result<()> {
        while self.notify.is_some() && memchr::memchr(b'\n', self.conn.buffered()).is_none() {
            let Some(mut changes) = self.notify.as_ref().map(|n| n.changes.clone()) else {
                break;
            };
            self.wait_with(Some(&mut changes)).await?;
            if let Some(notify) = &mut self.notify {
                notify.changes = changes;
                if let Some(delayed) = notify.selected() {
                    self.update(!delayed);
                }
            }
            self.tell_news();
            self.conn.flush().await?;
            if self.next.is_some() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        Ok(())
    }

    /// Tells what NOTIFY asked for, of all mailboxes but the selected one.
    pub(super) fn tell_news(&mut self) {
        let (Some(mut notify), Some(store)) = (self.notify.take(), self.store.clone()) else {
            return;
        };
        let lines = store.with(|account| {
            let now = note(account);
            let lines = self.news(&notify, account, &now);
            notify.noted = now;
            lines
        });
        for line in lines {
            self.say(line);
        }
        self.notify = Some(notify);
    }

    fn news(
        &self,
        notify: &Notify,
        account: &Account,
        now: &BTreeMap<String, Noted>,
    ) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let list = |attributes: &str, name: &str| {
            let mut line = format!("* LIST ({attributes}) \"{}\" ", account.separator).into_bytes();
            self.write_name(&mut line, name);
            line
        };
        for (name, old) in &notify.noted {
            let renamed = now.values().any(|n| n.id == old.id);
            if !now.contains_key(name) && !renamed && notify.events(account, name).names {
                lines.push(list("\\NonExistent", name));
            }
        }
        for (name, new) in now {
            let events = notify.events(account, name);
            let old = notify.noted.iter().find(|(_, n)| n.id == new.id);
            let selected = self.view.as_ref().is_some_and(|v| v.name == *name);
            match old {
                Some((_, old)) if old.revision != new.revision && !selected => {
                    let told = (events.new && old.uid_next != new.uid_next)
                        || (events.expunge && old.vanished != new.vanished)
                        || events.flags;
                    if let (true, Ok(mailbox)) = (told, account.mailbox(name)) {
                        lines.push(self.status_line(name, mailbox, &self.notify_items()));
                    }
                }
                None if events.names => lines.push(list("", name)),
                _ => {}
            }
            if let Some((old_name, _)) = old.filter(|(n, _)| *n != name && events.names) {
                let mut line = list("", name);
                line.extend_from_slice(b" (\"OLDNAME\" (");
                self.write_name(&mut line, old_name);
                line.extend_from_slice(b"))");
                lines.push(line);
            }
        }
        lines
    }
}
