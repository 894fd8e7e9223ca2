//! What changed, and what there is.

use std::collections::{BTreeMap, HashMap};

use sync_core::model::{CollectionId, Cursor, Item, ItemId, ItemKind, KindSet, Revision};
use sync_core::source::{ChangePage, Coverage};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{self, Client, Service, SyncChange};
use crate::wire::{Component, Depth, Href, Property, Response};

use super::content::{component, kind_of_type};
use super::cursor::{At, Mark, seconds};
use super::home::{Known, Tags};
use super::ident::item_id;
use super::{DavSource, href_of};

/// For how long a token that counts seconds may hide what happened in its own second.
pub(super) const SETTLES: i64 = 2;

/// Members of a collection as a listing tells them.
#[derive(Default)]
struct Told {
    items: BTreeMap<ItemId, Member>,
    unreadable: Vec<Error>,
}

struct Member {
    revision: Option<Revision>,
    kind: Option<ItemKind>,
}

impl DavSource {
    pub(super) async fn list_changes(
        &mut self,
        c: &CollectionId,
        since: Option<&Cursor>,
    ) -> Result<ChangePage> {
        let href = href_of(c)?;
        let fresh = self.fresh.remove(c);
        let Some(since) = since else {
            return self.first(c, &href, fresh).await;
        };
        let mark = Mark::parse(since).ok_or_else(|| lost("this cursor is none of ours"))?;
        let audit = i64::try_from(self.config.audit.as_secs()).unwrap_or(i64::MAX);
        let age = self.now().saturating_sub(mark.audited);
        let due = age >= audit || age < 0;
        match mark.at.clone() {
            At::Page { token } => self.page(c, &href, mark.audited, Some(&token)).await,
            _ if due => self.snapshot(c, &href, fresh).await,
            At::Token { token, unsettled } => {
                let current = fresh.as_ref().and_then(|tags| tags.token.as_ref());
                if current == Some(&token) && unsettled.is_none() {
                    return Ok(ChangePage::unchanged(since.clone()));
                }
                self.delta(c, &href, mark.audited, &token, unsettled).await
            }
            At::Ctag(known) => {
                let tags = self.tags(c, &href, fresh).await?;
                if tags.ctag.as_ref() == Some(&known) {
                    return Ok(ChangePage::unchanged(since.clone()));
                }
                self.snapshot(c, &href, Some(tags)).await
            }
            At::Listing => self.snapshot(c, &href, None).await,
        }
    }

    /// The tags of a collection: those that are fresh, or else what the server says now.
    async fn tags(&mut self, c: &CollectionId, href: &Href, fresh: Option<Tags>) -> Result<Tags> {
        // A CTag is asked for only where there is no token.
        if let Some(fresh) = fresh.filter(|tags| !tags.is_empty()) {
            return Ok(fresh);
        }
        let mut asked = vec![
            Property::SyncToken,
            Property::GetCTag,
            Property::ResourceType,
        ];
        if self.service() == Service::CalDav {
            asked.push(Property::SupportedCalendarComponentSet);
        }
        let response = self.client().await?.properties(href, &asked).await?;
        if !response.is_success() {
            let text = "the server says nothing of this collection";
            return Err(Error::new(ErrorKind::NotFound, text));
        }
        if let Some(one) = client::Collection::from_response(&response) {
            let kinds = super::home::kinds(&one);
            self.known.insert(c.clone(), Known { kinds });
        }
        Ok(Tags::of(&response))
    }

    /// Everything there is, asked for the first time: by sync-collection where the server has it
    /// (RFC 6578 section 3.4). That spares it one of two looks at every member; and Radicale looks
    /// through the whole folder for each member of a listing by PROPFIND.
    async fn first(
        &mut self,
        c: &CollectionId,
        href: &Href,
        fresh: Option<Tags>,
    ) -> Result<ChangePage> {
        let tags = self.tags(c, href, fresh).await?;
        if tags.token.is_some() {
            match self.page(c, href, self.now(), None).await {
                Ok(page) if page.more || !page.changed.is_empty() => return Ok(page),
                // This report does not name the collection: a listing has to confirm that nothing
                // is in it.
                Ok(_) => {}
                Err(error) if error.is_retryable() || error.is_authentication() => {
                    return Err(error);
                }
                // Cyrus refuses an empty token, for one.
                Err(error) => tracing::debug!(%error, "no first listing by sync-collection"),
            }
        }
        self.snapshot(c, href, Some(tags)).await
    }

