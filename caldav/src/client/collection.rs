//! Calendars and address books.

use crate::wire::{
    Components, Depth, Href, MediaType, Privileges, Properties, Property, Report, Reports,
    ResourceType, Response,
};

use super::error::Result;
use super::{Client, Service};

/// What is asked of every member of a home.
const PROPERTIES: &[Property] = &[
    Property::ResourceType,
    Property::DisplayName,
    Property::CalendarDescription,
    Property::AddressbookDescription,
    Property::CalendarColor,
    Property::CalendarOrder,
    Property::SupportedCalendarComponentSet,
    Property::SupportedAddressData,
    Property::CurrentUserPrivilegeSet,
    Property::SupportedReportSet,
    Property::MaxResourceSize,
    Property::MaxCardSize,
    Property::GetCTag,
    Property::SyncToken,
    Property::AddMember,
    Property::Owner,
];

/// A calendar or an address book, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Where it is.
    pub href: Href,
    /// Which of the two it is.
    pub service: Service,
    /// The name that people see.
    pub display_name: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`, or whatever somebody wrote there.
    pub color: Option<String>,
    /// The place in a list.
    pub order: Option<i64>,
    /// The components that a calendar takes; `None` for all of them.
    pub components: Option<Components>,
    /// The media types that an address book takes.
    pub media_types: Vec<MediaType>,
    /// What we may do, if the server says so.
    pub privileges: Option<Privileges>,
    /// The reports that it answers, if the server says so.
    pub reports: Option<Reports>,
    /// The most bytes of one object.
    pub max_resource_size: Option<u64>,
    /// Changes when something in it does (CalendarServer).
    pub ctag: Option<String>,
    /// Where its changes stand (RFC 6578).
    pub sync_token: Option<String>,
    /// Where a POST adds a member (RFC 5995).
    pub add_member: Option<Href>,
    /// The principal that it belongs to.
    pub owner: Option<Href>,
    /// Whether it shows what is fetched from elsewhere, and cannot be written.
    pub subscribed: bool,
}

impl Collection {
    /// `None` if it is neither a calendar nor an address book.
    pub(crate) fn from_response(response: &Response) -> Option<Self> {
        let properties = &response.properties;
        let types = properties.resource_types();
        let service =
            if types.contains(ResourceType::Calendar) || types.contains(ResourceType::Subscribed) {
                Service::CalDav
            } else if types.contains(ResourceType::Addressbook) {
                Service::CardDav
            } else {
                return None;
            };
        let text = |property| properties.text(property).map(str::to_owned);
        let (description, size) = match service {
            Service::CalDav => (Property::CalendarDescription, Property::MaxResourceSize),
            Service::CardDav => (Property::AddressbookDescription, Property::MaxCardSize),
        };
        Some(Self {
            href: response.href.clone(),
            service,
            display_name: text(Property::DisplayName),
            description: text(description),
            color: text(Property::CalendarColor),
            order: order(properties),
            components: properties.components().filter(|set| !set.is_empty()),
            media_types: properties
                .media_types(Property::SupportedAddressData)
                .to_vec(),
            privileges: properties.privileges(),
            reports: properties.reports(),
            max_resource_size: properties.number(size),
            ctag: text(Property::GetCTag),
            sync_token: text(Property::SyncToken),
            add_member: properties.href(Property::AddMember).cloned(),
            owner: properties.href(Property::Owner).cloned(),
            subscribed: types.contains(ResourceType::Subscribed),
        })
    }

    /// Whether nothing can be written here, as far as the server says.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.subscribed || self.privileges.is_some_and(|set| !set.can_write())
    }

    /// Whether its changes can be asked for: it has a token, or says that it knows the report.
    #[must_use]
    pub fn has_sync(&self) -> bool {
        self.sync_token.is_some()
            || self
                .reports
                .is_some_and(|set| set.contains(Report::SyncCollection))
    }
}

/// Apple's clients write whole numbers, others what they like.
fn order(properties: &Properties) -> Option<i64> {
    let text = properties.text(Property::CalendarOrder)?;
    text.split('.').next()?.parse().ok()
}

impl Client {
    /// The calendars or address books in a home, or the one that `home` itself is.
    ///
    /// # Errors
    /// As [`propfind`](Self::propfind). A member that the server cannot describe is left out.
    pub async fn collections(&self, service: Service, home: &Href) -> Result<Vec<Collection>> {
        let mut answer = self.propfind(home, Depth::One, PROPERTIES).await?;
        let mut found: Vec<Collection> = Vec::new();
        while let Some(response) = answer.next().await? {
            let collection = Collection::from_response(&response);
            let wanted = collection.filter(|one| {
                one.service == service && !found.iter().any(|known| known.href == one.href)
            });
            found.extend(wanted);
        }
        Ok(found)
    }

    /// What is known of one collection; `None` if it is neither a calendar nor an address book.
    ///
    /// # Errors
    /// As [`propfind`](Self::propfind).
    pub async fn collection(&self, href: &Href) -> Result<Option<Collection>> {
        let response = self.properties(href, PROPERTIES).await?;
        Ok(Collection::from_response(&response))
    }
}
