use std::borrow::Cow;

use memchr::memchr;

use super::{Eol, Property, logical_lines, plain_name, unfold};

/// How deep components may nest; what is deeper counts as lines.
const MAX_DEPTH: usize = 16;

/// How many lines and values a document may have; one with more is not taken apart.
const MAX_PIECES: usize = 1 << 19;

/// A component with all its bytes, in their order. The outermost one is nameless and holds the
/// whole document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node<'a> {
    /// Upper case.
    pub name: String,
    /// The line with BEGIN; nothing for the outermost.
    pub begin: Cow<'a, [u8]>,
    /// In their order.
    pub items: Vec<Item<'a>>,
    /// The line with END; nothing if it is missing.
    pub end: Cow<'a, [u8]>,
}

/// What stands in a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A content line as it came, folded, with its end.
    Line(Cow<'a, [u8]>),
    /// Lines that are no content lines.
    Other(Cow<'a, [u8]>),
    /// A component.
    Node(Node<'a>),
}

impl<'a> Node<'a> {
    /// Reads a document, and loses no byte. None if it has too many lines and values.
    pub fn parse(content: &'a [u8]) -> Option<Self> {
        let pieces = content.iter().filter(|b| matches!(b, b'\n' | b',' | b';'));
        if pieces.count() > MAX_PIECES {
            return None;
        }
        let mut parser = Parser::default();
        let mut start = 0;
        for line in logical_lines(content) {
            parser.line(content, start, line);
            start += line.len();
        }
        Some(parser.finish())
    }

    /// The document as it came, where nothing was changed.
    pub fn print(&self, eol: Eol) -> Vec<u8> {
        let mut out = Vec::new();
        self.print_to(&mut out, eol);
        out
    }

    fn print_to(&self, out: &mut Vec<u8>, eol: Eol) {
        put(out, &self.begin, eol);
        for item in &self.items {
            match item {
                Item::Line(raw) | Item::Other(raw) => put(out, raw, eol),
                Item::Node(node) => node.print_to(out, eol),
            }
        }
        put(out, &self.end, eol);
    }

    /// The components in it.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.items.iter().filter_map(|item| match item {
            Item::Node(node) => Some(node),
            _ => None,
        })
    }

    /// The value of the first property of this name here, as it stands there.
    pub(in crate::merge) fn value(&self, name: &str) -> Option<String> {
        self.find(name, |property| property.value.trim().to_owned())
    }

    /// Something of the first property of this name here.
    pub(in crate::merge) fn find<T>(
        &self,
        name: &str,
        what: impl FnOnce(&Property<'_>) -> T,
    ) -> Option<T> {
        let text = self.items.iter().find_map(|item| match item {
            Item::Line(raw) => {
                if plain_name(raw).is_some_and(|n| !n.eq_ignore_ascii_case(name.as_bytes())) {
                    return None;
                }
                let text = unfold(raw);
                let found = Property::parse(&text)?.name.eq_ignore_ascii_case(name);
                found.then_some(text)
            }
            _ => None,
        })?;
        Property::parse(&text).as_ref().map(what)
    }
}

fn put(out: &mut Vec<u8>, raw: &[u8], eol: Eol) {
    // The last line of a document may lack its end, until something follows.
    if !raw.is_empty() && out.last().is_some_and(|b| *b != b'\n') {
        out.extend_from_slice(eol.as_bytes());
    }
    out.extend_from_slice(raw);
}

#[derive(Default)]
struct Parser<'a> {
    root: Node<'a>,
    /// Components that are open, innermost last.
    open: Vec<Node<'a>>,
    /// Those among them that are too deep to be components.
    deep: usize,
    /// Where lines that are no content lines began, if the last one was one.
    other: Option<usize>,
}

impl<'a> Parser<'a> {
    fn line(&mut self, content: &'a [u8], start: usize, raw: &'a [u8]) {
        if let Some(name) = marker(raw, b"BEGIN") {
            if self.open.len() < MAX_DEPTH {
                self.other = None;
                self.open.push(Node {
                    name,
                    begin: Cow::Borrowed(raw),
                    ..Node::default()
                });
                return;
            }
            self.deep += 1;
        } else if let Some(name) = marker(raw, b"END") {
            if self.deep > 0 {
                self.deep -= 1;
            } else if let Some(at) = self.open.iter().rposition(|node| node.name == name) {
                self.close(at, raw);
                return;
            }
        } else if memchr(b':', raw).is_none() {
            let from = *self.other.get_or_insert(start);
            let all = content.get(from..start + raw.len()).unwrap_or(raw);
            let items = self.items();
            if from < start {
                items.pop();
            }
            items.push(Item::Other(Cow::Borrowed(all)));
            return;
        }
        self.other = None;
        self.items().push(Item::Line(Cow::Borrowed(raw)));
    }

