use crate::merge::canon::{attribute, is_list_param};
use crate::merge::syntax::{Built, encode_caret, split_outside_quotes};
use crate::merge::vcard::Dialect;

/// Parameters that mean nothing to another server.
const PRIVATE: [&str; 3] = ["SCHEDULE-AGENT", "SCHEDULE-FORCE-SEND", "SCHEDULE-STATUS"];

/// Makes a line ready for another document.
pub(super) fn drop_private(built: &mut Built) {
    built.drop_params(&PRIVATE);
}

/// Makes a line whose value is no longer encoded.
pub(super) fn drop_encoding(built: &mut Built) {
    built.drop_params(&["ENCODING", "CHARSET", "QUOTED-PRINTABLE"]);
}

/// Changes the attributes of a line from `before` to `after`; all others stay as they are.
pub(super) fn set_attributes(
    built: &mut Built,
    before: &[(String, String)],
    after: &[(String, String)],
    dialect: Option<Dialect>,
) {
    let is_stale = |name: &str| {
        let old = attribute(before, name);
        old.is_some() && attribute(after, name) != old
    };
    built.params = built
        .params
        .iter()
        .filter_map(|raw| kept(raw, dialect.is_some(), &is_stale))
        .collect();
    let fresh = after
        .iter()
        .filter(|new| !new.0.starts_with('.') && before.binary_search(new).is_err());
    built
        .params
        .extend(fresh.map(|(name, value)| print(name, value, dialect)));
}

/// What stays of a parameter.
fn kept(raw: &str, card: bool, is_stale: &dyn Fn(&str) -> bool) -> Option<String> {
    let (name, value) = match raw.split_once('=') {
        Some((name, value)) => (name.trim().to_ascii_uppercase(), value),
        None if card => ("TYPE".to_owned(), raw),
        None => (raw.trim().to_ascii_uppercase(), ""),
    };
    if !(card && name == "TYPE") {
        return (!is_stale(&name)).then(|| raw.to_owned());
    }
    let words = split_outside_quotes(value, ',').flat_map(|part| {
        let bare = part.trim().trim_matches('"');
        bare.split(',').map(str::trim)
    });
    let words: Vec<&str> = words.collect();
    let stays = |word: &&&str| {
        let upper = word.to_ascii_uppercase();
        let stale = match upper.as_str() {
            "PREF" => is_stale("PREF"),
            _ => is_stale(&format!("TYPE:{upper}")),
        };
        !stale
    };
    let left: Vec<&str> = words.iter().filter(stays).copied().collect();
    match left.len() {
        n if n == words.len() => Some(raw.to_owned()),
        0 => None,
        _ => Some(format!("TYPE={}", left.join(","))),
    }
}

fn print(name: &str, value: &str, dialect: Option<Dialect>) -> String {
    let four = dialect == Some(Dialect::Four);
    if let Some(word) = name.strip_prefix("TYPE:") {
        return match four {
            true => format!("TYPE={}", word.to_ascii_lowercase()),
            false => format!("TYPE={word}"),
        };
    }
    if name == "PREF" && value == "1" && dialect.is_some() && !four {
        return "TYPE=PREF".to_owned();
    }
    if is_list_param(name) {
        let quoted = value.split(',').map(|part| {
            let part = encode_caret(part);
            if part.starts_with('"') {
                part
            } else {
                format!("\"{part}\"")
            }
        });
        return format!("{name}={}", quoted.collect::<Vec<_>>().join(","));
    }
    format!("{name}={}", encode_caret(value))
}