    /// Everything there is, as a listing tells it.
    async fn snapshot(
        &mut self,
        c: &CollectionId,
        href: &Href,
        fresh: Option<Tags>,
    ) -> Result<ChangePage> {
        // The tags come first: what happens during the listing is told again by the next one.
        let tags = self.tags(c, href, fresh).await?;
        let now = self.now();
        let client = self.client().await?;
        let kinds = self.kinds_of(c);
        let Some(told) = everything(&client, href, kinds).await? else {
            // There is more than one answer holds; a sync-collection has pages.
            return self.page(c, href, now, None).await;
        };
        let unsettled = tags.token.as_deref().and_then(seconds).map(|_| now);
        let at = match (&tags.token, &tags.ctag) {
            (Some(token), _) => At::Token {
                token: token.clone(),
                unsettled,
            },
            (None, Some(ctag)) => At::Ctag(ctag.clone()),
            (None, None) => At::Listing,
        };
        self.seen.insert(c.clone(), Tags { unsettled, ..tags });
        let mark = Mark { audited: now, at };
        let mut page = ChangePage::new(Coverage::Snapshot, mark.cursor());
        self.fill(c, href, told, &mut page).await?;
        Ok(page)
    }

    /// One page of everything there is, by sync-collection.
    async fn page(
        &mut self,
        c: &CollectionId,
        href: &Href,
        audited: i64,
        token: Option<&str>,
    ) -> Result<ChangePage> {
        let (told, vanished, next, more) = self.changed(c, href, token).await?;
        let unsettled = seconds(&next).map(|_| self.now());
        if !more {
            let tags = Tags {
                token: Some(next.clone()),
                ctag: None,
                unsettled,
            };
            self.seen.insert(c.clone(), tags);
        }
        let at = match more {
            true => At::Page { token: next },
            false => At::Token {
                unsettled,
                token: next,
            },
        };
        let mark = Mark { audited, at };
        let mut page = ChangePage::new(Coverage::Snapshot, mark.cursor());
        page.vanished = vanished;
        page.more = more;
        self.fill(c, href, told, &mut page).await?;
        Ok(page)
    }

    /// What changed since a token.
    async fn delta(
        &mut self,
        c: &CollectionId,
        href: &Href,
        audited: i64,
        token: &str,
        unsettled: Option<i64>,
    ) -> Result<ChangePage> {
        let now = self.now();
        // A token that counts seconds leaves out what happened later in its own second: ask from
        // the second before. What is told twice has a known revision.
        let before = seconds(token).map(|second| second.saturating_sub(1).to_string());
        let asked = before.as_deref().unwrap_or(token);
        let (told, vanished, next, more) = self.changed(c, href, Some(asked)).await?;
        if more && (next == asked || next == token) {
            let text = "the server tells of more changes and does not get further";
            return Err(Error::new(ErrorKind::Protocol, text));
        }
        let unsettled = match (seconds(&next), unsettled) {
            (None, _) => None,
            (Some(_), Some(since)) if next == token => {
                (now.saturating_sub(since) < SETTLES).then_some(since)
            }
            (Some(_), None) if next == token => None,
            (Some(_), _) => Some(now),
        };
        let tags = Tags {
            token: Some(next.clone()),
            ctag: None,
            unsettled,
        };
        self.seen.insert(c.clone(), tags);
        let at = At::Token {
            token: next,
            unsettled,
        };
        let mut page = ChangePage::unchanged(Mark { audited, at }.cursor());
        page.vanished = vanished;
        page.more = more;
        self.fill(c, href, told, &mut page).await?;
        Ok(page)
    }

    /// Asks for changes: members, what is gone, the next token, and whether there is more.
    async fn changed(
        &mut self,
        c: &CollectionId,
        href: &Href,
        token: Option<&str>,
    ) -> Result<(Told, Vec<ItemId>, String, bool)> {
        let client = self.client().await?;
        let asked = listed_properties(self.kinds_of(c));
        let refused = |error: client::Error| match token {
            Some(_) if error.is_token_refused() => {
                let text = format!("the server does not know the sync-token any more: {error}");
                lost(&text).caused_by(error)
            }
            _ => error.into(),
        };
        let answer = client.sync_collection(href, token, None, &asked).await;
        let mut answer = answer.map_err(refused)?;
        let mut told = Told::default();
        let mut vanished = Vec::new();
        while let Some(change) = answer.next().await.map_err(refused)? {
            match change {
                SyncChange::Removed(gone) => {
                    let id = item_id(href, &gone);
                    told.items.retain(|known, _| Some(known) != id.as_ref());
                    vanished.extend(id);
                }
                SyncChange::Changed(response) | SyncChange::Unknown(response) => {
                    told.add(href, &response, self.kinds_of(c));
                }
            }
        }
        let point = answer.point()?;
        unless_unreadable(point.unreadable)?;
        vanished.retain(|id| !told.items.contains_key(id));
        Ok((told, vanished, point.token, point.truncated))
    }

