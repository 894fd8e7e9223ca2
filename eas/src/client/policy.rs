use async_trait::async_trait;

use crate::wire::command::{PolicyDocument, PolicyStatus, Wipe};

/// What an application says to an administrator's policy, and does when a wipe is ordered.
#[async_trait]
pub trait Policy: Send + Sync {
    /// Puts a policy in force, as far as the application can, and says how far that is. It should not
    /// say more than is true: the server answers a refusal with an error that a person can read.
    async fn policy(&self, document: &PolicyDocument) -> PolicyStatus;

    /// An administrator ordered a wipe. Whether it is, or will be, carried out: the server is told
    /// so, then the command fails with [`ErrorKind::Wiped`](super::ErrorKind::Wiped), upon which data
    /// and credentials of the account are to be erased.
    async fn wipe(&self, wipe: Wipe) -> bool;
}

/// Acknowledges policies that demand nothing of the device, refuses others, and erases nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefuseWhatIsNotEnforced;

#[async_trait]
impl Policy for RefuseWhatIsNotEnforced {
    async fn policy(&self, document: &PolicyDocument) -> PolicyStatus {
        match document.demands_of_device() {
            true => PolicyStatus::Refused,
            false => PolicyStatus::Applied,
        }
    }

    async fn wipe(&self, _: Wipe) -> bool {
        false
    }
}
