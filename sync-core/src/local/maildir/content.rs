//! Line ends: the model's CRLF, a file's LF.
//!
//! A file is read in one of two ways. *Plain*: every LF that has no CR before it becomes CRLF.
//! *Raw*: as it is. Raw are files whose first line ends in CRLF and files whose name says so
//! ([`RAW_FIELD`](super::name::RAW_FIELD)). A content is written plain where reading gives it back
//! byte for byte, else raw.

use std::io::{self, Read, Write};

use bytes::Bytes;

use crate::model::{Body, BodyWriter, Digest, IDENTITY_PREFIX};

const CHUNK: usize = 64 * 1024;

/// How a content stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With LF.
    Plain,
    /// As it is; its first line ends in CRLF.
    Raw,
    /// As it is, and only the name can say so.
    RawByName,
}

/// What a content is like before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) form: Form,
    /// Bytes of the file.
    pub(super) file_size: u64,
    /// Bytes of the content with every line end as CRLF, which is what other programs count.
    pub(super) virtual_size: u64,
}

/// Looks through a content piece by piece.
#[derive(Debug, Default)]
struct Surveyor {
    /// The last two bytes seen.
    last: [u8; 2],
    lines: u64,
    bare: u64,
    doubled: u64,
    first_is_crlf: bool,
    len: u64,
}

impl Surveyor {
    fn add(&mut self, chunk: &[u8]) {
        for at in memchr::memchr_iter(b'\n', chunk) {
            let before = |n: usize| match at.checked_sub(n) {
                Some(i) => chunk.get(i).copied(),
                None => self
                    .last
                    .get(2_usize.wrapping_add(at).wrapping_sub(n))
                    .copied(),
            };
            let crlf = before(1) == Some(b'\r');
            if self.lines == 0 {
                self.first_is_crlf = crlf;
            }
            self.lines = self.lines.saturating_add(1);
            if !crlf {
                self.bare = self.bare.saturating_add(1);
            } else if before(2) == Some(b'\r') {
                self.doubled = self.doubled.saturating_add(1);
            }
        }
        self.len = self.len.saturating_add(chunk.len() as u64);
        match chunk {
            [] => {}
            [one] => self.last = [self.last[1], *one],
            [.., one, two] => self.last = [*one, *two],
        }
    }

    fn finish(self) -> Survey {
        let form = if self.bare == 0 && self.doubled == 0 {
            Form::Plain
        } else if self.first_is_crlf && self.bare == 0 {
            // Other programs count the same bytes, so that the size field fits both ways of reading.
            Form::Raw
        } else {
            Form::RawByName
        };
        Survey {
            form,
            file_size: match form {
                Form::Plain => self.len.saturating_sub(self.lines),
                _ => self.len,
            },
            virtual_size: self.len.saturating_add(self.bare),
        }
    }
}

/// Writes a body in the form that its content needs, and says what that is. `buffer` is for one write
/// after the other.
pub(super) fn write(
    body: &Body,
    file: &mut impl Write,
    buffer: &mut Vec<u8>,
) -> io::Result<Survey> {
    buffer.clear();
    if let Some(content) = body.as_memory()
        && plain(content, buffer).is_some()
    {
        file.write_all(buffer)?;
        return Ok(Survey {
            form: Form::Plain,
            file_size: buffer.len() as u64,
            virtual_size: body.len(),
        });
    }
    let survey = survey(body)?;
    write_as(survey.form, body, file)?;
    Ok(survey)
}

/// Appends what stands in the file for a content that can be written plain; `None` if it cannot.
fn plain(content: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.reserve(content.len());
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', content) {
        let line = content.get(from..at)?.strip_suffix(b"\r")?;
        if line.last() == Some(&b'\r') {
            return None;
        }
        out.extend_from_slice(line);
        out.push(b'\n');
        from = at.saturating_add(1);
    }
    out.extend_from_slice(content.get(from..)?);
    Some(())
}

fn survey(body: &Body) -> io::Result<Survey> {
    let mut surveyor = Surveyor::default();
    for chunk in body.chunks() {
        surveyor.add(&chunk?);
    }
    Ok(surveyor.finish())
}

