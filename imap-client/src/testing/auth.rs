//! Commands of any state, and of the way to the login.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use md5::Md5;
use std::io;

use super::fault::Moment;
use super::names::quote;
use super::session::{Command, Next, Outcome, Reply, Session};

fn failed() -> Reply {
    Reply::no("[AUTHENTICATIONFAILED] Authentication failed.")
}

impl Session {
    pub(super) fn capability(&mut self, command: &Command) -> Outcome {
        self.args(command).end()?;
        let list = self.capabilities();
        self.say(format!("* CAPABILITY {list}"));
        Ok(Reply::ok("Capability completed."))
    }

    pub(super) fn noop(&mut self, command: &Command) -> Outcome {
        self.args(command).end()?;
        if command.name == "CHECK" && self.view.is_none() {
            return Err(Reply::bad("Select a mailbox first"));
        }
        Ok(Reply::ok("NOOP completed."))
    }

    pub(super) fn logout(&mut self, command: &Command) -> Outcome {
        self.args(command).end()?;
        self.say("* BYE Logging out");
        // The end of a session is no moment to hear of changes.
        self.view = None;
        self.next = Some(Next::Close);
        Ok(Reply::ok("Logout completed."))
    }

    /// RFC 2971.
    pub(super) fn id(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        if !args.eat_word("NIL") {
            let fields = args.list(true, |c| {
                if c.eat_word("NIL") {
                    Ok(())
                } else {
                    c.string().map(drop)
                }
            })?;
            if fields.len() % 2 != 0 || fields.len() > 60 {
                return Err(Reply::bad("ID takes pairs"));
            }
        }
        args.end()?;
        self.say("* ID (\"name\" \"imap-client test server\")");
        Ok(Reply::ok("ID completed."))
    }

    pub(super) fn starttls(&mut self, command: &Command) -> Outcome {
        self.args(command).end()?;
        if self.tls() || self.user.is_some() {
            return Err(Reply::bad("TLS cannot be started now"));
        }
        self.next = Some(Next::Tls);
        Ok(Reply::ok("Begin TLS negotiation now."))
    }

    /// RFC 4978.
    pub(super) fn compress(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        if !args.keyword()?.eq("DEFLATE") {
            return Err(Reply::bad("Only DEFLATE is known"));
        }
        args.end()?;
        if self.compressed() {
            return Err(Reply::no("[COMPRESSIONACTIVE] DEFLATE is active already"));
        }
        self.next = Some(Next::Deflate);
        Ok(Reply::ok("DEFLATE active"))
    }

    /// RFC 5161.
    pub(super) fn enable(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        let mut wanted = Vec::new();
        while args.sp().is_ok() {
            wanted.push(args.atom()?.to_ascii_uppercase());
        }
        args.end()?;
        if wanted.is_empty() {
            return Err(Reply::bad("ENABLE what?"));
        }
        let mut done = Vec::new();
        for name in wanted {
            match name.as_str() {
                "CONDSTORE" if self.has("CONDSTORE") => self.enable_condstore(),
                "QRESYNC" if self.has("QRESYNC") => {
                    self.enable_condstore();
                    self.enabled.qresync = true;
                }
                "UTF8=ACCEPT" if self.has("UTF8=ACCEPT") => self.enabled.utf8 = true,
                "IMAP4REV2" if self.has("IMAP4rev2") => self.enabled.rev2 = true,
                _ => continue,
            }
            done.push(if name == "IMAP4REV2" {
                "IMAP4rev2".to_owned()
            } else {
                name
            });
        }
        if done.is_empty() && !self.shared.profile.empty_enabled {
            return Ok(Reply::ok("Enabled."));
        }
        let mut line = String::from("* ENABLED");
        for name in done {
            line.push(' ');
            line.push_str(&name);
        }
        self.say(line);
        Ok(Reply::ok("Enabled."))
    }

    fn may_log_in(&self) -> Result<(), Reply> {
        if self.user.is_some() {
            return Err(Reply::bad("Already logged in"));
        }
        if !self.login_allowed() {
            return Err(Reply::no(
                "[PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
            ));
        }
        Ok(())
    }

