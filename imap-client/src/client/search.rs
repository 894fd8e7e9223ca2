//! SEARCH, SORT and THREAD.

use crate::wire::command::{SearchKey, SearchReturn, SortKey};
use crate::wire::response::Thread;
use crate::wire::{Command, Response, UidSet};

use super::Client;
use super::call::Call;
use super::error::Result;
use super::session::{Session, tag_number};

/// What UID SEARCH found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SearchResult {
    /// The UIDs, as ranges; of those asked for by `PARTIAL`, the window.
    pub uids: UidSet,
    /// How many were found, if COUNT was asked for.
    pub count: Option<u32>,
    /// The smallest, if MIN was asked for.
    pub min: Option<u32>,
    /// The largest, if MAX was asked for.
    pub max: Option<u32>,
    /// The highest mod-sequence among them (RFC 7162 section 3.1.5), if MODSEQ was searched for.
    pub mod_seq: Option<u64>,
}

/// What UID SORT found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sorted {
    /// The UIDs in the order asked for.
    pub uids: Vec<u32>,
    /// The highest mod-sequence among them.
    pub mod_seq: Option<u64>,
}

impl Call<SearchResult> {
    /// See [`Client::uid_search`].
    #[must_use]
    pub fn uid_search(key: &SearchKey) -> Self {
        let key = key.clone();
        Self::searching(move |session| {
            let all = SearchReturn {
                all: true,
                ..SearchReturn::default()
            };
            let returned = session.has("ESEARCH").then_some(all);
            Ok(Command::search(true, &key, returned, session.is_utf8()))
        })
    }

    /// See [`Client::uid_search_return`].
    #[must_use]
    pub fn uid_search_return(key: &SearchKey, returned: SearchReturn) -> Self {
        let key = key.clone();
        Self::searching(move |session| {
            session.require("ESEARCH")?;
            if returned.save {
                session.require("SEARCHRES")?;
            }
            if returned.partial.is_some() {
                session.require("PARTIAL")?;
            }
            Ok(Command::search(
                true,
                &key,
                Some(returned),
                session.is_utf8(),
            ))
        })
    }

    fn searching(build: impl FnOnce(&Session) -> Result<Command> + Send + 'static) -> Self {
        Self::build(build, |own, tag, response| {
            match response {
                Response::Search(search) => {
                    // Some servers cut a long answer into several lines.
                    own.uids.union_with(&search.ids);
                    own.mod_seq = own.mod_seq.max(search.mod_seq);
                }
                Response::Esearch(found)
                    if found
                        .tag
                        .as_deref()
                        .is_none_or(|t| tag_number(t) == Some(tag)) =>
                {
                    let windows = found.partial.map(|window| window.ids);
                    for ids in found.all.iter().chain(&windows) {
                        own.uids.union_with(ids);
                    }
                    own.count = found.count.or(own.count);
                    own.min = found.min.or(own.min);
                    own.max = found.max.or(own.max);
                    own.mod_seq = own.mod_seq.max(found.mod_seq);
                }
                other => return Some(other),
            }
            None
        })
    }
}

impl Call<Sorted> {
    /// See [`Client::uid_sort`].
    #[must_use]
    pub fn uid_sort(order: &[(SortKey, bool)], key: &SearchKey) -> Self {
        let command = Command::sort(true, order, key);
        let build = |session: &Session| session.require("SORT").map(|()| command);
        Self::build(build, |own, _, response| match response {
            Response::Sort(sort) => {
                own.uids.extend(sort.ids);
                own.mod_seq = own.mod_seq.max(sort.mod_seq);
                None
            }
            other => Some(other),
        })
    }
}

impl Call<Vec<Thread>> {
    /// See [`Client::uid_thread`].
    #[must_use]
    pub fn uid_thread(algorithm: &str, key: &SearchKey) -> Self {
        let extension = format!("THREAD={algorithm}");
        let command = Command::thread(true, algorithm, key);
        let build = move |session: &Session| session.require(&extension).map(|()| command);
        Self::build(build, |own, _, response| match response {
            Response::Thread(threads) => {
                own.extend(threads);
                None
            }
            other => Some(other),
        })
    }
}

impl Client {
    /// UID SEARCH (RFC 9051 section 6.4.4). Where ESEARCH (RFC 4731) is offered the answer comes as
    /// ranges; a million UIDs in a row are then a few bytes.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn uid_search(&mut self, key: &SearchKey) -> Result<SearchResult> {
        self.run(Call::uid_search(key)).await
    }

    /// UID SEARCH with RETURN options: MIN, MAX, COUNT, ALL (RFC 4731), SAVE (RFC 5182), PARTIAL
    /// (RFC 9394).
    ///
    /// # Errors
    /// As [`run`](Self::run); [`ErrorKind::Unsupported`](super::ErrorKind::Unsupported) if the server
    /// lacks one of them.
    pub async fn uid_search_return(
        &mut self,
        key: &SearchKey,
        returned: SearchReturn,
    ) -> Result<SearchResult> {
        self.run(Call::uid_search_return(key, returned)).await
    }

    /// UID SORT (RFC 5256 section 3); the second of a pair says whether that order is reversed.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn uid_sort(&mut self, order: &[(SortKey, bool)], key: &SearchKey) -> Result<Sorted> {
        self.run(Call::uid_sort(order, key)).await
    }

    /// UID THREAD (RFC 5256 section 3) by an algorithm such as `REFERENCES`.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn uid_thread(&mut self, algorithm: &str, key: &SearchKey) -> Result<Vec<Thread>> {
        self.run(Call::uid_thread(algorithm, key)).await
    }
}