fn write_as(form: Form, body: &Body, file: &mut impl Write) -> io::Result<()> {
    if form != Form::Plain {
        for chunk in body.chunks() {
            file.write_all(&chunk?)?;
        }
        return Ok(());
    }
    let mut out = Vec::with_capacity(CHUNK);
    // A CR at the end of a piece waits for what follows it.
    let mut waiting = false;
    for chunk in body.chunks() {
        let chunk = chunk?;
        if waiting && chunk.first() != Some(&b'\n') && !chunk.is_empty() {
            out.push(b'\r');
        }
        waiting = chunk.last().map_or(waiting, |b| *b == b'\r');
        let mut from = 0;
        for at in memchr::memchr_iter(b'\n', &chunk) {
            let line = chunk.get(from..at).unwrap_or_default();
            out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            out.push(b'\n');
            from = at.saturating_add(1);
        }
        let rest = chunk.get(from..).unwrap_or_default();
        out.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
        file.write_all(&out)?;
        out.clear();
    }
    if waiting {
        out.push(b'\r');
    }
    file.write_all(&out)
}

/// Turns a file's bytes into the content, piece by piece.
#[derive(Debug)]
pub(super) struct Decoder {
    form: Option<Form>,
    last: u8,
}

impl Decoder {
    /// A decoder for a file whose name does or does not say that it is raw.
    pub(super) fn new(raw_by_name: bool) -> Self {
        Self {
            form: raw_by_name.then_some(Form::RawByName),
            last: 0,
        }
    }

    /// Whether bytes pass as they are, as far as is known by now.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.form, Some(Form::Raw | Form::RawByName))
    }

    /// Adds what this piece of the file stands for to `out`.
    pub(super) fn decode(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut from = 0;
        if !self.is_raw() {
            for at in memchr::memchr_iter(b'\n', piece) {
                let before = match at.checked_sub(1) {
                    Some(i) => piece.get(i).copied(),
                    None => Some(self.last),
                };
                let crlf = before == Some(b'\r');
                if self.form.is_none() {
                    self.form = Some(if crlf { Form::Raw } else { Form::Plain });
                    if crlf {
                        break;
                    }
                }
                if !crlf {
                    out.extend_from_slice(piece.get(from..at).unwrap_or_default());
                    out.push(b'\r');
                    from = at;
                }
            }
        }
        out.extend_from_slice(piece.get(from..).unwrap_or_default());
        self.last = piece.last().copied().unwrap_or(self.last);
    }
}

/// Reads a whole file as a content; what is large goes through to a spooled body.
pub(super) fn read(file: &mut impl Read, size: u64, raw_by_name: bool) -> io::Result<Body> {
    let mut decoder = Decoder::new(raw_by_name);
    let room = usize::try_from(size).map_or(CHUNK, |n| n.saturating_add(1).min(CHUNK));
    let mut buffer = vec![0; room];
    let mut out = Vec::new();
    let first = fill(file, &mut buffer)?;
    let piece = buffer.get(..first).unwrap_or_default();
    // Most lines are longer than thirty bytes.
    out.reserve(first.saturating_add(first / 30));
    decoder.decode(piece, &mut out);
    if first < room {
        return Ok(Bytes::from(out).into());
    }
    let mut writer = BodyWriter::new(size);
    buffer.resize(CHUNK, 0);
    loop {
        writer.write_all(&out)?;
        out.clear();
        let n = fill(file, &mut buffer)?;
        if n == 0 {
            return writer.finish();
        }
        decoder.decode(buffer.get(..n).unwrap_or_default(), &mut out);
    }
}

