//! What a client wants to see of a folder ([MS-ASCMD] section 2.2.3.125).

use super::element::Element;
use super::item::Class;
use crate::wire::wbxml::pages::{AirSync as A, AirSyncBase as B};

/// A form of body that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preference {
    /// 1 text, 2 HTML, 3 RTF, 4 MIME.
    pub(super) body_type: u8,
    pub(super) truncation: Option<usize>,
    pub(super) all_or_none: bool,
    pub(super) preview: Option<usize>,
}

/// Kept for each folder until others are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) filter: u8,
    pub(super) client_wins: bool,
    pub(super) bodies: Vec<Preference>,
    pub(super) mime: u8,
    /// The most characters of MIME.
    pub(super) mime_truncation: Option<usize>,
}

impl Options {
    /// Reads an element `Options`, for items of this class.
    ///
    /// # Errors
    /// The status that says what is wrong with it.
    pub(super) fn read(element: &Element, class: Class) -> Result<Self, u16> {
        let mut options = Self::default();
        if let Some(text) = element.find(A::FilterType) {
            let filter: u8 = text.parse().map_err(|_| 4_u16)?;
            let fits = match class {
                Class::Email => filter <= 5,
                Class::Calendar => matches!(filter, 0 | 4..=7),
                Class::Tasks => matches!(filter, 0 | 8),
                Class::Contacts | Class::Notes => filter == 0,
            };
            match filter {
                9.. => return Err(103),
                _ if !fits => return Err(4),
                _ => options.filter = filter,
            }
        }
        if let Some(text) = element.find(A::Conflict) {
            options.client_wins = match text.as_str() {
                "0" => true,
                "1" => false,
                _ => return Err(4),
            };
        }
        if let Some(text) = element.find(A::MIMESupport) {
            options.mime = text.parse().ok().filter(|n| *n <= 2).ok_or(4_u16)?;
        }
        options.mime_truncation = match element.find(A::MIMETruncation).as_deref() {
            None | Some("8") => None,
            Some("0") => Some(0),
            Some("1") => Some(4_096),
            Some("2") => Some(5_120),
            Some("3") => Some(7_168),
            Some("4") => Some(10_240),
            Some("5") => Some(20_480),
            Some("6") => Some(51_200),
            Some("7") => Some(102_400),
            Some(_) => return Err(4),
        };
        for body in element.children_of(B::BodyPreference) {
            let preference = preference(body)?;
            let twice = options.bodies.iter();
            if twice.clone().any(|b| b.body_type == preference.body_type) {
                return Err(4);
            }
            options.bodies.push(preference);
        }
        Ok(options)
    }
}

/// The children come in the order of the schema.
fn preference(element: &Element) -> Result<Preference, u16> {
    let order = [B::Type, B::TruncationSize, B::AllOrNone, B::Preview];
    let places = element.children.iter();
    let places: Option<Vec<usize>> = places
        .map(|child| order.iter().position(|tag| *tag == child.tag))
        .collect();
    if !places.is_some_and(|places| places.is_sorted()) {
        return Err(4);
    }
    let body_type = element.number(B::Type).filter(|n| (1..=4).contains(n));
    Ok(Preference {
        body_type: body_type.ok_or(4_u16)?,
        truncation: element.number(B::TruncationSize),
        all_or_none: element.flag(B::AllOrNone).unwrap_or(false),
        preview: element.number(B::Preview).filter(|n| *n <= 255),
    })
}
