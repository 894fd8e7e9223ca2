//! What a session goes through before it has its answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use eas::client::{Client, ErrorKind, Policy};
use eas::testing::{Element, Fault, Profile, Server, Wipe};
use eas::wire::Version;
use eas::wire::command::{
    Autodiscover, PolicyDocument, PolicyStatus, Wipe as Ordered, decode_json, json_path,
};
use eas::wire::wbxml::pages::Provision as P;
use sync_core::net::{Tls, TlsOptions};

use crate::world::{client, options, post, server};

/// Takes every policy and every wipe, and notes what was asked of it.
#[derive(Debug, Default)]
struct Obedient(Mutex<Vec<String>>);

#[async_trait]
impl Policy for Obedient {
    async fn policy(&self, document: &PolicyDocument) -> PolicyStatus {
        let length = document.values.text(P::MinDevicePasswordLength);
        let seen = format!("password of {}", length.unwrap_or_default());
        self.0.lock().unwrap().push(seen);
        PolicyStatus::Applied
    }

    async fn wipe(&self, wipe: Ordered) -> bool {
        self.0.lock().unwrap().push(format!("{wipe:?}"));
        true
    }
}

impl Obedient {
    fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn obedient(server: &Server) -> (Client, Arc<Obedient>) {
    let policy = Arc::new(Obedient::default());
    let mut options = options(server, "device1");
    options.policy = Arc::clone(&policy) as Arc<dyn Policy>;
    (Client::new(options).unwrap(), policy)
}

fn password(length: &str) -> [Element; 2] {
    [
        Element::text(P::DevicePasswordEnabled, "1"),
        Element::text(P::MinDevicePasswordLength, length),
    ]
}

/// A server of one version that demands a policy.
fn strict(version: &'static str) -> Server {
    let profile = Profile::full().versions(&[version]);
    let builder = Server::builder().profile(profile);
    builder.policy(password("6")).start().unwrap()
}

#[tokio::test]
async fn a_version_is_settled_on() {
    for (profile, expected) in [
        (Profile::full(), Version::V16_1),
        (Profile::exchange_online(), Version::V16_1),
        (Profile::exchange_2013(), Version::V14_1),
        (Profile::sogo_like(), Version::V14_1),
    ] {
        let server = Server::builder().profile(profile).start().unwrap();
        let mut client = client(&server);
        client.folder_sync("0").await.unwrap();
        client.folder_sync("0").await.unwrap();
        assert_eq!(client.version(), Some(expected));
        assert_eq!(server.commands(), ["OPTIONS", "FolderSync", "FolderSync"]);
    }
}

#[tokio::test]
async fn cookies_come_back_beside_the_mailbox_to_route_by() {
    let server = server("16.1");
    let mut options = options(&server, "device1");
    options.anchor_mailbox = Some("alice@example.org".into());
    let mut client = Client::new(options).unwrap();
    client.folder_sync("0").await.unwrap();
    let requests = server.requests();
    let cookies: Vec<_> = requests.iter().map(|seen| seen.cookie.as_deref()).collect();
    let anchor = "DefaultAnchorMailbox=alice@example.org";
    let both = format!("{anchor}; X-BackEndCookie=route");
    assert_eq!(cookies, [Some(anchor), Some(both.as_str())]);
    assert!(!format!("{client:?}").contains("route"));
}

#[tokio::test]
async fn a_policy_is_demanded_and_acknowledged() {
    for version in ["12.1", "14.0", "14.1", "16.0", "16.1"] {
        let server = strict(version);
        let (mut client, policy) = obedient(&server);
        let folders = client.folder_sync("0").await.unwrap().changes;
        assert_eq!(folders.len(), 9, "{version}");
        assert_eq!(policy.seen(), ["password of 6"]);
        assert_eq!(server.store().policy_answer(), Some(1));
        assert!(!server.store().device_information("device1").is_empty());
        let requests = server.requests();
        let keys: Vec<_> = requests
            .iter()
            .filter(|seen| seen.command == "Provision")
            .map(|seen| seen.policy_key.clone().unwrap())
            .collect();
        assert_eq!(keys.len(), 2, "{version}");
        assert_eq!(keys[0], "0");
        let last = requests.last().unwrap();
        assert_eq!(last.policy_key.as_deref(), client.policy_key());
        assert_ne!(last.policy_key.as_ref(), Some(&keys[1]));

        server.store().renew_policy(password("8"));
        client.folder_sync("0").await.unwrap();
        assert_eq!(policy.seen(), ["password of 6", "password of 8"]);
    }
}

#[tokio::test]
async fn what_is_not_enforced_is_not_promised() {
    let server = strict("16.1");
    client(&server).folder_sync("0").await.unwrap();
    assert_eq!(server.store().policy_answer(), Some(3));
}

#[tokio::test]
async fn a_key_that_was_kept_is_used_and_replaced_when_it_is_void() {
    let server = strict("14.1");
    let (mut first, _) = obedient(&server);
    first.folder_sync("0").await.unwrap();
    let mut kept = options(&server, "device1");
    kept.policy_key = first.policy_key().map(str::to_owned);
    server.reset_stats();
    let mut second = Client::new(kept.clone()).unwrap();
    second.folder_sync("0").await.unwrap();
    assert_eq!(server.commands(), ["OPTIONS", "FolderSync"]);

    kept.policy_key = Some("7".to_owned());
    let mut third = Client::new(kept).unwrap();
    third.folder_sync("0").await.unwrap();
    assert_ne!(third.policy_key(), Some("7"));
}

#[tokio::test]
async fn a_server_without_a_policy_is_left_alone() {
    let server = server("14.1");
    let mut client = client(&server);
    client.provision().await.unwrap();
    assert_eq!(client.policy_key(), None);
    client.folder_sync("0").await.unwrap();
    assert_eq!(server.commands(), ["OPTIONS", "Provision", "FolderSync"]);
}

#[tokio::test]
async fn a_provisioning_loop_ends() {
    for fault in [
        || Fault::on("FolderSync").status(142).always(),
        || Fault::on("FolderSync").status(144).always(),
        || Fault::on("FolderSync").http(449).always(),
    ] {
        let server = strict("16.1");
        server.order(fault());
        let error = client(&server).folder_sync("0").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
        let commands = server.commands();
        let rounds = commands.iter().filter(|name| *name == "Provision").count();
        assert_eq!(rounds, 4, "{commands:?}");
    }
}

#[tokio::test]
async fn a_wipe_is_carried_out_and_acknowledged() {
    for (version, ordered, expected) in [
        ("14.1", Wipe::Device, "Device"),
        ("14.1", Wipe::Account, "Device"),
        ("16.1", Wipe::Device, "Device"),
        ("16.1", Wipe::Account, "Account"),
        ("12.1", Wipe::Device, "Device"),
    ] {
        let server = server(version);
        let (mut client, policy) = obedient(&server);
        client.folder_sync("0").await.unwrap();
        server.store().order_wipe(ordered);
        let error = client.folder_sync("0").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Wiped, "{version}: {error}");
        assert_eq!(policy.seen(), [expected], "{version} {ordered:?}");
        assert_eq!(server.store().wiped(), Some(true));
    }
}

