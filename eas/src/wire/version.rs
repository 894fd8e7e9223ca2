use std::fmt;
use std::str::FromStr;

/// A version of the protocol ([MS-ASHTTP] section 2.2.1.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Exchange 2003.
    V2_5,
    /// Exchange 2007.
    V12_0,
    /// Exchange 2007 SP1.
    V12_1,
    /// Exchange 2010.
    V14_0,
    /// Exchange 2010 SP1, 2013; SOGo, Z-Push.
    V14_1,
    /// Exchange 2016.
    V16_0,
    /// Exchange 2016 and later; the only one that Exchange Online accepts.
    V16_1,
}

impl Version {
    /// Every version, the best first.
    pub const ALL: [Self; 7] = [
        Self::V16_1,
        Self::V16_0,
        Self::V14_1,
        Self::V14_0,
        Self::V12_1,
        Self::V12_0,
        Self::V2_5,
    ];

    /// As in the header `MS-ASProtocolVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2_5 => "2.5",
            Self::V12_0 => "12.0",
            Self::V12_1 => "12.1",
            Self::V14_0 => "14.0",
            Self::V14_1 => "14.1",
            Self::V16_0 => "16.0",
            Self::V16_1 => "16.1",
        }
    }

    /// The best of these that this crate speaks.
    pub fn best(offered: &[Self]) -> Option<Self> {
        offered.iter().copied().max()
    }

    /// Ten times the number, as in the encoded query; 2.5 has none.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::V2_5 => 25,
            Self::V12_0 => 120,
            Self::V12_1 => 121,
            Self::V14_0 => 140,
            Self::V14_1 => 141,
            Self::V16_0 => 160,
            Self::V16_1 => 161,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a version that this crate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownVersion;

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a known version of ActiveSync")
    }
}

impl std::error::Error for UnknownVersion {}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or(UnknownVersion)
    }
}
