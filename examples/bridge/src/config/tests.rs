#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::time::Duration;

use sync_core::reconcile::{ConflictRule, Deletes, Direction, Leave, MaxDeletes};

use super::*;

mod pop3;

const BUILT: [SourceType; 2] = [SourceType::Imap, SourceType::Maildir];

fn all() -> Vec<SourceType> {
    SourceType::ALL.iter().map(|(_, kind)| *kind).collect()
}

fn parse(text: &str) -> Config {
    Config::parse(Path::new("conf/bridge.toml"), text.to_owned(), &all())
        .unwrap_or_else(|e| panic!("{e}"))
}

/// What a person sees of a wrong config.
fn complaint(text: &str) -> String {
    match Config::parse(Path::new("bridge.toml"), text.to_owned(), &BUILT) {
        Ok(config) => panic!("no error: {config:?}"),
        Err(errors) => errors.to_string(),
    }
}

fn mail(server: &SourceConfig) -> &MailServer {
    match &server.settings {
        Settings::Imap(server) | Settings::Pop3 { server, .. } => server,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_template_is_a_config() {
    let config = Config::parse(Path::new("bridge.toml"), TEMPLATE.to_owned(), &BUILT).unwrap();
    assert_eq!(config.state, Path::new("state.db"));
    assert_eq!(config.sources.len(), 2);
    assert_eq!(config.syncs.len(), 1);
}

#[test]
fn the_settings_commented_out_in_the_template_are_settings() {
    // `# key = value` lines become settings; alternatives of the password do not.
    let text: String = TEMPLATE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split(' ').nth(1) == Some("=") => rest,
            _ => line,
        })
        .fold(String::new(), |all, line| all + line + "\n");
    let config = Config::parse(Path::new("bridge.toml"), text, &BUILT).unwrap();
    let sync = &config.syncs[0];
    assert_eq!(sync.collections.len(), 3);
    assert_eq!(sync.history.size, Some(500_000_000));
    assert_eq!(sync.max_deletes, MaxDeletes::Percent(25));
    assert_eq!(
        mail(&config.sources[0]).tls_ca.as_deref(),
        Some(Path::new("ca.pem"))
    );
}

#[test]
fn the_config_of_the_design_means_what_it_says() {
    let config = parse(
        r#"
state = "state.db"

[source.work]
type = "imap"
url = "imaps://alice@mail.example.org"
password_command = "pass show mail/alice"
tls_ca = "ca.pem"

[source.archive]
type = "maildir"
path = "Mail"

[sync.mail]
left = "work"
right = "archive"
direction = "both"
collections = ["INBOX", "Archive/**", "!Archive/Old"]
map = { "Sent" = "Sent Items" }
conflict = "newest"
deletes = "propagate"
max_deletes = "25%"
"#,
    );
    assert_eq!(config.state, Path::new("conf/state.db"));
    let work = mail(config.source("work").unwrap());
    assert!(work.implicit_tls && !work.allow_plaintext);
    assert_eq!((work.host.as_str(), work.port), ("mail.example.org", None));
    assert_eq!(work.user, "alice");
    assert_eq!(work.tls_ca.as_deref(), Some(Path::new("conf/ca.pem")));
    let command = SecretSource::Command {
        command: "pass show mail/alice".into(),
        directory: "conf".into(),
    };
    assert_eq!(work.login, Login::Password(command));
    let archive = Settings::Maildir {
        path: "conf/Mail".into(),
        layout: None,
    };
    assert_eq!(config.source("archive").unwrap().settings, archive);
    let sync = &config.syncs[0];
    assert_eq!(
        (sync.left.value.as_str(), sync.right.value.as_str()),
        ("work", "archive")
    );
    assert_eq!(sync.direction, Direction::Both);
    assert_eq!(sync.map["Sent"], "Sent Items");
    assert_eq!(sync.conflict, ConflictRule::Newest);
    assert_eq!(sync.deletes, Deletes::Propagate);
    assert_eq!(sync.max_deletes, MaxDeletes::Percent(25));
}

