//! GetItemEstimate ([MS-ASCMD] section 2.2.1.9).

use super::{Command, Name};
use crate::wire::wbxml::pages::{AirSync as A, GetItemEstimate as G};
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{Status, Version};

/// Asks how many changes wait in folders; for progress bars.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetItemEstimate(pub Vec<EstimateOf>);

/// One folder whose changes are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EstimateOf {
    /// The folder.
    pub collection: String,
    /// Its key, which must not be `0`.
    pub key: String,
    /// Its class, as in [`Class::as_str`](crate::wire::class::Class::as_str).
    pub class: &'static str,
    /// As in [`Options::filter`](super::Options::filter).
    pub filter: Option<u8>,
}

/// How many changes wait in one folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Whether it could be counted.
    pub status: Option<Status>,
    /// The folder.
    pub collection: String,
    /// How many.
    pub estimate: Option<u32>,
}

impl Command for GetItemEstimate {
    const NAME: Name = Name::GetItemEstimate;
    type Answer = Vec<Estimate>;

    fn encode(&self, version: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(G::GetItemEstimate, |w| {
            w.element(G::Collections, |w| {
                for one in &self.0 {
                    w.element(G::Collection, |w| one.encode(version, w));
                }
            });
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<Vec<Estimate>, Error> {
        let mut r = Reader::new(body)?;
        r.root(G::GetItemEstimate)?;
        let mut answer = Vec::new();
        while let Some(tag) = r.child()? {
            match tag {
                G::Response => answer.push(estimate(&mut r)?),
                // An error of the whole command.
                G::Status => answer.push(Estimate {
                    status: r.number()?.map(Status),
                    ..Estimate::default()
                }),
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(_: &Vec<Estimate>) -> Option<Status> {
        None
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}

impl EstimateOf {
    fn encode(&self, version: Version, w: &mut Writer) {
        if version >= Version::V14_0 {
            w.text(A::SyncKey, &self.key);
            w.text(G::CollectionId, &self.collection);
            w.element(A::Options, |w| {
                if let Some(filter) = self.filter {
                    w.number(A::FilterType, filter);
                }
                w.text(A::Class, self.class);
            });
        } else {
            w.text(G::Class, self.class);
            w.text(G::CollectionId, &self.collection);
            if let Some(filter) = self.filter {
                w.number(A::FilterType, filter);
            }
            w.text(A::SyncKey, &self.key);
        }
    }
}

fn estimate(r: &mut Reader<'_>) -> Result<Estimate, Error> {
    let mut answer = Estimate::default();
    while let Some(tag) = r.child()? {
        match tag {
            G::Status => answer.status = r.number()?.map(Status),
            G::Collection => {
                while let Some(tag) = r.child()? {
                    match tag {
                        G::CollectionId => answer.collection = r.text()?.into_owned(),
                        G::Estimate => answer.estimate = r.number()?,
                        _ => r.skip()?,
                    }
                }
            }
            _ => r.skip()?,
        }
    }
    Ok(answer)
}
