//! What kind of server to be.

/// Where a server keeps things, and its manners: a [`Layout`] and a list of [`Quirk`]s.
///
/// ```
/// use caldav::testing::{Profile, Quirk};
///
/// let odd = Profile::full().with(Quirk::WeakEtags).with(Quirk::NoSyncTokens);
/// assert!(odd.has(Quirk::WeakEtags) && !odd.has(Quirk::NoCtag));
/// ```
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) layout: Layout,
    quirks: Vec<Quirk>,
    pub(super) auth: Auth,
    pub(super) components: Vec<String>,
    /// How many changes one answer to sync-collection holds.
    pub(super) page: Option<usize>,
    /// The status that refuses a token.
    pub(super) token_refusal: u16,
    /// The status that refuses a UID that is taken.
    pub(super) uid_conflict: u16,
    /// The status that refuses the UID of a deleted item.
    pub(super) trash_refusal: Option<u16>,
}

/// Whose URLs a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// `/dav/principals/alice/`, `/dav/calendars/alice/`, `/dav/addressbooks/alice/`.
    Plain,
    /// Principal and both homes are `/alice/`.
    Radicale,
    /// `/SOGo/dav/alice/`, with `Calendar/` and `Contacts/` below.
    Sogo,
    /// `/dav/principals/user/alice/`, `/dav/calendars/user/alice/`,
    /// `/dav/addressbooks/user/alice/`.
    Cyrus,
}

/// How clients prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// RFC 7617.
    Basic,
    /// RFC 7616 with SHA-256, and MD5 for older clients.
    Digest,
    /// RFC 6750; the token is [`Builder::token`](super::Builder::token).
    Bearer,
}

/// Something that a server was seen to do and that no client expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// Content is stored with its lines and parameters in another order and without quotes, and
    /// its strong ETag is returned all the same (Radicale).
    Rewrites,
    /// Content is stored with properties of the server's own (Google).
    AddsProperties,
    /// A PUT is answered without an ETag, as RFC 4791 section 5.3.4 asks of who alters content.
    NoEtagAfterPut,
    /// All ETags are weak.
    WeakEtags,
    /// There are no ETags.
    NoEtags,
    /// ETags hold characters beyond ASCII.
    OddEtags,
    /// ETags count the versions of an item from 0 and are equal for different items (SOGo).
    CountingEtags,
    /// The first listing after a write tells the ETag before it (Open-Xchange).
    StaleEtags,
    /// `If-None-Match: *` does not protect what is there (SOGo, Google).
    IgnoresIfNoneMatch,
    /// `If-Match` protects nothing from a DELETE or MOVE (SOGo, Radicale's MOVE).
    IgnoresIfMatch,
    /// `If-Match` of a PUT to what is not there is not minded: it is created (SOGo's contacts).
    CreatesDespiteIfMatch,
    /// A MOVE gives a contact a name and a UID of the server's own (SOGo).
    RenamesWhatIsMoved,
    /// `Overwrite: F` protects nothing from a MOVE (SOGo).
    IgnoresOverwrite,
    /// The connection is closed after every response, without a word (SOGo).
    ClosesSilently,
    /// There is no sync-collection report and no sync-token.
    NoSyncTokens,
    /// A sync-token is the second of the last change; unknown ones are taken for a time (SOGo).
    NumericTokens,
    /// An empty sync-token is refused (Cyrus).
    RefusesEmptyToken,
    /// There is no `getctag`.
    NoCtag,
    /// A log of changes that forgets what is written through the store while this holds
    /// (Nextcloud); listings are right.
    ForgetsChanges,
    /// `/.well-known/` answers every method with 200 and a page to log in at.
    WellKnownIsHtml,
    /// `/.well-known/` is not there.
    NoWellKnown,
    /// Principal and homes are named with another host (iCloud).
    HomesElsewhere,
    /// MOVE is not there.
    NoMove,
    /// Collections cannot be created.
    NoMkcol,
    /// No `current-user-privilege-set`.
    NoPrivileges,
    /// A PUT of an event mails its attendees (RFC 6638), and the homes have an inbox and an outbox.
    Schedules,
    /// Multigets leave out the last item they were asked for.
    MultigetForgetsOne,
    /// A listing holds no more than an answer to sync-collection does, and says so with 507.
    TruncatesListings,
    /// A listing or query also names the collection itself (mail.ru).
    ListsItself,
    /// A listing names every item twice.
    ListsTwice,
    /// Hrefs are whole URLs.
    AbsoluteHrefs,
    /// Hrefs are escaped more than they need be, in lower case.
    EscapedHrefs,
    /// Content types do not say what component a calendar object is.
    BareContentTypes,
    /// XML without a prefix for `DAV:` (Radicale).
    DefaultNamespace,
    /// Control characters in properties and contents are sent as they are.
    ControlCharacters,
}

