//! Whom a server mails when a scheduling object is written (RFC 6638 section 3.2).

use std::collections::BTreeMap;

use super::content::{Node, is_server_scheduled};

/// A message that the server sent to somebody because of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The iTIP method (RFC 5546): `REQUEST`, `CANCEL` or `REPLY`.
    pub method: &'static str,
    /// Whom it went to: `mailto:bob@example.org`.
    pub to: String,
    /// The UID of the event.
    pub uid: String,
}

/// What the server has to know of one state of an object.
#[derive(Default)]
struct Roles {
    uid: String,
    organizer: String,
    /// Whether replies to the organizer are the server's work.
    replies: bool,
    /// Everybody who is invited: whether by the server, and what they answered.
    attendees: BTreeMap<String, (bool, String)>,
}

impl Roles {
    fn of(content: Option<&str>) -> Self {
        let Some(node) = content.and_then(Node::parse) else {
            return Self::default();
        };
        let mut roles = Self {
            uid: node.uid().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        for component in node.components() {
            for (parameters, address) in component.all("ORGANIZER") {
                roles.organizer = address.to_ascii_lowercase();
                roles.replies = is_server_scheduled(&parameters);
            }
            for (parameters, address) in component.all("ATTENDEE") {
                let answer = parameters.iter().find_map(|p| p.strip_prefix("PARTSTAT="));
                let answer = answer.unwrap_or("NEEDS-ACTION").to_owned();
                let state = (is_server_scheduled(&parameters), answer);
                roles.attendees.insert(address.to_ascii_lowercase(), state);
            }
        }
        roles
    }
}

/// The messages that follow from a write by the user of this address; `reply` is what
/// `Schedule-Reply` says.
pub(super) fn mails(
    address: &str,
    before: Option<&str>,
    after: Option<&str>,
    reply: bool,
) -> Vec<Mail> {
    let (old, new) = (Roles::of(before), Roles::of(after));
    let any = match after.is_some() {
        true => &new,
        false => &old,
    };
    let mail = |method, to: &String| Mail {
        method,
        to: to.clone(),
        uid: any.uid.clone(),
    };
    if any.organizer == address {
        let invited = |roles: &Roles, who: &String| {
            roles.organizer == address
                && roles.attendees.get(who).is_some_and(|(server, _)| *server)
        };
        let mut everybody: Vec<&String> =
            old.attendees.keys().chain(new.attendees.keys()).collect();
        everybody.sort_unstable();
        everybody.dedup();
        let others = everybody.into_iter().filter(|who| *who != address);
        return others
            .filter_map(|who| match (invited(&old, who), invited(&new, who)) {
                (_, true) => Some(mail("REQUEST", who)),
                (true, false) => Some(mail("CANCEL", who)),
                (false, false) => None,
            })
            .collect();
    }
    let answer = |roles: &Roles| {
        roles
            .attendees
            .get(address)
            .map(|(_, answer)| answer.clone())
    };
    if !any.replies || any.organizer.is_empty() || answer(any).is_none() {
        return Vec::new();
    }
    let replies = match (before, after) {
        (None, Some(_)) => answer(&new).is_some_and(|a| a != "NEEDS-ACTION"),
        (Some(_), Some(_)) => old.replies && answer(&old) != answer(&new),
        (Some(_), None) => reply,
        (None, None) => false,
    };
    match replies {
        true => vec![mail("REPLY", &any.organizer)],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(organizer: &str, bob: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nORGANIZER{organizer}\r\n\
             ATTENDEE:mailto:alice@x\r\nATTENDEE{bob}:mailto:bob@x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    fn methods(before: Option<&str>, after: Option<&str>, reply: bool) -> Vec<&'static str> {
        let mails = mails("mailto:alice@x", before, after, reply);
        mails.iter().map(|mail| mail.method).collect()
    }

    #[test]
    fn an_organizer_mails_whom_the_server_schedules() {
        let server = event(":mailto:alice@x", "");
        let none = event(":mailto:alice@x", ";SCHEDULE-AGENT=NONE");
        assert_eq!(methods(None, Some(&server), true), ["REQUEST"]);
        assert!(methods(None, Some(&none), true).is_empty());
        assert_eq!(methods(Some(&server), Some(&server), true), ["REQUEST"]);
        assert_eq!(methods(Some(&server), Some(&none), true), ["CANCEL"]);
        assert_eq!(methods(Some(&server), None, false), ["CANCEL"]);
        assert!(methods(Some(&none), None, true).is_empty());
    }

    #[test]
    fn an_attendee_replies_unless_told_not_to() {
        let invited = event(":mailto:carol@x", "");
        let quiet = event(";SCHEDULE-AGENT=NONE:mailto:carol@x", "");
        let yes = invited.replace(
            "ATTENDEE:mailto:alice",
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice",
        );
        assert!(methods(None, Some(&invited), true).is_empty());
        assert_eq!(methods(None, Some(&yes), true), ["REPLY"]);
        assert_eq!(methods(Some(&invited), Some(&yes), true), ["REPLY"]);
        assert_eq!(methods(Some(&invited), None, true), ["REPLY"]);
        assert!(methods(Some(&invited), None, false).is_empty());
        assert!(methods(Some(&quiet), None, true).is_empty());
    }
}
