//! What CAPA tells (RFC 2449 sections 5 and 6).

/// What a server can do. Names compare without regard to case; what is not known is kept.
///
/// A server without CAPA announces nothing, whatever it can do: see [`is_announced`](Self::is_announced).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// TOP (RFC 1939 section 7).
    pub top: bool,
    /// USER and PASS (RFC 1939 section 7).
    pub user: bool,
    /// UIDL (RFC 1939 section 7).
    pub uidl: bool,
    /// STLS (RFC 2595 section 4).
    pub stls: bool,
    /// Commands may be sent before the answers to those before them (RFC 2449 section 6.6).
    pub pipelining: bool,
    /// Text in brackets after `-ERR` is a code (RFC 2449 section 6.4).
    pub resp_codes: bool,
    /// A refusal for the credentials has the code `AUTH` (RFC 3206 section 6).
    pub auth_resp_code: bool,
    /// SASL mechanisms of AUTH, as they were spelled (RFC 5034 section 3).
    pub sasl: Vec<String>,
    /// How long the server keeps messages (RFC 2449 section 6.7).
    pub expire: Option<Expire>,
    /// How far apart logins must be (RFC 2449 section 6.5).
    pub login_delay: Option<LoginDelay>,
    /// The server's name and version (RFC 2449 section 6.9).
    pub implementation: Option<String>,
    /// UTF8 (RFC 6856 section 2).
    pub utf8: Option<Utf8>,
    /// LANG (RFC 6856 section 3).
    pub lang: bool,
    /// Other lines, whole.
    pub other: Vec<String>,
    announced: bool,
}

/// How long the server keeps messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Expire {
    /// Days; 0 means that a message is gone once it was retrieved, `None` that none expires.
    pub days: Option<u32>,
    /// It is another for some users: ask again after login.
    pub per_user: bool,
}

/// How far apart logins must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginDelay {
    /// Seconds.
    pub seconds: u32,
    /// It is another for some users: ask again after login.
    pub per_user: bool,
}

/// That the server knows UTF8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Utf8 {
    /// Names and passwords may be UTF-8 too.
    pub user: bool,
}

impl Capabilities {
    /// Whether the server answered CAPA, so that what is not here is not there.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        self.announced
    }

    /// Notes that the server answered CAPA, even by an empty list.
    pub fn announce(&mut self) {
        self.announced = true;
    }

    /// Adds a line of the answer to CAPA. Lines of equal name add up.
    pub fn learn(&mut self, line: &[u8]) {
        self.announced = true;
        let line = String::from_utf8_lossy(line.trim_ascii());
        let mut words = line.split_ascii_whitespace();
        let Some(name) = words.next() else { return };
        match name.to_ascii_uppercase().as_str() {
            "TOP" => self.top = true,
            "USER" => self.user = true,
            "UIDL" => self.uidl = true,
            "STLS" => self.stls = true,
            "PIPELINING" => self.pipelining = true,
            "RESP-CODES" => self.resp_codes = true,
            "AUTH-RESP-CODE" => self.auth_resp_code = true,
            "LANG" => self.lang = true,
            "SASL" => {
                for mechanism in words {
                    if !self.sasl.iter().any(|m| m.eq_ignore_ascii_case(mechanism)) {
                        self.sasl.push(mechanism.into());
                    }
                }
            }
            "EXPIRE" => self.expire = Expire::decode(words).or(self.expire),
            "LOGIN-DELAY" => self.login_delay = LoginDelay::decode(words).or(self.login_delay),
            "IMPLEMENTATION" => {
                let text = line.get(name.len()..).unwrap_or_default().trim();
                self.implementation = Some(text.into());
            }
            "UTF8" => {
                self.utf8 = Some(Utf8 {
                    user: is_user(words),
                });
            }
            _ => self.other.push(line.into_owned()),
        }
    }
}

impl Expire {
    fn decode<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let word = words.next()?;
        let days = if word.eq_ignore_ascii_case("NEVER") {
            None
        } else {
            Some(word.parse().ok()?)
        };
        Some(Self {
            days,
            per_user: is_user(words),
        })
    }
}

impl LoginDelay {
    fn decode<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Self> {
        Some(Self {
            seconds: words.next()?.parse().ok()?,
            per_user: is_user(words),
        })
    }
}

fn is_user<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("USER"))
}
