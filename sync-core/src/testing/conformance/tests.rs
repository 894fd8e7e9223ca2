#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::local::maildir::Layout;
use crate::local::memory::{Ids, Listing};
use crate::local::{Maildir, MaildirOptions, MemoryOptions, MemoryStore, Vdir, VdirOptions};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(work)
}

fn passes(harness: &mut dyn Harness) {
    let report = block_on(run(harness));
    if let Err(report) = report.into_result() {
        panic!("{report}");
    }
}

struct InMemory {
    store: MemoryStore,
    profile: Profile,
    ids: Ids,
}

#[async_trait]
impl Harness for InMemory {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        Ok(Box::new(self.store.source()))
    }

    fn profile(&self) -> Profile {
        self.profile.clone()
    }

    async fn lose_cursors(&mut self, c: &CollectionId) -> Result<bool> {
        self.store.lose_cursors_of(c, self.ids)?;
        Ok(true)
    }
}

fn memory(kind: ItemKind, options: MemoryOptions, ids: Ids) -> InMemory {
    InMemory {
        profile: Profile {
            kind,
            pages: options.page_items > 0,
            ..Profile::default()
        },
        store: MemoryStore::new(options),
        ids,
    }
}

#[test]
fn memory_conforms_however_it_lists() {
    for kind in ItemKind::ALL {
        for listing in [Listing::Snapshot, Listing::Delta, Listing::Presence] {
            for page_items in [0, 3] {
                let options = MemoryOptions {
                    listing,
                    page_items,
                    notices_idle: page_items == 0,
                    inline_bodies: page_items == 3,
                    ..MemoryOptions::default()
                };
                passes(&mut memory(kind, options, Ids::Renewed));
            }
        }
    }
}

#[test]
fn memory_conforms_as_a_poor_server() {
    for kind in ItemKind::ALL {
        let options = MemoryOptions {
            returns_ids: false,
            returns_revisions: false,
            writes_move_cursor: true,
            unique_uids: true,
            moves: false,
            batch_items: 3,
            rewrite: Some(Arc::new(|_, content| {
                let text = String::from_utf8_lossy(content);
                text.replace("\r\n", "\r\nX-SERVER:1\r\n").into_bytes()
            })),
            ..MemoryOptions::default()
        };
        passes(&mut memory(kind, options, Ids::Kept));
    }
}

struct Directory {
    root: PathBuf,
    options: MaildirOptions,
    pages: bool,
}

#[async_trait]
impl Harness for Directory {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        let source = Maildir::open(&self.root, self.options.clone())?;
        Ok(Box::new(source))
    }

    fn profile(&self) -> Profile {
        Profile {
            pages: self.pages,
            ..Profile::default()
        }
    }
}

#[test]
fn maildir_conforms_in_both_layouts() {
    for layout in [Layout::MaildirPlusPlus, Layout::Fs] {
        for page_items in [2000, 3] {
            let dir = tempfile::tempdir().unwrap();
            passes(&mut Directory {
                root: dir.path().to_owned(),
                pages: page_items == 3,
                options: MaildirOptions {
                    layout: Some(layout),
                    fsync: page_items == 3,
                    page_items,
                    poll: Duration::from_millis(2),
                },
            });
        }
    }
}

#[test]
fn maildir_conforms_in_a_layout_that_it_finds() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("cur")).unwrap();
    passes(&mut Directory {
        root: dir.path().to_owned(),
        pages: false,
        options: MaildirOptions {
            poll: Duration::from_millis(2),
            ..MaildirOptions::default()
        },
    });
}

struct Collections {
    root: PathBuf,
    options: VdirOptions,
    kind: ItemKind,
}

#[async_trait]
impl Harness for Collections {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        Ok(Box::new(Vdir::open(&self.root, self.options.clone())?))
    }

    fn profile(&self) -> Profile {
        Profile {
            kind: self.kind,
            pages: self.options.page_items == 3,
            ..Profile::default()
        }
    }
}

#[test]
fn vdir_conforms_with_every_kind() {
    let kinds = KindSet::CALENDAR.with(ItemKind::Contact);
    for (kind, page_items) in kinds.iter().flat_map(|kind| [(kind, 2000), (kind, 3)]) {
        let dir = tempfile::tempdir().unwrap();
        passes(&mut Collections {
            root: dir.path().to_owned(),
            options: VdirOptions {
                fsync: page_items == 3,
                page_items,
                poll: Duration::from_millis(2),
            },
            kind,
        });
    }
}
