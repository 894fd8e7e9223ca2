//! The policy document ([MS-ASPROV] section 2.2.2.28).

use crate::wire::class::Values;
use crate::wire::wbxml::pages::Provision as P;
use crate::wire::wbxml::{Error, Reader};

/// What an administrator demands of a device. What is absent or empty demands nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyDocument {
    /// `DevicePasswordEnabled`, `MaxAttachmentSize` and so on.
    pub values: Values,
    /// Programs of the device that must not run.
    pub unapproved_applications: Vec<String>,
    /// Hashes of the programs that may run.
    pub approved_applications: Vec<String>,
}

impl PolicyDocument {
    /// Whether attachments may be fetched.
    pub fn attachments_enabled(&self) -> bool {
        self.values.flag(P::AttachmentsEnabled).unwrap_or(true)
    }

    /// The size of attachments that may be fetched, in bytes.
    pub fn max_attachment_size(&self) -> Option<u64> {
        self.values.number(P::MaxAttachmentSize)
    }

    /// How far back mail may be fetched, as a value of [`Options::filter`](super::Options::filter);
    /// none or 0 for everything.
    pub fn max_email_age(&self) -> Option<u8> {
        self.values.number(P::MaxEmailAgeFilter)
    }

    /// How far back appointments may be fetched, likewise.
    pub fn max_calendar_age(&self) -> Option<u8> {
        self.values.number(P::MaxCalendarAgeFilter)
    }

    /// Whether mail may be fetched as HTML.
    pub fn allows_html(&self) -> bool {
        self.values.flag(P::AllowHTMLEmail).unwrap_or(true)
    }

    /// Whether it demands anything of the device itself: a password, encryption.
    pub fn demands_of_device(&self) -> bool {
        [P::DevicePasswordEnabled, P::RequireDeviceEncryption]
            .into_iter()
            .any(|tag| self.values.text(tag).is_some() && self.values.flag(tag) == Some(true))
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut document = Self::default();
        while let Some(tag) = r.child()? {
            match tag {
                P::UnapprovedInROMApplicationList | P::ApprovedApplicationList => {
                    let list = match tag {
                        P::ApprovedApplicationList => &mut document.approved_applications,
                        _ => &mut document.unapproved_applications,
                    };
                    while r.child()?.is_some() {
                        list.push(r.text()?.into_owned());
                    }
                }
                _ => {
                    let text = r.text()?.into_owned();
                    document.values.set(tag, text);
                }
            }
        }
        Ok(document)
    }
}
