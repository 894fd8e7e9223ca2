//! Body sections of FETCH.

use std::borrow::Cow;

/// Which FETCH attribute carries the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SectionKind {
    /// `BODY[...]`
    Body,
    /// `BINARY[...]` (RFC 3516): decoded of its transfer encoding.
    Binary,
    /// `RFC822` (RFC 3501), the same as `BODY[]`.
    Rfc822,
    /// `RFC822.HEADER` (RFC 3501), the same as `BODY.PEEK[HEADER]`.
    Rfc822Header,
    /// `RFC822.TEXT` (RFC 3501), the same as `BODY[TEXT]`.
    Rfc822Text,
}

/// The data of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionData<'a> {
    /// NIL: there is no such part.
    Nil,
    /// The bytes.
    Inline(Cow<'a, [u8]>),
    /// So many bytes were handed out by the framer as they arrived.
    Streamed(u64),
}

/// One body section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// Which attribute.
    pub kind: SectionKind,
    /// What stands between the brackets: `1.2.MIME`, `HEADER.FIELDS (DATE)`;
    /// empty for the whole message.
    pub spec: Cow<'a, str>,
    /// The first byte of a partial fetch, counted from 0.
    pub origin: Option<u64>,
    /// The data.
    pub data: SectionData<'a>,
}

impl Section<'_> {
    /// Whether this is the whole message: `BODY[]`, `BINARY[]` or `RFC822`.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self.kind {
            SectionKind::Body | SectionKind::Binary => self.spec.is_empty(),
            SectionKind::Rfc822 => true,
            SectionKind::Rfc822Header | SectionKind::Rfc822Text => false,
        }
    }

    /// The bytes, if they are here.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.data {
            SectionData::Inline(bytes) => Some(bytes),
            SectionData::Nil | SectionData::Streamed(_) => None,
        }
    }

    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> Section<'static> {
        Section {
            kind: self.kind,
            spec: Cow::Owned(self.spec.into_owned()),
            origin: self.origin,
            data: match self.data {
                SectionData::Nil => SectionData::Nil,
                SectionData::Inline(bytes) => SectionData::Inline(Cow::Owned(bytes.into_owned())),
                SectionData::Streamed(len) => SectionData::Streamed(len),
            },
        }
    }
}

/// The sections of one FETCH. The first is held in place: a FETCH of one
/// section allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sections<'a> {
    first: Option<Section<'a>>,
    more: Vec<Section<'a>>,
}

impl<'a> Sections<'a> {
    /// Adds a section at the end.
    pub fn push(&mut self, section: Section<'a>) {
        if self.first.is_none() {
            self.first = Some(section);
        } else {
            self.more.push(section);
        }
    }

    /// The sections in order.
    pub fn iter(&self) -> impl Iterator<Item = &Section<'a>> {
        self.first.iter().chain(&self.more)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The last section.
    #[must_use]
    pub fn last(&self) -> Option<&Section<'a>> {
        self.more.last().or(self.first.as_ref())
    }

    /// The section `BODY[spec]` or `BINARY[spec]`, compared without regard to case.
    #[must_use]
    pub fn get(&self, spec: &str) -> Option<&Section<'a>> {
        self.iter().find(|s| {
            matches!(s.kind, SectionKind::Body | SectionKind::Binary)
                && s.spec.eq_ignore_ascii_case(spec)
        })
    }

    /// The section that holds the whole message.
    #[must_use]
    pub fn full(&self) -> Option<&Section<'a>> {
        self.iter().find(|s| s.is_full())
    }

    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> Sections<'static> {
        Sections {
            first: self.first.map(Section::into_owned),
            more: self.more.into_iter().map(Section::into_owned).collect(),
        }
    }
}
