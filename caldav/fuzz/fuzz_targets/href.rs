//! What was made a legal reference stays one, and the same.
#![no_main]

use caldav::wire::Href;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let base = Href::parse("https://example.org/a/b/").expect("it is one");
    if let Some(href) = base.resolve(text) {
        let written = href.to_string();
        assert!(written.bytes().all(|byte| byte.is_ascii_graphic()));
        let again = Href::parse(&written).expect("what was written can be read");
        assert_eq!(again, href);
        assert_eq!(again.to_string(), written);
    }
    let member = base.member(text);
    if !matches!(text, "" | "." | "..") {
        assert!(member.is_below(&base));
        assert_eq!(member.name(), text);
    }
});
