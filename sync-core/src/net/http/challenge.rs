use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// The most parameters and challenges that are looked at.
const MAX_PARTS: usize = 64;

/// One challenge of `WWW-Authenticate` (RFC 9110 section 11.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case.
    pub(super) scheme: String,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The challenges of all such headers; what cannot be read is left out.
    pub(super) fn all(headers: &HeaderMap) -> Vec<Self> {
        let mut found = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            // A realm may hold bytes of any character set; only ours have to be right.
            parse(&String::from_utf8_lossy(value.as_bytes()), &mut found);
        }
        found
    }

    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A comma separates both challenges and parameters: a word followed by `=` is a parameter, any
/// other one begins a challenge.
fn parse(mut rest: &str, found: &mut Vec<Challenge>) {
    for _ in 0..MAX_PARTS {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        let Some((word, after)) = rest
            .split_at_checked(end)
            .filter(|(word, _)| !word.is_empty())
        else {
            return;
        };
        let next = after.trim_start_matches([' ', '\t']);
        match (next.strip_prefix('='), found.last_mut()) {
            (Some(value), Some(challenge)) => {
                let Some((value, after)) = take_value(value.trim_start_matches([' ', '\t'])) else {
                    return;
                };
                challenge.params.push((word.to_ascii_lowercase(), value));
                rest = after;
            }
            (Some(_), None) => return,
            (None, _) => {
                found.push(Challenge {
                    scheme: word.to_ascii_lowercase(),
                    params: Vec::new(),
                });
                rest = skip_token68(after);
            }
        }
    }
}

/// The opaque data that schemes such as Negotiate have in place of parameters.
fn skip_token68(after: &str) -> &str {
    let data = after.trim_start_matches([' ', '\t']);
    let end = data.find([',', ' ', '\t']).unwrap_or(data.len());
    let Some((word, rest)) = data.split_at_checked(end) else {
        return after;
    };
    let bare = word.trim_end_matches('=');
    let padded = bare.len() < word.len() && !bare.contains(['=', '"']);
    if padded || bare.contains('/') && !bare.contains('=') {
        rest
    } else {
        after
    }
}

fn take_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, quoted.get(at.checked_add(1)?..)?)),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    fn challenges(lines: &[&str]) -> Vec<(String, Vec<(String, String)>)> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        Challenge::all(&headers)
            .into_iter()
            .map(|c| (c.scheme, c.params))
            .collect()
    }

    #[test]
    fn known_headers() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            challenges(&["basic realm=\"SOGo\""]),
            [("basic".into(), vec![pair("realm", "SOGo")])]
        );
        // Cyrus, three lines.
        let cyrus = challenges(&["SCRAM-SHA-256", "SCRAM-SHA-1", "Basic realm=\"x\""]);
        assert_eq!(cyrus.len(), 3);
        assert_eq!(cyrus[2].0, "basic");
        // RFC 9110 section 11.6.1, with one more.
        let both = challenges(&[
            "Basic realm=\"simple, \\\"quoted\\\"\", Newauth realm=apps, type = 1 , \
             title=\"Login\", Negotiate, Negotiate dG9r/2Vu==, Digest qop=\"auth,auth-int\",nonce=a=b",
        ]);
        let schemes: Vec<_> = both.iter().map(|(scheme, _)| scheme.as_str()).collect();
        assert_eq!(
            schemes,
            ["basic", "newauth", "negotiate", "negotiate", "digest"]
        );
        assert_eq!(both[0].1, [pair("realm", "simple, \"quoted\"")]);
        assert_eq!(both[1].1.len(), 3);
        assert_eq!(
            both[4].1,
            [pair("qop", "auth,auth-int"), pair("nonce", "a=b")]
        );
    }

    #[test]
    fn broken_headers_give_what_can_be_read() {
        assert!(challenges(&["realm=\"x\""]).is_empty());
        assert!(challenges(&["", ",,, ,"]).is_empty());
        assert_eq!(challenges(&["Basic realm=\"open"])[0].1, []);
    }

    proptest! {
        #[test]
        fn no_header_is_too_odd(text in "[ -~]{0,80}") {
            let mut found = Vec::new();
            parse(&text, &mut found);
        }
    }
}
