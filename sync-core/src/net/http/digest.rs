use std::sync::atomic::{AtomicU32, Ordering};

use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::challenge::Challenge;

/// What a server asks for with the Digest scheme (RFC 7616).
#[derive(Debug)]
pub(super) struct Digest {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// `auth` is offered; without it the older form of RFC 2069 is spoken.
    qop: bool,
    userhash: bool,
    count: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5 { session: bool },
    Sha256 { session: bool },
}

impl Algorithm {
    fn parse(name: &str) -> Option<Self> {
        let (name, session) = match name.len().checked_sub(5) {
            Some(at)
                if name
                    .get(at..)
                    .is_some_and(|end| end.eq_ignore_ascii_case("-sess")) =>
            {
                (name.get(..at)?, true)
            }
            _ => (name, false),
        };
        match name.to_ascii_uppercase().as_str() {
            "MD5" => Some(Self::Md5 { session }),
            "SHA-256" => Some(Self::Sha256 { session }),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Md5 { session: false } => "MD5",
            Self::Md5 { session: true } => "MD5-sess",
            Self::Sha256 { session: false } => "SHA-256",
            Self::Sha256 { session: true } => "SHA-256-sess",
        }
    }

    fn is_session(self) -> bool {
        matches!(
            self,
            Self::Md5 { session: true } | Self::Sha256 { session: true }
        )
    }

    fn hash(self, parts: &[&[u8]]) -> String {
        let joined = parts.join(&b':');
        match self {
            Self::Md5 { .. } => hex(&Md5::digest(joined)),
            Self::Sha256 { .. } => hex(&Sha256::digest(joined)),
        }
    }
}

impl Digest {
    /// The strongest of the Digest challenges that we can answer.
    pub(super) fn choose(challenges: &[Challenge]) -> Option<Self> {
        challenges
            .iter()
            .filter(|challenge| challenge.scheme == "digest")
            .filter_map(Self::parse)
            .max_by_key(|digest| digest.algorithm)
    }

    fn parse(challenge: &Challenge) -> Option<Self> {
        let qop = challenge.param("qop");
        let offers_auth = qop.is_some_and(|list| {
            list.split(',')
                .any(|word| word.trim().eq_ignore_ascii_case("auth"))
        });
        if qop.is_some() && !offers_auth {
            return None;
        }
        let own = |name| challenge.param(name).map(str::to_owned);
        Some(Self {
            realm: own("realm")?,
            nonce: own("nonce")?,
            opaque: own("opaque"),
            algorithm: Algorithm::parse(challenge.param("algorithm").unwrap_or("MD5"))?,
            qop: offers_auth,
            userhash: challenge
                .param("userhash")
                .is_some_and(|flag| flag.eq_ignore_ascii_case("true")),
            count: AtomicU32::new(0),
        })
    }

    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Whether the nonce was shown more than once: then it was good once.
    pub(super) fn is_proven(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 1
    }

    /// The value of `Authorization`, for a request-target as it stands in the request line.
    pub(super) fn authorization(
        &self,
        user: &str,
        password: &[u8],
        method: &str,
        target: &str,
        cnonce: &str,
    ) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let count = format!("{count:08x}");
        let hash = |parts: &[&[u8]]| self.algorithm.hash(parts);
        let realm = self.realm.as_bytes();
        let nonce = self.nonce.as_bytes();
        let mut secret = hash(&[user.as_bytes(), realm, password]);
        if self.algorithm.is_session() {
            secret = hash(&[secret.as_bytes(), nonce, cnonce.as_bytes()]);
        }
        let request = hash(&[method.as_bytes(), target.as_bytes()]);
        let (secret, request) = (secret.as_bytes(), request.as_bytes());
        let response = if self.qop {
            let count = count.as_bytes();
            hash(&[secret, nonce, count, cnonce.as_bytes(), b"auth", request])
        } else {
            hash(&[secret, nonce, request])
        };
        let mut value = String::from("Digest ");
        if self.userhash {
            value += &format!("username=\"{}\"", hash(&[user.as_bytes(), realm]));
        } else if user.is_ascii() {
            value += &format!("username={}", quoted(user));
        } else {
            value += &format!("username*=UTF-8''{}", percent(user));
        }
        value += &format!(
            ", realm={}, uri={}, algorithm={}, nonce={}",
            quoted(&self.realm),
            quoted(target),
            self.algorithm.name(),
            quoted(&self.nonce)
        );
        if self.qop {
            value += &format!(", nc={count}, cnonce={}, qop=auth", quoted(cnonce));
        } else if self.algorithm.is_session() {
            value += &format!(", cnonce={}", quoted(cnonce));
        }
        value += &format!(", response=\"{response}\"");
        if let Some(opaque) = &self.opaque {
            value += &format!(", opaque={}", quoted(opaque));
        }
        if self.userhash {
            value += ", userhash=true";
        }
        value
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// RFC 8187 section 3.2.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

