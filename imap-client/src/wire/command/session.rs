//! Commands about the session itself.

use super::Command;

/// What ends IDLE (RFC 2177).
pub const DONE: &[u8] = b"DONE\r\n";

/// A line that answers a continuation: base64 of a SASL response, `*` to give
/// up, or nothing.
#[must_use]
pub fn continuation(text: &str) -> Vec<u8> {
    let mut line = text.as_bytes().to_vec();
    line.extend_from_slice(b"\r\n");
    line
}

impl Command {
    /// `CAPABILITY`
    #[must_use]
    pub fn capability() -> Self {
        Self::raw("CAPABILITY")
    }

    /// `NOOP`
    #[must_use]
    pub fn noop() -> Self {
        Self::raw("NOOP")
    }

    /// `LOGOUT`
    #[must_use]
    pub fn logout() -> Self {
        Self::raw("LOGOUT")
    }

    /// `STARTTLS`
    #[must_use]
    pub fn start_tls() -> Self {
        Self::raw("STARTTLS")
    }

    /// `LOGIN`
    #[must_use]
    pub fn login(user: &str, password: &str) -> Self {
        Self::raw("LOGIN")
            .text(" ")
            .astring(user)
            .text(" ")
            .astring(password)
    }

    /// `AUTHENTICATE`; `initial` is the base64 of an initial response
    /// (RFC 4959), `=` for an empty one.
    #[must_use]
    pub fn authenticate(mechanism: &str, initial: Option<&str>) -> Self {
        let command = Self::raw("AUTHENTICATE").text(" ").text(mechanism);
        match initial {
            Some(response) => command.text(" ").text(response),
            None => command,
        }
    }

    /// `ENABLE` (RFC 5161)
    #[must_use]
    pub fn enable(extensions: &[&str]) -> Self {
        Self::raw("ENABLE").text(" ").text(extensions.join(" "))
    }

    /// `ID` (RFC 2971); no pairs send NIL.
    #[must_use]
    pub fn id(pairs: &[(&str, &str)]) -> Self {
        let mut command = Self::raw("ID").text(" ");
        if pairs.is_empty() {
            return command.text("NIL");
        }
        for (k, (name, value)) in pairs.iter().enumerate() {
            let before = if k == 0 { "(" } else { " " };
            command = command.text(before).string(name).text(" ").string(value);
        }
        command.text(")")
    }

    /// `IDLE` (RFC 2177); it is ended by [`DONE`].
    #[must_use]
    pub fn idle() -> Self {
        Self::raw("IDLE")
    }

    /// `COMPRESS DEFLATE` (RFC 4978)
    #[must_use]
    pub fn compress() -> Self {
        Self::raw("COMPRESS").text(" DEFLATE")
    }
}
