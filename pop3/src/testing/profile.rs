//! What kind of server to be.

/// The capabilities and manners of a server.
///
/// A profile advertises nothing that the server cannot do, and the server does nothing that the
/// profile does not have: a client that sends UIDL to a server without `UIDL` gets `-ERR`. What is
/// answered to CAPA (RFC 2449) can be replaced by [`capability_text`](Self::capability_text).
///
/// ```
/// use pop3::testing::Profile;
///
/// let old = Profile::full().without("PIPELINING").without("UIDL");
/// assert!(old.has("TOP") && !old.has("UIDL"));
/// ```
#[derive(Debug, Clone)]
pub struct Profile {
    /// Capabilities with their arguments; `CAPA` and `APOP` stand for commands and are not listed.
    capabilities: Vec<String>,
    raw_capabilities: Option<Vec<String>>,
    /// Whether CAPA is among the capabilities.
    lists_capa: bool,
    pub(super) banner: String,
    pub(super) login_failed: String,
    pub(super) ids: Ids,
    pub(super) id_gap: String,
    pub(super) drops_after_pass: bool,
    pub(super) enforces_login_delay: bool,
    pub(super) refuses_utf8_headers: bool,
}

/// How unique ids look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    /// `000000016b01fbff`: UID and UIDVALIDITY in hex.
    Dovecot,
    /// `1795292273.1`: UIDVALIDITY and UID.
    Cyrus,
    /// `UID1-1795292407`
    Courier,
}

impl Ids {
    pub(super) fn name(self, validity: u32, uid: u32) -> String {
        match self {
            Self::Dovecot => format!("{uid:08x}{validity:08x}"),
            Self::Cyrus => format!("{validity}.{uid}"),
            Self::Courier => format!("UID{uid}-{validity}"),
        }
    }
}

impl Profile {
    fn base(capabilities: &[&str]) -> Self {
        Self {
            capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
            raw_capabilities: None,
            lists_capa: false,
            banner: "Test server ready.".to_owned(),
            login_failed: "[AUTH] Authentication failed.".to_owned(),
            ids: Ids::Dovecot,
            id_gap: " ".to_owned(),
            drops_after_pass: false,
            enforces_login_delay: false,
            refuses_utf8_headers: false,
        }
    }

    /// All that this server can do, in Dovecot's manners: the default.
    #[must_use]
    pub fn full() -> Self {
        Self::base(&[
            "CAPA",
            "APOP",
            "TOP",
            "UIDL",
            "RESP-CODES",
            "PIPELINING",
            "AUTH-RESP-CODE",
            "STLS",
            "USER",
            "SASL PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER",
            "UTF8 USER",
            "LANG",
            "EXPIRE NEVER",
            "LOGIN-DELAY 0",
            "IMPLEMENTATION pop3-test-server",
        ])
    }

    /// Like Dovecot 2.3.
    #[must_use]
    pub fn dovecot_like() -> Self {
        let mut profile = Self::base(&[
            "CAPA",
            "APOP",
            "TOP",
            "UIDL",
            "RESP-CODES",
            "PIPELINING",
            "AUTH-RESP-CODE",
            "STLS",
            "USER",
            "SASL PLAIN LOGIN CRAM-MD5 OAUTHBEARER XOAUTH2",
        ]);
        "Dovecot (Debian) ready.".clone_into(&mut profile.banner);
        profile.lists_capa = true;
        profile
    }

    /// Like Cyrus 3.6.
    #[must_use]
    pub fn cyrus_like() -> Self {
        let mut profile = Self::base(&[
            "CAPA",
            "APOP",
            "SASL PLAIN LOGIN CRAM-MD5",
            "STLS",
            "EXPIRE NEVER",
            "LOGIN-DELAY 0",
            "TOP",
            "UIDL",
            "PIPELINING",
            "RESP-CODES",
            "AUTH-RESP-CODE",
            "USER",
            "IMPLEMENTATION Cyrus POP3 3.6.1-Debian-3.6.1-4+deb12u3 server ready",
        ]);
        "Cyrus POP3 3.6.1-Debian-3.6.1-4+deb12u3 server ready".clone_into(&mut profile.banner);
        "[AUTH] Invalid login".clone_into(&mut profile.login_failed);
        profile.ids = Ids::Cyrus;
        profile
    }

    /// Like Courier: no response codes, and what comes in one write with PASS is lost, in spite of
    /// PIPELINING.
    #[must_use]
    pub fn courier_like() -> Self {
        let mut profile = Self::base(&[
            "CAPA",
            "SASL PLAIN LOGIN CRAM-MD5",
            "STLS",
            "TOP",
            "USER",
            "LOGIN-DELAY 10",
            "PIPELINING",
            "UIDL",
            "UTF8 USER",
            "IMPLEMENTATION Courier Mail Server",
        ]);
        "Hello there.".clone_into(&mut profile.banner);
        "Login failed.".clone_into(&mut profile.login_failed);
        profile.ids = Ids::Courier;
        profile.drops_after_pass = true;
        profile
    }

