//! The urls of a config (RFC 3986), as far as an account needs them.

use std::fmt;

/// `scheme://user@host:port/path`, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    /// In lower case.
    pub(crate) scheme: String,
    /// Percent-decoded.
    pub(crate) user: Option<String>,
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// With its leading `/`, still percent-encoded; empty if the url ends with the authority.
    pub(crate) path: String,
}

/// Why a text is no url for a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlError {
    NoScheme,
    NoHost,
    Password,
    Port,
    Percent,
    Character,
    Query,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoScheme => "a url begins with a scheme and `://`",
            Self::NoHost => "the url names no host",
            Self::Password => "a url must not hold a password",
            Self::Port => "the port must be a number from 1 to 65535",
            Self::Percent => "a `%` must be followed by two hexadecimal digits of UTF-8 text",
            Self::Character => "a url holds no spaces and no control characters",
            Self::Query => "a url here has no `?` and no `#`",
        })
    }
}

impl Url {
    /// Reads a url.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        if text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(UrlError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NoScheme)?;
        let word = scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if scheme.is_empty() || !word {
            return Err(UrlError::NoScheme);
        }
        let (authority, path) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if path.contains(['?', '#']) {
            return Err(UrlError::Query);
        }
        // The last one: a user name that is a mail address need not be encoded.
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        if login.is_some_and(|login| login.contains(':')) {
            return Err(UrlError::Password);
        }
        let (host, port) = split_port(place)?;
        if host.is_empty() {
            return Err(UrlError::NoHost);
        }
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            user: match login {
                None | Some("") => None,
                Some(login) => Some(percent_decode(login).ok_or(UrlError::Percent)?),
            },
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        })
    }

    /// The url without the user, for a client that takes urls.
    pub(crate) fn without_user(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{host}{port}{}", self.scheme, self.path)
    }
}

fn split_port(place: &str) -> Result<(&str, Option<u16>), UrlError> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(UrlError::NoHost)?;
        match after.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.is_empty() => (host, None),
            None => return Err(UrlError::NoHost),
        }
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let port = match port {
        None => None,
        Some(digits) if digits.chars().all(|c| c.is_ascii_digit()) => match digits.parse::<u16>() {
            Ok(port) if port > 0 => Some(port),
            _ => return Err(UrlError::Port),
        },
        Some(_) => return Err(UrlError::Port),
    };
    Ok((host, port))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn urls_come_apart() {
        let url = Url::parse("IMAPS://alice%40example.org@mail.example.org:1993").unwrap();
        assert_eq!(url.scheme, "imaps");
        assert_eq!(url.user.as_deref(), Some("alice@example.org"));
        assert_eq!(
            (url.host.as_str(), url.port),
            ("mail.example.org", Some(1993))
        );
        assert_eq!(url.path, "");
        let url = Url::parse("imap://alice@example.org@[::1]:143/").unwrap();
        assert_eq!(url.user.as_deref(), Some("alice@example.org"));
        assert_eq!((url.host.as_str(), url.port), ("::1", Some(143)));
        let url = Url::parse("https://u@dav.example.org/cal%20endars/work/").unwrap();
        assert_eq!(
            url.without_user(),
            "https://dav.example.org/cal%20endars/work/"
        );
        assert_eq!(
            Url::parse("https://[::1]:8443/a").unwrap().without_user(),
            "https://[::1]:8443/a"
        );
    }

    #[test]
    fn what_is_no_url_says_why() {
        for (text, why) in [
            ("mail.example.org", UrlError::NoScheme),
            ("://host", UrlError::NoScheme),
            ("imap://", UrlError::NoHost),
            ("imap://alice@", UrlError::NoHost),
            ("imap://[::1", UrlError::NoHost),
            ("imap://alice:pw@host", UrlError::Password),
            ("imap://host:0", UrlError::Port),
            ("imap://host:65536", UrlError::Port),
            ("imap://host:+1", UrlError::Port),
            ("imap://host:", UrlError::Port),
            ("imap://al%4@host", UrlError::Percent),
            ("imap://al%ff@host", UrlError::Percent),
            ("imap://a b@host", UrlError::Character),
            ("https://host/?q", UrlError::Query),
            ("https://host#f", UrlError::Query),
        ] {
            assert_eq!(Url::parse(text), Err(why), "{text}");
        }
    }
}
