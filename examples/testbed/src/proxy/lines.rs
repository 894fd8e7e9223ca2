//! Sees lines and literals in an IMAP stream, as they go by.

/// Lines longer than this are not looked at: no command name stands so late.
const LOOKED_AT: usize = 16 * 1024;

/// Follows one direction of a connection.
#[derive(Debug)]
pub(super) struct Lines {
    /// How much of a literal is still to come.
    literal: u64,
    /// The line so far.
    line: Vec<u8>,
    /// Whether the line is the first of a command or response, not what follows a literal.
    first: bool,
}

/// What a call of [`Lines::advance`] came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// How many bytes were looked at.
    pub(super) used: usize,
    /// The first line of a command or response, if it ended with these bytes.
    pub(super) first_line: Option<Vec<u8>>,
    /// Whether these bytes are the beginning of a line that goes on.
    pub(super) is_partial: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            literal: 0,
            line: Vec::new(),
            first: true,
        }
    }
}

impl Lines {
    /// Looks at `bytes` up to the end of a line or of a literal.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Step {
        if self.literal > 0 {
            let used = usize::try_from(self.literal).map_or(bytes.len(), |n| n.min(bytes.len()));
            self.literal -= u64::try_from(used).unwrap_or(self.literal);
            return Step {
                used,
                first_line: None,
                is_partial: false,
            };
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(bytes.len(), |end| end + 1);
        let room = LOOKED_AT.saturating_sub(self.line.len());
        self.line.extend(bytes.iter().take(used.min(room)));
        if end.is_none() {
            return Step {
                used,
                first_line: None,
                is_partial: true,
            };
        }
        let line = std::mem::take(&mut self.line);
        self.literal = literal_size(&line);
        let was_first = self.first;
        self.first = !ends_with_literal(&line);
        Step {
            used,
            first_line: was_first.then_some(line),
            is_partial: false,
        }
    }
}

/// The tag of `line` if its command is `command`.
pub(super) fn tag_of(line: &[u8], command: &str) -> Option<Vec<u8>> {
    let mut words = line
        .trim_ascii_end()
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    let tag = words.next()?;
    let mut name = words.next()?;
    if name.eq_ignore_ascii_case(b"UID") {
        name = words.next()?;
    }
    name.eq_ignore_ascii_case(command.as_bytes())
        .then(|| tag.to_vec())
}

/// Whether `line` is the tagged response with this tag.
pub(super) fn answers(line: &[u8], tag: &[u8]) -> bool {
    line.strip_prefix(tag)
        .is_some_and(|rest| rest.starts_with(b" "))
}

fn ends_with_literal(line: &[u8]) -> bool {
    literal_text(line).is_some()
}

fn literal_size(line: &[u8]) -> u64 {
    literal_text(line).unwrap_or_default()
}

/// The `n` of a line that ends with `{n}`, `{n+}` or `{n-}`.
fn literal_text(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line.trim_ascii_end()).ok()?;
    let (_, size) = line.strip_suffix('}')?.rsplit_once('{')?;
    size.trim_end_matches(['+', '-']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Lines, answers, tag_of};

    /// The first lines in `stream`, fed `at_once` bytes at a time.
    fn first_lines(stream: &[u8], at_once: usize) -> Vec<String> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for mut chunk in stream.chunks(at_once) {
            while !chunk.is_empty() {
                let step = lines.advance(chunk);
                chunk = &chunk[step.used..];
                found.extend(step.first_line.map(|line| String::from_utf8(line).unwrap()));
            }
        }
        found
    }

    #[test]
    fn what_stands_in_a_literal_is_no_line() {
        let stream = b"a1 APPEND x {9+}\r\na2 NOOP\r\n {3}\r\nb\r\n (x)\r\na3 NOOP\r\n";
        for at_once in 1..stream.len() {
            assert_eq!(
                first_lines(stream, at_once),
                ["a1 APPEND x {9+}\r\n", "a3 NOOP\r\n"]
            );
        }
    }

    #[test]
    fn an_empty_literal_goes_on_with_the_same_command() {
        let stream = b"a1 LOGIN {0+}\r\n {1+}\r\nx\r\na2 NOOP\r\n";
        assert_eq!(first_lines(stream, 64).len(), 2);
    }

    #[test]
    fn commands_are_found_by_name() {
        assert_eq!(tag_of(b"a7 append x\r\n", "APPEND"), Some(b"a7".to_vec()));
        assert_eq!(tag_of(b"a7 UID MOVE 1 x\r\n", "MOVE"), Some(b"a7".to_vec()));
        assert_eq!(tag_of(b"a7 SELECT APPEND\r\n", "APPEND"), None);
        assert_eq!(tag_of(b"DONE\r\n", "DONE"), None);
        assert!(answers(b"a7 OK done\r\n", b"a7"));
        assert!(!answers(b"a77 OK done\r\n", b"a7"));
    }
}
