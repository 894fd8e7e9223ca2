//! A source over a directory of events, tasks, journal entries and contacts: the vdir convention,
//! which khal, todoman, vdirsyncer and others share.
//!
//! | what | where |
//! | --- | --- |
//! | collection | a folder right below the root; hidden ones are none |
//! | item | a file in it, named `*.ics` or `*.vcf` and not hidden: one vCard, or one iCalendar object of one UID with all its overrides |
//! | id | the name of the file |
//! | revision | inode, time of modification and size of the file |
//! | what people see | the files `displayname`, `color` (`#RRGGBB`), `description` and `order` |
//! | cursor | a sum over names and revisions, in 256 groups |
//!
//! A listing asks when each file was last written and reads only those in groups whose sums differ;
//! one after which nobody wrote reads none. Other programs may write at any time: files are replaced
//! as a whole, and a write fails if its file is not as the plan saw it. All other files, hidden,
//! `*~` and `*.tmp` among them, are left alone. A file that is not exactly one item is told as
//! unreadable and stops nothing else.
//!
//! A new file is named after the item's UID where that is safe for all programs and file systems,
//! else after a hash of it.
//!
//! # What a folder may hold
//! That follows from its files: a folder with `.ics` holds events, tasks and notes, one with `.vcf`
//! contacts, and an empty one pairs with whatever bears its name on the other side, a calendar or an
//! address book. Where the other side has a folder of events and one of tasks of that name, it pairs with
//! both, each for its kind. So keep calendars below one root and address books below another, as the other
//! programs want it anyway: else an empty folder would be taken for missing on both sources.
//!
//! A folder name stands for a path. What a name cannot say is escaped as `\` and two hex digits, and
//! a path of several segments is one folder, `outer \ inner`, since a vdir has no folders in folders.

mod content;
mod file;
mod layout;
mod look;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use crate::error::{Error, ErrorKind, Result};
use crate::local::files::blocking;
use crate::merge;
use crate::model::{Collection, CollectionId, Cursor, Item, ItemId, NewCollection};
use crate::source::{Applied, Capabilities, ChangePage, Coverage, Depth, Mutation, Source};
use layout::resolve;
use look::{Look, Sums, Time, folder_time};
use write::{Batch, path_of};

/// Items that one step of a fetch reads, and bytes after which it or a page pauses.
const STEP_ITEMS: usize = 64;
const STEP_BYTES: u64 = 1024 * 1024;
/// Of so many looks while watching one asks every file and not the folder alone, since some
/// programs write into files.
const THOROUGH: u32 = 10;

/// How a [`Vdir`] works.
#[derive(Debug, Clone)]
pub struct VdirOptions {
    /// Whether writes are on the disk when they are answered. On by default.
    pub fsync: bool,
    /// Items a page; at least 1. 2,000 by default.
    pub page_items: usize,
    /// The pause between two looks while watching. One second by default.
    pub poll: Duration,
}

impl Default for VdirOptions {
    fn default() -> Self {
        Self {
            fsync: true,
            page_items: 2000,
            poll: Duration::from_secs(1),
        }
    }
}

/// A directory of collections in the vdir convention.
#[derive(Debug)]
pub struct Vdir {
    root: PathBuf,
    options: VdirOptions,
    capabilities: Capabilities,
    /// Listings of which not all pages were asked for yet.
    listings: HashMap<CollectionId, Listing>,
    listed: u64,
    /// What each listing saw, for `watch`.
    seen: HashMap<CollectionId, Seen>,
    /// Where something was written already.
    written: HashSet<CollectionId>,
}

#[derive(Debug)]
struct Listing {
    number: u64,
    look: Arc<Look>,
    /// What the folder was like when the caller last knew it.
    known: Option<Arc<Sums>>,
    next: usize,
}

#[derive(Debug)]
struct Seen {
    time: Time,
    sums: Sums,
}

impl Vdir {
    /// A source over this directory, which is made when the first collection is.
    ///
    /// # Errors
    /// The path is relative and there is no current directory.
    pub fn open(path: impl AsRef<Path>, options: VdirOptions) -> Result<Self> {
        let root = std::path::absolute(path)?;
        let account = root.display().to_string();
        Ok(Self {
            root,
            options,
            capabilities: Capabilities::new("vdir", account, layout::KINDS),
            listings: HashMap::new(),
            listed: 0,
            seen: HashMap::new(),
            written: HashSet::new(),
        })
    }

