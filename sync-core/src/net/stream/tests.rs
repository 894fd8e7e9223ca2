#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::net::{Secret, TlsOptions};

struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate,
            issuer: rcgen::Issuer::new(params, key),
        }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, rcgen::KeyPair) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn options(&self) -> TlsOptions {
        TlsOptions {
            ca_pem: Some(self.certificate.pem().into_bytes()),
            ..TlsOptions::default()
        }
    }

    fn connector(&self) -> Connector {
        connector(&self.options())
    }

    fn server(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
        ask: bool,
    ) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (certificate, key) = self.issue("localhost");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap();
        let builder = if ask {
            let mut roots = RootCertStore::empty();
            roots.add(self.certificate.der().clone()).unwrap();
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots),
                provider,
            );
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"imap".to_vec()];
        config
    }
}

fn connector(options: &TlsOptions) -> Connector {
    Connector::new(Tls::new(options).unwrap(), Duration::from_secs(30))
}

/// A server that greets, then echoes one line; gives back its port and its own channel binding.
async fn serve(config: ServerConfig) -> (u16, tokio::task::JoinHandle<Option<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut tls = TlsAcceptor::from(Arc::new(config)).accept(tcp).await.ok()?;
        let mut line = [0; 5];
        tls.read_exact(&mut line).await.ok()?;
        tls.write_all(&line).await.ok()?;
        tls.flush().await.ok()?;
        let label = b"EXPORTER-Channel-Binding";
        let (_, connection) = tls.get_ref();
        connection
            .export_keying_material(vec![0; 32], label, Some(b""))
            .ok()
    });
    (port, task)
}

async fn echo(stream: &mut Stream) -> io::Result<()> {
    stream.write_all(b"hello").await?;
    stream.flush().await?;
    let mut back = [0; 5];
    stream.read_exact(&mut back).await?;
    assert_eq!(&back, b"hello");
    Ok(())
}

#[tokio::test]
async fn tls_1_3_binds_by_exporter() {
    let ca = Authority::new();
    let (port, server) = serve(ca.server(&[&rustls::version::TLS13], false)).await;
    let options = TlsOptions {
        alpn: vec![b"imap".to_vec()],
        ..ca.options()
    };
    let mut stream = connector(&options)
        .encrypted("localhost", port)
        .await
        .unwrap();
    echo(&mut stream).await.unwrap();
    assert!(stream.is_tls());
    assert_eq!(stream.alpn(), Some(&b"imap"[..]));
    let binding = stream.channel_binding().unwrap();
    assert_eq!(binding.kind, "tls-exporter");
    assert_eq!(Some(binding.data), server.await.unwrap());
}

#[tokio::test]
async fn tls_1_2_binds_by_server_end_point() {
    let ca = Authority::new();
    let (port, _server) = serve(ca.server(&[&rustls::version::TLS12], false)).await;
    let mut stream = ca.connector().encrypted("localhost", port).await.unwrap();
    echo(&mut stream).await.unwrap();
    let binding = stream.channel_binding().unwrap();
    assert_eq!(
        (binding.kind, binding.data.len()),
        ("tls-server-end-point", 32)
    );
}

#[tokio::test]
async fn a_foreign_authority_and_a_wrong_name_are_refused_for_good() {
    let ca = Authority::new();
    let stranger = Authority::new();
    for (connector, host) in [
        (stranger.connector(), "localhost"),
        (ca.connector(), "127.0.0.1"),
    ] {
        let (port, _server) = serve(ca.server(rustls::ALL_VERSIONS, false)).await;
        let error = connector.encrypted(host, port).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let ca = Authority::new();
    let (certificate, key) = ca.issue("client");
    let with = TlsOptions {
        client_certificate: Some((
            certificate.pem().into_bytes(),
            Secret::from(key.serialize_pem()),
        )),
        ..ca.options()
    };
    for (options, welcome) in [(with, true), (ca.options(), false)] {
        let (port, _server) = serve(ca.server(rustls::ALL_VERSIONS, true)).await;
        let result = match connector(&options).encrypted("localhost", port).await {
            Ok(mut stream) => echo(&mut stream).await.is_ok(),
            Err(_) => false,
        };
        assert_eq!(result, welcome);
    }
}

#[tokio::test]
async fn a_plain_stream_is_upgraded_once() {
    let ca = Authority::new();
    let (port, _server) = serve(ca.server(rustls::ALL_VERSIONS, false)).await;
    let connector = ca.connector();
    let plain = connector.plain("127.0.0.1", port).await.unwrap();
    assert!(!plain.is_tls() && plain.channel_binding().is_none());
    let mut stream = plain.upgrade(connector.tls(), "localhost").await.unwrap();
    echo(&mut stream).await.unwrap();
    let error = stream
        .upgrade(connector.tls(), "localhost")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn compression_keeps_what_is_known_of_the_layer_below() {
    let (a, b) = tokio::io::duplex(1 << 16);
    let (mut a, mut b) = (
        Stream::from_io(a).deflate(Bytes::new()),
        Stream::from_io(b).deflate(Bytes::new()),
    );
    assert!(a.is_deflate() && !a.is_tls());
    a.write_all(b"hello").await.unwrap();
    a.flush().await.unwrap();
    let mut got = [0; 5];
    b.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
}

#[tokio::test]
async fn nobody_there_is_a_connection_error() {
    let ca = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = ca.connector().plain("127.0.0.1", port).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let ca = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = ca
        .connector()
        .encrypted("127.0.0.1", port)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn a_ca_file_without_a_certificate_is_a_config_error() {
    for pem in [
        "",
        "no pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let options = TlsOptions {
            ca_pem: Some(pem.into()),
            ..TlsOptions::default()
        };
        assert_eq!(
            Tls::new(&options).unwrap_err().kind(),
            ErrorKind::Config,
            "{pem}"
        );
    }
}

#[test]
fn address_families_take_turns() {
    let parse = |a: &str| a.parse::<SocketAddr>().unwrap();
    let v6 = [parse("[::1]:1"), parse("[::2]:1"), parse("[::3]:1")];
    let v4 = [parse("10.0.0.1:1")];
    let order = interleave(v6.iter().chain(&v4).copied().collect());
    assert_eq!(order, [v6[0], v4[0], v6[1], v6[2]]);
}
