//! What kind of server it is.

/// A manner of servers in the wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// Closes the connection after each answer without saying so (SOGo).
    ClosesSilently,
    /// Takes every key of a folder that it ever gave, not just the last two (SOGo).
    KeepsOldKeys,
    /// Keeps what a change of a contact or an appointment does not name although the client takes
    /// care of all elements (Exchange 2010 to 2013, measured).
    KeepsOmitted,
    /// Leaves the exceptions out that come with a new series (seen up to 14.1).
    DropsNewExceptions,
    /// Gives up the keys of all folders when a device asks for the list of folders from the beginning.
    BeginsAnew,
    /// Sends the headers of OPTIONS twice (Exchange Online).
    DoublesHeaders,
}

/// What kind of server a [`Server`](super::Server) is.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) versions: Vec<&'static str>,
    quirks: Vec<Quirk>,
}

impl Profile {
    /// Offers 14.0, 14.1, 16.0 and 16.1, and does as Microsoft's documents say.
    #[must_use]
    pub fn full() -> Self {
        Self {
            versions: vec!["14.0", "14.1", "16.0", "16.1"],
            quirks: Vec::new(),
        }
    }

    /// As Exchange Online: 16.1 alone.
    #[must_use]
    pub fn exchange_online() -> Self {
        let profile = Self::full().versions(&["16.1"]);
        profile.with(Quirk::DoublesHeaders)
    }

    /// As Exchange up to 2013: 12.1 to 14.1.
    #[must_use]
    pub fn exchange_2013() -> Self {
        let versions = ["12.1", "14.0", "14.1"];
        Self::full().versions(&versions).with(Quirk::KeepsOmitted)
    }

    /// As SOGo: 12.1 to 14.1, connections that end with each answer, keys that never expire.
    #[must_use]
    pub fn sogo_like() -> Self {
        let versions = ["12.1", "14.0", "14.1"];
        let profile = Self::full().versions(&versions);
        let profile = profile.with(Quirk::ClosesSilently);
        profile.with(Quirk::KeepsOldKeys)
    }

    /// Offers these versions alone.
    #[must_use]
    pub fn versions(mut self, versions: &[&'static str]) -> Self {
        versions.clone_into(&mut self.versions);
        self
    }

    /// Adds a quirk.
    #[must_use]
    pub fn with(mut self, quirk: Quirk) -> Self {
        if !self.has(quirk) {
            self.quirks.push(quirk);
        }
        self
    }

    /// Takes a quirk away.
    #[must_use]
    pub fn without(mut self, quirk: Quirk) -> Self {
        self.quirks.retain(|one| *one != quirk);
        self
    }

    /// Whether it has a quirk.
    #[must_use]
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// The greatest version offered, times ten.
    pub(super) fn newest(&self) -> u16 {
        let all = self.versions.iter().filter_map(|text| tens(text));
        all.max().unwrap_or(0)
    }

    /// What `MS-ASProtocolCommands` says.
    pub(super) fn commands(&self) -> String {
        let mut all = COMMANDS.to_vec();
        if self.newest() >= 161 {
            all.push("Find");
        }
        if self
            .versions
            .iter()
            .any(|v| tens(v).is_some_and(|v| v < 140))
        {
            all.push("GetAttachment");
        }
        all.join(",")
    }
}

const COMMANDS: [&str; 18] = [
    "Sync",
    "SendMail",
    "SmartForward",
    "SmartReply",
    "FolderSync",
    "FolderCreate",
    "FolderDelete",
    "FolderUpdate",
    "MoveItems",
    "GetItemEstimate",
    "MeetingResponse",
    "Search",
    "Settings",
    "Ping",
    "ItemOperations",
    "Provision",
    "ResolveRecipients",
    "ValidateCert",
];

/// `16.1` is 161.
pub(super) fn tens(version: &str) -> Option<u16> {
    let (whole, tenth) = version.trim().split_once('.')?;
    let (whole, tenth): (u16, u16) = (whole.parse().ok()?, tenth.parse().ok()?);
    whole.checked_mul(10)?.checked_add(tenth)
}
