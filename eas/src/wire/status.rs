use std::fmt;

use super::command::Name;

/// A number in an element `Status`. What it means depends on the command below 100
/// ([MS-ASCMD] section 2.2.4 and the command's own section); from 101 on on nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u16);

/// What a status asks its reader to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing: it is done.
    None,
    /// Send the same again, after a while.
    Retry,
    /// Send the same again, not within half an hour.
    RetryLate,
    /// Send the request in full: the server has forgotten what an abridged one refers to.
    SendInFull,
    /// Provision, then send the same again.
    Provision,
    /// Acknowledge a wipe, then erase what is here.
    Wipe,
    /// Start the collection from key 0 and pair its items again; nothing is deleted.
    Reprime,
    /// Synchronise the folders, then send the same again.
    SyncFolders,
    /// Start the folders from key 0.
    ReprimeFolders,
    /// Ask for the protocol versions and commands again.
    Renegotiate,
    /// Use the limit that the answer tells.
    TakeLimit,
    /// The item is not there any more.
    ItemGone,
    /// The server changed the item too, and its version stays.
    Conflict,
    /// The server does not take this item as it is; the others are not concerned.
    RefuseItem,
    /// A person has to do something: the account, its rights, its quota.
    Report,
    /// The request was wrong: the same again would be as wrong.
    Bug,
}

impl Status {
    /// Success. [`MoveItems`](Name::MoveItems) alone says 3 for it.
    pub const OK: Self = Self(1);

    /// Whether the command, or the item, succeeded.
    pub fn is_ok(self, command: Name) -> bool {
        self.action(command) == Action::None
    }

    /// What it asks for, said by this command.
    pub fn action(self, command: Name) -> Action {
        if self.0 >= 100 {
            return self.common();
        }
        match command {
            Name::Sync => self.sync(),
            Name::FolderSync | Name::FolderCreate | Name::FolderDelete | Name::FolderUpdate => {
                self.folders(command)
            }
            Name::Ping => match self.0 {
                1 | 2 => Action::None,
                3 => Action::SendInFull,
                5 | 6 => Action::TakeLimit,
                7 => Action::SyncFolders,
                8 => Action::Retry,
                _ => Action::Bug,
            },
            Name::MoveItems => match self.0 {
                3 => Action::None,
                1 => Action::ItemGone,
                2 => Action::SyncFolders,
                5 | 7 => Action::Retry,
                _ => Action::Bug,
            },
            Name::GetItemEstimate => match self.0 {
                1 => Action::None,
                2 => Action::SyncFolders,
                3 | 4 => Action::Reprime,
                _ => Action::Bug,
            },
            Name::ItemOperations => match self.0 {
                1 | 17 => Action::None,
                3 | 7 | 12 => Action::Retry,
                6 | 10 | 15 => Action::ItemGone,
                8 | 11 | 14 => Action::RefuseItem,
                5 | 16 | 18 => Action::Report,
                _ => Action::Bug,
            },
            Name::MeetingResponse => match self.0 {
                1 => Action::None,
                2 => Action::RefuseItem,
                3 | 4 => Action::Retry,
                _ => Action::Bug,
            },
            Name::Search => match self.0 {
                1 | 12 => Action::None,
                3 | 7 | 10 => Action::Retry,
                11 => Action::SyncFolders,
                5 | 6 | 13 | 14 => Action::Report,
                _ => Action::Bug,
            },
            Name::Find => match self.0 {
                1 => Action::None,
                3 => Action::SyncFolders,
                _ => Action::Bug,
            },
            Name::Settings => match self.0 {
                1 => Action::None,
                4 => Action::Retry,
                3 | 7 => Action::Report,
                _ => Action::Bug,
            },
            Name::Provision => match self.0 {
                1 => Action::None,
                3 => Action::Retry,
                4 => Action::Report,
                5 => Action::Provision,
                _ => Action::Bug,
            },
            Name::ResolveRecipients => match self.0 {
                1..=4 => Action::None,
                6 => Action::Retry,
                7 | 8 => Action::RefuseItem,
                _ => Action::Bug,
            },
            Name::ValidateCert => match self.0 {
                1 => Action::None,
                14 | 17 => Action::Retry,
                2 => Action::Bug,
                _ => Action::RefuseItem,
            },
            Name::SendMail | Name::SmartReply | Name::SmartForward | Name::GetAttachment => {
                match self.0 {
                    1 => Action::None,
                    _ => Action::Bug,
                }
            }
        }
    }

