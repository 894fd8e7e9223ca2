//! SRV and TXT records: a stub resolver (RFC 1035, RFC 2782).
//!
//! What DNS says can be forged. It may name a host outside the domain that was asked for, and then
//! that of somebody who wants a password: [`is_within`] tells, and a person should agree to such a
//! host before a login is shown to it (RFC 6764 section 8).

use std::cmp::Reverse;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use crate::error::{Error, ErrorKind, Result};

/// How long one name server may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// How many name servers are asked.
const MAX_SERVERS: usize = 3;

/// One SRV record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// Lower ones are to be tried first.
    pub priority: u16,
    /// Among those of one priority, larger ones are to be taken more often.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host, without a dot at its end; empty if the service is not there (RFC 2782).
    pub target: String,
}

/// What answers questions about names.
pub trait Dns: Send + Sync {
    /// The SRV records of `name`; none if there is no such name.
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>>>;

    /// The TXT records of `name`, each with its strings joined; none if there is no such name.
    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>>>;
}

/// The servers that are there, in the order in which they are to be tried.
///
/// Among those of one priority the heavier ones come first: a client that is one of many is asked to
/// draw lots (RFC 2782), but one that always finds the same server keeps its connections and cookies.
#[must_use]
pub fn in_order(mut servers: Vec<Srv>) -> Vec<Srv> {
    servers.retain(|srv| !srv.target.is_empty());
    servers.sort_by_key(|srv| (srv.priority, Reverse(srv.weight)));
    servers
}

/// Whether `host` is `domain` or a name below it.
#[must_use]
pub fn is_within(host: &str, domain: &str) -> bool {
    let above = host.len().checked_sub(domain.len());
    above
        .and_then(|at| host.split_at_checked(at))
        .is_some_and(|(below, end)| {
            end.eq_ignore_ascii_case(domain) && (below.is_empty() || below.ends_with('.'))
        })
}

/// The name servers that the system asks.
#[derive(Clone)]
pub struct SystemDns {
    servers: Vec<SocketAddr>,
}

impl SystemDns {
    /// Reads `/etc/resolv.conf`. Where there is none, nothing is ever found.
    #[must_use]
    pub fn new() -> Self {
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Self {
            servers: name_servers(&text),
        }
    }

    /// Asks these, one after the other.
    #[must_use]
    pub fn at(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            servers: servers.into_iter().collect(),
        }
    }

    async fn ask(&self, name: &str, kind: u16) -> Result<Vec<Record>> {
        let mut last = Error::new(ErrorKind::Config, "no name server is known");
        for server in &self.servers {
            match ask(*server, name, kind).await {
                Ok(records) => return Ok(records),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Default for SystemDns {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SystemDns").field(&self.servers).finish()
    }
}

impl Dns for SystemDns {
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>>> {
        Box::pin(async move {
            let records = self.ask(name, SRV).await?.into_iter();
            Ok(records
                .filter_map(|record| match record {
                    Record::Srv(srv) => Some(srv),
                    Record::Txt(_) => None,
                })
                .collect())
        })
    }

    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let records = self.ask(name, TXT).await?.into_iter();
            Ok(records
                .filter_map(|record| match record {
                    Record::Txt(text) => Some(text),
                    Record::Srv(_) => None,
                })
                .collect())
        })
    }
}

fn name_servers(resolv_conf: &str) -> Vec<SocketAddr> {
    resolv_conf
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .filter_map(|address| address.trim().parse().ok())
        .map(|address: IpAddr| SocketAddr::new(address, 53))
        .take(MAX_SERVERS)
        .collect()
}

