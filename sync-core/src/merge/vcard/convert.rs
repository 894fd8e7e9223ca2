use super::Dialect;
use crate::merge::canon::{
    CARD_NAMES, Class, Form, basic_date, canonical_name, media_type, rule, sniff,
};
use crate::merge::syntax::{
    Built, decode_caret, escape, quoted_printable, split_outside_quotes, split_unescaped, unescape,
};

/// The year that Apple writes for none.
const NO_YEAR: &str = "1604";

/// A line of a card in another version's syntax.
pub(in crate::merge) fn convert(line: Built, from: Dialect, to: Dialect) -> Built {
    let name = canonical_name(true, &line.name);
    let form = rule(true, &name).form;
    let mut line = Parts::of(line, &name, form);
    if from == Dialect::Old {
        line.modernize(&name, form);
    }
    let four = to == Dialect::Four;
    match form {
        Form::Binary if four => line.inline_as_uri(&name),
        Form::Binary => line.inline_as_base64(&name),
        Form::CardDate if four => line.basic_date(),
        Form::CardDate => line.extended_date(),
        Form::Geo => line.geo(four),
        Form::Phone if !four => line.phone(),
        _ => {}
    }
    if name == "REV" && four {
        line.value.retain(|c| c != '-' && c != ':');
    }
    line.finish(&name, four)
}

/// A line taken apart.
struct Parts {
    group: String,
    name: String,
    params: Vec<(String, String)>,
    /// The words of TYPE, as found.
    types: Vec<String>,
    /// The parameter TYPE as found, while its words stay.
    raw_types: Option<(Vec<String>, Vec<String>)>,
    base64: bool,
    printable: bool,
    value: String,
}

impl Parts {
    fn of(line: Built, name: &str, form: Form) -> Self {
        let mut parts = Self {
            group: line.group,
            name: line.name,
            params: Vec::new(),
            types: Vec::new(),
            raw_types: None,
            base64: false,
            printable: false,
            value: line.value,
        };
        let mut raws = Vec::new();
        for raw in line.params {
            let (key, value) = match raw.split_once('=') {
                Some((key, value)) => (key.trim().to_ascii_uppercase(), value.trim()),
                None => match raw.trim().to_ascii_uppercase().as_str() {
                    "QUOTED-PRINTABLE" | "BASE64" | "7BIT" | "8BIT" => {
                        ("ENCODING".to_owned(), raw.trim())
                    }
                    _ => ("TYPE".to_owned(), raw.trim()),
                },
            };
            match key.as_str() {
                "TYPE" => {
                    for part in split_outside_quotes(value, ',') {
                        let words = part.trim().trim_matches('"').split(',');
                        parts.types.extend(words.map(|word| word.trim().to_owned()));
                    }
                    raws.push(raw);
                }
                "ENCODING" => match value.trim_matches('"').to_ascii_uppercase().as_str() {
                    "B" | "BASE64" => parts.base64 = true,
                    "QUOTED-PRINTABLE" => parts.printable = true,
                    _ => {}
                },
                _ => parts.params.push((key, raw)),
            }
        }
        parts.types.retain(|word| !word.is_empty());
        let plain = raws
            .iter()
            .all(|raw| raw.contains('=') && !raw.contains('"'));
        if plain && form != Form::Binary && name != "EMAIL" {
            parts.raw_types = Some((parts.types.clone(), raws));
        }
        parts
    }

    fn param(&self, name: &str) -> Option<String> {
        let found = self.params.iter().find(|(key, _)| key == name);
        found.map(|(_, raw)| {
            let value = raw.split_once('=').map_or("", |(_, value)| value).trim();
            decode_caret(value.trim_matches('"')).into_owned()
        })
    }

    fn drop(&mut self, names: &[&str]) {
        self.params
            .retain(|(key, _)| !names.contains(&key.as_str()));
    }

    fn add(&mut self, name: &str, value: &str) {
        self.params
            .push((name.to_owned(), format!("{name}={value}")));
    }

    /// Takes a value of vCard 2.1 out of its encoding and escapes it.
    fn modernize(&mut self, name: &str, form: Form) {
        if self.printable {
            let charset = self.param("CHARSET").unwrap_or_default();
            let text = quoted_printable(&self.value, &charset);
            self.value = text.replace("\r\n", "\n").replace('\r', "\n");
            self.printable = false;
        }
        if self.base64 {
            return;
        }
        let plain = |part: &str| escape(&unescape(part));
        self.value = match form {
            Form::Text if rule(true, name).class == Class::Values => {
                self.value.replace('\n', "\\n")
            }
            Form::Text => plain(&self.value),
            Form::Structured => {
                let parts: Vec<String> = split_unescaped(&self.value, ';').map(plain).collect();
                parts.join(";")
            }
            _ => std::mem::take(&mut self.value),
        };
    }

    /// The word of TYPE or the MEDIATYPE that says what inline data is; it is taken out.
    fn take_media(&mut self, name: &str) -> String {
        let is_media = |word: &String| {
            let upper = word.to_ascii_uppercase();
            !matches!(upper.as_str(), "HOME" | "WORK" | "PREF")
        };
        let at = self.types.iter().rposition(is_media);
        let word = at.map(|at| self.types.remove(at));
        let given = self.param("MEDIATYPE").or(word).unwrap_or_default();
        self.drop(&["MEDIATYPE"]);
        media_type(name, &given)
    }

