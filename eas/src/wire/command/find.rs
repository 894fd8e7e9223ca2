//! Find ([MS-ASCMD] section 2.2.1.2): 16.1.

use super::{Command, Name, search};
use crate::wire::class::{Class, Values};
use crate::wire::wbxml::pages::{AirSync as A, Find as F};
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{Status, Version};

/// Searches mail or the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// A GUID that names the search.
    pub search_id: String,
    /// Where, and for what.
    pub criterion: FindCriterion,
    /// From which hit to which; begins at 0.
    pub range: (u32, u32),
}

/// What is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FindCriterion {
    /// Mail.
    Mailbox {
        /// In the Keyword Query Language: `from:x subject:"y"`.
        text: String,
        /// The folder; none for all.
        collection: Option<String>,
        /// Whether the folders below are searched too.
        deep: bool,
    },
    /// The directory of addresses.
    Directory {
        /// The beginning of a name or an address.
        query: String,
    },
}

/// The answer to [`Find`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindAnswer {
    /// Whether it worked.
    pub status: Option<Status>,
    /// What was found.
    pub hits: Vec<Found>,
    /// How much there is in all.
    pub total: Option<u32>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The item.
    pub id: Option<String>,
    /// Its folder.
    pub collection: Option<String>,
    /// `Subject`, `Preview`, `DisplayName` and so on.
    pub values: Values,
}

impl Command for Find {
    const NAME: Name = Name::Find;
    type Answer = FindAnswer;

    fn encode(&self, _: Version) -> Vec<u8> {
        let mut w = Writer::new();
        let range = format!("{}-{}", self.range.0, self.range.1);
        w.element(F::Find, |w| {
            w.text(F::SearchId, &self.search_id);
            w.element(F::ExecuteSearch, |w| match &self.criterion {
                FindCriterion::Mailbox {
                    text,
                    collection,
                    deep,
                } => w.element(F::MailBoxSearchCriterion, |w| {
                    w.element(F::Query, |w| {
                        w.text(A::Class, Class::Email.as_str());
                        collection.iter().for_each(|c| w.text(A::CollectionId, c));
                        w.text(F::FreeText, text);
                    });
                    w.element(F::Options, |w| {
                        w.text(F::Range, &range);
                        if *deep {
                            w.empty(F::DeepTraversal);
                        }
                    });
                }),
                FindCriterion::Directory { query } => w.element(F::GalSearchCriterion, |w| {
                    w.text(F::Query, query);
                    w.element(F::Options, |w| w.text(F::Range, &range));
                }),
            });
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<FindAnswer, Error> {
        let mut r = Reader::new(body)?;
        r.root(F::Find)?;
        let mut answer = FindAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                F::Status => answer.status = r.number()?.map(Status),
                F::Response => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            F::Status => answer.status = r.number()?.map(Status),
                            F::Total => answer.total = r.number()?,
                            F::Result => answer.hits.push(found(&mut r)?),
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &FindAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}

fn found(r: &mut Reader<'_>) -> Result<Found, Error> {
    let mut found = Found::default();
    while let Some(tag) = r.child()? {
        match tag {
            A::ServerId => found.id = Some(r.text()?.into_owned()),
            A::CollectionId => found.collection = Some(r.text()?.into_owned()),
            F::Properties => found.values = search::entry(r)?,
            _ => r.skip()?,
        }
    }
    Ok(found)
}