    fn sync(self) -> Action {
        match self.0 {
            1 => Action::None,
            3 => Action::Reprime,
            5 | 16 => Action::Retry,
            6 => Action::RefuseItem,
            7 => Action::Conflict,
            8 => Action::ItemGone,
            9 => Action::Report,
            12 => Action::SyncFolders,
            13 => Action::SendInFull,
            14 | 15 => Action::TakeLimit,
            _ => Action::Bug,
        }
    }

    fn folders(self, command: Name) -> Action {
        match self.0 {
            1 => Action::None,
            2 | 3 => Action::Report,
            4 if command != Name::FolderCreate => Action::SyncFolders,
            5 => Action::SyncFolders,
            6 | 11 | 12 => Action::Retry,
            9 => Action::ReprimeFolders,
            _ => Action::Bug,
        }
    }

    /// [MS-ASCMD] section 2.2.2: the same for every command.
    fn common(self) -> Action {
        match self.0 {
            118 => Action::None,
            110 => Action::RetryLate,
            111 | 114 | 133 | 162 | 169 => Action::Retry,
            112
            | 113
            | 115..=117
            | 119..=131
            | 139
            | 141
            | 145
            | 148
            | 151
            | 152
            | 166
            | 167
            | 177 => Action::Report,
            132 | 134..=136 => Action::Reprime,
            137 | 138 => Action::Renegotiate,
            140 => Action::Wipe,
            142..=144 | 165 => Action::Provision,
            149 => Action::SendInFull,
            150 => Action::ItemGone,
            146 | 147 | 153 | 154 | 160 | 161 | 163 | 168 | 170 | 172..=176 | 183 | 184 => {
                Action::RefuseItem
            }
            _ => Action::Bug,
        }
    }

    /// What it says, in a few words; empty for one that only the command's own table knows.
    pub const fn reason(self) -> &'static str {
        match self.0 {
            101..=107 => "the request is not as the schema has it",
            108 | 109 => "the device's id or type is missing or wrong",
            110 | 111 => "the server failed",
            112 | 130 => "access denied",
            113 => "the mailbox is full",
            114 => "the mailbox's server is offline",
            115 => "no more may be sent",
            116 | 119 => "a recipient is missing or unknown",
            117 | 120 | 121 => "the message cannot be sent",
            118 => "the message was sent before",
            122 => "an attachment is too large",
            123..=125 => "the user has no mailbox",
            126..=128 => "the user may not use ActiveSync here",
            129 => "the device is blocked or in quarantine",
            131 => "the account is disabled",
            132..=136 => "the synchronisation state is unknown or broken",
            137 | 138 => "the command or the version is not supported",
            139 | 141 => "the server demands policies that this client does not enforce",
            140 => "a remote wipe was ordered",
            142..=144 => "the device must be provisioned",
            145 => "devices that are managed elsewhere are not allowed",
            146 => "the appointment does not recur",
            147 => "the item is of another class",
            149 => "the stored request is not valid",
            150 => "the item is not there",
            151 | 152 => "too many folders, or none",
            165 => "the device must describe itself",
            166 | 167 => "the account cannot send",
            168..=172 => "rights management does not allow it",
            177 => "too many devices",
            183 => "a recipient of the draft is not valid",
            184 => "an exception was not taken",
            _ => "",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            "" => write!(f, "status {}", self.0),
            reason => write!(f, "status {}: {reason}", self.0),
        }
    }
}