    /// RFC 6350 section 6.2.4: inline data is a `data:` URI.
    fn inline_as_uri(&mut self, name: &str) {
        let media = self.take_media(name);
        self.drop(&["VALUE"]);
        if self.base64 {
            let data: String = self.value.split_ascii_whitespace().collect();
            let media = if media.is_empty() {
                sniff(&data).to_owned()
            } else {
                media
            };
            self.value = format!("data:{media};base64,{data}");
            self.base64 = false;
        } else if !media.is_empty() {
            self.add("MEDIATYPE", &media);
        }
    }

    /// RFC 2426 section 3.1.4: inline data is in base64, and TYPE says of what format.
    fn inline_as_base64(&mut self, name: &str) {
        if self.base64 {
            return;
        }
        let mut media = self.take_media(name);
        let inline = self.value.split_once(',').and_then(|(head, data)| {
            let head = head.to_ascii_lowercase();
            let kind = head.strip_prefix("data:")?.strip_suffix(";base64")?;
            Some((
                kind.split(';').next().unwrap_or_default().to_owned(),
                data.to_owned(),
            ))
        });
        self.drop(&["VALUE"]);
        match inline {
            Some((kind, data)) => {
                if !kind.is_empty() {
                    media = media_type(name, &kind);
                }
                self.base64 = true;
                self.value = data;
            }
            None => self.add("VALUE", "uri"),
        }
        if media.is_empty() {
            return;
        }
        let short = match media.as_str() {
            "application/pgp-keys" => "PGP",
            "application/pkix-cert" => "X509",
            long => long.rsplit('/').next().unwrap_or_default(),
        };
        if media_type(name, short) == media {
            self.types.push(short.to_ascii_uppercase());
        } else {
            self.add("MEDIATYPE", &media);
        }
    }

    /// RFC 6350 section 4.3.1: no hyphens, and a year may be missing.
    fn basic_date(&mut self) {
        if self
            .param("VALUE")
            .is_some_and(|v| v.eq_ignore_ascii_case("text"))
        {
            return;
        }
        self.drop(&["VALUE"]);
        let year = self.param("X-APPLE-OMIT-YEAR").unwrap_or_default();
        self.value = basic_date(self.value.trim(), &year);
        if self.value.starts_with("--") {
            self.drop(&["X-APPLE-OMIT-YEAR"]);
        }
    }

    /// As most writers of vCard 3.0 have it, with hyphens; a missing year as Apple has it.
    fn extended_date(&mut self) {
        let value = self.value.trim().to_owned();
        let date = value
            .get(..8)
            .filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
        if let Some(date) = date
            && let (Some(y), Some(m), Some(d)) =
                (part(date, 0, 4), part(date, 4, 6), part(date, 6, 8))
        {
            let rest = value.get(8..).unwrap_or_default();
            self.value = format!("{y}-{m}-{d}{rest}");
        } else if let Some(day) = value.strip_prefix("--")
            && day.len() == 4
            && let (Some(m), Some(d)) = (part(day, 0, 2), part(day, 2, 4))
            && day.bytes().all(|b| b.is_ascii_digit())
        {
            self.value = format!("{NO_YEAR}-{m}-{d}");
            self.add("X-APPLE-OMIT-YEAR", NO_YEAR);
        }
    }

    /// RFC 6350 section 6.5.2 has a `geo:` URI, RFC 2426 section 3.4.2 two numbers.
    fn geo(&mut self, four: bool) {
        let value = unescape(self.value.trim()).into_owned();
        if four {
            if let Some((latitude, longitude)) = value.split_once(';')
                && !value.to_ascii_lowercase().starts_with("geo:")
            {
                self.value = format!("geo:{},{}", latitude.trim(), longitude.trim());
            }
        } else if let Some(numbers) = value.strip_prefix("geo:")
            && !numbers.contains(';')
            && let Some((latitude, longitude)) = numbers.split_once(',')
        {
            self.value = format!("{latitude};{longitude}");
            self.drop(&["VALUE"]);
        }
    }

    /// RFC 2426 section 3.3.1 has no URI here.
    fn phone(&mut self) {
        let value = self.value.trim();
        let is_uri = value
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("tel:"));
        if is_uri {
            self.value = value.get(4..).unwrap_or_default().to_owned();
            self.drop(&["VALUE"]);
        }
    }

    fn finish(mut self, name: &str, four: bool) -> Built {
        let is = |word: &str, known: &str| word.eq_ignore_ascii_case(known);
        if four {
            let before = self.types.len();
            self.types.retain(|word| !is(word, "PREF"));
            if self.types.len() < before && self.param("PREF").is_none() {
                self.add("PREF", "1");
            }
            if name == "EMAIL" {
                self.types.retain(|word| !is(word, "INTERNET"));
            }
        } else if self.param("PREF").is_some_and(|pref| pref == "1") {
            self.drop(&["PREF"]);
            if !self.types.iter().any(|word| is(word, "PREF")) {
                self.types.push("PREF".to_owned());
            }
        }
        self.drop(&["CHARSET"]);
        let mut params = Vec::new();
        if self.base64 {
            params.push("ENCODING=b".to_owned());
        }
        if self.printable {
            params.push("ENCODING=QUOTED-PRINTABLE".to_owned());
        }
        match self.raw_types {
            Some((words, raws)) if words == self.types => params.extend(raws),
            _ if self.types.is_empty() => {}
            _ => params.push(format!("TYPE={}", self.types.join(","))),
        }
        params.extend(self.params.into_iter().map(|(_, raw)| raw));
        let mut pairs = CARD_NAMES.iter();
        let upper = self.name.to_ascii_uppercase();
        let renamed = pairs.find(|(new, old)| if four { *old == upper } else { *new == upper });
        Built {
            group: self.group,
            name: renamed.map_or(self.name, |(new, old)| {
                (if four { new } else { old }).to_string()
            }),
            params,
            value: self.value,
        }
    }
}
