use bytes::Bytes;
use deltasync::client::{Client, ClientOptions, ErrorKind};
use deltasync::testing::{Account, Fault, Message, Profile, Server};
use deltasync::wire::send::Send;
use deltasync::wire::sync::{Class, CollectionRequest, Command, MessageChange};
use deltasync::wire::{ServerId, Status, SyncKey};
use sync_core::net::{Credential, Tls, TlsOptions};

const USER: &str = "alice@example.org";
const INBOX: &str = "00000000-0000-0000-0000-000000000001";

fn options(server: &Server, password: &str) -> ClientOptions {
    let tls = Tls::new(&TlsOptions {
        ca_pem: Some(server.ca_pem().into()),
        ..TlsOptions::default()
    });
    let url = format!("https://localhost:{}/", server.tls_addr().port());
    let credential = Credential::password(USER, password);
    ClientOptions::new(url.parse().unwrap(), credential, tls.unwrap())
}

fn client(server: &Server) -> Client {
    Client::new(options(server, "alicepw")).unwrap()
}

fn account(server: &Server) -> Account {
    server.account_of(USER).unwrap()
}

fn message(server: &Server, content: impl Into<Bytes>) -> ServerId {
    let id = account(server)
        .add("ACTIVE", Message::new(content))
        .unwrap();
    ServerId::new(&id)
}

#[tokio::test]
async fn the_first_command_logs_in_and_finds_the_mailbox() {
    let server = Server::start().unwrap();
    let mut client = client(&server);
    let (folders, _) = client.folders().await.unwrap();
    assert_eq!(folders.len(), 6);
    assert_eq!(
        server.lines(),
        ["Login", "Redirect", "Sync Folder GetChanges"]
    );
    // From here on the mailbox's host is asked.
    let host = client.host().unwrap().clone();
    assert_ne!(host.port(), Some(server.tls_addr().port()));
    server.forget_lines();
    client.folders().await.unwrap();
    assert_eq!(server.lines(), ["Sync Folder GetChanges"]);
}

#[tokio::test]
async fn a_wrong_password_is_said_so() {
    let server = Server::start().unwrap();
    let mut client = Client::new(options(&server, "wrong")).unwrap();
    let error = client.folders().await.unwrap_err();
    assert!(
        error.is_authentication() && !error.is_retryable(),
        "{error:?}"
    );
    let text = "login refused: user name or password is wrong, 0x80048821, 0x80041034";
    assert_eq!(error.to_string(), text);
    // The same credential is not tried twice.
    assert_eq!(server.lines(), ["Login"]);
}

#[tokio::test]
async fn a_void_ticket_is_replaced_once() {
    let server = Server::start().unwrap();
    let mut client = client(&server);
    client.folders().await.unwrap();
    account(&server).void_tickets();
    server.forget_lines();
    client.folders().await.unwrap();
    assert_eq!(server.lines(), ["Login", "Sync Folder GetChanges"]);
    server.order(Fault::on("Sync").times(2).status(3204));
    let error = client.folders().await.unwrap_err();
    assert_eq!(error.status(), Some(Status::TICKET));
    assert!(error.is_authentication());
    assert_eq!(server.faults_waiting(), 0);
}

#[tokio::test]
async fn a_message_is_unpacked_as_it_arrives() {
    let server = Server::start().unwrap();
    let mut client = client(&server);
    let long: Vec<u8> = (0..300_000_u32).flat_map(u32::to_be_bytes).collect();
    for content in [b"Subject: hello\r\n\r\nworld\r\n".to_vec(), long] {
        let id = message(&server, content.clone());
        let mut out = Vec::new();
        assert_eq!(
            client.fetch(&id, &mut out).await.unwrap(),
            content.len() as u64
        );
        assert_eq!(out, content);
    }
    let error = client
        .fetch(&ServerId::new("none"), &mut Vec::new())
        .await
        .unwrap_err();
    assert!(error.is_item_gone(), "{error:?}");
}

