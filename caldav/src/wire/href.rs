//! Where a resource is.

use std::fmt;
use std::hash::{Hash, Hasher};

/// The URL of a resource: an absolute path on the server that a client was made for, else the whole.
///
/// Servers write one path in several ways: `%7e` and `~`, `%40` and `@`, with and without the slash
/// that ends a collection, with raw spaces and letters. Two such are equal here. What is sent again
/// is what the server wrote, made legal: hexadecimal digits in upper case, unreserved characters bare
/// (RFC 3986 section 6.2.2), all that no URL may hold encoded, and nothing decoded twice: `%253A` is
/// the name `%3A` and stays so.
///
/// ```
/// use caldav::wire::Href;
///
/// let base = Href::parse("/alice/").unwrap();
/// let listed = base.resolve("work%2dcal/caf\u{e9}%40home.ics").unwrap();
/// assert_eq!(listed.as_str(), "/alice/work-cal/caf%C3%A9%40home.ics");
/// assert_eq!(base.resolve("/alice/work-cal/caf%c3%a9@home.ics"), Some(listed));
/// ```
#[derive(Clone)]
pub struct Href {
    /// `scheme://authority`, or nothing.
    origin: Box<str>,
    /// Begins with a slash; a query may follow.
    path: Box<str>,
    /// What is compared, where it is not the path itself.
    key: Option<Box<str>>,
}

/// Longer ones are refused.
pub const MAX_HREF: usize = 8 << 10;

impl Href {
    /// An absolute path or an absolute `http(s)` URL; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = checked(text)?;
        if text.starts_with('/') {
            return Some(Self::new("", &normalised(text)));
        }
        let (origin, path) = split_origin(text)?;
        Some(Self::new(&origin, &normalised(path)))
    }

    /// What `reference`, found in an answer about `self`, refers to (RFC 3986 section 5.2).
    #[must_use]
    pub fn resolve(&self, reference: &str) -> Option<Self> {
        let reference = checked(reference)?;
        if let Some((origin, path)) = split_origin(reference) {
            return Some(Self::new(&origin, &normalised(path)));
        }
        if has_scheme(reference) {
            return None;
        }
        if reference.starts_with('/') {
            return Some(Self::new(&self.origin, &normalised(reference)));
        }
        let path = self.path();
        let folder = path
            .rfind('/')
            .and_then(|at| path.get(..=at))
            .unwrap_or("/");
        Some(Self::new(
            &self.origin,
            &normalised(&format!("{folder}{reference}")),
        ))
    }

    /// The member of this collection with this name, which is encoded.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let mut path = self.path().to_owned();
        if !path.ends_with('/') {
            path.push('/');
        }
        for byte in name.bytes() {
            if is_unreserved(byte) {
                path.push(char::from(byte));
            } else {
                push_encoded(&mut path, byte);
            }
        }
        Self::new(&self.origin, &path)
    }

    fn new(origin: &str, path: &str) -> Self {
        let key = key_of(path);
        Self {
            origin: origin.into(),
            key: (key != path).then(|| key.into()),
            path: path.into(),
        }
    }

    /// The path with its query, as it is to be sent; with the origin in front where it is elsewhere.
    #[must_use]
    pub fn as_str(&self) -> std::borrow::Cow<'_, str> {
        if self.origin.is_empty() {
            (&*self.path).into()
        } else {
            format!("{}{}", self.origin, self.path).into()
        }
    }

    /// `scheme://authority`, unless it is on the server that was asked.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        (!self.origin.is_empty()).then_some(&*self.origin)
    }

    /// The path without a query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The path alone, if it is at this origin (`scheme://authority`).
    #[must_use]
    pub fn relative_to(self, origin: &str) -> Self {
        if *self.origin == *origin {
            self.without_origin()
        } else {
            self
        }
    }

    /// The same path without the origin.
    #[must_use]
    pub fn without_origin(&self) -> Self {
        Self {
            origin: "".into(),
            ..self.clone()
        }
    }

    /// The last segment, decoded; empty for the root.
    #[must_use]
    pub fn name(&self) -> String {
        let path = self.path().trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        let mut bytes = Vec::with_capacity(last.len());
        let mut rest = last.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            match (byte, encoded(after)) {
                (b'%', Some((decoded, after))) => {
                    bytes.push(decoded);
                    rest = after;
                }
                _ => {
                    bytes.push(byte);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether this is a member, direct or not, of the collection `parent`.
    #[must_use]
    pub fn is_below(&self, parent: &Self) -> bool {
        let (own, parent) = (self.key(), parent.key());
        own.strip_prefix(parent.trim_end_matches('/'))
            .is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
    }

    fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.path)
    }
}

