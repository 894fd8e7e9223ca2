use eas::wire::wbxml::{Reader, Tag, Writer, to_xml};
use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Text(String),
    Opaque(Vec<u8>),
    Children(Vec<Node>),
}

#[derive(Debug, Clone, PartialEq)]
struct Node {
    tag: Tag,
    content: Content,
}

fn node() -> impl Strategy<Value = Node> {
    let tag = (0..30_u8, 5..64_u8).prop_map(|(page, id)| Tag::new(page, id));
    let text = "[ -~\\r\\n\\tä€\u{FEFF}]{1,40}".prop_map(Content::Text);
    let opaque = prop::collection::vec(any::<u8>(), 1..300).prop_map(Content::Opaque);
    let leaf = (
        tag.clone(),
        prop_oneof![text, opaque, Just(Content::Children(Vec::new()))],
    )
        .prop_map(|(tag, content)| Node { tag, content });
    leaf.prop_recursive(8, 64, 6, move |inner| {
        (tag.clone(), prop::collection::vec(inner, 0..6)).prop_map(|(tag, children)| Node {
            tag,
            content: Content::Children(children),
        })
    })
}

fn write(node: &Node, w: &mut Writer) {
    match &node.content {
        Content::Text(text) => w.text(node.tag, text),
        Content::Opaque(bytes) => w.opaque(node.tag, bytes),
        Content::Children(children) => w.element(node.tag, |w| {
            for child in children {
                write(child, w);
            }
        }),
    }
}

/// Reads what `wanted` says is there, and fails where it is not.
fn check(wanted: &Node, r: &mut Reader<'_>) {
    assert_eq!(r.child().unwrap(), Some(wanted.tag));
    match &wanted.content {
        Content::Text(text) => assert_eq!(r.text().unwrap(), text.as_str()),
        Content::Opaque(bytes) => assert_eq!(r.bytes().unwrap(), bytes.as_slice()),
        Content::Children(children) => {
            for child in children {
                check(child, r);
            }
            assert_eq!(r.child().unwrap(), None);
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(node in node()) {
        let mut w = Writer::new();
        write(&node, &mut w);
        let document = w.finish();
        let mut reader = Reader::new(&document).unwrap();
        check(&node, &mut reader);
        reader.finish().unwrap();
        let mut skipping = Reader::new(&document).unwrap();
        prop_assert_eq!(skipping.child().unwrap(), Some(node.tag));
        skipping.skip().unwrap();
        skipping.finish().unwrap();
    }

    #[test]
    fn nothing_makes_a_reader_panic_or_go_on_for_ever(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        header in any::<bool>(),
    ) {
        if header {
            bytes.splice(0..0, [3, 1, 0x6A, 0]);
        }
        let _ = to_xml(&bytes);
        if let Ok(mut reader) = Reader::new(&bytes) {
            let mut steps = 0;
            while let Ok(Some(tag)) = reader.child() {
                let read = match tag.id() % 4 {
                    0 => reader.skip().is_ok(),
                    1 => reader.text().is_ok(),
                    _ => true,
                };
                steps += 1;
                prop_assert!(steps <= bytes.len());
                if !read {
                    break;
                }
            }
        }
    }
}
