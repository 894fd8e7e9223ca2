//! Every request against schemas, by `xmllint`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use eas::wire::Version;
use eas::wire::wbxml::{Reader, to_xml};

use super::requests::requests;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/xsd")
}

/// The value of an attribute `v:since` or `v:until` in a line.
fn bound(line: &str, name: &str) -> Option<Version> {
    let (_, rest) = line.split_once(&format!(" v:{name}=\""))?;
    let (version, _) = rest.split_once('"')?;
    Some(version.parse().unwrap())
}

/// A schema of ours as it is in a version; the attributes stand in elements of one line.
fn in_version(schema: &str, version: Version) -> String {
    let is_there = |line: &&str| {
        let since = bound(line, "since");
        let until = bound(line, "until");
        if since.or(until).is_some() {
            assert!(line.ends_with("/>"), "{line}");
        }
        since.is_none_or(|v| version >= v) && until.is_none_or(|v| version <= v)
    };
    let lines: Vec<&str> = schema.lines().filter(is_there).collect();
    lines.join("\n")
}

/// A schema with imports of the namespaces that its head names, where it has none.
fn with_imports(schema: &str, own: &str, schemas: &Schemas) -> String {
    let schema = schema.trim_start_matches('\u{FEFF}');
    let start = schema.find("<xs:schema").unwrap();
    let end = start + schema[start..].find('>').unwrap() + 1;
    let head: String = schema[start..end].split_whitespace().collect();
    let mut imports = String::new();
    for (namespace, file) in schemas {
        let is_named = head.contains(&format!("=\"{namespace}\""));
        if is_named && namespace != own {
            imports += &format!("<xs:import namespace=\"{namespace}\" schemaLocation=\"{file}\"/>");
        }
    }
    // Those come behind what is included.
    let place = schema
        .find("<xs:include")
        .map_or(end, |at| at + schema[at..].find("/>").unwrap() + 2);
    format!("{}{imports}{}", &schema[..place], &schema[place..])
}

/// Namespaces, and the files that others import them from.
type Schemas = BTreeMap<String, String>;

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let schemas = files.filter(|path| path.extension().is_some_and(|e| e == "xsd"));
    schemas
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// Writes the schemas as they are in a version.
fn write_schemas(version: Version, to: &Path) {
    let (own, microsoft) = (folder(), folder().join("microsoft"));
    let mut schemas = Schemas::new();
    for name in names(&own) {
        let namespace = if name == "Sync" { "AirSync" } else { &name };
        schemas.insert(
            namespace.to_owned(),
            to.join(format!("{name}.xsd")).display().to_string(),
        );
    }
    // What Microsoft has is imported from there: ours would be read twice otherwise.
    for name in names(&microsoft) {
        let file = to.join("microsoft").join(format!("{name}.xsd"));
        schemas.insert(name, file.display().to_string());
    }
    schemas.insert(
        "Settings".into(),
        to.join("Settings.xsd").display().to_string(),
    );
    fs::create_dir_all(to.join("microsoft")).unwrap();
    for name in names(&own) {
        let schema = fs::read_to_string(own.join(format!("{name}.xsd"))).unwrap();
        let namespace = if name == "Sync" { "AirSync" } else { &name };
        let schema = with_imports(&in_version(&schema, version), namespace, &schemas);
        fs::write(to.join(format!("{name}.xsd")), schema).unwrap();
    }
    for name in names(&microsoft) {
        let schema = fs::read_to_string(microsoft.join(format!("{name}.xsd"))).unwrap();
        let schema = with_imports(&schema, &name, &schemas);
        fs::write(to.join("microsoft").join(format!("{name}.xsd")), schema).unwrap();
    }
}

/// The namespace of a document's root, which names its schema.
fn namespace(document: &[u8]) -> &'static str {
    let root = Reader::new(document).unwrap().child().unwrap().unwrap();
    root.namespace().unwrap()
}

fn as_xml(document: &[u8]) -> String {
    let xml = to_xml(document).unwrap();
    if namespace(document) != "ComposeMail" {
        return xml;
    }
    // Microsoft's schema and its code pages call them by different names.
    let xml = xml
        .replace("<Email>", "<ForwardeeEmail>")
        .replace("</Email>", "</ForwardeeEmail>");
    xml.replace("<Name>", "<ForwardeeName>")
        .replace("</Name>", "</ForwardeeName>")
}