impl PartialEq for Href {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.key() == other.key()
    }
}

impl Eq for Href {}

impl Hash for Href {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.origin.hash(state);
        self.key().hash(state);
    }
}

impl PartialOrd for Href {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Href {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.origin, self.key()).cmp(&(&other.origin, other.key()))
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl fmt::Debug for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Without the white space around it and the fragment.
fn checked(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.split('#').next()?;
    (!text.is_empty() && text.len() <= MAX_HREF).then_some(text)
}

fn has_scheme(text: &str) -> bool {
    let end = text.find([':', '/', '?']);
    end.is_some_and(|at| {
        at > 0
            && text.get(at..).is_some_and(|rest| rest.starts_with(':'))
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .chars()
                .take(at)
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// The origin in lower case without user information and default port, and the path behind it.
fn split_origin(text: &str) -> Option<(String, &str)> {
    let at = text.find("://")?;
    let (scheme, rest) = text.split_at_checked(at)?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let rest = rest.get(3..)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host = authority.rsplit('@').next()?.to_ascii_lowercase();
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    let sound = !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    sound.then(|| {
        (
            format!("{scheme}://{host}"),
            if path.is_empty() { "/" } else { path },
        )
    })
}

/// Characters encoded and decoded as [`Href`] says, dot segments and leading double slashes gone.
fn normalised(path: &str) -> String {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let mut out = String::with_capacity(path.len());
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    let parent = out.rfind('/').unwrap_or(0);
                    out.truncate(parent);
                }
                if last {
                    out.push('/');
                }
            }
            _ => {
                out.push('/');
                normalise_into(&mut out, segment);
            }
        }
    }
    // Servers whose base is `/` are known to write `//principals/...`; no host is meant by it.
    let doubled = out.bytes().take_while(|byte| *byte == b'/').count();
    out.drain(..doubled.saturating_sub(1));
    if let Some(query) = query {
        out.push('?');
        normalise_into(&mut out, query);
    }
    out
}

fn normalise_into(out: &mut String, text: &str) {
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, encoded(after)) {
            (b'%', Some((decoded, after))) => {
                if is_unreserved(decoded) {
                    out.push(char::from(decoded));
                } else {
                    push_encoded(out, decoded);
                }
                rest = after;
            }
            _ if is_unreserved(byte) || is_reserved(byte) => out.push(char::from(byte)),
            _ => push_encoded(out, byte),
        }
    }
}

/// Reserved characters bare, and no slash at the end.
fn key_of(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, encoded(after)) {
            (b'%', Some((decoded, after))) if is_reserved(decoded) && decoded != b'/' => {
                out.push(char::from(decoded));
                rest = after;
            }
            // All else is ASCII since `normalised` made it so.
            _ => out.push(char::from(byte)),
        }
    }
    while out.len() > 1 && out.ends_with('/') {
        out.pop();
    }
    out
}

/// The byte that the two digits behind a percent sign stand for, and what follows them.
fn encoded(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (pair, rest) = digits.split_first_chunk::<2>()?;
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let [high, low] = *pair;
    Some(((digit(high)? << 4) | digit(low)?, rest))
}

