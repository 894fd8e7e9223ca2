use std::borrow::Cow;

use super::names::Form;
use super::params::Attributes;
use super::recurrence::{duration, recurrence, trigger};
use super::time::canonical_time;
use crate::merge::syntax::{quoted_printable, split_unescaped, unescape};

/// The canonical form of a value.
pub(super) fn canonical_value(name: &str, form: Form, raw: &str, with: &Attributes) -> String {
    let raw = decoded(raw, with);
    let trimmed = raw.trim();
    match form {
        Form::Binary => binary(name, trimmed, with),
        _ if with.base64 => format!("base64:{}", base64(trimmed)),
        Form::Text => text(&raw),
        Form::Structured => structured(&raw),
        Form::Time => canonical_time(trimmed, &with.tzid),
        Form::CardDate if with.is_text => text(&raw),
        Form::CardDate => basic_date(&unescape(trimmed), &with.omitted_year),
        Form::Duration => duration(trimmed),
        Form::Trigger => trigger(trimmed).unwrap_or_else(|| canonical_time(trimmed, &with.tzid)),
        Form::Recurrence => recurrence(trimmed),
        Form::Integer => integer(trimmed),
        Form::Token => unescape(trimmed).to_ascii_uppercase(),
        Form::Uri => unescape(trimmed).into_owned(),
        Form::Address => {
            let address = unescape(trimmed);
            match strip(&address, "mailto:") {
                Some(mail) => format!("mailto:{}", mail.trim().to_lowercase()),
                None => address.into_owned(),
            }
        }
        Form::Email => without(&unescape(trimmed), "mailto:"),
        Form::Phone => without(&unescape(trimmed), "tel:"),
        Form::Uid => without(&unescape(trimmed), "urn:uuid:"),
        Form::Geo => geo(&unescape(trimmed)),
    }
}

/// A value without its encoding, where it is quoted-printable.
pub(super) fn decoded<'t>(raw: &'t str, with: &Attributes) -> Cow<'t, str> {
    if with.quoted_printable {
        Cow::Owned(quoted_printable(raw, &with.charset))
    } else {
        Cow::Borrowed(raw)
    }
}

/// What tells an item of a set from the others, whatever a server made of its looks.
pub(super) fn loose(form: Form, value: &str) -> String {
    let key: String = match form {
        Form::Phone => value.chars().filter(char::is_ascii_digit).collect(),
        Form::Structured => loose_text(value),
        Form::Uri => value.trim_end_matches('/').to_owned(),
        Form::Text | Form::Email => value.to_lowercase(),
        _ => value.to_owned(),
    };
    if key.is_empty() {
        value.to_owned()
    } else {
        key
    }
}

/// Letters and digits alone, in lower case.
pub(in crate::merge) fn loose_text(value: &str) -> String {
    let kept = value.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// White space at the end means nothing: servers add and remove it.
fn text(raw: &str) -> String {
    let text = unescape(raw);
    let text = if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    };
    text.trim_end().to_owned()
}

fn structured(raw: &str) -> String {
    let mut parts: Vec<String> = split_unescaped(raw, ';')
        .map(|part| {
            unescape(part)
                .trim()
                .replace('\\', "\\\\")
                .replace(';', "\\;")
        })
        .collect();
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    parts.join(";")
}

/// A date of a vCard without hyphens and colons, as vCard 4.0 has it (RFC 6350 section 4.3.1). The
/// year that stands for none is left out.
pub(in crate::merge) fn basic_date(value: &str, omitted_year: &str) -> String {
    let (date, time) = match value.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (value, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mut basic = match parts.as_slice() {
        [y, m, d] if y.len() == 4 && m.len() == 2 && d.len() == 2 && digits(y) => {
            format!("{y}{m}{d}")
        }
        ["", "", m, d] if m.len() == 2 && d.len() == 2 => format!("--{m}{d}"),
        _ => date.to_owned(),
    };
    if !omitted_year.is_empty()
        && let Some(day) = basic
            .strip_prefix(omitted_year)
            .filter(|day| day.len() == 4)
    {
        basic = format!("--{day}");
    }
    match time {
        Some(time) => format!("{basic}T{}", time.to_ascii_uppercase().replace(':', "")),
        None => basic,
    }
}

fn integer(text: &str) -> String {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_owned();
    }
    let short = digits.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }.to_owned()
}

fn geo(value: &str) -> String {
    let value = strip(value, "geo:").unwrap_or(value);
    let parts: Vec<&str> = value
        .split([';', ','])
        .map(|part| {
            let part = part.trim();
            match part.contains('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b".-+".contains(&b))
            {
                true => part.trim_end_matches('0').trim_end_matches('.'),
                false => part,
            }
        })
        .collect();
    parts.join(";")
}

/// Inline data as a `data:` URI, whichever way it came; else the URI.
fn binary(name: &str, value: &str, with: &Attributes) -> String {
    let given = media_type(name, &with.media);
    if let Some(data) = strip(value, "data:") {
        let (head, data) = data.split_once(',').unwrap_or(("", data));
        let media = head.split(';').next().unwrap_or_default();
        let media = if media.is_empty() {
            given
        } else {
            media_type(name, media)
        };
        return inline(&media, data);
    }
    if with.base64 {
        return inline(&given, value);
    }
    if given.is_empty() {
        unescape(value).into_owned()
    } else {
        format!("{given},{}", unescape(value))
    }
}

fn inline(media: &str, data: &str) -> String {
    let data = base64(data);
    let media = if media.is_empty() {
        sniff(&data)
    } else {
        media
    };
    format!("data:{media},{data}")
}

/// The media type of an image that does not say, from its first bytes in base64.
pub(in crate::merge) fn sniff(data: &str) -> &'static str {
    match data.get(..4) {
        Some("/9j/") => "image/jpeg",
        Some("iVBO") => "image/png",
        Some("R0lG") => "image/gif",
        _ => "",
    }
}

fn base64(value: &str) -> String {
    let kept = |c: &char| !c.is_ascii_whitespace() && *c != '=';
    value.chars().filter(kept).collect()
}

/// The media type that a TYPE of vCard 2.1 and 3.0 stands for (RFC 2426 section 3.1.4).
pub(in crate::merge) fn media_type(property: &str, word: &str) -> String {
    let word = word.to_ascii_lowercase();
    match (property, word.as_str()) {
        (_, "") => String::new(),
        (_, "jpg" | "image/jpg") => "image/jpeg".to_owned(),
        (_, full) if full.contains('/') => full.to_owned(),
        ("SOUND", _) => format!("audio/{word}"),
        ("KEY", "pgp") => "application/pgp-keys".to_owned(),
        ("KEY", "x509") => "application/pkix-cert".to_owned(),
        ("KEY", _) => format!("application/{word}"),
        _ => format!("image/{word}"),
    }
}

fn strip<'t>(value: &'t str, prefix: &str) -> Option<&'t str> {
    let head = value.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| value.get(prefix.len()..).unwrap_or_default())
}

fn without(value: &str, prefix: &str) -> String {
    strip(value, prefix).unwrap_or(value).trim().to_owned()
}
