//! `[source.NAME]`: an account or a directory.

use std::fmt;
use std::path::PathBuf;

use sync_core::reconcile::Leave;

use super::parse::{Field, Scalar, Section, Span, quoted};
use super::secret::{LOGIN_KEYS, Login};
use super::units;
use super::url::{Url, UrlError};

/// One `[source.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SourceConfig {
    /// NAME.
    pub(crate) name: String,
    /// Where `type` stands.
    pub(crate) span: Span,
    /// What the type takes.
    pub(crate) settings: Settings,
}

/// The word that `type` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceType {
    Imap,
    Pop3,
    Eas,
    Deltasync,
    Caldav,
    Carddav,
    Maildir,
    Vdir,
    Mbox,
}

impl SourceType {
    /// Every type there is, whether it is in this build or not.
    pub(crate) const ALL: [(&'static str, Self); 9] = [
        ("imap", Self::Imap),
        ("pop3", Self::Pop3),
        ("eas", Self::Eas),
        ("deltasync", Self::Deltasync),
        ("caldav", Self::Caldav),
        ("carddav", Self::Carddav),
        ("maildir", Self::Maildir),
        ("vdir", Self::Vdir),
        ("mbox", Self::Mbox),
    ];
}

impl fmt::Display for SourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(_, kind)| kind == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

/// The settings of a source, by its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Settings {
    Imap(MailServer),
    Pop3 {
        server: MailServer,
        /// How long a message stays there once it was fetched.
        leave: Leave,
    },
    Eas(WebServer),
    Deltasync(WebServer),
    Caldav(WebServer),
    Carddav(WebServer),
    Maildir {
        path: PathBuf,
        /// What is there decides without it.
        layout: Option<MaildirLayout>,
    },
    Vdir {
        path: PathBuf,
    },
    Mbox {
        path: PathBuf,
    },
}

impl Settings {
    /// The `type` they belong to.
    pub(crate) fn kind(&self) -> SourceType {
        match self {
            Self::Imap(_) => SourceType::Imap,
            Self::Pop3 { .. } => SourceType::Pop3,
            Self::Eas(_) => SourceType::Eas,
            Self::Deltasync(_) => SourceType::Deltasync,
            Self::Caldav(_) => SourceType::Caldav,
            Self::Carddav(_) => SourceType::Carddav,
            Self::Maildir { .. } => SourceType::Maildir,
            Self::Vdir { .. } => SourceType::Vdir,
            Self::Mbox { .. } => SourceType::Mbox,
        }
    }

    /// What people see of the account: no secret is in it.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Imap(server) | Self::Pop3 { server, .. } => {
                format!("{} at {}", server.user, server.host)
            }
            Self::Eas(web) | Self::Deltasync(web) | Self::Caldav(web) | Self::Carddav(web) => web
                .url
                .as_ref()
                .map(Url::without_user)
                .or_else(|| web.address.clone())
                .unwrap_or_default(),
            Self::Maildir { path, .. } | Self::Vdir { path } | Self::Mbox { path } => {
                path.display().to_string()
            }
        }
    }
}

/// A server that speaks IMAP or POP3.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MailServer {
    pub(crate) host: String,
    /// Without it the protocol's own.
    pub(crate) port: Option<u16>,
    /// TLS from the start, not by STARTTLS or STLS.
    pub(crate) implicit_tls: bool,
    pub(crate) user: String,
    pub(crate) login: Login,
    pub(crate) tls_ca: Option<PathBuf>,
    /// Log in without TLS where the server offers none.
    pub(crate) allow_plaintext: bool,
}

/// A server that speaks HTTP.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WebServer {
    /// A server, a home or one collection.
    pub(crate) url: Option<Url>,
    /// To discover the url from.
    pub(crate) address: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) login: Option<Login>,
    pub(crate) tls_ca: Option<PathBuf>,
}

/// How a Maildir holds its folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaildirLayout {
    /// `.Archive.2024` beside INBOX's own `cur`, `new` and `tmp`.
    Maildirpp,
    /// `Archive/2024`.
    Fs,
}

impl SourceConfig {
    /// How long an item stays there once the other side has it.
    pub(crate) fn leave(&self) -> Leave {
        match self.settings {
            Settings::Pop3 { leave, .. } => leave,
            _ => Leave::Always,
        }
    }

