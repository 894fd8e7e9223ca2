use std::path::Path;

use sync_core::Source;
use sync_core::error::Result;
use sync_core::local::maildir::Layout;
use sync_core::local::{Maildir, MaildirOptions};

use crate::config::MaildirLayout;

/// A directory of Maildirs; it is made when the first folder is.
pub(super) fn open(path: &Path, layout: Option<MaildirLayout>) -> Result<Box<dyn Source>> {
    let layout = layout.map(|layout| match layout {
        MaildirLayout::Maildirpp => Layout::MaildirPlusPlus,
        MaildirLayout::Fs => Layout::Fs,
    });
    let options = MaildirOptions {
        layout,
        ..MaildirOptions::default()
    };
    Ok(Box::new(Maildir::open(path, options)?))
}