    fn logged_in(&mut self, user: &str) -> Outcome {
        let known = self.shared.users.get(user).ok_or_else(failed)?;
        self.store = Some(known.store.clone());
        self.user = Some(user.to_owned());
        let code = if self.shared.profile.capability_after_login {
            format!("[CAPABILITY {}] ", self.capabilities())
        } else {
            String::new()
        };
        Ok(Reply::ok(format!("{code}Logged in")))
    }

    fn password_fits(&self, user: &str, password: &[u8]) -> bool {
        self.shared
            .users
            .get(user)
            .is_some_and(|u| u.password.as_bytes() == password)
    }

    pub(super) fn login(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let user = args.text()?;
        args.sp()?;
        let password = args.astring()?;
        args.end()?;
        self.may_log_in()?;
        if !self.password_fits(&user, &password) {
            return Err(failed());
        }
        self.logged_in(&user)
    }

    /// Sends a challenge and reads the client's answer; `None` if the client gave up.
    async fn challenge(&mut self, challenge: &[u8]) -> io::Result<Result<Vec<u8>, Reply>> {
        self.deeds(Moment::Continuation);
        self.say(format!("+ {}", STANDARD.encode(challenge)));
        let mut line = Vec::new();
        if !self.read_line(&mut line).await? {
            return Ok(Err(Reply::bad("A line ends with CRLF")));
        }
        let line = line.strip_suffix(b"\r\n").unwrap_or(&line);
        if line == b"*" {
            return Ok(Err(Reply::bad("Authentication cancelled")));
        }
        Ok(STANDARD.decode(line).map_err(|_| Reply::bad("Not base64")))
    }

    pub(super) async fn authenticate(&mut self, command: &Command) -> io::Result<Outcome> {
        let parsed = (|| {
            let mut args = self.args(command);
            args.sp()?;
            let mechanism = args.atom()?.to_ascii_uppercase();
            let initial = if args.at_end() {
                None
            } else {
                args.sp()?;
                let word =
                    args.word(|b| b.is_ascii_graphic(), "an initial response was expected")?;
                args.end()?;
                if !self.has("SASL-IR") {
                    return Err(Reply::bad("This server has no SASL-IR"));
                }
                // RFC 4959: an empty initial response is a lone equals sign.
                let word = if word == "=" { "" } else { word };
                Some(
                    STANDARD
                        .decode(word)
                        .map_err(|_| Reply::bad("Not base64"))?,
                )
            };
            if !self.has(&format!("AUTH={mechanism}")) {
                return Err(Reply::no("Unsupported authentication mechanism."));
            }
            self.may_log_in()?;
            Ok((mechanism, initial))
        })();
        let (mechanism, initial) = match parsed {
            Ok(parsed) => parsed,
            Err(reply) => return Ok(Err(reply)),
        };
        if mechanism == "CRAM-MD5" {
            return self.cram_md5().await;
        }
        if mechanism == "LOGIN" {
            return self.sasl_login(initial).await;
        }
        let response = match initial {
            Some(response) => response,
            None => match self.challenge(b"").await? {
                Ok(response) => response,
                Err(reply) => return Ok(Err(reply)),
            },
        };
        match mechanism.as_str() {
            "PLAIN" => Ok(self.plain(&response)),
            "XOAUTH2" | "OAUTHBEARER" => self.bearer(&mechanism, &response).await,
            _ => Ok(Err(Reply::no("Unsupported authentication mechanism."))),
        }
    }

