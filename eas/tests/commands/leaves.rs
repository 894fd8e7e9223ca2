//! What a request says stands in its document: every text in its element, in the order of the
//! schema, whatever is in it.

use std::time::Duration;

use eas::wire::Version;
use eas::wire::class::{BodyType, Class};
use eas::wire::command::{
    BodyPreference, Command, DeviceInformation, EstimateOf, Fetch, FetchOf, Find, FindCriterion,
    FolderCreate, FolderDelete, FolderSync, FolderType, FolderUpdate, Forwardee, GetItemEstimate,
    ItemOperations, MeetingRequestId, MeetingResponse, Move, MoveItems, Operation, Ping,
    PolicyStatus, Provision, ResolveRecipients, Search, SendMail, SendResponse, Settings,
    SmartForward, SmartReply, Source, Store, UserResponse, ValidateCert, Wipe,
};
use eas::wire::wbxml::pages::{
    AirSync as A, AirSyncBase as B, ComposeMail as C, Email as E, Find as Fi, FolderHierarchy as F,
    GetItemEstimate as G, ItemOperations as I, MeetingResponse as M, Move as Mo, Ping as Pi,
    Provision as P, ResolveRecipients as R, Search as S, Settings as Se, ValidateCert as V,
};
use eas::wire::wbxml::{Tag, Token, Tokens};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::properties::{date, text};

const VERSIONS: [Version; 3] = [Version::V12_1, Version::V14_1, Version::V16_1];

type Leaves = Vec<(Tag, Vec<u8>)>;

/// The elements without children, and what is in them.
fn leaves(document: &[u8]) -> Leaves {
    let mut tokens = Tokens::new(document).unwrap();
    let mut found = Leaves::new();
    let mut open: Vec<(Tag, Option<Vec<u8>>)> = Vec::new();
    while let Some(token) = tokens.next_token().unwrap() {
        match token {
            Token::Start { tag, content } => {
                if let Some((_, value)) = open.last_mut() {
                    *value = None;
                }
                match content {
                    true => open.push((tag, Some(Vec::new()))),
                    false => found.push((tag, Vec::new())),
                }
            }
            Token::End => {
                if let Some((tag, Some(value))) = open.pop() {
                    found.push((tag, value));
                }
            }
            Token::Text(bytes) | Token::Opaque(bytes) => {
                let (_, value) = open.last_mut().unwrap();
                value.as_mut().unwrap().extend_from_slice(bytes);
            }
            Token::Entity(code) => panic!("entity {code}"),
        }
    }
    assert!(open.is_empty());
    found
}

/// Leaves with texts, or with what prints as one.
macro_rules! texts {
    ($($tag:expr => $text:expr),* $(,)?) => {
        vec![$(($tag, $text.to_string().into_bytes())),*]
    };
}

fn says(
    command: &impl Command,
    version: Version,
    expected: impl IntoIterator<Item = Leaves>,
) -> Result<(), TestCaseError> {
    let expected = expected.into_iter().collect::<Vec<_>>().concat();
    prop_assert_eq!(leaves(&command.encode(version)), expected, "{}", version);
    Ok(())
}

fn when(is_so: bool, leaves: Leaves) -> Leaves {
    if is_so { leaves } else { Leaves::new() }
}

fn each(tag: Tag, all: &[String]) -> Leaves {
    all.iter().flat_map(|text| texts![tag => text]).collect()
}

fn mail(parts: (String, Option<String>, bool, Vec<u8>)) -> SendMail {
    let (client_id, account, save, mime) = parts;
    SendMail {
        client_id,
        account,
        save,
        mime,
    }
}

/// The account that a mail is sent from.
fn account(mail: &SendMail) -> Leaves {
    let account = mail.account.iter();
    account
        .flat_map(|account| texts![C::AccountId => account])
        .collect()
}

