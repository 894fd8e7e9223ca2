//! The properties that are asked for, and what they hold.

use super::etag::ETag;
use super::href::Href;
use super::set::{Components, Privileges, Reports, ResourceTypes};

/// Namespaces (RFC 4918, 4791 and 6352; CalendarServer; Apple's iCal).
pub mod ns {
    /// WebDAV.
    pub const DAV: &str = "DAV:";
    /// CalDAV.
    pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
    /// CardDAV.
    pub const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
    /// CalendarServer.
    pub const CS: &str = "http://calendarserver.org/ns/";
    /// Apple.
    pub const APPLE: &str = "http://apple.com/ns/ical/";
}

/// How a property's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    /// Calendar or address object data: no white space is trimmed, and much of it is accepted.
    Data,
    Number,
    ETag,
    /// One or more DAV:href.
    Hrefs,
    /// DAV:href of things that need not be resources.
    Addresses,
    ResourceTypes,
    Reports,
    Privileges,
    Components,
    MediaTypes,
    /// An element that says all by its name.
    Choice,
}

macro_rules! properties {
    ($($(#[$doc:meta])* $variant:ident = $ns:ident $local:literal $shape:ident;)*) => {
        /// A property that this crate reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Property {
            $($(#[$doc])* $variant,)*
        }

        impl Property {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Namespace and local name.
            #[must_use]
            pub fn name(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => (ns::$ns, $local),)*
                }
            }

            /// The property of this name.
            #[must_use]
            pub fn from_name(namespace: &str, local: &str) -> Option<Self> {
                match (local, namespace) {
                    $(($local, ns::$ns) => Some(Self::$variant),)*
                    _ => None,
                }
            }

            pub(crate) fn shape(self) -> Shape {
                match self {
                    $(Self::$variant => Shape::$shape,)*
                }
            }
        }
    };
}

properties! {
    /// RFC 5995: where a POST adds a member.
    AddMember = DAV "add-member" Hrefs;
    /// RFC 5397: who the server takes us for.
    CurrentUserPrincipal = DAV "current-user-principal" Hrefs;
    /// RFC 3744 section 5.5: what we may do.
    CurrentUserPrivilegeSet = DAV "current-user-privilege-set" Privileges;
    /// RFC 4918 section 15.2: the name that people see.
    DisplayName = DAV "displayname" Text;
    /// RFC 4918 section 15.4: the length in bytes.
    GetContentLength = DAV "getcontentlength" Number;
    /// RFC 4918 section 15.5: the media type.
    GetContentType = DAV "getcontenttype" Text;
    /// RFC 4918 section 15.6: the version.
    GetETag = DAV "getetag" ETag;
    /// RFC 4918 section 15.7: an HTTP date.
    GetLastModified = DAV "getlastmodified" Text;
    /// RFC 3744 section 5.1.
    Owner = DAV "owner" Hrefs;
    /// RFC 3744 section 5.8.
    PrincipalCollectionSet = DAV "principal-collection-set" Hrefs;
    /// RFC 3744 section 4.2.
    PrincipalUrl = DAV "principal-URL" Hrefs;
    /// RFC 4331: what may still be stored, in bytes.
    QuotaAvailableBytes = DAV "quota-available-bytes" Number;
    /// RFC 4331: what is stored, in bytes.
    QuotaUsedBytes = DAV "quota-used-bytes" Number;
    /// RFC 4918 section 15.9.
    ResourceType = DAV "resourcetype" ResourceTypes;
    /// RFC 3253 section 3.1.5.
    SupportedReportSet = DAV "supported-report-set" Reports;
    /// RFC 6578 section 4: where the changes of a collection stand.
    SyncToken = DAV "sync-token" Text;

    /// RFC 7953: when its owner can be met.
    CalendarAvailability = CALDAV "calendar-availability" Data;
    /// RFC 4791 section 9.6: the object itself.
    CalendarData = CALDAV "calendar-data" Data;
    /// RFC 4791 section 5.2.1.
    CalendarDescription = CALDAV "calendar-description" Text;
    /// RFC 4791 section 6.2.1: where the calendars of a principal are.
    CalendarHomeSet = CALDAV "calendar-home-set" Hrefs;
    /// RFC 4791 section 5.2.2: a VTIMEZONE.
    CalendarTimezone = CALDAV "calendar-timezone" Data;
    /// RFC 7809: the name of a time zone.
    CalendarTimezoneId = CALDAV "calendar-timezone-id" Text;
    /// RFC 6638 section 2.4.1: the addresses of a principal.
    CalendarUserAddressSet = CALDAV "calendar-user-address-set" Addresses;
    /// RFC 6638 section 2.4.2: INDIVIDUAL, GROUP, RESOURCE, ROOM.
    CalendarUserType = CALDAV "calendar-user-type" Text;
    /// RFC 8607: where attachments can be added.
    ManagedAttachmentsServerUrl = CALDAV "managed-attachments-server-URL" Hrefs;
    /// RFC 4791 section 5.2.9.
    MaxAttendeesPerInstance = CALDAV "max-attendees-per-instance" Number;
    /// RFC 8607: bytes of one attachment.
    MaxAttachmentSize = CALDAV "max-attachment-size" Number;
    /// RFC 8607.
    MaxAttachmentsPerResource = CALDAV "max-attachments-per-resource" Number;
    /// RFC 4791 section 5.2.7: the latest date, as iCalendar writes it in UTC.
    MaxDateTime = CALDAV "max-date-time" Text;
    /// RFC 4791 section 5.2.8.
    MaxInstances = CALDAV "max-instances" Number;
    /// RFC 4791 section 5.2.5: bytes of one calendar object.
    MaxResourceSize = CALDAV "max-resource-size" Number;
    /// RFC 4791 section 5.2.6: the earliest date, as iCalendar writes it in UTC.
    MinDateTime = CALDAV "min-date-time" Text;
    /// RFC 6638 section 9.1: whether events here make their owner busy (`opaque`, `transparent`).
    ScheduleCalendarTransp = CALDAV "schedule-calendar-transp" Choice;
    /// RFC 6638 section 9.2.
    ScheduleDefaultCalendarUrl = CALDAV "schedule-default-calendar-URL" Hrefs;
    /// RFC 6638 section 2.2.1.
    ScheduleInboxUrl = CALDAV "schedule-inbox-URL" Hrefs;
    /// RFC 6638 section 2.1.1.
    ScheduleOutboxUrl = CALDAV "schedule-outbox-URL" Hrefs;
    /// RFC 6638 section 3.2.10: changes only when something else than a reply did.
    ScheduleTag = CALDAV "schedule-tag" ETag;
    /// RFC 4791 section 5.2.3: which components a calendar takes.
    SupportedCalendarComponentSet = CALDAV "supported-calendar-component-set" Components;
    /// RFC 4791 section 5.2.4.
    SupportedCalendarData = CALDAV "supported-calendar-data" MediaTypes;
    /// RFC 7809: servers that hold time zones.
    TimezoneServiceSet = CALDAV "timezone-service-set" Hrefs;

    /// RFC 6352 section 10.4: the card itself.
    AddressData = CARDDAV "address-data" Data;
    /// RFC 6352 section 6.2.1.
    AddressbookDescription = CARDDAV "addressbook-description" Text;
    /// RFC 6352 section 7.1.1: where the address books of a principal are.
    AddressbookHomeSet = CARDDAV "addressbook-home-set" Hrefs;
    /// RFC 6352 section 6.2.3: bytes of one card.
    MaxCardSize = CARDDAV "max-resource-size" Number;
    /// RFC 6352 section 7.1.2: the card of the principal.
    PrincipalAddress = CARDDAV "principal-address" Hrefs;
    /// RFC 6352 section 6.2.2.
    SupportedAddressData = CARDDAV "supported-address-data" MediaTypes;

    /// CalendarServer: changes when anything in the collection does.
    GetCTag = CS "getctag" Text;
    /// CalendarServer: the URL that a subscribed calendar is read from.
    Source = CS "source" Hrefs;

    /// Apple: `#RRGGBB` or `#RRGGBBAA`.
    CalendarColor = APPLE "calendar-color" Text;
    /// Apple: the place in a list.
    CalendarOrder = APPLE "calendar-order" Text;
}

/// A media type in which objects can be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// `text/vcard`.
    pub content_type: String,
    /// `4.0`.
    pub version: String,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Text, without the white space around it unless it is data.
    Text(String),
    /// A number.
    Number(u64),
    /// A tag.
    ETag(ETag),
    /// References, resolved.
    Hrefs(Vec<Href>),
    /// Addresses as they were written.
    Addresses(Vec<String>),
    /// What a resource is.
    ResourceTypes(ResourceTypes),
    /// Which reports a resource answers.
    Reports(Reports),
    /// What may be done.
    Privileges(Privileges),
    /// Components of iCalendar.
    Components(Components),
    /// Media types.
    MediaTypes(Vec<MediaType>),
}

