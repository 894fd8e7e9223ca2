use std::fmt;

use super::header::{COOKIE, HeaderMap, SET_COOKIE};
use super::{Request, Result};

/// More than any server sets.
const MOST: usize = 32;
const LONGEST: usize = 4096;

/// What one service asked to be told again, for a session (RFC 6265). Paths, domains and ends of
/// validity do not count: a protocol has one place, and a session is short.
#[derive(Clone, Default)]
pub struct Cookies(Vec<(String, String)>);

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some of them are as good as a login.
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

impl Cookies {
    /// Takes those that an answer sets.
    pub fn take(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let Ok(line) = line.to_str() else { continue };
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.set(name.trim(), value.trim());
            }
        }
    }

    /// Adds one, or gives the one of this name another value. Beyond 32, or 4096 bytes, it is left out.
    pub fn set(&mut self, name: &str, value: &str) {
        if name.is_empty() || name.len().saturating_add(value.len()) >= LONGEST {
            return;
        }
        self.0.retain(|(known, _)| known != name);
        if self.0.len() < MOST {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The request with all of them.
    ///
    /// # Errors
    /// If one can be no part of a header.
    pub fn on(&self, request: Request) -> Result<Request> {
        if self.0.is_empty() {
            return Ok(request);
        }
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        let all: Vec<String> = pairs.collect();
        request.header(COOKIE, all.join("; "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_last_value_of_a_name_counts() {
        let mut cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        for line in ["a=1; Path=/; Secure", "b = x=y ", "a=2", "=3", "none"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(line));
        }
        cookies.set("c", "0");
        cookies.take(&headers);
        let expected = [("c", "0"), ("b", "x=y"), ("a", "2")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(cookies.0, expected);
        assert_eq!(format!("{cookies:?}"), r#"["c", "b", "a"]"#);
    }

    #[test]
    fn what_a_server_sets_is_bounded() {
        let mut cookies = Cookies::default();
        cookies.set("long", &"x".repeat(LONGEST));
        for n in 0..=MOST {
            cookies.set(&n.to_string(), "");
        }
        cookies.set("0", "again");
        assert_eq!(cookies.0.len(), MOST);
        assert_eq!(cookies.0.last(), Some(&("0".into(), "again".into())));
    }
}
