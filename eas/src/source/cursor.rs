use serde::{Deserialize, Serialize};
use sync_core::model::Cursor;
use sync_core::{Error, ErrorKind, Result};

/// Where a folder stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The key of the next request.
    #[serde(rename = "k")]
    pub(super) key: String,
    /// The version that it was given in: another one knows other items.
    #[serde(rename = "v")]
    pub(super) version: String,
    /// More pages of the first listing follow.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) first: bool,
}

impl Place {
    pub(super) fn parse(cursor: &Cursor, version: &str) -> Result<Self> {
        let place: Option<Self> = serde_json::from_str(cursor.as_str()).ok();
        place
            .filter(|place| place.version == version)
            .ok_or_else(|| {
                let why = "the key is of another version of the protocol";
                Error::new(ErrorKind::CursorLost, why)
            })
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(serde_json::to_string(self).unwrap_or_default())
    }
}
