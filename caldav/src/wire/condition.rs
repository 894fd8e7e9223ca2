//! Why a request was refused: the preconditions and postconditions of DAV:error.

use super::error::{DecodeError, DecodeErrorKind};
use super::href::Href;
use super::limits::Limits;
use super::property::ns;
use super::xml::{Attributes, Sink, XmlReader};

macro_rules! conditions {
    ($($(#[$doc:meta])* $variant:ident = $ns:ident $local:literal;)*) => {
        /// A condition that was not met (RFC 4918 section 16 and others).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Condition {
            $($(#[$doc])* $variant,)*
        }

        impl Condition {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Namespace and local name.
            #[must_use]
            pub fn name(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => (ns::$ns, $local),)*
                }
            }

            /// The condition of this name.
            #[must_use]
            pub fn from_name(namespace: &str, local: &str) -> Option<Self> {
                match (local, namespace) {
                    $(($local, ns::$ns) => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

conditions! {
    /// RFC 4918: the property is the server's.
    CannotModifyProtectedProperty = DAV "cannot-modify-protected-property";
    /// RFC 4918: it is locked.
    LockTokenSubmitted = DAV "lock-token-submitted";
    /// RFC 3744: we may not do that.
    NeedPrivileges = DAV "need-privileges";
    /// RFC 4918: it is locked by somebody else.
    NoConflictingLock = DAV "no-conflicting-lock";
    /// RFC 3744, RFC 6578: more was found than may be told.
    NumberOfMatchesWithinLimits = DAV "number-of-matches-within-limits";
    /// RFC 4918: no depth without an end.
    PropfindFiniteDepth = DAV "propfind-finite-depth";
    /// RFC 4331: the quota is used up.
    QuotaNotExceeded = DAV "quota-not-exceeded";
    /// RFC 3744, RFC 4791: something is there already.
    ResourceMustBeNull = DAV "resource-must-be-null";
    /// RFC 4331: the disk is full.
    SufficientDiskSpace = DAV "sufficient-disk-space";
    /// RFC 3253: no such report here.
    SupportedReport = DAV "supported-report";
    /// RFC 6578: no synchronisation of that depth.
    SyncTraversalSupported = DAV "sync-traversal-supported";
    /// RFC 5689: no collection of this type can be made.
    ValidResourcetype = DAV "valid-resourcetype";
    /// RFC 6578: the token means nothing any more.
    ValidSyncToken = DAV "valid-sync-token";

    /// RFC 6638: an attendee may not change this.
    AllowedAttendeeSchedulingObjectChange = CALDAV "allowed-attendee-scheduling-object-change";
    /// RFC 6638: an organizer may not change this.
    AllowedOrganizerSchedulingObjectChange = CALDAV "allowed-organizer-scheduling-object-change";
    /// RFC 4791: no calendar can be there.
    CalendarCollectionLocationOk = CALDAV "calendar-collection-location-ok";
    /// RFC 6638: the default calendar cannot be deleted.
    DefaultCalendarNeeded = CALDAV "default-calendar-needed";
    /// RFC 8607: the attachment is too large.
    MaxAttachmentSize = CALDAV "max-attachment-size";
    /// RFC 8607: too many attachments.
    MaxAttachmentsPerResource = CALDAV "max-attachments-per-resource";
    /// RFC 4791: too many attendees.
    MaxAttendeesPerInstance = CALDAV "max-attendees-per-instance";
    /// RFC 4791: too late a date.
    MaxDateTime = CALDAV "max-date-time";
    /// RFC 4791: too many instances of a series.
    MaxInstances = CALDAV "max-instances";
    /// RFC 4791: the calendar object is too large.
    MaxResourceSize = CALDAV "max-resource-size";
    /// RFC 4791: too early a date.
    MinDateTime = CALDAV "min-date-time";
    /// RFC 4791: the UID is in use, by the resource at [`ErrorBody::href`].
    NoUidConflict = CALDAV "no-uid-conflict";
    /// RFC 6638: the overrides name another organizer.
    SameOrganizerInAllComponents = CALDAV "same-organizer-in-all-components";
    /// RFC 4791: not this component here, a task in a calendar for events.
    SupportedCalendarComponent = CALDAV "supported-calendar-component";
    /// RFC 4791: no iCalendar, or not this version of it.
    SupportedCalendarData = CALDAV "supported-calendar-data";
    /// RFC 4791: such a filter is not known.
    SupportedFilter = CALDAV "supported-filter";
    /// RFC 6638: another resource of the same principal has this UID.
    UniqueSchedulingObjectResource = CALDAV "unique-scheduling-object-resource";
    /// RFC 4791: not by the grammar of iCalendar.
    ValidCalendarData = CALDAV "valid-calendar-data";
    /// RFC 4791: iCalendar, but no calendar object resource.
    ValidCalendarObjectResource = CALDAV "valid-calendar-object-resource";
    /// RFC 4791: no sound filter.
    ValidFilter = CALDAV "valid-filter";
    /// RFC 7809: an unknown time zone.
    ValidTimezone = CALDAV "valid-timezone";

    /// RFC 6352: no address book can be there.
    AddressbookCollectionLocationOk = CARDDAV "addressbook-collection-location-ok";
    /// RFC 6352: the card is too large.
    MaxCardSize = CARDDAV "max-resource-size";
    /// RFC 6352: the UID is in use, by the resource at [`ErrorBody::href`].
    NoCardUidConflict = CARDDAV "no-uid-conflict";
    /// RFC 6352: no vCard, or not this version of it.
    SupportedAddressData = CARDDAV "supported-address-data";
    /// RFC 6352: the card cannot be given in this version.
    SupportedAddressDataConversion = CARDDAV "supported-address-data-conversion";
    /// RFC 6352: such a filter is not known.
    SupportedCardFilter = CARDDAV "supported-filter";
    /// RFC 6352: not by the grammar of vCard.
    ValidAddressData = CARDDAV "valid-address-data";
}

/// What DAV:error holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// The conditions that were not met, as far as they are known.
    pub conditions: Vec<Condition>,
    /// The resource that a condition names.
    pub href: Option<Href>,
    /// What the server says to people (SabreDAV's `message`, DAV:responsedescription).
    pub message: Option<String>,
}

/// Bytes of a message that are kept.
pub(crate) const MAX_MESSAGE: usize = 500;

impl ErrorBody {
    /// Reads the body of a refusal to a request for `base`; an href at the origin `home` is given as
    /// a path. Total: what is no DAV:error says nothing.
    #[must_use]
    pub fn read(bytes: &[u8], base: Href, home: &str) -> Self {
        let limits = Limits::default();
        let mut sink = ErrorSink::new(base, home);
        // What stood before a fault in the document still says why.
        let _ = XmlReader::new(limits).push(bytes, &mut sink);
        sink.body
    }

    /// Whether this condition is among those that were not met.
    #[must_use]
    pub fn has(&self, condition: Condition) -> bool {
        self.conditions.contains(&condition)
    }

    /// An element within DAV:error begins.
    pub(crate) fn note(&mut self, namespace: &str, local: &str) {
        if let Some(condition) = Condition::from_name(namespace, local)
            && !self.has(condition)
        {
            self.conditions.push(condition);
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.href.is_none() && self.message.is_none()
    }
}

/// Appends as much of `text` as `most` bytes have room for.
pub(crate) fn append_some(to: &mut String, text: &str, most: usize) {
    let room = most.saturating_sub(to.len());
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    to.push_str(text.get(..end).unwrap_or_default());
}

struct ErrorSink {
    base: Href,
    home: String,
    body: ErrorBody,
    text: Option<(Wanted, String)>,
    depth: usize,
}

#[derive(PartialEq, Eq)]
enum Wanted {
    Href,
    Message,
}

impl ErrorSink {
    fn new(base: Href, home: &str) -> Self {
        Self {
            base,
            home: home.to_owned(),
            body: ErrorBody::default(),
            text: None,
            depth: 0,
        }
    }
}

impl Sink for ErrorSink {
    fn start(
        &mut self,
        namespace: &str,
        local: &str,
        _: &Attributes<'_>,
    ) -> Result<(), DecodeError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth == 1 {
            let is_error = (namespace, local) == (ns::DAV, "error");
            let kind = DecodeErrorKind::Root;
            return is_error
                .then_some(())
                .ok_or_else(|| DecodeError::new(kind, ""));
        }
        self.body.note(namespace, local);
        let wanted = match (namespace, local) {
            (ns::DAV, "href") => Wanted::Href,
            (ns::DAV, "responsedescription") | ("http://sabredav.org/ns", "message") => {
                Wanted::Message
            }
            // Cyrus and CalendarServer.
            (ns::CS | "http://twistedmatrix.com/xml_namespace/dav/", "error-description") => {
                Wanted::Message
            }
            _ => {
                self.text = None;
                return Ok(());
            }
        };
        self.text = Some((wanted, String::new()));
        Ok(())
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        self.depth = self.depth.saturating_sub(1);
        match self.text.take() {
            Some((Wanted::Href, text)) if self.body.href.is_none() => {
                let href = self.base.resolve(&text);
                self.body.href = href.map(|href| href.relative_to(&self.home));
            }
            Some((Wanted::Message, text)) if !text.trim().is_empty() => {
                self.body.message = Some(text.trim().to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), DecodeError> {
        if let Some((wanted, held)) = &mut self.text {
            let most = match wanted {
                Wanted::Href => super::href::MAX_HREF,
                Wanted::Message => MAX_MESSAGE,
            };
            append_some(held, text, most);
        }
        Ok(())
    }

    fn damaged(&mut self) {}
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(body: &str) -> ErrorBody {
        ErrorBody::read(body.as_bytes(), Href::parse("/cal/").unwrap(), "")
    }

    #[test]
    fn rfc_4791_section_5_3_2_1() {
        let body = read(
            "<?xml version='1.0'?><D:error xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'>\
             <C:no-uid-conflict><D:href>a.ics</D:href></C:no-uid-conflict></D:error>",
        );
        assert_eq!(body.conditions, [Condition::NoUidConflict]);
        assert_eq!(body.href, Href::parse("/cal/a.ics"));
    }

    #[test]
    fn sabre_speaks_to_people_too() {
        let body = read(
            "<d:error xmlns:d=\"DAV:\" xmlns:s=\"http://sabredav.org/ns\">\
             <s:exception>Sabre\\DAV\\Exception\\Forbidden</s:exception>\
             <s:message>Calendar object with uid already exists &amp; more.</s:message></d:error>",
        );
        assert!(body.conditions.is_empty());
        assert_eq!(
            body.message.unwrap(),
            "Calendar object with uid already exists & more."
        );
    }

    #[test]
    fn what_stood_before_a_fault_counts() {
        let body = read("<error xmlns=\"DAV:\"><valid-sync-token/><oops>");
        assert!(body.has(Condition::ValidSyncToken));
        for other in [
            "",
            "Not Found",
            "<html><valid-sync-token/></html>",
            "<!DOCTYPE html>",
        ] {
            assert!(read(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn names_are_distinct() {
        for condition in Condition::ALL {
            let (namespace, local) = condition.name();
            assert_eq!(Condition::from_name(namespace, local), Some(*condition));
        }
    }
}
