//! The numbers that answers bear, and what they ask for.

use std::fmt;

/// How a request, a collection or a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(pub u16);

/// What a [`Status`] asks a client to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Nothing: it went well.
    None,
    /// The ticket is not taken any more: log in anew and repeat the request, once.
    LogIn,
    /// The sync key means nothing any more, or client and server disagree about what is there: forget
    /// it and begin with key 0.
    Resync,
    /// The folder is not there.
    FolderGone,
    /// The message is not there. A deletion is done; for a change, what is known is out of date.
    ItemGone,
    /// The server changed the same thing: look at it first.
    Conflict,
    /// A limit of the server was passed: ask for its settings, and for less.
    Settings,
    /// Try the same again later.
    Retry,
    /// The account may not do this, or is not there.
    Denied,
    /// The request is wrong and will be the next time.
    Refused,
}

impl Status {
    /// 1: it went well.
    pub const SUCCESS: Self = Self(1);
    /// 3204: the ticket is void.
    pub const TICKET: Self = Self(3204);
    /// 3205: the mailbox is full (clean-room notes alone).
    pub const QUOTA: Self = Self(3205);
    /// 4102: a syntax error or a bad parameter.
    pub const SYNTAX: Self = Self(4102);
    /// 4104: the sync key is void.
    pub const SYNC_KEY: Self = Self(4104);
    /// 4301: too many commands (clean-room notes alone).
    pub const TOO_MANY: Self = Self(4301);
    /// 4309: the message is too large (clean-room notes alone).
    pub const TOO_LARGE: Self = Self(4309);
    /// 4402: no such folder.
    pub const NO_FOLDER: Self = Self(4402);
    /// 4403: no such message.
    pub const NO_ITEM: Self = Self(4403);
    /// 4404: the server changed the item, too (clean-room notes alone).
    pub const CONFLICT: Self = Self(4404);

    /// Whether it went well.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 == 1
    }

    /// What it asks for. Numbers that nobody documented go by the range that they are in.
    #[must_use]
    pub const fn action(self) -> Action {
        match self.0 {
            1 => Action::None,
            3204 => Action::LogIn,
            // The mailbox is full, or somebody else is at the same.
            3205 | 4108 => Action::Retry,
            3100..=3299 => Action::Denied,
            4104 => Action::Resync,
            4300..=4399 => Action::Settings,
            4402 => Action::FolderGone,
            4403 => Action::ItemGone,
            4404 => Action::Conflict,
            4400..=4499 => Action::Resync,
            5000..=5999 => Action::Retry,
            _ => Action::Refused,
        }
    }

    /// What is known of the number.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self.0 {
            1 => "success",
            3100..=3199 => "the partner is not let in",
            3201 => "no such user",
            3202 => "the user has no access",
            3204 => "the ticket is void",
            3205 => "the mailbox is full",
            3206 => "too many clients are in sync",
            3200..=3299 => "the user is not let in",
            4102 => "a syntax error or a bad parameter",
            4104 => "the sync key is void",
            4108 => "another operation is going on",
            4100..=4199 => "the request is malformed",
            4200..=4299 => "the content of the request is refused",
            4301 => "too many commands",
            4309 => "the message is too large",
            4300..=4399 => "a limit was passed",
            4402 => "no such folder",
            4403 => "no such message",
            4404 => "the server changed it, too",
            4400..=4499 => "client and server disagree",
            5000..=5999 => "the server failed",
            _ => "unknown",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().map(Self)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_asks_for_what_it_means_or_for_what_its_range_does() {
        for (number, action) in [
            (1, Action::None),
            (3101, Action::Denied),
            (3201, Action::Denied),
            (3204, Action::LogIn),
            (3205, Action::Retry),
            (3206, Action::Denied),
            (4102, Action::Refused),
            (4104, Action::Resync),
            (4108, Action::Retry),
            (4202, Action::Refused),
            (4301, Action::Settings),
            (4309, Action::Settings),
            (4400, Action::Resync),
            (4402, Action::FolderGone),
            (4403, Action::ItemGone),
            (4404, Action::Conflict),
            (5102, Action::Retry),
            (0, Action::Refused),
            (9999, Action::Refused),
        ] {
            assert_eq!(Status(number).action(), action, "{number}");
        }
    }
}
