//! ValidateCert ([MS-ASCMD] section 2.2.1.22).

use super::{Command, Name};
use crate::wire::wbxml::pages::ValidateCert as V;
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{Status, Version};

/// Has the server check certificates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValidateCert {
    /// Certificates between these and a root, in base64.
    pub chain: Vec<String>,
    /// What is checked, in base64.
    pub certificates: Vec<String>,
    /// Whether revocation is checked.
    pub check_revocation: bool,
}

/// The answer to [`ValidateCert`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validated {
    /// Whether the request worked.
    pub status: Option<Status>,
    /// 1 for each certificate that is valid, in the request's order.
    pub certificates: Vec<Status>,
}

impl Command for ValidateCert {
    const NAME: Name = Name::ValidateCert;
    type Answer = Validated;

    fn encode(&self, _: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(V::ValidateCert, |w| {
            for (tag, all) in [
                (V::CertificateChain, &self.chain),
                (V::Certificates, &self.certificates),
            ] {
                if all.is_empty() {
                    continue;
                }
                w.element(tag, |w| {
                    for one in all {
                        w.text(V::Certificate, one);
                    }
                });
            }
            if self.check_revocation {
                w.flag(V::CheckCRL, true);
            }
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<Validated, Error> {
        let mut r = Reader::new(body)?;
        r.root(V::ValidateCert)?;
        let mut answer = Validated::default();
        while let Some(tag) = r.child()? {
            match tag {
                V::Status => answer.status = r.number()?.map(Status),
                V::Certificate => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            V::Status => {
                                let status = r.number()?.unwrap_or_default();
                                answer.certificates.push(Status(status));
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

    fn status(answer: &Validated) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}
