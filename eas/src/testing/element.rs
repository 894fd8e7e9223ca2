//! Documents as trees.

use crate::wire::wbxml::{Error, ErrorKind, Tag, Token, Tokens, Writer};

/// How deeply a request may be nested.
const DEPTH: usize = 32;

/// One element of a document, with everything in it: text, bytes, or further elements.
///
/// ```
/// use eas::testing::Element;
/// use eas::wire::wbxml::pages::Calendar;
///
/// let attendee = Element::new(Calendar::Attendee, [
///     Element::text(Calendar::Email, "bob@example.org"),
///     Element::text(Calendar::Name, "Bob"),
/// ]);
/// assert_eq!(attendee.find(Calendar::Name).as_deref(), Some("Bob"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub tag: Tag,
    /// Its text or bytes, where it holds no elements.
    pub value: Vec<u8>,
    /// Whether [`value`](Self::value) goes as opaque bytes.
    pub opaque: bool,
    /// The elements in it.
    pub children: Vec<Self>,
}

impl Element {
    /// An element that holds others.
    #[must_use]
    pub fn new(tag: Tag, children: impl IntoIterator<Item = Self>) -> Self {
        Self {
            tag,
            value: Vec::new(),
            opaque: false,
            children: children.into_iter().collect(),
        }
    }

    /// An element without content.
    #[must_use]
    pub fn empty(tag: Tag) -> Self {
        Self::new(tag, [])
    }

    /// An element that holds text.
    #[must_use]
    pub fn text(tag: Tag, text: impl Into<String>) -> Self {
        Self {
            value: text.into().into_bytes(),
            ..Self::empty(tag)
        }
    }

    /// An element that holds bytes, which go as opaque ones.
    #[must_use]
    pub fn opaque(tag: Tag, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            value: bytes.into(),
            opaque: true,
            ..Self::empty(tag)
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.is_empty() && self.children.is_empty()
    }

    /// Its text.
    #[must_use]
    pub fn string(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }

    /// The first child of this name.
    #[must_use]
    pub fn child(&self, tag: Tag) -> Option<&Self> {
        self.children.iter().find(|child| child.tag == tag)
    }

    /// The children of this name.
    pub fn children_of(&self, tag: Tag) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.tag == tag)
    }

    /// The text of the first child of this name.
    #[must_use]
    pub fn find(&self, tag: Tag) -> Option<String> {
        self.child(tag).map(Self::string)
    }

    /// The number in the first child of this name.
    pub(super) fn number<T: std::str::FromStr>(&self, tag: Tag) -> Option<T> {
        self.find(tag)?.trim().parse().ok()
    }

    /// The boolean in the first child of this name; an empty element is true.
    pub(super) fn flag(&self, tag: Tag) -> Option<bool> {
        let text = self.find(tag)?;
        Some(!matches!(text.trim(), "0" | "false"))
    }

    /// Adds a child.
    pub(super) fn push(&mut self, child: Self) {
        self.children.push(child);
    }

    /// Reads a document.
    pub(super) fn parse(document: &[u8]) -> Result<Self, Error> {
        let mut tokens = Tokens::new(document)?;
        let wrong = |tokens: &Tokens<'_>, kind| Error::new(kind, tokens.offset());
        let mut open: Vec<Self> = Vec::new();
        while let Some(token) = tokens.next_token()? {
            let closed = match token {
                Token::Start { tag, content } => {
                    if open.len() >= DEPTH {
                        return Err(wrong(&tokens, ErrorKind::TooDeep));
                    }
                    open.push(Self::empty(tag));
                    !content
                }
                Token::End => true,
                Token::Text(bytes) | Token::Opaque(bytes) => {
                    if let Some(element) = open.last_mut() {
                        element.value.extend_from_slice(bytes);
                        element.opaque |= matches!(token, Token::Opaque(_));
                    }
                    false
                }
                Token::Entity(_) => return Err(wrong(&tokens, ErrorKind::Unsupported(2))),
            };
            if closed {
                let Some(element) = open.pop() else {
                    return Err(wrong(&tokens, ErrorKind::UnexpectedEnd));
                };
                match open.last_mut() {
                    Some(parent) => parent.push(element),
                    None => return Ok(element),
                }
            }
        }
        Err(wrong(&tokens, ErrorKind::Truncated))
    }

    /// Writes a document with this root.
    pub(super) fn document(&self) -> Vec<u8> {
        let mut w = Writer::new();
        self.write(&mut w);
        w.finish()
    }

    fn write(&self, w: &mut Writer) {
        if !self.children.is_empty() {
            w.element(self.tag, |w| {
                self.children.iter().for_each(|child| child.write(w));
            });
        } else if self.opaque {
            w.opaque(self.tag, &self.value);
        } else {
            w.text(self.tag, &String::from_utf8_lossy(&self.value));
        }
    }
}

/// The first element of this name.
pub(super) fn find(all: &[Element], tag: Tag) -> Option<&Element> {
    all.iter().find(|element| element.tag == tag)
}

/// The text of the first element of this name.
pub(super) fn text(all: &[Element], tag: Tag) -> Option<String> {
    find(all, tag).map(Element::string)
}

/// Puts an element in the place of the one of its name, or at the end.
pub(super) fn put(all: &mut Vec<Element>, element: Element) {
    match all.iter_mut().find(|old| old.tag == element.tag) {
        Some(old) => *old = element,
        None => all.push(element),
    }
}

/// Takes the elements of this name away.
pub(super) fn remove(all: &mut Vec<Element>, tag: Tag) {
    all.retain(|element| element.tag != tag);
}
