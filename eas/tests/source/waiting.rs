//! Ping, and Sync where there is none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sync_core::ErrorKind;
use sync_core::Source as _;

use super::server::{Asked, Reply, Server, folder, sync};
use super::writing::listed;

const LONG: Duration = Duration::from_secs(3600);

/// Answers to one Ping after the other; the last one again and again.
async fn pinging(answers: &'static [&'static str]) -> Server {
    let calls = AtomicUsize::new(0);
    Server::new("14.1", move |asked| {
        let at = match asked.command.as_str() {
            "Ping" => calls.fetch_add(1, Ordering::Relaxed),
            _ => return None,
        };
        let answer = answers[at.min(answers.len() - 1)];
        Some(Reply::Xml(format!("<Ping xmlns=\"Ping\">{answer}</Ping>")))
    })
    .await
}

fn pings(server: &Server) -> Vec<Asked> {
    let all = server.asked().into_iter();
    all.filter(|asked| asked.command == "Ping").collect()
}

#[tokio::test]
async fn the_folders_that_a_ping_names_have_news() {
    let server = pinging(&[
        "<Status>1</Status>",
        "<Status>2</Status><Folders><Folder>cal</Folder></Folders>",
    ])
    .await;
    let mut source = server.source();
    let inbox = folder(&mut source, "INBOX").await;
    let calendar = folder(&mut source, "Calendar").await;
    let all = [inbox, calendar.clone()];
    assert_eq!(source.watch(&all, LONG).await.unwrap(), [calendar]);
    assert_eq!(
        pings(&server)[0].xml,
        "<Ping xmlns=\"Ping\"><HeartbeatInterval>480</HeartbeatInterval><Folders>\
         <Folder><Id>inbox</Id><Class>Email</Class></Folder>\
         <Folder><Id>cal</Id><Class>Calendar</Class></Folder></Folders></Ping>"
    );
}

#[tokio::test]
async fn the_limits_that_a_server_names_are_kept() {
    let server = pinging(&[
        "<Status>5</Status><HeartbeatInterval>300</HeartbeatInterval>",
        "<Status>6</Status><MaxFolders>1</MaxFolders>",
        "<Status>1</Status>",
        "<Status>2</Status><Folders><Folder>cal</Folder></Folders>",
    ])
    .await;
    let mut source = server.source();
    let inbox = folder(&mut source, "INBOX").await;
    let calendar = folder(&mut source, "Calendar").await;
    let all = [inbox, calendar.clone()];
    assert_eq!(source.watch(&all, LONG).await.unwrap(), [calendar]);
    let asked = pings(&server);
    assert_eq!(asked[1].text("HeartbeatInterval"), "300");
    // Folders that do not fit into one request have their turns.
    assert_eq!(asked[2].texts("Id"), ["inbox"]);
    assert_eq!(asked[3].texts("Id"), ["cal"]);
    assert_eq!(asked[3].text("HeartbeatInterval"), "60");
}

#[tokio::test]
async fn a_server_that_refuses_its_own_limits_is_not_asked_for_ever() {
    let server = pinging(&["<Status>5</Status><HeartbeatInterval>470</HeartbeatInterval>"]).await;
    let mut source = server.source();
    let inbox = folder(&mut source, "INBOX").await;
    let error = source.watch(&[inbox], LONG).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(pings(&server).len() < 10);
}

#[tokio::test]
async fn folders_that_changed_are_news_of_all() {
    let server = pinging(&["<Status>7</Status>"]).await;
    let mut source = server.source();
    let all = [
        folder(&mut source, "INBOX").await,
        folder(&mut source, "Calendar").await,
    ];
    let lists = server.count("FolderSync");
    assert_eq!(source.watch(&all, LONG).await.unwrap(), all);
    source.changes(&all[0], None).await.unwrap();
    assert_eq!(server.count("FolderSync"), lists + 1);
}

#[tokio::test]
async fn where_there_is_no_ping_a_sync_waits() {
    let calls = AtomicUsize::new(0);
    let server = Server::with_commands("14.1", "Sync,FolderSync,Settings", move |asked| {
        if !asked.xml.contains("<HeartbeatInterval>") {
            return None;
        }
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Some(Reply::Xml(
                "<Sync xmlns=\"AirSync\"><Status>14</Status><Limit>300</Limit></Sync>".into(),
            )),
            1 => Some(Reply::Empty),
            _ => sync(
                "inbox",
                "k9",
                "<Commands><Delete><ServerId>x</ServerId></Delete></Commands>",
            ),
        }
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "INBOX").await;
    let all = [c.clone()];
    assert_eq!(source.watch(&all, LONG).await.unwrap(), all);
    let asked = server.asked();
    let waits: Vec<&Asked> = asked
        .iter()
        .filter(|asked| asked.xml.contains("<HeartbeatInterval>"))
        .collect();
    let beats: Vec<String> = waits.iter().map(|w| w.text("HeartbeatInterval")).collect();
    assert_eq!(beats, ["480", "300", "300"]);
    assert_eq!(waits[0].text("WindowSize"), "1");
    // What came with it comes again: the key is the listing's.
    source.changes(&c, Some(&cursor)).await.unwrap();
    assert_eq!(server.asked().last().unwrap().text("SyncKey"), "k1");
}
