//! What a session goes through before it has its answer.

use eas::testing::{Profile, Server};
use eas::wire::Version;

use crate::world::client;

#[tokio::test]
async fn a_version_is_settled_on() {
    for (profile, expected) in [
        (Profile::full(), Version::V16_1),
        (Profile::exchange_online(), Version::V16_1),
        (Profile::exchange_2013(), Version::V14_1),
        (Profile::sogo_like(), Version::V14_1),
    ] {
        let server = Server::builder().profile(profile).start().unwrap();
        let mut client = client(&server);
        client.folder_sync("0").await.unwrap();
        client.folder_sync("0").await.unwrap();
        assert_eq!(client.version(), Some(expected));
        assert_eq!(server.commands(), ["OPTIONS", "FolderSync", "FolderSync"]);
    }
}
