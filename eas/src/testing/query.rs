//! What stands behind the `?`, in both forms ([MS-ASHTTP] section 2.2.1.1.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const NAMES: [(u8, &str); 20] = [
    (0, "Sync"),
    (1, "SendMail"),
    (2, "SmartForward"),
    (3, "SmartReply"),
    (4, "GetAttachment"),
    (9, "FolderSync"),
    (10, "FolderCreate"),
    (11, "FolderDelete"),
    (12, "FolderUpdate"),
    (13, "MoveItems"),
    (14, "GetItemEstimate"),
    (15, "MeetingResponse"),
    (16, "Search"),
    (17, "Settings"),
    (18, "Ping"),
    (19, "ItemOperations"),
    (20, "Provision"),
    (21, "ResolveRecipients"),
    (22, "ValidateCert"),
    (23, "Find"),
];

const PARAMETERS: [(u8, &str); 5] = [
    (0, "AttachmentName"),
    (1, "CollectionId"),
    (3, "ItemId"),
    (4, "LongId"),
    (6, "Occurrence"),
];

/// What a request line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) command: String,
    pub(super) device: String,
    pub(super) device_type: String,
    pub(super) user: String,
    /// The version times ten; only the encoded form says it.
    pub(super) version: Option<u16>,
    /// Only the encoded form says it.
    pub(super) policy_key: Option<String>,
    pub(super) multipart: bool,
    pub(super) parameters: Vec<(String, String)>,
}

impl Query {
    /// Reads either form.
    pub(super) fn parse(query: &str) -> Option<Self> {
        match query.to_ascii_lowercase().contains("cmd=") {
            true => Some(Self::plain(query)),
            false => Self::encoded(&STANDARD.decode(percent_decoded(query)).ok()?),
        }
    }

    fn plain(query: &str) -> Self {
        let mut all = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decoded(&value.replace('+', " "));
            match name.to_ascii_lowercase().as_str() {
                "cmd" => all.command = value,
                "user" => all.user = value,
                "deviceid" => all.device = value,
                "devicetype" => all.device_type = value,
                _ => all.parameters.push((name.to_owned(), value)),
            }
        }
        all
    }

    fn encoded(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut all = Self {
            version: Some(u16::from(byte(&mut rest)?)),
            ..Self::default()
        };
        let code = byte(&mut rest)?;
        let name = NAMES.iter().find(|(number, _)| *number == code);
        all.command = name.map_or_else(|| code.to_string(), |(_, name)| (*name).to_owned());
        // The locale does not matter here.
        byte(&mut rest)?;
        byte(&mut rest)?;
        all.device = device(counted(&mut rest)?);
        all.policy_key = match counted(&mut rest)? {
            [a, b, c, d] => Some(u32::from_le_bytes([*a, *b, *c, *d]).to_string()),
            _ => None,
        };
        all.device_type = String::from_utf8_lossy(counted(&mut rest)?).into_owned();
        while !rest.is_empty() {
            let tag = byte(&mut rest)?;
            let value = counted(&mut rest)?;
            let text = String::from_utf8_lossy(value).into_owned();
            match tag {
                7 => {
                    let bits = value.first().copied().unwrap_or(0);
                    if bits & 1 != 0 {
                        all.parameters.push(("SaveInSent".into(), "T".into()));
                    }
                    all.multipart = bits & 2 != 0;
                }
                8 => all.user = text,
                _ => {
                    let name = PARAMETERS.iter().find(|(number, _)| *number == tag);
                    let (_, name) = name?;
                    all.parameters.push(((*name).to_owned(), text));
                }
            }
        }
        Some(all)
    }

    /// A parameter's value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The text of an id; a GUID's bytes are written in hexadecimal.
fn device(bytes: &[u8]) -> String {
    match bytes.iter().all(u8::is_ascii_alphanumeric) {
        true => String::from_utf8_lossy(bytes).into_owned(),
        false => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    Some(*first)
}

fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(byte(rest)?);
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (
            first,
            escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn published_lines_are_read() {
        // [MS-ASHTTP] section 2.2.1.1.1.1, and what Windows Phone and Windows Mail send.
        let query = Query::parse("jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l").unwrap();
        assert_eq!((query.command.as_str(), query.version), ("Sync", Some(140)));
        assert_eq!(query.device, "v140Device");
        assert_eq!(query.device_type, "SmartPhone");
        assert_eq!(query.policy_key, None);
        let query = Query::parse("jBMHBBCoHzHhi8b5YrNnTZh4inyaBAAAAAACV1AHAQI=").unwrap();
        assert_eq!(query.command, "ItemOperations");
        assert_eq!(query.device, "a81f31e18bc6f962b3674d98788a7c9a");
        assert_eq!(query.policy_key.as_deref(), Some("0"));
        assert!(query.multipart);
        let escaped = Query::parse("jBMHBBCoHzHhi8b5YrNnTZh4inyaBAAAAAACV1AHAQI%3D");
        assert_eq!(escaped, Some(query));
        assert_eq!(Query::parse("jAAJBAp2MTQw"), None);
    }

    #[test]
    fn plain_lines_are_read() {
        let line = "Cmd=GetAttachment&User=a%40b&DeviceId=d1&DeviceType=T&AttachmentName=5%3a1%3a0";
        let query = Query::parse(line).unwrap();
        assert_eq!(
            (query.command.as_str(), query.user.as_str()),
            ("GetAttachment", "a@b")
        );
        assert_eq!(query.parameter("attachmentname"), Some("5:1:0"));
    }
}