#[tokio::test]
async fn a_message_that_breaks_off_is_no_message() {
    let server = Server::start().unwrap();
    let mut client = client(&server);
    // Stored, as it cannot be compressed.
    let content: Vec<u8> = (0..250_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let id = message(&server, content);
    client.fetch(&id, &mut Vec::new()).await.unwrap();
    for bytes in [10, 400, 900, 1300, 1700] {
        server.order(Fault::on("ItemOperations").cut_answer(bytes));
        let result = client.fetch(&id, &mut Vec::new()).await;
        // The answer's head may be asked for again, its body is not.
        if let Err(error) = result {
            assert!(error.is_retryable(), "{bytes}: {error:?}");
        } else {
            assert!(bytes < 500, "{bytes}");
        }
    }
    let mut options = options(&server, "alicepw");
    options.max_message = 999;
    let mut small = Client::new(options).unwrap();
    let error = small.fetch(&id, &mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn statuses_become_errors_that_say_what_to_do() {
    let server = Server::start().unwrap();
    let mut client = client(&server);
    client.folders().await.unwrap();
    for (status, retryable, key_lost) in [
        (4104, false, true),
        (5102, true, false),
        (4102, false, false),
    ] {
        server.order(Fault::on("Sync").status(status));
        let error = client.folders().await.unwrap_err();
        assert_eq!(error.status(), Some(Status(status)));
        assert_eq!(
            (error.is_retryable(), error.is_key_lost()),
            (retryable, key_lost)
        );
    }
    server.order(Fault::on("Sync").http(503));
    assert!(client.folders().await.unwrap_err().is_retryable());
    server.order(Fault::on("Sync").http(404));
    assert_eq!(
        client.folders().await.unwrap_err().kind(),
        ErrorKind::Protocol
    );
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_they_may_be() {
    let server = Server::start().unwrap();
    let mut client = client(&server);
    client.folders().await.unwrap();
    for target in [
        "http://localhost:1/",
        "/relative",
        "ftp://localhost/",
        "nonsense",
    ] {
        server.order(Fault::on("Sync").redirect(target));
        let error = client.folders().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect, "{target}");
    }
    let host = client
        .host()
        .unwrap()
        .join("/DeltaSync_v2.0.0/Sync.aspx")
        .unwrap();
    server.order(Fault::on("Sync").times(3).redirect(host.as_str()));
    client.folders().await.unwrap();
    server.order(Fault::on("Sync").times(6).redirect(host.as_str()));
    assert_eq!(
        client.folders().await.unwrap_err().kind(),
        ErrorKind::Redirect
    );
}

#[tokio::test]
async fn plain_text_has_to_be_allowed() {
    let server = Server::start().unwrap();
    let url = format!("http://localhost:{}/", server.addr().port());
    let options = || {
        let tls = Tls::new(&TlsOptions::default()).unwrap();
        let credential = Credential::password(USER, "alicepw");
        ClientOptions::new(url.parse().unwrap(), credential, tls)
    };
    let error = Client::new(options()).unwrap().folders().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(server.lines().is_empty());
    let mut client = Client::new(options().allow_plaintext(true)).unwrap();
    client.folders().await.unwrap();
}

#[tokio::test]
async fn states_change_and_messages_go() {
    let server = Server::start().unwrap();
    let mut client = client(&server);
    let id = message(&server, "Subject: a\r\n\r\n");
    let mut request =
        CollectionRequest::new(Class::Email, Some(ServerId::new(INBOX)), SyncKey::initial());
    request.get_changes = true;
    let (key, answer) = client.sync_one(request).await.unwrap();
    assert_eq!(answer.commands.len(), 1);
    let mut change = MessageChange::new(id.clone());
    change.read = Some(true);
    let mut request = CollectionRequest::new(Class::Email, Some(ServerId::new(INBOX)), key);
    request.commands = vec![
        Command::ChangeMessage(change),
        Command::Delete(ServerId::new("none")),
    ];
    let (_, answer) = client.sync_one(request).await.unwrap();
    let statuses: Vec<_> = answer.responses.iter().map(|r| r.status).collect();
    assert_eq!(statuses, [Status::SUCCESS, Status::NO_ITEM]);
    assert!(account(&server).messages("ACTIVE")[0].read);
}

#[tokio::test]
async fn messages_are_sent_and_settings_told() {
    let server = Server::builder()
        .profile(Profile {
            redirects: false,
            ..Profile::default()
        })
        .start()
        .unwrap();
    let mut client = client(&server);
    let content = Bytes::from_static(b"Subject: out\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--x\r\n");
    let message = Send {
        content_id: "11111111-2222-4333-8444-555555555555".into(),
        content: content.clone(),
        to: vec!["bob@example.org".into()],
        cc: Vec::new(),
        bcc: Vec::new(),
        save: true,
    };
    let answer = client.send(&message).await.unwrap();
    assert!(
        answer.sent.is_success() && answer.saved_id.is_some(),
        "{answer:?}"
    );
    assert_eq!(account(&server).sent(), [content]);
    let settings = client.settings().await.unwrap();
    assert_eq!(settings.number("MaxMessageSize"), Some(26_214_400));
    assert!(settings.is_open());
}
