use hmac::{Hmac, Mac as _};
use md5::Md5;

use super::super::Secret;
use super::refused;
use crate::error::Result;

/// RFC 4616 section 2, without an authorization identity.
pub(super) fn plain(user: &str, secret: &Secret) -> Result<Secret> {
    if user.contains('\0') || secret.expose().contains(&0) {
        return Err(refused("PLAIN takes no NUL in user or password"));
    }
    // Room for the whole at once: growing would leave copies of the password behind.
    let mut message = Vec::with_capacity(user.len().saturating_add(secret.len()).saturating_add(2));
    message.push(0);
    message.extend_from_slice(user.as_bytes());
    message.push(0);
    message.extend_from_slice(secret.expose());
    Ok(message.into())
}

/// RFC 2195 section 2.
pub(super) fn cram_md5(user: &str, secret: &Secret, challenge: &[u8]) -> Result<Secret> {
    let mut mac = Hmac::<Md5>::new_from_slice(secret.expose())
        .map_err(|_| refused("CRAM-MD5 takes no such password"))?;
    mac.update(challenge);
    let mut answer = format!("{user} ");
    for byte in mac.finalize().into_bytes() {
        answer.push_str(&format!("{byte:02x}"));
    }
    Ok(answer.into())
}
