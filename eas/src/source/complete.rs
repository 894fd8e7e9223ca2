//! Changes that say what is gone.
//!
//! Servers keep what a change does not name, up to 14.1 by their own choice and from 16.0 on for
//! appointments by the standard; an empty element takes it away. Contacts from 16.0 on are replaced
//! as a whole, and refuse empty elements.

use crate::wire::Version;
use crate::wire::class::{Item, Values};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{Calendar as C, Contacts};

/// Tells a server to take away what `now`, its own state of the item, has and `item` does not.
pub(super) fn clear(item: &mut Item, now: &Item, version: Version) {
    let modern = version >= Version::V16_0;
    match (item, now) {
        (Item::Event(new), Item::Event(old)) => {
            clear_values(&mut new.values, &old.values, &[C::Reminder]);
            if new.categories.is_none() && old.categories.is_some() {
                new.categories = Some(Vec::new());
            }
            if new.recurrence.is_none() && matches!(old.recurrence, Some(Some(_))) {
                new.recurrence = Some(None);
            }
            let had_exceptions = old.exceptions.as_ref().is_some_and(|e| !e.is_empty());
            if new.exceptions.is_none() && had_exceptions && !modern {
                new.exceptions = Some(Vec::new());
            }
            if new.attendees.is_none() && old.attendees.is_some() && !modern {
                new.attendees = Some(Vec::new());
            }
        }
        (Item::Contact(new), Item::Contact(old)) if !modern => {
            let tags: Vec<Tag> = old.values.iter().map(|(tag, _)| tag).collect();
            clear_values(&mut new.values, &old.values, &tags);
            if new.categories.is_none() && old.categories.is_some() {
                new.categories = Some(Vec::new());
            }
            if new.children.is_none() && old.children.is_some() {
                new.children = Some(Vec::new());
            }
        }
        // A picture alone stays when it is not named.
        (Item::Contact(new), Item::Contact(old)) => {
            clear_values(&mut new.values, &old.values, &[Contacts::Picture]);
        }
        (Item::Task(new), Item::Task(old)) => {
            if new.categories.is_none() && old.categories.is_some() {
                new.categories = Some(Vec::new());
            }
            if new.recurrence.is_none() && matches!(old.recurrence, Some(Some(_))) {
                new.recurrence = Some(None);
            }
        }
        (Item::Note(new), Item::Note(old))
            if new.categories.is_none() && old.categories.is_some() =>
        {
            new.categories = Some(Vec::new());
        }
        _ => {}
    }
}

/// Leaves out what a contact does not have: from 16.0 on an empty element is refused.
pub(super) fn leave_out(item: &mut Item, version: Version) {
    let Item::Contact(contact) = item else { return };
    if version < Version::V16_0 {
        return;
    }
    let empty = contact.values.iter().filter(|(_, text)| text.is_empty());
    let empty: Vec<Tag> = empty.map(|(tag, _)| tag).collect();
    for tag in empty {
        contact.values.remove(tag);
    }
}

fn clear_values(new: &mut Values, old: &Values, tags: &[Tag]) {
    for tag in tags {
        if old.text(*tag).is_some() && new.get(*tag).is_none() {
            new.set(*tag, "");
        }
    }
}
