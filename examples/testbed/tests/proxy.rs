//! The fault proxy, in front of a server of a few lines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use testbed::{Counts, Direction, Fault, Proxy};

/// Sends back what it is sent.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    port
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// All that arrives until the connection ends.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[test]
fn without_a_fault_everything_passes_and_is_counted() {
    let proxy = Proxy::to(echo()).unwrap();
    let mut stream = connect(&proxy);
    let mut answer = [0; 5];
    for word in [b"hello", b"world", b"again"] {
        stream.write_all(word).unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, word);
    }
    let expected = Counts {
        connections: 1,
        to_server: 15,
        to_client: 15,
        round_trips: 2,
    };
    assert_eq!(proxy.counts(), expected);
    proxy.reset_counts();
    assert_eq!(proxy.counts(), Counts::default());
}

#[test]
fn large_data_arrives_in_order() {
    let proxy = Proxy::with_round_trip(echo(), Duration::from_millis(2)).unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32)
        .map(|n| u8::try_from(n % 251).unwrap())
        .collect();
    let mut stream = connect(&proxy);
    let receiving = stream.try_clone().unwrap();
    let receiver = thread::spawn(move || rest(receiving));
    stream.write_all(&sent).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(receiver.join().unwrap(), sent);
}

#[test]
fn it_cuts_after_exactly_n_bytes_to_the_client() {
    for after in [0, 1, 7, 19] {
        let proxy = Proxy::to(echo()).unwrap();
        proxy.arm(Fault::Cut {
            direction: Direction::ToClient,
            after,
        });
        let mut stream = connect(&proxy);
        stream.write_all(b"twenty bytes of text").unwrap();
        assert_eq!(rest(stream).len() as u64, after);
        assert!(proxy.has_fired());
        // It was one fault; the next connection lives.
        let mut stream = connect(&proxy);
        stream.write_all(b"x").unwrap();
        stream.read_exact(&mut [0]).unwrap();
    }
}

#[test]
fn it_cuts_after_exactly_n_bytes_to_the_server_over_all_connections() {
    let proxy = Proxy::to(echo()).unwrap();
    let mut first = connect(&proxy);
    first.write_all(b"before").unwrap();
    first.read_exact(&mut [0; 6]).unwrap();
    proxy.reset_counts();
    proxy.arm_for_good(Fault::Cut {
        direction: Direction::ToServer,
        after: 10,
    });
    first.write_all(b"123456").unwrap();
    first.read_exact(&mut [0; 6]).unwrap();
    let mut second = connect(&proxy);
    second.write_all(b"123456").unwrap();
    rest(second);
    rest(first);
    assert_eq!(proxy.counts().to_server, 10);
    assert!(rest(connect(&proxy)).is_empty());
}

#[test]
fn what_is_swallowed_still_reached_the_server() {
    let proxy = Proxy::to(echo()).unwrap();
    proxy.arm(Fault::Swallow { after: 4 });
    let mut stream = connect(&proxy);
    stream.write_all(b"12345678").unwrap();
    assert_eq!(rest(stream), b"1234");
    assert_eq!(proxy.counts().to_server, 8);
}

/// Says `answer` byte by byte when it has read `question`, twice.
fn answers(question: &'static [u8], answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for _ in 0..2 {
            stream.read_exact(&mut vec![0; question.len()]).unwrap();
            for byte in answer {
                // The proxy may cut before the end.
                let _ = stream.write_all(&[*byte]);
            }
        }
    });
    port
}

#[test]
fn the_answer_to_one_command_is_swallowed() {
    // What stands in the literals only looks like a command or an answer.
    const QUESTION: &[u8] = b"a1 APPEND x {13+}\r\na2 APPEND x\r\n\r\n";
    const ANSWER: &[u8] = b"* OK {7}\r\na1 OK\r\n\r\na1 OK done\r\n";
    let proxy = Proxy::to(answers(QUESTION, ANSWER)).unwrap();
    proxy.arm(Fault::SwallowAnswer {
        command: "APPEND".into(),
        nth: 2,
    });
    let mut stream = connect(&proxy);
    stream.write_all(QUESTION).unwrap();
    let mut first = vec![0; ANSWER.len()];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(first, ANSWER);
    assert!(!proxy.has_fired());
    stream.write_all(QUESTION).unwrap();
    assert_eq!(rest(stream), b"* OK {7}\r\na1 OK\r\n\r\n");
    assert!(proxy.has_fired());
}

#[test]
fn the_answer_to_words_is_swallowed() {
    const QUESTION: &[u8] = b"POST /\r\n\r\nthe title of an item";
    let proxy = Proxy::to(answers(QUESTION, b"200 OK")).unwrap();
    proxy.arm(Fault::SwallowAnswerTo {
        words: b"the title".to_vec(),
    });
    let mut stream = connect(&proxy);
    let (some, rest_of_it) = QUESTION.split_at(12);
    stream.write_all(some).unwrap();
    stream.write_all(rest_of_it).unwrap();
    assert!(rest(stream).is_empty());
    assert!(proxy.has_fired());
    assert_eq!(proxy.counts().to_server, QUESTION.len() as u64);
}

#[test]
fn dropping_it_cuts() {
    let proxy = Proxy::to(echo()).unwrap();
    let stream = connect(&proxy);
    drop(proxy);
    assert!(rest(stream).is_empty());
}
