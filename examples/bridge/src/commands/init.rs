//! `bridge init`

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sync_core::error::{Error, ErrorKind};

use crate::config::TEMPLATE;
use crate::failure::{Ending, Failure};
use crate::output::{Output, Record};

#[derive(Serialize)]
struct Written {
    file: PathBuf,
}

impl Record for Written {
    const TYPE: &'static str = "init";
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        write!(f, "Wrote {file}. Edit it, then run `bridge check`.")
    }
}

/// Writes the commented template; never over a file that is there.
pub(crate) fn run(file: &Path, output: Output) -> Result<Ending, Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    // A password may come to stand in it.
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut config = options.open(file).map_err(|error| {
        let file = file.display();
        let message = match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                format!("{file} is there already; it was left as it is")
            }
            _ => format!("cannot write {file}: {error}"),
        };
        Failure::Core(Error::new(ErrorKind::Local, message))
    })?;
    config.write_all(TEMPLATE.as_bytes())?;
    config.sync_all()?;
    output.record(&Written {
        file: file.to_owned(),
    })?;
    Ok(Ending::Done)
}