fn saved(mail: &SendMail) -> Leaves {
    when(mail.save, texts![C::SaveInSentItems => ""])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folders(key in text(), id in text(), parent in text(), name in text(), kind: u8) {
        for version in VERSIONS {
            let key = || key.clone();
            says(&FolderSync { key: key() }, version, [texts![F::SyncKey => key()]])?;
            let create = FolderCreate {
                key: key(),
                parent: parent.clone(),
                name: name.clone(),
                folder_type: FolderType(kind),
            };
            says(&create, version, [texts![
                F::SyncKey => key(), F::ParentId => parent, F::DisplayName => name, F::Type => kind,
            ]])?;
            let update = FolderUpdate {
                key: key(),
                id: id.clone(),
                parent: parent.clone(),
                name: name.clone(),
            };
            says(&update, version, [texts![
                F::SyncKey => key(), F::ServerId => id, F::ParentId => parent, F::DisplayName => name,
            ]])?;
            let delete = FolderDelete { key: key(), id: id.clone() };
            says(&delete, version, [texts![F::SyncKey => key(), F::ServerId => id]])?;
        }
    }

    #[test]
    fn moves(all in vec((text(), text(), text()), 1..4)) {
        let leaves = all.iter().map(|(item, from, to)| {
            texts![Mo::SrcMsgId => item, Mo::SrcFldId => from, Mo::DstFldId => to]
        });
        let moves = all.iter().cloned().map(|(item, from, to)| Move { item, from, to });
        says(&MoveItems(moves.collect()), Version::V16_1, leaves)?;
    }

    #[test]
    fn waiting(ids in vec(text(), 1..4), seconds: u32) {
        let folders = ids.iter().cloned().map(|id| (id, "Email")).collect();
        let ping = Ping { heartbeat: Duration::from_secs(seconds.into()), folders };
        let each = ids.iter().map(|id| texts![Pi::Id => id, Pi::Class => "Email"]);
        let first = texts![Pi::HeartbeatInterval => seconds];
        says(&ping, Version::V16_1, [first].into_iter().chain(each))?;
        let again = Ping { folders: Vec::new(), ..ping };
        prop_assert!(again.encode(Version::V16_1).is_empty());
    }

    #[test]
    fn estimates(collection in text(), key in text(), filter in option::of(any::<u8>())) {
        let filtered = filter.map(|filter| texts![A::FilterType => filter]).unwrap_or_default();
        let request = GetItemEstimate(vec![EstimateOf {
            collection: collection.clone(),
            key: key.clone(),
            class: "Email",
            filter,
        }]);
        let old = [
            texts![G::Class => "Email", G::CollectionId => collection],
            filtered.clone(),
            texts![A::SyncKey => key],
        ];
        says(&request, Version::V12_1, old)?;
        let new = [
            texts![A::SyncKey => key, G::CollectionId => collection],
            filtered,
            texts![A::Class => "Email"],
        ];
        says(&request, Version::V14_1, new)?;
    }

    #[test]
    fn operations(
        collection in text(), id in text(), range in option::of(any::<(u64, u64)>()),
        mime in option::of(0..3_u8), most in option::of(any::<u32>()), unprotect: bool,
        conversation in vec(any::<u8>(), 1..30), deep: bool,
    ) {
        let places = [
            (
                FetchOf::Item { collection: collection.clone(), id: id.clone() },
                texts![A::CollectionId => collection, A::ServerId => id],
            ),
            (FetchOf::Found(id.clone()), texts![S::LongId => id]),
            (FetchOf::Attachment(id.clone()), texts![B::FileReference => id]),
        ];
        for version in VERSIONS {
            let mut operations = Vec::new();
            let mut expected = Vec::new();
            for (what, place) in places.clone() {
                operations.push(Operation::Fetch(Fetch {
                    range,
                    mime_support: mime,
                    bodies: vec![BodyPreference {
                        body_type: BodyType::Mime,
                        truncation: most,
                        all_or_none: None,
                    }],
                    unprotect,
                    ..Fetch::new(what, Class::Email)
                }));
                let range = range.map(|(from, to)| texts![I::Range => format!("{from}-{to}")]);
                expected.extend([
                    texts![I::Store => "Mailbox"],
                    place,
                    range.unwrap_or_default(),
                    mime.map(|mime| texts![A::MIMESupport => mime]).unwrap_or_default(),
                    texts![B::Type => 4],
                    most.map(|most| texts![B::TruncationSize => most]).unwrap_or_default(),
                    when(
                        unprotect && version >= Version::V14_1,
                        texts![eas::wire::wbxml::pages::RightsManagement::RemoveRightsManagementProtection => ""],
                    ),
                ]);
            }
            operations.push(Operation::EmptyFolder { collection: collection.clone(), with_subfolders: deep });
            expected.push(texts![A::CollectionId => collection]);
            expected.push(when(deep, texts![I::DeleteSubFolders => ""]));
            operations.push(Operation::MoveConversation { id: conversation.clone(), to: id.clone() });
            expected.push(vec![(I::ConversationId, conversation.clone())]);
            expected.push(texts![I::DstFldId => id, I::MoveAlways => ""]);
            says(&ItemOperations(operations), version, expected)?;
        }
    }

    #[test]
    fn searches(
        words in text(), folders in vec(text(), 0..3), after in option::of(date()),
        before in option::of(date()), deep: bool, range: (u32, u32),
    ) {
        let shown = format!("{}-{}", range.0, range.1);
        let store = Store::Mailbox {
            text: words.clone(),
            collections: folders.clone(),
            after,
            before,
            deep,
            body: None,
        };
        let bound = |date: Option<eas::wire::DateTime>| {
            let date = date.map(|date| texts![E::DateReceived => "", S::Value => date.extended()]);
            date.unwrap_or_default()
        };
        let expected = [
            texts![S::Name => "Mailbox", A::Class => "Email"],
            each(A::CollectionId, &folders),
            texts![S::FreeText => words],
            bound(after),
            bound(before),
            when(range.0 == 0, texts![S::RebuildResults => ""]),
            when(deep, texts![S::DeepTraversal => ""]),
            texts![S::Range => shown],
        ];
        says(&Search { store, range }, Version::V16_1, expected)?;
        let store = Store::Directory { query: words.clone(), pictures: deep };
        let expected = [
            texts![S::Name => "GAL", S::Query => words, S::Range => shown],
            when(deep, texts![S::Picture => ""]),
        ];
        says(&Search { store, range }, Version::V16_1, expected)?;

        let find = |criterion| Find { search_id: "1".into(), criterion, range };
        let collection = folders.first().cloned();
        let mailbox = FindCriterion::Mailbox { text: words.clone(), collection: collection.clone(), deep };
        let expected = [
            texts![Fi::SearchId => 1, A::Class => "Email"],
            each(A::CollectionId, collection.as_slice()),
            texts![Fi::FreeText => words, Fi::Range => shown],
            when(deep, texts![Fi::DeepTraversal => ""]),
        ];
        says(&find(mailbox), Version::V16_1, expected)?;
        let directory = FindCriterion::Directory { query: words.clone() };
        let expected = [texts![Fi::SearchId => 1, Fi::Query => words, Fi::Range => shown]];
        says(&find(directory), Version::V16_1, expected)?;
    }

    #[test]
    fn people(to in vec(text(), 1..4), certificates: bool, times in option::of((date(), date())), check: bool) {
        let request = ResolveRecipients { to: to.clone(), certificates, availability: times };
        for version in VERSIONS {
            let times = times.filter(|_| version >= Version::V14_0);
            let times = times.map(|(from, to)| {
                texts![R::StartTime => from.extended(), R::EndTime => to.extended()]
            });
            let wanted = when(certificates, texts![R::CertificateRetrieval => 2]);
            says(&request, version, [each(R::To, &to), wanted, times.unwrap_or_default()])?;
        }
        let request = ValidateCert { chain: to.clone(), certificates: to.clone(), check_revocation: check };
        let each = each(V::Certificate, &to);
        says(&request, Version::V16_1, [each.clone(), each, when(check, texts![V::CheckCRL => 1])])?;
    }

    #[test]
    fn invitations(
        collection in text(), id in text(), kind in 0..3_usize, instance in option::of(date()),
        words in option::of(text()), proposed in option::of((date(), date())), found: bool,
    ) {
        let responses = [UserResponse::Accept, UserResponse::Tentative, UserResponse::Decline];
        let request = match found {
            true => MeetingRequestId::Found(id.clone()),
            false => MeetingRequestId::Item { collection: collection.clone(), id: id.clone() },
        };
        let send = SendResponse { text: words.clone(), proposed };
        let answer = MeetingResponse { response: responses[kind], request, instance, send: Some(send) };
        for version in VERSIONS {
            let place = match found {
                true => texts![S::LongId => id],
                false => texts![M::CollectionId => collection, M::RequestId => id],
            };
            let instance = instance.filter(|_| version >= Version::V14_1);
            let instance = instance.map(|instance| texts![M::InstanceId => instance.extended()]);
            let is_mailed = version >= Version::V16_0;
            let body = words.as_ref().map(|words| texts![B::Type => 1, B::Data => words]);
            let times = proposed.map(|(from, to)| {
                texts![M::ProposedStartTime => from.compact(), M::ProposedEndTime => to.compact()]
            });
            // Nothing to say is an empty element, which still asks for a mail.
            let nothing = body.is_none() && times.is_none();
            says(&answer, version, [
                texts![M::UserResponse => kind + 1],
                place,
                instance.unwrap_or_default(),
                when(is_mailed && nothing, texts![M::SendResponse => ""]),
                when(is_mailed, body.unwrap_or_default()),
                when(is_mailed, times.unwrap_or_default()),
            ])?;
        }
    }

    #[test]
    fn devices(model in text(), name in option::of(text()), key in text(), kind in 0..4_usize, done: bool) {
        let mut device = DeviceInformation::new(model.clone());
        device.friendly_name.clone_from(&name);
        device.user_agent.clone_from(&name);
        let named = |tag| name.as_ref().map(|name| texts![tag => name]).unwrap_or_default();
        let told = [texts![Se::Model => model], named(Se::FriendlyName), named(Se::UserAgent)].concat();
        let asked = texts![P::PolicyType => "MS-EAS-Provisioning-WBXML"];
        for version in VERSIONS {
            says(&Settings::SetDeviceInformation(device.clone()), version, [told.clone()])?;
            let first = when(version >= Version::V14_1, told.clone());
            says(&Provision::Ask(device.clone()), version, [first, asked.clone()])?;
            let statuses = [
                PolicyStatus::Applied,
                PolicyStatus::Partial,
                PolicyStatus::Refused,
                PolicyStatus::External,
            ];
            let acknowledge = Provision::Acknowledge { key: key.clone(), status: statuses[kind] };
            let expected = texts![P::PolicyKey => key, P::Status => kind + 1];
            says(&acknowledge, version, [asked.clone(), expected])?;
            let wiped = Provision::AcknowledgeWipe { wipe: Wipe::Device, done };
            says(&wiped, version, [texts![P::Status => if done { 1 } else { 2 }]])?;
        }
    }

    #[test]
    fn mails(
        parts in (text(), option::of(text()), any::<bool>(), vec(any::<u8>(), 0..99)),
        place in (text(), text(), option::of(date())), replace: bool,
        people in vec((text(), text()), 1..3), words in option::of(text()),
    ) {
        let mail = mail(parts);
        let (collection, id, instance) = place;
        let instance_leaf = instance.map(|at| texts![C::InstanceId => at.extended()]);
        let sources = [
            (Source::Found(id.clone()), texts![C::LongId => id]),
            (
                Source::Item { collection: collection.clone(), id: id.clone(), instance },
                [texts![C::FolderId => collection, C::ItemId => id], instance_leaf.unwrap_or_default()].concat(),
            ),
        ];
        let name = texts![C::ClientId => mail.client_id];
        let mime = vec![(C::Mime, mail.mime.clone())];
        let replaced = when(replace, texts![C::ReplaceMime => ""]);
        // Up to 12.1 the message is all there is.
        prop_assert_eq!(&mail.encode(Version::V12_1), &mail.mime);
        for version in [Version::V14_1, Version::V16_1] {
            says(&mail, version, [name.clone(), account(&mail), saved(&mail), mime.clone()])?;
            for (source, place) in sources.clone() {
                let about = [name.clone(), place, account(&mail)].concat();
                let head = [about.clone(), saved(&mail), replaced.clone()].concat();
                let reply = SmartReply { mail: mail.clone(), source: source.clone(), replace };
                prop_assert_eq!(&reply.encode(Version::V12_1), &mail.mime);
                says(&reply, version, [head.clone(), mime.clone()])?;
                let forward = SmartForward { mail: mail.clone(), source, replace, forwardees: Vec::new(), text: None };
                prop_assert_eq!(&forward.encode(Version::V12_1), &mail.mime);
                says(&forward, version, [head.clone(), mime.clone()])?;
                // To people instead of as a message, from 16.0 on, and then nothing is of a message.
                let to = people.iter().cloned().map(|(name, email)| Forwardee { name, email });
                let forward = SmartForward { forwardees: to.collect(), text: words.clone(), ..forward };
                let named = people.iter().flat_map(|(name, email)| texts![C::Name => name, C::Email => email]);
                let said = words.as_ref().map(|words| texts![B::Type => 1, B::Data => words]);
                let expected = match version >= Version::V16_0 {
                    true => [about, named.collect(), said.unwrap_or_default()],
                    false => [head, mime.clone(), Leaves::new()],
                };
                says(&forward, version, expected)?;
            }
        }
    }
}