    fn items(&mut self) -> &mut Vec<Item<'a>> {
        &mut self.open.last_mut().unwrap_or(&mut self.root).items
    }

    /// Closes the component at this depth, and those in it that were never closed.
    fn close(&mut self, at: usize, end: &'a [u8]) {
        self.other = None;
        if let Some(node) = self.open.get_mut(at) {
            node.end = Cow::Borrowed(end);
        }
        while self.open.len() > at {
            if let Some(node) = self.open.pop() {
                self.items().push(Item::Node(node));
            }
        }
    }

    fn finish(mut self) -> Node<'a> {
        while let Some(node) = self.open.pop() {
            self.items().push(Item::Node(node));
        }
        self.root
    }
}

/// The name of the component that a line begins or ends.
fn marker(raw: &[u8], word: &[u8]) -> Option<String> {
    let line = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let line = line.trim_ascii_start();
    let head = line.get(..word.len())?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let text = unfold(raw);
    let (_, name) = text.split_once(':').filter(|(head, _)| {
        let word = std::str::from_utf8(word).unwrap_or_default();
        head.trim().eq_ignore_ascii_case(word)
    })?;
    Some(name.trim().to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: &[u8]) -> Node<'_> {
        Node::parse(content).unwrap_or_default()
    }

    fn keeps(content: &[u8]) {
        assert_eq!(parse(content).print(Eol::CrLf), content);
    }

    fn outline(node: &Node<'_>) -> String {
        let inner: Vec<String> = node
            .items
            .iter()
            .map(|item| match item {
                Item::Line(raw) => unfold(raw).into_owned(),
                Item::Other(raw) => format!("?{}", raw.len()),
                Item::Node(node) => outline(node),
            })
            .collect();
        format!("{}({})", node.name, inner.join(" "))
    }

    #[test]
    fn whatever_comes_is_kept() {
        for text in [
            "",
            "\r\n\n",
            "\u{feff}BEGIN:VCARD\r\nFN:a\nEND:VCARD",
            "begin:vcard\nend:vcard\n\n\nbegin:vcard",
            "BEGIN:A\nBEGIN:B\nX:1\nEND:A\nEND:B\nEND:C\n",
            "no line\nmore\n FN:x\nBEGIN : A\nEND: A \n",
        ] {
            keeps(text.as_bytes());
        }
        keeps(b"BEGIN:VCARD\r\nFN:\xff\xfe\r\nEND:VCARD\r\n");
        keeps("BEGIN:A\n".repeat(100_000).as_bytes());
        keeps("\n".repeat(MAX_PIECES).as_bytes());
        assert_eq!(Node::parse("\n".repeat(MAX_PIECES + 1).as_bytes()), None);
    }

    #[test]
    fn wrong_nesting_closes_what_is_open() {
        let node = parse(b"BEGIN:A\nBEGIN:B\nX:1\nEND:A\nEND:B\nY:2\n");
        assert_eq!(outline(&node), "(A(B(X:1)) END:B Y:2)");
        assert_eq!(outline(&parse(b"BEGIN:A\nX:1\n")), "(A(X:1))");
    }

    #[test]
    fn what_is_too_deep_is_lines() {
        let text = "BEGIN:A\n".repeat(18) + "X:1\n" + &"END:A\n".repeat(18) + "Y:2\n";
        let node = parse(text.as_bytes());
        assert_eq!(node.items.len(), 2);
        assert!(outline(&node).contains("A(BEGIN:A BEGIN:A X:1 END:A END:A)"));
        keeps(text.as_bytes());
    }

    #[test]
    fn lines_that_are_none_stand_together() {
        let node = parse(b"a\n\nb\nX:1\nc\n");
        assert_eq!(outline(&node), "(?5 X:1 ?2)");
    }
}
