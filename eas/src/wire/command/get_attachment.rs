//! GetAttachment ([MS-ASCMD] section 2.2.1.8): protocol 12.1 and earlier.

use super::{Command, Name};
use crate::wire::http::Parameter;
use crate::wire::wbxml::Error;
use crate::wire::{Status, Version};

/// Fetches an attachment by the name that the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAttachment {
    /// `AttName` of 2.5, `FileReference` of 12.x.
    pub name: String,
}

impl GetAttachment {
    /// What it adds to the request line.
    pub fn parameters(&self) -> Vec<(Parameter, String)> {
        vec![(Parameter::AttachmentName, self.name.clone())]
    }
}

impl Command for GetAttachment {
    const NAME: Name = Name::GetAttachment;
    /// The attachment's bytes.
    type Answer = Vec<u8>;

    fn encode(&self, _: Version) -> Vec<u8> {
        Vec::new()
    }

    fn decode(&self, body: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(body.to_vec())
    }

    fn status(_: &Vec<u8>) -> Option<Status> {
        None
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}
