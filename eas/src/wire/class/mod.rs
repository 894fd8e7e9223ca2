//! What items are made of: the classes of [MS-ASEMAIL], [MS-ASCAL], [MS-ASCNTC], [MS-ASTASK] and
//! [MS-ASNOTE].
//!
//! Elements without children are kept as [`Values`], by their tag and as they came, since an element
//! that is absent, one that is empty and one with a value are three different things here. What has
//! a structure has a type.

mod body;
mod contact;
mod email;
mod event;
mod note;
mod recurrence;
mod task;
mod values;

use super::Version;
use super::wbxml::pages::AirSync;
use super::wbxml::{Error, Reader, Tag, Writer};

pub use body::{Attachment, Body, BodyType, NewAttachment};
pub use contact::Contact;
pub use email::Email;
pub use event::{Attendee, Event, Exception};
pub use note::Note;
pub use recurrence::{Recurrence, RecurrenceType};
pub use task::Task;
pub use values::Values;

/// The class of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Mail.
    Email,
    /// Appointments and meetings.
    Calendar,
    /// Contacts.
    Contacts,
    /// Tasks.
    Tasks,
    /// Notes, from 14.0 on.
    Notes,
}

impl Class {
    /// As in an element `Class`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::Calendar => "Calendar",
            Self::Contacts => "Contacts",
            Self::Tasks => "Tasks",
            Self::Notes => "Notes",
        }
    }
}

/// An item's content.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Mail.
    Email(Box<Email>),
    /// An appointment or a meeting.
    Event(Box<Event>),
    /// A contact.
    Contact(Box<Contact>),
    /// A task.
    Task(Box<Task>),
    /// A note.
    Note(Box<Note>),
}

impl Item {
    /// Its class.
    pub const fn class(&self) -> Class {
        match self {
            Self::Email(_) => Class::Email,
            Self::Event(_) => Class::Calendar,
            Self::Contact(_) => Class::Contacts,
            Self::Task(_) => Class::Tasks,
            Self::Note(_) => Class::Notes,
        }
    }

    /// An item of this class without anything in it.
    pub fn empty(class: Class) -> Self {
        match class {
            Class::Email => Self::Email(Box::default()),
            Class::Calendar => Self::Event(Box::default()),
            Class::Contacts => Self::Contact(Box::default()),
            Class::Tasks => Self::Task(Box::default()),
            Class::Notes => Self::Note(Box::default()),
        }
    }

    /// Its text.
    pub fn body(&self) -> Option<&Body> {
        match self {
            Self::Email(email) => email.body.as_ref(),
            Self::Event(event) => event.body.as_ref(),
            Self::Contact(contact) => contact.body.as_ref(),
            Self::Task(task) => task.body.as_ref(),
            Self::Note(note) => note.body.as_ref(),
        }
    }

    /// Its text.
    pub fn body_mut(&mut self) -> Option<&mut Body> {
        match self {
            Self::Email(email) => email.body.as_mut(),
            Self::Event(event) => event.body.as_mut(),
            Self::Contact(contact) => contact.body.as_mut(),
            Self::Task(task) => task.body.as_mut(),
            Self::Note(note) => note.body.as_mut(),
        }
    }

    /// Reads the children of an `ApplicationData` (or `Properties`) that was just entered.
    pub(super) fn read(r: &mut Reader<'_>, class: Class) -> Result<Self, Error> {
        Ok(match class {
            Class::Email => Self::Email(Box::new(Email::read(r)?)),
            Class::Calendar => Self::Event(Box::new(Event::read(r)?)),
            Class::Contacts => Self::Contact(Box::new(Contact::read(r)?)),
            Class::Tasks => Self::Task(Box::new(Task::read(r)?)),
            Class::Notes => Self::Note(Box::new(Note::read(r)?)),
        })
    }

    /// Writes an `ApplicationData`.
    pub(super) fn write(&self, w: &mut Writer, version: Version) {
        w.element(AirSync::ApplicationData, |w| match self {
            Self::Email(email) => email.write(w, version),
            Self::Event(event) => event.write(w, version),
            Self::Contact(contact) => contact.write(w, version),
            Self::Task(task) => task.write(w, version),
            Self::Note(note) => note.write(w),
        });
    }
}

/// Reads a list of strings: the children `one` of the element just entered.
fn read_list(r: &mut Reader<'_>, one: Tag) -> Result<Vec<String>, Error> {
    let mut list = Vec::new();
    while let Some(tag) = r.child()? {
        if tag == one {
            list.push(r.text()?.into_owned());
        } else {
            r.skip()?;
        }
    }
    Ok(list)
}

/// Writes a list of strings; an empty list is an empty element, and none is none.
fn write_list(w: &mut Writer, all: Tag, one: Tag, list: Option<&[String]>) {
    if let Some(list) = list {
        w.element(all, |w| {
            for entry in list {
                w.text(one, entry);
            }
        });
    }
}