    /// RFC 4616.
    fn plain(&mut self, response: &[u8]) -> Outcome {
        let mut parts = response.split(|b| *b == 0);
        let (Some(_), Some(user), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Reply::bad("PLAIN takes three parts"));
        };
        let user = String::from_utf8_lossy(user).into_owned();
        if !self.password_fits(&user, password) {
            return Err(failed());
        }
        self.logged_in(&user)
    }

    async fn sasl_login(&mut self, initial: Option<Vec<u8>>) -> io::Result<Outcome> {
        let user = match initial {
            Some(user) => user,
            None => match self.challenge(b"Username:").await? {
                Ok(user) => user,
                Err(reply) => return Ok(Err(reply)),
            },
        };
        let password = match self.challenge(b"Password:").await? {
            Ok(password) => password,
            Err(reply) => return Ok(Err(reply)),
        };
        let user = String::from_utf8_lossy(&user).into_owned();
        if !self.password_fits(&user, &password) {
            return Ok(Err(failed()));
        }
        Ok(self.logged_in(&user))
    }

    /// RFC 2195.
    async fn cram_md5(&mut self) -> io::Result<Outcome> {
        let challenge = b"<1896.697170952@localhost>";
        let response = match self.challenge(challenge).await? {
            Ok(response) => response,
            Err(reply) => return Ok(Err(reply)),
        };
        let response = String::from_utf8_lossy(&response).into_owned();
        let Some((user, digest)) = response.rsplit_once(' ') else {
            return Ok(Err(Reply::bad("CRAM-MD5 takes a name and a digest")));
        };
        let fits = self.shared.users.get(user).is_some_and(|known| {
            Hmac::<Md5>::new_from_slice(known.password.as_bytes()).is_ok_and(|mut mac| {
                mac.update(challenge);
                let sum = mac.finalize().into_bytes();
                sum.iter().map(|b| format!("{b:02x}")).collect::<String>() == digest
            })
        });
        if !fits {
            return Ok(Err(failed()));
        }
        Ok(self.logged_in(user))
    }

    /// RFC 7628, and Google's XOAUTH2 before it.
    async fn bearer(&mut self, mechanism: &str, response: &[u8]) -> io::Result<Outcome> {
        let response = String::from_utf8_lossy(response).into_owned();
        let wanted = format!("auth=Bearer {}", self.shared.token);
        let mut parts = response.split('\x01');
        let head = parts.next().unwrap_or_default();
        let user = if mechanism == "XOAUTH2" {
            head.strip_prefix("user=").map(str::to_owned)
        } else {
            head.strip_prefix("n,a=")
                .and_then(|h| h.strip_suffix(','))
                .map(str::to_owned)
        };
        let token_fits = parts.any(|part| part == wanted) && response.ends_with("\x01\x01");
        match user {
            Some(user) if token_fits && self.shared.users.contains_key(&user) => {
                Ok(self.logged_in(&user))
            }
            _ => {
                let error: &[u8] = if mechanism == "XOAUTH2" {
                    br#"{"status":"401","schemes":"bearer","scope":"mail"}"#
                } else {
                    br#"{"status":"invalid_token"}"#
                };
                // Whatever the client says to that, it has failed.
                let _ = self.challenge(error).await?;
                Ok(Err(failed()))
            }
        }
    }

    /// GETQUOTAROOT and GETQUOTA (RFC 9208): one root, named by the empty string.
    pub(super) fn quota(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let store = self.store()?;
        if command.name == "GETQUOTAROOT" {
            let name = self.mailbox_name(args.astring()?)?;
            args.end()?;
            store.with(|a| a.mailbox(&name).map(drop))?;
            let mut line = b"* QUOTAROOT ".to_vec();
            let shown = self.encoded_name(&name);
            quote(&mut line, shown.as_bytes(), self.utf8());
            line.extend_from_slice(b" \"\"");
            self.say(line);
        } else if !args.astring()?.is_empty() || args.end().is_err() {
            return Err(Reply::no("[NONEXISTENT] No such quota root"));
        }
        let line = match store.with(|a| a.usage()) {
            (used, Some(limit)) => format!(
                "* QUOTA \"\" (STORAGE {} {})",
                used.div_ceil(1024),
                limit.div_ceil(1024)
            ),
            _ => "* QUOTA \"\" ()".to_owned(),
        };
        self.say(line);
        Ok(Reply::ok("Quota completed."))
    }
}
