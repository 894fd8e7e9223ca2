//! What nobody asks for costs no memory.

use allocation_counter::measure;
use eas::wire::wbxml::pages::{AirSync as A, AirSyncBase as B};
use eas::wire::wbxml::{Reader, Tag, Writer};

/// A folder's answer with a thousand items of all kinds of content.
fn answer() -> Vec<u8> {
    let mut w = Writer::new();
    w.element(A::Sync, |w| {
        w.element(A::Commands, |w| {
            for number in 0..1000 {
                w.element(A::Add, |w| {
                    w.number(A::ServerId, number);
                    w.opaque(B::Content, &[0; 300]);
                    w.element(A::ApplicationData, |w| {
                        w.text(Tag::new(200, 9), "from a vendor");
                        w.text(B::Data, &"text ".repeat(100));
                        w.empty(B::Attachments);
                    });
                });
            }
        });
        w.text(A::SyncKey, "2");
    });
    w.finish()
}

#[test]
fn a_skipped_subtree_allocates_nothing() {
    let document = answer();
    let info = measure(|| {
        let mut r = Reader::new(&document).unwrap();
        r.root(A::Sync).unwrap();
        let mut key = false;
        while let Some(tag) = r.child().unwrap() {
            match tag {
                A::SyncKey => key = r.text().unwrap() == "2",
                _ => r.skip().unwrap(),
            }
        }
        r.finish().unwrap();
        assert!(key);
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn what_is_read_is_borrowed() {
    let document = answer();
    let info = measure(|| {
        let mut r = Reader::new(&document).unwrap();
        r.root(A::Sync).unwrap();
        let mut bytes = 0;
        // Every element on the way down is entered; what has no children is read.
        let mut open = 1;
        while open > 0 {
            match r.child().unwrap() {
                Some(A::Commands | A::Add | A::ApplicationData) => open += 1,
                Some(_) => bytes += r.bytes().unwrap().len(),
                None => open -= 1,
            }
        }
        r.finish().unwrap();
        assert!(bytes > 800_000, "{bytes}");
    });
    assert_eq!(info.count_total, 0);
}

/// A length that a document claims is compared with what is there, before anything is done with it.
#[test]
fn a_claimed_length_allocates_nothing() {
    let document = b"\x03\x01\x6A\x00\x45\xC3\x8F\xFF\xFF\xFF\x7Fabc\x01";
    let info = measure(|| {
        let mut r = Reader::new(document).unwrap();
        r.root(A::Sync).unwrap();
        assert!(r.bytes().is_err());
    });
    assert_eq!(info.count_total, 0);
}
