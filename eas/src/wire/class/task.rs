//! Tasks ([MS-ASTASK]).

use super::{Body, Recurrence, Values, read_list, write_list};
use crate::wire::Version;
use crate::wire::wbxml::pages::{AirSyncBase, Tasks as T};
use crate::wire::wbxml::{Error, Reader, Writer};

/// A task.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Task {
    /// `Subject`, `DueDate`, `Complete` and so on.
    pub values: Values,
    /// Categories.
    pub categories: Option<Vec<String>>,
    /// How it recurs.
    pub recurrence: Option<Option<Recurrence>>,
    /// Its text.
    pub body: Option<Body>,
}

impl Task {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut task = Self::default();
        while let Some(tag) = r.child()? {
            match tag {
                T::Categories => task.categories = Some(read_list(r, T::Category)?),
                T::Recurrence => task.recurrence = Some(Recurrence::read(r)?),
                AirSyncBase::Body => task.body = Some(Body::read(r)?),
                T::Body => Body::read_text(&mut task.body, r)?,
                T::BodyTruncated => Body::read_truncated(&mut task.body, r)?,
                _ => task.values.read(tag, r)?,
            }
        }
        Ok(task)
    }

    pub(super) fn write(&self, w: &mut Writer, version: Version) {
        if let Some(body) = &self.body {
            body.write_in(w, version, T::Body);
        }
        self.values.write_page(w, T::Subject.page());
        write_list(w, T::Categories, T::Category, self.categories.as_deref());
        match &self.recurrence {
            None => {}
            Some(None) => w.empty(T::Recurrence),
            Some(Some(recurrence)) => recurrence.write_task(w),
        }
    }
}
