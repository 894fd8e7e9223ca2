//! SCRAM (RFC 5802), with SHA-1 and SHA-256 (RFC 7677), with and without channel binding.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::super::Secret;
use super::{Context, Mechanism, bent, out_of_order, refused};
use crate::error::Result;
use crate::net::excerpt;

/// Below RFC 5802's 4096 a server gives an eavesdropper a cheap guess.
const MIN_ITERATIONS: u32 = 4096;
/// Above this a server wastes our time: some seconds of one core.
const MAX_ITERATIONS: u32 = 10_000_000;
/// No honest message comes near.
const MAX_MESSAGE: usize = 8 * 1024;

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
}

pub(super) struct Scram {
    hash: Hash,
    password: Zeroizing<String>,
    gs2_header: String,
    binding: Vec<u8>,
    nonce: String,
    first_bare: String,
    step: Step,
    refusal: Option<String>,
}

enum Step {
    Initial,
    ServerFirst,
    ServerFinal { signature: Vec<u8> },
    Verified,
    Failed,
}

/// A fresh client nonce: 144 random bits, printable.
pub(super) fn nonce() -> Result<String> {
    let mut random = [0; 18];
    getrandom::fill(&mut random).map_err(|error| refused(format!("no random numbers: {error}")))?;
    Ok(STANDARD.encode(random))
}

impl Scram {
    pub(super) fn new(
        mechanism: Mechanism,
        user: &str,
        secret: &Secret,
        context: &Context,
        nonce: String,
    ) -> Result<Self> {
        let hash = match mechanism {
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => Hash::Sha1,
            _ => Hash::Sha256,
        };
        let password = secret
            .expose_str()
            .ok_or_else(|| refused("SCRAM takes passwords in UTF-8 only"))?;
        let (gs2_header, binding) = match &context.channel_binding {
            Some(binding) if mechanism.is_plus() => {
                (format!("p={},,", binding.kind), binding.data.clone())
            }
            None if mechanism.is_plus() => {
                return Err(refused(format!("{mechanism} without a channel to bind to")));
            }
            // We could bind and see no offer to: tells a server that has one of the man in the middle.
            Some(_) if !context.plus_offered => ("y,,".into(), Vec::new()),
            _ => ("n,,".into(), Vec::new()),
        };
        let user = saslprep(user)?.replace('=', "=3D").replace(',', "=2C");
        Ok(Self {
            hash,
            password: Zeroizing::new(saslprep(password)?.into_owned()),
            gs2_header,
            binding,
            first_bare: format!("n={user},r={nonce}"),
            nonce,
            step: Step::Initial,
            refusal: None,
        })
    }

    pub(super) fn initial(&mut self) -> Option<Secret> {
        matches!(self.step, Step::Initial).then(|| {
            self.step = Step::ServerFirst;
            format!("{}{}", self.gs2_header, self.first_bare).into()
        })
    }

    pub(super) fn respond(&mut self, challenge: &[u8]) -> Result<Secret> {
        let step = std::mem::replace(&mut self.step, Step::Failed);
        if challenge.len() > MAX_MESSAGE {
            return Err(bent("SCRAM message too long"));
        }
        match step {
            Step::ServerFirst => self.client_final(challenge),
            Step::ServerFinal { signature } => {
                self.verify(challenge, &signature)?;
                self.step = Step::Verified;
                Ok(Secret::default())
            }
            Step::Initial | Step::Verified | Step::Failed => Err(out_of_order()),
        }
    }

