//! Where passwords and tokens come from.

use std::path::PathBuf;
use std::process::Stdio;

use sync_core::error::{Error, ErrorKind, Result};
use sync_core::net::Secret;
use tokio::process::Command;

use super::parse::Section;
use super::url::Url;

/// Longest password file that is read, in bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// Where one secret comes from; asked anew at every connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// It stands in the config.
    Inline(Secret),
    /// An environment variable holds it.
    Env(String),
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a shell command prints.
    Command {
        /// What `sh -c` runs.
        command: String,
        /// Where it runs: the config's directory.
        directory: PathBuf,
    },
    /// The desktop's keyring holds it.
    Keyring {
        /// The server.
        host: String,
        /// The account there.
        user: String,
    },
}

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// By a password.
    Password(SecretSource),
    /// By an access token that a command prints.
    Token(SecretSource),
    /// By an access token that the token endpoint gives for a refresh token (RFC 6749 section 6).
    Refresh(Refresh),
}

/// What the token endpoint wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refresh {
    pub(crate) token_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretSource>,
    pub(crate) refresh_token: SecretSource,
    pub(crate) scope: Option<String>,
    /// Trust this CA only.
    pub(crate) tls_ca: Option<PathBuf>,
}

/// The keys of one secret: the bare one, and how else it can be had.
struct Keys {
    inline: &'static str,
    env: &'static str,
    file: &'static str,
    command: &'static str,
}

const PASSWORD: Keys = Keys {
    inline: "password",
    env: "password_env",
    file: "password_file",
    command: "password_command",
};
const CLIENT_SECRET: Keys = Keys {
    inline: "client_secret",
    env: "client_secret_env",
    file: "client_secret_file",
    command: "client_secret_command",
};
const REFRESH_TOKEN: Keys = Keys {
    inline: "refresh_token",
    env: "refresh_token_env",
    file: "refresh_token_file",
    command: "refresh_token_command",
};

/// Every way to log in that a source has.
pub(crate) const LOGIN_KEYS: &str =
    "password, password_env, password_file, password_command, keyring = true or [oauth2]";

