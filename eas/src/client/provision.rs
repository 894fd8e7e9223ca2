//! Policies and wipes ([MS-ASPROV] section 3.1.5).

use super::call::Extras;
use super::{Client, Error, ErrorKind, Result};
use crate::wire::command::{
    Command, Name, PolicyAnswer, PolicyDocument, PolicyStatus, Provision, ProvisionAnswer, Settings,
};
use crate::wire::{Action, Status, Version};

/// The status of a policy that there is none of for this client.
const NO_POLICY: Status = Status(2);

impl Client {
    /// Asks for the policy, has the application answer it, and keeps its key. Done by itself where a
    /// server demands it; some never do and want it before anything else.
    ///
    /// # Errors
    /// [`ErrorKind::Policy`] if the server does not take the answer, [`ErrorKind::Wiped`] if a wipe was
    /// ordered.
    pub async fn provision(&mut self) -> Result<()> {
        self.provision_inner().await
    }

    pub(super) async fn provision_inner(&mut self) -> Result<()> {
        let old_key = self.policy_key.take();
        let result = Box::pin(self.provision_once()).await;
        if result.as_ref().is_err_and(Error::is_retryable) {
            self.policy_key = old_key;
        }
        result
    }

    async fn provision_once(&mut self) -> Result<()> {
        let device = self.options.device.information.clone();
        let ask = Provision::Ask(device);
        let answer = self.provision_step(&ask).await?;
        if answer.wipe.is_some() {
            return Err(self.wipe().await?);
        }
        let policy = answer.policy.unwrap_or_default();
        if policy.status == Some(NO_POLICY) {
            return self.describe().await;
        }
        let Some(temporary) = policy.key.clone() else {
            return Err(refused(&policy));
        };
        let nothing = PolicyDocument::default();
        let document = policy.document.as_ref().unwrap_or(&nothing);
        let status = self.options.policy.policy(document).await;
        self.policy_key = Some(temporary.clone());
        let acknowledge = Provision::Acknowledge {
            key: temporary.clone(),
            status,
        };
        let answer = self.provision_step(&acknowledge).await?;
        let policy = answer.policy.unwrap_or_default();
        if policy.status.is_some_and(|status| status != Status::OK) {
            return Err(refused(&policy));
        }
        if status == PolicyStatus::Refused {
            tracing::warn!("the server's policy is not enforced here, and it was told so");
        }
        // Some servers let the temporary key stand.
        self.policy_key = Some(policy.key.unwrap_or(temporary));
        self.describe().await
    }

    /// Says what the device is, to a server that learns it by a command of its own; it may not have it.
    async fn describe(&mut self) -> Result<()> {
        let version = self.version.unwrap_or(Version::V14_1);
        if self.described || !matches!(version, Version::V12_0 | Version::V12_1 | Version::V14_0) {
            return Ok(());
        }
        self.described = true;
        let describe = Settings::SetDeviceInformation(self.options.device.information.clone());
        let told = Box::pin(self.exchange(&describe, &Extras::default(), usize::MAX)).await;
        match told {
            Err(error) if error.is_retryable() => Err(error),
            _ => Ok(()),
        }
    }

    async fn provision_step(&mut self, step: &Provision) -> Result<ProvisionAnswer> {
        let parts = self.exchange(step, &Extras::default(), usize::MAX).await?;
        let parts = parts.split()?;
        let answer = step.decode(parts.first().copied().unwrap_or_default())?;
        match answer.status {
            Some(status) if status.action(Name::Provision) != Action::None => {
                Err(Error::status_of(Name::Provision, status))
            }
            _ => Ok(answer),
        }
    }

    /// Learns which wipe was ordered, has the application answer, and tells the server, whose answer
    /// no longer matters. The error says that it happened.
    pub(super) async fn wipe(&mut self) -> Result<Error> {
        self.policy_key = None;
        let extras = Extras::default();
        let parts = Box::pin(self.exchange(&Provision::AskWipe, &extras, usize::MAX)).await?;
        let parts = parts.split()?;
        let answer = Provision::AskWipe.decode(parts.first().copied().unwrap_or_default())?;
        let Some(wipe) = answer.wipe else {
            let why = "a wipe was ordered, but not said which";
            return Ok(Error::new(ErrorKind::Protocol, why));
        };
        let done = self.options.policy.wipe(wipe).await;
        let acknowledge = Provision::AcknowledgeWipe { wipe, done };
        let told = Box::pin(self.exchange(&acknowledge, &extras, usize::MAX)).await;
        if let Err(error) = told {
            tracing::debug!(%error, "a wipe was acknowledged");
        }
        let why = match done {
            true => "a wipe was ordered: data and credentials of the account are to be erased",
            false => "a wipe was ordered, and the application refused it",
        };
        Ok(Error::new(ErrorKind::Wiped, why))
    }
}

fn refused(policy: &PolicyAnswer) -> Error {
    let why = match policy.status {
        Some(status) => format!("the policy was refused ({status})"),
        None => "the server has a policy without a key".into(),
    };
    Error::new(ErrorKind::Policy, why).of(Name::Provision)
}
