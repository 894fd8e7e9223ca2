//! Finding calendars and address books (RFC 6764, RFC 5397).

use std::fmt;

use sync_core::net::http::Url;

use crate::wire::{Href, Property, ResourceType, Response};

use super::error::{Error, ErrorKind, Result};
use super::{Client, Service};

/// Where servers that have no well-known URL are known to keep their WebDAV.
const USUAL_PLACES: &[&str] = &[
    "/",
    // First, since SOGo answers at any of the others too, under odd names.
    "/SOGo/dav/",
    "/remote.php/dav/",
    "/dav.php/",
    "/dav/",
    "/caldav/",
    "/davical/caldav.php/",
];

/// Domains of which all hosts are one service: iCloud keeps each account on a host of its own and
/// tells it by the home.
const ONE_SERVICE: &[&str] = &["icloud.com"];

const OF_START: &[Property] = &[
    Property::ResourceType,
    Property::CurrentUserPrincipal,
    Property::PrincipalUrl,
    Property::CalendarHomeSet,
    Property::AddressbookHomeSet,
];

const OF_PRINCIPAL: &[Property] = &[
    Property::DisplayName,
    Property::CalendarHomeSet,
    Property::AddressbookHomeSet,
    Property::CalendarUserAddressSet,
    Property::ScheduleInboxUrl,
    Property::ScheduleOutboxUrl,
];

/// What was found for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// What was looked for.
    pub service: Service,
    /// Who the server takes us for.
    pub principal: Option<Href>,
    /// Where the calendars or address books are; never empty unless [`collection`](Self::collection)
    /// is there.
    pub homes: Vec<Href>,
    /// The calendar or address book that the URL itself leads to.
    pub collection: Option<Href>,
    /// The addresses by which the account is invited: `mailto:` and others (RFC 6638 section 2.4.1).
    pub addresses: Vec<String>,
    /// How it was found.
    pub steps: Vec<Step>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was asked, of whom.
    pub tried: String,
    /// What came of it.
    pub found: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tried, self.found)
    }
}

impl Client {
    /// Finds where the account's calendars or address books are, beginning at the URL that the
    /// client was made with: that of a collection, a home, a principal, or just of the server.
    ///
    /// # Errors
    /// [`ErrorKind::Discovery`], whose text tells every step that was tried. Login refused, a
    /// server that cannot be reached or that asks for a pause are errors of their own.
    pub async fn discover(&self, service: Service) -> Result<Discovery> {
        let mut search = Search {
            client: self,
            service,
            steps: Vec::new(),
        };
        let mut places = vec![self.start().clone()];
        let well_known = match service {
            Service::CalDav => "/.well-known/caldav",
            Service::CardDav => "/.well-known/carddav",
        };
        let usual = std::iter::once(&well_known).chain(USUAL_PLACES);
        for place in usual.filter_map(|place| Href::parse(place)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        for place in places {
            if let Some(found) = search.begin_at(&place).await? {
                return Ok(found);
            }
        }
        let steps: Vec<_> = search.steps.iter().map(ToString::to_string).collect();
        let what = match service {
            Service::CalDav => "calendars",
            Service::CardDav => "address books",
        };
        let text = format!("no {what} found at {self:?}\n  {}", steps.join("\n  "));
        Err(Error::new(ErrorKind::Discovery, text))
    }

    /// Shows the login to the origin of `href` too, if it is of the same service.
    fn admit(&self, href: &Href) -> bool {
        let Ok(url) = self.url(href) else {
            return false;
        };
        if self.0.http.trusts(&url) {
            return true;
        }
        let own = &self.0.options.url;
        let within = |url: &Url, domain: &str| {
            url.host_str()
                .and_then(|host| host.strip_suffix(domain))
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let admitted = url.scheme() == "https"
            && ONE_SERVICE
                .iter()
                .any(|domain| within(own, domain) && within(&url, domain));
        if admitted {
            self.0.http.trust(&url);
        }
        admitted
    }
}

struct Search<'a> {
    client: &'a Client,
    service: Service,
    steps: Vec<Step>,
}

impl Search<'_> {
    fn step(&mut self, tried: impl Into<String>, found: impl Into<String>) {
        let step = Step {
            tried: tried.into(),
            found: found.into(),
        };
        tracing::debug!(%step, "discovery");
        self.steps.push(step);
    }

    fn homes_in(&self, response: &Response) -> Vec<Href> {
        let property = match self.service {
            Service::CalDav => Property::CalendarHomeSet,
            Service::CardDav => Property::AddressbookHomeSet,
        };
        response.properties.hrefs(property).to_vec()
    }

