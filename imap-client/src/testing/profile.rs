//! What kind of server to be.

/// The capabilities and manners of a server.
///
/// A profile advertises nothing that the server cannot do, and the server does nothing that the
/// profile does not advertise: a client that sends MOVE to a server without `MOVE` gets `BAD`.
///
/// ```
/// use imap_client::testing::Profile;
///
/// let old = Profile::full().without("QRESYNC").without("CONDSTORE").separator('.');
/// assert!(old.has("UIDPLUS") && !old.has("QRESYNC"));
/// ```
#[derive(Debug, Clone)]
pub struct Profile {
    capabilities: Vec<String>,
    pub(super) raw_capability_line: Option<String>,
    pub(super) capability_in_greeting: bool,
    pub(super) capability_after_login: bool,
    /// Advertise everything at all times, before and after the login.
    pub(super) same_list_always: bool,
    pub(super) separator: char,
    /// Prefix of the user's own mailboxes, such as `INBOX.`.
    pub(super) prefix: String,
    pub(super) quoted_names: bool,
    pub(super) lowercase_attributes: bool,
    pub(super) uid_next_in_select: bool,
    pub(super) modseq_unasked: bool,
    pub(super) shared_modseq: bool,
    pub(super) flags_first: bool,
    pub(super) unknown_command_is_no: bool,
    /// Whether ENABLE of nothing known is answered with an empty ENABLED.
    pub(super) empty_enabled: bool,
    /// Whether a session still sees messages that others expunged, until it is told.
    pub(super) snapshots: bool,
    pub(super) new_keywords: bool,
    pub(super) literal_in_envelope: bool,
    pub(super) preauth: Option<String>,
    pub(super) special: Vec<(String, String)>,
}

impl Profile {
    fn base(capabilities: &str) -> Self {
        Self {
            capabilities: capabilities.split(' ').map(str::to_owned).collect(),
            raw_capability_line: None,
            capability_in_greeting: true,
            capability_after_login: true,
            same_list_always: false,
            separator: '/',
            prefix: String::new(),
            quoted_names: false,
            lowercase_attributes: false,
            uid_next_in_select: true,
            modseq_unasked: false,
            shared_modseq: false,
            flags_first: false,
            unknown_command_is_no: false,
            empty_enabled: false,
            snapshots: true,
            new_keywords: true,
            literal_in_envelope: false,
            preauth: None,
            special: Vec::new(),
        }
    }

    fn special(mut self, mailboxes: &[(&str, &str)]) -> Self {
        self.special = mailboxes
            .iter()
            .map(|(n, a)| ((*n).to_owned(), (*a).to_owned()))
            .collect();
        self
    }

    /// All that this server can do, in Dovecot's manners: the default.
    #[must_use]
    pub fn full() -> Self {
        Self::base(
            "IMAP4rev1 IMAP4rev2 STARTTLS SASL-IR AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 \
             AUTH=XOAUTH2 AUTH=OAUTHBEARER LITERAL+ ID ENABLE IDLE MULTIAPPEND UNSELECT CHILDREN \
             NAMESPACE UIDPLUS LIST-EXTENDED LIST-STATUS CONDSTORE QRESYNC ESEARCH MOVE \
             STATUS=SIZE SPECIAL-USE CREATE-SPECIAL-USE OBJECTID UTF8=ACCEPT QUOTA NOTIFY COMPRESS=DEFLATE",
        )
        .special(&[
            ("Drafts", "\\Drafts"),
            ("Sent", "\\Sent"),
            ("Trash", "\\Trash"),
            ("Junk", "\\Junk"),
        ])
    }

