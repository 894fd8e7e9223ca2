use super::super::Secret;
use super::{Context, out_of_order, refused};
use crate::error::Result;
use crate::net::excerpt;

/// OAUTHBEARER (RFC 7628) and XOAUTH2: the token at once, then at most one error challenge.
pub(super) struct Bearer {
    first: Option<Secret>,
    /// What answers the error challenge, so that the server can end the exchange.
    dummy: &'static [u8],
    refusal: Option<String>,
}

impl Bearer {
    /// RFC 7628 section 3.1, with the GS2 header of RFC 5801.
    pub(super) fn oauthbearer(user: &str, token: &Secret, context: &Context) -> Result<Self> {
        let user = clean(user)?.replace('=', "=3D").replace(',', "=2C");
        let host = clean(&context.host)?;
        let mut head = format!("n,a={user},\x01");
        if !host.is_empty() {
            head.push_str(&format!("host={host}\x01port={}\x01", context.port));
        }
        head.push_str("auth=Bearer ");
        Ok(Self::new(&head, token, b"\x01"))
    }

    pub(super) fn xoauth2(user: &str, token: &Secret) -> Result<Self> {
        let head = format!("user={}\x01auth=Bearer ", clean(user)?);
        Ok(Self::new(&head, token, b""))
    }

    fn new(head: &str, token: &Secret, dummy: &'static [u8]) -> Self {
        let len = head.len().saturating_add(token.len()).saturating_add(2);
        let mut message = Vec::with_capacity(len);
        message.extend_from_slice(head.as_bytes());
        message.extend_from_slice(token.expose());
        message.extend_from_slice(b"\x01\x01");
        Self {
            first: Some(message.into()),
            dummy,
            refusal: None,
        }
    }

    pub(super) fn initial(&mut self) -> Option<Secret> {
        self.first.take()
    }

    /// RFC 7628 section 3.2.3: the challenge holds the reason, a dummy response ends the exchange.
    pub(super) fn respond(&mut self, challenge: &[u8]) -> Result<Secret> {
        if self.first.is_some() || self.refusal.is_some() {
            return Err(out_of_order());
        }
        self.refusal = Some(status(challenge));
        Ok(Secret::new(self.dummy))
    }

    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }
}

fn clean(text: &str) -> Result<&str> {
    if text.contains(['\x01', '\0']) {
        return Err(refused("control characters in user or host"));
    }
    Ok(text)
}

fn status(challenge: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(challenge)
        .ok()
        .as_ref()
        .and_then(|json| json.get("status"))
        .and_then(|status| status.as_str())
        .map_or_else(|| excerpt(challenge), |status| excerpt(status.as_bytes()))
}
