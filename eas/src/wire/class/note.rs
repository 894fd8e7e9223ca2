//! Notes ([MS-ASNOTE]).

use super::{Body, Values, read_list, write_list};
use crate::wire::wbxml::pages::{AirSyncBase, Notes as N};
use crate::wire::wbxml::{Error, Reader, Writer};

/// A note.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Note {
    /// `Subject`, `MessageClass`, `LastModifiedDate`.
    pub values: Values,
    /// Categories.
    pub categories: Option<Vec<String>>,
    /// Its text.
    pub body: Option<Body>,
}

impl Note {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut note = Self::default();
        while let Some(tag) = r.child()? {
            match tag {
                N::Categories => note.categories = Some(read_list(r, N::Category)?),
                AirSyncBase::Body => note.body = Some(Body::read(r)?),
                _ => note.values.read(tag, r)?,
            }
        }
        Ok(note)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        self.values.write_page(w, N::Subject.page());
        write_list(w, N::Categories, N::Category, self.categories.as_deref());
        if let Some(body) = &self.body {
            body.write(w);
        }
    }
}