    /// Finds out what kinds of item a listing told of, where neither the collection nor the content
    /// types say it.
    async fn tell_kinds(&mut self, c: &CollectionId, href: &Href, told: &mut Told) -> Result<()> {
        let (client, kinds) = (self.client().await?, self.kinds_of(c));
        if told.items.values().all(|member| member.kind.is_some()) {
            return Ok(());
        }
        // Events are the most by far: who is neither a task nor a note is looked at as one.
        let mut found: HashMap<ItemId, ItemKind> = HashMap::new();
        for kind in kinds.iter().filter(|kind| *kind != ItemKind::Event) {
            let name = component(kind).and_then(Component::parse);
            let asked = [Property::GetETag];
            let answer = client.calendar_query(href, name, None, &asked).await;
            let mut answer = match answer {
                Ok(answer) => answer,
                Err(error) if error.is_retryable() || error.is_authentication() => {
                    return Err(error.into());
                }
                // Then the contents tell.
                Err(error) => {
                    tracing::debug!(%error, "no query by component");
                    return Ok(());
                }
            };
            while let Some(response) = answer.next().await? {
                found.extend(item_id(href, &response.href).map(|id| (id, kind)));
            }
            if answer.summary()?.truncated {
                return Ok(());
            }
        }
        let rest = kinds.contains(ItemKind::Event).then_some(ItemKind::Event);
        for (id, member) in &mut told.items {
            member.kind = member.kind.or(found.get(id).copied()).or(rest);
        }
        Ok(())
    }

    /// Adds what was told to a page; reads the contents of what is not known well enough.
    async fn fill(
        &mut self,
        c: &CollectionId,
        href: &Href,
        mut told: Told,
        page: &mut ChangePage,
    ) -> Result<()> {
        self.tell_kinds(c, href, &mut told).await?;
        page.unreadable = told.unreadable;
        let mut unknown = Vec::new();
        for (id, member) in told.items {
            match (member.revision, member.kind) {
                (Some(revision), Some(kind)) => page.changed.push(Item::new(id, kind, revision)),
                _ => unknown.push(id),
            }
        }
        if !unknown.is_empty() {
            self.read_into(c, &unknown, page).await?;
        }
        Ok(())
    }
}

impl Told {
    /// Adds a response, unless it is about something that is no item.
    fn add(&mut self, collection: &Href, response: &Response, kinds: KindSet) {
        let Some(id) = item_id(collection, &response.href) else {
            return;
        };
        let properties = &response.properties;
        if !properties.resource_types().is_empty() || self.items.contains_key(&id) {
            return;
        }
        let refusal = response.status.filter(|_| !response.is_success());
        let refusal = refusal.or_else(|| {
            // Missing is 404; anything else says that the server could not read the item.
            let status = response.refusal(Property::GetETag)?;
            (status != 404).then_some(status)
        });
        if let Some(status) = refusal {
            let text = format!("the server cannot give it: status {status}");
            let error = Error::new(ErrorKind::Item, text).at_item(&id);
            self.unreadable.push(error);
            return;
        }
        let mut all = kinds.iter();
        let single = all.next().filter(|_| all.next().is_none());
        let told = properties
            .text(Property::GetContentType)
            .and_then(kind_of_type);
        let revision = properties.etag().map(|tag| Revision::new(tag.as_str()));
        let kind = single.or(told);
        self.items.insert(id, Member { revision, kind });
    }
}

/// What has to be known of every member.
fn listed_properties(kinds: KindSet) -> Vec<Property> {
    match kinds.iter().count() {
        0 | 1 => vec![Property::GetETag],
        _ => vec![Property::GetETag, Property::GetContentType],
    }
}

/// Lists all members; `None` if the server says that this is not all.
///
/// # Errors
/// If the answer breaks off, or does not even name the collection: an empty answer must not pass
/// for an empty collection.
async fn everything(client: &Client, href: &Href, kinds: KindSet) -> Result<Option<Told>> {
    let mut asked = listed_properties(kinds);
    asked.push(Property::ResourceType);
    let mut answer = client.propfind(href, Depth::One, &asked).await?;
    let mut told = Told::default();
    let mut itself = false;
    while let Some(response) = answer.next().await? {
        // What went away meanwhile is not there.
        if response.is_gone() {
            continue;
        }
        itself |= response.href == *href;
        told.add(href, &response, kinds);
    }
    let summary = answer.summary()?;
    unless_unreadable(summary.unreadable)?;
    if summary.truncated {
        return Ok(None);
    }
    if !itself && told.items.is_empty() && told.unreadable.is_empty() {
        let text = "the server's listing does not even name the collection: taken for a failure";
        return Err(Error::new(ErrorKind::Protocol, text));
    }
    Ok(Some(told))
}

/// Nothing may be concluded from a listing with members that cannot be told by name.
fn unless_unreadable(count: u64) -> Result<()> {
    match count {
        0 => Ok(()),
        n => {
            let text = format!("{n} members of the listing could not be understood");
            Err(Error::new(ErrorKind::Protocol, text))
        }
    }
}

fn lost(text: &str) -> Error {
    Error::new(ErrorKind::CursorLost, text)
}
