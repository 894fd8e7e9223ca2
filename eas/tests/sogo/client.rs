use std::time::Duration;

use eas::wire::class::Class;
use eas::wire::command::{
    Collection, FolderChange, FolderType, GetItemEstimate, Ping, SendMail, Settings, Sync,
};
use eas::wire::{Status, Version};
use testbed::Sogo;

use super::client;

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_session() {
    let sogo = Sogo::start().unwrap();
    let mut client = client(&sogo, "alice");
    assert_eq!(client.negotiate().await.unwrap(), Version::V14_1);
    // It has no policy for anybody, and says so.
    client.provision().await.unwrap();
    assert_eq!(client.policy_key(), None);

    let folders = client.folder_sync("0").await.unwrap();
    let folder = |wanted: FolderType| {
        folders.changes.iter().find_map(|change| match change {
            FolderChange::Add(folder) if folder.folder_type == wanted => Some(folder.id.clone()),
            _ => None,
        })
    };
    let inbox = folder(FolderType::INBOX).unwrap();
    assert!(folder(FolderType::CALENDAR).is_some());
    let nothing = client
        .folder_sync(folders.key.as_deref().unwrap())
        .await
        .unwrap();
    assert!(nothing.changes.is_empty());

    let me = client
        .settings(&Settings::GetUserInformation)
        .await
        .unwrap();
    assert_eq!(me.accounts[0].addresses, ["alice@example.test"]);

    let mime =
        b"From: alice@example.test\r\nTo: alice@example.test\r\nSubject: hello\r\n\r\nworld\r\n";
    let mail = SendMail {
        client_id: "one".into(),
        account: None,
        save: true,
        mime: mime.to_vec(),
    };
    client.send_mail(&mail).await.unwrap();
    assert_eq!(sogo.mails().len(), 1);

    let mut collection = Collection::new(Class::Email, inbox.as_str(), "0");
    let request = |collection: &Collection| Sync {
        collections: vec![collection.clone()],
        ..Sync::default()
    };
    let primed = client.sync(&request(&collection)).await.unwrap();
    collection.key = primed.collections[0].key.clone().unwrap();
    let estimate = GetItemEstimate(vec![eas::wire::command::EstimateOf {
        collection: inbox.clone(),
        key: collection.key.clone(),
        class: "Email",
        filter: None,
    }]);
    let estimate = client.get_item_estimate(&estimate).await.unwrap();
    assert_eq!(estimate[0].estimate, Some(1));
    let first = client.sync(&request(&collection)).await.unwrap();
    assert_eq!(first.collections[0].changes.len(), 1);

    let ping = Ping {
        heartbeat: Duration::from_secs(5),
        folders: vec![(inbox, "Email")],
    };
    let answer = client.ping(&ping).await.unwrap();
    assert!(matches!(answer.status, Some(Status(1 | 2))), "{answer:?}");
}
