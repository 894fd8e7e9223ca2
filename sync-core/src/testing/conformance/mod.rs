//! One suite for every implementation of [`Source`].
//!
//! Implement [`Harness`] for the account under test and call [`run`]:
//!
//! ```
//! use async_trait::async_trait;
//! use sync_core::local::MemoryStore;
//! use sync_core::testing::conformance::{self, Harness};
//! use sync_core::{Result, Source};
//!
//! struct InMemory(MemoryStore);
//!
//! #[async_trait]
//! impl Harness for InMemory {
//!     async fn connect(&mut self) -> Result<Box<dyn Source>> {
//!         Ok(Box::new(self.0.source()))
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let report = conformance::run(&mut InMemory(MemoryStore::default())).await;
//! println!("{report}");
//! report.into_result()
//! # }).unwrap();
//! ```
//!
//! Every case makes collections of its own, named after it, and looks at nothing else; so an
//! account may hold other things, and one that already ran the suite must be emptied first.

mod collections;
mod content;
#[cfg(test)]
mod flaws;
mod history;
mod reading;
mod samples;
#[cfg(test)]
mod tests;
mod world;
mod writing;

use std::fmt;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::error::{Error, Result};
use crate::model::{Collection, CollectionId, CollectionPath, ItemKind, KindSet, NewCollection};
use crate::source::Source;

/// The account under test.
#[async_trait]
pub trait Harness: Send {
    /// A further, independent source on the account: another connection, another process.
    async fn connect(&mut self) -> Result<Box<dyn Source>>;

    /// What the suite may ask of the account.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// An empty collection of this name. Where collections cannot be created, one that is there
    /// and was not given out before.
    async fn collection(
        &mut self,
        source: &mut dyn Source,
        path: &CollectionPath,
    ) -> Result<Collection> {
        let new = NewCollection {
            path: path.clone(),
            kinds: KindSet::of(self.profile().kind),
            role: None,
            properties: crate::model::CollectionProperties::default(),
        };
        source.create_collection(&new).await
    }

    /// Makes every cursor of the collection void, as the account's owner may do (a new
    /// UIDVALIDITY). `false` if that cannot be ordered here.
    async fn lose_cursors(&mut self, c: &CollectionId) -> Result<bool> {
        let _ = c;
        Ok(false)
    }
}

/// What the suite may ask of an account. What [`Capabilities`](crate::source::Capabilities) say is
/// not repeated here. By default everything is asked of a source of mail.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The kind of item to test with; a source of several kinds is tested once with each.
    pub kind: ItemKind,
    /// Whether keywords can be set.
    pub keywords: bool,
    /// Whether INTERNALDATE is kept, to the second.
    pub dates: bool,
    /// Whether messages may hold NUL, bare CR and bare LF, or nothing at all.
    pub any_bytes: bool,
    /// Bytes of a large content.
    pub large: usize,
    /// Whether collections stand in collections.
    pub nested: bool,
    /// Names of collections that the account cannot hold.
    pub bad_names: &'static [&'static str],
    /// Whether listings of 25 items come in several pages.
    pub pages: bool,
    /// Whether [`watch`](crate::Source::watch) notices what others do.
    pub watch: bool,
    /// Cases that are left out, with the reason.
    pub skip: &'static [(&'static str, &'static str)],
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            kind: ItemKind::Message,
            keywords: true,
            dates: true,
            any_bytes: true,
            large: 2 * 1024 * 1024,
            nested: true,
            bad_names: &[],
            pages: false,
            watch: true,
            skip: &[],
        }
    }
}

/// Why a case failed.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("unexpected error: {error:?}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(format!("a content could not be read: {error}"))
    }
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The source does as it should.
    Passed,
    /// It does not concern this source.
    Skipped(&'static str),
}

type CaseResult = std::result::Result<Verdict, Failure>;

/// One case of the suite.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    work: for<'a> fn(&'a mut dyn Harness) -> BoxFuture<'a, CaseResult>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

impl Case {
    /// Runs it.
    ///
    /// # Errors
    /// What the source did wrong.
    pub async fn run(&self, harness: &mut dyn Harness) -> CaseResult {
        (self.work)(harness).await
    }
}

