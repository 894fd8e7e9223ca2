//! MoveItems ([MS-ASCMD] section 2.2.1.12).

use super::{Command, Name};
use crate::wire::wbxml::pages::Move as M;
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{Status, Version};

/// Moves items between folders of one class; at most 1,000.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MoveItems(pub Vec<Move>);

/// One item to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The item.
    pub item: String,
    /// Its folder.
    pub from: String,
    /// Its folder to be.
    pub to: String,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The item, by the id that it had.
    pub item: String,
    /// Whether it was moved; 3 says so.
    pub status: Status,
    /// Its id in the new folder.
    pub new_id: Option<String>,
}

impl Command for MoveItems {
    const NAME: Name = Name::MoveItems;
    /// In no particular order.
    type Answer = Vec<Moved>;

    fn encode(&self, _: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(M::MoveItems, |w| {
            for one in &self.0 {
                w.element(M::Move, |w| {
                    w.text(M::SrcMsgId, &one.item);
                    w.text(M::SrcFldId, &one.from);
                    w.text(M::DstFldId, &one.to);
                });
            }
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<Vec<Moved>, Error> {
        let mut r = Reader::new(body)?;
        r.root(M::MoveItems)?;
        let mut answer = Vec::new();
        while let Some(tag) = r.child()? {
            if tag != M::Response {
                r.skip()?;
                continue;
            }
            let mut moved = Moved {
                item: String::new(),
                status: Status(0),
                new_id: None,
            };
            while let Some(tag) = r.child()? {
                match tag {
                    M::SrcMsgId => moved.item = r.text()?.into_owned(),
                    M::Status => moved.status = Status(r.number()?.unwrap_or_default()),
                    M::DstMsgId => moved.new_id = Some(r.text()?.into_owned()),
                    _ => r.skip()?,
                }
            }
            answer.push(moved);
        }
        Ok(answer)
    }

    fn status(_: &Vec<Moved>) -> Option<Status> {
        None
    }

    fn is_repeatable(&self, _: Version) -> bool {
        false
    }
}