impl Login {
    /// Reads the one way to log in that a `[source.NAME]` gives; `None` if there is none or a
    /// mistake was noted.
    pub(crate) fn read(
        section: &Section<'_>,
        host: &str,
        user: &str,
        ca: Option<&PathBuf>,
    ) -> Option<Self> {
        let mut given: Vec<(&'static str, Self)> = secrets(section, &PASSWORD)
            .into_iter()
            .map(|(key, source)| (key, Self::Password(source)))
            .collect();
        if section.boolean("keyring").is_some_and(|on| on.value) {
            let source = SecretSource::Keyring {
                host: host.to_owned(),
                user: user.to_owned(),
            };
            given.push(("keyring", Self::Password(source)));
        }
        if let Some(oauth) = section.section("oauth2") {
            let span = oauth.span().clone();
            match read_oauth(oauth, ca) {
                Some(login) => given.push(("oauth2", login)),
                // Its own mistakes were noted.
                None if given.is_empty() => return None,
                None => section
                    .doc()
                    .problem(&span, "[oauth2] and a password exclude each other"),
            }
        }
        only(section, given, "ways to log in")
    }

    /// Whether any way to log in is named, be it well or badly.
    pub(crate) fn is_given(section: &Section<'_>) -> bool {
        [
            "keyring",
            "oauth2",
            PASSWORD.inline,
            PASSWORD.env,
            PASSWORD.file,
            PASSWORD.command,
        ]
        .iter()
        .any(|key| section.key_span(key).is_some())
    }
}

fn read_oauth(section: Section<'_>, ca: Option<&PathBuf>) -> Option<Login> {
    let token_command = section.string("token_command");
    let token_url = section.string("token_url");
    let client_id = section.string("client_id");
    let client_secrets = secrets(&section, &CLIENT_SECRET);
    let refresh_tokens = secrets(&section, &REFRESH_TOKEN);
    let scope = section.string("scope").map(|field| field.value);
    let tls_ca = section.path("tls_ca").map(|field| field.value);

    let doc = section.doc();
    let directory = doc.directory();
    let login = if let Some(command) = token_command {
        let other = [
            "token_url",
            "client_id",
            "refresh_token",
            "refresh_token_command",
        ];
        if let Some(span) = other.iter().find_map(|key| section.key_span(key)) {
            let message =
                "`token_command` gives the access token by itself: this key has no use beside it";
            doc.problem(&span, message);
        }
        Some(Login::Token(SecretSource::Command {
            command: command.value,
            directory,
        }))
    } else {
        let client_secret = only(&section, client_secrets, "client secrets");
        let had_refresh = !refresh_tokens.is_empty();
        let refresh_token = only(&section, refresh_tokens, "refresh tokens");
        let mut missing = Vec::new();
        for (key, there) in [
            ("token_url", section.key_span("token_url").is_some()),
            ("client_id", section.key_span("client_id").is_some()),
            ("refresh_token or refresh_token_command", had_refresh),
        ] {
            if !there {
                missing.push(key);
            }
        }
        if !missing.is_empty() {
            let message = format!("{} lacks {}", section.name(), missing.join(", "));
            let help = vec!["or `token_command`, a program that prints an access token".to_owned()];
            doc.problem_help(section.span(), message, help);
        }
        if let Some(url) = &token_url
            && !Url::parse(&url.value).is_ok_and(|parsed| parsed.scheme == "https")
        {
            doc.problem(&url.span, "`token_url` must be an https:// url");
        }
        match (token_url, client_id, refresh_token) {
            (Some(token_url), Some(client_id), Some(refresh_token)) => {
                Some(Login::Refresh(Refresh {
                    token_url: token_url.value,
                    client_id: client_id.value,
                    client_secret,
                    refresh_token,
                    scope,
                    tls_ca: tls_ca.or_else(|| ca.cloned()),
                }))
            }
            _ => None,
        }
    };
    section.finish();
    login
}

fn secrets(section: &Section<'_>, keys: &Keys) -> Vec<(&'static str, SecretSource)> {
    let inline = section
        .string(keys.inline)
        .map(|field| (keys.inline, SecretSource::Inline(Secret::from(field.value))));
    let env = section
        .string(keys.env)
        .map(|field| (keys.env, SecretSource::Env(field.value)));
    let file = section
        .path(keys.file)
        .map(|field| (keys.file, SecretSource::File(field.value)));
    let command = section.string(keys.command).map(|field| {
        let source = SecretSource::Command {
            command: field.value,
            directory: section.doc().directory(),
        };
        (keys.command, source)
    });
    [inline, env, file, command].into_iter().flatten().collect()
}

/// The only element; more than one is a mistake.
fn only<T>(section: &Section<'_>, given: Vec<(&'static str, T)>, what: &str) -> Option<T> {
    let names: Vec<_> = given.iter().map(|(key, _)| format!("`{key}`")).collect();
    let last = given
        .iter()
        .filter_map(|(key, _)| section.key_span(key))
        .max_by_key(|span| span.start);
    if let (true, Some(span)) = (given.len() > 1, last) {
        let message = format!(
            "{} has {} {what}: {}",
            section.name(),
            given.len(),
            names.join(", ")
        );
        section
            .doc()
            .problem_help(&span, message, vec!["keep one of them".to_owned()]);
        return None;
    }
    given.into_iter().next().map(|(_, value)| value)
}

impl SecretSource {
    /// The secret as it stands now.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it cannot be had; the text does not hold what was read.
    pub(crate) async fn read(&self) -> Result<Secret> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::Env(name) => match std::env::var_os(name) {
                Some(value) if !value.is_empty() => Ok(Secret::from(
                    std::os::unix::ffi::OsStringExt::into_vec(value),
                )),
                Some(_) => Err(config(format!("the environment variable {name} is empty"))),
                None => Err(config(format!(
                    "the environment variable {name} is not set"
                ))),
            },
            Self::File(path) => read_file(path).await,
            Self::Command { command, directory } => {
                let mut program = Command::new("sh");
                program.arg("-c").arg(command).current_dir(directory);
                run(program, &format!("`{command}`")).await
            }
            Self::Keyring { host, user } => from_keyring(host, user).await,
        }
    }
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