#[test]
fn every_type_and_setting_is_read() {
    let config = parse(
        r#"
history_keep = "30d"
tls_ca = "/etc/ca.pem"
[source.a]
type = "pop3"
url = "pop3://mail.example.org:1110"
user = "alice@example.org"
password = "x"
allow_plaintext = true
leave_on_server = "14d"
[source.b]
type = "eas"
address = "alice@example.org"
keyring = true
[source.c]
type = "deltasync"
url = "https://alice@mail.example.org/x"
password_env = "PW"
[source.d]
type = "caldav"
url = "http://127.0.0.1:5232/alice/"
allow_plaintext = true
[source.e]
type = "carddav"
address = "alice@example.org"
[source.e.oauth2]
token_url = "https://id.example.org/token"
client_id = "me"
client_secret = "s"
refresh_token_command = "cat token"
scope = "mail"
tls_ca = "ca.pem"
[source.f]
type = "maildir"
path = "/var/mail/alice"
layout = "maildir++"
tls_ca = "ignored.pem"
[source.g]
type = "vdir"
path = "Calendars"
[source.h]
type = "mbox"
path = "old.mbox"
[source.i]
type = "imap"
url = "imap://alice@[::1]:1143"
oauth2 = { token_command = "oama access alice" }
[sync.one]
left = "a"
right = "f"
direction = "left-to-right"
conflict = "duplicate"
deletes = "trash"
max_deletes = 20
history_size = "2GiB"
[sync.two]
left = "d"
right = "g"
direction = "right-to-left"
conflict = "ask"
deletes = "keep"
max_deletes = "100%"
history_keep = "52w"
"#,
    );
    let Settings::Pop3 { server, leave } = &config.sources[0].settings else {
        panic!()
    };
    assert_eq!(
        (server.port, server.user.as_str()),
        (Some(1110), "alice@example.org")
    );
    assert!(!server.implicit_tls && server.allow_plaintext);
    assert_eq!(server.tls_ca.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(*leave, Leave::For(Duration::from_secs(14 * 86_400)));
    let Settings::Eas(eas) = &config.sources[1].settings else {
        panic!()
    };
    let keyring = SecretSource::Keyring {
        host: "example.org".into(),
        user: "alice@example.org".into(),
    };
    assert_eq!(eas.login, Some(Login::Password(keyring)));
    let Settings::Caldav(caldav) = &config.sources[3].settings else {
        panic!()
    };
    assert_eq!(caldav.login, None);
    let Settings::Carddav(carddav) = &config.sources[4].settings else {
        panic!()
    };
    let Some(Login::Refresh(refresh)) = &carddav.login else {
        panic!()
    };
    assert_eq!(refresh.scope.as_deref(), Some("mail"));
    assert_eq!(refresh.tls_ca.as_deref(), Some(Path::new("conf/ca.pem")));
    assert!(matches!(mail(&config.sources[8]).login, Login::Token(_)));
    assert_eq!(config.sources[8].settings.place(), "alice at ::1");
    let (one, two) = (&config.syncs[0], &config.syncs[1]);
    assert_eq!(one.direction, Direction::LeftToRight);
    assert_eq!(
        (one.conflict, one.deletes),
        (ConflictRule::Duplicate, Deletes::Trash)
    );
    assert_eq!(one.max_deletes, MaxDeletes::Count(20));
    assert_eq!(one.history.keep, Some(Duration::from_secs(30 * 86_400)));
    assert_eq!(one.history.size, Some(2 << 30));
    assert_eq!(
        (two.conflict, two.deletes),
        (ConflictRule::Ask, Deletes::Keep)
    );
    assert_eq!(two.max_deletes, MaxDeletes::Percent(100));
    assert_eq!(two.history.keep, Some(Duration::from_secs(52 * 604_800)));
}

#[test]
fn secrets_do_not_print() {
    let config =
        parse("[source.a]\ntype = \"imap\"\nurl = \"imaps://al@h\"\npassword = \"hunter2\"\n");
    assert!(!format!("{config:?}").contains("hunter2"));
}

/// A source and a sync that are right, to put something wrong into.
fn with(source: &str, sync: &str) -> String {
    format!(
        "[source.a]\ntype = \"imap\"\nurl = \"imaps://al@h\"\n{source}\n\
         [source.b]\ntype = \"maildir\"\npath = \"b\"\n\
         [sync.s]\nleft = \"a\"\nright = \"b\"\n{sync}\n"
    )
}

#[test]
fn a_syntax_error_points_at_its_place() {
    assert_eq!(
        complaint("state = \"a\"\nx = = 1\n"),
        "bridge.toml:2:5: this is not TOML: extra `=`, expected nothing\n  |\n2 | x = = 1\n  |     ^"
    );
    let shown = complaint("[source.a]\npassword = \"hunter2\n");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.starts_with("bridge.toml:2:"), "{shown}");
    assert!(complaint("a = 1\na = 2").contains("duplicate key"));
}