    /// Like Gmail: CONDSTORE without QRESYNC, no MULTIAPPEND, LITERAL-, a limit for APPEND.
    #[must_use]
    pub fn gmail_like() -> Self {
        let mut profile = Self::base(
            "IMAP4rev1 STARTTLS SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER UNSELECT IDLE \
             NAMESPACE QUOTA ID CHILDREN X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE \
             ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584",
        )
        .special(&[
            ("[Gmail]/All Mail", "\\All"),
            ("[Gmail]/Drafts", "\\Drafts"),
            ("[Gmail]/Sent Mail", "\\Sent"),
            ("[Gmail]/Spam", "\\Junk"),
            ("[Gmail]/Starred", "\\Flagged"),
            ("[Gmail]/Trash", "\\Trash"),
        ]);
        profile.modseq_unasked = true;
        profile.quoted_names = true;
        profile
    }

    /// Like Courier: no LITERAL+, no SASL-IR, no APPENDUID, no UIDNEXT in SELECT, names below
    /// `INBOX.` and quoted, `NO` for unknown commands.
    #[must_use]
    pub fn courier_like() -> Self {
        let mut profile = Self::base(
            "IMAP4rev1 CHILDREN NAMESPACE QUOTA IDLE AUTH=CRAM-MD5 AUTH=PLAIN STARTTLS ENABLE",
        );
        profile.same_list_always = true;
        profile.capability_after_login = false;
        profile.separator = '.';
        "INBOX.".clone_into(&mut profile.prefix);
        profile.quoted_names = true;
        profile.uid_next_in_select = false;
        profile.unknown_command_is_no = true;
        profile.empty_enabled = true;
        profile.snapshots = false;
        profile
    }

    /// Like Cyrus: lower-case special-use attributes, one mod-sequence for all mailboxes, FLAGS
    /// before UID, LOGINDISABLED still listed after the login.
    #[must_use]
    pub fn cyrus_like() -> Self {
        let mut profile = Self::base(
            "IMAP4rev1 LITERAL+ ID ENABLE STARTTLS CHILDREN CONDSTORE CREATE-SPECIAL-USE ESEARCH \
             LIST-EXTENDED LIST-STATUS MOVE MULTIAPPEND NAMESPACE OBJECTID QRESYNC QUOTA SPECIAL-USE \
             STATUS=SIZE UIDPLUS UNSELECT LOGINDISABLED AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 SASL-IR \
             COMPRESS=DEFLATE IDLE APPENDLIMIT=4294967295",
        )
        .special(&[
            ("Drafts", "\\Drafts"),
            ("Sent", "\\Sent"),
            ("Spam", "\\Junk"),
            ("Trash", "\\Trash"),
        ]);
        profile.same_list_always = true;
        profile.capability_after_login = false;
        profile.lowercase_attributes = true;
        profile.modseq_unasked = true;
        profile.shared_modseq = true;
        profile.flags_first = true;
        profile
    }

    /// RFC 3501 and nothing besides, not even STARTTLS on the plain port.
    #[must_use]
    pub fn rev1_bare() -> Self {
        let mut profile = Self::base("IMAP4rev1");
        profile.capability_in_greeting = false;
        profile.capability_after_login = false;
        profile.snapshots = false;
        profile
    }

    /// Adds a capability.
    #[must_use]
    pub fn with(mut self, capability: &str) -> Self {
        if !self.has(capability) {
            self.capabilities.push(capability.to_owned());
        }
        self
    }

    /// Removes a capability, and with it what it stands for.
    #[must_use]
    pub fn without(mut self, capability: &str) -> Self {
        self.capabilities
            .retain(|c| !c.eq_ignore_ascii_case(capability));
        self
    }

    /// LITERAL- instead of LITERAL+ (RFC 7888).
    #[must_use]
    pub fn literal_minus(self) -> Self {
        self.without("LITERAL+").with("LITERAL-")
    }

    /// Announces and enforces a limit on the size of an appended message, in bytes (RFC 7889).
    #[must_use]
    pub fn append_limit(mut self, bytes: u64) -> Self {
        self.capabilities.retain(|c| !c.starts_with("APPENDLIMIT"));
        self.with(&format!("APPENDLIMIT={bytes}"))
    }

