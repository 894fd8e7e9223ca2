//! Homes and the collections in them.

use std::collections::HashMap;

use sync_core::model::{
    Collection, CollectionId, CollectionPath, CollectionProperties, ItemKind, KindSet,
    NewCollection,
};
use sync_core::net::dns::Dns;
use sync_core::{Error, ErrorKind, Result};

use crate::client::{self, Client, Service};
use crate::wire::{Component, Components, Depth, Href, Property, Response};

use super::DavSource;
use super::content::kind_of_component;
use super::ident::{collection_href, collection_id};

/// Where the collections are.
#[derive(Debug, Clone)]
pub(super) struct Homes {
    homes: Vec<Href>,
    /// The URL of the account is that of one collection.
    only: Option<Href>,
}

/// What is known of a collection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) kinds: KindSet,
}

/// What changes when a collection does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tags {
    pub(super) token: Option<String>,
    pub(super) ctag: Option<String>,
    /// Since when a token that may hide something has been known.
    pub(super) unsettled: Option<i64>,
}

impl Tags {
    pub(super) fn of(response: &Response) -> Self {
        let text = |property| response.properties.text(property).map(str::to_owned);
        Self {
            token: text(Property::SyncToken),
            ctag: text(Property::GetCTag),
            unsettled: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.token.is_none() && self.ctag.is_none()
    }
}

/// What is asked of every collection. A server may have to read a collection to give its
/// sync-token, and again for its CTag (Radicale), so the latter is asked for only where there is
/// no token.
fn properties(service: Service) -> Vec<Property> {
    let mut properties = vec![
        Property::ResourceType,
        Property::DisplayName,
        Property::CurrentUserPrivilegeSet,
        Property::SyncToken,
    ];
    properties.extend(match service {
        Service::CalDav => vec![
            Property::SupportedCalendarComponentSet,
            Property::CalendarDescription,
            Property::CalendarColor,
            Property::CalendarOrder,
        ],
        Service::CardDav => vec![Property::AddressbookDescription],
    });
    properties
}

impl DavSource {
    /// A client of the account. Clones share connections.
    pub(super) async fn client(&mut self) -> Result<Client> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = match self.config.address.clone() {
            None => Client::new(self.config.client.clone())?,
            Some((address, dns)) => self.locate(&address, &*dns).await?,
        };
        self.client = Some(client.clone());
        Ok(client)
    }

    /// Finds the server of a mail address.
    async fn locate(&self, address: &str, dns: &dyn Dns) -> Result<Client> {
        let service = self.service();
        let located = client::locate(dns, service, address).await?;
        let mut tried: Vec<String> = located.steps.iter().map(ToString::to_string).collect();
        let mut elsewhere = Vec::new();
        for location in located.locations {
            if location.elsewhere {
                elsewhere.push(location.url);
                continue;
            }
            let client = Client::new(self.config.client.clone().at(&location.url)?)?;
            match client.discover(service).await {
                Ok(_) => return Ok(client),
                Err(error) if error.is_authentication() || error.is_throttled() => {
                    return Err(error.into());
                }
                Err(error) => tried.push(error.to_string()),
            }
        }
        let hint = match elsewhere.as_slice() {
            [] => String::new(),
            urls => format!(
                "; its domain names {} as its server: if that is right, give it as the url",
                urls.join(" or ")
            ),
        };
        let text = format!(
            "no server found for {address}{hint}\n  {}",
            tried.join("\n  ")
        );
        Err(Error::new(ErrorKind::Config, text))
    }

    pub(super) async fn list_collections(&mut self) -> Result<Vec<Collection>> {
        let client = self.client().await?;
        let mut found = Vec::new();
        if self.homes.is_none() {
            found.extend(self.begin(&client).await?);
        }
        let asked = properties(self.service());
        match self.homes.as_ref().and_then(|homes| homes.only.clone()) {
            Some(only) if found.is_empty() => {
                found.push(client.properties(&only, &asked).await?);
            }
            Some(_) => {}
            None => {
                for home in self.homes().to_vec() {
                    let mut answer = client.propfind(&home, Depth::One, &asked).await?;
                    while let Some(response) = answer.next().await? {
                        found.push(response);
                    }
                }
            }
        }
        Ok(self.take(&found))
    }

    /// Finds the homes, or the collection that the URL is, which is given with its properties.
    async fn begin(&mut self, client: &Client) -> Result<Option<Response>> {
        let service = self.service();
        let mut asked = properties(service);
        let home_set = match service {
            Service::CalDav => Property::CalendarHomeSet,
            Service::CardDav => Property::AddressbookHomeSet,
        };
        asked.push(home_set);
        // The URL of a collection is known for one by a single request, and that of a principal
        // or home by another one. The root of a server is neither.
        let start = client.start();
        let told = match start.path() {
            "/" => None,
            _ => match client.properties(start, &asked).await {
                Ok(response) => Some(response),
                Err(error) if error.is_retryable() || error.is_authentication() => {
                    return Err(error.into());
                }
                Err(error) => {
                    tracing::debug!(%error, "nothing at the URL itself");
                    None
                }
            },
        };
        if let Some(response) = told {
            let one = client::Collection::from_response(&response);
            if one.is_some_and(|one| one.service == service) {
                self.homes = Some(Homes {
                    homes: Vec::new(),
                    only: Some(response.href.clone()),
                });
                return Ok(Some(response));
            }
            let homes = response.properties.hrefs(home_set).to_vec();
            // One that is elsewhere is for the discovery to judge.
            if !homes.is_empty() && homes.iter().all(|home| home.origin().is_none()) {
                self.homes = Some(Homes { homes, only: None });
                return Ok(None);
            }
        }
        let discovery = client.discover(service).await?;
        self.addresses = Some(discovery.addresses);
        self.homes = Some(Homes {
            homes: discovery.homes,
            only: discovery.collection,
        });
        Ok(None)
    }

