use memchr::memmem;

use super::{HEADER, Tag};

const SWITCH_PAGE: u8 = 0x00;
const END: u8 = 0x01;
const STR_I: u8 = 0x03;
const OPAQUE: u8 = 0xC3;
const HAS_CONTENT: u8 = 0x40;

/// Makes a document. Elements are closed by construction, and one that stays without content is
/// written as an empty one.
#[derive(Debug, Clone)]
pub struct Writer {
    out: Vec<u8>,
    page: u8,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A document with its header.
    pub fn new() -> Self {
        Self::with_capacity(256)
    }

    /// A document that will have about this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes.max(HEADER.len()));
        out.extend_from_slice(&HEADER);
        Self { out, page: 0 }
    }

    /// An element with what `content` writes in it.
    #[inline]
    pub fn element(&mut self, tag: Tag, content: impl FnOnce(&mut Self)) {
        let at = self.start(tag, HAS_CONTENT);
        let before = self.out.len();
        content(self);
        if self.out.len() > before {
            self.out.push(END);
        } else if let Some(token) = self.out.get_mut(at) {
            *token = tag.id();
        }
    }

    /// An element without content.
    #[inline]
    pub fn empty(&mut self, tag: Tag) {
        self.start(tag, 0);
    }

    /// An element with text; characters that XML does not allow are left out, since Exchange
    /// refuses the whole request for one of them. Empty text makes an empty element.
    #[inline]
    pub fn text(&mut self, tag: Tag, text: &str) {
        if text.is_empty() {
            return self.empty(tag);
        }
        self.start(tag, HAS_CONTENT);
        self.out.push(STR_I);
        if is_plain(text.as_bytes()) {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.allowed(text);
        }
        self.out.extend_from_slice(&[0, END]);
    }

    /// The characters that XML allows.
    #[cold]
    fn allowed(&mut self, text: &str) {
        for c in text.chars().filter(|c| is_xml(*c)) {
            let mut bytes = [0; 4];
            self.out
                .extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
        }
    }

    /// An element with a number.
    pub fn number(&mut self, tag: Tag, number: impl Into<i64>) {
        self.start(tag, HAS_CONTENT);
        self.out.push(STR_I);
        let number = number.into();
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = number.unsigned_abs();
        for digit in digits.iter_mut().rev() {
            // Below ten, so it fits.
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            at -= 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.out.push(b'-');
        }
        self.out
            .extend_from_slice(digits.get(at..).unwrap_or_default());
        self.out.extend_from_slice(&[0, END]);
    }

    /// An element with `1` or `0`.
    pub fn flag(&mut self, tag: Tag, value: bool) {
        self.text(tag, if value { "1" } else { "0" });
    }

    /// An element with bytes that need not be text.
    ///
    /// More than 4 GiB cannot be said in WBXML; what is beyond is left out.
    pub fn opaque(&mut self, tag: Tag, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let bytes = bytes.get(..length as usize).unwrap_or(bytes);
        self.start(tag, HAS_CONTENT);
        self.out.push(OPAQUE);
        for shift in [28, 21, 14, 7] {
            if length >> shift != 0 {
                self.out.push(0x80 | (length >> shift & 0x7F) as u8);
            }
        }
        self.out.push((length & 0x7F) as u8);
        self.out.extend_from_slice(bytes);
        self.out.push(END);
    }

    /// How many bytes were written.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing but the header was written.
    pub fn is_empty(&self) -> bool {
        self.out.len() <= HEADER.len()
    }

    /// The document.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// Writes a tag and tells where it stands.
    #[inline]
    fn start(&mut self, tag: Tag, content: u8) -> usize {
        if tag.page() != self.page {
            self.page = tag.page();
            self.out.extend_from_slice(&[SWITCH_PAGE, self.page]);
        }
        self.out.push(tag.id() | content);
        self.out.len() - 1
    }
}

/// Whether XML allows every character. A block is looked at as a whole, which compilers turn into few
/// instructions; U+FFFE and U+FFFF are looked for where there is their first byte.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    const CONTROL: u8 = 1;
    const HIGH: u8 = 2;
    let kind = |byte: u8| {
        let space = u8::from(byte == b'\t') | u8::from(byte == b'\n') | u8::from(byte == b'\r');
        let control = u8::from(byte < 0x20) & !space;
        (control * CONTROL) | (u8::from(byte == 0xEF) * HIGH)
    };
    let kinds = |block: &[u8]| block.iter().fold(0, |kinds, byte| kinds | kind(*byte));
    let (blocks, rest) = text.as_chunks::<64>();
    match blocks
        .iter()
        .fold(kinds(rest), |all, block| all | kinds(block))
    {
        0 => true,
        HIGH => ["\u{FFFE}", "\u{FFFF}"]
            .iter()
            .all(|c| memmem::find(text, c.as_bytes()).is_none()),
        _ => false,
    }
}

/// `Char` of XML 1.0.
fn is_xml(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}
