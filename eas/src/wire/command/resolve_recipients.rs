//! ResolveRecipients ([MS-ASCMD] section 2.2.1.15).

use super::{Command, Name};
use crate::wire::wbxml::pages::ResolveRecipients as R;
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{DateTime, Status, Version};

/// Finds people by name or address, with their certificates or when they are free.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolveRecipients {
    /// Names and addresses; at most 100, of at most 256 characters.
    pub to: Vec<String>,
    /// Whether certificates for encryption are wanted.
    pub certificates: bool,
    /// From when to when it is wanted who is free, in whole half hours, at most 42 days; from 14.0
    /// on.
    pub availability: Option<(DateTime, DateTime)>,
}

/// The answer to [`ResolveRecipients`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolveAnswer {
    /// Whether it worked.
    pub status: Option<Status>,
    /// What was found for each name.
    pub resolved: Vec<Resolved>,
}

/// What was found for one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// The name.
    pub to: String,
    /// 1 found; 2 and 3 ambiguous; 4 not found.
    pub status: Option<Status>,
    /// Who it may be.
    pub recipients: Vec<Recipient>,
}

/// Somebody who was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipient {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// One digit each half hour: 0 free, 1 tentative, 2 busy, 3 out of office, 4 unknown.
    pub free_busy: Option<String>,
    /// Certificates, in base64.
    pub certificates: Vec<String>,
}

impl Command for ResolveRecipients {
    const NAME: Name = Name::ResolveRecipients;
    type Answer = ResolveAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(R::ResolveRecipients, |w| {
            self.to.iter().for_each(|to| w.text(R::To, to));
            let availability = self.availability.filter(|_| version >= Version::V14_0);
            if !self.certificates && availability.is_none() {
                return;
            }
            w.element(R::Options, |w| {
                if self.certificates {
                    w.number(R::CertificateRetrieval, 2);
                }
                if let Some((from, to)) = availability {
                    w.element(R::Availability, |w| {
                        w.text(R::StartTime, &from.extended().to_string());
                        w.text(R::EndTime, &to.extended().to_string());
                    });
                }
            });
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<ResolveAnswer, Error> {
        let mut r = Reader::new(body)?;
        r.root(R::ResolveRecipients)?;
        let mut answer = ResolveAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                R::Status => answer.status = r.number()?.map(Status),
                R::Response => answer.resolved.push(resolved(&mut r)?),
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &ResolveAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}

fn resolved(r: &mut Reader<'_>) -> Result<Resolved, Error> {
    let mut resolved = Resolved::default();
    while let Some(tag) = r.child()? {
        match tag {
            R::To => resolved.to = r.text()?.into_owned(),
            R::Status => resolved.status = r.number()?.map(Status),
            R::Recipient => resolved.recipients.push(recipient(r)?),
            _ => r.skip()?,
        }
    }
    Ok(resolved)
}

fn recipient(r: &mut Reader<'_>) -> Result<Recipient, Error> {
    let mut recipient = Recipient::default();
    while let Some(tag) = r.child()? {
        match tag {
            R::DisplayName => recipient.name = r.text()?.into_owned(),
            R::EmailAddress => recipient.email = r.text()?.into_owned(),
            R::Availability | R::Certificates => {
                while let Some(tag) = r.child()? {
                    match tag {
                        R::MergedFreeBusy => recipient.free_busy = Some(r.text()?.into_owned()),
                        R::Certificate | R::MiniCertificate => {
                            recipient.certificates.push(r.text()?.into_owned());
                        }
                        _ => r.skip()?,
                    }
                }
            }
            _ => r.skip()?,
        }
    }
    Ok(recipient)
}
