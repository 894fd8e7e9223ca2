use eas::wire::Version;
use eas::wire::command::{Autodiscover, Name, decode_json, json_path, parts};
use eas::wire::http::{Offer, Parameter, Query};

fn query(command: Name, device_id: &str, device_type: &str) -> Query {
    Query {
        command,
        user: String::new(),
        device_id: device_id.into(),
        device_type: device_type.into(),
        multipart: false,
        parameters: Vec::new(),
    }
}

#[test]
fn the_plain_query_is_percent_encoded() {
    let mut query = query(Name::SmartReply, "dev1", "Rust");
    query.user = "DOM\\älice@example.org".into();
    query.parameters = vec![
        (Parameter::CollectionId, "mail/1".into()),
        (Parameter::SaveInSent, "T".into()),
    ];
    assert_eq!(
        query.plain(),
        "Cmd=SmartReply&User=DOM%5C%C3%A4lice%40example.org&DeviceId=dev1&DeviceType=Rust\
         &CollectionId=mail%2F1&SaveInSent=T"
    );
}

/// [MS-ASHTTP] section 2.2.1.1.1 has this example; the others were seen of Windows Mail, whose device
/// id is 16 bytes.
#[test]
fn the_encoded_query_is_as_published() {
    let example = query(Name::Sync, "v140Device", "SmartPhone");
    let encoded = example.encoded(Version::V14_0, 0x0409, None).unwrap();
    assert_eq!(encoded, "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l");
    let mut reply = query(Name::ItemOperations, "d", "WP");
    reply.multipart = true;
    reply.parameters = vec![(Parameter::SaveInSent, "T".into())];
    let encoded = reply.encoded(Version::V14_1, 0x0409, Some(1)).unwrap();
    // 141, 19, locale, 1 "d", 4 key, 2 "WP", options 7 with one byte: both bits.
    assert_eq!(encoded, "jRMJBAFkBAEAAAACV1AHAQM=");
    let long = query(Name::Sync, &"x".repeat(300), "WP");
    assert_eq!(long.encoded(Version::V14_1, 0, None), None);
}

/// Exchange Online sends the headers twice.
#[test]
fn offers_are_joined() {
    let versions = ["2.5, 12.0,14.1,16.1", "2.5,16.1,17.0"];
    let offer = Offer::new(versions, ["Sync,Ping", "Sync,Find"]);
    assert_eq!(offer.versions.len(), 4);
    assert_eq!(Version::best(&offer.versions), Some(Version::V16_1));
    assert_eq!(offer.commands, ["Sync", "Ping", "Find"]);
    assert!(offer.has(Name::Find) && !offer.has(Name::Search));
    assert_eq!(Version::best(&[]), None);
}

#[test]
fn parts_are_within_the_body() {
    let mut body = Vec::new();
    for number in [2_u32, 20, 3, 23, 2] {
        body.extend(number.to_le_bytes());
    }
    body.extend(b"abcde");
    assert_eq!(parts(&body).unwrap(), [&b"abc"[..], b"de"]);
    for end in 0..body.len() {
        assert!(parts(&body[..end]).is_err(), "{end}");
    }
    assert!(parts(&u32::MAX.to_le_bytes()).is_err());
    let mut far = body.clone();
    far[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(parts(&far).unwrap_err().offset, 4);
}

#[test]
fn autodiscover_asks_and_understands() {
    let question = Autodiscover {
        email: "a&b@example.org".into(),
    };
    let asked = String::from_utf8(question.encode()).unwrap();
    assert!(asked.contains("<EMailAddress>a&amp;b@example.org</EMailAddress>"));
    let answer = |inner: &str| {
        let text = format!(
            "<?xml version=\"1.0\"?><Autodiscover xmlns:m=\"x\"><m:Response>{inner}</m:Response></Autodiscover>"
        );
        Autodiscover::decode(text.as_bytes())
    };
    let found = answer(
        "<m:User><m:DisplayName>Al &amp; Co</m:DisplayName></m:User><m:Action><m:Settings>\
         <m:Server><m:Type>CertEnroll</m:Type><m:Url>https://c/</m:Url></m:Server>\
         <m:Server><m:Type>MobileSync</m:Type><m:Url>https://m/EAS</m:Url></m:Server>\
         </m:Settings></m:Action>",
    )
    .unwrap();
    assert_eq!(found.mobile_sync(), Some("https://m/EAS"));
    assert_eq!(found.display_name.as_deref(), Some("Al & Co"));
    let moved = answer("<m:Action><m:Redirect>a@other.org</m:Redirect></m:Action>").unwrap();
    assert_eq!(moved.redirect.as_deref(), Some("a@other.org"));
    let wrong = answer("<Error><ErrorCode>601</ErrorCode><Message>no</Message></Error>").unwrap();
    assert_eq!(wrong.error, Some(("601".into(), "no".into())));
    for broken in [
        "<html><body>hello</body></html>",
        "",
        "<Autodiscover>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><Autodiscover>&b;</Autodiscover>",
    ] {
        assert!(Autodiscover::decode(broken.as_bytes()).is_err(), "{broken}");
    }
    let deep = format!("<Autodiscover>{}", "<a>".repeat(100_000));
    assert!(Autodiscover::decode(deep.as_bytes()).is_err());
}

#[test]
fn autodiscover_in_json() {
    assert_eq!(
        json_path("a+b@example.org"),
        "/autodiscover/autodiscover.json?Email=a%2Bb@example.org&Protocol=ActiveSync"
    );
    let url = decode_json(br#"{"Protocol":"ActiveSync","Url":"https://m/EAS"}"#);
    assert_eq!(url.as_deref(), Some("https://m/EAS"));
    assert_eq!(decode_json(br#"{"ErrorCode":"x"}"#), None);
    assert_eq!(decode_json(b"<html>"), None);
}
