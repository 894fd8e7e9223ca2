#![allow(clippy::unwrap_used)]
use super::*;

fn tls() -> Context {
    Context {
        host: "server.example.com".into(),
        port: 143,
        tls: true,
        ..Context::default()
    }
}

fn bound() -> Context {
    Context {
        channel_binding: Some(ChannelBinding {
            kind: "tls-exporter",
            data: vec![7; 32],
        }),
        ..tls()
    }
}

fn password() -> Credential {
    Credential::password("user", "pencil")
}

fn scram(mechanism: Mechanism, context: &Context, nonce: &str) -> Exchange {
    let Credential::Password { user, secret } = password() else {
        unreachable!()
    };
    let scram = Scram::new(mechanism, &user, &secret, context, nonce.into()).unwrap();
    Exchange {
        mechanism,
        state: State::Scram(Box::new(scram)),
    }
}

fn first(exchange: &mut Exchange) -> String {
    let first = exchange.initial().unwrap().unwrap();
    first.expose_str().unwrap().to_owned()
}

fn text(secret: &Secret) -> &str {
    secret.expose_str().unwrap()
}

const SHA1_FIRST: &[u8] = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
const SHA1_FINAL: &[u8] = b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";

#[test]
fn scram_sha_1_of_rfc_5802_section_5() {
    let mut x = scram(Mechanism::ScramSha1, &tls(), "fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(first(&mut x), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    let last = x.respond(SHA1_FIRST).unwrap();
    assert_eq!(
        text(&last),
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    assert!(x.respond(SHA1_FINAL).unwrap().is_empty());
    x.finish(None).unwrap();
}

#[test]
fn scram_sha_256_of_rfc_7677_section_3() {
    let mut x = scram(Mechanism::ScramSha256, &tls(), "rOprNGfwEbeRWgbNEkqO");
    assert_eq!(first(&mut x), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let last = x
        .respond(
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
              s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        )
        .unwrap();
    assert_eq!(
        text(&last),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    // The verifier may come with the success as well.
    x.finish(Some(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="))
        .unwrap();
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let begin = || {
        let mut x = scram(Mechanism::ScramSha1, &tls(), "fyko+d2lbbFgONRv9qkxdawL");
        let _ = first(&mut x);
        let _ = x.respond(SHA1_FIRST).unwrap();
        x
    };
    let wrong: [&[u8]; 4] = [
        b"v=rmF9pqV8S7suAoZWja4dJRkFsKA=",
        b"v=",
        b"v=rmF9pqV8S7suAoZWja4dJRkFsA==",
        b"ok",
    ];
    for message in wrong {
        assert!(begin().respond(message).is_err(), "{message:?}");
        assert!(begin().finish(Some(message)).is_err(), "{message:?}");
    }
    assert!(begin().finish(None).unwrap_err().is_authentication());
    let mut early = scram(Mechanism::ScramSha1, &tls(), "fyko+d2lbbFgONRv9qkxdawL");
    let _ = first(&mut early);
    assert!(early.finish(None).is_err());
    let mut failed = begin();
    assert!(failed.respond(b"e=invalid-proof").is_err());
    assert_eq!(failed.refusal(), Some("invalid-proof"));
    assert!(failed.finish(None).is_err());
}

#[test]
fn bent_scram_challenges_are_refused() {
    let long = [
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=".to_vec(),
        vec![b'A'; 1 << 20],
    ]
    .concat();
    let challenges: [&[u8]; 10] = [
        b"",
        b"r=other,s=QSXCR+Q6sek8bf92,i=4096",
        // Nothing of its own in the nonce.
        b"r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4294967295",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=99999999999",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=!,i=4096",
        b"m=ext,r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096",
        b"\xff",
        &long,
    ];
    for challenge in challenges {
        let mut x = scram(Mechanism::ScramSha1, &tls(), "fyko+d2lbbFgONRv9qkxdawL");
        let _ = first(&mut x);
        assert!(x.respond(challenge).is_err());
        assert!(x.respond(SHA1_FIRST).is_err(), "it must not go on");
    }
}

#[test]
fn the_binding_flag_follows_rfc_5802_section_6() {
    let flag = |mechanism, context: &Context| {
        let mut x = scram(mechanism, context, "n");
        first(&mut x).split(',').next().unwrap().to_owned()
    };
    assert_eq!(flag(Mechanism::ScramSha256, &tls()), "n");
    assert_eq!(flag(Mechanism::ScramSha256, &bound()), "y");
    assert_eq!(flag(Mechanism::ScramSha256Plus, &bound()), "p=tls-exporter");
    let offered = Context {
        plus_offered: true,
        ..bound()
    };
    assert_eq!(flag(Mechanism::ScramSha256, &offered), "n");
    assert!(Exchange::new(Mechanism::ScramSha1Plus, &password(), &tls()).is_err());
}

#[test]
fn the_binding_data_goes_into_the_final_message() {
    let mut x = scram(
        Mechanism::ScramSha1Plus,
        &bound(),
        "fyko+d2lbbFgONRv9qkxdawL",
    );
    let _ = first(&mut x);
    let last = x.respond(SHA1_FIRST).unwrap();
    use base64::Engine as _;
    let channel = [b"p=tls-exporter,,".to_vec(), vec![7; 32]].concat();
    let channel = base64::engine::general_purpose::STANDARD.encode(channel);
    assert!(text(&last).starts_with(&format!("c={channel},r=")));
}

#[test]
fn scram_prepares_and_escapes_names() {
    let credential = Credential::password("a=b,\u{ad}c", "\u{2168}");
    let mut x = Exchange::new(Mechanism::ScramSha256, &credential, &tls()).unwrap();
    let message = first(&mut x);
    assert!(message.starts_with("n,,n=a=3Db=2Cc,r="), "{message}");
    let forbidden = Credential::password("user", "\u{7}");
    let error = Exchange::new(Mechanism::ScramSha256, &forbidden, &tls()).unwrap_err();
    assert!(error.is_authentication());
}

#[test]
fn cram_md5_of_rfc_2195_section_2() {
    let credential = Credential::password("tim", "tanstaaftanstaaf");
    let mut x = Exchange::new(Mechanism::CramMd5, &credential, &Context::default()).unwrap();
    assert!(x.initial().unwrap().is_none());
    let answer = x
        .respond(b"<1896.697170952@postoffice.reston.mci.net>")
        .unwrap();
    assert_eq!(text(&answer), "tim b913a602c7eda7a495b4e6e7334d3890");
    assert!(x.respond(b"more").is_err());
}

#[test]
fn login_answers_in_order() {
    let mut x = Exchange::new(Mechanism::Login, &password(), &tls()).unwrap();
    assert!(x.initial().unwrap().is_none());
    assert_eq!(text(&x.respond(b"User Name\0").unwrap()), "user");
    assert_eq!(text(&x.respond(b"Password\0").unwrap()), "pencil");
    assert!(x.respond(b"Domain").is_err());
}

#[test]
fn plain_takes_no_nul() {
    for credential in [
        Credential::password("a\0b", "c"),
        Credential::password("a", "b\0c"),
    ] {
        assert!(Exchange::new(Mechanism::Plain, &credential, &tls()).is_err());
    }
}

#[test]
fn oauthbearer_of_rfc_7628_section_4_1() {
    let credential = Credential::bearer(
        "user@example.com",
        "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
    );
    let mut x = Exchange::new(Mechanism::OAuthBearer, &credential, &tls()).unwrap();
    assert_eq!(
        first(&mut x),
        "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
         auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    );
    let dummy = x
        .respond(br#"{"status":"invalid_token","scope":"mail"}"#)
        .unwrap();
    assert_eq!(dummy.expose(), b"\x01");
    assert_eq!(x.refusal(), Some("invalid_token"));
    assert!(x.respond(b"{}").is_err());
}

#[test]
fn xoauth2_answers_the_error_challenge_with_an_empty_line() {
    let credential = Credential::bearer(
        "someuser@example.com",
        "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
    );
    let mut x = Exchange::new(Mechanism::XOAuth2, &credential, &tls()).unwrap();
    assert_eq!(
        first(&mut x),
        "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"
    );
    assert!(x.respond(b"not json").unwrap().is_empty());
    assert_eq!(x.refusal(), Some("not json"));
}

#[test]
fn external_sends_the_identity_or_nothing() {
    for (user, expected) in [(None, ""), (Some("fred".to_owned()), "fred")] {
        let credential = Credential::External { user };
        let mut x = Exchange::new(Mechanism::External, &credential, &tls()).unwrap();
        assert_eq!(first(&mut x), expected);
    }
}

#[test]
fn the_strongest_fitting_mechanism_is_chosen() {
    let all = [
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-1-PLUS",
        "scram-sha-256",
        "SCRAM-SHA-256-PLUS",
        "XOAUTH2",
        "OAUTHBEARER",
        "EXTERNAL",
        "GSSAPI",
    ];
    let pick = |offered: &[&'static str], credential: &Credential, context: &Context| {
        choose(offered.iter().copied(), credential, context).ok()
    };
    let plain = Context::default();
    let bearer = Credential::bearer("u", "t");
    assert_eq!(
        pick(&all, &password(), &bound()),
        Some(Mechanism::ScramSha256Plus)
    );
    assert_eq!(
        pick(&all, &password(), &tls()),
        Some(Mechanism::ScramSha256)
    );
    assert_eq!(
        pick(&all, &password(), &plain),
        Some(Mechanism::ScramSha256)
    );
    assert_eq!(pick(&all, &bearer, &tls()), Some(Mechanism::OAuthBearer));
    assert_eq!(
        pick(&["XOAUTH2", "PLAIN"], &bearer, &tls()),
        Some(Mechanism::XOAuth2)
    );
    assert_eq!(pick(&["PLAIN", "LOGIN"], &bearer, &tls()), None);
    let external = Credential::External { user: None };
    assert_eq!(pick(&all, &external, &plain), Some(Mechanism::External));
    assert_eq!(pick(&["GSSAPI"], &password(), &tls()), None);
}

#[test]
fn no_secret_is_shown_without_tls_unless_allowed() {
    let plain = Context::default();
    let bearer = Credential::bearer("u", "t");
    let error = choose(["PLAIN", "LOGIN"], &password(), &plain).unwrap_err();
    assert!(error.is_authentication() && error.message().contains("allow_plaintext"));
    assert!(choose(["XOAUTH2", "OAUTHBEARER"], &bearer, &plain).is_err());
    assert_eq!(
        choose(["PLAIN", "CRAM-MD5"], &password(), &plain).unwrap(),
        Mechanism::CramMd5
    );
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        assert!(Exchange::new(mechanism, &password(), &plain).is_err());
    }
    let allowed = Context {
        allow_plaintext: true,
        ..plain
    };
    assert_eq!(
        choose(["PLAIN", "LOGIN"], &password(), &allowed).unwrap(),
        Mechanism::Plain
    );
}

#[test]
fn an_exchange_shows_no_secret() {
    let x = Exchange::new(Mechanism::Plain, &password(), &tls()).unwrap();
    assert!(!format!("{x:?} {:?}", password()).contains("pencil"));
}
