use sync_core::net::http::header::HeaderMap;
use sync_core::net::http::header::SET_COOKIE;

/// More than any server sets.
const MOST: usize = 32;
const LONGEST: usize = 4096;

/// What a server asked to be told again (RFC 6265, for one host): 16.x with OAuth routes by it.
#[derive(Debug, Clone, Default)]
pub(super) struct Cookies(Vec<(String, String)>);

impl Cookies {
    pub(super) fn take(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let Ok(line) = line.to_str() else { continue };
            let pair = line.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if name.is_empty() || pair.len() > LONGEST {
                continue;
            }
            self.0.retain(|(known, _)| known != name);
            if self.0.len() < MOST {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// The header's value, with the mailbox that Microsoft's hosts route by.
    pub(super) fn header(&self, anchor: Option<&str>) -> Option<String> {
        let anchor = anchor.map(|mailbox| ("DefaultAnchorMailbox", mailbox));
        let all: Vec<String> = anchor
            .into_iter()
            .chain(self.0.iter().map(|(n, v)| (n.as_str(), v.as_str())))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