#[test]
fn an_unknown_key_is_an_error_everywhere() {
    assert_eq!(
        complaint(&with("pasword = \"hunter2\"\npassword_env = \"P\"", "")),
        "bridge.toml:4:1: unknown key `pasword` in [source.a]\n  \
           |\n\
         4 | pasword = \"hunter2\"\n  \
           | ^^^^^^^\n  \
           = did you mean `password`?\n  \
           = allowed here: allow_plaintext, keyring, oauth2, password, password_command, \
         password_env, password_file, tls_ca, type, url, user"
    );
    let shown = complaint(&with("keyring = true", "colections = [\"INBOX\"]"));
    assert!(
        shown.starts_with("bridge.toml:11:1: unknown key `colections` in [sync.s]"),
        "{shown}"
    );
    assert!(shown.contains("did you mean `collections`?"), "{shown}");
    let shown = complaint(&with(
        "[source.a.oauth2]\ntoken_command = \"x\"\ntoken = 1",
        "",
    ));
    assert!(
        shown.starts_with("bridge.toml:6:1: unknown key `token` in [source.a.oauth2]"),
        "{shown}"
    );
    let shown = complaint("stat = \"x\"");
    assert!(
        shown.starts_with("bridge.toml:1:1: unknown key `stat` in the top level"),
        "{shown}"
    );
    assert!(shown.contains("did you mean `state`?"), "{shown}");
    // What another type takes is unknown here.
    let shown = complaint("[source.b]\ntype = \"maildir\"\npath = \"b\"\nurl = \"x\"");
    assert!(
        shown.starts_with("bridge.toml:4:1: unknown key `url` in [source.b]"),
        "{shown}"
    );
}

#[test]
fn all_mistakes_are_shown_in_order() {
    let shown = complaint(&with(
        "keyring = 1",
        "conflict = \"left\"\ndirection = \"up\"",
    ));
    let heads: Vec<_> = shown
        .lines()
        .filter(|l| l.starts_with("bridge.toml"))
        .collect();
    assert_eq!(
        heads,
        [
            "bridge.toml:4:11: `keyring` must be true or false, not a number",
            "bridge.toml:12:13: `direction` cannot be \"up\"",
        ]
    );
    assert!(shown.ends_with("   = allowed: \"both\", \"left-to-right\", \"right-to-left\""));
}

#[test]
fn a_password_comes_from_exactly_one_place() {
    let shown = complaint(&with("password = \"hunter2\"\npassword_env = \"P\"", ""));
    assert_eq!(
        shown,
        "bridge.toml:5:1: [source.a] has 2 ways to log in: `password`, `password_env`\n  \
           |\n\
         5 | password_env = \"P\"\n  \
           | ^^^^^^^^^^^^\n  \
           = keep one of them"
    );
    let shown = complaint(&with("password_env = \"P\"\npassword = \"hunter2\"", ""));
    assert!(
        shown.contains("5 | password = ***") && !shown.contains("hunter2"),
        "{shown}"
    );
    let shown = complaint(&with("", ""));
    assert!(
        shown.starts_with("bridge.toml:1:9: [source.a] lacks a way to log in"),
        "{shown}"
    );
    assert!(
        shown.contains("password_command, keyring = true or [oauth2]"),
        "{shown}"
    );
    // keyring = false is no way.
    assert!(
        Config::parse(
            Path::new("c"),
            with("keyring = false\npassword = \"x\"", ""),
            &BUILT
        )
        .is_ok()
    );
    let shown = complaint(&with(
        "keyring = true\noauth2 = { token_command = \"x\" }",
        "",
    ));
    assert!(
        shown.contains("[source.a] has 2 ways to log in: `keyring`, `oauth2`"),
        "{shown}"
    );
}

