//! New calendars and address books.

use crate::wire::request::{self, CollectionBody};
use crate::wire::{Components, Href, Property, ResourceType};

use super::error::{Error, Result};
use super::{Client, Service};

/// What a new calendar or address book is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCollection {
    /// The name that people see.
    pub display_name: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    pub color: Option<String>,
    /// The place in a list.
    pub order: Option<i64>,
    /// The components that a calendar shall take; empty leaves it to the server.
    pub components: Components,
}

impl NewCollection {
    /// The properties as they are written.
    fn properties(&self, service: Service) -> Vec<(Property, String)> {
        let description = match service {
            Service::CalDav => Property::CalendarDescription,
            Service::CardDav => Property::AddressbookDescription,
        };
        let order = self.order.map(|order| order.to_string());
        [
            (Property::DisplayName, self.display_name.clone()),
            (description, self.description.clone()),
            (Property::CalendarColor, self.color.clone()),
            (Property::CalendarOrder, order),
        ]
        .into_iter()
        .filter_map(|(property, value)| Some((property, value?)))
        .collect()
    }
}

impl Client {
    /// Makes a calendar or address book where nothing is yet; `false` if one is there already.
    ///
    /// Calendars are made by MKCALENDAR (RFC 4791 section 5.3.1), else by extended MKCOL (RFC 5689)
    /// as address books are. A server that refuses the properties gets them afterwards, one by one;
    /// that it does not take them all (a colour, say) is no error.
    ///
    /// # Errors
    /// [`is_denied`](Error::is_denied), [`is_full`](Error::is_full), and as any request.
    pub async fn make_collection(
        &self,
        service: Service,
        href: &Href,
        new: &NewCollection,
    ) -> Result<bool> {
        let properties = new.properties(service);
        let texts = properties
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let full = CollectionBody {
            kind: Some(match service {
                Service::CalDav => ResourceType::Calendar,
                Service::CardDav => ResourceType::Addressbook,
            }),
            components: new.components,
            properties: texts.clone().collect(),
        };
        let bare = CollectionBody {
            properties: Vec::new(),
            ..full.clone()
        };
        let mut tries: Vec<(&'static str, String, bool)> = vec![
            ("MKCOL", request::mkcol(&full), true),
            ("MKCOL", request::mkcol(&bare), false),
        ];
        if service == Service::CalDav {
            tries.insert(0, ("MKCALENDAR", request::mkcalendar(&full), true));
            tries.insert(1, ("MKCALENDAR", request::mkcalendar(&bare), false));
        }
        let mut unknown_method = None;
        let mut last = None;
        for (method, body, with_properties) in tries {
            if unknown_method == Some(method) || properties.is_empty() && !with_properties {
                continue;
            }
            match self.make(method, href, body).await {
                Ok(true) => {
                    if !with_properties {
                        let changes: Vec<_> = texts
                            .clone()
                            .map(|(name, value)| (name, Some(value)))
                            .collect();
                        // What it does not take now either, it does not take.
                        let refused = self.proppatch(href, &changes).await?;
                        tracing::debug!(%href, ?refused, "properties of a new collection");
                    }
                    return Ok(true);
                }
                // Made without some of what was asked: undone by the rule that all or nothing is.
                Ok(false) => {}
                Err(error)
                    if error
                        .status()
                        .is_none_or(|status| status >= 500 && status != 501) =>
                {
                    return Err(error);
                }
                Err(error) if error.is_authentication() || error.is_retryable() => {
                    return Err(error);
                }
                Err(error) => {
                    // 405 is what MKCOL says where something is already (RFC 4918 section 9.3.1).
                    if self.is_there(service, href).await? {
                        return Ok(false);
                    }
                    if error.is_unsupported() {
                        unknown_method = Some(method);
                    }
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| Error::refused(403, Default::default()).at("MKCOL", href)))
    }

    /// Whether it was made with all that was asked for.
    async fn make(&self, method: &'static str, href: &Href, body: String) -> Result<bool> {
        let request = self.xml_request(method, href, body)?;
        let mut answer = self.send(method, href, request).await?;
        if answer.status().as_u16() != 207 {
            answer.drain().await;
            return Ok(true);
        }
        let response = self.read(method, href, answer).single().await?;
        Ok(response.refused.is_empty() && response.is_success())
    }

    async fn is_there(&self, service: Service, href: &Href) -> Result<bool> {
        match self.collection(href).await {
            Ok(found) => Ok(found.is_some_and(|found| found.service == service)),
            Err(error) if error.is_retryable() => Err(error),
            Err(_) => Ok(false),
        }
    }
}
