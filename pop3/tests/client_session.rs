//! The commands of a session, byte by byte against a scripted peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use pop3::wire::{ListEntry, UidlEntry};
use script::session;

fn entry(number: u32, octets: u64) -> ListEntry {
    ListEntry { number, octets }
}

fn id(number: u32, unique_id: &str) -> UidlEntry {
    UidlEntry {
        number,
        unique_id: unique_id.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_session_of_the_rfc() {
    let (mut client, peer) = session(
        "UIDL",
        "C: STAT
         S: +OK 2 320
         C: LIST
         S: +OK 2 messages (320 octets)
         S: 1 120
         S: 2 200
         S: .
         C: UIDL
         S: +OK
         S: 1 whqtswO00WBw418f9t5JxYwZ
         S: 2 QhdPYR:00WBw1Ph7x7
         S: .
         C: NOOP
         S: +OK
         C: DELE 1
         S: +OK message 1 deleted
         C: RSET
         S: +OK maildrop has 2 messages (320 octets)
         C: QUIT
         S: +OK dewey POP3 server signing off (maildrop empty)",
    )
    .await;
    let stat = client.stat().await.unwrap();
    assert_eq!((stat.messages, stat.octets), (2, 320));
    assert_eq!(client.list().await.unwrap(), [entry(1, 120), entry(2, 200)]);
    assert_eq!(
        client.uidl().await.unwrap().unwrap(),
        [
            id(1, "whqtswO00WBw418f9t5JxYwZ"),
            id(2, "QhdPYR:00WBw1Ph7x7")
        ]
    );
    client.noop().await.unwrap();
    assert!(client.delete(&[1]).await[0].is_ok());
    client.reset().await.unwrap();
    client.quit().await.unwrap();
    peer.await.unwrap();
}
