//! Looking for news, again and again: the protocol has no way to wait for it.

use std::time::Duration;

use sync_core::Result;
use sync_core::model::CollectionId;
use tokio::time::{Instant, sleep};

use super::DeltaSyncSource;

impl DeltaSyncSource {
    pub(super) async fn wait_for_news(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        let end = Instant::now().checked_add(timeout);
        loop {
            let mut woken = Vec::new();
            for collection in c {
                // What was never listed may hold anything.
                let news = match self.views.remove(collection) {
                    None => true,
                    Some(view) => {
                        let view = self.refresh(collection, view).await;
                        let view = view.map_err(|error| error.in_collection(collection))?;
                        let news = view.has_untold();
                        self.views.insert(collection.clone(), view);
                        news
                    }
                };
                if news {
                    woken.push(collection.clone());
                }
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let pause = left.map_or(self.config.poll, |left| left.min(self.config.poll));
            if !woken.is_empty() || pause.is_zero() {
                return Ok(woken);
            }
            sleep(pause).await;
        }
    }
}
