use sync_core::net::http::header::{HeaderMap, SET_COOKIE};

/// More than any server sets.
const MOST: usize = 32;
const LONGEST: usize = 4096;

/// What the hosts of the service asked to be told again. They are one service under several names, so
/// all of them are told.
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

    /// The header's value.
    pub(super) fn header(&self) -> Option<String> {
        let all: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