#[test]
fn oauth2_needs_its_keys() {
    let shown = complaint(&with("[source.a.oauth2]\nclient_id = \"x\"", ""));
    assert!(
        shown.starts_with("bridge.toml:4:11: [source.a.oauth2] lacks token_url, refresh_token or refresh_token_command"),
        "{shown}"
    );
    let shown = complaint(&with(
        "[source.a.oauth2]\nclient_id = \"x\"\ntoken_url = \"http://x\"\nrefresh_token = \"hunter2\"",
        "",
    ));
    assert!(
        shown.starts_with("bridge.toml:6:13: `token_url` must be an https:// url"),
        "{shown}"
    );
    let shown = complaint(&with(
        "[source.a.oauth2]\ntoken_command = \"x\"\nclient_id = \"x\"",
        "",
    ));
    assert!(
        shown.starts_with("bridge.toml:6:1: `token_command` gives the access token by itself"),
        "{shown}"
    );
}

#[test]
fn a_url_holds_no_password_and_the_right_scheme() {
    let text = "[source.a]\ntype = \"imap\"\nurl = \"imaps://al:hunter2@h\"\npassword_env = \"P\"";
    assert_eq!(
        complaint(text),
        "bridge.toml:3:7: a url must not hold a password\n  \
           |\n\
         3 | url = \"imaps://al:***@h\"\n  \
           |       ^^^^^^^^^^^^^^^^^^\n  \
           = use one of password, password_env, password_file, password_command, keyring = true or [oauth2]"
    );
    let text = "[source.a]\ntype = \"imap\"\nurl = \"https://al@h\"\npassword_env = \"P\"";
    let shown = complaint(text);
    assert!(
        shown.contains("`url` cannot begin with https://"),
        "{shown}"
    );
    assert!(shown.contains("allowed: imaps://, imap://"), "{shown}");
    let text = "[source.a]\ntype = \"imap\"\nurl = \"imap://h\"\npassword_env = \"P\"";
    assert!(complaint(text).contains("[source.a] lacks a user"));
    let text =
        "[source.a]\ntype = \"imap\"\nurl = \"imap://al@h\"\nuser = \"bo\"\npassword_env = \"P\"";
    assert!(complaint(text).contains("`user` is \"bo\", the url says \"al\""));
    let text = "[source.a]\ntype = \"imap\"\nurl = \"imap://al@h/INBOX\"\npassword_env = \"P\"";
    assert!(complaint(text).contains("an imap url ends with the host"));
    let text = with("password = \"x\"\nallow_plaintext = true", "");
    assert!(
        complaint(&text)
            .starts_with("bridge.toml:5:19: `allow_plaintext` has no use with imaps://")
    );
}

#[test]
fn plain_http_must_be_allowed() {
    let text = "[source.a]\ntype = \"caldav\"\nurl = \"http://127.0.0.1/\"";
    let errors = Config::parse(Path::new("c"), text.to_owned(), &all()).unwrap_err();
    assert!(
        errors
            .to_string()
            .starts_with("c:3:7: http:// would send the password in plain text")
    );
}

#[test]
fn a_type_that_is_not_built_says_so() {
    assert_eq!(
        complaint("[source.a]\ntype = \"vdir\"\npath = \"a\""),
        "bridge.toml:2:1: this build of bridge has no `vdir`\n  \
           |\n\
         2 | type = \"vdir\"\n  \
           | ^^^^\n  \
           = it has imap, maildir"
    );
    let shown = complaint("[source.a]\ntype = \"imapp\"");
    assert!(shown.contains("`type` cannot be \"imapp\"\n"), "{shown}");
    assert!(shown.contains("did you mean `imap`?"), "{shown}");
    assert!(
        shown.contains("allowed: \"imap\", \"pop3\", \"eas\""),
        "{shown}"
    );
    assert!(complaint("[source.a]\npath = \"x\"").contains("[source.a] lacks `type`"));
}