async fn ask(server: SocketAddr, name: &str, kind: u16) -> Result<Vec<Record>> {
    let broken = |error: std::io::Error| {
        let text = format!("name server {}: {error}", server.ip());
        Error::new(ErrorKind::Connection, text).caused_by(error)
    };
    let id = random_id()?;
    let query = query(id, name, kind)
        .ok_or_else(|| Error::new(ErrorKind::Config, format!("{name} is no name")))?;
    let exchange = async {
        if let Some(records) = over_udp(server, &query, kind).await.map_err(broken)? {
            return Ok(records);
        }
        // What does not fit into a datagram comes over TCP (RFC 1035 section 4.2.2).
        over_tcp(server, &query, kind).await.map_err(broken)
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .unwrap_or_else(|_| {
            let text = format!("name server {}: no answer", server.ip());
            Err(Error::new(ErrorKind::Timeout, text))
        })
}

/// `None` if the answer was cut off.
async fn over_udp(
    server: SocketAddr,
    query: &[u8],
    kind: u16,
) -> std::io::Result<Option<Vec<Record>>> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match answer(buffer.get(..length).unwrap_or_default(), query, kind) {
            Ok(Answer::Records(records)) => return Ok(Some(records)),
            Ok(Answer::Truncated) => return Ok(None),
            // Somebody else's, or somebody's who guesses.
            Err(Fault::Foreign) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &[u8], kind: u16) -> std::io::Result<Vec<Record>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.len()).unwrap_or_default();
    let framed = [&length.to_be_bytes(), query].concat();
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    match answer(&buffer, query, kind)? {
        Answer::Records(records) => Ok(records),
        Answer::Truncated => Err(Fault::Malformed.into()),
    }
}

const TXT: u16 = 16;
const SRV: u16 = 33;

enum Record {
    Srv(Srv),
    Txt(String),
}

enum Answer {
    Records(Vec<Record>),
    Truncated,
}

/// Why a message is no answer.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// To another question.
    Foreign,
    Malformed,
    /// The server could not answer (RFC 1035 section 4.1.1).
    Refused(u8),
}

impl From<Fault> for std::io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(match fault {
            Fault::Foreign => "an answer to another question".to_owned(),
            Fault::Malformed => "an answer that cannot be read".to_owned(),
            Fault::Refused(code) => format!("the answer is error {code}"),
        })
    }
}

fn random_id() -> Result<u16> {
    // Where another answers first, the id and the port are all that tells the answers apart; both
    // come from the system.
    let mut id = [0; 2];
    getrandom::fill(&mut id)
        .map_err(|error| Error::new(ErrorKind::Config, format!("no random numbers: {error}")))?;
    Ok(u16::from_be_bytes(id))
}

/// One question, with the wish that the server asks others (RFC 1035 section 4.1).
fn query(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|n| (1..=63).contains(n))?;
        message.push(length);
        message.extend(label.bytes());
    }
    message.push(0);
    if message.len() > 12 + 255 {
        return None;
    }
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    Some(message)
}

