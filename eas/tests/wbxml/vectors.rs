use std::fs;
use std::path::Path;

use eas::wire::wbxml::{Tag, Token, Tokens, Writer, to_xml};
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// What a document says, whatever wrote it down: starts with their namespace, texts, ends.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    Start(String),
    Text(String),
    End,
}

fn trimmed(text: &str) -> Option<Step> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(Step::Text(text))
}

/// The steps of a recorded XML; base64 of opaque bytes is not compared.
pub(crate) fn steps_of_xml(xml: &str) -> Vec<Step> {
    let mut reader = NsReader::from_str(xml);
    let mut steps = Vec::new();
    let mut text = String::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().unwrap();
        let namespace = match namespace {
            ResolveResult::Bound(ns) => ns.0.trim_end_matches(':').to_owned(),
            _ => String::new(),
        };
        if !matches!(event, Event::Text(_) | Event::GeneralRef(_)) {
            steps.extend(trimmed(&std::mem::take(&mut text)));
        }
        match event {
            Event::Start(e) => steps.push(Step::Start(format!(
                "{namespace}:{}",
                e.local_name().as_ref()
            ))),
            Event::Empty(e) => {
                let name = e.local_name();
                steps.push(Step::Start(format!("{namespace}:{}", name.as_ref())));
                steps.push(Step::End);
            }
            Event::End(_) => steps.push(Step::End),
            Event::Text(t) => text.push_str(&t),
            Event::GeneralRef(r) => {
                let c = match r.as_ref() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    "#13" => '\r',
                    other => panic!("{other}"),
                };
                text.push(c);
            }
            Event::Eof => return steps,
            _ => {}
        }
    }
}

pub(crate) fn recorded() -> Vec<(String, Vec<u8>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sogo");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "wbxml"))
        .map(|path| {
            let xml = fs::read_to_string(path.with_extension("xml")).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap(), xml)
        })
        .collect();
    found.sort();
    assert_eq!(found.len(), 172);
    found
}

#[test]
fn what_sogo_says_reads_as_an_independent_decoder_reads_it() {
    for (name, bytes, xml) in recorded() {
        let ours = steps_of_xml(&to_xml(&bytes).unwrap());
        let mut theirs = steps_of_xml(&xml);
        if xml.contains("opaque=\"base64\"") {
            theirs.retain(|step| !matches!(step, Step::Text(_)));
            let ours: Vec<_> = ours
                .into_iter()
                .filter(|s| !matches!(s, Step::Text(_)))
                .collect();
            assert_eq!(ours, theirs, "{name}");
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
    }
}

/// Published documents, and their bytes.
pub(crate) fn published() -> Vec<(serde_json::Value, Vec<u8>)> {
    let all: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../data/wbxml-vectors.json")).unwrap();
    assert_eq!(all.len(), 10);
    let bytes = |hex: &str| -> Vec<u8> {
        let digits = (0..hex.len() / 2).map(|i| &hex[i * 2..i * 2 + 2]);
        digits
            .map(|two| u8::from_str_radix(two, 16).unwrap())
            .collect()
    };
    all.into_iter()
        .map(|vector| {
            let bytes = bytes(vector["hex"].as_str().unwrap());
            (vector, bytes)
        })
        .collect()
}

#[test]
fn published_documents_read_as_published() {
    for (vector, bytes) in published() {
        // The published form has prefixes that it does not declare.
        let mut steps = Vec::new();
        let mut tokens = Tokens::new(&bytes).unwrap();
        let mut written = String::new();
        while let Some(token) = tokens.next_token().unwrap() {
            match token {
                Token::Start { tag, content: true } => {
                    written += &format!("<{tag}>");
                    steps.push(tag);
                }
                Token::Start { tag, .. } => written += &format!("<{tag}/>"),
                Token::End => written += &format!("</{}>", steps.pop().unwrap()),
                Token::Text(text) | Token::Opaque(text) => {
                    written += &String::from_utf8_lossy(text)
                        .replace('&', "&amp;")
                        .replace('<', "&lt;")
                        .replace('>', "&gt;");
                }
                Token::Entity(_) => unreachable!(),
            }
        }
        let name = &vector["name"];
        assert_eq!(written, vector["decoded"].as_str().unwrap(), "{name}");
    }
}

/// Writing what was read gives the same tokens; only superfluous page switches are gone.
#[test]
fn what_was_read_is_written_again() {
    fn copy(tokens: &mut Tokens<'_>, w: &mut Writer) {
        while let Some(token) = tokens.next_token().unwrap() {
            match token {
                Token::Start {
                    tag,
                    content: false,
                } => w.empty(tag),
                Token::Start { tag, .. } => leaf_or_branch(tag, tokens, w),
                Token::End => return,
                other => panic!("{other:?}"),
            }
        }
    }
    fn leaf_or_branch(tag: Tag, tokens: &mut Tokens<'_>, w: &mut Writer) {
        let before = tokens.clone();
        match tokens.next_token().unwrap() {
            Some(Token::Text(text)) => {
                w.text(tag, std::str::from_utf8(text).unwrap());
                assert_eq!(tokens.next_token().unwrap(), Some(Token::End));
            }
            Some(Token::Opaque(bytes)) => {
                w.opaque(tag, bytes);
                assert_eq!(tokens.next_token().unwrap(), Some(Token::End));
            }
            _ => {
                *tokens = before;
                w.element(tag, |w| copy(tokens, w));
            }
        }
    }
    for (name, bytes, _) in recorded() {
        let mut w = Writer::new();
        copy(&mut Tokens::new(&bytes).unwrap(), &mut w);
        let written = w.finish();
        assert_eq!(to_xml(&written).unwrap(), to_xml(&bytes).unwrap(), "{name}");
        assert!(written.len() <= bytes.len(), "{name}");
    }
}
