//! From a mail address to a server (RFC 6764).

use sync_core::net::dns::{Dns, in_order, is_within};
use sync_core::net::http::Url;

use super::error::{Error, ErrorKind, Result};
use super::{Service, Step};

/// Where the server of an address may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// What to begin [`discover`](super::Client::discover) at.
    pub url: String,
    /// Whether the host is outside the domain of the address.
    ///
    /// DNS can be forged, and then names the host of somebody who wants the password. A person
    /// should agree to this host before it is shown to it (RFC 6764 section 8).
    pub elsewhere: bool,
}

/// What an address tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Places to try, in this order.
    pub locations: Vec<Location>,
    /// Login names to try, in this order (RFC 6764 section 4).
    pub users: Vec<String>,
    /// How the places were found.
    pub steps: Vec<Step>,
}

/// Finds where the server of a mail address may be: by SRV and TXT records, else at the domain
/// itself.
///
/// Only services under TLS are looked for.
///
/// # Errors
/// [`ErrorKind::Config`] if `address` holds no domain; [`ErrorKind::Discovery`] if the domain says
/// that it has no such service. A DNS that fails is a step, and no error.
pub async fn locate(dns: &dyn Dns, service: Service, address: &str) -> Result<Located> {
    let (user, domain) = split(address)?;
    let mut located = Located {
        locations: Vec::new(),
        users: Vec::new(),
        steps: Vec::new(),
    };
    if let Some(user) = user {
        located.users = vec![format!("{user}@{domain}"), user];
    }
    let label = match service {
        Service::CalDav => "_caldavs",
        Service::CardDav => "_carddavs",
    };
    let name = format!("{label}._tcp.{domain}");
    let servers = match dns.srv(&name).await {
        Ok(servers) => servers,
        Err(error) => {
            located.step(format!("{name} SRV"), error.to_string());
            Vec::new()
        }
    };
    let hosts: Vec<_> = servers.iter().map(|srv| srv.target.as_str()).collect();
    let found = match hosts.as_slice() {
        [] => "none".to_owned(),
        hosts => hosts.join(", "),
    };
    located.step(format!("{name} SRV"), found);
    if !servers.is_empty() && servers.iter().all(|srv| srv.target.is_empty()) {
        let text = format!("{domain} says in DNS that it has no such service");
        return Err(Error::new(ErrorKind::Discovery, text));
    }
    let servers = in_order(servers);
    let mut path = String::from("/");
    if !servers.is_empty() {
        match dns.txt(&name).await {
            Ok(texts) => {
                let found = texts.iter().find_map(|text| text.strip_prefix("path="));
                let found = found.filter(|path| path.starts_with('/'));
                located.step(format!("{name} TXT"), found.unwrap_or("no path").to_owned());
                path = found.unwrap_or("/").to_owned();
            }
            Err(error) => located.step(format!("{name} TXT"), error.to_string()),
        }
    }
    for srv in &servers {
        let written = format!("https://{}:{}{path}", srv.target, srv.port);
        match Url::parse(&written) {
            Ok(url) => located.add(&url, &domain),
            Err(_) => located.step(written.escape_default().to_string(), "is no URL".into()),
        }
    }
    if let Ok(url) = Url::parse(&format!("https://{domain}/")) {
        located.add(&url, &domain);
    }
    Ok(located)
}

impl Located {
    fn step(&mut self, tried: String, found: String) {
        self.steps.push(Step { tried, found });
    }

    fn add(&mut self, url: &Url, domain: &str) {
        let location = Location {
            url: url.to_string(),
            elsewhere: !is_within(url.host_str().unwrap_or_default(), domain),
        };
        if !self.locations.contains(&location) {
            self.locations.push(location);
        }
    }
}

