//! The request line and the headers of a command ([MS-ASHTTP] section 2.2.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Version;
use super::command::Name;

/// Where every server has it; a server's own `Url` wins.
pub const PATH: &str = "/Microsoft-Server-ActiveSync";
/// The type of a body in WBXML.
pub const WBXML: &str = "application/vnd.ms-sync.wbxml";
/// The type of an answer in several parts.
pub const MULTIPART: &str = "application/vnd.ms-sync.multipart";
/// The type of a mail that is sent by protocol 12.1 and earlier.
pub const RFC822: &str = "message/rfc822";

const OPTIONS: u8 = 7;
const USER: u8 = 8;

/// What stands behind the `?` of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The command.
    pub command: Name,
    /// The user's name, as it is logged in; the encoded form goes without it if it is empty.
    pub user: String,
    /// 1 to 32 letters and digits that stay the same for the account's life on this device.
    pub device_id: String,
    /// Letters and digits; some servers choose their behaviour by it.
    pub device_type: String,
    /// Whether the answer may come in several parts; the plain form says it in a header.
    pub multipart: bool,
    /// What the command adds.
    pub parameters: Vec<(Parameter, String)>,
}

/// A parameter that a command of protocol 12.1 and earlier adds to the request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// The attachment of GetAttachment.
    AttachmentName,
    /// The folder of the item that is answered.
    CollectionId,
    /// The item that is answered.
    ItemId,
    /// The item that is answered, as a search found it.
    LongId,
    /// The occurrence of a series that is answered.
    Occurrence,
    /// `T`: keep a copy of what is sent.
    SaveInSent,
}

impl Parameter {
    const fn name(self) -> &'static str {
        match self {
            Self::AttachmentName => "AttachmentName",
            Self::CollectionId => "CollectionId",
            Self::ItemId => "ItemId",
            Self::LongId => "LongId",
            Self::Occurrence => "Occurrence",
            Self::SaveInSent => "SaveInSent",
        }
    }

    /// In the encoded form; none for what is a bit of [`OPTIONS`] there.
    const fn code(self) -> Option<u8> {
        match self {
            Self::AttachmentName => Some(0),
            Self::CollectionId => Some(1),
            Self::ItemId => Some(3),
            Self::LongId => Some(4),
            Self::Occurrence => Some(6),
            Self::SaveInSent => None,
        }
    }
}

impl Query {
    /// `Cmd=Sync&User=...`, which every version and server takes.
    pub fn plain(&self) -> String {
        let mut query = format!("Cmd={}", self.command.as_str());
        for (name, value) in [
            ("User", &self.user),
            ("DeviceId", &self.device_id),
            ("DeviceType", &self.device_type),
        ] {
            query += &format!("&{name}={}", percent_encoded(value));
        }
        for (parameter, value) in &self.parameters {
            query += &format!("&{}={}", parameter.name(), percent_encoded(value));
        }
        query
    }

    /// The short form in base64, for 12.1 and later ([MS-ASHTTP] section 2.2.1.1.1.1). It makes the
    /// headers `MS-ASProtocolVersion` and `X-MS-PolicyKey` superfluous. `None` where a value is longer
    /// than the form allows.
    pub fn encoded(
        &self,
        version: Version,
        locale: u16,
        policy_key: Option<u32>,
    ) -> Option<String> {
        let mut bytes = vec![version.code(), self.command.code()];
        bytes.extend(locale.to_le_bytes());
        let counted = |bytes: &mut Vec<u8>, value: &str| -> Option<()> {
            bytes.push(u8::try_from(value.len()).ok()?);
            bytes.extend(value.as_bytes());
            Some(())
        };
        counted(&mut bytes, &self.device_id)?;
        match policy_key {
            None => bytes.push(0),
            Some(key) => {
                bytes.push(4);
                bytes.extend(key.to_le_bytes());
            }
        }
        counted(&mut bytes, &self.device_type)?;
        let mut options = u8::from(self.multipart) << 1;
        for (parameter, value) in &self.parameters {
            match parameter.code() {
                Some(code) => {
                    bytes.push(code);
                    counted(&mut bytes, value)?;
                }
                None => options |= u8::from(value == "T"),
            }
        }
        if options != 0 {
            bytes.extend([OPTIONS, 1, options]);
        }
        if !self.user.is_empty() {
            bytes.push(USER);
            counted(&mut bytes, &self.user)?;
        }
        Some(STANDARD.encode(bytes))
    }
}

/// What a server says of itself in an answer to OPTIONS ([MS-ASHTTP] section 2.2.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// The versions, as far as this crate knows them.
    pub versions: Vec<Version>,
    /// The commands, by name. What is missing may be there all the same.
    pub commands: Vec<String>,
}

impl Offer {
    /// Reads the values of `MS-ASProtocolVersions` and `MS-ASProtocolCommands`, each of which may
    /// come more than once.
    pub fn new<'a>(
        versions: impl IntoIterator<Item = &'a str>,
        commands: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut offer = Self::default();
        for version in versions.into_iter().flat_map(|line| line.split(',')) {
            if let Ok(version) = version.parse()
                && !offer.versions.contains(&version)
            {
                offer.versions.push(version);
            }
        }
        for command in commands.into_iter().flat_map(|line| line.split(',')) {
            let command = command.trim();
            if !command.is_empty() && !offer.commands.iter().any(|c| c == command) {
                offer.commands.push(command.to_owned());
            }
        }
        offer
    }

    /// Whether the server says that it has this command.
    pub fn has(&self, command: Name) -> bool {
        self.commands.iter().any(|name| name == command.as_str())
    }
}

/// A value of a query (RFC 3986 section 2.1).
pub(super) fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
