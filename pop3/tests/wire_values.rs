//! Commands, status lines, capabilities and listings: known bytes of the RFCs and of real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use pop3::wire::{
    Capabilities, Code, Command, DecodeError, EncodeError, Expire, Language, ListEntry, LoginDelay,
    Reply, Stat, Status, UidlEntry, Utf8,
};

fn encoded(command: Command<'_>) -> String {
    let mut out = Vec::new();
    command.encode(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn commands_as_the_rfcs_write_them() {
    let top = Command::Top {
        number: 1,
        lines: 10,
    };
    let apop = Command::Apop {
        user: "mrose",
        digest: "c4c9334bac560ecc979e58001b3e22fb",
    };
    let auth = |initial| Command::Auth {
        mechanism: "PLAIN",
        initial,
    };
    for (command, line) in [
        (Command::Stat, "STAT"),
        (Command::List(None), "LIST"),
        (Command::List(Some(2)), "LIST 2"),
        (Command::Uidl(None), "UIDL"),
        (Command::Uidl(Some(2)), "UIDL 2"),
        (Command::Retr(4_294_967_295), "RETR 4294967295"),
        (top, "TOP 1 10"),
        (Command::Dele(1), "DELE 1"),
        (Command::Noop, "NOOP"),
        (Command::Rset, "RSET"),
        (Command::Quit, "QUIT"),
        (Command::Capa, "CAPA"),
        (Command::Stls, "STLS"),
        (Command::User("mr rose"), "USER mr rose"),
        (Command::Pass(b" sec ret "), "PASS  sec ret "),
        (apop, "APOP mrose c4c9334bac560ecc979e58001b3e22fb"),
        (auth(None), "AUTH PLAIN"),
        (
            auth(Some("dGVzdAB0ZXN0AHRlc3Q=")),
            "AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=",
        ),
        (auth(Some("=")), "AUTH PLAIN ="),
        (Command::Utf8, "UTF8"),
        (Command::Lang(None), "LANG"),
        (Command::Lang(Some("es")), "LANG es"),
    ] {
        assert_eq!(encoded(command), format!("{line}\r\n"));
        assert_eq!(line.split(' ').next(), Some(command.name()));
    }
}

#[test]
fn an_argument_cannot_become_a_command() {
    let apop = |user| Command::Apop { user, digest: "0" };
    for (command, error) in [
        (Command::User("a\r\nDELE 1"), EncodeError::ControlCharacter),
        (Command::Pass(b"a\nDELE 1"), EncodeError::ControlCharacter),
        (Command::Pass(b"a\0"), EncodeError::ControlCharacter),
        (apop("a b"), EncodeError::Space),
        (apop(""), EncodeError::Space),
        (Command::Lang(Some("de DELE")), EncodeError::Space),
    ] {
        let mut out = b"NOOP\r\n".to_vec();
        assert_eq!(command.encode(&mut out), Err(error), "{command:?}");
        assert_eq!(out, b"NOOP\r\n");
    }
}

#[test]
fn commands_do_not_show_their_secrets() {
    let pass = Command::Pass(b"hunter2");
    let apop = Command::Apop {
        user: "alice",
        digest: "hunter2",
    };
    let auth = Command::Auth {
        mechanism: "PLAIN",
        initial: Some("hunter2"),
    };
    for command in [pass, apop, auth] {
        assert!(!format!("{command:?}").contains("hunter2"));
    }
}

fn status(code: Option<Code>, text: &str) -> Status<'_> {
    Status {
        code,
        text: text.as_bytes(),
    }
}

#[test]
fn status_lines() {
    for (line, reply) in [
        ("+OK", Reply::Ok(status(None, ""))),
        ("+OK 2 320", Reply::Ok(status(None, "2 320"))),
        ("+ok  lower  ", Reply::Ok(status(None, "lower"))),
        (
            "+OK\tDovecot ready.",
            Reply::Ok(status(None, "Dovecot ready.")),
        ),
        ("+OK, what?", Reply::Ok(status(None, ", what?"))),
        ("-ERR", Reply::Err(status(None, ""))),
        (
            "-err no such message",
            Reply::Err(status(None, "no such message")),
        ),
        // Dovecot, Cyrus, Courier: a bad password.
        (
            "-ERR [AUTH] Authentication failed.",
            Reply::Err(status(Some(Code::Auth), "Authentication failed.")),
        ),
        (
            "-ERR [AUTH] Invalid login",
            Reply::Err(status(Some(Code::Auth), "Invalid login")),
        ),
        (
            "-ERR Login failed.",
            Reply::Err(status(None, "Login failed.")),
        ),
        // RFC 2449 section 8, RFC 3206 section 4.
        (
            "-ERR [IN-USE] Do you have another POP session running?",
            Reply::Err(status(
                Some(Code::InUse),
                "Do you have another POP session running?",
            )),
        ),
        (
            "-ERR [login-delay]soon",
            Reply::Err(status(Some(Code::LoginDelay), "soon")),
        ),
        (
            "-ERR [SYS/TEMP] x",
            Reply::Err(status(Some(Code::SysTemp), "x")),
        ),
        (
            "-ERR [SYS/TEMP/DISK] x",
            Reply::Err(status(Some(Code::SysTemp), "x")),
        ),
        (
            "-ERR [SYS/PERM]",
            Reply::Err(status(Some(Code::SysPerm), "")),
        ),
        ("-ERR [UTF8] x", Reply::Err(status(Some(Code::Utf8), "x"))),
        (
            "-ERR [SYS/TEMPER] x",
            Reply::Err(status(Some(Code::Other("SYS/TEMPER".into())), "x")),
        ),
        (
            "-ERR [X-New/y] x",
            Reply::Err(status(Some(Code::Other("X-New/y".into())), "x")),
        ),
        // Brackets that are no code.
        (
            "-ERR [two words] x",
            Reply::Err(status(None, "[two words] x")),
        ),
        ("-ERR [] x", Reply::Err(status(None, "[] x"))),
        ("-ERR [open", Reply::Err(status(None, "[open"))),
        ("+", Reply::Continue(b"")),
        ("+ ", Reply::Continue(b"")),
        ("+ PDE4OTY+ ", Reply::Continue(b"PDE4OTY+")),
    ] {
        assert_eq!(Reply::decode(line.as_bytes()), Ok(reply), "{line}");
    }
    for odd in [
        "",
        "OK",
        "+OKAY",
        "-ERROR",
        "+go",
        "* OK IMAP4rev1",
        "220 SMTP",
        "HTTP/1.1 400",
    ] {
        assert_eq!(
            Reply::decode(odd.as_bytes()),
            Err(DecodeError::Status),
            "{odd}"
        );
    }
}

fn capabilities(lines: &str) -> Capabilities {
    let mut capabilities = Capabilities::default();
    for line in lines.split(", ") {
        capabilities.learn(line.as_bytes());
    }
    capabilities
}

#[test]
fn capabilities_of_dovecot() {
    let before = capabilities(
        "CAPA, TOP, UIDL, RESP-CODES, PIPELINING, AUTH-RESP-CODE, STLS, USER, \
         SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 OAUTHBEARER XOAUTH2",
    );
    assert!(before.top && before.uidl && before.resp_codes && before.pipelining);
    assert!(before.auth_resp_code && before.stls && before.user && !before.lang);
    assert_eq!(before.sasl.len(), 7);
    assert_eq!(before.sasl[6], "XOAUTH2");
    assert_eq!(before.other, ["CAPA"]);
    let after = capabilities("CAPA, TOP, UIDL, RESP-CODES, PIPELINING, AUTH-RESP-CODE");
    assert!(!after.stls && !after.user && after.sasl.is_empty() && after.pipelining);
}

#[test]
fn capabilities_of_cyrus() {
    let all = capabilities(
        "SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1-PLUS SCRAM-SHA-1 SCRAM-SHA-256-PLUS SCRAM-SHA-256, \
         EXPIRE NEVER, LOGIN-DELAY 0, TOP, UIDL, PIPELINING, RESP-CODES, AUTH-RESP-CODE, USER, \
         IMPLEMENTATION Cyrus POP3 3.6.1-Debian-3.6.1-4+deb12u3",
    );
    let never = Expire {
        days: None,
        per_user: false,
    };
    assert_eq!(all.expire, Some(never));
    let none = LoginDelay {
        seconds: 0,
        per_user: false,
    };
    assert_eq!(all.login_delay, Some(none));
    let name = "Cyrus POP3 3.6.1-Debian-3.6.1-4+deb12u3";
    assert_eq!(all.implementation.as_deref(), Some(name));
}

#[test]
fn capabilities_of_courier() {
    let all = capabilities(
        "SASL PLAIN LOGIN CRAM-MD5, STLS, TOP, USER, LOGIN-DELAY 10, PIPELINING, UIDL, UTF8 USER, \
         IMPLEMENTATION Courier Mail Server",
    );
    assert_eq!(all.login_delay.map(|delay| delay.seconds), Some(10));
    assert_eq!(all.utf8, Some(Utf8 { user: true }));
    assert!(!all.resp_codes);
}

#[test]
fn capabilities_as_nobody_should_write_them() {
    let all = capabilities(
        "  top , uidl\t, sasl plain, SASL  PLAIN   Login, Expire 60 user, EXPIRE soon, \
         LOGIN-DELAY many, UTF8, X-OTHER a b, ",
    );
    assert!(all.top && all.uidl);
    assert_eq!(all.sasl, ["plain", "Login"]);
    let expire = Expire {
        days: Some(60),
        per_user: true,
    };
    assert_eq!((all.expire, all.login_delay), (Some(expire), None));
    assert_eq!(all.utf8, Some(Utf8 { user: false }));
    assert_eq!(all.other, ["X-OTHER a b"]);
    assert!(all.is_announced() && !Capabilities::default().is_announced());
}

#[test]
fn drop_listings() {
    let decoded = |text: &str| Stat::decode(text.as_bytes()).map(|s| (s.messages, s.octets));
    assert_eq!(decoded("2 320"), Ok((2, 320)));
    assert_eq!(decoded(" 2\t 320 octets"), Ok((2, 320)));
    assert_eq!(decoded("3"), Ok((3, 0)));
    assert_eq!(decoded("1 99999999999999999999999"), Ok((1, 0)));
    for bad in ["", "no", "-1 5", "4294967296 1", "1.5 2"] {
        assert_eq!(decoded(bad), Err(DecodeError::Number), "{bad}");
    }
}

#[test]
fn scan_listings() {
    let decoded = |line: &str| ListEntry::decode(line.as_bytes()).map(|e| (e.number, e.octets));
    for (line, entry) in [
        ("1 120", (1, 120)),
        ("  2\t  200  ", (2, 200)),
        ("3 5000000000 extra words", (3, 5_000_000_000)),
        ("4", (4, 0)),
        ("5 -1", (5, 0)),
        ("0006 7", (6, 7)),
    ] {
        assert_eq!(decoded(line), Ok(entry), "{line}");
    }
    for bad in ["", "   ", "0 5", "x 5", "-1 5", "99999999999 1"] {
        assert_eq!(decoded(bad), Err(DecodeError::Number), "{bad}");
    }
}

#[test]
fn unique_id_listings() {
    let decoded = |line: &[u8]| {
        let entry = UidlEntry::decode(line).unwrap();
        entry.map(|entry| (entry.number, entry.unique_id))
    };
    let long = "x".repeat(500);
    for (line, id) in [
        // RFC 1939; Dovecot; Cyrus; Courier.
        ("1 whqtswO00WBw418f9t5JxYwZ", "whqtswO00WBw418f9t5JxYwZ"),
        ("1 000000016b01fbff", "000000016b01fbff"),
        ("1 1795292273.1", "1795292273.1"),
        ("1 UID1-1795292407", "UID1-1795292407"),
        // Three spaces, a tab, spaces behind, a space within, more than 70 characters.
        ("1   abc", "abc"),
        ("1\tabc", "abc"),
        ("1 abc \t ", "abc"),
        ("1 <a b@c>", "<a b@c>"),
        (&format!("1 {long}"), &long),
    ] {
        assert_eq!(decoded(line.as_bytes()), Some((1, id.to_owned())), "{line}");
    }
    // Bytes that are no ASCII: UTF-8 or not, ids that differ stay different.
    let latin = decoded(b"1 caf\xe9").unwrap().1;
    let utf8 = decoded("1 caf\u{e9}".as_bytes()).unwrap().1;
    assert_eq!(latin, "caf\u{e9}");
    assert_ne!(latin, utf8);
    assert_ne!(decoded(b"1 \xff"), decoded(b"1 \xfe"));
    // No id at all.
    assert_eq!(decoded(b"7"), None);
    assert_eq!(decoded(b"7  "), None);
    for bad in [&b""[..], b"abc 1", b"0 abc"] {
        assert_eq!(UidlEntry::decode(bad), Err(DecodeError::Number));
    }
}

#[test]
fn language_listings() {
    let decoded = Language::decode("fr  Fran\u{e7}ais ".as_bytes()).unwrap();
    assert_eq!(
        (decoded.tag.as_str(), decoded.description.as_str()),
        ("fr", "Fran\u{e7}ais")
    );
    assert_eq!(Language::decode(b" "), None);
}
