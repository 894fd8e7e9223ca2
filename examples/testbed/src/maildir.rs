//! Writes a Maildir the way Dovecot does, without Dovecot.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{Error, Result, error::Doing, mail::Message};

/// A Maildir has the letters a to z for keywords.
const KEYWORDS: usize = 26;

/// Writes `messages` into the `cur` of the Maildir `folder`, and calls `own` for each new path.
///
/// Flags and keywords go into the file names and `dovecot-keywords`; internal dates into the
/// files' times. Meant for an empty folder: a second call would start the keywords anew.
pub(crate) fn fill(
    folder: &Path,
    messages: impl IntoIterator<Item = Message>,
    own: impl Fn(&Path) -> Result<()>,
) -> Result<()> {
    for part in ["", "cur", "new", "tmp"] {
        let part = folder.join(part);
        if !part.is_dir() {
            fs::create_dir(&part).doing(|| format!("creating {}", part.display()))?;
            own(&part)?;
        }
    }
    let mut keywords = BTreeMap::new();
    for (number, message) in messages.into_iter().enumerate() {
        let info = info(&message.flags, &mut keywords)?;
        let seconds = message.internal_date;
        let size = message.bytes.len();
        let name = format!("{seconds}.M{number}P1.testbed,S={size}:2,{info}");
        let path = folder.join("cur").join(name);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        fs::write(&path, &message.bytes)
            .and_then(|()| fs::File::open(&path)?.set_modified(time))
            .doing(|| format!("writing {}", path.display()))?;
        own(&path)?;
    }
    if !keywords.is_empty() {
        let path = folder.join("dovecot-keywords");
        let mut lines: Vec<_> = keywords
            .iter()
            .map(|(name, number)| (number, name))
            .collect();
        lines.sort();
        let text: String = lines
            .iter()
            .map(|(number, name)| format!("{number} {name}\n"))
            .collect();
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
        own(&path)?;
    }
    Ok(())
}

/// The letters after `:2,`, in the order that Maildir asks for.
fn info(flags: &[String], keywords: &mut BTreeMap<String, usize>) -> Result<String> {
    let mut letters = Vec::with_capacity(flags.len());
    for flag in flags {
        let letter = match flag.as_str() {
            "\\Draft" => 'D',
            "\\Flagged" => 'F',
            "\\Answered" => 'R',
            "\\Seen" => 'S',
            "\\Deleted" => 'T',
            keyword => {
                let next = keywords.len();
                let number = *keywords.entry(keyword.to_owned()).or_insert(next);
                ('a'..='z')
                    .nth(number)
                    .filter(|_| number < KEYWORDS)
                    .ok_or_else(|| Error::refused("writing files", "more than 26 keywords"))?
            }
        };
        letters.push(letter);
    }
    letters.sort_unstable();
    Ok(letters.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::info;
    use std::collections::BTreeMap;

    #[test]
    fn letters_are_sorted_and_keywords_numbered() {
        let mut keywords = BTreeMap::new();
        let flags = ["\\Seen", "$Junk", "\\Draft", "$Forwarded"].map(String::from);
        assert_eq!(info(&flags, &mut keywords).unwrap(), "DSab");
        assert_eq!(info(&flags[3..], &mut keywords).unwrap(), "b");
        assert_eq!(keywords["$Junk"], 0);
    }
}
