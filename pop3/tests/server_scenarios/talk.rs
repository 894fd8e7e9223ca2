//! A client of the fewest words.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use pop3::testing::{Profile, Server};

/// A server of this profile that takes passwords without TLS.
pub(crate) fn server(profile: Profile) -> Server {
    Server::builder()
        .profile(profile)
        .allow_plaintext(true)
        .start()
        .unwrap()
}

pub(crate) struct Talk(BufReader<TcpStream>);

impl Talk {
    /// Connects; gives the greeting, too.
    pub(crate) fn greeted(address: SocketAddr) -> (Self, String) {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut talk = Self(BufReader::new(stream));
        let greeting = talk.line();
        (talk, greeting)
    }

    pub(crate) fn to(server: &Server) -> Self {
        Self::greeted(server.addr()).0
    }

    /// As alice.
    pub(crate) fn logged_in(server: &Server) -> Self {
        let mut talk = Self::to(server);
        assert_eq!(talk.ask("USER alice"), "+OK");
        assert_eq!(talk.ask("PASS alicepw"), "+OK Logged in.");
        talk
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// One line, without its end; empty at the end of the connection.
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).unwrap();
        let text = String::from_utf8_lossy(&line);
        text.strip_suffix("\r\n").unwrap_or(&text).to_owned()
    }

    /// The first line of the answer.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n"));
        self.line()
    }

    /// The lines behind `+OK`, as they are on the wire, without the last dot.
    pub(crate) fn lines(&mut self, command: &str) -> Vec<String> {
        let first = self.ask(command);
        assert!(first.starts_with("+OK"), "{command}: {first}");
        let mut lines = Vec::new();
        loop {
            match self.line() {
                end if end == "." => return lines,
                line => lines.push(line),
            }
        }
    }

    /// All that comes until the end of the connection.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        String::from_utf8_lossy(&rest).into_owned()
    }

    pub(crate) fn leave(self) {
        self.0.get_ref().shutdown(Shutdown::Both).unwrap();
    }
}
