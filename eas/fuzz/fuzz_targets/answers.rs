//! No answer makes a command panic.
#![no_main]

use eas::wire::class::Class;
use eas::wire::command::{
    Autodiscover, Collection, Command, DeviceInformation, Fetch, FetchOf, Find, FindCriterion,
    FolderDelete, FolderSync, GetItemEstimate, ItemOperations, MeetingRequestId, MeetingResponse,
    MoveItems, Operation, Ping, Provision, ResolveRecipients, Search, SendMail, Settings, Store, Sync,
    UserResponse, ValidateCert, decode_json, parts,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for class in [
        Class::Email,
        Class::Calendar,
        Class::Contacts,
        Class::Tasks,
        Class::Notes,
    ] {
        let collections = vec![Collection::new(class, "1", "1")];
        let _ = Sync { collections, ..Sync::default() }.decode(data);
        let fetch = Fetch::new(FetchOf::Found(String::new()), class);
        let _ = ItemOperations(vec![Operation::Fetch(fetch)]).decode(data);
    }
    let _ = FolderSync { key: String::new() }.decode(data);
    let _ = Provision::Ask(DeviceInformation::new("x")).decode(data);
    let _ = MoveItems::default().decode(data);
    let _ = GetItemEstimate::default().decode(data);
    let _ = ResolveRecipients::default().decode(data);
    let _ = ValidateCert::default().decode(data);
    let _ = Settings::GetOutOfOffice.decode(data);
    let _ = Settings::GetUserInformation.decode(data);
    let ping = Ping {
        heartbeat: std::time::Duration::ZERO,
        folders: Vec::new(),
    };
    let _ = ping.decode(data);
    let find = Find {
        search_id: String::new(),
        criterion: FindCriterion::Directory { query: String::new() },
        range: (0, 1),
    };
    let _ = find.decode(data);
    let directory = Store::Directory { query: String::new(), pictures: true };
    let mailbox = Store::Mailbox {
        text: String::new(),
        collections: Vec::new(),
        after: None,
        before: None,
        deep: false,
        body: None,
    };
    for store in [directory, mailbox] {
        let _ = Search { store, range: (0, 1) }.decode(data);
    }
    let _ = FolderDelete { key: String::new(), id: String::new() }.decode(data);
    let accept = MeetingResponse {
        response: UserResponse::Accept,
        request: MeetingRequestId::Found(String::new()),
        instance: None,
        send: None,
    };
    let _ = accept.decode(data);
    let mail = SendMail { client_id: String::new(), account: None, save: true, mime: Vec::new() };
    let _ = mail.decode(data);
    let _ = Autodiscover::decode(data);
    let _ = decode_json(data);
    let _ = parts(data);
});