impl Profile {
    fn base(layout: Layout, quirks: &[Quirk]) -> Self {
        Self {
            layout,
            quirks: quirks.to_vec(),
            auth: Auth::Basic,
            components: ["VEVENT", "VTODO", "VJOURNAL"].map(str::to_owned).to_vec(),
            page: None,
            token_refusal: 403,
            uid_conflict: 403,
            trash_refusal: None,
        }
    }

    /// All that the server can do, by the book: the default.
    #[must_use]
    pub fn full() -> Self {
        Self::base(Layout::Plain, &[])
    }

    /// Like Radicale 3: rewrites what it is given.
    #[must_use]
    pub fn radicale_like() -> Self {
        let quirks = [Quirk::Rewrites, Quirk::DefaultNamespace];
        Self {
            uid_conflict: 409,
            ..Self::base(Layout::Radicale, &quirks)
        }
    }

    /// Like SOGo 5: sync-tokens are seconds, ETags count, `If-None-Match` means nothing, every
    /// response closes the connection, no redirect at `/.well-known/`.
    #[must_use]
    pub fn sogo_like() -> Self {
        Self {
            components: ["VEVENT", "VTODO"].map(str::to_owned).to_vec(),
            ..Self::base(
                Layout::Sogo,
                &[
                    Quirk::CountingEtags,
                    Quirk::NumericTokens,
                    Quirk::IgnoresIfNoneMatch,
                    Quirk::IgnoresIfMatch,
                    Quirk::IgnoresOverwrite,
                    Quirk::CreatesDespiteIfMatch,
                    Quirk::RenamesWhatIsMoved,
                    Quirk::ClosesSilently,
                    Quirk::WellKnownIsHtml,
                    Quirk::BareContentTypes,
                    Quirk::Schedules,
                ],
            )
        }
    }

    /// Like Cyrus 3: refuses an empty sync-token and mails attendees.
    #[must_use]
    pub fn cyrus_like() -> Self {
        let quirks = [Quirk::RefusesEmptyToken, Quirk::Schedules];
        Self::base(Layout::Cyrus, &quirks)
    }

    /// Like Google: events only, no `If-None-Match`, no MOVE, no new collections, no privileges,
    /// bearer tokens, properties of its own in every event.
    #[must_use]
    pub fn google_like() -> Self {
        Self {
            auth: Auth::Bearer,
            components: vec!["VEVENT".to_owned()],
            ..Self::base(
                Layout::Plain,
                &[
                    Quirk::AddsProperties,
                    Quirk::NoEtagAfterPut,
                    Quirk::IgnoresIfNoneMatch,
                    Quirk::NoMove,
                    Quirk::NoMkcol,
                    Quirk::NoPrivileges,
                ],
            )
        }
    }

    /// A server that knows ETags only.
    #[must_use]
    pub fn bare() -> Self {
        Self::base(
            Layout::Plain,
            &[
                Quirk::NoSyncTokens,
                Quirk::NoCtag,
                Quirk::NoMove,
                Quirk::NoPrivileges,
                Quirk::BareContentTypes,
            ],
        )
    }

    /// With this quirk.
    #[must_use]
    pub fn with(mut self, quirk: Quirk) -> Self {
        if !self.has(quirk) {
            self.quirks.push(quirk);
        }
        self
    }

    /// Without this quirk.
    #[must_use]
    pub fn without(mut self, quirk: Quirk) -> Self {
        self.quirks.retain(|q| *q != quirk);
        self
    }

    /// Whether it has this quirk.
    #[must_use]
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Asks clients to prove who they are so.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// New calendars hold these components unless MKCALENDAR says otherwise.
    #[must_use]
    pub fn components(mut self, components: &[&str]) -> Self {
        self.components = components.iter().map(|c| (*c).to_owned()).collect();
        self
    }

    /// Answers to sync-collection hold at most so many changes; 507 says that there are more
    /// (RFC 6578 section 3.6).
    #[must_use]
    pub fn page(mut self, changes: usize) -> Self {
        self.page = Some(changes.max(1));
        self
    }

    /// Refuses sync-tokens with this status; only 403 comes with `valid-sync-token`.
    #[must_use]
    pub fn token_refusal(mut self, status: u16) -> Self {
        self.token_refusal = status;
        self
    }

    /// Refuses a UID that another item has with this status, and `no-uid-conflict`.
    #[must_use]
    pub fn uid_conflict(mut self, status: u16) -> Self {
        self.uid_conflict = status;
        self
    }

    /// Refuses to store what was deleted under the name that it had, with this status and no
    /// reason (Nextcloud's trash bin).
    #[must_use]
    pub fn trash_refusal(mut self, status: u16) -> Self {
        self.trash_refusal = Some(status);
        self
    }

    /// The value of the `DAV` header.
    pub(super) fn dav(&self) -> String {
        let mut classes = vec!["1", "3", "access-control", "calendar-access", "addressbook"];
        if !self.has(Quirk::NoMkcol) {
            classes.push("extended-mkcol");
        }
        if self.has(Quirk::Schedules) {
            classes.extend(["calendar-schedule", "calendar-auto-schedule"]);
        }
        classes.join(", ")
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::full()
    }
}
