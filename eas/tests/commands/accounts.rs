//! Answers about people and the account are read as what was written.

use eas::testing::Element;
use eas::wire::command::{
    Account, DeviceInformation, MeetingRequestId, MeetingResponse, MeetingResult, OofMessage,
    OofState, OutOfOffice, PolicyAnswer, PolicyDocument, Provision, ProvisionAnswer, Recipient,
    ResolveAnswer, ResolveRecipients, Resolved, Settings, SettingsAnswer, UserResponse,
    ValidateCert, Validated, Wipe,
};
use eas::wire::wbxml::Tag;
use eas::wire::wbxml::pages::{
    MeetingResponse as M, Provision as P, ResolveRecipients as R, Settings as Se, ValidateCert as V,
};
use eas::wire::{DateTime, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::properties::{date, text, values};
use super::tree::{code, leaf, leaves, maybe, maybe_text, node, reads, status, texts, told};

const POLICY: &[Tag] = &[
    P::DevicePasswordEnabled,
    P::MinDevicePasswordLength,
    P::MaxAttachmentSize,
    P::AllowHTMLEmail,
];

fn recipient() -> impl Strategy<Value = Recipient> {
    let parts = (text(), text(), maybe_text(), texts());
    parts.prop_map(|(name, email, free_busy, certificates)| Recipient {
        name,
        email,
        free_busy,
        certificates,
    })
}

fn recipient_tree(recipient: &Recipient) -> Element {
    let free = recipient.free_busy.as_ref();
    let certificates = leaves(R::Certificate, &recipient.certificates);
    node(
        R::Recipient,
        [
            Some(leaf(R::Type, &1)),
            Some(leaf(R::DisplayName, &recipient.name)),
            Some(leaf(R::EmailAddress, &recipient.email)),
            free.map(|free| {
                let children = [leaf(R::Status, &1), leaf(R::MergedFreeBusy, free)];
                Element::new(R::Availability, children)
            }),
            (!certificates.is_empty()).then(|| {
                let status = [leaf(R::Status, &1)].into_iter();
                Element::new(R::Certificates, status.chain(certificates))
            }),
        ],
    )
}

fn out_of_office() -> impl Strategy<Value = OutOfOffice> {
    let state = prop_oneof![
        Just(OofState::Off),
        Just(OofState::On),
        (date(), date()).prop_map(|(from, to)| OofState::Between(from, to)),
    ];
    let audience = option::of(prop::sample::select(vec![
        Se::AppliesToInternal,
        Se::AppliesToExternalKnown,
        Se::AppliesToExternalUnknown,
    ]));
    let message = (audience, any::<bool>(), maybe_text());
    let message = message.prop_map(|(audience, enabled, text)| OofMessage {
        audience,
        enabled,
        text,
    });
    (state, vec(message, 0..4)).prop_map(|(state, messages)| OutOfOffice { state, messages })
}

fn out_of_office_tree(oof: &OutOfOffice) -> Element {
    let (number, times) = match oof.state {
        OofState::Off => (0, None),
        OofState::On => (1, None),
        OofState::Between(from, to) => (2, Some((from, to))),
    };
    let time = |tag, time: DateTime| leaf(tag, &time.extended());
    let messages = oof.messages.iter().map(|message| {
        node(
            Se::OofMessage,
            [
                message.audience.map(Element::empty),
                Some(leaf(Se::Enabled, &u8::from(message.enabled))),
                maybe(Se::ReplyMessage, message.text.as_ref()),
                Some(leaf(Se::BodyType, "Text")),
            ],
        )
    });
    let state = [
        Some(leaf(Se::OofState, &number)),
        times.map(|(from, _)| time(Se::StartTime, from)),
        times.map(|(_, to)| time(Se::EndTime, to)),
    ];
    node(Se::Get, state.into_iter().chain(messages.map(Some)))
}

fn account() -> impl Strategy<Value = Account> {
    let parts = (maybe_text(), maybe_text(), maybe_text(), texts());
    parts.prop_map(|(id, name, display_name, addresses)| Account {
        id,
        name,
        display_name,
        addresses,
    })
}

fn addresses_tree(addresses: &[String]) -> Element {
    let (first, rest) = match addresses {
        [first, rest @ ..] => (Some(leaf(Se::PrimarySmtpAddress, first)), rest),
        [] => (None, addresses),
    };
    let rest = leaves(Se::SMTPAddress, rest).into_iter().map(Some);
    node(Se::EmailAddresses, rest.chain([first]))
}

fn account_tree(account: &Account) -> Element {
    node(
        Se::Account,
        [
            maybe(Se::AccountId, account.id.as_ref()),
            maybe(Se::AccountName, account.name.as_ref()),
            maybe(Se::UserDisplayName, account.display_name.as_ref()),
            Some(addresses_tree(&account.addresses)),
        ],
    )
}

fn policy() -> impl Strategy<Value = PolicyAnswer> {
    let document = (values(POLICY), texts(), texts());
    let document = document.prop_map(|(values, unapproved, approved)| PolicyDocument {
        values,
        unapproved_applications: unapproved,
        approved_applications: approved,
    });
    let parts = (status(), maybe_text(), option::of(document));
    parts.prop_map(|(status, key, document)| PolicyAnswer {
        status,
        key,
        document,
    })
}

fn policy_tree(policy: &PolicyAnswer) -> Element {
    let document = policy.document.as_ref().map(|document| {
        let mut all = told(&document.values);
        for (list, one, texts) in [
            (
                P::UnapprovedInROMApplicationList,
                P::ApplicationName,
                &document.unapproved_applications,
            ),
            (
                P::ApprovedApplicationList,
                P::Hash,
                &document.approved_applications,
            ),
        ] {
            all.push(Element::new(list, leaves(one, texts)));
        }
        Element::new(P::Data, [Element::new(P::EASProvisionDoc, all)])
    });
    let children = [
        Some(leaf(P::PolicyType, "MS-EAS-Provisioning-WBXML")),
        code(P::Status, policy.status),
        maybe(P::PolicyKey, policy.key.as_ref()),
        document,
    ];
    node(P::Policy, children)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn people(status in status(), all in vec((text(), status(), vec(recipient(), 0..3)), 0..3), seed: u64) {
        let resolved: Vec<Resolved> = all
            .into_iter()
            .map(|(to, status, recipients)| Resolved { to, status, recipients })
            .collect();
        let responses = resolved.iter().map(|one| {
            let mut all = vec![Some(leaf(R::To, &one.to)), code(R::Status, one.status)];
            all.extend(one.recipients.iter().map(|recipient| Some(recipient_tree(recipient))));
            Some(node(R::Response, all))
        });
        let tree = node(R::ResolveRecipients, [code(R::Status, status)].into_iter().chain(responses));
        reads(&ResolveRecipients::default(), &ResolveAnswer { status, resolved }, &tree, seed)?;
    }

    #[test]
    fn certificates(status in status(), all in vec(any::<u16>(), 0..4), seed: u64) {
        let each = all.iter().map(|status| Some(Element::new(V::Certificate, [leaf(V::Status, status)])));
        let tree = node(V::ValidateCert, [code(V::Status, status)].into_iter().chain(each));
        let certificates = all.iter().copied().map(Status).collect();
        reads(&ValidateCert::default(), &Validated { status, certificates }, &tree, seed)?;
    }

    #[test]
    fn meetings(status in status(), appointment in maybe_text(), seed: u64) {
        let result = [
            Some(leaf(M::RequestId, "5:1")),
            code(M::Status, status),
            maybe(M::CalendarId, appointment.as_ref()),
        ];
        let tree = Element::new(M::MeetingResponse, [node(M::Result, result)]);
        let request = MeetingResponse {
            response: UserResponse::Accept,
            request: MeetingRequestId::Found("1".into()),
            instance: None,
            send: None,
        };
        reads(&request, &MeetingResult { status, appointment }, &tree, seed)?;
    }

    #[test]
    fn settings(status in status(), part in status(), oof in out_of_office(), accounts in vec(account(), 0..3), addresses in texts(), seed: u64) {
        let answer = SettingsAnswer { status, part, ..SettingsAnswer::default() };
        let tree = |section, inner| {
            let section = node(section, [code(Se::Status, part), inner]);
            node(Se::Settings, [code(Se::Status, status), Some(section)])
        };
        let notice = SettingsAnswer { out_of_office: Some(oof.clone()), ..answer.clone() };
        reads(&Settings::GetOutOfOffice, &notice, &tree(Se::Oof, Some(out_of_office_tree(&oof))), seed)?;
        let set = Settings::SetOutOfOffice(oof);
        reads(&set, &answer, &tree(Se::Oof, None), seed)?;
        let device = Settings::SetDeviceInformation(DeviceInformation::new("x"));
        reads(&device, &answer, &tree(Se::DeviceInformation, None), seed)?;

        let all = Element::new(Se::Accounts, accounts.iter().map(account_tree));
        let user = tree(Se::UserInformation, Some(Element::new(Se::Get, [all])));
        reads(&Settings::GetUserInformation, &SettingsAnswer { accounts, ..answer.clone() }, &user, seed)?;
        // Up to 14.0 there is one account, which is its addresses.
        let user = tree(Se::UserInformation, Some(Element::new(Se::Get, [addresses_tree(&addresses)])));
        let accounts = vec![Account { addresses, ..Account::default() }];
        reads(&Settings::GetUserInformation, &SettingsAnswer { accounts, ..answer }, &user, seed)?;
    }

    #[test]
    fn policies(status in status(), policy in option::of(policy()), wipe in option::of(any::<bool>()), seed: u64) {
        let wipe = wipe.map(|all| if all { Wipe::Device } else { Wipe::Account });
        let wipe_tag = wipe.map(|wipe| match wipe {
            Wipe::Device => P::RemoteWipe,
            Wipe::Account => P::AccountOnlyRemoteWipe,
        });
        let tree = node(P::Provision, [
            code(P::Status, status),
            wipe_tag.map(Element::empty),
            policy.as_ref().map(|policy| Element::new(P::Policies, [policy_tree(policy)])),
        ]);
        let answer = ProvisionAnswer { status, policy, wipe };
        for request in [Provision::Ask(DeviceInformation::new("x")), Provision::AskWipe] {
            reads(&request, &answer, &tree, seed)?;
        }
    }
}
