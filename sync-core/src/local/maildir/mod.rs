//! A source over a directory of Maildir folders.
//!
//! | what | where |
//! | --- | --- |
//! | id | the unique part of the file name |
//! | revision | the flags, as the file name says them |
//! | flags | the letters `D F P R S T` after `:2,`; `P` is the keyword `$Forwarded` |
//! | keywords | the letters `a` to `z`, named by Dovecot's `dovecot-keywords`; more are not held |
//! | date | the modification time |
//! | content | with LF where that is reversible, else as it is |
//! | cursor | the modification times of `cur` and `new` |
//!
//! A listing reads the directories and no file; while their modification times stay, it does not
//! even do that. Other programs may deliver, rename and remove at any time: a write names the file
//! by the flags that the plan saw, and fails if they changed.
//!
//! Messages are written to `tmp` and renamed: to `new` if they have no flag, as mail that nobody
//! has looked at, else to `cur`. With [`MaildirOptions::fsync`] a batch is on the disk when
//! [`apply`](crate::Source::apply) returns.

mod content;
mod folder;
mod keywords;
mod layout;
mod name;
mod scan;
#[cfg(test)]
mod tests;
mod utf7;
mod write;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

pub use layout::Layout;

use crate::error::{Error, ErrorKind, Result};
use crate::local::files::blocking;
use crate::model::{Collection, CollectionId, Cursor, Item, ItemId, KindSet, NewCollection};
use crate::source::{Applied, Capabilities, ChangePage, Coverage, Depth, Mutation, Source};
use folder::Folder;
use layout::resolve;
use scan::{Index, Names, Stamp};
use write::Batch;

/// Items that one step of a fetch reads, and bytes after which it pauses.
const STEP_ITEMS: usize = 64;
const STEP_BYTES: u64 = 1024 * 1024;

/// How a [`Maildir`] works.
#[derive(Debug, Clone)]
pub struct MaildirOptions {
    /// How subfolders lie; `None` for what is there, [`Layout::Fs`] if nothing is.
    pub layout: Option<Layout>,
    /// Whether writes are on the disk when they are answered. On by default.
    pub fsync: bool,
    /// Items a page; at least 1. 2,000 by default.
    pub page_items: usize,
    /// The pause between two looks while watching. One second by default.
    pub poll: Duration,
}

impl Default for MaildirOptions {
    fn default() -> Self {
        Self {
            layout: None,
            fsync: true,
            page_items: 2000,
            poll: Duration::from_secs(1),
        }
    }
}

/// A directory of Maildir folders.
#[derive(Debug)]
pub struct Maildir {
    root: PathBuf,
    options: MaildirOptions,
    capabilities: Capabilities,
    /// The last look through a folder.
    index: Option<(CollectionId, Index)>,
    /// Listings of which not all pages were asked for yet.
    listings: HashMap<CollectionId, Listing>,
    /// What each listing saw, for `watch`.
    seen: HashMap<CollectionId, Stamp>,
    /// Where something was written already.
    written: HashSet<CollectionId>,
}

#[derive(Debug)]
struct Listing {
    name: String,
    names: Arc<Names>,
    next: usize,
    cursor: Cursor,
}

impl Maildir {
    /// A source over this directory, which is made when the first folder is.
    ///
    /// # Errors
    /// The path is relative and there is no current directory.
    pub fn open(path: impl AsRef<Path>, options: MaildirOptions) -> Result<Self> {
        let root = std::path::absolute(path)?;
        let account = root.display().to_string();
        let mut capabilities = Capabilities::new("maildir", account, KindSet::MAIL);
        // A batch is synchronised as a whole.
        capabilities.batch_items = 250;
        Ok(Self {
            root,
            options,
            capabilities,
            index: None,
            listings: HashMap::new(),
            seen: HashMap::new(),
            written: HashSet::new(),
        })
    }

