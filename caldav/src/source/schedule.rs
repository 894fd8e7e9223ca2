//! Keeping a server that schedules from mailing anybody (RFC 6638).
//!
//! Such a server mails the attendees of every event that their organizer stores, and the organizer
//! of every one that an attendee answers. What is stored here is a copy, or a change whose author
//! has told whom it concerns: nobody is to be told again. So each ATTENDEE and ORGANIZER that does
//! not say whose business scheduling is gets SCHEDULE-AGENT=NONE on its way to the server, and
//! loses it on its way back: on the other side, and in the state, it never exists.
//!
//! An event that the server itself schedules must not get it: to take an attendee from the server
//! means a cancellation (section 3.2.1.2). A change or deletion that would be mailed is refused.

use std::borrow::Cow;

use memchr::memmem;

/// What is added.
const SILENT: &str = ";SCHEDULE-AGENT=NONE";

/// How a line is cut (RFC 5545 section 3.1), in bytes without its end.
const FOLD: usize = 75;

/// Whether a content has anybody in it who could be mailed.
pub(super) fn concerns_somebody(content: &[u8]) -> bool {
    lines(content).any(|line| role(&line.unfolded).is_some())
}

/// The content so that nobody is mailed because of it.
pub(super) fn silence(content: &[u8]) -> Cow<'_, [u8]> {
    edit(content, |line| {
        let name = role(line)?;
        match agent(line) {
            Some(at) => {
                let set = line.get(at.clone())?;
                let server = set.to_ascii_uppercase().ends_with("=SERVER");
                let (head, tail) = (line.get(..at.start)?, line.get(at.end..)?);
                server.then(|| format!("{head}{SILENT}{tail}"))
            }
            None => {
                let rest = line.get(name.len()..)?;
                let name = line.get(..name.len())?;
                Some(format!("{name}{SILENT}{rest}"))
            }
        }
    })
}

/// The inverse of [`silence`].
pub(super) fn unsilence(content: &[u8]) -> Cow<'_, [u8]> {
    if memmem::find(content, b"NONE").is_none() && memmem::find(content, b"none").is_none() {
        return Cow::Borrowed(content);
    }
    edit(content, |line| {
        role(line)?;
        let at = agent(line)?;
        let set = line.get(at.clone())?;
        let (head, tail) = (line.get(..at.start)?, line.get(at.end..)?);
        set.eq_ignore_ascii_case(SILENT)
            .then(|| format!("{head}{tail}"))
    })
}

/// Whom a server would mail if the content were changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Roles {
    organizer: Option<String>,
    /// Whether the server replies to the organizer.
    replies: bool,
    /// Whom the server invites, with the answers that are known: address and PARTSTAT.
    invited: Vec<(String, String)>,
}

impl Roles {
    pub(super) fn of(content: &[u8]) -> Self {
        let mut roles = Self::default();
        for line in lines(content) {
            let line = &line.unfolded;
            let Some(name) = role(line) else { continue };
            let Some((head, value)) = split(line) else {
                continue;
            };
            let by_server = agent(line).is_none_or(|at| {
                let set = line.get(at).unwrap_or_default();
                set.to_ascii_uppercase().ends_with("=SERVER")
            });
            let address = value.trim().to_ascii_lowercase();
            if name == "ORGANIZER" {
                roles.replies |= by_server;
                roles.organizer = Some(address);
            } else if by_server {
                let answer = parameter(head, "PARTSTAT");
                roles.invited.push((address, answer.to_ascii_uppercase()));
            }
        }
        roles
    }

    /// Whether scheduling is the server's business.
    pub(super) fn is_scheduled(&self) -> bool {
        self.organizer.is_some() && (self.replies || !self.invited.is_empty())
    }