/// Fails the case unless something holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::testing::conformance::Failure(format!($($why)+)));
        }
    };
}
use ensure;

/// Fails the case unless both are equal.
macro_rules! same {
    ($left:expr, $right:expr, $($what:tt)+) => {
        match (&$left, &$right) {
            (left, right) => ensure!(
                left == right,
                "{}: {left:?} is not {right:?}",
                format_args!($($what)+)
            ),
        }
    };
}
use same;

/// Lists the cases of the suite by their functions.
macro_rules! cases {
    ($($room:ident: $($case:ident)+;)+) => {
        const CASES: &[Case] = &[$($(Case {
            name: stringify!($case),
            work: |harness| Box::pin($room::$case(harness)),
        },)+)+];
    };
}

cases! {
    reading:
        a_new_collection_is_empty
        listing_and_fetch_agree
        an_identity_recognises
        an_empty_fetch_gives_nothing
        unknown_ids_are_left_out
        an_id_asked_twice_is_given_once
        a_missing_collection_is_an_error
        two_sources_see_the_same;
    writing:
        a_created_item_is_there
        an_empty_batch_does_nothing
        a_batch_is_answered_in_order
        a_large_batch_is_carried_out
        a_wrong_guard_writes_nothing
        what_is_gone_is_said_to_be
        an_update_changes_its_revision_alone
        a_replaced_content_is_read_back
        flags_are_kept
        keywords_are_kept
        flags_named_by_neither_stay
        flags_that_are_set_can_be_set
        dates_are_kept
        a_delete_removes_one
        another_kind_is_refused
        a_third_party_is_not_overwritten
        a_move_keeps_everything
        a_move_is_guarded
        a_move_to_nowhere_loses_nothing;
    history:
        an_idle_collection_has_no_news
        a_difference_is_told
        own_writes_are_no_news
        an_old_cursor_tells_everything_since
        a_cursor_serves_another_source
        every_item_is_on_one_page
        an_edit_between_pages_is_not_lost
        a_nonsense_cursor_is_lost
        a_lost_cursor_is_said
        watch_tells_of_others;
    collections:
        a_created_collection_is_found
        creating_what_is_there_is_no_error
        collections_do_not_mix
        special_names_come_back
        a_collection_stands_in_another;
    content:
        eight_bit_and_long_lines_are_kept
        any_bytes_are_kept
        a_large_content_is_kept
        equal_messages_stay_two
        uids_are_told_apart
        overrides_may_come_first;
}

/// The cases of the suite, in their order.
pub fn cases() -> &'static [Case] {
    CASES
}

/// Runs the whole suite; one failing case stops no other.
pub async fn run(harness: &mut dyn Harness) -> Report {
    let mut report = Report::default();
    let skip = harness.profile().skip;
    for case in cases() {
        let left_out = skip.iter().find(|(name, _)| *name == case.name);
        let ended = match left_out {
            Some((_, why)) => Ok(Verdict::Skipped(why)),
            None => case.run(harness).await,
        };
        match ended {
            Ok(Verdict::Passed) => report.passed.push(case.name),
            Ok(Verdict::Skipped(why)) => report.skipped.push((case.name, why)),
            Err(why) => report.failed.push((case.name, why)),
        }
    }
    report
}

/// How the suite ended.
#[derive(Debug, Default)]
pub struct Report {
    /// The cases in which the source did as it should.
    pub passed: Vec<&'static str>,
    /// The cases that do not concern it, and why.
    pub skipped: Vec<(&'static str, &'static str)>,
    /// The cases in which it did not, and what it did.
    pub failed: Vec<(&'static str, Failure)>,
}

impl Report {
    /// The report, as an error if a case failed.
    ///
    /// # Errors
    /// The report itself.
    pub fn into_result(self) -> std::result::Result<Self, Self> {
        if self.failed.is_empty() {
            Ok(self)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in &self.failed {
            writeln!(f, "FAILED {name}: {why}")?;
        }
        for (name, why) in &self.skipped {
            writeln!(f, "skipped {name}: {why}")?;
        }
        let (passed, failed) = (self.passed.len(), self.failed.len());
        write!(f, "{passed} passed, {failed} failed, ")?;
        write!(f, "{} skipped", self.skipped.len())
    }
}
