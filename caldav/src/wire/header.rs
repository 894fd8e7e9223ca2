//! Headers of WebDAV.

use std::fmt;

use super::etag::ETag;

/// How deep a request goes (RFC 4918 section 10.2). `infinity` is left out: servers refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// The resource.
    Zero,
    /// The resource and its members.
    One,
}

impl Depth {
    /// As the header writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zero => "0",
            Self::One => "1",
        }
    }
}

/// On what a write depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// Nothing is there yet: `If-None-Match: *`.
    ///
    /// Not every server minds it (SOGo overwrites, Google ignores it): use new names.
    New,
    /// The version that is there: `If-Match`. Only for [usable](ETag::is_usable) tags.
    Match(ETag),
    /// The version as far as scheduling goes: `If-Schedule-Tag-Match` (RFC 6638 section 8.3), which
    /// holds although attendees replied meanwhile.
    ScheduleTag(ETag),
}

impl Precondition {
    /// Name and value of the header; nothing for no precondition.
    #[must_use]
    pub fn header(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::None => None,
            Self::New => Some(("if-none-match", "*")),
            Self::Match(tag) => Some(("if-match", tag.as_str())),
            Self::ScheduleTag(tag) => Some(("if-schedule-tag-match", tag.as_str())),
        }
    }
}

/// What the `DAV` header says a server can do (RFC 4918 section 10.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Compliance(Vec<String>);

impl Compliance {
    /// Reads all the headers of that name.
    #[must_use]
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let classes = values.into_iter().flat_map(|value| value.split(','));
        let classes = classes.map(|class| class.trim().to_ascii_lowercase());
        Self(
            classes
                .filter(|class| !class.is_empty())
                .take(200)
                .collect(),
        )
    }

    /// Whether this class is named.
    #[must_use]
    pub fn has(&self, class: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(class))
    }

    /// Whether nothing is named: no WebDAV here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// RFC 4791.
    #[must_use]
    pub fn has_calendars(&self) -> bool {
        self.has("calendar-access")
    }

    /// RFC 6352.
    #[must_use]
    pub fn has_addressbooks(&self) -> bool {
        self.has("addressbook")
    }

    /// RFC 6638: the server mails invitations by itself.
    #[must_use]
    pub fn schedules(&self) -> bool {
        self.has("calendar-auto-schedule")
    }

    /// RFC 5689.
    #[must_use]
    pub fn has_extended_mkcol(&self) -> bool {
        self.has("extended-mkcol")
    }

    /// RFC 8607.
    #[must_use]
    pub fn has_managed_attachments(&self) -> bool {
        self.has("calendar-managed-attachments")
    }
}

impl fmt::Debug for Compliance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sogo_and_cyrus() {
        let sogo = Compliance::parse([
            "1, 2, access-control, calendar-access, calendar-schedule, calendar-auto-schedule, \
             calendar-proxy, calendar-query-extended, extended-mkcol",
        ]);
        assert!(sogo.has_calendars() && sogo.schedules() && sogo.has_extended_mkcol());
        assert!(!sogo.has_addressbooks() && !sogo.has_managed_attachments());
        let two = Compliance::parse(["1, 3", " ,addressbook,, "]);
        assert!(two.has("3") && two.has_addressbooks() && !two.has("2"));
        assert!(Compliance::parse([""]).is_empty());
    }
}
