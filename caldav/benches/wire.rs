//! How fast answers are read: `cargo bench -p caldav --bench wire`.

#![allow(missing_docs, clippy::unwrap_used)]

use caldav::wire::{Href, Limits, MultistatusReader};
use divan::Bencher;
use divan::counter::BytesCount;

/// What arrives at once.
const CHUNK: usize = 16 << 10;

fn main() {
    divan::main();
}

fn entry(n: usize, properties: &str) -> String {
    format!(
        "<d:response><d:href>/cal/{n}.ics</d:href><d:propstat><d:prop>\
         <d:getetag>&quot;{n:032x}&quot;</d:getetag>{properties}</d:prop>\
         <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    )
}

fn document(entries: usize, properties: &str) -> String {
    let entries: String = (0..entries).map(|n| entry(n, properties)).collect();
    format!(
        "<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\" \
         xmlns:c=\"urn:ietf:params:xml:ns:caldav\">{entries}</d:multistatus>"
    )
}

fn read(bencher: Bencher<'_, '_>, document: &str) {
    bencher.counter(BytesCount::of_str(document)).bench(|| {
        let base = Href::parse("/cal/").unwrap();
        let mut reader = MultistatusReader::new(base, "", Limits::default());
        let mut count = 0_usize;
        for chunk in document.as_bytes().chunks(CHUNK) {
            reader.push(chunk).unwrap();
            count += std::iter::from_fn(|| reader.pop()).count();
        }
        reader.finish().unwrap();
        count
    });
}

/// What a listing or sync-collection answers.
#[divan::bench]
fn etags_of_5000(bencher: Bencher<'_, '_>) {
    read(bencher, &document(5000, ""));
}

/// What a multiget answers.
#[divan::bench]
fn events_of_2_kb(bencher: Bencher<'_, '_>) {
    let line = "DESCRIPTION:An event &amp; what is said of it, folded at some place\r\n";
    let data = format!("<c:calendar-data>{}</c:calendar-data>", line.repeat(30));
    read(bencher, &document(250, &data));
}
