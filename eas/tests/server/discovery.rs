//! From a mail address to a server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use eas::client::{DiscoverOptions, Discovery, ErrorKind, Result, discover};
use eas::testing::Server;
use sync_core::net::dns::SystemDns;
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::testing::server::Identity;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A name server that knows one SRV record, and the names it was asked for.
fn name_server(target: &str, port: u16) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let mut data = [0, 0, 0, 5].to_vec();
    data.extend(port.to_be_bytes());
    for label in target.split('.') {
        data.push(u8::try_from(label.len()).unwrap());
        data.extend(label.bytes());
    }
    data.push(0);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let mut message = buffer[..length].to_vec();
            log.lock().unwrap().push(name(&message[12..]));
            message[2..4].copy_from_slice(&[0x81, 0x80]);
            message[7] = 1;
            message.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0]);
            message.push(u8::try_from(data.len()).unwrap());
            message.extend(&data);
            socket.send_to(&message, peer).unwrap();
        }
    });
    (address, asked)
}

/// The name of a question.
fn name(mut labels: &[u8]) -> String {
    let mut name = Vec::new();
    while let Some((length, rest)) = labels.split_first().filter(|(length, _)| **length > 0) {
        let (label, rest) = rest.split_at((*length).into());
        name.push(String::from_utf8(label.to_vec()).unwrap());
        labels = rest;
    }
    name.join(".")
}

/// A host without TLS that redirects one request, and what it was sent.
fn redirector(target: String) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            let length = stream.read(&mut buffer).unwrap();
            // Who begins with a TLS handshake is at the wrong port.
            if buffer.first() == Some(&0x16) {
                continue;
            }
            let answer =
                format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            return String::from_utf8_lossy(&buffer[..length]).into_owned();
        }
    });
    (address, seen)
}

/// A host under TLS that redirects each request, and how many it was sent.
async fn secure_redirector(identity: &Identity, target: String) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let (seen, identity) = (Arc::clone(&count), identity.clone());
    tokio::spawn(async move {
        let answer = format!(
            "HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let mut buffer = [0; 4096];
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = identity.accept(stream).await else {
                continue;
            };
            if stream
                .read(&mut buffer)
                .await
                .is_ok_and(|length| length > 0)
            {
                seen.fetch_add(1, Ordering::Relaxed);
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        }
    });
    (address, count)
}

/// Somewhere nobody listens.
fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Options that ask nobody but the hosts of this test.
fn options(server: &Server, domain: &str) -> DiscoverOptions {
    let tls = TlsOptions {
        ca_pem: Some(server.ca_pem().into()),
        ..TlsOptions::default()
    };
    let mut options = DiscoverOptions::new(Tls::new(&tls).unwrap());
    let nobody = nobody();
    for label in ["", "autodiscover.", "mail.", "activesync."] {
        let host = format!("{label}{domain}");
        options.http.hosts.push((host, nobody));
    }
    let microsoft = "autodiscover-s.outlook.com".to_owned();
    options.http.hosts.push((microsoft, nobody));
    options.dns = Arc::new(SystemDns::at([]));
    options
}

/// `host` is at `address`.
fn at(mut options: DiscoverOptions, host: &str, address: SocketAddr) -> DiscoverOptions {
    let known = options.http.hosts.iter_mut().find(|(name, _)| name == host);
    known.unwrap().1 = address;
    options
}

async fn find(email: &str, options: &DiscoverOptions) -> Result<Discovery> {
    let login = Credential::password("alice", "alicepw");
    discover(email, login, options).await
}

fn server() -> Server {
    Server::builder().start().unwrap()
}

/// The server under TLS, by the name that its certificate is for.
fn secure(server: &Server) -> String {
    format!("https://localhost:{}", server.tls_addr().port())
}

/// What the server saw: the command, and whether a login came with it.
fn seen(server: &Server) -> Vec<(String, bool)> {
    let requests = server.requests().into_iter();
    requests
        .map(|seen| (seen.command, seen.authorized))
        .collect()
}

#[tokio::test]
async fn an_srv_record_leads_to_the_server() {
    let server = server();
    let mut options = options(&server, "localhost");
    let (dns, asked) = name_server("localhost", server.tls_addr().port());
    options.dns = Arc::new(SystemDns::at([dns]));
    let found = find("alice@localhost", &options).await.unwrap();
    let expected = format!("{}/Microsoft-Server-ActiveSync", secure(&server));
    assert_eq!(found.url.as_str(), expected);
    assert_eq!(*asked.lock().unwrap(), ["_autodiscover._tcp.localhost"]);
    assert_eq!(seen(&server), [("Autodiscover".to_owned(), true)]);
    // After the usual hosts.
    let tried: Vec<_> = found.steps.iter().map(|step| step.place.as_str()).collect();
    let expected = [
        "https://autodiscover.localhost/autodiscover/autodiscover.xml".to_owned(),
        "https://autodiscover.localhost/Autodiscover/Autodiscover.xml".to_owned(),
        "https://localhost/autodiscover/autodiscover.xml".to_owned(),
        "https://localhost/Autodiscover/Autodiscover.xml".to_owned(),
        "http://autodiscover.localhost/autodiscover/autodiscover.xml".to_owned(),
        "_autodiscover._tcp.localhost SRV".to_owned(),
        format!("{}/autodiscover/autodiscover.xml", secure(&server)),
    ];
    assert_eq!(tried, expected);
}

