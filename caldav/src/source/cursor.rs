//! What a cursor holds.

use sync_core::model::Cursor;

/// Where a listing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// When everything was listed last, in Unix seconds.
    pub(super) audited: i64,
    pub(super) at: At,
}

/// What the server can be asked next time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    /// A sync-token.
    Token {
        token: String,
        /// A token that is the second of the last change does not tell what else happened in that
        /// second. Since when this one has been known, until it was asked for after that second.
        unsettled: Option<i64>,
    },
    /// A sync-token within a first listing that comes in pages.
    Page { token: String },
    /// A CTag.
    Ctag(String),
    /// Nothing: ETags are compared.
    Listing,
}

impl Mark {
    /// The cursor that says this.
    pub(super) fn cursor(&self) -> Cursor {
        let (word, since, value) = match &self.at {
            At::Token { token, unsettled } => ("token", *unsettled, token.as_str()),
            At::Page { token } => ("page", None, token.as_str()),
            At::Ctag(tag) => ("ctag", None, tag.as_str()),
            At::Listing => ("list", None, ""),
        };
        let since = since.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
        Cursor::new(format!("1 {} {word} {since} {value}", self.audited))
    }

    /// The inverse; `None` for what is none of ours.
    pub(super) fn parse(cursor: &Cursor) -> Option<Self> {
        let mut fields = cursor.as_str().splitn(5, ' ');
        let (version, audited) = (fields.next()?, fields.next()?.parse().ok()?);
        let (word, since, value) = (fields.next()?, fields.next()?, fields.next()?.to_owned());
        if version != "1" {
            return None;
        }
        let unsettled = match since {
            "-" => None,
            seconds => Some(seconds.parse().ok()?),
        };
        let at = match (word, unsettled) {
            ("token", unsettled) => At::Token {
                token: value,
                unsettled,
            },
            ("page", None) => At::Page { token: value },
            ("ctag", None) => At::Ctag(value),
            ("list", None) if value.is_empty() => At::Listing,
            _ => return None,
        };
        Some(Self { audited, at })
    }
}

/// A sync-token that counts seconds (SOGo), if it is one.
pub(super) fn seconds(token: &str) -> Option<u64> {
    let digits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
    token.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        for at in [
            At::Token {
                token: "http://a b/ 1".into(),
                unsettled: None,
            },
            At::Token {
                token: "1795293343".into(),
                unsettled: Some(7),
            },
            At::Page { token: "x".into() },
            At::Ctag("\"t\"".into()),
            At::Listing,
        ] {
            let mark = Mark { audited: -5, at };
            assert_eq!(Mark::parse(&mark.cursor()), Some(mark));
        }
    }

    #[test]
    fn nonsense_is_no_cursor() {
        for text in [
            "",
            "1",
            "1 2 3 4 5",
            "2 0 list - ",
            "1 0 ctag 4 x",
            "1 0 list - x",
        ] {
            assert_eq!(Mark::parse(&Cursor::new(text)), None, "{text}");
        }
    }

    #[test]
    fn only_digits_are_seconds() {
        assert_eq!(seconds("1795293343"), Some(1_795_293_343));
        for token in ["", "-1", "http://x/1", "1 ", "99999999999999999999999"] {
            assert_eq!(seconds(token), None, "{token}");
        }
    }
}
