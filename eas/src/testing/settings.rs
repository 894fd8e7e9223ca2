//! Settings ([MS-ASCMD] section 2.2.1.18) and ValidateCert (section 2.2.1.22).

use super::account::Account;
use super::call::{Answer, Call};
use super::element::Element;
use crate::wire::wbxml::pages::{Settings as S, ValidateCert as V};

/// No certificate can be traced to an authority here.
const UNTRUSTED: &str = "4";

pub(super) fn settings(call: &Call<'_>, account: &mut Account) -> Answer {
    let status = |code: u16| Element::text(S::Status, code.to_string());
    let Some(root) = call.root(S::Settings).filter(|root| !root.is_empty()) else {
        return super::carry_out::refuse("Settings", 2);
    };
    let mut all = vec![status(1)];
    for property in &root.children {
        let answer = match property.tag {
            S::Oof => oof(account, property),
            S::DeviceInformation => match property.child(S::Set) {
                Some(set) => {
                    account.device(call.device()).information = set.children.clone();
                    vec![status(1)]
                }
                None => vec![status(2)],
            },
            S::DevicePassword => vec![status(1)],
            S::UserInformation => vec![status(1), Element::new(S::Get, [user(call, account)])],
            _ => return super::carry_out::refuse("Settings", 2),
        };
        all.push(Element::new(property.tag, answer));
    }
    Answer::Tree(Element::new(S::Settings, all))
}

fn oof(account: &mut Account, property: &Element) -> Vec<Element> {
    let status = |code: u16| Element::text(S::Status, code.to_string());
    if let Some(set) = property.child(S::Set) {
        let state = set.find(S::OofState);
        let timed = set.child(S::StartTime).is_some() && set.child(S::EndTime).is_some();
        return match state.as_deref() {
            Some("2") if !timed => vec![status(5)],
            Some("0" | "1" | "2") => {
                account.oof = set.children.clone();
                vec![status(1)]
            }
            _ => vec![status(5)],
        };
    }
    let mut oof = account.oof.clone();
    if oof.is_empty() {
        oof.push(Element::text(S::OofState, "0"));
    }
    vec![status(1), Element::new(S::Get, oof)]
}

/// The user's own addresses.
fn user(call: &Call<'_>, account: &Account) -> Element {
    let address = Element::text(S::SMTPAddress, &account.address);
    if call.version < 141 {
        return Element::new(S::EmailAddresses, [address]);
    }
    let primary = Element::text(S::PrimarySmtpAddress, &account.address);
    let addresses = Element::new(S::EmailAddresses, [address, primary]);
    let name = Element::text(S::UserDisplayName, &account.display_name);
    Element::new(S::Accounts, [Element::new(S::Account, [name, addresses])])
}

pub(super) fn validate(call: &Call<'_>) -> Answer {
    let certificates = call
        .root(V::ValidateCert)
        .and_then(|root| root.child(V::Certificates));
    let Some(certificates) = certificates else {
        return super::carry_out::refuse("ValidateCert", 2);
    };
    let mut all = vec![Element::text(V::Status, "1")];
    all.extend(
        certificates
            .children
            .iter()
            .map(|_| Element::new(V::Certificate, [Element::text(V::Status, UNTRUSTED)])),
    );
    Answer::Tree(Element::new(V::ValidateCert, all))
}