    /// Sets the character between the levels of a mailbox name.
    #[must_use]
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Whether clients may make keywords: without it PERMANENTFLAGS lacks `\*`, and a new keyword
    /// is dropped without a word.
    #[must_use]
    pub fn keywords(mut self, allowed: bool) -> Self {
        self.new_keywords = allowed;
        self
    }

    /// Whether a session still sees messages that others expunged until it is told, as Dovecot's
    /// do: FETCH then has their flags, and `NIL` for their content, and ends with
    /// `OK [EXPUNGEISSUED]`. Without it they are missing at once, and a FETCH by number ends with
    /// `NO [EXPUNGEISSUED]`.
    #[must_use]
    pub fn snapshots(mut self, kept: bool) -> Self {
        self.snapshots = kept;
        self
    }

    /// Sends this text as the list of capabilities, whatever the server can do.
    #[must_use]
    pub fn capability_text(mut self, text: impl Into<String>) -> Self {
        self.raw_capability_line = Some(text.into());
        self
    }

    /// Whether the greeting and the answer to a login bear a CAPABILITY code.
    #[must_use]
    pub fn capability_codes(mut self, sent: bool) -> Self {
        self.capability_in_greeting = sent;
        self.capability_after_login = sent;
        self
    }

    /// Whether ENVELOPE has its subject as a literal.
    #[must_use]
    pub fn literal_in_envelope(mut self, literal: bool) -> Self {
        self.literal_in_envelope = literal;
        self
    }

    /// Whether SELECT says UIDNEXT.
    #[must_use]
    pub fn uid_next_in_select(mut self, said: bool) -> Self {
        self.uid_next_in_select = said;
        self
    }

    /// Greets with PREAUTH as this user.
    #[must_use]
    pub fn preauth(mut self, user: &str) -> Self {
        self.preauth = Some(user.to_owned());
        self
    }

    /// Replaces the special-use mailboxes that a new account has: pairs of name and attribute.
    #[must_use]
    pub fn special_mailboxes(self, mailboxes: &[(&str, &str)]) -> Self {
        self.special(mailboxes)
    }

    /// Whether the server has this capability, compared without case.
    #[must_use]
    pub fn has(&self, capability: &str) -> bool {
        self.capabilities
            .iter()
            .any(|c| c.eq_ignore_ascii_case(capability))
    }

    /// The limit of APPENDLIMIT.
    pub(super) fn max_append(&self) -> Option<u64> {
        self.capabilities
            .iter()
            .find_map(|c| c.strip_prefix("APPENDLIMIT=")?.parse().ok())
    }

    /// The list of capabilities at one moment of a session.
    pub(super) fn capability_list(&self, moment: &Moment) -> String {
        if let Some(raw) = &self.raw_capability_line {
            return raw.clone();
        }
        let mut list: Vec<&str> = Vec::new();
        for capability in self.capabilities.iter().map(String::as_str) {
            let shown = match capability {
                "STARTTLS" => !moment.tls && !moment.authenticated,
                "LOGINDISABLED" => !moment.authenticated || self.same_list_always,
                "COMPRESS=DEFLATE" => {
                    !moment.compressed && (moment.authenticated || self.same_list_always)
                }
                c if c.starts_with("AUTH=") => {
                    (!moment.authenticated && moment.login_allowed) || self.same_list_always
                }
                "IMAP4rev1" | "IMAP4rev2" | "SASL-IR" | "ID" | "ENABLE" | "LITERAL+"
                | "LITERAL-" | "IDLE" => true,
                _ => moment.authenticated || self.same_list_always,
            };
            if shown {
                list.push(capability);
            }
        }
        if !moment.authenticated && !moment.login_allowed && !list.contains(&"LOGINDISABLED") {
            list.push("LOGINDISABLED");
        }
        list.join(" ")
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
    pub(super) compressed: bool,
}
