//! Provision ([MS-ASPROV]).

use super::{Command, DeviceInformation, Name, PolicyDocument};
use crate::wire::wbxml::pages::{Provision as P, Settings};
use crate::wire::wbxml::{Error, Reader, Tag, Writer};
use crate::wire::{Status, Version};

/// One step of provisioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provision {
    /// Asks for the policy; sent with policy key 0.
    Ask(DeviceInformation),
    /// Says what became of the policy; sent with the temporary key.
    Acknowledge {
        /// The temporary key.
        key: String,
        /// What became of it.
        status: PolicyStatus,
    },
    /// Asks what kind of wipe was ordered.
    AskWipe,
    /// Says whether a wipe was carried out, before what is here is erased.
    AcknowledgeWipe {
        /// Which.
        wipe: Wipe,
        /// Whether it was, or will be.
        done: bool,
    },
}

/// What a client did with a policy. One that cannot enforce a policy does not say that it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyStatus {
    /// All of it is in force.
    Applied,
    /// Some of it is.
    Partial,
    /// It is ignored.
    Refused,
    /// The device is managed by something else.
    External,
}

impl PolicyStatus {
    const fn number(self) -> u8 {
        match self {
            Self::Applied => 1,
            Self::Partial => 2,
            Self::Refused => 3,
            Self::External => 4,
        }
    }
}

/// What an administrator ordered to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wipe {
    /// Everything on the device.
    Device,
    /// What belongs to this account, from 16.1 on.
    Account,
}

/// The answer to [`Provision`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProvisionAnswer {
    /// Whether it worked; some servers leave it out.
    pub status: Option<Status>,
    /// What the policy asks for.
    pub policy: Option<PolicyAnswer>,
    /// A wipe that was ordered.
    pub wipe: Option<Wipe>,
}

/// A policy, or what the server says to its acknowledgement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyAnswer {
    /// 1: here it is; 2: there is none for this client.
    pub status: Option<Status>,
    /// The temporary key, then the final one.
    pub key: Option<String>,
    /// What it asks for.
    pub document: Option<PolicyDocument>,
}

/// The form of the policy: 2.5 has it as XML in a string.
const fn policy_type(version: Version) -> &'static str {
    match version {
        Version::V2_5 => "MS-WAP-Provisioning-XML",
        _ => "MS-EAS-Provisioning-WBXML",
    }
}

const fn wipe_tag(wipe: Wipe) -> Tag {
    match wipe {
        Wipe::Device => P::RemoteWipe,
        Wipe::Account => P::AccountOnlyRemoteWipe,
    }
}

impl Command for Provision {
    const NAME: Name = Name::Provision;
    type Answer = ProvisionAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(P::Provision, |w| match self {
            Self::Ask(device) => {
                // Up to 14.0 the device describes itself by the command Settings.
                if version >= Version::V14_1 {
                    w.element(Settings::DeviceInformation, |w| device.encode(w, version));
                }
                w.element(P::Policies, |w| {
                    w.element(P::Policy, |w| w.text(P::PolicyType, policy_type(version)));
                });
            }
            Self::Acknowledge { key, status } => w.element(P::Policies, |w| {
                w.element(P::Policy, |w| {
                    w.text(P::PolicyType, policy_type(version));
                    w.text(P::PolicyKey, key);
                    w.number(P::Status, status.number());
                });
            }),
            Self::AskWipe => {}
            Self::AcknowledgeWipe { wipe, done } => w.element(wipe_tag(*wipe), |w| {
                w.number(P::Status, if *done { 1 } else { 2 });
            }),
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<ProvisionAnswer, Error> {
        let mut r = Reader::new(body)?;
        r.root(P::Provision)?;
        let mut answer = ProvisionAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                P::Status => answer.status = r.number()?.map(Status),
                P::RemoteWipe => {
                    r.skip()?;
                    answer.wipe = Some(Wipe::Device);
                }
                P::AccountOnlyRemoteWipe => {
                    r.skip()?;
                    answer.wipe = Some(Wipe::Account);
                }
                P::Policies => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            P::Policy => answer.policy = Some(policy(&mut r)?),
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &ProvisionAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}

fn policy(r: &mut Reader<'_>) -> Result<PolicyAnswer, Error> {
    let mut policy = PolicyAnswer::default();
    while let Some(tag) = r.child()? {
        match tag {
            P::Status => policy.status = r.number()?.map(Status),
            P::PolicyKey => policy.key = Some(r.text()?.into_owned()),
            P::Data => {
                while let Some(tag) = r.child()? {
                    match tag {
                        P::EASProvisionDoc => policy.document = Some(PolicyDocument::read(r)?),
                        _ => r.skip()?,
                    }
                }
            }
            _ => r.skip()?,
        }
    }
    Ok(policy)
}