    /// Whether the server mails somebody when a user of these addresses stores `after` in the place
    /// of this, or deletes this with `Schedule-Reply: F`.
    pub(super) fn mails(&self, own: &[String], after: Option<&Self>) -> bool {
        let is_own = |address: &String| own.iter().any(|o| o.eq_ignore_ascii_case(address));
        let Some(organizer) = &self.organizer else {
            return false;
        };
        // Who we are is not always known: then everything could be ours.
        if own.is_empty() || is_own(organizer) {
            return self.invited.iter().any(|(address, _)| address != organizer);
        }
        let answers = |roles: &Self| -> Vec<String> {
            let own = roles.invited.iter().filter(|(address, _)| is_own(address));
            own.map(|(_, answer)| answer.clone()).collect()
        };
        after.is_some_and(|after| self.replies && answers(self) != answers(after))
    }
}

/// A content line with the bytes it came in.
struct Line<'a> {
    raw: &'a [u8],
    unfolded: Cow<'a, str>,
}

/// The content lines, each with its folds.
fn lines(content: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0_usize;
        loop {
            let tail = rest.get(end..).unwrap_or_default();
            let Some(newline) = memchr::memchr(b'\n', tail) else {
                end = rest.len();
                break;
            };
            end = end.saturating_add(newline).saturating_add(1);
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (raw, after) = rest.split_at_checked(end)?;
        rest = after;
        let text = String::from_utf8_lossy(raw);
        let bare = text.trim_end_matches(['\r', '\n']);
        let unfolded = match bare.contains('\n') {
            true => Cow::Owned(unfold(bare)),
            false => Cow::Owned(bare.to_owned()),
        };
        Some(Line { raw, unfolded })
    })
}

fn unfold(line: &str) -> String {
    line.replace("\r\n", "\n")
        .replace("\n ", "")
        .replace("\n\t", "")
}

/// The content with some of its lines changed; all others keep their bytes.
fn edit(content: &[u8], change: impl Fn(&str) -> Option<String>) -> Cow<'_, [u8]> {
    let mut out: Option<Vec<u8>> = None;
    let mut done = 0_usize;
    for line in lines(content) {
        match change(&line.unfolded) {
            Some(changed) => {
                let out =
                    out.get_or_insert_with(|| content.get(..done).unwrap_or_default().to_vec());
                push_folded(out, &changed);
            }
            None => {
                if let Some(out) = &mut out {
                    out.extend_from_slice(line.raw);
                }
            }
        }
        done = done.saturating_add(line.raw.len());
    }
    out.map_or(Cow::Borrowed(content), Cow::Owned)
}

fn push_folded(out: &mut Vec<u8>, line: &str) {
    let mut width = 0_usize;
    let mut buffer = [0; 4];
    for character in line.chars() {
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        if width.saturating_add(bytes.len()) > FOLD {
            out.extend_from_slice(b"\r\n ");
            width = 1;
        }
        width = width.saturating_add(bytes.len());
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(b"\r\n");
}

/// The name of a line that names somebody.
fn role(line: &str) -> Option<&'static str> {
    ["ATTENDEE", "ORGANIZER"].into_iter().find(|name| {
        let (head, rest) = line.split_at_checked(name.len()).unwrap_or_default();
        head.eq_ignore_ascii_case(name) && rest.starts_with([';', ':'])
    })
}

/// Where in a line its SCHEDULE-AGENT stands, semicolon and value included.
fn agent(line: &str) -> Option<std::ops::Range<usize>> {
    let (head, _) = split(line)?;
    let mut quoted = false;
    let mut start = None;
    let mut found = None;
    for (at, byte) in head.bytes().enumerate() {
        quoted ^= byte == b'"';
        if byte == b';' && !quoted {
            found = found.or_else(|| named(head, start?, at));
            start = Some(at);
        }
    }
    found.or_else(|| named(head, start?, head.len()))
}

fn named(head: &str, from: usize, to: usize) -> Option<std::ops::Range<usize>> {
    let part = head.get(from..to)?.strip_prefix(';')?;
    let (key, _) = part.split_once('=')?;
    key.trim()
        .eq_ignore_ascii_case("SCHEDULE-AGENT")
        .then_some(from..to)
}

/// Name and parameters, and the value.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })?;
    Some((line.get(..at)?, line.get(at.saturating_add(1)..)?))
}