/// The records of this kind in an answer to `query`. Aliases have been followed by the server, so
/// that it does not matter whose records they are.
fn answer(message: &[u8], query: &[u8], kind: u16) -> Result<Answer, Fault> {
    let mut reader = Reader { message, at: 0 };
    if message.get(..2) != query.get(..2) {
        return Err(Fault::Foreign);
    }
    reader.bytes(2)?;
    let [high, low] = reader.array()?;
    let [questions, answers] = [reader.number()?, reader.number()?];
    reader.bytes(4)?;
    let question = query.get(12..).unwrap_or_default();
    let is_response = high & 0x80 != 0;
    let same = questions == 1
        && reader
            .bytes(question.len())
            .is_ok_and(|asked| asked.eq_ignore_ascii_case(question));
    if !is_response || !same {
        return Err(Fault::Foreign);
    }
    if high & 0x02 != 0 {
        return Ok(Answer::Truncated);
    }
    match low & 0x0f {
        0 => {}
        // There is no such name.
        3 => return Ok(Answer::Records(Vec::new())),
        code => return Err(Fault::Refused(code)),
    }
    let mut records = Vec::new();
    for _ in 0..answers {
        reader.name()?;
        let found = reader.number()?;
        reader.bytes(6)?;
        let length = usize::from(reader.number()?);
        let end = reader.at.checked_add(length).ok_or(Fault::Malformed)?;
        if found == kind && kind == SRV {
            let [priority, weight, port] = [reader.number()?, reader.number()?, reader.number()?];
            records.push(Record::Srv(Srv {
                priority,
                weight,
                port,
                target: reader.name()?,
            }));
        } else if found == kind {
            let mut strings = reader.bytes(length)?;
            let mut text = Vec::new();
            while let Some((&length, rest)) = strings.split_first() {
                let (string, rest) = rest
                    .split_at_checked(length.into())
                    .ok_or(Fault::Malformed)?;
                text.extend_from_slice(string);
                strings = rest;
            }
            records.push(Record::Txt(String::from_utf8_lossy(&text).into_owned()));
        }
        reader.at = end;
    }
    Ok(Answer::Records(records))
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.checked_add(count).ok_or(Fault::Malformed)?;
        let found = self.message.get(self.at..end).ok_or(Fault::Malformed)?;
        self.at = end;
        Ok(found)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.bytes(N)?.try_into().map_err(|_| Fault::Malformed)
    }

    fn number(&mut self) -> Result<u16, Fault> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// A name, whose end may stand elsewhere in the message (RFC 1035 section 4.1.4).
    fn name(&mut self) -> Result<String, Fault> {
        let mut name = String::new();
        let mut after = None;
        // Each jump has to lead back, so that they come to an end.
        let mut floor = self.at;
        loop {
            let [length] = self.array()?;
            match length {
                0 => break,
                1..=63 => {
                    let label = self.bytes(length.into())?;
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.extend(label.iter().map(|byte| char::from(*byte)));
                    if name.len() > 512 {
                        return Err(Fault::Malformed);
                    }
                }
                0xc0.. => {
                    let [low] = self.array()?;
                    after.get_or_insert(self.at);
                    self.at = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                    if self.at >= floor {
                        return Err(Fault::Malformed);
                    }
                    floor = self.at;
                }
                _ => return Err(Fault::Malformed),
            }
        }
        if let Some(after) = after {
            self.at = after;
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    const NAME: &str = "_caldavs._tcp.example.org";

    /// The answer to a query, with these records; their names point to the question.
    fn reply(query: &[u8], flags: [u8; 2], kind: u16, records: &[&[u8]]) -> Vec<u8> {
        let mut message = query.to_vec();
        message[2..4].copy_from_slice(&flags);
        message[7] = u8::try_from(records.len()).unwrap();
        for data in records {
            message.extend([0xc0, 12]);
            message.extend(kind.to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 60]);
            message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            message.extend(*data);
        }
        message
    }

    /// `dav.example.org`, whose end stands in the question.
    fn srv(priority: u8, target: &[u8]) -> Vec<u8> {
        [&[0, priority, 0, 5, 1, 0xbb], target].concat()
    }

    #[test]
    fn records_are_read() {
        let asked = query(7, NAME, SRV).unwrap();
        let dav = srv(1, b"\x03dav\xc0\x1a");
        let none = srv(0, b"\0");
        let message = reply(&asked, [0x81, 0x80], SRV, &[&dav, &none]);
        let Answer::Records(records) = answer(&message, &asked, SRV).unwrap() else {
            panic!()
        };
        let found: Vec<_> = records
            .into_iter()
            .map(|record| match record {
                Record::Srv(srv) => (srv.priority, srv.weight, srv.port, srv.target),
                Record::Txt(text) => panic!("{text}"),
            })
            .collect();
        let expected = [
            (1, 5, 443, "dav.example.org".into()),
            (0, 5, 443, String::new()),
        ];
        assert_eq!(found, expected);

        let asked = query(7, NAME, TXT).unwrap();
        let message = reply(&asked, [0x81, 0x80], TXT, &[b"\x05path=\x05/dav/"]);
        let Answer::Records(records) = answer(&message, &asked, TXT).unwrap() else {
            panic!()
        };
        assert!(matches!(&records[..], [Record::Txt(text)] if text == "path=/dav/"));
    }

    #[test]
    fn what_is_no_answer() {
        let asked = query(7, NAME, SRV).unwrap();
        let fault = |message: &[u8]| answer(message, &asked, SRV).err();
        let other = query(8, NAME, SRV).unwrap();
        assert_eq!(
            fault(&reply(&other, [0x81, 0x80], SRV, &[])),
            Some(Fault::Foreign)
        );
        let other = query(7, "_carddavs._tcp.example.org", SRV).unwrap();
        assert_eq!(
            fault(&reply(&other, [0x81, 0x80], SRV, &[])),
            Some(Fault::Foreign)
        );
        assert_eq!(fault(&asked), Some(Fault::Foreign));
        let failed = reply(&asked, [0x81, 0x82], SRV, &[]);
        assert_eq!(fault(&failed), Some(Fault::Refused(2)));
        // A name that points to itself, and one that points ahead.
        for target in [b"\xc0\x3d".as_slice(), b"\xc0\xff", b"\x40a", b"\x05dav"] {
            let message = reply(&asked, [0x81, 0x80], SRV, &[&srv(0, target)]);
            assert_eq!(fault(&message), Some(Fault::Malformed), "{target:?}");
        }
        let none = reply(&asked, [0x81, 0x83], SRV, &[]);
        assert!(matches!(answer(&none, &asked, SRV), Ok(Answer::Records(r)) if r.is_empty()));
    }

    #[test]
    fn names_that_cannot_be_asked_for() {
        for name in ["", "a..b", &"a".repeat(64), &"a.".repeat(200)] {
            assert_eq!(query(1, name, SRV), None, "{name}");
        }
    }

    #[test]
    fn servers_come_in_their_order() {
        let srv = |priority, weight, target: &str| Srv {
            priority,
            weight,
            port: 443,
            target: target.to_owned(),
        };
        let found = in_order(vec![
            srv(2, 0, "c"),
            srv(1, 1, "b"),
            srv(0, 0, ""),
            srv(1, 9, "a"),
        ]);
        let hosts: Vec<_> = found.iter().map(|srv| srv.target.as_str()).collect();
        assert_eq!(hosts, ["a", "b", "c"]);
    }

    #[test]
    fn hosts_of_a_domain() {
        for (host, within) in [
            ("example.org", true),
            ("Mail.Example.ORG", true),
            ("a.b.example.org", true),
            ("evilexample.org", false),
            ("example.org.evil.test", false),
            ("org", false),
            ("", false),
        ] {
            assert_eq!(is_within(host, "example.org"), within, "{host}");
        }
    }

    #[test]
    fn the_systems_name_servers() {
        let text = "# x\nnameserver 127.0.0.53\noptions edns0\n nameserver ::1\nnameserver x\n";
        let found: Vec<_> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["127.0.0.53:53", "[::1]:53"]);
    }

    #[tokio::test]
    async fn a_long_answer_comes_over_tcp() {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).await.unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, peer) = udp.recv_from(&mut buffer).await.unwrap();
            let cut = reply(&buffer[..length], [0x83, 0x80], SRV, &[]);
            // Noise first.
            udp.send_to(b"noise", peer).await.unwrap();
            udp.send_to(&query(1, "x", SRV).unwrap(), peer)
                .await
                .unwrap();
            udp.send_to(&cut, peer).await.unwrap();
            let (mut stream, _) = tcp.accept().await.unwrap();
            let mut asked = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut asked).await.unwrap();
            let record = srv(0, b"\x03dav\xc0\x1a");
            let message = reply(&asked, [0x81, 0x80], SRV, &[&record]);
            let length = u16::try_from(message.len()).unwrap();
            stream.write_u16(length).await.unwrap();
            stream.write_all(&message).await.unwrap();
        });
        let found = SystemDns::at([address]).srv(NAME).await.unwrap();
        assert_eq!(found[0].target, "dav.example.org");
    }

    proptest! {
        #[test]
        fn no_message_is_too_odd(tail in proptest::collection::vec(any::<u8>(), 0..80), count in 0_u8..4) {
            let asked = query(7, NAME, SRV).unwrap();
            let mut message = reply(&asked, [0x81, 0x80], SRV, &[]);
            message[7] = count;
            message.extend(tail);
            let _ = answer(&message, &asked, SRV);
        }
    }
}