/// What xmllint has against these documents of one namespace.
fn complaints(schema: &Path, documents: &[PathBuf]) -> Vec<String> {
    let output = Command::new("xmllint")
        .args(["--noout", "--schema"])
        .arg(schema)
        .args(documents)
        .output()
        .expect("xmllint: `cargo testbed install`");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_bad = |line: &&str| line.contains("error :") || line.contains("fails to");
    let mut bad: Vec<String> = text.lines().filter(is_bad).map(str::to_owned).collect();
    let valid = text.lines().filter(|line| line.ends_with(" validates"));
    if bad.is_empty() && (!output.status.success() || valid.count() != documents.len()) {
        bad.push(text);
    }
    bad
}

fn check(version: Version, documents: &[(String, String, &'static str)]) -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    write_schemas(version, scratch.path());
    let mut by_schema: BTreeMap<&str, Vec<PathBuf>> = BTreeMap::new();
    for (i, (name, xml, namespace)) in documents.iter().enumerate() {
        let name = name.replace(['/', '?', ' '], "-");
        let path = scratch.path().join(format!("{i}-{name}.xml"));
        fs::write(&path, xml).unwrap();
        let schema = if *namespace == "AirSync" {
            "Sync"
        } else {
            namespace
        };
        by_schema.entry(schema).or_default().push(path);
    }
    let mut all = Vec::new();
    for (schema, documents) in by_schema {
        let schema = scratch.path().join(format!("{schema}.xsd"));
        let found = complaints(&schema, &documents);
        let scratch = format!("{}/", scratch.path().display());
        all.extend(
            found
                .iter()
                .map(|line| format!("{version}: {}", line.replace(&scratch, ""))),
        );
    }
    all
}

#[test]
#[ignore = "needs the testbed"]
fn every_request_is_as_its_schema_says() {
    let mut failures = Vec::new();
    for version in Version::ALL {
        let documents: Vec<_> = requests(version)
            .into_iter()
            .map(|(name, body)| (name, as_xml(&body), namespace(&body)))
            .collect();
        assert!(documents.len() >= 50, "{version}: {}", documents.len());
        failures.extend(check(version, &documents));
        if version >= Version::V16_0 {
            let has = |(_, xml, _): &&(String, String, &str)| xml.contains("<AttendeeStatus>");
            let status = documents.iter().find(has);
            assert_eq!(status, None, "from 16.0 on nobody's answer is sent");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The schemas can fail.
#[test]
#[ignore = "needs the testbed"]
fn wrong_requests_are_noticed() {
    let sync = |inner: &str| {
        let xml = format!(
            "<Sync xmlns=\"AirSync\"><Collections><Collection>{inner}</Collection></Collections></Sync>"
        );
        (inner.to_owned(), xml, "AirSync")
    };
    let add = |item: &str| {
        sync(&format!(
            "<SyncKey>1</SyncKey><CollectionId>5</CollectionId><Commands><Add><ClientId>1</ClientId>\
             <ApplicationData>{item}</ApplicationData></Add></Commands>"
        ))
    };
    for (version, wrong) in [
        (
            Version::V14_1,
            sync("<CollectionId>5</CollectionId><SyncKey>1</SyncKey>"),
        ),
        (
            Version::V12_0,
            sync("<SyncKey>1</SyncKey><CollectionId>5</CollectionId>"),
        ),
        (Version::V16_1, add("<UID xmlns=\"Calendar\">1</UID>")),
        (
            Version::V14_1,
            add("<ClientUid xmlns=\"Calendar\">1</ClientUid>"),
        ),
        (
            Version::V14_1,
            add("<MeetingStatus xmlns=\"Calendar\">4</MeetingStatus>"),
        ),
        (
            Version::V2_5,
            add("<Body xmlns=\"AirSyncBase\"><Type>1</Type></Body>"),
        ),
    ] {
        let (name, xml, namespace) = wrong;
        let found = check(version, &[("wrong".into(), xml, namespace)]);
        assert!(!found.is_empty(), "{version}: {name}");
    }
}
