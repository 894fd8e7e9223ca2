use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::wire::DateTime;
use crate::wire::wbxml::{Error, Reader, Tag, Writer};

/// Elements without children, each once, as text.
#[derive(Clone, Default)]
pub struct Values {
    /// The texts, one behind the other: one allocation, however many there are.
    text: String,
    /// Whose text stands where.
    places: Vec<(Tag, Range<u32>)>,
    /// One bit for each token that was ever set, whatever its page.
    tokens: u64,
}

impl Values {
    /// The text of an element: empty for an empty one, none for one that is absent.
    pub fn get(&self, tag: Tag) -> Option<&str> {
        let place = self.places.iter().find(|(t, _)| *t == tag);
        place.map(|(_, range)| self.at(range))
    }

    fn at(&self, range: &Range<u32>) -> &str {
        let range = range.start as usize..range.end as usize;
        self.text.get(range).unwrap_or_default()
    }

    /// The text of an element that has any.
    pub fn text(&self, tag: Tag) -> Option<&str> {
        self.get(tag).filter(|text| !text.trim().is_empty())
    }

    /// A number, where there is one.
    pub fn number<T: FromStr>(&self, tag: Tag) -> Option<T> {
        self.get(tag)?.trim().parse().ok()
    }

    /// A boolean; an empty element is true.
    pub fn flag(&self, tag: Tag) -> Option<bool> {
        let text = self.get(tag)?.trim();
        Some(!(text == "0" || text.eq_ignore_ascii_case("false")))
    }

    /// A date, where there is one.
    pub fn date(&self, tag: Tag) -> Option<DateTime> {
        DateTime::parse(self.get(tag)?)
    }

    /// Gives an element this text; empty text makes an empty element, which asks the server to clear
    /// the value (up to 14.1). Beyond 4 GiB of text, nothing is taken.
    pub fn set(&mut self, tag: Tag, text: impl AsRef<str>) {
        let start = self.text.len();
        self.text.push_str(text.as_ref());
        let range = u32::try_from(start)
            .ok()
            .zip(u32::try_from(self.text.len()).ok());
        let Some(range) = range.map(|(start, end)| start..end) else {
            self.text.truncate(start);
            return;
        };
        let token = 1 << tag.id();
        let old = match self.tokens & token {
            0 => None,
            _ => self.places.iter_mut().find(|(t, _)| *t == tag),
        };
        match old {
            Some((_, old)) => *old = range,
            None => self.places.push((tag, range)),
        }
        self.tokens |= token;
    }

    /// Takes an element out.
    pub fn remove(&mut self, tag: Tag) {
        self.places.retain(|(t, _)| *t != tag);
    }

    /// Every element, in the order in which they came or were set.
    pub fn iter(&self) -> impl Iterator<Item = (Tag, &str)> {
        self.places
            .iter()
            .map(|(tag, range)| (*tag, self.at(range)))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Reads the element just entered; what is within it is skipped.
    pub(super) fn read(&mut self, tag: Tag, r: &mut Reader<'_>) -> Result<(), Error> {
        let text = r.text()?;
        if self.places.is_empty() {
            // Few items have less; growing step by step costs more than what may stay empty.
            self.places.reserve(20);
            self.text.reserve(384);
        }
        self.set(tag, text);
        Ok(())
    }

    /// Writes the elements of one code page, so that the page is switched once.
    pub(super) fn write_page(&self, w: &mut Writer, page: u8) {
        for (tag, text) in self.iter().filter(|(tag, _)| tag.page() == page) {
            w.text(tag, text);
        }
    }

    /// Writes those that are named, in this order.
    pub(super) fn write<'t>(&self, w: &mut Writer, tags: impl IntoIterator<Item = &'t Tag>) {
        for tag in tags {
            if let Some(text) = self.get(*tag) {
                w.text(*tag, text);
            }
        }
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Values {}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<S: AsRef<str>> FromIterator<(Tag, S)> for Values {
    fn from_iter<I: IntoIterator<Item = (Tag, S)>>(pairs: I) -> Self {
        let mut values = Self::default();
        for (tag, text) in pairs {
            values.set(tag, text);
        }
        values
    }
}
