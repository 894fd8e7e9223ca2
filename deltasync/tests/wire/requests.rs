//! Every byte of what is sent.

use bytes::Bytes;
use deltasync::wire::item_operations::Fetch;
use deltasync::wire::sync::{
    Class, CollectionRequest, Command, Conflict, Encoded, MessageChange, NewFolder, NewMessage,
    ReplyState, SyncRequest,
};
use deltasync::wire::{ServerId, SyncKey};

fn text(encoded: &Encoded) -> &str {
    std::str::from_utf8(&encoded.body).unwrap()
}

fn mail(key: &str) -> CollectionRequest {
    CollectionRequest::new(
        Class::Email,
        Some(ServerId::new("FOLDER-GUID")),
        SyncKey::new(key),
    )
}

#[test]
fn what_clients_of_the_service_sent() {
    let mut folders = CollectionRequest::new(Class::Folder, None, SyncKey::initial());
    folders.get_changes = true;
    let mut messages = mail("KEY");
    messages.get_changes = true;
    messages.window = Some(256);
    let mut delete = mail("KEY");
    delete
        .commands
        .push(Command::Delete(ServerId::new("MSG-GUID")));
    for (request, expected) in [
        (
            folders,
            "<Sync xmlns=\"AirSync:\"><Collections><Collection><Class>Folder</Class>\
             <SyncKey>0</SyncKey><GetChanges/></Collection></Collections></Sync>",
        ),
        (
            messages,
            "<Sync xmlns=\"AirSync:\"><Collections><Collection><Class>Email</Class>\
             <CollectionId>folder-guid</CollectionId><SyncKey>KEY</SyncKey><GetChanges/>\
             <WindowSize>256</WindowSize></Collection></Collections></Sync>",
        ),
        (
            delete,
            "<Sync xmlns=\"AirSync:\"><Collections><Collection><Class>Email</Class>\
             <CollectionId>folder-guid</CollectionId><SyncKey>KEY</SyncKey><Commands><Delete>\
             <ServerId>msg-guid</ServerId></Delete></Commands></Collection></Collections></Sync>",
        ),
    ] {
        let encoded = SyncRequest::of(request).encode();
        assert_eq!(
            (encoded.content_type, text(&encoded)),
            ("text/xml", expected)
        );
    }
    let fetch = Fetch {
        id: ServerId::new("MSG-GUID"),
    };
    assert_eq!(
        fetch.encode(),
        "<ItemOperations xmlns=\"ItemOperations:\" xmlns:A=\"HMMAIL:\"><Fetch><Class>Email</Class>\
         <A:ServerId>msg-guid</A:ServerId><A:Compression>hm-compression</A:Compression>\
         <A:ResponseContentType>mtom</A:ResponseContentType></Fetch></ItemOperations>"
    );
}

#[test]
fn what_notes_say_of_changes() {
    let mut change = MessageChange::new(ServerId::new("msg-guid"));
    change.read = Some(true);
    change.reply_state = Some(ReplyState::Replied);
    let mut request = CollectionRequest::new(Class::Email, None, SyncKey::new("KEY"));
    request.commands.push(Command::ChangeMessage(change));
    let encoded = SyncRequest::of(request).encode();
    assert_eq!(
        text(&encoded),
        "<Sync xmlns=\"AirSync:\" xmlns:A=\"EMAIL:\" xmlns:B=\"HMMAIL:\"><Collections><Collection>\
         <Class>Email</Class><SyncKey>KEY</SyncKey><Commands><Change><ServerId>msg-guid</ServerId>\
         <ApplicationData><A:Read>1</A:Read>\
         <B:ReplyToOrForwardState>1</B:ReplyToOrForwardState></ApplicationData></Change></Commands>\
         </Collection></Collections></Sync>"
    );
    let mut request = CollectionRequest::new(Class::Folder, None, SyncKey::new("KEY"));
    request.commands = vec![
        Command::AddFolder(NewFolder {
            client_id: "LOCAL-ID".into(),
            name: "Name".into(),
            parent: ServerId::root(),
        }),
        Command::Delete(ServerId::new("folder-guid")),
        Command::RenameFolder {
            id: ServerId::new("folder-guid"),
            name: "New".into(),
        },
    ];
    let encoded = SyncRequest::of(request).encode();
    let commands = text(&encoded).split("<Commands>").nth(1).unwrap();
    assert_eq!(
        commands.split("</Commands>").next().unwrap(),
        "<Change><ServerId>folder-guid</ServerId><ApplicationData>\
         <C:DisplayName charset=\"iso-8859-1\">New</C:DisplayName><C:Version>1</C:Version>\
         </ApplicationData></Change>\
         <Delete><ServerId>folder-guid</ServerId></Delete>\
         <Add><ClientId>LOCAL-ID</ClientId><ApplicationData>\
         <C:DisplayName charset=\"iso-8859-1\">Name</C:DisplayName><C:Version>1</C:Version>\
         <C:ParentId isClientId=\"0\">00000000-0000-0000-0000-000000000000</C:ParentId>\
         </ApplicationData></Add>"
    );
}

#[test]
fn an_upload_is_a_mime_entity() {
    let content = Bytes::from_static(b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n\x00\xff--\r\n");
    let mut request = mail("KEY");
    request
        .commands
        .push(Command::AddMessage(Box::new(NewMessage {
            client_id: "11111111-2222-4333-8444-555555555555".into(),
            folder: ServerId::new("folder-guid"),
            content: content.clone(),
            read: true,
            reply_state: ReplyState::Forwarded,
            flagged: false,
            received: 1_335_951_537,
            from: "a <a@b>".into(),
            subject: "Gr\u{fc}\u{df}e\u{1}".into(),
            topic: "x".into(),
            attachments: false,
        })));
    let mut request = SyncRequest::of(request);
    request.conflict = Some(Conflict::Server);
    let encoded = request.encode();
    assert_eq!(encoded.content_type, "application/xop+xml");
    let shown = String::from_utf8_lossy(&encoded.body).into_owned();
    let (head, rest) = shown.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="));
    assert!(head.ends_with("; start-info=\"application/xop+xml\""));
    assert!(rest.contains("<D:Options><D:Conflict>1</D:Conflict></D:Options>"));
    assert!(rest.contains("<A:Subject>Gr&#252;&#223;e&#65533;</A:Subject>"));
    assert!(rest.contains("<A:DateReceived>2012-05-02T09:38:57.000Z</A:DateReceived>"));
    assert!(rest.contains("<xop:Include href=\"11111111-2222-4333-8444-555555555555\"/>"));
    assert!(rest.contains("Content-Type: application/rfc822\r\n"));
    // The document is of seven bits; the message follows as it is.
    let at = encoded
        .body
        .windows(content.len())
        .position(|w| w == content)
        .unwrap();
    assert!(encoded.body[..at].is_ascii());
}