    fn homes(&self) -> &[Href] {
        self.homes.as_ref().map_or(&[], |homes| &homes.homes)
    }

    /// The collections among responses, whose tags are noted.
    fn take(&mut self, responses: &[Response]) -> Vec<Collection> {
        let mut collections: Vec<Collection> = Vec::new();
        self.fresh.clear();
        for response in responses.iter().filter(|r| r.is_success()) {
            let one = client::Collection::from_response(response);
            let Some(one) = one.filter(|one| one.service == self.service() && !one.subscribed)
            else {
                continue;
            };
            let id = collection_id(&one.href);
            let kinds = kinds(&one);
            if kinds.is_empty() || collections.iter().any(|known| known.id == id) {
                continue;
            }
            self.known.insert(id.clone(), Known { kinds });
            let tags = Tags::of(response);
            if !tags.is_empty() {
                self.fresh.insert(id, tags);
            }
            collections.push(collection(&one, kinds));
        }
        collections
    }

    /// Makes a collection, unless it is there.
    pub(super) async fn make_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        let service = self.service();
        let kinds = new.kinds.and(self.capabilities.kinds);
        let wrong = |kind, why: &str| Error::new(kind, format!("{}: {why}", new.path));
        if kinds.is_empty() {
            let why = "it cannot hold any of what it shall hold";
            return Err(wrong(ErrorKind::Unsupported, why));
        }
        let [name] = new.path.segments() else {
            let why = "calendars and address books do not stand in each other";
            return Err(wrong(ErrorKind::Unsupported, why));
        };
        if name.is_empty() || matches!(name.as_str(), "." | "..") {
            return Err(wrong(ErrorKind::Refused, "this is no name"));
        }
        let client = self.client().await?;
        if self.homes.is_none() {
            self.begin(&client).await?;
        }
        let Some(home) = self.homes().first().cloned() else {
            let why = "the URL is that of one collection; beside it none is created";
            return Err(wrong(ErrorKind::Unsupported, why));
        };
        let href = Href::parse(&format!("{}/", home.member(name)));
        let href = href.ok_or_else(|| wrong(ErrorKind::Refused, "the name is too long"))?;
        let shown = &new.properties;
        let options = client::NewCollection {
            display_name: Some(shown.display_name.clone().unwrap_or_else(|| name.clone())),
            description: shown.description.clone(),
            color: shown.color.clone(),
            order: shown.order,
            components: components(kinds),
        };
        let made = client.make_collection(service, &href, &options).await;
        made.map_err(|error| {
            let text = format!("{}: {error}", new.path);
            let kind = Error::from(error).kind();
            Error::new(kind, text)
        })?;
        let response = client.properties(&href, &properties(service)).await?;
        let one = client::Collection::from_response(&response);
        let one = one.filter(|one| one.service == service);
        let one =
            one.ok_or_else(|| wrong(ErrorKind::Protocol, "it was created and is not there"))?;
        let collection = collection(&one, self::kinds(&one));
        if collection.path != new.path {
            let why = format!("the server makes {} of this name", collection.path);
            return Err(wrong(ErrorKind::Refused, &why));
        }
        let kinds = collection.kinds;
        self.known.insert(collection.id.clone(), Known { kinds });
        Ok(collection)
    }

    /// What a collection may hold, as far as that is known.
    pub(super) fn kinds_of(&self, c: &CollectionId) -> KindSet {
        let known = self.known.get(c).map(|known| known.kinds);
        known.unwrap_or(self.capabilities.kinds)
    }

    /// Tags of collections, by one request for each home.
    pub(super) async fn current_tags(
        &mut self,
        c: &[CollectionId],
    ) -> Result<HashMap<CollectionId, Tags>> {
        let client = self.client().await?;
        let asked = [Property::SyncToken, Property::GetCTag];
        let mut tags = HashMap::new();
        if let [one] = c
            && let Some(href) = collection_href(one)
        {
            let response = client.properties(&href, &asked).await?;
            tags.insert(one.clone(), Tags::of(&response));
            return Ok(tags);
        }
        for home in self.homes().to_vec() {
            let mut answer = client.propfind(&home, Depth::One, &asked).await?;
            while let Some(response) = answer.next().await? {
                tags.insert(collection_id(&response.href), Tags::of(&response));
            }
        }
        Ok(tags)
    }
}

/// What a collection may hold.
pub(super) fn kinds(one: &client::Collection) -> KindSet {
    match (one.service, one.components) {
        (Service::CardDav, _) => KindSet::CONTACTS,
        // No set means all of them (RFC 4791 section 5.2.3).
        (Service::CalDav, None) => KindSet::CALENDAR,
        (Service::CalDav, Some(set)) => set
            .iter()
            .filter_map(|component| kind_of_component(component.as_str()))
            .fold(KindSet::NONE, KindSet::with),
    }
}

/// The components that hold these kinds.
fn components(kinds: KindSet) -> Components {
    let mut components = Components::default();
    for kind in kinds.iter() {
        match kind {
            ItemKind::Event => components.insert(Component::Event),
            ItemKind::Task => components.insert(Component::Todo),
            ItemKind::Note => components.insert(Component::Journal),
            _ => {}
        }
    }
    components
}

fn collection(one: &client::Collection, kinds: KindSet) -> Collection {
    let path = CollectionPath::new([one.href.name()]);
    let mut collection = Collection::new(collection_id(&one.href), path, kinds);
    collection.read_only = one.is_read_only();
    collection.properties = CollectionProperties {
        display_name: one.display_name.clone(),
        color: one.color.clone(),
        description: one.description.clone(),
        order: one.order,
    };
    collection
}
