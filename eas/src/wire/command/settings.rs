//! Settings ([MS-ASCMD] section 2.2.1.18); from 12.0 on.

use super::{Command, Name};
use crate::wire::wbxml::pages::Settings as S;
use crate::wire::wbxml::{Error, Reader, Tag, Writer};
use crate::wire::{DateTime, Status, Version};

/// Asks for settings, or makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// Asks for the out-of-office notice, as text.
    GetOutOfOffice,
    /// Makes the out-of-office notice.
    SetOutOfOffice(OutOfOffice),
    /// Tells what the device is.
    SetDeviceInformation(DeviceInformation),
    /// Asks for the user's addresses.
    GetUserInformation,
}

/// What a device says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInformation {
    /// The model; the one thing that is always sent.
    pub model: String,
    /// A name that people see in a list of devices.
    pub friendly_name: Option<String>,
    /// The operating system.
    pub os: Option<String>,
    /// Its language.
    pub os_language: Option<String>,
    /// The program; from 12.1 on.
    pub user_agent: Option<String>,
}

/// An out-of-office notice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutOfOffice {
    /// Whether it is sent.
    pub state: OofState,
    /// What is said to whom. To set one, all three audiences are named.
    pub messages: Vec<OofMessage>,
}

/// Whether a notice is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OofState {
    /// No.
    #[default]
    Off,
    /// Yes.
    On,
    /// From then to then.
    Between(DateTime, DateTime),
}

/// What is said to one audience.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OofMessage {
    /// To whom: the organization, people outside that the user knows, or everybody else.
    pub audience: Option<Tag>,
    /// Whether it is said.
    pub enabled: bool,
    /// What; none keeps what the server has, an empty text erases it.
    pub text: Option<String>,
}

/// The answer to [`Settings`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsAnswer {
    /// Whether the request worked.
    pub status: Option<Status>,
    /// Whether the part that was asked for did.
    pub part: Option<Status>,
    /// The notice.
    pub out_of_office: Option<OutOfOffice>,
    /// The user's accounts; one without an id up to 14.0.
    pub accounts: Vec<Account>,
}

/// An account of the user's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Names it in [`SendMail`](super::SendMail).
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The user's name.
    pub display_name: Option<String>,
    /// Its addresses, the primary one first where it is told.
    pub addresses: Vec<String>,
}

impl DeviceInformation {
    /// A device of this model.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            friendly_name: None,
            os: None,
            os_language: None,
            user_agent: None,
        }
    }

    pub(super) fn encode(&self, w: &mut Writer, version: Version) {
        let user_agent = self.user_agent.as_ref();
        let user_agent = user_agent.filter(|_| version >= Version::V12_1);
        w.element(S::Set, |w| {
            w.text(S::Model, &self.model);
            for (tag, value) in [
                (S::FriendlyName, self.friendly_name.as_ref()),
                (S::OS, self.os.as_ref()),
                (S::OSLanguage, self.os_language.as_ref()),
                (S::UserAgent, user_agent),
            ] {
                value.iter().for_each(|value| w.text(tag, value));
            }
        });
    }
}