    /// Looks through a folder. A listing begins unless it is as it was known to be.
    async fn begin_listing(
        &mut self,
        c: &CollectionId,
        known: Option<Sums>,
    ) -> Result<Option<Listing>> {
        let folder = resolve(&self.root, c)?;
        let look = blocking(move || Look::take(&folder)).await?;
        let seen = Seen {
            time: look.time,
            sums: look.sums.clone(),
        };
        self.seen.insert(c.clone(), seen);
        self.listings.remove(c);
        if known.as_ref() == Some(&look.sums) {
            return Ok(None);
        }
        self.listed = self.listed.wrapping_add(1);
        Ok(Some(Listing {
            number: self.listed,
            look: Arc::new(look),
            known: known.map(Arc::new),
            next: 0,
        }))
    }

    async fn page(&mut self, c: &CollectionId, mut listing: Listing) -> Result<ChangePage> {
        let folder = resolve(&self.root, c)?;
        let (look, known) = (Arc::clone(&listing.look), listing.known.clone());
        let (from, size) = (listing.next, self.options.page_items.max(1));
        let mut page = ChangePage::new(Coverage::Snapshot, cursor_of(&look.sums));
        let (mut page, next) = blocking(move || {
            let next = fill(&mut page, &folder, &look, known.as_deref(), from, size);
            Ok((page, next))
        })
        .await?;
        for error in &mut page.unreadable {
            let bare = std::mem::replace(error, Error::new(ErrorKind::Item, ""));
            *error = bare.in_collection(c);
        }
        listing.next = next;
        if next < listing.look.names.len() {
            page.more = true;
            page.cursor = Cursor::new(format!("page {next} {}", listing.number));
            self.listings.insert(c.clone(), listing);
        }
        Ok(page)
    }

    /// The collections whose files are not as the listing saw them.
    async fn stirred(&mut self, c: &[CollectionId], thorough: bool) -> Result<Vec<CollectionId>> {
        let mut stirred = Vec::new();
        for id in c {
            let folder = resolve(&self.root, id)?;
            let before = self.seen.get(id).map(|seen| seen.time);
            let look = blocking(move || {
                let idle = !thorough && before == folder_time(&folder).ok();
                Ok((!idle).then(|| Look::take(&folder)))
            });
            match look.await? {
                None => {}
                Some(Ok(look)) => {
                    let now = Seen {
                        time: look.time,
                        sums: look.sums,
                    };
                    let same = |seen: &Seen| seen.sums == now.sums;
                    if !self.seen.get(id).is_none_or(same) {
                        stirred.push(id.clone());
                    } else {
                        self.seen.insert(id.clone(), now);
                    }
                }
                // What cannot be looked at is told when it is listed.
                Some(Err(_)) if before.is_some() => stirred.push(id.clone()),
                Some(Err(_)) => {}
            }
        }
        Ok(stirred)
    }
}

/// Puts the items from the `from`-th on into a page; says which comes next.
fn fill(
    page: &mut ChangePage,
    folder: &Path,
    look: &Look,
    known: Option<&Sums>,
    from: usize,
    size: usize,
) -> usize {
    if from == 0 {
        page.unreadable.extend(look.odd.iter().map(|name| {
            let why = format!("the file name {name:?} is not in UTF-8");
            Error::new(ErrorKind::Item, why)
        }));
    }
    let mut bytes = 0_u64;
    let mut next = from;
    for name in look.names.iter().skip(from).take(size) {
        if bytes >= STEP_BYTES {
            break;
        }
        next = next.saturating_add(1);
        if known.is_some_and(|known| known.agree_on(&look.sums, name)) {
            page.present.push(ItemId::new(&**name));
            continue;
        }
        match read_item(folder, name) {
            Ok(Some(item)) => {
                bytes = bytes.saturating_add(item.size.unwrap_or(0));
                page.changed.push(item);
            }
            Ok(None) => {}
            Err(error) => page.unreadable.push(error),
        }
    }
    next
}

/// Reads one item; `None` if it is not there. Every error concerns this item alone.
fn read_item(folder: &Path, name: &str) -> Result<Option<Item>> {
    let read = file::read(&folder.join(name));
    let Some((stamp, content)) = read.map_err(|error| {
        let why = format!("the file cannot be read: {error}");
        file::item_error(name, why).caused_by(error)
    })?
    else {
        return Ok(None);
    };
    let kind = content::kind(&content).map_err(|why| file::item_error(name, why))?;
    if !content::kinds_of_name(name.as_bytes()).contains(kind) {
        let why = format!("the file holds a {kind}, which its name denies");
        return Err(file::item_error(name, why));
    }
    let mut item = Item::new(name, kind, stamp.revision());
    item.size = Some(stamp.size);
    item.identity.uid = merge::uid(&content);
    item.body = Some(content.into());
    Ok(Some(item))
}

