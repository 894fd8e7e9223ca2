/// How much of a header is looked at.
const LIMIT: usize = 64 * 1024;

/// More of a field than the protocol has use for.
const FIELD: usize = 998;

/// What an upload says of a message beside its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// `From`, unfolded and otherwise as it is.
    pub from: String,
    /// `Subject`, likewise.
    pub subject: String,
    /// Whether the content is `multipart/mixed`, which most often means attachments.
    pub attachments: bool,
}

impl Header {
    /// Of a message that begins with `content` (RFC 5322).
    #[must_use]
    pub fn read(content: &[u8]) -> Self {
        let mut header = Self::default();
        each_field(content, |name, value| {
            let take = |into: &mut String| {
                if into.is_empty() {
                    *into = value.chars().take(FIELD).collect();
                }
            };
            match name {
                "from" => take(&mut header.from),
                "subject" => take(&mut header.subject),
                "content-type" => {
                    let kind = value.to_ascii_lowercase();
                    header.attachments |= kind.starts_with("multipart/mixed");
                }
                _ => {}
            }
        });
        header
    }

    /// The subject without what replies put before it: `ConversationTopic`.
    #[must_use]
    pub fn topic(&self) -> &str {
        let mut topic = self.subject.trim();
        while let Some((prefix, rest)) = topic.split_at_checked(3)
            && (prefix.eq_ignore_ascii_case("re:") || prefix.eq_ignore_ascii_case("fw:"))
        {
            topic = rest.trim_start();
        }
        topic
    }
}

/// The `Message-ID` of a message that begins with `content` (RFC 5322 section 3.6.4), without its angle
/// brackets.
#[must_use]
pub fn message_id(content: &[u8]) -> Option<String> {
    let mut id = None;
    each_field(content, |name, value| {
        if name == "message-id" && id.is_none() {
            let bare = value.trim_start_matches('<').trim_end_matches('>');
            id = Some(bare.to_owned());
        }
    });
    id.filter(|id| !id.is_empty())
}

/// Gives the name, in lower case, and the unfolded value of each field up to the empty line.
fn each_field(content: &[u8], mut take: impl FnMut(&str, &str)) {
    let content = content.get(..LIMIT).unwrap_or(content);
    let mut field: Option<(String, String)> = None;
    for line in content.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let folded = matches!(line, [b' ' | b'\t', ..]);
        let text = String::from_utf8_lossy(line);
        if folded && !line.trim_ascii().is_empty() {
            if let Some((_, value)) = &mut field {
                value.push(' ');
                value.push_str(text.trim());
            }
            continue;
        }
        if let Some((name, value)) = field.take() {
            take(&name, value.trim());
        }
        if line.trim_ascii().is_empty() {
            return;
        }
        field = text
            .split_once(':')
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    if let Some((name, value)) = field {
        take(&name, value.trim());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read() {
        let header = Header::read(
            b"FROM: \"A\" <a@b>\r\nsubject: Re: RE:Fw: hello\r\n world\r\n\
              Content-Type: Multipart/Mixed;\r\n boundary=x\r\n\r\nFrom: no\r\n",
        );
        assert_eq!(header.from, "\"A\" <a@b>");
        assert_eq!(header.subject, "Re: RE:Fw: hello world");
        assert_eq!(header.topic(), "hello world");
        assert!(header.attachments);
        for odd in [&b""[..], b"\r\n", b"\n\n", b":", b"no colon", &[0xff; 300]] {
            assert_eq!(Header::read(odd), Header::default());
        }
    }

    #[test]
    fn the_message_id_is_read_from_the_header_only() {
        for (text, expected) in [
            ("A: b\r\nMESSAGE-ID : <a@b>\r\nC: d\r\n\r\n", Some("a@b")),
            ("Message-ID:\r\n <a@b>\r\n\r\n", Some("a@b")),
            ("Message-ID: <a@b>", Some("a@b")),
            ("Message-ID:\r\n\r\nx", None),
            ("A: b\r\n\r\nMessage-ID: <a@b>\r\n", None),
            ("", None),
        ] {
            assert_eq!(message_id(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }
}