fn push_encoded(out: &mut String, byte: u8) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(HEX.get(usize::from(digit)));
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What may stand bare in a path or query without being unreserved.
fn is_reserved(byte: u8) -> bool {
    b"!$&'()*+,;=:@/".contains(&byte)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn base() -> Href {
        Href::parse("https://dav.example.org/alice/cal/").unwrap()
    }

    #[test]
    fn what_servers_write() {
        for (written, expected) in [
            ("/alice/cal/a.ics", "/alice/cal/a.ics"),
            ("a.ics", "/alice/cal/a.ics"),
            ("../b/", "/alice/b/"),
            ("./x/../a.ics", "/alice/cal/a.ics"),
            (
                "https://DAV.example.org:443/alice/cal/a.ics",
                "/alice/cal/a.ics",
            ),
            ("https://alice:pw@dav.example.org/x", "/x"),
            ("http://dav.example.org/x", "http://dav.example.org/x"),
            (
                "https://p12-caldav.icloud.com:443/1/",
                "https://p12-caldav.icloud.com/1/",
            ),
            ("//principals/alice/", "/principals/alice/"),
            (" \n/alice/a b.ics\t", "/alice/a%20b.ics"),
            ("/alice/\u{e4}\u{e4}.ics", "/alice/%C3%A4%C3%A4.ics"),
            ("/alice/%c3%a4.ics", "/alice/%C3%A4.ics"),
            ("/alice/%41%7E.ics", "/alice/A~.ics"),
            ("/alice/a%2Fb.ics", "/alice/a%2Fb.ics"),
            ("/alice/%253A%250A.ics", "/alice/%253A%250A.ics"),
            ("/alice/%3A.ics", "/alice/%3A.ics"),
            ("/alice/100%.ics", "/alice/100%25.ics"),
            ("/alice/%zz.ics", "/alice/%25zz.ics"),
            ("/alice/a.ics?x=%61&y=\"", "/alice/a.ics?x=a&y=%22"),
            ("/alice/a.ics#part", "/alice/a.ics"),
            ("/../../x", "/x"),
            ("/a/..", "/"),
            ("///.///b", "/b"),
            ("/a/..//b", "/b"),
        ] {
            let found = base().resolve(written);
            let found = found.map(|href| href.relative_to("https://dav.example.org"));
            assert_eq!(
                found.map(|h| h.to_string()).as_deref(),
                Some(expected),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_resource() {
        for text in [
            "",
            " ",
            "#x",
            "mailto:alice@example.org",
            "urn:uuid:1",
            "ftp://h/x",
            "https:///x",
        ] {
            assert_eq!(base().resolve(text), None, "{text}");
        }
        assert_eq!(base().resolve(&"a".repeat(MAX_HREF + 1)), None);
        assert_eq!(Href::parse("relative"), None);
    }

    #[test]
    fn one_resource_written_in_two_ways() {
        let same = |a: &str, b: &str| base().resolve(a) == base().resolve(b);
        assert!(same("/a", "https://dav.example.org/a"));
        assert!(same("/alice%40example.org/cal", "/alice@example.org/cal/"));
        assert!(same("/a%3Ab%2Bc", "/a:b+c"));
        assert!(!same("/a%253Ab", "/a%3Ab"));
        assert!(!same("/a%2Fb", "/a/b"));
        assert!(!same("/A", "/a"));
        assert!(!same("http://other/a", "/a"));
    }

    #[test]
    fn members() {
        let book = Href::parse("/book").unwrap();
        let odd = book.member("a/b?%41 \u{e4}.vcf");
        assert_eq!(odd.to_string(), "/book/a%2Fb%3F%2541%20%C3%A4.vcf");
        assert_eq!(odd.name(), "a/b?%41 \u{e4}.vcf");
        assert!(odd.is_below(&book) && !book.is_below(&book));
        assert!(!Href::parse("/bookends/a").unwrap().is_below(&book));
        assert_eq!(Href::parse("/").unwrap().name(), "");
    }

    proptest! {
        #[test]
        fn normalising_is_idempotent(text in "[ -~\u{e4}\u{2603}]{0,40}|[./?%a]{0,20}") {
            let path = format!("/{text}");
            if let Some(once) = Href::parse(&path) {
                let twice = Href::parse(&once.to_string()).unwrap();
                prop_assert_eq!(once.to_string(), twice.to_string());
                prop_assert!(once.to_string().is_ascii());
            }
        }

        #[test]
        fn a_name_survives(name in "\\PC{1,40}") {
            let member = Href::parse("/a/").unwrap().member(&name);
            prop_assume!(name != "." && name != "..");
            prop_assert_eq!(member.name(), name);
            prop_assert_eq!(Href::parse(&member.to_string()).unwrap(), member);
        }

        #[test]
        fn nothing_is_too_odd(text in "\\PC{0,60}") {
            let _ = base().resolve(&text);
        }
    }
}