#[tokio::test]
async fn a_wipe_that_is_refused_is_said_to_be() {
    let server = server("16.1");
    server.store().order_wipe(Wipe::Account);
    let error = client(&server).folder_sync("0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Wiped);
    assert_eq!(server.store().wiped(), Some(false));
}

#[tokio::test]
async fn a_mailbox_that_moved_is_followed() {
    let (old, new) = (server("16.1"), server("16.1"));
    old.order(Fault::on("FolderSync").redirect(&new.url()));
    let mut client = client(&old);
    client.folder_sync("0").await.unwrap();
    client.folder_sync("0").await.unwrap();
    assert_eq!(old.commands(), ["OPTIONS", "FolderSync"]);
    assert_eq!(new.commands(), ["FolderSync", "FolderSync"]);
    assert_eq!(client.url().port(), Some(new.addr().port()));
}

#[tokio::test]
async fn a_mailbox_that_moves_in_circles_is_an_error() {
    let (one, two) = (server("16.1"), server("16.1"));
    one.order(Fault::on("Folder").redirect(&two.url()).always());
    two.order(Fault::on("Folder").redirect(&one.url()).always());
    let error = client(&one).folder_sync("0").await.unwrap_err();
    assert!(!error.is_retryable(), "{error:?}");
    assert!(one.commands().len() + two.commands().len() < 8);

    one.clear_faults();
    one.order(Fault::on("Folder").redirect(&one.url()));
    let error = client(&one).folder_sync("0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
}

#[tokio::test]
async fn a_busy_server_says_for_how_long() {
    for fault in [
        Fault::on("FolderSync").busy(17).always(),
        Fault::on("FolderSync")
            .throttle("CommandFrequency", 17)
            .always(),
    ] {
        let server = server("16.1");
        server.order(fault);
        let mut client = client(&server);
        let error = client.folder_sync("0").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled, "{error:?}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
        assert!(error.is_retryable());
        assert_eq!(server.commands().len(), 2, "it is not asked again at once");
        server.clear_faults();
        client.folder_sync("0").await.unwrap();
    }
}

#[tokio::test]
async fn a_login_that_is_refused_and_a_device_that_is_blocked() {
    let server = server("16.1");
    let mut client = client(&server);
    client.folder_sync("0").await.unwrap();
    server.order(Fault::on("FolderSync").http(401).always());
    let error = client.folder_sync("0").await.unwrap_err();
    assert!(error.is_authentication(), "{error:?}");
    server.clear_faults();
    server.order(Fault::on("FolderSync").http(403));
    let error = client.folder_sync("0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocked, "{error:?}");
    server.order(Fault::on("FolderSync").status(129));
    let error = client.folder_sync("0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocked, "{error:?}");
    assert!(!error.is_retryable());
    server.order(Fault::on("FolderSync").status(110));
    let error = client.folder_sync("0").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1800)));
}

#[tokio::test]
async fn what_is_no_answer_is_no_answer() {
    let server = server("16.1");
    let mut client = client(&server);
    server.order(Fault::on("FolderSync").bytes(b"<html><body>Log in</body></html>"));
    let error = client.folder_sync("0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotActiveSync, "{error:?}");
    for fault in [
        Fault::on("FolderSync").halved(),
        Fault::on("FolderSync").bytes(b"\x03\x01\x6A\x00\x00\x07\x56\x52\x03"),
        Fault::on("FolderSync").bytes(b"\x03\x01\x6A\x00\x01\x01"),
    ] {
        server.order(fault);
        let error = client.folder_sync("0").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
        assert!(error.is_outcome_unknown());
    }
    client.folder_sync("0").await.unwrap();
}

#[tokio::test]
async fn a_connection_that_ends_without_a_word_is_no_error() {
    let server = Server::builder().profile(Profile::sogo_like());
    let server = server.start().unwrap();
    let mut client = client(&server);
    for _ in 0..5 {
        client.folder_sync("0").await.unwrap();
    }
    assert_eq!(server.stats().connections, 6);
}

#[tokio::test]
async fn a_session_over_tls() {
    let server = server("16.1");
    let tls = TlsOptions {
        ca_pem: Some(server.ca_pem().as_bytes().to_vec()),
        ..TlsOptions::default()
    };
    let login = sync_core::net::Credential::password("alice", "alicepw");
    let device = eas::client::Device::new("device1");
    let url = server.tls_url().parse().unwrap();
    let tls = Tls::new(&tls).unwrap();
    let options = eas::client::ClientOptions::new(url, "alice", login, device, tls);
    let mut client = Client::new(options).unwrap();
    assert_eq!(client.folder_sync("0").await.unwrap().changes.len(), 9);
}

#[tokio::test]
async fn the_server_says_where_it_is() {
    let server = server("16.1");
    let endpoint = format!("{}Microsoft-Server-ActiveSync", server.url());
    let email = "alice@example.org".to_owned();
    let request = Autodiscover { email };
    let path = "/autodiscover/autodiscover.xml";
    let (head, body) = post(&server, path, "", &request.encode());
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let answer = Autodiscover::decode(&body).unwrap();
    assert_eq!(answer.mobile_sync(), Some(endpoint.as_str()));
    let (_, body) = post(&server, &json_path("alice@example.org"), "", b"");
    assert_eq!(decode_json(&body), Some(endpoint));
    let (_, body) = post(&server, path, "", b"<Autodiscover/>");
    assert!(Autodiscover::decode(&body).unwrap().error.is_some());
}

#[tokio::test]
async fn a_request_line_in_base64_and_a_command_that_nobody_knows() {
    // As the sample of [MS-ASHTTP] section 2.2.1.1.1, but FolderSync of 14.1 instead of Sync of 14.0.
    let server = Server::start().unwrap();
    let query = "jQkJBAp2MTQwRGV2aWNlAApTbWFydFBob25l";
    let body = b"\x03\x01\x6A\x00\x00\x07\x56\x52\x030\x00\x01\x01";
    let path = "/Microsoft-Server-ActiveSync?";
    let (head, answer) = post(&server, &format!("{path}{query}"), "", body);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(answer.starts_with(b"\x03\x01\x6A\x00\x00\x07\x56"));
    let seen = server.requests().pop().unwrap();
    assert_eq!(
        (seen.command.as_str(), seen.version.as_str()),
        ("FolderSync", "14.1")
    );
    assert_eq!(seen.device, "v140Device");

    let version = "MS-ASProtocolVersion: 14.1\r\n";
    let plain = "Cmd=MakeTea&User=alice&DeviceId=d1&DeviceType=T";
    let (head, _) = post(&server, &format!("{path}{plain}"), version, b"");
    assert!(head.starts_with("HTTP/1.1 501"), "{head}");
    let plain = "Cmd=FolderSync&User=alice&DeviceId=d1&DeviceType=T";
    let version = "MS-ASProtocolVersion: 9.9\r\n";
    let (head, _) = post(&server, &format!("{path}{plain}"), version, body);
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
}