/// The values that a resource has, of those that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties(Vec<(Property, Value)>);

impl Properties {
    pub(crate) fn set(&mut self, property: Property, value: Value) {
        match self.0.iter_mut().find(|(name, _)| *name == property) {
            Some((_, old)) => *old = value,
            None => self.0.push((property, value)),
        }
    }

    pub(crate) fn append(&mut self, other: &mut Self) {
        for (property, value) in other.0.drain(..) {
            self.set(property, value);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The value of `property`.
    #[must_use]
    pub fn get(&self, property: Property) -> Option<&Value> {
        self.0
            .iter()
            .find(|(name, _)| *name == property)
            .map(|(_, value)| value)
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = (Property, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text; empty ones count as none.
    #[must_use]
    pub fn text(&self, property: Property) -> Option<&str> {
        match self.get(property) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Takes a text out, such as calendar data, without copying it.
    pub fn take_text(&mut self, property: Property) -> Option<String> {
        let at = self.0.iter().position(|(name, _)| *name == property)?;
        match self.0.swap_remove(at) {
            (_, Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A number.
    #[must_use]
    pub fn number(&self, property: Property) -> Option<u64> {
        match self.get(property) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// References; none if there is no such property.
    #[must_use]
    pub fn hrefs(&self, property: Property) -> &[Href] {
        match self.get(property) {
            Some(Value::Hrefs(hrefs)) => hrefs,
            _ => &[],
        }
    }

    /// The first reference.
    #[must_use]
    pub fn href(&self, property: Property) -> Option<&Href> {
        self.hrefs(property).first()
    }

    /// CALDAV:calendar-user-address-set: `mailto:` and others.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        match self.get(Property::CalendarUserAddressSet) {
            Some(Value::Addresses(addresses)) => addresses,
            _ => &[],
        }
    }

    /// DAV:getetag.
    #[must_use]
    pub fn etag(&self) -> Option<&ETag> {
        match self.get(Property::GetETag) {
            Some(Value::ETag(tag)) => Some(tag),
            _ => None,
        }
    }

    /// CALDAV:schedule-tag.
    #[must_use]
    pub fn schedule_tag(&self) -> Option<&ETag> {
        match self.get(Property::ScheduleTag) {
            Some(Value::ETag(tag)) => Some(tag),
            _ => None,
        }
    }

    /// DAV:resourcetype; empty if it was not told.
    #[must_use]
    pub fn resource_types(&self) -> ResourceTypes {
        match self.get(Property::ResourceType) {
            Some(Value::ResourceTypes(types)) => *types,
            _ => ResourceTypes::default(),
        }
    }

    /// DAV:supported-report-set, if it was told.
    #[must_use]
    pub fn reports(&self) -> Option<Reports> {
        match self.get(Property::SupportedReportSet) {
            Some(Value::Reports(reports)) => Some(*reports),
            _ => None,
        }
    }

    /// DAV:current-user-privilege-set, if it was told.
    #[must_use]
    pub fn privileges(&self) -> Option<Privileges> {
        match self.get(Property::CurrentUserPrivilegeSet) {
            Some(Value::Privileges(privileges)) => Some(*privileges),
            _ => None,
        }
    }

    /// CALDAV:supported-calendar-component-set; without it every component is taken
    /// (RFC 4791 section 5.2.3).
    #[must_use]
    pub fn components(&self) -> Option<Components> {
        match self.get(Property::SupportedCalendarComponentSet) {
            Some(Value::Components(components)) => Some(*components),
            _ => None,
        }
    }

    /// Media types of CALDAV:supported-calendar-data or CARDDAV:supported-address-data.
    #[must_use]
    pub fn media_types(&self, property: Property) -> &[MediaType] {
        match self.get(property) {
            Some(Value::MediaTypes(types)) => types,
            _ => &[],
        }
    }
}
