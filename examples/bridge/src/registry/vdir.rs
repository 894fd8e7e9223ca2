use std::path::Path;

use sync_core::Source;
use sync_core::error::Result;
use sync_core::local::{Vdir, VdirOptions};

/// A directory of calendars or address books; it is made when the first one is.
pub(super) fn open(path: &Path) -> Result<Box<dyn Source>> {
    Ok(Box::new(Vdir::open(path, VdirOptions::default())?))
}
