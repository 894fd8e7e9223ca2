/// A command's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Name {
    Sync,
    SendMail,
    SmartForward,
    SmartReply,
    GetAttachment,
    FolderSync,
    FolderCreate,
    FolderDelete,
    FolderUpdate,
    MoveItems,
    GetItemEstimate,
    MeetingResponse,
    Search,
    Settings,
    Ping,
    ItemOperations,
    Provision,
    ResolveRecipients,
    ValidateCert,
    Find,
}

impl Name {
    /// As in the request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "Sync",
            Self::SendMail => "SendMail",
            Self::SmartForward => "SmartForward",
            Self::SmartReply => "SmartReply",
            Self::GetAttachment => "GetAttachment",
            Self::FolderSync => "FolderSync",
            Self::FolderCreate => "FolderCreate",
            Self::FolderDelete => "FolderDelete",
            Self::FolderUpdate => "FolderUpdate",
            Self::MoveItems => "MoveItems",
            Self::GetItemEstimate => "GetItemEstimate",
            Self::MeetingResponse => "MeetingResponse",
            Self::Search => "Search",
            Self::Settings => "Settings",
            Self::Ping => "Ping",
            Self::ItemOperations => "ItemOperations",
            Self::Provision => "Provision",
            Self::ResolveRecipients => "ResolveRecipients",
            Self::ValidateCert => "ValidateCert",
            Self::Find => "Find",
        }
    }

    /// As in the encoded query ([MS-ASHTTP] section 2.2.1.1.1.1.2).
    pub(in crate::wire) const fn code(self) -> u8 {
        match self {
            Self::Sync => 0,
            Self::SendMail => 1,
            Self::SmartForward => 2,
            Self::SmartReply => 3,
            Self::GetAttachment => 4,
            Self::FolderSync => 9,
            Self::FolderCreate => 10,
            Self::FolderDelete => 11,
            Self::FolderUpdate => 12,
            Self::MoveItems => 13,
            Self::GetItemEstimate => 14,
            Self::MeetingResponse => 15,
            Self::Search => 16,
            Self::Settings => 17,
            Self::Ping => 18,
            Self::ItemOperations => 19,
            Self::Provision => 20,
            Self::ResolveRecipients => 21,
            Self::ValidateCert => 22,
            Self::Find => 23,
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
