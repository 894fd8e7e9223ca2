//! Whatever the bytes: a document or an error; what was read is written and read as the same.
#![no_main]

use eas::wire::wbxml::{Reader, Token, Tokens, Writer, to_xml};
use libfuzzer_sys::fuzz_target;

/// Copies the content of an element; `None` where it has what the writer does not make.
fn copy(tokens: &mut Tokens<'_>, w: &mut Writer, depth: usize) -> Option<()> {
    while let Some(token) = tokens.next_token().ok()? {
        match token {
            Token::Start { tag, content: false } => w.empty(tag),
            Token::Start { tag, .. } => {
                let mut sound = Some(());
                if depth > 40 {
                    return None;
                }
                w.element(tag, |w| sound = copy(tokens, w, depth + 1));
                sound?;
            }
            Token::End => return Some(()),
            Token::Text(_) | Token::Opaque(_) | Token::Entity(_) => return None,
        }
    }
    Some(())
}

fuzz_target!(|data: &[u8]| {
    let xml = to_xml(data);
    if let Ok(mut reader) = Reader::new(data) {
        while let Ok(Some(_)) = reader.child() {
            if reader.skip().is_err() {
                break;
            }
        }
        let _ = reader.finish();
    }
    let mut w = Writer::new();
    let copied = Tokens::new(data).ok().and_then(|mut t| copy(&mut t, &mut w, 0));
    if let (Ok(xml), Some(())) = (xml, copied) {
        let again = to_xml(&w.finish()).expect("our own document");
        // An element that is empty and one that is closed at once are the same.
        let plain = |xml: &str| xml.split("></").count();
        assert!(plain(&again) <= plain(&xml));
    }
});
