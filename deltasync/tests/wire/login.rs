//! Tickets, and why there is none.

use deltasync::wire::rst2::{Login, LoginAnswer};

#[test]
fn a_login_is_one_envelope_without_white_space() {
    let login = Login {
        user: "a&b@example.org".into(),
        password: String::from("p<w>").into(),
        created: 1_300_795_453,
        site: "mail.services.live.com".into(),
    };
    let text = String::from_utf8(login.encode().to_vec()).unwrap();
    for part in [
        "<wsa:Action s:mustUnderstand=\"1\">http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue<",
        "<wsa:To s:mustUnderstand=\"1\">HTTPS://login.live.com:443//RST2.srf<",
        "<wsa:MessageID>1300795453<",
        "<ps:AuthInfo Id=\"PPAuthInfo\"><ps:HostingApp>{47A6D4CF-5EB0-4B0E-9138-1B3F2DD40981}<",
        "<ps:RequestParams>AQAAAAIAAABsYwQAAAAxMDMz<",
        "<wsse:Username>a&amp;b@example.org</wsse:Username><wsse:Password>p&lt;w&gt;</wsse:Password>",
        "<wsu:Created>2011-03-22T12:04:13Z</wsu:Created><wsu:Expires>2011-03-22T12:09:13Z<",
        "<wsa:Address>http://Passport.NET/tb<",
        "<wsa:Address>mail.services.live.com</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
         <wsp:PolicyReference URI=\"MBI\"/>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("> <") && !text.contains('\n'));
    assert!(!format!("{login:?}").contains("p<w>"));
}

/// The answer of RST.srf, whose namespaces are older ones.
#[test]
fn a_ticket_is_found_by_names_alone() {
    let text = "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>\
        <a:RequestSecurityTokenResponseCollection xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/04/trust\">\
        <a:RequestSecurityTokenResponse><a:RequestedSecurityToken><EncryptedData/>\
        </a:RequestedSecurityToken></a:RequestSecurityTokenResponse>\
        <a:RequestSecurityTokenResponse><u:Expires xmlns:u=\"x\">2012-05-02T17:00:00Z</u:Expires>\
        <a:RequestedSecurityToken><w:BinarySecurityToken xmlns:w=\"http://schemas.xmlsoap.org/ws/2003/06/secext\">\
        t=Ew+/=*a&amp;p=</w:BinarySecurityToken></a:RequestedSecurityToken>\
        </a:RequestSecurityTokenResponse></a:RequestSecurityTokenResponseCollection></S:Body></S:Envelope>";
    let LoginAnswer::Ticket(ticket) = LoginAnswer::decode(text.as_bytes()).unwrap() else {
        panic!()
    };
    assert_eq!(ticket.query(), "t=Ew%2B%2F%3D*a");
    assert_eq!(ticket.expires, Some(1_335_978_000));
    assert!(!format!("{ticket:?}").contains("Ew"));
}

#[test]
fn refusals_say_why() {
    let envelope =
        |body: &str| format!("<S:Envelope xmlns:S=\"x\"><S:Body>{body}</S:Body></S:Envelope>");
    let fault = "<S:Fault><S:Reason><S:Text>Authentication Failure</S:Text></S:Reason><S:Detail>\
        <error><value>0x80048821</value><internalerror><code>0x80041034</code><text>x</text>\
        </internalerror></error></S:Detail></S:Fault>";
    let flow = "<RequestSecurityTokenResponse><pp><flowurl>https://example.org/go?secret</flowurl>\
        <reqstatus>0x80048825</reqstatus><errorstatus>0x1</errorstatus></pp>\
        </RequestSecurityTokenResponse>";
    for (body, expected, temporary) in [
        (
            fault,
            "user name or password is wrong, 0x80048821, 0x80041034",
            false,
        ),
        (
            "<S:Fault><error><value>0x80048820</value></error></S:Fault>",
            "the login server failed, 0x80048820",
            true,
        ),
        (
            "<S:Fault><faultstring>old</faultstring></S:Fault>",
            "old",
            false,
        ),
        (
            flow,
            "the user has to accept the terms of use, 0x80048825, 0x00000001; \
             first visit https://example.org/go",
            false,
        ),
    ] {
        let LoginAnswer::Refused(fault) = LoginAnswer::decode(envelope(body).as_bytes()).unwrap()
        else {
            panic!("{body}")
        };
        assert_eq!(
            (fault.to_string().as_str(), fault.is_temporary()),
            (expected, temporary)
        );
    }
    let elsewhere = envelope("<redirectUrl>https://example.org/RST2.srf</redirectUrl>");
    let answer = LoginAnswer::decode(elsewhere.as_bytes()).unwrap();
    assert_eq!(
        answer,
        LoginAnswer::Redirect("https://example.org/RST2.srf".into())
    );
    for nothing in ["<html/>", &envelope(""), ""] {
        assert!(
            LoginAnswer::decode(nothing.as_bytes()).is_err(),
            "{nothing}"
        );
    }
}
