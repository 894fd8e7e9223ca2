use std::str::FromStr;

use crate::wire::DateTime;
use crate::wire::wbxml::{Error, Reader, Tag, Writer};

/// Elements without children, each once, as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values(Vec<(Tag, String)>);

impl Values {
    /// The text of an element: empty for an empty one, none for one that is absent.
    pub fn get(&self, tag: Tag) -> Option<&str> {
        self.0
            .iter()
            .find(|(t, _)| *t == tag)
            .map(|(_, text)| text.as_str())
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
    /// the value (up to 14.1).
    pub fn set(&mut self, tag: Tag, text: impl Into<String>) {
        let text = text.into();
        match self.0.iter_mut().find(|(t, _)| *t == tag) {
            Some((_, old)) => *old = text,
            None => self.0.push((tag, text)),
        }
    }

    /// Takes an element out.
    pub fn remove(&mut self, tag: Tag) {
        self.0.retain(|(t, _)| *t != tag);
    }

    /// Every element, in the order in which they came or were set.
    pub fn iter(&self) -> impl Iterator<Item = (Tag, &str)> {
        self.0.iter().map(|(tag, text)| (*tag, text.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the element just entered; what is within it is skipped.
    pub(super) fn read(&mut self, tag: Tag, r: &mut Reader<'_>) -> Result<(), Error> {
        let text = r.text()?.into_owned();
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
    pub(super) fn write(&self, w: &mut Writer, tags: &[Tag]) {
        for tag in tags {
            if let Some(text) = self.get(*tag) {
                w.text(*tag, text);
            }
        }
    }
}

impl<S: Into<String>> FromIterator<(Tag, S)> for Values {
    fn from_iter<I: IntoIterator<Item = (Tag, S)>>(pairs: I) -> Self {
        let mut values = Self::default();
        for (tag, text) in pairs {
            values.set(tag, text);
        }
        values
    }
}