async fn read_file(path: &PathBuf) -> Result<Secret> {
    use tokio::io::AsyncReadExt as _;

    let failed = |error: std::io::Error| {
        config(format!(
            "cannot read the password file {}: {error}",
            path.display()
        ))
        .caused_by(error)
    };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut content = Vec::new();
    file.take(FILE_LIMIT)
        .read_to_end(&mut content)
        .await
        .map_err(failed)?;
    first_line(&Secret::from(content))
        .ok_or_else(|| config(format!("the first line of {} is empty", path.display())))
}

/// The desktop's keyring by its own program: `secret-tool` (libsecret), on macOS `security`.
async fn from_keyring(host: &str, user: &str) -> Result<Secret> {
    let (mut program, name) = if cfg!(target_os = "macos") {
        let mut program = Command::new("security");
        program.args(["find-internet-password", "-s", host, "-a", user, "-w"]);
        (program, "security")
    } else {
        let mut program = Command::new("secret-tool");
        program.args(["lookup", "service", "bridge", "host", host, "user", user]);
        (program, "secret-tool")
    };
    program.kill_on_drop(true);
    run(program, &format!("the keyring ({name})"))
        .await
        .map_err(|error| {
            let how = if cfg!(target_os = "macos") {
                format!("security add-internet-password -s {host} -a {user} -w")
            } else {
                format!("secret-tool store --label=bridge service bridge host {host} user {user}")
            };
            let what = error.message();
            config(format!("{what}; store the password with `{how}`"))
        })
}

/// The first line that the program prints; its standard input and error stay ours, so that it can
/// ask for a passphrase.
async fn run(mut program: Command, name: &str) -> Result<Secret> {
    let output = program
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| config(format!("{name} could not be run: {error}")).caused_by(error))?;
    let printed = Secret::from(output.stdout);
    if !output.status.success() {
        return Err(config(format!("{name} failed ({})", output.status)));
    }
    first_line(&printed).ok_or_else(|| config(format!("{name} printed nothing")))
}

fn first_line(content: &Secret) -> Option<Secret> {
    let line = content.expose().split(|byte| *byte == b'\n').next()?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (!line.is_empty()).then(|| Secret::from(line.to_vec()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn command(command: &str) -> SecretSource {
        SecretSource::Command {
            command: command.to_owned(),
            directory: PathBuf::from("/"),
        }
    }

    #[tokio::test]
    async fn a_command_gives_its_first_line_and_runs_beside_the_config() {
        let secret = command("printf 'pa ss\\r\\nlogin: alice\\n'")
            .read()
            .await
            .unwrap();
        assert_eq!(secret.expose(), b"pa ss");
        assert_eq!(command("pwd").read().await.unwrap().expose(), b"/");
    }

    #[tokio::test]
    async fn what_fails_is_a_config_error_without_the_secret() {
        for (source, text) in [
            (
                command("echo s3cret; exit 4"),
                "`echo s3cret; exit 4` failed (exit status: 4)",
            ),
            (command("true"), "`true` printed nothing"),
            (
                SecretSource::Env("BRIDGE_NO_SUCH_VARIABLE".into()),
                "the environment variable BRIDGE_NO_SUCH_VARIABLE is not set",
            ),
            (
                SecretSource::File("/nonexistent".into()),
                "cannot read the password file /nonexistent: No such file or directory (os error 2)",
            ),
        ] {
            let error = source.read().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert_eq!(error.message(), text);
        }
    }

    #[tokio::test]
    async fn a_file_gives_its_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pw");
        std::fs::write(&path, "hunter2\nmore\n").unwrap();
        let secret = SecretSource::File(path).read().await.unwrap();
        assert_eq!(secret.expose(), b"hunter2");
    }
}
