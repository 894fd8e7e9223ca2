use eas::wire::command::Name;
use eas::wire::{Action, Status};

#[test]
fn statuses_say_what_to_do() {
    for (command, status, action) in [
        (Name::Sync, 1, Action::None),
        (Name::Sync, 3, Action::Reprime),
        (Name::Sync, 4, Action::Bug),
        (Name::Sync, 6, Action::RefuseItem),
        (Name::Sync, 7, Action::Conflict),
        (Name::Sync, 8, Action::ItemGone),
        (Name::Sync, 12, Action::SyncFolders),
        (Name::Sync, 13, Action::SendInFull),
        (Name::Sync, 14, Action::TakeLimit),
        (Name::Sync, 16, Action::Retry),
        (Name::MoveItems, 1, Action::ItemGone),
        (Name::MoveItems, 3, Action::None),
        (Name::FolderSync, 9, Action::ReprimeFolders),
        (Name::Ping, 2, Action::None),
        (Name::Ping, 7, Action::SyncFolders),
        (Name::Provision, 1, Action::None),
        (Name::Search, 12, Action::None),
    ] {
        assert_eq!(Status(status).action(command), action, "{command} {status}");
    }
    // From 101 on the command does not matter.
    for command in [Name::Sync, Name::Ping, Name::SendMail] {
        for (status, action) in [
            (110, Action::RetryLate),
            (111, Action::Retry),
            (118, Action::None),
            (129, Action::Report),
            (132, Action::Reprime),
            (140, Action::Wipe),
            (142, Action::Provision),
            (150, Action::ItemGone),
            (165, Action::Provision),
            (999, Action::Bug),
        ] {
            assert_eq!(Status(status).action(command), action, "{command} {status}");
        }
    }
    assert!(Status(129).to_string().contains("quarantine"));
}
