//! Search ([MS-ASCMD] section 2.2.1.16).

use super::{BodyPreference, Command, Name};
use crate::wire::class::{Class, Item, Values};
use crate::wire::wbxml::pages::{AirSync as A, Email, GAL, Search as S};
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{DateTime, Status, Version};

/// Searches the directory or the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Where, and for what.
    pub store: Store,
    /// From which hit to which, from 0 on. Some servers answer nothing without.
    pub range: (u32, u32),
}

/// What is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// The directory of addresses. Exchange finds nothing for less than four characters.
    Directory {
        /// The beginning of a name or an address.
        query: String,
        /// Whether pictures are wanted, from 14.1 on.
        pictures: bool,
    },
    /// Mail.
    Mailbox {
        /// Words.
        text: String,
        /// The folders; none for all.
        collections: Vec<String>,
        /// Received after.
        after: Option<DateTime>,
        /// Received before.
        before: Option<DateTime>,
        /// Whether the folders below are searched too.
        deep: bool,
        /// The form of body that is wanted.
        body: Option<BodyPreference>,
    },
}

/// The answer to [`Search`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchAnswer {
    /// Whether it worked.
    pub status: Option<Status>,
    /// What was found.
    pub hits: Vec<Hit>,
    /// How much there is in all.
    pub total: Option<u32>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hit {
    /// What fetches or answers it.
    pub long_id: Option<String>,
    /// Its folder.
    pub collection: Option<String>,
    /// A mail.
    pub mail: Option<Item>,
    /// An entry of the directory: `DisplayName`, `EmailAddress` and so on.
    pub entry: Values,
}

impl Command for Search {
    const NAME: Name = Name::Search;
    type Answer = SearchAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        let mut w = Writer::new();
        let range = format!("{}-{}", self.range.0, self.range.1);
        w.element(S::Search, |w| {
            w.element(S::Store, |w| match &self.store {
                Store::Directory { query, pictures } => {
                    w.text(S::Name, "GAL");
                    w.text(S::Query, query);
                    w.element(S::Options, |w| {
                        w.text(S::Range, &range);
                        if *pictures && version >= Version::V14_1 {
                            w.empty(S::Picture);
                        }
                    });
                }
                Store::Mailbox {
                    text,
                    collections,
                    after,
                    before,
                    deep,
                    body,
                } => {
                    w.text(S::Name, "Mailbox");
                    w.element(S::Query, |w| {
                        w.element(S::And, |w| {
                            w.text(A::Class, Class::Email.as_str());
                            collections.iter().for_each(|c| w.text(A::CollectionId, c));
                            w.text(S::FreeText, text);
                            for (tag, date) in [(S::GreaterThan, after), (S::LessThan, before)] {
                                if let Some(date) = date {
                                    w.element(tag, |w| {
                                        w.empty(Email::DateReceived);
                                        w.text(S::Value, &date.extended().to_string());
                                    });
                                }
                            }
                        });
                    });
                    w.element(S::Options, |w| {
                        // The server keeps what it found for the next pages.
                        if self.range.0 == 0 {
                            w.empty(S::RebuildResults);
                        }
                        if *deep {
                            w.empty(S::DeepTraversal);
                        }
                        w.text(S::Range, &range);
                        body.iter().for_each(|body| body.encode(w));
                    });
                }
            });
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<SearchAnswer, Error> {
        let mut r = Reader::new(body)?;
        r.root(S::Search)?;
        let mut answer = SearchAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                S::Status => answer.status = r.number()?.map(Status),
                S::Response => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            S::Store => self.decode_store(&mut r, &mut answer)?,
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &SearchAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}

impl Search {
    fn decode_store(&self, r: &mut Reader<'_>, answer: &mut SearchAnswer) -> Result<(), Error> {
        while let Some(tag) = r.child()? {
            match tag {
                S::Status => answer.status = r.number()?.map(Status),
                S::Total => answer.total = r.number()?,
                S::Result => {
                    let hit = self.decode_hit(r)?;
                    // A search without hits answers one empty result.
                    if hit != Hit::default() {
                        answer.hits.push(hit);
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(())
    }

    fn decode_hit(&self, r: &mut Reader<'_>) -> Result<Hit, Error> {
        let mut hit = Hit::default();
        while let Some(tag) = r.child()? {
            match tag {
                S::LongId => hit.long_id = Some(r.text()?.into_owned()),
                A::CollectionId => hit.collection = Some(r.text()?.into_owned()),
                S::Properties => match self.store {
                    Store::Mailbox { .. } => hit.mail = Some(Item::read(r, Class::Email)?),
                    Store::Directory { .. } => hit.entry = entry(r)?,
                },
                _ => r.skip()?,
            }
        }
        Ok(hit)
    }
}

/// An entry of the directory; a picture's bytes come under [`GAL::Data`].
pub(super) fn entry(r: &mut Reader<'_>) -> Result<Values, Error> {
    let mut entry = Values::default();
    while let Some(tag) = r.child()? {
        match tag {
            GAL::Picture => {
                while let Some(tag) = r.child()? {
                    match tag {
                        GAL::Data => entry.set(tag, r.text()?),
                        _ => r.skip()?,
                    }
                }
            }
            _ => entry.set(tag, r.text()?),
        }
    }
    Ok(entry)
}