#[test]
fn a_sync_names_sources_that_exist() {
    let shown = complaint(&with("keyring = true", "").replace("right = \"b\"", "right = \"bb\""));
    assert_eq!(
        shown,
        "bridge.toml:10:9: there is no [source.bb]\n   |\n10 | right = \"bb\"\n   |         ^^^^\n   \
         = did you mean `b`?\n   = sources: a, b"
    );
    let shown = complaint(&with("keyring = true", "").replace("right = \"b\"", "right = \"a\""));
    assert!(
        shown.contains("`left` and `right` are both \"a\""),
        "{shown}"
    );
    let shown = complaint(&with("keyring = true", "").replace("right = \"b\"", ""));
    assert!(
        shown.starts_with("bridge.toml:8:7: [sync.s] lacks `right`"),
        "{shown}"
    );
    // A source that was not understood is still there.
    let shown = complaint(&with("keyring = 1", ""));
    assert!(!shown.contains("there is no"), "{shown}");
}

#[test]
fn wrong_types_and_words_say_what_is_allowed() {
    for (sync, text) in [
        (
            "collections = \"INBOX\"",
            "11:15: `collections` must be a list of strings, not a string",
        ),
        (
            "collections = [\"INBOX\", 1]",
            "11:25: `collections` must be a list of strings, not a number",
        ),
        (
            "collections = []",
            "11:15: an empty `collections` would choose nothing",
        ),
        (
            "collections = [\"!\"]",
            "11:16: an empty glob matches nothing",
        ),
        (
            "map = [\"a\"]",
            "11:7: `map` must be a table like { \"Sent\" = \"Sent Items\" }, not a list",
        ),
        (
            "map = { a = 1 }",
            "11:13: `a` must be a string, not a number",
        ),
        (
            "map = { a = \"c\", b = \"c\" }",
            "11:22: `map` sends both \"a\" and \"b\" to \"c\"",
        ),
        (
            "conflict = \"mine\"",
            "11:12: `conflict` cannot be \"mine\"",
        ),
        (
            "deletes = true",
            "11:11: `deletes` must be a string, not true or false",
        ),
        (
            "max_deletes = \"101%\"",
            "11:15: `max_deletes` cannot be \"101%\"",
        ),
        (
            "max_deletes = \"many\"",
            "11:15: `max_deletes` cannot be \"many\"",
        ),
        (
            "max_deletes = -1",
            "11:15: `max_deletes` must be a share like \"25%\" or a count like 20; \"100%\" lifts the guard, not a negative number",
        ),
        (
            "history_keep = \"soon\"",
            "11:16: `history_keep` cannot be \"soon\"",
        ),
        ("history_size = 5", "11:16: `history_size` cannot be 5"),
        ("direction = \"\"", "11:13: `direction` must not be empty"),
    ] {
        let shown = complaint(&with("keyring = true", sync));
        assert!(
            shown.starts_with(&format!("bridge.toml:{text}\n")),
            "{shown}"
        );
    }
    let shown = complaint("source = 1");
    assert!(
        shown.starts_with("bridge.toml:1:1: `source` must be a table, not a number"),
        "{shown}"
    );
    let shown = complaint("[source]\na = 1");
    assert!(shown.contains("write it as a table: [source.a]"), "{shown}");
}

#[test]
fn a_missing_file_says_how_to_begin() {
    let errors = Config::load(Path::new("/nonexistent/bridge.toml"), &BUILT).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "/nonexistent/bridge.toml: cannot read the config: No such file or directory (os error 2)\n  \
         = `bridge init` writes one to start from\n  = `--config FILE` names another"
    );
}

#[test]
fn garbage_is_an_error_and_no_panic() {
    for text in [
        "\u{0}",
        "[",
        "]",
        "=",
        "\"\"\"",
        "[source.é]\ntype=\"ü",
        "a.b.c = {x = [",
        "[[source]]",
        "[[sync.x]]",
    ] {
        let shown = complaint(text);
        assert!(shown.starts_with("bridge.toml:"), "{shown}");
    }
}
