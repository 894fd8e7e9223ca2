//! Files of an appointment: ATTACH with the bytes in it (RFC 5545 section 3.8.1.1).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::content::{Component, Property};
use crate::wire::class::{Attachment, Event};

/// The most bytes of a file that is carried along, 10 MiB: a larger one stays where it is. That others
/// come and go changes nothing of it, or it would look as if it had been taken away.
pub const LARGEST_FILE: u64 = 10 << 20;

/// Some programs leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const FILE: u8 = 1;
const MESSAGE: u8 = 5;
/// Where programs put a file's name: as RFC 8607 says, and as they did before.
const NAMES: [&str; 3] = ["FILENAME", "X-FILENAME", "X-APPLE-FILENAME"];
const NAMELESS: &str = "attachment";

/// Leaves those files of an appointment that are carried along, by their kind and the sizes that the
/// server tells.
pub fn retain_files(event: &mut Event) {
    event
        .attachments
        .retain(|file| matches!(file.method, FILE | MESSAGE) && fits(file));
}

fn fits(file: &Attachment) -> bool {
    file.size.unwrap_or(0) <= LARGEST_FILE
}

/// The files that were fetched.
pub(super) fn properties(event: &Event) -> impl Iterator<Item = Property> {
    event.attachments.iter().filter_map(|file| {
        let content = BASE64.encode(file.content.as_ref()?);
        let mut property = Property::new("ATTACH", content);
        let media = file.content_type.as_deref().unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        if media.contains('/') {
            property = property.with("FMTTYPE", media);
        }
        property = property.with("ENCODING", "BASE64").with("VALUE", "BINARY");
        Some(property.with("FILENAME", &file.name))
    })
}

/// The files that are in a document; what is only pointed to is no file.
pub(super) fn of_component(component: &Component) -> Vec<Attachment> {
    let files = component.all("ATTACH").filter_map(of_property);
    files.filter(fits).collect()
}

fn of_property(property: &Property) -> Option<Attachment> {
    let encoding = property.param("ENCODING")?;
    if !encoding.eq_ignore_ascii_case("BASE64") {
        return None;
    }
    let mut text = property.value.clone();
    text.retain(|c| !c.is_ascii_whitespace());
    let content = BASE64.decode(text).ok()?;
    let name = NAMES.into_iter().find_map(|name| property.param(name));
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    Some(Attachment {
        name: name.unwrap_or(NAMELESS).to_owned(),
        method: FILE,
        size: u64::try_from(content.len()).ok(),
        content_type: property.param("FMTTYPE").map(str::to_owned),
        content: Some(content),
        ..Attachment::default()
    })
}