/// The beginning of a content and its digest.
///
/// `virtual_size` is what the name says of the content's length; without it a large file is read to
/// its end.
pub(super) fn digest(
    file: &mut impl Read,
    size: u64,
    raw_by_name: bool,
    virtual_size: Option<u64>,
) -> io::Result<(Digest, Vec<u8>)> {
    let mut decoder = Decoder::new(raw_by_name);
    let prefix = usize::try_from(IDENTITY_PREFIX).unwrap_or(CHUNK);
    let room = usize::try_from(size).map_or(prefix, |n| n.saturating_add(1).min(prefix));
    let mut buffer = vec![0; room];
    let mut head = Vec::new();
    let first = fill(file, &mut buffer)?;
    decoder.decode(buffer.get(..first).unwrap_or_default(), &mut head);
    let mut len = head.len() as u64;
    if first == room {
        if decoder.is_raw() {
            len = size.max(len);
        } else if let Some(told) = virtual_size {
            len = told;
        } else {
            buffer.resize(CHUNK, 0);
            let mut out = Vec::new();
            loop {
                let n = fill(file, &mut buffer)?;
                if n == 0 {
                    break;
                }
                decoder.decode(buffer.get(..n).unwrap_or_default(), &mut out);
                len = len.saturating_add(out.len() as u64);
                out.clear();
            }
        }
    }
    head.truncate(prefix);
    Ok((Digest::new(len, &head), head))
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while let Some(rest) = buffer.get_mut(n..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(more) => n = n.saturating_add(more),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::model::MEMORY_LIMIT;

    fn stored(content: &Body) -> (Vec<u8>, Survey) {
        let mut file = Vec::new();
        let survey = write(content, &mut file, &mut vec![1]).unwrap();
        assert_eq!(survey, super::survey(content).unwrap());
        assert_eq!(file.len() as u64, survey.file_size);
        (file, survey)
    }

    fn check(content: &[u8]) {
        let (file, survey) = stored(&content.to_vec().into());
        let by_name = survey.form == Form::RawByName;
        let size = survey.file_size;
        let back = read(&mut file.as_slice(), size, by_name).unwrap();
        assert_eq!(back.read(u64::MAX).unwrap(), content);
        // A wrong hint of the size changes nothing.
        let back = read(&mut file.as_slice(), 0, by_name).unwrap();
        assert_eq!(back.read(u64::MAX).unwrap(), content);
        for told in [
            None,
            (survey.form == Form::Plain).then_some(survey.virtual_size),
        ] {
            let (digest, _) = digest(&mut file.as_slice(), size, by_name, told).unwrap();
            assert_eq!(digest, Digest::of(content));
        }
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let few = prop::sample::select(b"\r\n\r\n\0a\xff".to_vec());
        prop::collection::vec(prop_oneof![9 => few, 1 => any::<u8>()], 0..60)
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_back(content in bytes()) {
            check(&content);
        }

        #[test]
        fn pieces_change_nothing(content in bytes(), cut in 0_usize..60) {
            let (head, tail) = content.split_at(cut.min(content.len()));
            let mut whole = Surveyor::default();
            whole.add(&content);
            let mut parts = Surveyor::default();
            parts.add(head);
            parts.add(tail);
            prop_assert_eq!(whole.finish(), parts.finish());
            let mut one = Vec::new();
            Decoder::new(false).decode(&content, &mut one);
            let mut two = Vec::new();
            let mut decoder = Decoder::new(false);
            decoder.decode(head, &mut two);
            decoder.decode(tail, &mut two);
            prop_assert_eq!(one, two);
        }

        #[test]
        fn large_contents_are_read_back(line in bytes(), at in 0_usize..3) {
            // Odd bytes straddle the borders between pieces.
            let mut content = b"Subject: x\r\n\r\n".to_vec();
            content.resize(CHUNK * 3 - at, b'a');
            content.extend_from_slice(&line);
            content.resize(MEMORY_LIMIT + CHUNK - at, b'b');
            content.extend_from_slice(&line);
            let mut spooled = BodyWriter::new(0);
            spooled.write_all(&content).unwrap();
            let (file, _) = stored(&spooled.finish().unwrap());
            let (same, _) = stored(&content.clone().into());
            prop_assert_eq!(file, same);
            check(&content);
        }
    }

    #[test]
    fn ordinary_mail_is_stored_with_lf() {
        let (file, survey) = stored(&"A: b\r\n\r\nc\rd\r\n".into());
        assert_eq!(file, b"A: b\n\nc\rd\n");
        assert_eq!((survey.form, survey.virtual_size), (Form::Plain, 13));
    }

    #[test]
    fn what_lf_cannot_say_is_stored_raw() {
        for (content, form) in [
            ("a\r\nb\nc", Form::RawByName),
            ("a\r\nb\r\r\n", Form::Raw),
            ("a\nb\r\n", Form::RawByName),
            ("\n", Form::RawByName),
            ("\r\n", Form::Plain),
            ("", Form::Plain),
            ("\r", Form::Plain),
        ] {
            assert_eq!(stored(&content.into()).1.form, form, "{content:?}");
            check(content.as_bytes());
        }
    }

    #[test]
    fn files_of_other_programs_are_read() {
        for (file, content) in [
            ("A: b\n\nc\r\nd\n", "A: b\r\n\r\nc\r\nd\r\n"),
            ("A: b\r\n\r\nc\n", "A: b\r\n\r\nc\n"),
        ] {
            let body = read(&mut file.as_bytes(), file.len() as u64, false).unwrap();
            assert_eq!(body.read(u64::MAX).unwrap(), content);
        }
    }
}
