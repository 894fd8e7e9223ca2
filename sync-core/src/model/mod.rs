//! What every protocol has in common: items, collections, flags, cursors.

mod body;
mod collection;
mod flags;
mod identity;
mod item;
mod side;

pub use body::{Body, BodyChunks, BodyWriter, MEMORY_LIMIT};
pub use collection::{
    Collection, CollectionId, CollectionPath, CollectionProperties, NewCollection, Role,
};
pub use flags::{Flags, Keyword, SystemFlags};
pub use identity::{Digest, IDENTITY_PREFIX, Identity};
pub use item::{Cursor, Item, ItemId, ItemKind, KindSet, NewItem, Revision, Timestamp};
pub use side::{Both, Side};
