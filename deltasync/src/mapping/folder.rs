use sync_core::model::Role;

use crate::wire::ServerId;

/// A folder that every account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemFolder {
    /// Where new mail arrives.
    Inbox,
    /// Deleted messages.
    Deleted,
    /// Sent messages.
    Sent,
    /// Drafts.
    Drafts,
    /// Junk.
    Junk,
}

impl SystemFolder {
    const ALL: [Self; 5] = [
        Self::Inbox,
        Self::Deleted,
        Self::Sent,
        Self::Drafts,
        Self::Junk,
    ];

    /// The folder with this id (clean-room notes alone) or, failing that, this raw name.
    #[must_use]
    pub fn of(id: &ServerId, name: &str) -> Option<Self> {
        let number = id
            .as_str()
            .strip_prefix("00000000-0000-0000-0000-00000000000");
        let mut all = Self::ALL.into_iter().zip(["1", "2", "3", "4", "5"]);
        let by_id = all
            .find(|(_, n)| number == Some(n))
            .map(|(folder, _)| folder);
        by_id.or_else(|| {
            Self::ALL
                .into_iter()
                .find(|folder| folder.raw_name() == name)
        })
    }

    /// What the server calls it.
    #[must_use]
    pub const fn raw_name(self) -> &'static str {
        match self {
            Self::Inbox => "ACTIVE",
            Self::Deleted => "trAsH",
            Self::Sent => "sAVeD",
            Self::Drafts => "drAfT",
            Self::Junk => "HM_BuLkMail_",
        }
    }

    /// What we call it: the protocol has no name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Deleted => "Trash",
            Self::Sent => "Sent",
            Self::Drafts => "Drafts",
            Self::Junk => "Junk",
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Inbox => Role::Inbox,
            Self::Deleted => Role::Trash,
            Self::Sent => Role::Sent,
            Self::Drafts => Role::Drafts,
            Self::Junk => Role::Junk,
        }
    }
}

/// What the names of folders begin with that belong to the service (clean-room notes alone).
pub const HIDDEN: &str = ".!!";

/// Whether a folder belongs to the service and is not shown (clean-room notes alone): `.!!OIM`.
#[must_use]
pub fn is_hidden(id: &ServerId, name: &str) -> bool {
    name.starts_with(HIDDEN) || id.as_str() == ServerId::ROOT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_folders_are_known_by_id_and_by_raw_name() {
        let id = |n| ServerId::new(&format!("00000000-0000-0000-0000-00000000000{n}"));
        let other = ServerId::new("1B2C");
        for (id, name, expected) in [
            (id(1), "whatever", Some(SystemFolder::Inbox)),
            (id(5), "", Some(SystemFolder::Junk)),
            (id(6), "", None),
            (other.clone(), "sAVeD", Some(SystemFolder::Sent)),
            (other.clone(), "Saved", None),
        ] {
            assert_eq!(SystemFolder::of(&id, name), expected, "{id} {name}");
        }
        assert!(is_hidden(&other, ".!!OIM") && is_hidden(&id(0), "") && !is_hidden(&other, ".!a"));
    }
}
