use std::fmt;

use super::pages::{NAMES, NAMESPACES};

/// An element's name: a token on a code page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u16);

impl Tag {
    /// The token `id` (its low six bits) of code page `page`.
    pub const fn new(page: u8, id: u8) -> Self {
        Self((page as u16) << 8 | (id & 0x3F) as u16)
    }

    /// The code page.
    pub const fn page(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// The token, 5 to 63.
    pub const fn id(self) -> u8 {
        (self.0 & 0x3F) as u8
    }

    /// Its name in [MS-ASWBXML]; none for a token that no table has.
    pub fn name(self) -> Option<&'static str> {
        let name = *NAMES
            .get(usize::from(self.page()))?
            .get(usize::from(self.id()))?;
        (!name.is_empty()).then_some(name)
    }

    /// The namespace of its code page, as in `AirSync`; none for a page that no table has.
    pub fn namespace(self) -> Option<&'static str> {
        NAMESPACES.get(usize::from(self.page())).copied()
    }
}

/// `AirSync:SyncKey`; `254:0x05` for what no table has.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.namespace(), self.name()) {
            (Some(namespace), Some(name)) => write!(f, "{namespace}:{name}"),
            _ => write!(f, "{}:{:#04x}", self.page(), self.id()),
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