impl OutOfOffice {
    fn encode(&self, w: &mut Writer) {
        let (state, between): (u8, _) = match self.state {
            OofState::Off => (0, None),
            OofState::On => (1, None),
            OofState::Between(from, to) => (2, Some((from, to))),
        };
        w.number(S::OofState, state);
        if let Some((from, to)) = between {
            w.text(S::StartTime, &from.extended().to_string());
            w.text(S::EndTime, &to.extended().to_string());
        }
        for message in &self.messages {
            w.element(S::OofMessage, |w| {
                message.audience.iter().for_each(|tag| w.empty(*tag));
                w.flag(S::Enabled, message.enabled);
                if let Some(text) = &message.text {
                    w.text(S::ReplyMessage, text);
                }
                w.text(S::BodyType, "Text");
            });
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut oof = Self::default();
        let (mut state, mut from, mut to) = (0, None, None);
        while let Some(tag) = r.child()? {
            match tag {
                S::OofState => state = r.number::<u8>()?.unwrap_or_default(),
                S::StartTime => from = DateTime::parse(&r.text()?),
                S::EndTime => to = DateTime::parse(&r.text()?),
                S::OofMessage => {
                    let mut message = OofMessage::default();
                    while let Some(tag) = r.child()? {
                        match tag {
                            S::AppliesToInternal
                            | S::AppliesToExternalKnown
                            | S::AppliesToExternalUnknown => {
                                message.audience = Some(tag);
                                r.skip()?;
                            }
                            S::Enabled => message.enabled = r.flag()?,
                            S::ReplyMessage => message.text = Some(r.text()?.into_owned()),
                            _ => r.skip()?,
                        }
                    }
                    oof.messages.push(message);
                }
                _ => r.skip()?,
            }
        }
        oof.state = match (state, from, to) {
            (0, ..) => OofState::Off,
            (2, Some(from), Some(to)) => OofState::Between(from, to),
            _ => OofState::On,
        };
        Ok(oof)
    }
}

impl Command for Settings {
    const NAME: Name = Name::Settings;
    type Answer = SettingsAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(S::Settings, |w| match self {
            Self::GetOutOfOffice => w.element(S::Oof, |w| {
                w.element(S::Get, |w| w.text(S::BodyType, "Text"));
            }),
            Self::SetOutOfOffice(oof) => w.element(S::Oof, |w| {
                w.element(S::Set, |w| oof.encode(w));
            }),
            Self::SetDeviceInformation(device) => {
                w.element(S::DeviceInformation, |w| device.encode(w, version));
            }
            Self::GetUserInformation => w.element(S::UserInformation, |w| w.empty(S::Get)),
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<SettingsAnswer, Error> {
        let mut r = Reader::new(body)?;
        r.root(S::Settings)?;
        let mut answer = SettingsAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                S::Status => answer.status = r.number()?.map(Status),
                S::Oof | S::DeviceInformation | S::UserInformation | S::DevicePassword => {
                    while let Some(inner) = r.child()? {
                        match (tag, inner) {
                            (_, S::Status) => answer.part = r.number()?.map(Status),
                            (S::Oof, S::Get) => {
                                answer.out_of_office = Some(OutOfOffice::read(&mut r)?);
                            }
                            (S::UserInformation, S::Get) => {
                                answer.accounts = user_information(&mut r)?;
                            }
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &SettingsAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}

fn user_information(r: &mut Reader<'_>) -> Result<Vec<Account>, Error> {
    let mut accounts = Vec::new();
    while let Some(tag) = r.child()? {
        match tag {
            S::Accounts => {
                while let Some(tag) = r.child()? {
                    match tag {
                        S::Account => accounts.push(account(r)?),
                        _ => r.skip()?,
                    }
                }
            }
            S::EmailAddresses => accounts.push(Account {
                addresses: addresses(r)?,
                ..Account::default()
            }),
            _ => r.skip()?,
        }
    }
    Ok(accounts)
}

fn account(r: &mut Reader<'_>) -> Result<Account, Error> {
    let mut account = Account::default();
    while let Some(tag) = r.child()? {
        match tag {
            S::AccountId => account.id = Some(r.text()?.into_owned()),
            S::AccountName => account.name = Some(r.text()?.into_owned()),
            S::UserDisplayName => account.display_name = Some(r.text()?.into_owned()),
            S::EmailAddresses => account.addresses = addresses(r)?,
            _ => r.skip()?,
        }
    }
    Ok(account)
}

fn addresses(r: &mut Reader<'_>) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    while let Some(tag) = r.child()? {
        match tag {
            S::PrimarySmtpAddress => all.insert(0, r.text()?.into_owned()),
            S::SMTPAddress => all.push(r.text()?.into_owned()),
            _ => r.skip()?,
        }
    }
    Ok(all)
}
