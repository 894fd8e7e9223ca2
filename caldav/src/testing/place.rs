//! URLs: what a path means, and how it is written.

use super::account::Home;
use super::profile::{Layout, Profile, Quirk};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Any collection above the user's own: tells who the user is.
    Root,
    Principal,
    /// One home, or both where they are one.
    Home(Vec<Home>),
    /// A collection, whether it exists or not, as [`Store`](super::Store) names it; several names
    /// where both homes are one.
    Collection(Vec<Home>, String),
    Resource(Vec<Home>, String, String),
    Inbox,
    Nowhere,
}

impl Layout {
    /// The path below which everything is.
    pub(super) fn context(self) -> &'static str {
        match self {
            Self::Plain | Self::Cyrus => "/dav/",
            Self::Radicale => "/",
            Self::Sogo => "/SOGo/dav/",
        }
    }

    fn principal(self, user: &str) -> String {
        match self {
            Self::Plain => format!("/dav/principals/{user}/"),
            Self::Radicale => format!("/{user}/"),
            Self::Sogo => format!("/SOGo/dav/{user}/"),
            Self::Cyrus => format!("/dav/principals/user/{user}/"),
        }
    }

    fn home(self, home: Home, user: &str) -> String {
        match (self, home) {
            (Self::Plain, Home::Calendars) => format!("/dav/calendars/{user}/"),
            (Self::Plain, Home::AddressBooks) => format!("/dav/addressbooks/{user}/"),
            (Self::Radicale, _) => format!("/{user}/"),
            (Self::Sogo, Home::Calendars) => format!("/SOGo/dav/{user}/Calendar/"),
            (Self::Sogo, Home::AddressBooks) => format!("/SOGo/dav/{user}/Contacts/"),
            (Self::Cyrus, Home::Calendars) => format!("/dav/calendars/user/{user}/"),
            (Self::Cyrus, Home::AddressBooks) => format!("/dav/addressbooks/user/{user}/"),
        }
    }
}

/// How one user's URLs look.
#[derive(Debug, Clone)]
pub(super) struct Urls {
    layout: Layout,
    user: String,
    escaped: bool,
    /// Before every href.
    origin: Option<String>,
    /// Before the hrefs of principal and homes.
    elsewhere: Option<String>,
}

impl Urls {
    pub(super) fn new(profile: &Profile, user: &str, host: &str) -> Self {
        let port = host.rsplit(':').next().unwrap_or_default();
        let absolute = profile.has(Quirk::AbsoluteHrefs);
        let elsewhere = profile.has(Quirk::HomesElsewhere);
        Self {
            layout: profile.layout,
            user: user.to_owned(),
            escaped: profile.has(Quirk::EscapedHrefs),
            origin: absolute.then(|| format!("http://{host}")),
            elsewhere: elsewhere.then(|| format!("http://localhost:{port}")),
        }
    }

    pub(super) fn principal(&self) -> String {
        self.with(&self.elsewhere, &self.layout.principal(&self.user))
    }

    pub(super) fn home(&self, home: Home) -> String {
        self.with(&self.elsewhere, &self.layout.home(home, &self.user))
    }

    /// The href of a path as it was requested.
    pub(super) fn same(&self, path: &str) -> String {
        self.with(&self.origin, path)
    }

    pub(super) fn collection(&self, home: Home, name: &str) -> String {
        let path = self.layout.home(home, &self.user);
        let name = encode(name, self.escaped);
        self.with(&self.origin, &format!("{path}{name}/"))
    }

    pub(super) fn resource(&self, home: Home, collection: &str, name: &str) -> String {
        let collection = self.collection(home, collection);
        format!("{collection}{}", encode(name, self.escaped))
    }

    fn with(&self, origin: &Option<String>, path: &str) -> String {
        match origin.as_ref().or(self.origin.as_ref()) {
            Some(origin) => format!("{origin}{path}"),
            None => path.to_owned(),
        }
    }

    /// What a path or URL leads to.
    pub(super) fn place(&self, href: &str) -> Place {
        let path = match href.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
            None => href,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let slash = |path: &str| match path.ends_with('/') {
            true => path.to_owned(),
            false => format!("{path}/"),
        };
        let whole = slash(path);
        let mut homes: Vec<Home> = Vec::new();
        let mut rest = "";
        for home in [Home::Calendars, Home::AddressBooks] {
            if let Some(below) = path.strip_prefix(&self.layout.home(home, &self.user)) {
                homes.push(home);
                rest = below;
            } else if whole == self.layout.home(home, &self.user) {
                homes.push(home);
            }
        }
        if homes.is_empty() {
            return match () {
                () if whole == self.layout.principal(&self.user) => Place::Principal,
                () if self.layout.context().starts_with(&whole) => Place::Root,
                () => Place::Nowhere,
            };
        }
        let mut segments = rest.split('/');
        let (first, second, third) = (segments.next(), segments.next(), segments.next());
        let (Some(collection), resource) = (first.map(decode), second.unwrap_or_default()) else {
            return Place::Nowhere;
        };
        let Some(collection) = collection else {
            return Place::Nowhere;
        };
        if third.is_some() {
            return Place::Nowhere;
        }
        if collection.is_empty() {
            return Place::Home(homes);
        }
        if matches!(collection.as_str(), "inbox" | "outbox") {
            return Place::Inbox;
        }
        if resource.is_empty() {
            return Place::Collection(homes, collection);
        }
        match decode(resource) {
            Some(resource) => Place::Resource(homes, collection, resource),
            None => Place::Nowhere,
        }
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// The address that invitations to the user bear.
    pub(super) fn address(&self) -> String {
        format!("mailto:{}@example.org", self.user)
    }

    /// Whether principal and homes are one.
    pub(super) fn is_flat(&self) -> bool {
        self.layout == Layout::Radicale
    }
}

/// A segment of a path without its escapes; `None` if they are no UTF-8.
fn decode(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0_usize;
    while let Some(byte) = bytes.get(at) {
        let digits = segment.get(at.saturating_add(1)..at.saturating_add(3));
        let escaped = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
        match (byte, escaped) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at = at.saturating_add(3);
            }
            _ => {
                out.push(*byte);
                at = at.saturating_add(1);
            }
        }
    }
    String::from_utf8(out).ok()
}

fn encode(segment: &str, more: bool) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let allowed = plain || b"@:!$&'()*+,;=".contains(&byte);
        match (allowed, plain, more) {
            (true, _, false) | (_, true, true) => out.push(char::from(byte)),
            (_, _, true) => out.push_str(&format!("%{byte:02x}")),
            (false, _, false) => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_where_its_href_was_made() {
        for layout in [Layout::Plain, Layout::Radicale, Layout::Sogo, Layout::Cyrus] {
            let mut profile = Profile::full().with(Quirk::EscapedHrefs);
            profile.layout = layout;
            let urls = Urls::new(&profile, "alice", "127.0.0.1:1");
            let href = urls.resource(Home::AddressBooks, "a b", "ä/%41@x.vcf");
            let place = urls.place(&href);
            let Place::Resource(homes, collection, name) = place else {
                assert_eq!(href, "a resource");
                return;
            };
            assert!(homes.contains(&Home::AddressBooks));
            assert_eq!((collection.as_str(), name.as_str()), ("a b", "ä/%41@x.vcf"));
            assert_eq!(urls.place("/"), Place::Root);
        }
    }
}
