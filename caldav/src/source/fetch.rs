//! Contents, by multiget, and by GET where that fails.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use sync_core::model::{CollectionId, Item, ItemId, Revision};
use sync_core::source::{ChangePage, sent_items};
use sync_core::{Error, ErrorKind, Result};
use tokio::sync::mpsc;

use crate::client::{Client, ErrorKind as Failure, Fetched, Object, Service};
use crate::wire::Href;

use super::ident::item_href;
use super::schedule::unsilence;
use super::{DavSource, content, href_of};

/// How many multigets are under way at once: while one is read, the next one is made.
const IN_FLIGHT: usize = 2;

/// How many finished items wait for the reader.
const FINISHED: usize = 16;

type Sender = mpsc::Sender<Result<Item>>;

/// What reading needs to know.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) client: Client,
    pub(super) service: Service,
    pub(super) collection: Href,
    /// Whether attendees were kept from being mailed when they were written.
    pub(super) silenced: bool,
}

impl DavSource {
    pub(super) fn fetch_items<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
    ) -> BoxStream<'a, Result<Item>> {
        sent_items(c, FINISHED, move |sender| async move {
            self.fetch_all(c, ids, &sender).await
        })
    }

    async fn fetch_all(&mut self, c: &CollectionId, ids: &[ItemId], sender: &Sender) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let reader = self.reader(c).await?;
        let batch = self.config.client.multiget_batch.max(1);
        let mut wanted: Vec<&ItemId> = ids.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let chunks: VecDeque<HashMap<Href, ItemId>> = wanted
            .chunks(batch)
            .map(|chunk| {
                let known = chunk
                    .iter()
                    .filter_map(|id| Some((item_href(&reader.collection, id)?, ItemId::clone(id))));
                known.collect()
            })
            .collect();
        let mut running = stream::iter(chunks.into_iter().map(|chunk| reader.read(chunk, sender)))
            .buffered(IN_FLIGHT);
        while let Some(done) = running.next().await {
            if !done? {
                // Nobody reads any more.
                return Ok(());
            }
        }
        Ok(())
    }

    /// How the items of a collection are read.
    pub(super) async fn reader(&mut self, c: &CollectionId) -> Result<Reader> {
        let collection = href_of(c)?;
        Ok(Reader {
            client: self.client().await?,
            service: self.service(),
            silenced: self.schedules(&collection).await?,
            collection,
        })
    }

    /// Reads items whose listing did not tell enough of them, and adds them to a page.
    pub(super) async fn read_into(
        &mut self,
        c: &CollectionId,
        ids: &[ItemId],
        page: &mut ChangePage,
    ) -> Result<()> {
        let mut items = self.fetch_items(c, ids);
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => page.changed.push(item),
                Err(error) if error.item().is_some() => page.unreadable.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Reader {
    /// The same for another collection.
    pub(super) fn at(&self, collection: &Href) -> Self {
        Self {
            collection: collection.clone(),
            ..self.clone()
        }
    }

    /// Reads one chunk; says whether to go on.
    async fn read(&self, mut wanted: HashMap<Href, ItemId>, sender: &Sender) -> Result<bool> {
        let hrefs: Vec<Href> = wanted.keys().cloned().collect();
        let mut answer = self.client.multiget(self.service, &self.collection, hrefs);
        let mut doubtful = Vec::new();
        loop {
            let fetched = match answer.next().await {
                Ok(Some(fetched)) => fetched,
                Ok(None) => break,
                // One item may spoil the XML of all, and some servers refuse all for one.
                Err(error) if is_about_content(&error) => break,
                Err(error) => return Err(error.into()),
            };
            let item = match fetched {
                Fetched::Found(object) => match wanted.remove(&object.href) {
                    Some(id) => self.item(&id, &object),
                    None => continue,
                },
                Fetched::Gone(href) => {
                    wanted.remove(&href);
                    continue;
                }
                Fetched::Failed(href, _) => {
                    doubtful.extend(wanted.remove(&href).map(|id| (href, id)));
                    continue;
                }
            };
            if sender.send(item).await.is_err() {
                return Ok(false);
            }
        }
        // What was left out gets a second look.
        doubtful.extend(wanted);
        for (href, id) in doubtful {
            if let Some(item) = self.get(&href, &id).await.transpose()
                && sender.send(item).await.is_err()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One item by itself; `None` if it is not there.
    ///
    /// # Errors
    /// One that names the item, or one that ends everything.
    pub(super) async fn get(&self, href: &Href, id: &ItemId) -> Result<Option<Item>> {
        match self.client.get(href).await {
            Ok(object) => self.item(id, &object).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) if error.is_retryable() || error.is_authentication() => Err(error.into()),
            Err(error) => {
                let text = format!("the server does not give it: {error}");
                Err(Error::new(ErrorKind::Item, text).at_item(id))
            }
        }
    }

    fn item(&self, id: &ItemId, object: &Object) -> Result<Item> {
        let unreadable = |why: &str| Error::new(ErrorKind::Item, why).at_item(id);
        if object.damaged {
            return Err(unreadable("its content holds what is no text"));
        }
        let Ok(text) = std::str::from_utf8(&object.data) else {
            return Err(unreadable("its content is not UTF-8"));
        };
        let revision = object.etag.as_ref();
        let revision = revision.map(|tag| Revision::new(tag.as_str()));
        content::item(self.service, id, revision, text, |given| self.shown(given))
    }

    /// A content as the rest of the world knows it.
    pub(super) fn shown(&self, given: Bytes) -> Bytes {
        if !self.silenced {
            return given;
        }
        match unsilence(&given) {
            Cow::Borrowed(_) => given,
            Cow::Owned(shown) => shown.into(),
        }
    }
}

/// Whether an error of a multiget says that the server or we could not cope with its content.
fn is_about_content(error: &crate::client::Error) -> bool {
    match error.kind() {
        Failure::Protocol | Failure::TooLarge => true,
        Failure::Refused => !error.is_retryable() && !error.is_not_found(),
        _ => false,
    }
}