#[tokio::test]
async fn what_dns_names_elsewhere_gets_no_login_without_consent() {
    let server = server();
    let mut options = options(&server, "example.test");
    let (dns, _) = name_server("localhost", server.tls_addr().port());
    options.dns = Arc::new(SystemDns::at([dns]));
    let error = find("alice@example.test", &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotActiveSync);
    let text = error.to_string();
    assert!(text.contains("its domain names localhost"), "{text}");
    assert!(text.contains("is not of example.test, and gets no login"));
    assert_eq!(seen(&server), []);

    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    options.consent = Arc::new(move |url| {
        log.lock().unwrap().push(url.to_string());
        true
    });
    let found = find("alice@example.test", &options).await.unwrap();
    assert_eq!(found.url.port(), Some(server.tls_addr().port()));
    let place = format!("{}/autodiscover/autodiscover.xml", secure(&server));
    assert_eq!(*asked.lock().unwrap(), [place]);
}

#[tokio::test]
async fn a_redirect_without_tls_leads_to_the_server() {
    let server = server();
    let place = format!("{}/autodiscover/autodiscover.xml", secure(&server));
    let (plain, request) = redirector(place);
    let options = at(
        options(&server, "localhost"),
        "autodiscover.localhost",
        plain,
    );
    let found = find("alice@localhost", &options).await.unwrap();
    let expected = format!("{}/Microsoft-Server-ActiveSync", secure(&server));
    assert_eq!(found.url.as_str(), expected);
    let request = request.join().unwrap();
    let line = "GET /autodiscover/autodiscover.xml HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    assert!(!request.to_ascii_lowercase().contains("authorization"));
    assert_eq!(seen(&server), [("Autodiscover".to_owned(), true)]);
}

#[tokio::test]
async fn a_redirect_elsewhere_or_without_tls_is_not_followed() {
    let server = server();
    let plain = format!("http://{}/autodiscover/autodiscover.xml", server.addr());
    let secure = format!("{}/autodiscover/autodiscover.xml", secure(&server));
    for (target, said) in [
        (plain, "redirects nowhere under TLS"),
        (secure, "gets no login"),
    ] {
        let (address, request) = redirector(target);
        let options = at(
            options(&server, "example.test"),
            "autodiscover.example.test",
            address,
        );
        let error = find("alice@example.test", &options).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        request.join().unwrap();
    }
    assert_eq!(seen(&server), []);
}

#[tokio::test]
async fn a_redirect_under_tls_is_followed_within_the_domain() {
    let server = server();
    let identity = Identity::generate().unwrap();
    let tls = TlsOptions {
        ca_pem: Some(format!("{}{}", server.ca_pem(), identity.ca_pem()).into()),
        ..TlsOptions::default()
    };
    let here = format!("{}/autodiscover/autodiscover.xml", secure(&server));
    let elsewhere = here.replace("localhost", "127.0.0.1");
    for (target, is_found) in [(here, true), (elsewhere, false)] {
        let mut options = options(&server, "localhost");
        options.http.tls = Tls::new(&tls).unwrap();
        let (address, count) = secure_redirector(&identity, target).await;
        let (dns, _) = name_server("localhost", address.port());
        options.dns = Arc::new(SystemDns::at([dns]));
        let found = find("alice@localhost", &options).await;
        assert_eq!(found.is_ok(), is_found, "{found:?}");
        assert_eq!(count.load(Ordering::Relaxed), 1);
        let expected = usize::from(is_found);
        assert_eq!(seen(&server).len(), expected);
        server.reset_stats();
    }
}

#[tokio::test]
async fn redirects_in_a_circle_come_to_an_end() {
    let server = server();
    let identity = Identity::generate().unwrap();
    let mut options = options(&server, "localhost");
    let tls = TlsOptions {
        ca_pem: Some(identity.ca_pem().into()),
        ..TlsOptions::default()
    };
    options.http.tls = Tls::new(&tls).unwrap();
    let (address, count) = secure_redirector(&identity, "/autodiscover/again.xml".into()).await;
    let (dns, _) = name_server("localhost", address.port());
    options.dns = Arc::new(SystemDns::at([dns]));
    let error = find("alice@localhost", &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotActiveSync);
    assert_eq!(count.load(Ordering::Relaxed), 11);
}

#[tokio::test]
async fn a_login_that_is_refused_ends_the_search() {
    let server = server();
    let mut options = options(&server, "localhost");
    let (dns, _) = name_server("localhost", server.tls_addr().port());
    options.dns = Arc::new(SystemDns::at([dns]));
    let login = Credential::password("alice", "wrong");
    let error = discover("alice@localhost", login, &options).await;
    assert!(error.unwrap_err().is_authentication());
}

#[tokio::test]
async fn what_is_no_address() {
    let server = server();
    for email in ["alice", "alice@", "alice@a/b", "alice@[::1]", "a@b:1"] {
        let error = find(email, &options(&server, "localhost")).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Config, "{email}");
    }
}
