//! The system's accounts.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};

use crate::{Error, Result, error::Doing};

/// Who a server runs as that needs one account only.
///
/// Started by root it is a given account, started by anyone else that user.
#[derive(Debug)]
pub(crate) struct User {
    /// What to put before a command in a shell, so that it runs as this user.
    pub(crate) prefix: String,
    ids: Option<(u32, u32)>,
}

impl User {
    /// `user` if this process is root, else who this process is.
    pub(crate) fn or_this(user: &str, group: &str) -> Result<Self> {
        let me = fs::metadata("/proc/self").doing(|| "reading /proc/self".into())?;
        if me.uid() != 0 {
            return Ok(Self {
                prefix: String::new(),
                ids: None,
            });
        }
        let uid = Names::read("/etc/passwd")?.id(user)?;
        let gid = Names::read("/etc/group")?.id(group)?;
        Ok(Self {
            prefix: format!("setpriv --reuid={uid} --regid={gid} --clear-groups --"),
            ids: Some((uid, gid)),
        })
    }

    /// Gives a file or folder to this user.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        let Some((uid, gid)) = self.ids else {
            return Ok(());
        };
        chown(path, Some(uid), Some(gid))
            .doing(|| format!("changing the owner of {}", path.display()))
    }
}

/// The lines of a file like `/etc/passwd`: `name:x:id:...`.
pub(crate) struct Names {
    file: &'static str,
    entries: Vec<(String, u32)>,
}

impl Names {
    pub(crate) fn read(file: &'static str) -> Result<Self> {
        let text = fs::read_to_string(file).doing(|| format!("reading {file}"))?;
        let entries = text
            .lines()
            .filter_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                let id = fields.nth(1)?.parse().ok()?;
                Some((name.to_owned(), id))
            })
            .collect();
        Ok(Self { file, entries })
    }

    pub(crate) fn id(&self, name: &str) -> Result<u32> {
        self.entries
            .iter()
            .find(|(entry, _)| entry == name)
            .map(|(_, id)| *id)
            .ok_or_else(|| Error::Missing {
                program: format!("the account {name} ({})", self.file),
            })
    }

    pub(crate) fn name(&self, id: u32) -> Result<String> {
        self.entries
            .iter()
            .find(|(_, entry)| *entry == id)
            .map(|(name, _)| name.clone())
            .ok_or_else(|| Error::Missing {
                program: format!("an account for the id {id} ({})", self.file),
            })
    }
}