    /// What RFC 1939 demands and nothing besides: USER and PASS, no CAPA, TOP, UIDL or APOP.
    #[must_use]
    pub fn rfc1939_bare() -> Self {
        let mut profile = Self::base(&["USER"]);
        "POP3 server ready".clone_into(&mut profile.banner);
        "invalid password".clone_into(&mut profile.login_failed);
        profile
    }

    /// Adds a capability, with its arguments (`"EXPIRE 30"`), in the place of one of that name.
    /// `CAPA` and `APOP` stand for these commands.
    #[must_use]
    pub fn with(mut self, capability: &str) -> Self {
        let name = word(capability);
        let old = self.capabilities.iter_mut().find(|c| word(c) == name);
        match old {
            Some(old) => capability.clone_into(old),
            None => self.capabilities.push(capability.to_owned()),
        }
        self
    }

    /// Removes a capability, and with it what it stands for.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.capabilities
            .retain(|c| !word(c).eq_ignore_ascii_case(name));
        self
    }

    /// Answers CAPA with these lines, whatever the server can do.
    #[must_use]
    pub fn capability_text(mut self, lines: &[&str]) -> Self {
        self.raw_capabilities = Some(lines.iter().map(|line| (*line).to_owned()).collect());
        self
    }

    /// What stands between the number and the unique id in answers to UIDL; one space unless said.
    #[must_use]
    pub fn id_gap(mut self, gap: &str) -> Self {
        gap.clone_into(&mut self.id_gap);
        self
    }

    /// Whether what comes in one write with PASS is lost, as Courier does.
    #[must_use]
    pub fn drops_after_pass(mut self, dropped: bool) -> Self {
        self.drops_after_pass = dropped;
        self
    }

    /// Announces LOGIN-DELAY (RFC 2449 section 6.6) and refuses who comes again earlier.
    #[must_use]
    pub fn login_delay(mut self, seconds: u64) -> Self {
        self.enforces_login_delay = true;
        self.with(&format!("LOGIN-DELAY {seconds}"))
    }

    /// Whether messages with UTF-8 in their headers are given only to clients that sent UTF8, and
    /// refused with `[UTF8]` to all others (RFC 6856 section 5).
    #[must_use]
    pub fn refuses_utf8_headers(mut self, refused: bool) -> Self {
        self.refuses_utf8_headers = refused;
        self
    }

    /// Whether the server has this capability, compared without case and arguments.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.capabilities
            .iter()
            .any(|c| word(c).eq_ignore_ascii_case(name))
    }

    /// The arguments of a capability.
    pub(super) fn arguments(&self, name: &str) -> impl Iterator<Item = &str> {
        let line = self.capabilities.iter().find(|c| word(c) == name);
        line.into_iter().flat_map(|c| c.split(' ').skip(1))
    }

    /// The time that must pass between two logins, if that is watched over.
    pub(super) fn enforced_login_delay(&self) -> Option<std::time::Duration> {
        let seconds = self.arguments("LOGIN-DELAY").next()?.parse().ok()?;
        self.enforces_login_delay
            .then_some(std::time::Duration::from_secs(seconds))
    }

    /// The answer to CAPA at one moment of a session.
    pub(super) fn capability_list(&self, moment: Moment) -> Vec<String> {
        if let Some(raw) = &self.raw_capabilities {
            return raw.clone();
        }
        let mut list = Vec::new();
        for capability in &self.capabilities {
            match word(capability) {
                "CAPA" if !self.lists_capa => {}
                "APOP" => {}
                "STLS" if moment.tls || moment.authenticated => {}
                "USER" if moment.authenticated || !moment.login_allowed => {}
                "SASL" if moment.authenticated => {}
                "SASL" if !moment.login_allowed => {
                    // Only what does not show the password.
                    if self.arguments("SASL").any(|m| m == "CRAM-MD5") {
                        list.push("SASL CRAM-MD5".to_owned());
                    }
                }
                _ => list.push(capability.clone()),
            }
        }
        list
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::full()
    }
}

/// What decides which capabilities are listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) tls: bool,
    pub(super) authenticated: bool,
    pub(super) login_allowed: bool,
}

fn word(capability: &str) -> &str {
    capability.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_replaced_by_its_name() {
        let profile = Profile::full().with("EXPIRE 0").without("utf8");
        let list = profile.capability_list(Moment {
            tls: true,
            authenticated: false,
            login_allowed: true,
        });
        assert!(list.contains(&"EXPIRE 0".to_owned()), "{list:?}");
        assert!(!list.iter().any(|c| c.starts_with("UTF8")), "{list:?}");
        assert!(!list.contains(&"STLS".to_owned()), "{list:?}");
    }

    #[test]
    fn ids_look_as_seen_on_real_servers() {
        assert_eq!(Ids::Dovecot.name(0x6b01_fbff, 1), "000000016b01fbff");
        assert_eq!(Ids::Cyrus.name(1_795_292_273, 1), "1795292273.1");
        assert_eq!(Ids::Courier.name(1_795_292_407, 1), "UID1-1795292407");
    }
}
