//! Who sends a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::profile::Auth;
use super::server::Shared;

const REALM: &str = "caldav test server";
const NONCE: &str = "dcd98b7102dd2f0e8b11d0f600bfb0c0";

/// The `WWW-Authenticate` headers of a refusal.
pub(super) fn challenges(auth: Auth) -> Vec<String> {
    match auth {
        Auth::Basic => vec![format!("Basic realm=\"{REALM}\", charset=\"UTF-8\"")],
        Auth::Bearer => vec![format!("Bearer realm=\"{REALM}\"")],
        Auth::Digest => ["SHA-256", "MD5"]
            .map(|algorithm| {
                format!(
                    "Digest realm=\"{REALM}\", qop=\"auth\", algorithm={algorithm}, \
                     nonce=\"{NONCE}\", opaque=\"o\""
                )
            })
            .to_vec(),
    }
}

/// The user whose credentials a request bears.
pub(super) fn user<'a>(
    shared: &'a Shared,
    header: Option<&str>,
    method: &str,
    target: &str,
) -> Option<&'a str> {
    let (scheme, rest) = header?.split_once(' ')?;
    match shared.profile.auth {
        Auth::Basic if scheme.eq_ignore_ascii_case("basic") => {
            let plain = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            let (user, password) = plain.split_once(':')?;
            let (name, known) = shared.users.get_key_value(user)?;
            (known.password == password).then_some(name.as_str())
        }
        Auth::Bearer if scheme.eq_ignore_ascii_case("bearer") => {
            let first = shared.users.keys().next()?;
            (rest.trim() == shared.token).then_some(first.as_str())
        }
        Auth::Digest if scheme.eq_ignore_ascii_case("digest") => {
            digest(shared, rest, method, target)
        }
        _ => None,
    }
}

/// Checks a response to a challenge (RFC 7616 section 3.4).
fn digest<'a>(shared: &'a Shared, rest: &str, method: &str, target: &str) -> Option<&'a str> {
    let fields = fields(rest);
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    if field("nonce")? != NONCE || field("uri")? != target || field("qop")? != "auth" {
        return None;
    }
    let (name, user) = shared.users.get_key_value(field("username")?)?;
    let hash = |text: &str| match field("algorithm") {
        Some(algorithm) if algorithm.eq_ignore_ascii_case("SHA-256") => hex(&Sha256::digest(text)),
        _ => hex(&Md5::digest(text)),
    };
    let secret = hash(&format!("{name}:{REALM}:{}", user.password));
    let what = hash(&format!("{method}:{target}"));
    let (count, cnonce) = (field("nc")?, field("cnonce")?);
    let expected = hash(&format!("{secret}:{NONCE}:{count}:{cnonce}:auth:{what}"));
    (field("response")? == expected).then_some(name.as_str())
}

/// `key=value` and `key="value"`, separated by commas.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .filter_map(|field| {
        let (key, value) = field.trim().split_once('=')?;
        Some((key.to_ascii_lowercase(), value.trim_matches('"').to_owned()))
    })
    .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