/// The part before the `@` and the domain, the latter as DNS writes it.
fn split(address: &str) -> Result<(Option<String>, String)> {
    let address = address.trim();
    let address = address.strip_prefix("mailto:").unwrap_or(address);
    let (user, domain) = match address.rsplit_once('@') {
        Some((user, domain)) => (Some(user.to_owned()), domain),
        None => (None, address),
    };
    let bad = || Error::new(ErrorKind::Config, format!("{address:?} holds no domain"));
    let plain = !domain.is_empty() && !domain.contains(['/', ':', '?', '#', '\\', '[', ' ']);
    let url = plain.then(|| Url::parse(&format!("https://{domain}/")));
    let url = url.and_then(Result::ok).ok_or_else(bad)?;
    let host = url.domain().ok_or_else(bad)?;
    if user.as_ref().is_some_and(String::is_empty) {
        return Err(bad());
    }
    Ok((user, host.trim_end_matches('.').to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_util::future::BoxFuture;
    use sync_core::error as core;
    use sync_core::net::dns::Srv;

    #[derive(Default)]
    struct Zone {
        srv: Vec<Srv>,
        txt: Vec<String>,
        down: bool,
    }

    impl Zone {
        fn of(records: &[(u16, u16, &str)]) -> Self {
            let srv = records.iter().map(|(priority, weight, target)| Srv {
                priority: *priority,
                weight: *weight,
                port: 8443,
                target: (*target).to_owned(),
            });
            Self {
                srv: srv.collect(),
                ..Self::default()
            }
        }
    }

    impl Dns for Zone {
        fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, core::Result<Vec<Srv>>> {
            assert!(name.starts_with("_caldavs._tcp."), "{name}");
            let found = match self.down {
                true => Err(core::Error::new(core::ErrorKind::Timeout, "no answer")),
                false => Ok(self.srv.clone()),
            };
            Box::pin(async { found })
        }

        fn txt<'a>(&'a self, _: &'a str) -> BoxFuture<'a, core::Result<Vec<String>>> {
            Box::pin(async { Ok(self.txt.clone()) })
        }
    }

    async fn urls(zone: &Zone, address: &str) -> Vec<(String, bool)> {
        let located = locate(zone, Service::CalDav, address).await.unwrap();
        let locations = located.locations.into_iter();
        locations.map(|l| (l.url, l.elsewhere)).collect()
    }

    #[tokio::test]
    async fn records_come_first_in_their_order() {
        let mut zone = Zone::of(&[
            (2, 0, "late.example.org"),
            (1, 1, "dav.example.org"),
            (1, 9, "dav.hosting.example"),
        ]);
        zone.txt = vec!["other".into(), "path=/dav/x".into()];
        let expected = [
            ("https://dav.hosting.example:8443/dav/x", true),
            ("https://dav.example.org:8443/dav/x", false),
            ("https://late.example.org:8443/dav/x", false),
            ("https://example.org/", false),
        ];
        let expected = expected.map(|(url, elsewhere)| (url.to_owned(), elsewhere));
        assert_eq!(urls(&zone, "alice@example.org").await, expected);
    }

    #[tokio::test]
    async fn without_records_there_is_the_domain() {
        for zone in [
            Zone::default(),
            Zone {
                down: true,
                ..Zone::default()
            },
        ] {
            let expected = [("https://example.org/".to_owned(), false)];
            assert_eq!(urls(&zone, "mailto:alice@Example.org").await, expected);
        }
    }

    #[tokio::test]
    async fn a_domain_that_has_no_such_service() {
        let zone = Zone::of(&[(0, 0, "")]);
        let error = locate(&zone, Service::CalDav, "a@example.org")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Discovery);
    }

    #[tokio::test]
    async fn addresses() {
        let zone = Zone::default();
        let located = locate(&zone, Service::CalDav, "a.b@b\u{fc}cher.example")
            .await
            .unwrap();
        let written = "https://xn--bcher-kva.example/";
        assert_eq!(located.locations.first().unwrap().url, written);
        assert_eq!(located.users, ["a.b@xn--bcher-kva.example", "a.b"]);
        for address in [
            "",
            "alice",
            "@",
            "a@",
            "@b.c",
            "a@[1.2.3.4]",
            "a@b/c",
            "a@1.2.3.4",
            "a@b:1",
        ] {
            let located = locate(&zone, Service::CalDav, address).await;
            if address == "alice" {
                // A domain by itself is one.
                assert!(located.unwrap().users.is_empty());
            } else {
                assert_eq!(located.unwrap_err().kind(), ErrorKind::Config, "{address}");
            }
        }
    }

    #[tokio::test]
    async fn a_host_that_only_ends_like_the_domain_is_elsewhere() {
        let zone = Zone::of(&[(0, 0, "evilexample.org")]);
        let found = urls(&zone, "a@example.org").await;
        assert!(found.first().unwrap().1);
    }
}
