//! Waiting for news, by looking now and then.

use std::time::Duration;

use sync_core::Result;
use sync_core::model::CollectionId;
use tokio::time::Instant;

use super::DavSource;
use super::listing::SETTLES;

impl DavSource {
    /// Returns those of `c` that may have changed since they were listed. A collection that has no
    /// tags may have changed at every look.
    pub(super) async fn wait_for_news(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        let end = Instant::now().checked_add(timeout);
        // What a list of collections told before is no news by the time that the wait is over.
        self.fresh.clear();
        loop {
            let news = self.compare(c).await?;
            if !news.is_empty() {
                return Ok(news);
            }
            let left = end.map_or(timeout, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(Vec::new());
            }
            tokio::time::sleep(left.min(self.config.poll)).await;
        }
    }

    async fn compare(&mut self, c: &[CollectionId]) -> Result<Vec<CollectionId>> {
        if c.is_empty() {
            return Ok(Vec::new());
        }
        let current = self.current_tags(c).await?;
        let now = self.now();
        let changed = c.iter().filter(|id| {
            match (self.seen.get(*id), current.get(*id)) {
                (Some(before), Some(current)) => {
                    let settles = |since: i64| now.saturating_sub(since) >= SETTLES;
                    before.unsettled.is_some_and(settles)
                        || match (&before.token, &current.token) {
                            (Some(before), Some(current)) => before != current,
                            _ => before.ctag.is_none() || before.ctag != current.ctag,
                        }
                }
                // Never listed, or not there any more.
                (None, _) | (_, None) => true,
            }
        });
        Ok(changed.cloned().collect())
    }
}
