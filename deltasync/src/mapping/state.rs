use sync_core::model::{Flags, Keyword, Revision, SystemFlags};

use crate::wire::sync::{MessageData, ReplyState};

/// The keyword of forwarded messages (RFC 9051 section 2.3.2).
const FORWARDED: &str = "$Forwarded";

/// All that can change of a message.
///
/// The protocol has one value for replied to and forwarded, so that a message cannot be both: replied to
/// wins. Other flags and keywords have no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MessageState {
    /// `\Seen`
    pub read: bool,
    /// `\Answered` or `$Forwarded`
    pub reply: ReplyState,
    /// `\Flagged`
    pub flagged: bool,
}

impl MessageState {
    /// What the server says; where it says nothing, what was known before, and without that nothing
    /// unless it says whether the message was read.
    #[must_use]
    pub fn of(data: &MessageData, before: Option<Self>) -> Option<Self> {
        let old = match before {
            Some(before) => before,
            None => Self {
                read: data.read?,
                ..Self::default()
            },
        };
        Some(Self {
            read: data.read.unwrap_or(old.read),
            reply: data.reply_state.unwrap_or(old.reply),
            flagged: data.flagged.unwrap_or(old.flagged),
        })
    }

    /// As much of these flags as the protocol has.
    #[must_use]
    pub fn from_flags(flags: &Flags) -> Self {
        let forwarded = flags.keywords.contains(&Keyword::new(FORWARDED));
        let reply = match flags.system.contains(SystemFlags::ANSWERED) {
            true => ReplyState::Replied,
            false if forwarded => ReplyState::Forwarded,
            false => ReplyState::None,
        };
        Self {
            read: flags.system.contains(SystemFlags::SEEN),
            reply,
            flagged: flags.system.contains(SystemFlags::FLAGGED),
        }
    }

    /// The flags.
    #[must_use]
    pub fn flags(self) -> Flags {
        let mut system = SystemFlags::empty();
        for (set, flag) in [
            (self.read, SystemFlags::SEEN),
            (self.flagged, SystemFlags::FLAGGED),
            (self.reply == ReplyState::Replied, SystemFlags::ANSWERED),
        ] {
            if set {
                system = system.union(flag);
            }
        }
        let mut flags = Flags::of(system);
        if self.reply == ReplyState::Forwarded {
            flags.insert(FORWARDED);
        }
        flags
    }

    /// A text that is another one for each state.
    #[must_use]
    pub fn revision(self) -> Revision {
        let (read, flagged) = (u8::from(self.read), u8::from(self.flagged));
        Revision::new(format!("{read}{}{flagged}", self.reply.number()))
    }

    /// The inverse of [`revision`](Self::revision).
    #[must_use]
    pub fn parse(revision: &Revision) -> Option<Self> {
        let &[read @ (b'0' | b'1'), reply, flagged @ (b'0' | b'1')] = revision.as_str().as_bytes()
        else {
            return None;
        };
        Some(Self {
            read: read == b'1',
            reply: match reply {
                b'0' => ReplyState::None,
                b'1' => ReplyState::Replied,
                b'2' => ReplyState::Forwarded,
                _ => return None,
            },
            flagged: flagged == b'1',
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_flags_and_a_revision() {
        for read in [false, true] {
            for reply in [ReplyState::None, ReplyState::Replied, ReplyState::Forwarded] {
                for flagged in [false, true] {
                    let state = MessageState {
                        read,
                        reply,
                        flagged,
                    };
                    assert_eq!(MessageState::from_flags(&state.flags()), state);
                    assert_eq!(MessageState::parse(&state.revision()), Some(state));
                }
            }
        }
        for text in ["", "03", "1010", "300", "0x0", "002 "] {
            assert_eq!(MessageState::parse(&Revision::new(text)), None, "{text}");
        }
    }

    #[test]
    fn what_has_no_place_is_left_out() {
        let flags = Flags::parse("\\Answered $forwarded \\Draft \\Deleted Work \\Seen");
        let state = MessageState::from_flags(&flags);
        assert_eq!(state.flags(), Flags::parse("\\Seen \\Answered"));
    }
}