    fn layout(&self) -> Layout {
        let given = self.options.layout;
        given.unwrap_or_else(|| layout::detect(&self.root))
    }

    /// The index of a collection, if it is the one that was looked through last.
    fn take_index(&mut self, c: &CollectionId) -> Option<Index> {
        let (of, index) = self.index.take()?;
        (of == *c).then_some(index)
    }

    fn keep_index(&mut self, c: &CollectionId, index: Option<Index>) {
        self.index = index.map(|index| (c.clone(), index));
    }

    async fn begin_listing(&mut self, c: &CollectionId) -> Result<Listing> {
        let folder = resolve(&self.root, c)?;
        let now = SystemTime::now();
        let (names, stamp) = blocking(move || Names::read(&folder)).await?;
        let names = Arc::new(names);
        self.seen.insert(c.clone(), stamp);
        self.keep_index(c, Index::new(Arc::clone(&names)).keep());
        let name = name::unique();
        let cursor = if stamp.is_racy(now) {
            // Never met again: the next run must look.
            Cursor::new(format!("racy {name}"))
        } else {
            cursor_of(&stamp)
        };
        Ok(Listing {
            name,
            names,
            next: 0,
            cursor,
        })
    }

    fn page(&mut self, c: &CollectionId, mut listing: Listing) -> ChangePage {
        let size = self.options.page_items.max(1);
        let items = listing.names.items(listing.next, size);
        let mut page = ChangePage::new(Coverage::Snapshot, listing.cursor.clone());
        if listing.next == 0 {
            let odd = listing.names.odd.iter();
            page.unreadable = odd
                .map(|name| {
                    let why = format!("the file name {name:?} is not in UTF-8");
                    Error::new(ErrorKind::Item, why).in_collection(c)
                })
                .collect();
        }
        listing.next = listing.next.saturating_add(items.len());
        page.changed = items;
        if listing.next < listing.names.len() {
            page.more = true;
            page.cursor = Cursor::new(format!("page {} {}", listing.next, listing.name));
            self.listings.insert(c.clone(), listing);
        }
        page
    }

    /// The collections whose directories are not as the listing saw them.
    fn stirred(&mut self, c: &[CollectionId]) -> Vec<CollectionId> {
        let mut stirred = Vec::new();
        for id in c {
            // What cannot be looked at is told when it is listed.
            let stamp = resolve(&self.root, id).and_then(|path| Stamp::take(&path));
            let now = stamp.ok();
            match (self.seen.get(id), now) {
                (None, Some(now)) => {
                    self.seen.insert(id.clone(), now);
                }
                (seen, now) if seen == now.as_ref() => {}
                _ => stirred.push(id.clone()),
            }
        }
        stirred
    }
}

fn cursor_of(stamp: &Stamp) -> Cursor {
    Cursor::new(format!("at {stamp}"))
}

fn lost(c: &CollectionId) -> Error {
    let why = "the listing that this page belongs to is over";
    Error::new(ErrorKind::CursorLost, why).in_collection(c)
}

