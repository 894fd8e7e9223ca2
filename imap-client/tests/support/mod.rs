//! A client of raw bytes: what a test sends is what goes over the wire.

// Each test file uses its part of it.
#![allow(dead_code, unreachable_pub)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use imap_client::testing::{Profile, Server};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection of raw bytes.
pub struct Raw {
    stream: Option<Box<dyn Stream>>,
    buffer: Vec<u8>,
}

/// A server of this profile that lets clients log in without TLS.
pub fn server(profile: Profile) -> Server {
    Server::builder()
        .profile(profile)
        .allow_plaintext(true)
        .start()
        .unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    // No measure of speed: only an end to a test that would hang.
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

fn tls(socket: TcpStream, ca_pem: &str) -> impl Stream + use<> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    StreamOwned::new(
        ClientConnection::new(Arc::new(config), name).unwrap(),
        socket,
    )
}

impl Raw {
    /// Connects to any address, without reading the greeting.
    pub fn to(address: SocketAddr) -> Self {
        Self {
            stream: Some(Box::new(connect(address))),
            buffer: Vec::new(),
        }
    }

    /// Connects without TLS and reads the greeting.
    pub fn plain(server: &Server) -> Self {
        let mut raw = Self::to(server.addr());
        raw.line();
        raw
    }

    /// Connects with TLS and reads the greeting.
    pub fn tls(server: &Server) -> Self {
        let stream = tls(connect(server.tls_addr()), server.ca_pem());
        let mut raw = Self {
            stream: Some(Box::new(stream)),
            buffer: Vec::new(),
        };
        raw.line();
        raw
    }

    /// Connects without TLS, and upgrades; returns what was read between OK and the handshake.
    pub fn starttls(server: &Server) -> (Self, Vec<u8>) {
        let socket = connect(server.addr());
        let mut raw = Self {
            stream: Some(Box::new(socket.try_clone().unwrap())),
            buffer: Vec::new(),
        };
        raw.line();
        assert_eq!(
            raw.command("s STARTTLS"),
            ["s OK Begin TLS negotiation now."]
        );
        let behind = std::mem::take(&mut raw.buffer);
        raw.stream = Some(Box::new(tls(socket, server.ca_pem())));
        (raw, behind)
    }

    /// Connects without TLS and logs in as alice.
    pub fn alice(server: &Server) -> Self {
        let mut raw = Self::plain(server);
        let answer = raw.command("l LOGIN alice alicepw");
        assert!(answer.last().unwrap().starts_with("l OK"), "{answer:?}");
        raw
    }

    /// As [`Raw::alice`], with INBOX selected.
    pub fn inbox(server: &Server) -> Self {
        let mut raw = Self::alice(server);
        raw.ok("i SELECT INBOX");
        raw
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let stream = self.stream.as_mut().unwrap();
        stream.write_all(bytes.as_ref()).unwrap();
        stream.flush().unwrap();
    }

    fn more(&mut self) -> bool {
        let mut chunk = [0; 65_536];
        // A cut TLS connection ends without close_notify, which is an error to rustls.
        let count = match self.stream.as_mut().unwrap().read(&mut chunk) {
            Ok(count) => count,
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => 0,
            Err(e) => panic!("{e}"),
        };
        self.buffer.extend_from_slice(&chunk[..count]);
        count > 0
    }

    /// Exactly so many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(self.more(), "the connection ended after {:?}", self.buffer);
        }
        self.buffer.drain(..count).collect()
    }

    /// One line without its CRLF; literals are not joined to it.
    pub fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=at).collect();
                let line = String::from_utf8_lossy(&line).into_owned();
                return line
                    .strip_suffix("\r\n")
                    .expect("a line ends with CRLF")
                    .to_owned();
            }
            assert!(
                self.more(),
                "the connection ended after {:?}",
                String::from_utf8_lossy(&self.buffer)
            );
        }
    }

    /// All up to the end of the connection.
    pub fn rest(&mut self) -> String {
        while self.more() {}
        String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned()
    }

    /// The lines up to the tagged one.
    pub fn until(&mut self, tag: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            let done = line.starts_with(&format!("{tag} "));
            lines.push(line);
            if done {
                return lines;
            }
        }
    }

    /// Sends a line that begins with its tag, and reads up to the tagged answer.
    pub fn command(&mut self, line: &str) -> Vec<String> {
        self.send(format!("{line}\r\n"));
        self.until(line.split(' ').next().unwrap())
    }

    /// As [`Raw::command`]; the answer must be OK; returns the untagged lines.
    pub fn ok(&mut self, line: &str) -> Vec<String> {
        let mut lines = self.command(line);
        let tagged = lines.pop().unwrap();
        assert_eq!(
            tagged.split(' ').nth(1),
            Some("OK"),
            "{line}: {lines:?} {tagged}"
        );
        lines
    }

    /// As [`Raw::command`]; only the tagged line.
    pub fn tagged(&mut self, line: &str) -> String {
        self.command(line).pop().unwrap()
    }
}

/// A message with this subject.
pub fn message(subject: &str) -> String {
    format!(
        "From: a@example.org\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n\r\nText of {subject}.\r\n"
    )
}
