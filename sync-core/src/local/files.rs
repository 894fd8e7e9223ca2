//! What sources over directories share.

use std::fs;
use std::io::{self, ErrorKind as IoKind};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

/// Does file work where it keeps nobody waiting.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(ErrorKind::Local, "file work was cut off").caused_by(error))?
}

/// Names the path in the error.
pub(super) fn at_path(path: &Path, error: io::Error) -> Error {
    let why = format!("{}: {error}", path.display());
    Error::new(ErrorKind::Local, why).caused_by(error)
}

/// Renames unless something is there.
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if fs::symlink_metadata(to).is_ok() {
                return Err(IoKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        other => Ok(other?),
    }
}

/// The text with each special character as `\` and two hex digits; `special` also gets the
/// character's place.
pub(super) fn escape(text: &str, special: impl Fn(char, usize) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.char_indices() {
        if special(c, i) {
            out.push_str(&format!("\\{:02x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// The inverse of [`escape`] for what it escaped; any other text comes through as it is.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, coded)) = rest.split_once('\\') {
        out.push_str(plain);
        let code = coded
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = match code.filter(u8::is_ascii) {
            Some(code) => {
                out.push(char::from(code));
                coded.get(2..).unwrap_or_default()
            }
            None => {
                out.push('\\');
                coded
            }
        };
    }
    out.push_str(rest);
    out
}