    pub(super) fn finish(&mut self, data: Option<&[u8]>) -> Result<()> {
        match (std::mem::replace(&mut self.step, Step::Failed), data) {
            (Step::Verified, _) => Ok(()),
            (Step::ServerFinal { signature }, Some(data)) => self.verify(data, &signature),
            _ => Err(refused(
                "the server lets us in without proving that it knows the password",
            )),
        }
    }

    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    fn client_final(&mut self, challenge: &[u8]) -> Result<Secret> {
        let unreadable = || bent(format!("SCRAM challenge: {}", excerpt(challenge)));
        let server_first = std::str::from_utf8(challenge).map_err(|_| unreadable())?;
        // RFC 5802 section 5.1: nonce, salt, iteration count, in this order; `m=` first must fail.
        let mut fields = server_first.split(',');
        let mut field = |name| fields.next().and_then(|f| f.strip_prefix(name));
        let nonce = field("r=").ok_or_else(unreadable)?;
        let salt = field("s=").ok_or_else(unreadable)?;
        let iterations = field("i=").ok_or_else(unreadable)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(refused("the server's nonce does not extend ours"));
        }
        let salt = STANDARD.decode(salt).map_err(|_| unreadable())?;
        let iterations: u32 = iterations.parse().map_err(|_| unreadable())?;
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            return Err(refused(format!(
                "the server asks for {iterations} SCRAM iterations; \
                 {MIN_ITERATIONS} to {MAX_ITERATIONS} are accepted"
            )));
        }
        let mut channel = self.gs2_header.clone().into_bytes();
        channel.extend_from_slice(&self.binding);
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(channel));
        let auth_message = format!("{},{server_first},{without_proof}", self.first_bare);

        let salted = self
            .hash
            .stretch(self.password.as_bytes(), &salt, iterations)?;
        let client_key = self.hash.hmac(&salted, b"Client Key")?;
        let stored_key = self.hash.digest(&client_key);
        let signature = self.hash.hmac(&stored_key, auth_message.as_bytes())?;
        let proof: Vec<u8> = client_key
            .iter()
            .zip(signature.iter())
            .map(|(a, b)| a ^ b)
            .collect();
        let server_key = self.hash.hmac(&salted, b"Server Key")?;
        let expected = self.hash.hmac(&server_key, auth_message.as_bytes())?;
        self.step = Step::ServerFinal {
            signature: expected.to_vec(),
        };
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)).into())
    }

    fn verify(&mut self, message: &[u8], expected: &[u8]) -> Result<()> {
        if let Some(error) = message.strip_prefix(b"e=") {
            let error = excerpt(error);
            let text = format!("the server refuses: {error}");
            self.refusal = Some(error);
            return Err(refused(text));
        }
        let signature = message
            .strip_prefix(b"v=")
            .and_then(|rest| rest.split(|&b| b == b',').next())
            .and_then(|text| STANDARD.decode(text).ok())
            .ok_or_else(|| bent(format!("SCRAM verifier: {}", excerpt(message))))?;
        // Every byte is compared, so that the time says nothing.
        let differ = expected
            .iter()
            .zip(&signature)
            .fold(0, |sum, (a, b)| sum | (a ^ b));
        if differ != 0 || signature.len() != expected.len() {
            return Err(refused("the server does not know the password"));
        }
        Ok(())
    }
}

impl Hash {
    fn digest(self, data: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
        })
    }

    fn hmac(self, key: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let bad = |_| refused("SCRAM key");
        Ok(Zeroizing::new(match self {
            Self::Sha1 => {
                let mut mac = Hmac::<Sha1>::new_from_slice(key).map_err(bad)?;
                mac.update(data);
                mac.finalize().into_bytes().to_vec()
            }
            Self::Sha256 => {
                let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(bad)?;
                mac.update(data);
                mac.finalize().into_bytes().to_vec()
            }
        }))
    }

    /// `Hi` of RFC 5802 section 2.2.
    fn stretch(self, password: &[u8], salt: &[u8], count: u32) -> Result<Zeroizing<Vec<u8>>> {
        let bad = |_| refused("SCRAM password");
        let mut out = Zeroizing::new(vec![0; if matches!(self, Self::Sha1) { 20 } else { 32 }]);
        match self {
            Self::Sha1 => pbkdf2::pbkdf2::<Hmac<Sha1>>(password, salt, count, &mut out),
            Self::Sha256 => pbkdf2::pbkdf2::<Hmac<Sha256>>(password, salt, count, &mut out),
        }
        .map_err(bad)?;
        Ok(out)
    }
}

/// RFC 4013; a text that has nothing to prepare is taken as it is.
fn saslprep(text: &str) -> Result<Cow<'_, str>> {
    stringprep::saslprep(text)
        .map_err(|_| refused("the user name or password holds characters that SASLprep forbids"))
}
