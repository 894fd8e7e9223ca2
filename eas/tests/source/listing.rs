//! Listings: what leaves a filter's window, keys, pages.

use sync_core::Source as _;
use sync_core::model::ItemId;
use sync_core::source::{Absence, Coverage};

use super::server::{Reply, Server, failed, folder, sync};
use super::writing::listed;

#[tokio::test]
async fn what_leaves_the_window_is_released_and_not_deleted() {
    let server = Server::new("14.1", |asked| match asked.text("SyncKey").as_str() {
        "k1" => sync(
            "inbox",
            "k2",
            "<Commands><SoftDelete><ServerId>old</ServerId></SoftDelete>\
             <Delete><ServerId>gone</ServerId></Delete></Commands>",
        ),
        _ => None,
    })
    .await;
    let mut source = server.source();
    let c = folder(&mut source, "INBOX").await;
    let page = source.changes(&c, None).await.unwrap();
    assert_eq!(page.released, [ItemId::new("old")]);
    assert_eq!(page.vanished, [ItemId::new("gone")]);
}

#[tokio::test]
async fn the_absence_of_an_item_from_a_filtered_listing_says_nothing() {
    let server = Server::new("14.1", |_| None).await;
    assert_eq!(server.source().capabilities().absence, Absence::Deleted);
    let mut config = server.config();
    config.mail_filter = 3;
    let mut source = eas::source::EasSource::new(config).unwrap();
    assert_eq!(source.capabilities().absence, Absence::Nothing);
    let c = folder(&mut source, "INBOX").await;
    source.changes(&c, None).await.unwrap();
    let asked = server.asked();
    let filters: Vec<String> = asked.iter().flat_map(|a| a.texts("FilterType")).collect();
    assert_eq!(filters, ["3", "3"]);
}

#[tokio::test]
async fn a_key_that_is_refused_is_a_lost_cursor() {
    for status in [3, 132, 134, 135, 136] {
        let server = Server::new("14.1", move |asked| match asked.text("SyncKey").as_str() {
            "k1" if asked.xml.contains("<GetChanges>1") => failed("inbox", status),
            _ => None,
        })
        .await;
        let mut source = server.source();
        let c = folder(&mut source, "INBOX").await;
        let error = source.changes(&c, None).await.unwrap_err();
        assert!(error.is_cursor_lost(), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn a_window_is_within_the_limits_and_pages_go_on() {
    let server = Server::new("14.1", |asked| {
        let more = |id: &str, more: &str| {
            format!(
                "{more}<Commands><Add><ServerId>{id}</ServerId><ApplicationData>\
                 <Read xmlns=\"Email\">1</Read></ApplicationData></Add></Commands>"
            )
        };
        match asked.text("SyncKey").as_str() {
            "k1" => sync("inbox", "k2", &more("a", "<MoreAvailable/>")),
            "k2" => sync("inbox", "k3", &more("b", "")),
            _ => None,
        }
    })
    .await;
    let mut config = server.config();
    config.window = 2_000;
    let mut source = eas::source::EasSource::new(config).unwrap();
    let c = folder(&mut source, "INBOX").await;
    let first = source.changes(&c, None).await.unwrap();
    assert!(first.more && first.coverage == Coverage::Snapshot);
    let second = source.changes(&c, Some(&first.cursor)).await.unwrap();
    assert!(!second.more && second.coverage == Coverage::Snapshot);
    let third = source.changes(&c, Some(&second.cursor)).await.unwrap();
    assert_eq!(third.coverage, Coverage::Delta);
    let asked = server.asked();
    let windows: Vec<String> = asked.iter().flat_map(|a| a.texts("WindowSize")).collect();
    assert_eq!(windows, ["512"; 3]);
}

#[tokio::test]
async fn a_cursor_of_another_version_is_lost() {
    let old = Server::new("14.1", |_| None).await;
    let (_, c, cursor) = listed(&old, "INBOX").await;
    let new = Server::new("16.1", |_| None).await;
    let mut source = new.source();
    folder(&mut source, "INBOX").await;
    let error = source.changes(&c, Some(&cursor)).await.unwrap_err();
    assert!(error.is_cursor_lost(), "{error:?}");
}

#[tokio::test]
async fn where_keys_are_seconds_an_earlier_one_is_asked_for_what_is_new() {
    let add = |id: &str| {
        format!(
            "<Add><ServerId>{id}</ServerId><ApplicationData>\
             <LastName xmlns=\"Contacts\">{id}</LastName></ApplicationData></Add>"
        )
    };
    let server = Server::new("14.1", move |asked| match asked.text("SyncKey").as_str() {
        "0" if asked.command == "Sync" => sync("con", "-1", ""),
        "-1" => sync(
            "con",
            "1795325826",
            &format!("<Commands>{}</Commands>", add("a")),
        ),
        // With this nothing is told, and from then on deletions are.
        "2147483647" => sync("con", "1795325826", ""),
        // The first listing may have come in another second than it was asked for in.
        "1795325824" | "1795325823" => {
            let news = format!("{}<Delete><ServerId>a</ServerId></Delete>", add("b"));
            sync("con", "1795325826", &format!("<Commands>{news}</Commands>"))
        }
        _ => None,
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let page = source.changes(&c, Some(&cursor)).await.unwrap();
    let changed: Vec<&str> = page.changed.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(changed, ["b"]);
    assert_eq!(page.vanished, [ItemId::new("a")]);
    let asked = server.asked();
    let keys: Vec<String> = asked.iter().flat_map(|a| a.texts("SyncKey")).collect();
    let latest = keys.iter().position(|key| key == "2147483647");
    assert_eq!(latest, Some(keys.len() - 2), "{keys:?}");
}

#[tokio::test]
async fn a_device_asks_for_all_folders_where_that_makes_nothing_be_forgotten() {
    let keys = async |commands: &'static str, known: bool| -> Vec<(String, bool)> {
        let refused = "<FolderSync xmlns=\"FolderHierarchy\"><Status>9</Status></FolderSync>";
        let server = Server::with_commands("14.1", commands, move |asked| {
            let refuses = asked.command == "FolderSync" && asked.text("SyncKey") != "0" && !known;
            refuses.then(|| Reply::Xml(refused.into()))
        })
        .await;
        folder(&mut server.source(), "INBOX").await;
        let asked = server.asked().into_iter();
        asked
            .filter(|asked| asked.command == "FolderSync")
            .map(|asked| (asked.text("SyncKey"), asked.device == "test01"))
            .collect()
    };
    let told = |all: &[(&str, bool)]| -> Vec<(String, bool)> {
        let all = all.iter();
        all.map(|(key, own)| ((*key).to_owned(), *own)).collect()
    };
    let (exchange, sogo) = ("Sync,FolderSync,Provision", "Sync,FolderSync");
    assert_eq!(keys(exchange, true).await, told(&[("0", true)]));
    // Another device is told the folders, and this one what is new.
    assert_eq!(keys(sogo, true).await, told(&[("1", true), ("0", false)]));
    assert_eq!(keys(sogo, false).await, told(&[("1", true), ("0", true)]));
}