    /// Asks, and writes down what came of it. Errors that another place cannot mend are errors.
    async fn ask(&mut self, href: &Href, properties: &[Property]) -> Result<Option<Response>> {
        let tried = format!("PROPFIND {href}");
        match self.client.properties(href, properties).await {
            Ok(response) if response.is_success() => {
                let values: Vec<_> = response
                    .properties
                    .iter()
                    .map(|(name, _)| name.name().1)
                    .collect();
                let found = match values.as_slice() {
                    [] => "answered without any of the properties".to_owned(),
                    names => format!("has {}", names.join(", ")),
                };
                self.step(tried, found);
                Ok(Some(response))
            }
            Ok(response) => {
                let found = format!("status {}", response.status.unwrap_or_default());
                self.step(tried, found);
                Ok(None)
            }
            Err(error) if error.is_authentication() && self.is_home(href) => Err(error),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Config | ErrorKind::Connection | ErrorKind::Timeout
                ) || error.is_throttled() =>
            {
                Err(error)
            }
            Err(error) => {
                self.step(tried, error.to_string());
                Ok(None)
            }
        }
    }

    /// Whether the login is for where `href` is.
    fn is_home(&self, href: &Href) -> bool {
        self.client
            .url(href)
            .is_ok_and(|url| self.client.0.http.trusts(&url))
    }

    async fn begin_at(&mut self, place: &Href) -> Result<Option<Discovery>> {
        let Some(response) = self.ask(place, OF_START).await? else {
            return Ok(None);
        };
        let mut found = Discovery {
            service: self.service,
            principal: None,
            homes: Vec::new(),
            collection: None,
            addresses: Vec::new(),
            steps: Vec::new(),
        };
        let types = response.properties.resource_types();
        let wanted = match self.service {
            Service::CalDav => ResourceType::Calendar,
            Service::CardDav => ResourceType::Addressbook,
        };
        if types.contains(wanted) {
            self.step(
                response.href.to_string(),
                "is a collection of the kind looked for",
            );
            found.collection = Some(response.href.clone());
        }
        let own = response.properties.href(Property::PrincipalUrl);
        let principal = response.properties.href(Property::CurrentUserPrincipal);
        let principal = principal.or(own.filter(|_| types.contains(ResourceType::Principal)));
        if let Some(principal) = principal.cloned() {
            self.follow_principal(&principal, &mut found).await?;
        }
        if found.homes.is_empty() {
            found.homes = self.homes_in(&response);
        }
        let holds_objects =
            types.contains(ResourceType::Calendar) || types.contains(ResourceType::Addressbook);
        let may_be_home = place == self.client.start()
            && !holds_objects
            && !types.contains(ResourceType::Principal)
            && !found.homes.contains(&response.href);
        if may_be_home && (found.homes.is_empty() || place.path() != "/") {
            self.look_into(&response, &mut found).await?;
        }
        self.check_homes(&mut found);
        if found.homes.is_empty() && found.collection.is_none() {
            return Ok(None);
        }
        found.steps = std::mem::take(&mut self.steps);
        Ok(Some(found))
    }

    async fn follow_principal(&mut self, principal: &Href, found: &mut Discovery) -> Result<()> {
        if !self.client.admit(principal) {
            self.step(
                principal.to_string(),
                "is on another origin, which gets no login",
            );
            return Ok(());
        }
        let Some(response) = self.ask(principal, OF_PRINCIPAL).await? else {
            return Ok(());
        };
        found.principal = Some(response.href.clone());
        found.homes = self.homes_in(&response);
        found.addresses = response.properties.addresses().to_vec();
        Ok(())
    }

    /// The URL that was given may be that of a home of which no principal tells, or of somebody
    /// else's.
    async fn look_into(&mut self, response: &Response, found: &mut Discovery) -> Result<()> {
        let tried = format!("members of {}", response.href);
        match self.client.collections(self.service, &response.href).await {
            Ok(members) if members.is_empty() => self.step(tried, "none of the kind looked for"),
            Ok(members) => {
                self.step(tried, format!("{} of the kind looked for", members.len()));
                found.homes = vec![response.href.clone()];
            }
            Err(error) => self.step(tried, error.to_string()),
        }
        Ok(())
    }

    /// Homes that the login may not be shown to are none.
    fn check_homes(&mut self, found: &mut Discovery) {
        let (good, bad): (Vec<_>, Vec<_>) = found
            .homes
            .drain(..)
            .partition(|home| self.client.admit(home));
        found.homes = good;
        for home in bad {
            self.step(
                home.to_string(),
                "is on another origin, which gets no login",
            );
        }
    }
}
