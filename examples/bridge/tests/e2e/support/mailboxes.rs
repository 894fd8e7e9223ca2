//! Mailboxes over IMAP, as a mail program works on them.

use std::collections::BTreeSet;

use testbed::imap::{Session, decoded, encoded, quoted};
use testbed::mail::Message;

use super::contents::Entry;
use super::store::Held;

pub(crate) fn folders(mut session: Session) -> BTreeSet<String> {
    let responses = session.command("LIST \"\" *").unwrap();
    session.logout().unwrap();
    let mut names = BTreeSet::new();
    for response in responses {
        let (attributes, name) = response.text.split_once(" \"/\" ").unwrap();
        // Not what only has folders below it.
        if !attributes.contains("\\NonExistent") && !attributes.contains("\\Noselect") {
            names.insert(decoded(name.trim_matches('"')).unwrap());
        }
    }
    names
}

pub(crate) fn list(mut session: Session, folder: &str) -> Vec<Held> {
    session.select(folder).unwrap();
    let fetch = "UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])";
    let responses = session.command(fetch).unwrap();
    session.logout().unwrap();
    responses
        .iter()
        .filter_map(|response| {
            let body = response.literals.first()?;
            let date = unix_seconds(response.value_of("INTERNALDATE").unwrap());
            Some(Held {
                key: response.value_of("UID").unwrap().to_owned(),
                entry: Entry::new(body, response.list_of("FLAGS"), date),
            })
        })
        .collect()
}

pub(crate) fn create(mut session: Session, folder: &str) {
    let name = quoted(&encoded(folder));
    session.command(&format!("CREATE {name}")).unwrap();
    session.logout().unwrap();
}

pub(crate) fn add(mut session: Session, folder: &str, messages: &[Message]) {
    for batch in messages.chunks(500) {
        session.append(folder, batch).unwrap();
    }
    session.logout().unwrap();
}

pub(crate) fn set_flags(session: Session, folder: &str, held: &Held, flags: &[&str]) {
    let (uid, flags) = (&held.key, flags.join(" "));
    let store = format!("UID STORE {uid} FLAGS.SILENT ({flags})");
    in_folder(session, folder, &[store]);
}

pub(crate) fn remove(session: Session, folder: &str, held: &[Held]) {
    let uids: Vec<_> = held.iter().map(|held| held.key.as_str()).collect();
    let uids = uids.join(",");
    let store = format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)");
    in_folder(session, folder, &[store, format!("UID EXPUNGE {uids}")]);
}

pub(crate) fn relocate(session: Session, from: &str, held: &Held, to: &str) {
    let (uid, to) = (&held.key, quoted(&encoded(to)));
    in_folder(session, from, &[format!("UID MOVE {uid} {to}")]);
}

/// Lines that change with everything that is written.
pub(crate) fn fingerprint(mut session: Session) -> BTreeSet<String> {
    let list = "LIST \"\" * RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))";
    let responses = session.command(list).unwrap();
    session.logout().unwrap();
    // LIST itself says \\Marked or not, which is Dovecot's own affair.
    let lines = responses.into_iter().map(|response| response.text);
    lines.filter(|line| line.starts_with("STATUS ")).collect()
}

fn in_folder(mut session: Session, folder: &str, commands: &[String]) {
    session.select(folder).unwrap();
    for command in commands {
        session.command(command).unwrap();
    }
    session.logout().unwrap();
}

/// An INTERNALDATE such as ` 1-Jan-2020 00:10:00 +0200`.
fn unix_seconds(date: &str) -> i64 {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let number = |from: usize, to: usize| date[from..to].trim().parse::<i64>().unwrap();
    let month = i64::try_from(MONTHS.find(&date[3..6]).unwrap() / 3).unwrap() + 1;
    let (day, year) = (number(0, 2), number(7, 11));
    // Days since 1970-01-01; the year begins in March, so that its leap day is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leap + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = number(12, 14) * 3600 + number(15, 17) * 60 + number(18, 20);
    let zone = number(22, 24) * 3600 + number(24, 26) * 60;
    let zone = if &date[21..22] == "-" { -zone } else { zone };
    days * 86_400 + seconds - zone
}

#[test]
fn internal_dates_are_read() {
    assert_eq!(unix_seconds("01-Jan-1970 00:00:00 +0000"), 0);
    assert_eq!(unix_seconds("29-Feb-2000 12:09:14 +0000"), 951_826_154);
    assert_eq!(unix_seconds(" 1-Mar-2020 02:00:00 +0200"), 1_583_020_800);
    assert_eq!(unix_seconds("29-Feb-2020 19:00:00 -0500"), 1_583_020_800);
}