    /// Reads one `[source.NAME]`; `None` if a mistake was noted.
    pub(crate) fn read(name: String, section: Section<'_>, ca: Option<&PathBuf>) -> Option<Self> {
        let own_ca = section.path("tls_ca").map(|field| field.value);
        let ca = own_ca.as_ref().or(ca);
        let span = section.key_span("type");
        let kind = section.choice("type", &SourceType::ALL);
        if span.is_none() {
            let words: Vec<_> = SourceType::ALL.iter().map(|(word, _)| *word).collect();
            let help = vec![format!("allowed: {}", quoted(&words))];
            let message = format!("{} lacks `type`", section.name());
            section.doc().problem_help(section.span(), message, help);
        }
        let settings = match kind? {
            SourceType::Imap => {
                read_mail(&section, "imap", "imaps", "STARTTLS", ca).map(Settings::Imap)
            }
            SourceType::Pop3 => {
                let leave = read_leave(&section);
                read_mail(&section, "pop3", "pop3s", "STLS", ca)
                    .map(|server| Settings::Pop3 { server, leave })
            }
            SourceType::Eas => read_web(&section, ca, true).map(Settings::Eas),
            SourceType::Deltasync => read_web(&section, ca, true).map(Settings::Deltasync),
            SourceType::Caldav => read_web(&section, ca, false).map(Settings::Caldav),
            SourceType::Carddav => read_web(&section, ca, false).map(Settings::Carddav),
            SourceType::Maildir => {
                let layout = section.choice(
                    "layout",
                    &[
                        ("maildir++", MaildirLayout::Maildirpp),
                        ("fs", MaildirLayout::Fs),
                    ],
                );
                read_path(&section).map(|path| Settings::Maildir { path, layout })
            }
            SourceType::Vdir => read_path(&section).map(|path| Settings::Vdir { path }),
            SourceType::Mbox => read_path(&section).map(|path| Settings::Mbox { path }),
        };
        section.finish();
        Some(Self {
            name,
            span: span?,
            settings: settings?,
        })
    }
}

fn lacks(section: &Section<'_>, what: &str, help: &str) {
    let message = format!("{} lacks {what}", section.name());
    section
        .doc()
        .problem_help(section.span(), message, vec![help.to_owned()]);
}

fn read_path(section: &Section<'_>) -> Option<PathBuf> {
    let path = section.path("path").map(|field| field.value);
    if section.key_span("path").is_none() {
        lacks(section, "`path`", "the directory, relative to this file");
    }
    path
}

fn read_url(section: &Section<'_>, schemes: &[&str]) -> Option<Field<Url>> {
    let field = section.string("url")?;
    let allowed = schemes.join("://, ");
    match Url::parse(&field.value) {
        Ok(url) if schemes.contains(&url.scheme.as_str()) => Some(Field {
            value: url,
            span: field.span,
        }),
        Ok(url) => {
            let help = vec![format!("allowed: {allowed}://")];
            let message = format!("`url` cannot begin with {}://", url.scheme);
            section.doc().problem_help(&field.span, message, help);
            None
        }
        Err(why) => {
            let help = match why {
                UrlError::Password => format!("use one of {LOGIN_KEYS}"),
                UrlError::NoScheme => format!("allowed: {allowed}://"),
                _ => "encode other characters as %XX".to_owned(),
            };
            section
                .doc()
                .problem_help(&field.span, why.to_string(), vec![help]);
            None
        }
    }
}

/// The user in the url or in `user`; both must agree.
fn read_user(section: &Section<'_>, url: Option<&Url>) -> Option<String> {
    let field = section.string("user");
    let in_url = url.and_then(|url| url.user.clone());
    if let (Some(field), Some(in_url)) = (&field, &in_url)
        && field.value != *in_url
    {
        let message = format!("`user` is \"{}\", the url says \"{in_url}\"", field.value);
        section
            .doc()
            .problem_help(&field.span, message, vec!["keep one of them".to_owned()]);
    }
    field.map(|field| field.value).or(in_url)
}