fn cursor_of(sums: &Sums) -> Cursor {
    Cursor::new(format!("at {}", sums.to_text()))
}

fn sums_of(cursor: &Cursor) -> Option<Sums> {
    Sums::from_text(cursor.as_str().strip_prefix("at ")?)
}

fn lost(c: &CollectionId) -> Error {
    let why = "the listing that this page belongs to is over";
    Error::new(ErrorKind::CursorLost, why).in_collection(c)
}

#[async_trait]
impl Source for Vdir {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        let root = self.root.clone();
        blocking(move || layout::collections(&root)).await
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        let (root, fsync) = (self.root.clone(), self.options.fsync);
        let (id, properties) = (layout::id_of(&new.path)?, new.properties.clone());
        blocking(move || layout::create(&root, &id, &properties, fsync)).await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let listing = match since {
            Some(cursor) if cursor.as_str().starts_with("page ") => {
                let listing = self.listings.remove(c).ok_or_else(|| lost(c))?;
                if cursor.as_str() != format!("page {} {}", listing.next, listing.number) {
                    return Err(lost(c));
                }
                Some(listing)
            }
            _ => {
                let known = match since {
                    Some(cursor) => Some(sums_of(cursor).ok_or_else(|| lost(c))?),
                    None => None,
                };
                let listing = self.begin_listing(c, known).await;
                listing.map_err(|error| error.in_collection(c))?
            }
        };
        match (listing, since) {
            (Some(listing), _) => {
                let page = self.page(c, listing).await;
                page.map_err(|error| error.in_collection(c))
            }
            (None, Some(cursor)) => Ok(ChangePage::unchanged(cursor.clone())),
            (None, None) => Err(lost(c)),
        }
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        _depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        let mut rest: Vec<ItemId> = Vec::with_capacity(ids.len());
        let mut once = HashSet::new();
        rest.extend(ids.iter().rev().filter(|id| once.insert(*id)).cloned());
        let root = &self.root;
        let steps = stream::unfold(rest, move |rest| async move {
            if rest.is_empty() {
                return None;
            }
            match fetch_step(root, c, rest).await {
                Ok(step) => Some(step),
                Err(error) => Some((vec![Err(error.in_collection(c))], Vec::new())),
            }
        });
        steps.flat_map(stream::iter).boxed()
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let batch = Batch {
            root: self.root.clone(),
            collection: c.clone(),
            fsync: self.options.fsync,
            first: self.written.insert(c.clone()),
            mutations: batch,
            sums: at.and_then(sums_of),
        };
        let done = blocking(move || batch.run()).await;
        let (outcomes, sums) = done.map_err(|error| error.in_collection(c))?;
        Ok(Applied {
            outcomes,
            cursor: sums.as_ref().map(cursor_of),
        })
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        let deadline = tokio::time::Instant::now().checked_add(timeout);
        for look in 0_u32.. {
            let stirred = self.stirred(c, look % THOROUGH == 0).await?;
            if !stirred.is_empty() {
                return Ok(stirred);
            }
            let now = tokio::time::Instant::now();
            let left = deadline.map_or(self.options.poll, |end| end.saturating_duration_since(now));
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(self.options.poll)).await;
        }
        Ok(Vec::new())
    }
}

/// Reads some of the items, taken from the end of `rest`; what remains goes into the next step.
async fn fetch_step(
    root: &Path,
    c: &CollectionId,
    mut rest: Vec<ItemId>,
) -> Result<(Vec<Result<Item>>, Vec<ItemId>)> {
    let folder = resolve(root, c)?;
    let c = c.clone();
    blocking(move || {
        folder_time(&folder)?;
        let mut items = Vec::new();
        let mut bytes = 0_u64;
        while items.len() < STEP_ITEMS && bytes < STEP_BYTES {
            let Some(id) = rest.pop() else { break };
            if path_of(&folder, &id).is_none() {
                continue;
            }
            match read_item(&folder, id.as_str()) {
                Ok(Some(item)) => {
                    bytes = bytes.saturating_add(item.size.unwrap_or(0));
                    items.push(Ok(item));
                }
                Ok(None) => {}
                Err(error) => items.push(Err(error.in_collection(&c))),
            }
        }
        Ok((items, rest))
    })
    .await
}