#[async_trait]
impl Source for Maildir {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        let (root, layout) = (self.root.clone(), self.layout());
        blocking(move || layout::folders(&root, layout)).await
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        let (root, layout, fsync) = (self.root.clone(), self.layout(), self.options.fsync);
        let path = new.path.clone();
        let same = move |c: &Collection| c.path == path || c.path.is_inbox() && path.is_inbox();
        let path = new.path.clone();
        blocking(move || {
            if let Some(there) = layout::folders(&root, layout)?.into_iter().find(&same) {
                return Ok(there);
            }
            let id = layout::id_of(&root, layout, &path)?;
            layout::create(&root, &id, layout, fsync)?;
            let made = layout::folders(&root, layout)?.into_iter().find(same);
            made.ok_or_else(|| {
                let why = "the folder was made and is not there";
                Error::new(ErrorKind::Local, why).in_collection(&id)
            })
        })
        .await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let listing = match since.map(Cursor::as_str) {
            Some(text) if text.starts_with("page ") => {
                let listing = self.listings.remove(c).ok_or_else(|| lost(c))?;
                if text != format!("page {} {}", listing.next, listing.name) {
                    return Err(lost(c));
                }
                listing
            }
            Some(text) if text.starts_with("at ") => {
                let folder = resolve(&self.root, c)?;
                let stamp = Stamp::take(&folder).map_err(|error| error.in_collection(c))?;
                if cursor_of(&stamp).as_str() == text {
                    self.seen.insert(c.clone(), stamp);
                    return Ok(ChangePage::unchanged(Cursor::new(text)));
                }
                let listing = self.begin_listing(c).await;
                listing.map_err(|error| error.in_collection(c))?
            }
            Some(text) if !text.starts_with("racy ") => return Err(lost(c)),
            _ => {
                let listing = self.begin_listing(c).await;
                listing.map_err(|error| error.in_collection(c))?
            }
        };
        Ok(self.page(c, listing))
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        let mut rest: Vec<ItemId> = Vec::with_capacity(ids.len());
        let mut once = HashSet::new();
        rest.extend(ids.iter().rev().filter(|id| once.insert(*id)).cloned());
        let index = self.take_index(c);
        let steps = stream::unfold(Some((self, index, rest)), move |state| async move {
            let (source, index, rest) = state?;
            if rest.is_empty() {
                source.keep_index(c, index.and_then(Index::keep));
                return None;
            }
            match source.fetch_step(c, index, rest, depth).await {
                Ok((items, index, rest)) => Some((items, Some((source, index, rest)))),
                Err(error) => Some((vec![Err(error.in_collection(c))], None)),
            }
        });
        steps.flat_map(stream::iter).boxed()
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        _at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let index = self.take_index(c);
        let batch = Batch {
            root: self.root.clone(),
            collection: c.clone(),
            fsync: self.options.fsync,
            first: self.written.insert(c.clone()),
            mutations: batch,
        };
        let done = blocking(move || batch.run(index)).await;
        let (outcomes, index) = done.map_err(|error| error.in_collection(c))?;
        self.keep_index(c, index);
        Ok(Applied {
            outcomes,
            cursor: None,
        })
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        let deadline = tokio::time::Instant::now().checked_add(timeout);
        loop {
            let stirred = self.stirred(c);
            if !stirred.is_empty() {
                return Ok(stirred);
            }
            let now = tokio::time::Instant::now();
            let left = deadline.map_or(self.options.poll, |end| end.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(Vec::new());
            }
            tokio::time::sleep(left.min(self.options.poll)).await;
        }
    }
}

type Step = (Vec<Result<Item>>, Option<Index>, Vec<ItemId>);

impl Maildir {
    /// Reads some of the items, taken from the end of `rest`.
    async fn fetch_step(
        &self,
        c: &CollectionId,
        index: Option<Index>,
        mut rest: Vec<ItemId>,
        depth: Depth,
    ) -> Result<Step> {
        let path = resolve(&self.root, c)?;
        let (c, fsync) = (c.clone(), self.options.fsync);
        blocking(move || {
            let mut folder = Folder::open(path, index, fsync)?;
            let mut items = Vec::new();
            let mut bytes = 0_u64;
            while items.len() < STEP_ITEMS && bytes < STEP_BYTES {
                let Some(id) = rest.pop() else { break };
                match folder.read(&id, depth) {
                    Ok(Some(item)) => {
                        let body = item.body.as_ref();
                        bytes = bytes.saturating_add(body.map_or(0, crate::model::Body::len));
                        items.push(Ok(item));
                    }
                    Ok(None) => {}
                    Err(error) if error.item().is_some() => {
                        items.push(Err(error.in_collection(&c)));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok((items, folder.into_index(), rest))
        })
        .await
    }
}