/// The value of a parameter, empty if there is none.
fn parameter<'a>(head: &'a str, name: &str) -> &'a str {
    let mut parts = head.split(';').skip(1);
    let found = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim_matches('"'))
    });
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn there_and_back(content: &str) -> (String, String) {
        let silent = silence(content.as_bytes()).into_owned();
        let back = unsilence(&silent).into_owned();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(silent), text(back))
    }

    #[test]
    fn everybody_is_silenced_and_comes_back() {
        let event = "BEGIN:VEVENT\r\nSUMMARY:ATTENDEE:x\r\nORGANIZER:mailto:a@x\r\n\
                     ATTENDEE;CN=\"B; Bob: x\":mailto:b@x\r\nattendee:mailto:c@x\r\nEND:VEVENT\r\n";
        let (silent, back) = there_and_back(event);
        assert_eq!(silent.matches("SCHEDULE-AGENT=NONE").count(), 3, "{silent}");
        assert!(silent.contains("ATTENDEE;SCHEDULE-AGENT=NONE;CN=\"B; Bob: x\":mailto:b@x\r\n"));
        assert!(silent.contains("attendee;SCHEDULE-AGENT=NONE:mailto:c@x\r\n"));
        assert_eq!(back, event);
    }

    #[test]
    fn who_handles_scheduling_himself_goes_on_doing_so() {
        let client = "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:b@x\r\n";
        assert_eq!(
            there_and_back(client),
            (client.to_owned(), client.to_owned())
        );
        let server = "ATTENDEE;X=1;schedule-agent=server;Y=2:mailto:b@x\r\n";
        let (silent, back) = there_and_back(server);
        assert_eq!(
            silent,
            "ATTENDEE;X=1;SCHEDULE-AGENT=NONE;Y=2:mailto:b@x\r\n"
        );
        assert_eq!(back, "ATTENDEE;X=1;Y=2:mailto:b@x\r\n");
    }

    #[test]
    fn long_lines_are_folded_again() {
        let name = "ä".repeat(60);
        let event = format!("X:1\nATTENDEE;CN={name}:mailto:\r\n b@x\nY: \n");
        let (silent, back) = there_and_back(&event);
        assert!(silent.lines().all(|line| line.len() <= FOLD), "{silent}");
        assert!(silent.starts_with("X:1\n") && silent.ends_with("Y: \n"));
        assert_eq!(
            unfold(&back),
            format!("X:1\nATTENDEE;CN={name}:mailto:b@x\nY: \n")
        );
    }

    #[test]
    fn what_names_nobody_keeps_its_bytes() {
        for content in ["", "X", "BEGIN:VEVENT\nATTENDEES:x\nEND:VEVENT", "\r\n\r\n"] {
            assert!(!concerns_somebody(content.as_bytes()));
            assert!(matches!(silence(content.as_bytes()), Cow::Borrowed(_)));
        }
    }

    fn roles(organizer: &str, bob: &str) -> Roles {
        let text = format!("ORGANIZER{organizer}\r\nATTENDEE{bob}:mailto:bob@x\r\n");
        Roles::of(text.as_bytes())
    }

    #[test]
    fn an_organizer_mails_and_a_silent_one_does_not() {
        let alice = ["mailto:Alice@x".to_owned()];
        let server = roles(":mailto:alice@x", "");
        let silent = roles(
            ";SCHEDULE-AGENT=NONE:mailto:alice@x",
            ";SCHEDULE-AGENT=NONE",
        );
        assert!(server.mails(&alice, Some(&server)) && server.mails(&alice, None));
        assert!(!silent.mails(&alice, Some(&silent)) && !silent.mails(&alice, None));
        assert!(server.mails(&[], None) && !Roles::default().mails(&[], None));
    }

    #[test]
    fn an_attendee_mails_an_answer() {
        let bob = ["mailto:bob@x".to_owned()];
        let open = roles(":mailto:alice@x", "");
        let yes = roles(":mailto:alice@x", ";PARTSTAT=ACCEPTED");
        assert!(open.mails(&bob, Some(&yes)));
        assert!(!open.mails(&bob, Some(&open)) && !open.mails(&bob, None));
    }
}
