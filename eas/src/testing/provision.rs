//! Provision ([MS-ASPROV] section 2.2.2.1), and who has to.

use super::account::{Account, Wipe};
use super::call::{Answer, Call};
use super::element::Element;
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{Provision as P, Settings as S};

const POLICY_TYPE: &str = "MS-EAS-Provisioning-WBXML";
const WIPE_ORDERED: u16 = 140;
const NOT_PROVISIONED: u16 = 142;
const POLICY_REFRESH: u16 = 143;
const INVALID_KEY: u16 = 144;
const INFORMATION_REQUIRED: u16 = 165;

/// Why a device has to provision before anything else: a status of 14.0 and later, HTTP 449 before.
pub(super) fn demand(call: &Call<'_>, account: &mut Account) -> Option<u16> {
    if account.wipe.is_some() && account.wiped.is_none() {
        return Some(WIPE_ORDERED);
    }
    if !account.demands_policy {
        return None;
    }
    let current = account.policy_version;
    let known = account.device(call.device()).policy.clone();
    match (known, call.policy_key) {
        (None, None | Some("0")) => Some(NOT_PROVISIONED),
        (None, Some(_)) => Some(INVALID_KEY),
        (Some((_, version)), _) if version != current => Some(POLICY_REFRESH),
        // Ping need not say the key.
        (Some(_), None) if call.query.command == "Ping" => None,
        (Some(_), None | Some("0")) => Some(NOT_PROVISIONED),
        (Some((known, _)), Some(key)) if known != key => Some(INVALID_KEY),
        (Some(_), Some(_)) => None,
    }
}

pub(super) fn provision(call: &Call<'_>, account: &mut Account) -> Answer {
    let Some(root) = call.root(P::Provision) else {
        return status(2);
    };
    if let Some(wipe) = account.wipe {
        if let Some(answer) = wiped(root, account) {
            return answer;
        }
        // Up to 12.1 a device cannot know of it before it asks for the policy.
        if account.wiped.is_none() {
            let tag = match wipe {
                Wipe::Account if call.version >= 161 => P::AccountOnlyRemoteWipe,
                _ => P::RemoteWipe,
            };
            let ok = Element::text(P::Status, "1");
            return Answer::Tree(Element::new(P::Provision, [ok, Element::empty(tag)]));
        }
    }
    let policies = root.child(P::Policies);
    let Some(policy) = policies.and_then(|all| all.child(P::Policy)) else {
        return status(2);
    };
    match (policy.find(P::PolicyKey), policy.find(P::Status)) {
        (None, None) => offer(call, account, root, policy),
        (Some(key), Some(told)) => acknowledge(call, account, policy, &key, &told),
        _ => status(2),
    }
}

fn status(code: u16) -> Answer {
    let status = Element::text(P::Status, code.to_string());
    Answer::Tree(Element::new(P::Provision, [status]))
}

/// A device says what became of a wipe.
fn wiped(root: &Element, account: &mut Account) -> Option<Answer> {
    let answer = root
        .child(P::RemoteWipe)
        .or_else(|| root.child(P::AccountOnlyRemoteWipe))?;
    account.wiped = Some(answer.find(P::Status).as_deref() == Some("1"));
    account.devices.clear();
    Some(status(1))
}

/// The first phase: the policy, with a key that holds until it is acknowledged.
fn offer(call: &Call<'_>, account: &mut Account, root: &Element, policy: &Element) -> Answer {
    let information = root.child(S::DeviceInformation);
    let takes = matches!(call.version, 141 | 160 | 161);
    match information.and_then(|all| all.child(S::Set)) {
        Some(set) if takes => {
            if root.children.first().map(|first| first.tag) != Some(S::DeviceInformation) {
                return status(2);
            }
            let information = set.children.clone();
            account.device(call.device()).information = information;
        }
        Some(_) => return status(2),
        None if takes => return status(INFORMATION_REQUIRED),
        None => {}
    }
    let mut said = Vec::new();
    if takes {
        let ok = Element::text(S::Status, "1");
        said.push(Element::new(S::DeviceInformation, [ok]));
    }
    said.push(Element::text(P::Status, "1"));
    let kind = policy.find(P::PolicyType).unwrap_or_default();
    let code = match (&account.policy, kind.as_str()) {
        (_, kind) if kind != POLICY_TYPE => 3,
        (None, _) => 2,
        (Some(_), _) => 1,
    };
    let mut policy = vec![
        Element::text(P::PolicyType, kind),
        Element::text(P::Status, code.to_string()),
    ];
    if let Some(document) = account.policy.clone()
        && code == 1
    {
        let key = policy_key(account);
        policy.push(Element::text(P::PolicyKey, &key));
        let document = Element::new(P::EASProvisionDoc, document);
        policy.push(Element::new(P::Data, [document]));
        account.device(call.device()).offered = Some(key);
    }
    said.push(policies(policy));
    Answer::Tree(Element::new(P::Provision, said))
}

/// The second phase: how the device took it, and the key that holds from now on.
fn acknowledge(
    call: &Call<'_>,
    account: &mut Account,
    policy: &Element,
    key: &str,
    told: &str,
) -> Answer {
    let order = [P::PolicyType, P::PolicyKey, P::Status];
    let tags: Vec<Tag> = policy.children.iter().map(|child| child.tag).collect();
    if tags != order {
        return status(2);
    }
    let offered = account.device(call.device()).offered.clone();
    let is_known = offered.as_deref() == Some(key) && call.policy_key == Some(key);
    let mut said = vec![Element::text(P::PolicyType, POLICY_TYPE)];
    match (is_known, told) {
        (true, "1" | "2" | "3" | "4") => {
            account.policy_answer = told.parse().ok();
            let key = policy_key(account);
            let version = account.policy_version;
            let device = account.device(call.device());
            device.offered = None;
            device.policy = Some((key.clone(), version));
            said.push(Element::text(P::Status, "1"));
            said.push(Element::text(P::PolicyKey, key));
        }
        _ => said.push(Element::text(P::Status, "5")),
    }
    let ok = Element::text(P::Status, "1");
    Answer::Tree(Element::new(P::Provision, [ok, policies(said)]))
}

fn policies(policy: Vec<Element>) -> Element {
    Element::new(P::Policies, [Element::new(P::Policy, policy)])
}

/// A key as servers make them: a number of 32 bits.
fn policy_key(account: &mut Account) -> String {
    let number = account.number().wrapping_mul(2_654_435_761);
    (number % 4_294_967_291).max(1).to_string()
}
