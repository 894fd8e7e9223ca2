//! Sets of what names say.

use std::fmt;

use super::property::ns;

macro_rules! set {
    (
        $(#[$doc:meta])* $set:ident of $one:ident : $repr:ident;
        $($(#[$one_doc:meta])* $variant:ident = $ns:ident $local:literal;)*
    ) => {
        #[doc = concat!("A member of [`", stringify!($set), "`].")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $one {
            $($(#[$one_doc])* $variant,)*
        }

        impl $one {
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// Namespace and local name.
            #[must_use]
            pub fn name(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => (ns::$ns, $local),)*
                }
            }

            pub(crate) fn from_name(namespace: &str, local: &str) -> Option<Self> {
                match (local, namespace) {
                    $(($local, ns::$ns) => Some(Self::$variant),)*
                    _ => None,
                }
            }

            const fn bit(self) -> $repr {
                1 << self as $repr
            }
        }

        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $set($repr);

        impl $set {
            /// Whether it is in it.
            #[must_use]
            pub const fn contains(self, one: $one) -> bool {
                self.0 & one.bit() != 0
            }

            /// Adds one.
            pub fn insert(&mut self, one: $one) {
                self.0 |= one.bit();
            }

            /// Whether nothing is in it.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// All that are in it.
            pub fn iter(self) -> impl Iterator<Item = $one> {
                $one::ALL.iter().copied().filter(move |one| self.contains(*one))
            }
        }

        impl FromIterator<$one> for $set {
            fn from_iter<I: IntoIterator<Item = $one>>(iter: I) -> Self {
                let mut set = Self::default();
                for one in iter {
                    set.insert(one);
                }
                set
            }
        }

        impl fmt::Debug for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }
    };
}

set! {
    /// DAV:resourcetype.
    ResourceTypes of ResourceType: u16;
    /// RFC 4918: it has members.
    Collection = DAV "collection";
    /// RFC 3744: somebody, or a group.
    Principal = DAV "principal";
    /// RFC 4791.
    Calendar = CALDAV "calendar";
    /// RFC 6638: where invitations arrive.
    ScheduleInbox = CALDAV "schedule-inbox";
    /// RFC 6638: where invitations go.
    ScheduleOutbox = CALDAV "schedule-outbox";
    /// RFC 6352.
    Addressbook = CARDDAV "addressbook";
    /// CalendarServer: a calendar that is fetched from elsewhere.
    Subscribed = CS "subscribed";
    /// CalendarServer: news of shared collections.
    Notification = CS "notification";
}

set! {
    /// DAV:supported-report-set (RFC 3253 section 3.1.5).
    Reports of Report: u16;
    /// RFC 6578.
    SyncCollection = DAV "sync-collection";
    /// RFC 3253.
    ExpandProperty = DAV "expand-property";
    /// RFC 3744.
    PrincipalPropertySearch = DAV "principal-property-search";
    /// RFC 4791.
    CalendarQuery = CALDAV "calendar-query";
    /// RFC 4791.
    CalendarMultiget = CALDAV "calendar-multiget";
    /// RFC 4791.
    FreeBusyQuery = CALDAV "free-busy-query";
    /// RFC 6352.
    AddressbookQuery = CARDDAV "addressbook-query";
    /// RFC 6352.
    AddressbookMultiget = CARDDAV "addressbook-multiget";
}

set! {
    /// DAV:current-user-privilege-set (RFC 3744 section 5.5).
    Privileges of Privilege: u32;
    /// Everything.
    All = DAV "all";
    /// Seeing content and properties.
    Read = DAV "read";
    /// Writing content and properties, adding and removing members.
    Write = DAV "write";
    /// PROPPATCH.
    WriteProperties = DAV "write-properties";
    /// PUT to what is there.
    WriteContent = DAV "write-content";
    /// Adding members.
    Bind = DAV "bind";
    /// Removing members.
    Unbind = DAV "unbind";
    /// Removing somebody else's lock.
    Unlock = DAV "unlock";
    /// Seeing who may do what.
    ReadAcl = DAV "read-acl";
    /// Saying who may do what.
    WriteAcl = DAV "write-acl";
    /// Seeing what we may do.
    ReadCurrentUserPrivilegeSet = DAV "read-current-user-privilege-set";
    /// RFC 4791 section 6.1.1: seeing when somebody is busy.
    ReadFreeBusy = CALDAV "read-free-busy";
}

impl Privileges {
    /// Whether it is granted, by itself or in an aggregate (RFC 3744 section 3).
    #[must_use]
    pub fn grants(self, one: Privilege) -> bool {
        let in_write = matches!(
            one,
            Privilege::WriteProperties
                | Privilege::WriteContent
                | Privilege::Bind
                | Privilege::Unbind
        );
        self.contains(one)
            || self.contains(Privilege::All)
            || in_write && self.contains(Privilege::Write)
            || one == Privilege::ReadFreeBusy && self.contains(Privilege::Read)
    }

    /// Whether members may be added, changed or removed, be it only one of these.
    #[must_use]
    pub fn can_write(self) -> bool {
        [Privilege::WriteContent, Privilege::Bind, Privilege::Unbind]
            .into_iter()
            .any(|one| self.grants(one))
    }
}

set! {
    /// Components of iCalendar.
    Components of Component: u8;
    /// An event.
    Event = CALDAV "VEVENT";
    /// A task.
    Todo = CALDAV "VTODO";
    /// A note.
    Journal = CALDAV "VJOURNAL";
    /// Busy times.
    FreeBusy = CALDAV "VFREEBUSY";
    /// A time zone.
    Timezone = CALDAV "VTIMEZONE";
    /// RFC 7953: when somebody can be met.
    Availability = CALDAV "VAVAILABILITY";
}

impl Component {
    /// As iCalendar writes it: `VEVENT`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.name().1
    }

    /// The component of this name, in letters of either case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::from_name(ns::CALDAV, &name.to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_grants_what_it_holds() {
        let write = Privileges::from_iter([Privilege::Read, Privilege::Write]);
        assert!(write.grants(Privilege::Bind) && write.can_write());
        assert!(write.grants(Privilege::ReadFreeBusy) && !write.grants(Privilege::WriteAcl));
        let all = Privileges::from_iter([Privilege::All]);
        assert!(all.grants(Privilege::WriteAcl) && all.can_write());
        let read = Privileges::from_iter([Privilege::Read, Privilege::WriteProperties]);
        assert!(!read.can_write() && read.grants(Privilege::WriteProperties));
    }

    #[test]
    fn names() {
        assert_eq!(Component::parse("vevent"), Some(Component::Event));
        assert_eq!(Component::parse("X-THING"), None);
        let types = ResourceTypes::from_iter([ResourceType::Calendar, ResourceType::Collection]);
        assert_eq!(format!("{types:?}"), "{Collection, Calendar}");
        for one in types.iter() {
            let (namespace, local) = one.name();
            assert_eq!(ResourceType::from_name(namespace, local), Some(one));
        }
    }
}
