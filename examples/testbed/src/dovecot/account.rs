//! The system's users that a server runs as.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};

use crate::{Result, error::Doing, users::Names};

/// Who owns the mail and runs the processes.
///
/// Started by root, Dovecot uses the accounts that Debian's package made for it and `nobody` for
/// the mail, which it refuses to handle as root. Started by anyone else it is that user
/// throughout.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) is_root: bool,
    pub(crate) mail_user: String,
    pub(crate) mail_group: String,
    pub(crate) mail_uid: u32,
    mail_gid: u32,
    pub(crate) internal_user: String,
    pub(crate) internal_group: String,
    internal_gid: u32,
    pub(crate) login_user: String,
}

impl Account {
    /// The accounts for the user that this process runs as.
    pub(crate) fn of_this_process() -> Result<Self> {
        let me = fs::metadata("/proc/self").doing(|| "reading /proc/self".into())?;
        let users = Names::read("/etc/passwd")?;
        let groups = Names::read("/etc/group")?;
        if me.uid() == 0 {
            return Ok(Self {
                is_root: true,
                mail_user: "nobody".into(),
                mail_group: "nogroup".into(),
                mail_uid: users.id("nobody")?,
                mail_gid: groups.id("nogroup")?,
                internal_user: "dovecot".into(),
                internal_group: "dovecot".into(),
                internal_gid: groups.id("dovecot")?,
                login_user: "dovenull".into(),
            });
        }
        let (user, group) = (users.name(me.uid())?, groups.name(me.gid())?);
        Ok(Self {
            is_root: false,
            mail_user: user.clone(),
            mail_group: group.clone(),
            mail_uid: me.uid(),
            mail_gid: me.gid(),
            internal_user: user.clone(),
            internal_group: group,
            internal_gid: me.gid(),
            login_user: user,
        })
    }

    /// Gives a file or folder to the owner of the mail.
    pub(crate) fn give_mail(&self, path: &Path) -> Result<()> {
        self.give(path, Some(self.mail_uid), self.mail_gid)
    }

    /// Lets Dovecot's own processes read a file or folder by its group.
    pub(crate) fn give_internal(&self, path: &Path) -> Result<()> {
        self.give(path, None, self.internal_gid)
    }

    fn give(&self, path: &Path, uid: Option<u32>, gid: u32) -> Result<()> {
        if !self.is_root {
            return Ok(());
        }
        chown(path, uid, Some(gid)).doing(|| format!("changing the owner of {}", path.display()))
    }
}
