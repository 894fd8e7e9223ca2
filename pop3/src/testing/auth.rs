//! The AUTHORIZATION state: USER and PASS, APOP, AUTH, STLS, UTF8.

use std::io;
use std::sync::PoisonError;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use md5::{Digest as _, Md5};

use super::session::{Command, Next, Reply, Session, err, ok};
use super::transaction::Transaction;

/// One side's part of a SASL exchange, or why there is none.
type Response = Result<Vec<u8>, Reply>;

impl Session {
    pub(super) async fn in_authorization(&mut self, command: Command<'_>) -> io::Result<Reply> {
        let reply = match command.name {
            "USER" if self.has("USER") => self.user(command),
            "PASS" if self.has("USER") => self.pass(command),
            "APOP" if self.has("APOP") => self.apop(command),
            "AUTH" if self.has("SASL") => return self.auth(command).await,
            "STLS" if self.has("STLS") => self.stls(command),
            "UTF8" if self.has("UTF8") => command.none().map(|()| {
                self.utf8 = true;
                ok("UTF8 enabled")
            }),
            _ => Err(err("Unknown command.")),
        };
        Ok(reply.unwrap_or_else(|refusal| refusal))
    }

    /// A password is shown: is that allowed here?
    fn may_show_password(&self) -> Result<(), Reply> {
        if self.moment().login_allowed {
            return Ok(());
        }
        Err(err(
            "[AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
        ))
    }

    fn failed(&self) -> Reply {
        err(self.shared.profile.login_failed.clone())
    }

    fn user(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        self.may_show_password()?;
        match command.rest.filter(|name| !name.is_empty()) {
            Some(name) => {
                self.user = Some(name.to_owned());
                Ok(ok(""))
            }
            None => Err(err("USER who?")),
        }
    }

    fn pass(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        self.may_show_password()?;
        let user = self.user.take().ok_or_else(|| err("No username given."))?;
        // Spaces are part of the password (RFC 1939 section 7).
        let password = command.rest.unwrap_or_default();
        self.check(&user, |known| known == password)
    }

    /// RFC 1939 section 7.
    fn apop(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        let (user, digest) = command
            .rest
            .and_then(|rest| rest.rsplit_once(' '))
            .ok_or_else(|| err("A name and a digest are expected"))?;
        let timestamp = self.timestamp.clone();
        self.check(user, |password| {
            let sum = Md5::new().chain_update(timestamp).chain_update(password);
            hex(&sum.finalize()) == digest
        })
    }

    /// RFC 2595 section 4.
    fn stls(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        command.none()?;
        if self.tls {
            return Err(err("TLS is active already"));
        }
        if self.utf8 {
            // RFC 6856 section 2.1: STLS comes first.
            return Err(err("STLS is not allowed after UTF8"));
        }
        self.next = Some(Next::Tls);
        Ok(ok("Begin TLS negotiation now."))
    }

    fn check(&mut self, user: &str, fits: impl FnOnce(&str) -> bool) -> Result<Reply, Reply> {
        let known = self.shared.users.get(user);
        if known.is_some_and(|known| fits(&known.password)) {
            self.log_in(user)
        } else {
            Err(self.failed())
        }
    }

    /// Enters the TRANSACTION state.
    fn log_in(&mut self, user: &str) -> Result<Reply, Reply> {
        let Some(known) = self.shared.users.get(user) else {
            return Err(self.failed());
        };
        let mut last = known
            .last_login
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let (Some(delay), Some(last)) = (self.shared.profile.enforced_login_delay(), *last)
            && last.elapsed() < delay
        {
            return Err(err(
                "[LOGIN-DELAY] minimum time between mail checks violation",
            ));
        }
        let lock = known
            .maildrop
            .lock()
            .ok_or_else(|| err("[IN-USE] Do you have another POP session running?"))?;
        *last = Some(Instant::now());
        self.transaction = Some(Transaction::new(lock));
        Ok(ok("Logged in."))
    }

    /// RFC 5034.
    async fn auth(&mut self, command: Command<'_>) -> io::Result<Reply> {
        let Some(rest) = command.rest else {
            let mechanisms: Vec<String> = self
                .shared
                .profile
                .arguments("SASL")
                .map(str::to_owned)
                .collect();
            self.say("+OK");
            for mechanism in mechanisms {
                self.say(mechanism);
            }
            self.say(".");
            return Ok(Reply::Said);
        };
        let (mechanism, initial) = match rest.split_once(' ') {
            Some((mechanism, initial)) => (mechanism, Some(initial)),
            None => (rest, None),
        };
        let mechanism = mechanism.to_ascii_uppercase();
        if !self
            .shared
            .profile
            .arguments("SASL")
            .any(|m| m == mechanism)
        {
            return Ok(err("[AUTH] Unsupported authentication mechanism."));
        }
        if mechanism != "CRAM-MD5"
            && let Err(refusal) = self.may_show_password()
        {
            return Ok(refusal);
        }
        let initial = match initial {
            None => None,
            Some("=") => Some(Vec::new()),
            Some(text) => match STANDARD.decode(text) {
                Ok(bytes) => Some(bytes),
                Err(_) => return Ok(err("Invalid base64 data in initial response")),
            },
        };
        match mechanism.as_str() {
            "PLAIN" => self.plain(initial).await,
            "LOGIN" => self.login(initial).await,
            "CRAM-MD5" => self.cram_md5(initial).await,
            _ => self.bearer(&mechanism, initial).await,
        }
    }