fn read_mail(
    section: &Section<'_>,
    plain: &str,
    implicit: &str,
    upgrade: &str,
    ca: Option<&PathBuf>,
) -> Option<MailServer> {
    let url = read_url(section, &[implicit, plain]);
    let allow_plaintext = section.boolean("allow_plaintext");
    if section.key_span("url").is_none() {
        let example = format!(
            "url = \"{implicit}://alice@mail.example.org\" ({plain}:// upgrades by {upgrade})"
        );
        lacks(section, "`url`", &example);
    }
    let user = read_user(section, url.as_ref().map(|url| &url.value));
    let host = url.as_ref().map_or("", |url| url.value.host.as_str());
    let login = Login::read(section, host, user.as_deref().unwrap_or_default(), ca);
    if !Login::is_given(section) {
        lacks(section, "a way to log in", &format!("one of {LOGIN_KEYS}"));
    }
    let Field { value: url, span } = url?;
    if !matches!(url.path.as_str(), "" | "/") {
        let help = vec!["the folders are chosen by `collections` in [sync.NAME]".to_owned()];
        let message = format!("an {plain} url ends with the host");
        section.doc().problem_help(&span, message, help);
    }
    if user.is_none() && section.key_span("user").is_none() {
        let help = format!(
            "url = \"{}://USER@{}\" or user = \"...\"",
            url.scheme, url.host
        );
        lacks(section, "a user", &help);
    }
    let implicit_tls = url.scheme == implicit;
    if let Some(Field { value: true, span }) = &allow_plaintext
        && implicit_tls
    {
        let message =
            format!("`allow_plaintext` has no use with {implicit}://, which is TLS from the start");
        section.doc().problem(span, message);
    }
    Some(MailServer {
        host: url.host,
        port: url.port,
        implicit_tls,
        user: user?,
        login: login?,
        tls_ca: ca.cloned(),
        allow_plaintext: allow_plaintext.is_some_and(|field| field.value),
    })
}

fn read_web(section: &Section<'_>, ca: Option<&PathBuf>, login_needed: bool) -> Option<WebServer> {
    let url = read_url(section, &["https", "http"]);
    let address = section.string("address");
    let allow_plaintext = section
        .boolean("allow_plaintext")
        .is_some_and(|field| field.value);
    if let Some(url) = &url
        && url.value.scheme == "http"
        && !allow_plaintext
    {
        let help = vec!["use https://, or allow it by `allow_plaintext = true`".to_owned()];
        let message = "http:// would send the password in plain text";
        section.doc().problem_help(&url.span, message, help);
    }
    if section.key_span("url").is_none() && section.key_span("address").is_none() {
        let help = "url = \"https://dav.example.org/\" or address = \"alice@example.org\"";
        lacks(section, "`url` or `address`", help);
    }
    if let Some(address) = &address
        && !is_address(&address.value)
    {
        let message = "`address` must be a mail address like alice@example.org";
        section.doc().problem(&address.span, message);
    }
    let domain = address
        .as_ref()
        .and_then(|field| field.value.rsplit_once('@'))
        .map(|(_, domain)| domain);
    let user = read_user(section, url.as_ref().map(|url| &url.value))
        .or_else(|| address.as_ref().map(|field| field.value.clone()));
    let host = url.as_ref().map(|url| url.value.host.as_str()).or(domain);
    let given = Login::is_given(section);
    let login = Login::read(
        section,
        host.unwrap_or_default(),
        user.as_deref().unwrap_or_default(),
        ca,
    );
    if login_needed && !given {
        lacks(section, "a way to log in", &format!("one of {LOGIN_KEYS}"));
    }
    if given
        && user.is_none()
        && section.key_span("user").is_none()
        && section.key_span("url").is_some()
    {
        lacks(
            section,
            "a user",
            "url = \"https://USER@HOST/\" or user = \"...\"",
        );
    }
    let url_failed = section.key_span("url").is_some() && url.is_none();
    let login_failed = given && login.is_none();
    if url_failed || login_failed {
        return None;
    }
    Some(WebServer {
        url: url.map(|field| field.value),
        address: address.map(|field| field.value),
        user,
        login,
        tls_ca: ca.cloned(),
    })
}

fn is_address(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !text.contains(char::is_whitespace)
}

fn read_leave(section: &Section<'_>) -> Leave {
    const WANTED: &str = "true, false or a span of time like \"14d\"";
    let Some(field) = section.scalar("leave_on_server", WANTED) else {
        return Leave::Always;
    };
    match &field.value {
        Scalar::Boolean(true) => return Leave::Always,
        Scalar::Boolean(false) => return Leave::Never,
        Scalar::Text(text) => {
            if let Some(time) = units::duration(text) {
                return Leave::For(time);
            }
        }
        Scalar::Count(_) => {}
    }
    section.not_wanted("leave_on_server", &field, WANTED);
    Leave::Always
}
