//! What servers say, and what they should not.

use deltasync::wire::send::SendAnswer;
use deltasync::wire::settings::Settings;
use deltasync::wire::sync::{Class, ReplyState, ResponseKind, ServerCommand, SyncAnswer};
use deltasync::wire::{Action, DecodeErrorKind, ServerId, Status};

const MESSAGES: &str = "<?xml version=\"1.0\"?><Sync xmlns:x=\"HMSYNC:\" xmlns:y=\"EMAIL:\" \
    xmlns:z=\"HMMAIL:\" xmlns=\"AirSync:\"><x:Status>1</x:Status><Collections><Collection>\
    <Class>Email</Class><SyncKey>K2</SyncKey><Status>1</Status><Commands>\
    <Delete><ServerId>A1</ServerId></Delete>\
    <Change><ServerId>A2</ServerId><ApplicationData><y:Read>1</y:Read></ApplicationData></Change>\
    <Add><ServerId>E631966A-9439-11E1-8E7B-00215AD9A7B8</ServerId><ApplicationData>\
    <y:Read>0</y:Read><y:From encoding=\"2\">IkEiIDxhQGI+</y:From>\
    <y:Subject>=?utf-8?Q?=C3=BC?=</y:Subject>\
    <y:DateReceived>2012-05-02T09:38:57.250Z</y:DateReceived><z:Size>1234</z:Size>\
    <z:ReplyToOrForwardState>2</z:ReplyToOrForwardState>\
    <z:Flag><z:State>2</z:State></z:Flag><z:HasAttachments>1</z:HasAttachments>\
    <unknown>x</unknown></ApplicationData><z:FolderId>F1</z:FolderId></Add>\
    </Commands><Responses><Add><ClientId>c</ClientId><ServerId>S</ServerId><Status>1</Status></Add>\
    <Delete><ServerId>D</ServerId><Status>4403</Status></Delete></Responses><MoreAvailable/>\
    </Collection><Collection><Class>Calendar</Class></Collection></Collections></Sync>";

#[test]
fn messages_are_read() {
    let answer = SyncAnswer::decode(MESSAGES.as_bytes()).unwrap();
    let mail = answer.only(Class::Email).unwrap();
    assert_eq!(mail.key.unwrap().as_str(), "K2");
    assert!(mail.more && mail.status.is_success());
    assert_eq!(mail.commands[0], ServerCommand::Delete(ServerId::new("a1")));
    let ServerCommand::Message(partial) = &mail.commands[1] else {
        panic!()
    };
    assert_eq!(
        (partial.read, partial.reply_state, partial.flagged),
        (Some(true), None, None)
    );
    let ServerCommand::Message(new) = &mail.commands[2] else {
        panic!()
    };
    assert_eq!(new.id.as_str(), "e631966a-9439-11e1-8e7b-00215ad9a7b8");
    assert_eq!((new.read, new.flagged), (Some(false), Some(true)));
    assert_eq!(new.reply_state, Some(ReplyState::Forwarded));
    assert_eq!(new.from.as_deref(), Some("\"A\" <a@b>"));
    assert_eq!(new.subject.as_deref(), Some("\u{fc}"));
    assert_eq!((new.received, new.size), (Some(1_335_951_537), Some(1234)));
    assert_eq!(new.folder, Some(ServerId::new("f1")));
    let kinds: Vec<_> = mail.responses.iter().map(|r| (r.kind, r.status)).collect();
    assert_eq!(
        kinds,
        [
            (ResponseKind::Add, Status(1)),
            (ResponseKind::Delete, Status::NO_ITEM)
        ]
    );
}

#[test]
fn a_fault_says_what_to_do() {
    let text = "<Sync xmlns:D=\"HMSYNC:\" xmlns=\"AirSync:\"><D:Status>4104</D:Status><D:Fault>\
        <D:Faultcode>c</D:Faultcode><D:Faultstring>text</D:Faultstring><D:Detail/></D:Fault></Sync>";
    let error = SyncAnswer::decode(text.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::Status);
    assert_eq!(
        error.to_string(),
        "status 4104 (the sync key is void), c, text"
    );
    assert_eq!(error.fault().unwrap().status.action(), Action::Resync);
}

#[test]
fn what_makes_no_sense_is_refused() {
    use DecodeErrorKind::{Content, Foreign, Syntax};

    let sync = |inner: &str| {
        format!(
            "<Sync xmlns=\"AirSync:\"><Status>1</Status><Collections>{inner}</Collections></Sync>"
        )
    };
    for (text, kind) in [
        ("<html/>".to_owned(), Foreign),
        ("<!DOCTYPE html><html/>".to_owned(), Syntax),
        ("<Sync xmlns=\"AirSync:\"/>".to_owned(), Content),
        (
            "<Sync xmlns=\"AirSync:\"><Status>one</Status></Sync>".to_owned(),
            Content,
        ),
        (
            sync("<Collection><Class>Email</Class></Collection>"),
            Content,
        ),
        (
            sync("<Collection><Class>Email</Class><Status>1</Status></Collection>"),
            Content,
        ),
        (
            sync(
                "<Collection><Class>Email</Class><SyncKey>1</SyncKey><Status>1</Status><Commands>\
                 <Add/></Commands></Collection>",
            ),
            Content,
        ),
    ] {
        let error = SyncAnswer::decode(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{text}");
    }
    let empty = SyncAnswer::decode(sync("").as_bytes()).unwrap();
    assert!(empty.only(Class::Folder).is_err());
}

#[test]
fn what_was_sent_and_what_is_allowed() {
    let sent = "<Send xmlns:D=\"HMSYNC:\" xmlns=\"Send:\"><Status>1</Status><Responses><SendItem>\
        <Status>4309</Status></SendItem></Responses></Send>";
    let sent = SendAnswer::decode(sent.as_bytes()).unwrap();
    assert_eq!((sent.sent, sent.saved), (Status::TOO_LARGE, None));
    let settings = "<Settings xmlns=\"HMSETTINGS:\"><Status>1</Status><AccountSettings><Status>1\
        </Status><Get><Properties><AccountStatus>Blocked</AccountStatus></Properties></Get>\
        </AccountSettings></Settings>";
    let settings = Settings::decode(settings.as_bytes()).unwrap();
    assert!(!settings.is_open());
    assert_eq!(settings.number("MaxMessageSize"), None);
}
