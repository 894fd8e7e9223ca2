//! OAuth 2.0 bearer tokens that the servers here check by themselves: JSON Web Tokens, HS256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The key that servers and tokens share. Known to all: it opens nothing but these servers.
pub(crate) const KEY: &[u8] = b"a key that opens the testbed and nothing else";

/// A token for `user` (RFC 7519), signed with [`KEY`], valid from 1970 until `expires`, in
/// seconds since then.
pub(crate) fn bearer(user: &str, expires: u64) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = URL_SAFE_NO_PAD.encode(format!(
        r#"{{"sub":"{user}","iat":0,"nbf":0,"exp":{expires}}}"#
    ));
    let signed = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn sign(text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so this never is `None`.
    Hmac::<Sha256>::new_from_slice(KEY)
        .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}
