//! Pages of a listing, and the cursors between them.

use std::fmt;

use super::options::Listing;
use super::state::{Entry, Folder, State};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CollectionId, Cursor, ItemId};
use crate::source::{ChangePage, Coverage};

/// Where a listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Everything up to this step of the change log is told.
    At(u64),
    /// Within a complete listing that began at step `start`: what has a uid up to `uid` is told.
    /// With `since`, what did not change after that step is told by its id alone.
    Within {
        since: Option<u64>,
        start: u64,
        uid: u64,
    },
}

struct Name {
    epoch: u32,
    validity: u32,
    place: Place,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.epoch, self.validity)?;
        match self.place {
            Place::At(seq) => write!(f, " {seq}"),
            Place::Within { since, start, uid } => {
                write!(f, " {start} {uid}")?;
                since.map_or(Ok(()), |since| write!(f, " {since}"))
            }
        }
    }
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let all: Vec<u64> = text
            .split(' ')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        let (head, place) = all.split_at_checked(2)?;
        let place = match *place {
            [seq] => Place::At(seq),
            [start, uid] => Place::Within {
                since: None,
                start,
                uid,
            },
            [start, uid, since] => Place::Within {
                since: Some(since),
                start,
                uid,
            },
            _ => return None,
        };
        Some(Self {
            epoch: u32::try_from(*head.first()?).ok()?,
            validity: u32::try_from(*head.get(1)?).ok()?,
            place,
        })
    }
}

fn cursor(folder: &Folder, place: Place) -> Cursor {
    let name = Name {
        epoch: folder.epoch,
        validity: folder.validity,
        place,
    };
    Cursor::new(name.to_string())
}

/// The cursor of a folder whose change log is told up to `seq`.
pub(super) fn cursor_at(folder: &Folder, seq: u64) -> Cursor {
    cursor(folder, Place::At(seq))
}

/// The step that a cursor between listings names, if it is one of this folder as it is.
pub(super) fn step_of(folder: &Folder, cursor: &Cursor) -> Option<u64> {
    match place(folder, cursor) {
        Ok(Place::At(seq)) => Some(seq),
        _ => None,
    }
}

fn place(folder: &Folder, cursor: &Cursor) -> Result<Place> {
    Name::parse(cursor.as_str())
        .filter(|name| name.epoch == folder.epoch && name.validity == folder.validity)
        .map(|name| name.place)
        .ok_or_else(|| {
            Error::new(ErrorKind::CursorLost, "the change log begins anew")
                .in_collection(&folder.collection.id)
        })
}

pub(super) fn unreadable(c: &CollectionId, id: &ItemId) -> Error {
    Error::new(ErrorKind::Item, "the item is damaged")
        .in_collection(c)
        .at_item(id)
}

/// The page of a listing that follows `since`.
pub(super) fn page(state: &State, folder: &Folder, since: Option<&Cursor>) -> Result<ChangePage> {
    let options = &state.options;
    let anew = |since| Place::Within {
        since,
        start: folder.seq,
        uid: 0,
    };
    let place = match since {
        None => anew(None),
        Some(since) => match place(folder, since)? {
            Place::At(seq) if options.notices_idle && seq == folder.seq => {
                return Ok(ChangePage::unchanged(since.clone()));
            }
            Place::At(seq) => match options.listing {
                Listing::Snapshot => anew(None),
                Listing::Presence => anew(Some(seq)),
                Listing::Delta => Place::At(seq),
            },
            within => within,
        },
    };
    Ok(match place {
        Place::At(seq) => delta(state, folder, seq),
        Place::Within { since, start, uid } => complete(state, folder, since, start, uid),
    })
}

fn limit(state: &State) -> usize {
    match state.options.page_items {
        0 => usize::MAX,
        n => n,
    }
}

fn complete(
    state: &State,
    folder: &Folder,
    since: Option<u64>,
    start: u64,
    uid: u64,
) -> ChangePage {
    let mut rest = folder.entries.range(uid.saturating_add(1)..).peekable();
    let mut page = ChangePage::new(Coverage::Snapshot, cursor_at(folder, start));
    let mut last = uid;
    for (uid, entry) in rest.by_ref().take(limit(state)) {
        last = *uid;
        if since.is_some_and(|since| entry.changed <= since) {
            page.present.push(folder.id(*uid));
        } else {
            tell(state, folder, &mut page, *uid, entry);
        }
    }
    if rest.peek().is_some() {
        page.more = true;
        let uid = last;
        page.cursor = cursor(folder, Place::Within { since, start, uid });
    }
    page
}

fn delta(state: &State, folder: &Folder, seq: u64) -> ChangePage {
    enum Event<'a> {
        Changed(u64, &'a Entry),
        Left(&'a super::state::Left),
    }
    let changed = folder.entries.iter();
    let changed = changed
        .filter(|(_, entry)| entry.changed > seq)
        .map(|(uid, entry)| (entry.changed, Event::Changed(*uid, entry)));
    let left = folder.left.range(seq.saturating_add(1)..);
    let mut events: Vec<_> = changed
        .chain(left.map(|(at, left)| (*at, Event::Left(left))))
        .collect();
    events.sort_by_key(|(at, _)| *at);
    let more = events.len() > limit(state);
    events.truncate(limit(state));
    let reached = match events.last() {
        Some((at, _)) if more => *at,
        _ => folder.seq,
    };
    let mut page = ChangePage::new(Coverage::Delta, cursor_at(folder, reached));
    page.more = more;
    for (_, event) in events {
        match event {
            Event::Changed(uid, entry) => tell(state, folder, &mut page, uid, entry),
            Event::Left(left) if left.released => page.released.push(left.id.clone()),
            Event::Left(left) => page.vanished.push(left.id.clone()),
        }
    }
    page
}

fn tell(state: &State, folder: &Folder, page: &mut ChangePage, uid: u64, entry: &Entry) {
    if entry.broken == Some(super::Broken::Listing) {
        let error = unreadable(&folder.collection.id, &folder.id(uid));
        page.unreadable.push(error);
    } else {
        page.changed.push(state.listed(folder, uid, entry));
    }
}