    fn digest(lines: &[&str]) -> Option<Digest> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        Digest::choose(&Challenge::all(&headers))
    }

    const SHA: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
        algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
        opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    const MD5: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
        algorithm=MD5, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
        opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn answer(digest: &Digest) -> String {
        digest.authorization(
            "Mufasa",
            b"Circle of Life",
            "GET",
            "/dir/index.html",
            CNONCE,
        )
    }

    #[test]
    fn rfc_7616_section_3_9_1() {
        let sha = answer(&digest(&[SHA]).unwrap());
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(sha.contains(&format!("response=\"{expected}\"")), "{sha}");
        assert!(sha.contains("nc=00000001,") && sha.contains("opaque=\"FQhe"));
        let md5 = answer(&digest(&[MD5]).unwrap());
        let expected = "8ca523f5e9506fed4657c9700eebdbec";
        assert!(md5.contains(&format!("response=\"{expected}\"")), "{md5}");
    }

    #[test]
    fn without_qop_as_in_rfc_2069() {
        let asked = "Digest realm=\"testrealm@host.com\", \
            nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let answer = digest(&[asked]).unwrap().authorization(
            "Mufasa",
            b"CircleOfLife",
            "GET",
            "/dir/index.html",
            "unused",
        );
        // RFC 2069 section 2.4 with its erratum 749.
        let expected = "1949323746fe6a43ef61f9606e7febea";
        assert!(
            answer.contains(&format!("response=\"{expected}\"")),
            "{answer}"
        );
        assert!(!answer.contains("qop") && !answer.contains("cnonce"));
    }

    #[test]
    fn the_strongest_is_chosen_and_strange_ones_are_left() {
        let strongest = digest(&[MD5, SHA]).unwrap();
        assert_eq!(strongest.algorithm, Algorithm::Sha256 { session: false });
        let other = "Digest realm=r, nonce=n, algorithm=SHA-512-256";
        assert!(digest(&[other]).is_none());
        assert!(digest(&["Digest realm=r, nonce=n, qop=\"auth-int\""]).is_none());
        assert!(digest(&["Digest realm=r"]).is_none());
    }

    #[test]
    fn every_use_of_a_nonce_is_counted() {
        let digest = digest(&[MD5]).unwrap();
        let first = answer(&digest);
        let second = answer(&digest);
        assert!(second.contains("nc=00000002") && first != second);
    }

    #[test]
    fn names_beyond_ascii() {
        // RFC 7616 section 3.9.2.
        let plain = digest(&["Digest realm=\"api@example.org\", qop=auth, nonce=n"]).unwrap();
        let value = plain.authorization("J\u{e4}s\u{f8}n Doe", b"", "GET", "/", "c");
        assert!(
            value.contains("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"),
            "{value}"
        );
        let hashed = digest(&[
            "Digest realm=\"api@example.org\", qop=auth, algorithm=SHA-256, nonce=n, userhash=true",
        ])
        .unwrap();
        let value = hashed.authorization("bob", b"", "GET", "/", "c");
        assert!(
            value.contains("userhash=true") && !value.contains("bob"),
            "{value}"
        );
    }
}