    /// Sends a challenge and reads what the client says to it.
    async fn challenge(&mut self, challenge: &[u8]) -> io::Result<Response> {
        self.say(format!("+ {}", STANDARD.encode(challenge)));
        self.conn.flush().await?;
        let Some(line) = self.read_line().await? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Ok(Err(err("A line ends with CRLF")));
        };
        if line == b"*" {
            return Ok(Err(err("Authentication cancelled")));
        }
        Ok(STANDARD
            .decode(line)
            .map_err(|_| err("Invalid base64 data in continued response")))
    }

    async fn response(&mut self, initial: Option<Vec<u8>>) -> io::Result<Response> {
        match initial {
            Some(initial) => Ok(Ok(initial)),
            None => self.challenge(b"").await,
        }
    }

    /// RFC 4616.
    async fn plain(&mut self, initial: Option<Vec<u8>>) -> io::Result<Reply> {
        let response = match self.response(initial).await? {
            Ok(response) => String::from_utf8_lossy(&response).into_owned(),
            Err(refusal) => return Ok(refusal),
        };
        let mut parts = response.split('\0');
        let reply = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(act_as), Some(user), Some(password), None)
                if act_as.is_empty() || act_as == user =>
            {
                self.check(user, |known| known == password)
            }
            _ => Err(self.failed()),
        };
        Ok(reply.unwrap_or_else(|refusal| refusal))
    }

    async fn login(&mut self, initial: Option<Vec<u8>>) -> io::Result<Reply> {
        let user = match initial {
            Some(user) => Ok(user),
            None => self.challenge(b"Username:").await?,
        };
        let user = match user {
            Ok(user) => String::from_utf8_lossy(&user).into_owned(),
            Err(refusal) => return Ok(refusal),
        };
        let password = match self.challenge(b"Password:").await? {
            Ok(password) => password,
            Err(refusal) => return Ok(refusal),
        };
        let reply = self.check(&user, |known| known.as_bytes() == password);
        Ok(reply.unwrap_or_else(|refusal| refusal))
    }

    /// RFC 2195.
    async fn cram_md5(&mut self, initial: Option<Vec<u8>>) -> io::Result<Reply> {
        if initial.is_some() {
            return Ok(err("CRAM-MD5 has no initial response"));
        }
        let challenge = self.timestamp.clone();
        let response = match self.challenge(challenge.as_bytes()).await? {
            Ok(response) => String::from_utf8_lossy(&response).into_owned(),
            Err(refusal) => return Ok(refusal),
        };
        let (user, digest) = response.rsplit_once(' ').unwrap_or_default();
        let reply = self.check(user, |password| {
            Hmac::<Md5>::new_from_slice(password.as_bytes()).is_ok_and(|mac| {
                let sum = mac.chain_update(&challenge).finalize().into_bytes();
                hex(&sum) == digest
            })
        });
        Ok(reply.unwrap_or_else(|refusal| refusal))
    }

    /// RFC 7628, and Google's XOAUTH2 before it.
    async fn bearer(&mut self, mechanism: &str, initial: Option<Vec<u8>>) -> io::Result<Reply> {
        let response = match self.response(initial).await? {
            Ok(response) => String::from_utf8_lossy(&response).into_owned(),
            Err(refusal) => return Ok(refusal),
        };
        let wanted = format!("auth=Bearer {}", self.shared.token);
        let mut parts = response.split('\x01');
        let head = parts.next().unwrap_or_default();
        let user = if mechanism == "XOAUTH2" {
            head.strip_prefix("user=")
        } else {
            let named = head.strip_prefix("n,a=");
            named.and_then(|h| h.strip_suffix(','))
        };
        let fits = parts.any(|part| part == wanted) && response.ends_with("\x01\x01");
        if let Some(user) = user.filter(|_| fits) {
            let reply = self.log_in(user);
            return Ok(reply.unwrap_or_else(|refusal| refusal));
        }
        let why: &[u8] = if mechanism == "XOAUTH2" {
            br#"{"status":"401","schemes":"bearer","scope":"mail"}"#
        } else {
            br#"{"status":"invalid_token"}"#
        };
        // Whatever the client says to that, it has failed.
        let _ = self.challenge(why).await?;
        Ok(self.failed())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
