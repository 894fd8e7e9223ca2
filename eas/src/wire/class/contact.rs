//! Contacts ([MS-ASCNTC]).

use super::{Body, Values, read_list, write_list};
use crate::wire::Version;
use crate::wire::wbxml::pages::{AirSyncBase, Contacts as C, Contacts2};
use crate::wire::wbxml::{Error, Reader, Writer};

/// A contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contact {
    /// `FirstName`, `Email1Address`, `Picture` and so on, of both code pages.
    pub values: Values,
    /// Categories.
    pub categories: Option<Vec<String>>,
    /// Names of children.
    pub children: Option<Vec<String>>,
    /// The note.
    pub body: Option<Body>,
}

impl Contact {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut contact = Self::default();
        while let Some(tag) = r.child()? {
            match tag {
                C::Categories => contact.categories = Some(read_list(r, C::Category)?),
                C::Children => contact.children = Some(read_list(r, C::Child)?),
                AirSyncBase::Body => contact.body = Some(Body::read(r)?),
                C::Body => Body::read_text(&mut contact.body, r)?,
                C::BodyTruncated => Body::read_truncated(&mut contact.body, r)?,
                _ => contact.values.read(tag, r)?,
            }
        }
        Ok(contact)
    }

    /// Writes all of one page before the next, as Exchange wants it.
    pub(super) fn write(&self, w: &mut Writer, version: Version) {
        self.values.write_page(w, C::FirstName.page());
        write_list(w, C::Categories, C::Category, self.categories.as_deref());
        write_list(w, C::Children, C::Child, self.children.as_deref());
        self.values.write_page(w, Contacts2::NickName.page());
        if let Some(body) = &self.body {
            body.write_in(w, version, C::Body);
        }
    }
}
