//! Decodes a stream as its bytes arrive.

use alloc::{boxed::Box, vec, vec::Vec};

use super::{
    BlockHeader, Error, ErrorKind, FileHeader, MAX_BLOCK,
    header::{BLOCK_SIGNATURE, SIGNATURE},
};
use crate::xpress;

/// The size of a file header without the bytes that nobody knows.
const MIN_HEADER: u32 = 36;

/// The size of a block header as it always was.
const MIN_BLOCK_HEADER: u32 = 20;

/// More than this is no header.
const MAX_HEADER: u32 = 4096;

/// What a stream may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message, in bytes; 256 MiB unless set.
    pub max_size: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_size: 256 << 20,
        }
    }
}

/// Decodes a stream from pieces of any size, without I/O.
///
/// It holds one block, compressed and not, and a table: some 160 KiB.
///
/// ```
/// use deltasync::hu01::{self, Decoder, Event, FileHeader, Level, Limits};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let stream = hu01::compress(&[b'a'; 100_000], FileHeader::default(), Level::Fast)?;
/// let mut decoder = Decoder::new(Limits::default());
/// let mut message = Vec::new();
/// for mut piece in stream.chunks(1000) {
///     while let Some(event) = decoder.decode(&mut piece)? {
///         match event {
///             Event::Header(header) => println!("{} bytes", header.size),
///             Event::Block { bytes, .. } => message.extend_from_slice(bytes),
///             Event::End => println!("done"),
///         }
///     }
/// }
/// decoder.finish()?;
/// assert_eq!(message, [b'a'; 100_000]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    state: State,
    /// Bytes of the stream that were taken.
    offset: u64,
    /// The beginning of what the state waits for.
    pending: Vec<u8>,
    /// Bytes of the message that are to come.
    left: u32,
    output: Box<[u8]>,
    /// How much of `output` the latest block fills.
    filled: usize,
    codec: xpress::Decoder,
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum State {
    Signature,
    Header,
    /// So many bytes of the file header are ignored.
    HeaderRest(u32),
    BlockHeader,
    BlockHeaderRest(BlockHeader, u32),
    Payload(BlockHeader),
    /// All of the message was given.
    Complete,
    /// So many of the bytes behind the end look like a block.
    Behind(usize),
    Failed(Error),
}

/// What a decoder found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The header of the stream, first of all.
    Header(FileHeader),
    /// A block of the message; all of them together are the message.
    Block {
        /// Its header.
        header: BlockHeader,
        /// The bytes of the message.
        bytes: &'a [u8],
    },
    /// The message is complete.
    End,
}

/// The same without the bytes.
enum Found {
    Header(FileHeader),
    Block(BlockHeader),
    End,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Signature,
            offset: 0,
            pending: Vec::new(),
            left: 0,
            output: vec![0; MAX_BLOCK].into_boxed_slice(),
            filled: 0,
            codec: xpress::Decoder::new(),
        }
    }

    /// Takes bytes from the front of `input` until there is something to say; `None` if all of it is
    /// taken and more is needed. What follows the end is taken and ignored.
    ///
    /// # Errors
    ///
    /// If the stream is not valid. The same error comes again at every further call.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Event<'_>>, Error> {
        let found = self
            .advance(input)
            .inspect_err(|error| self.state = State::Failed(*error))?;
        Ok(found.map(|found| match found {
            Found::Header(header) => Event::Header(header),
            Found::Block(header) => Event::Block {
                header,
                bytes: self.block(),
            },
            Found::End => Event::End,
        }))
    }

    /// Says that no more bytes are to come.
    ///
    /// # Errors
    ///
    /// If the message is not complete, or the stream was not valid.
    pub fn finish(&self) -> Result<(), Error> {
        match self.state {
            State::Complete | State::Behind(_) => Ok(()),
            State::Failed(error) => Err(error),
            _ => Err(Error::new(ErrorKind::Truncated, self.offset)),
        }
    }

    /// How many bytes of the stream were taken.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes of the latest block.
    pub(super) fn block(&self) -> &[u8] {
        self.output.get(..self.filled).unwrap_or_default()
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Found>, Error> {
        loop {
            let start = self.offset - self.pending.len() as u64;
            match self.state {
                State::Signature => {
                    let Some(signature) = self.array(input) else {
                        return Ok(None);
                    };
                    check_signature(signature).map_err(|kind| Error::new(kind, start))?;
                    self.state = State::Header;
                }
                State::Header => {
                    let Some([s0, s1, s2, s3, fields @ ..]) = self.array::<32>(input) else {
                        return Ok(None);
                    };
                    let size = u32::from_le_bytes([s0, s1, s2, s3]);
                    if !(MIN_HEADER..=MAX_HEADER).contains(&size) {
                        return Err(Error::new(ErrorKind::HeaderSize(size), start));
                    }
                    let header = FileHeader::from_fields(&fields);
                    self.check_size(header.size)
                        .map_err(|kind| Error::new(kind, start + 28))?;
                    self.left = header.size;
                    self.state = State::HeaderRest(size - MIN_HEADER);
                    return Ok(Some(Found::Header(header)));
                }
                State::HeaderRest(0) => self.state = State::BlockHeader,
                State::HeaderRest(rest) => match self.skip(input, rest) {
                    0 => return Ok(None),
                    skipped => self.state = State::HeaderRest(rest - skipped),
                },
                State::BlockHeader => {
                    let Some([a, b, c, d, s0, s1, s2, s3, fields @ ..]) = self.array::<20>(input)
                    else {
                        return Ok(None);
                    };
                    if [a, b, c, d] != BLOCK_SIGNATURE {
                        return Err(Error::new(ErrorKind::BlockSignature, start));
                    }
                    let size = u32::from_le_bytes([s0, s1, s2, s3]);
                    if !(MIN_BLOCK_HEADER..=MAX_HEADER).contains(&size) {
                        return Err(Error::new(ErrorKind::BlockHeaderSize(size), start + 4));
                    }
                    let header = BlockHeader::from_fields(&fields);
                    self.check_block(header, start)?;
                    self.state = State::BlockHeaderRest(header, size - MIN_BLOCK_HEADER);
                }
                State::BlockHeaderRest(header, 0) => self.state = State::Payload(header),
                State::BlockHeaderRest(header, rest) => match self.skip(input, rest) {
                    0 => return Ok(None),
                    skipped => self.state = State::BlockHeaderRest(header, rest - skipped),
                },
                State::Payload(header) => {
                    if !self.payload(input, header, start)? {
                        return Ok(None);
                    }
                    self.left -= header.size;
                    self.state = if self.left == 0 {
                        State::Complete
                    } else {
                        State::BlockHeader
                    };
                    return Ok(Some(Found::Block(header)));
                }
                State::Complete => {
                    self.state = State::Behind(0);
                    return Ok(Some(Found::End));
                }
                State::Behind(like) => {
                    let expected = BLOCK_SIGNATURE.get(like..).unwrap_or_default();
                    let same = expected
                        .iter()
                        .zip(*input)
                        .take_while(|(a, b)| a == b)
                        .count();
                    if same == expected.len() && same != 0 {
                        return Err(Error::new(
                            ErrorKind::BlockAfterEnd,
                            self.offset - like as u64,
                        ));
                    }
                    // Whatever else it is, it stays that.
                    let like = if same == input.len() {
                        like + same
                    } else {
                        BLOCK_SIGNATURE.len()
                    };
                    self.state = State::Behind(like);
                    self.skip(input, u32::MAX);
                    return Ok(None);
                }
                State::Failed(error) => return Err(error),
            }
        }
    }

    fn check_size(&self, size: u32) -> Result<(), ErrorKind> {
        match size {
            0 => Err(ErrorKind::Empty),
            size if size > self.limits.max_size => Err(ErrorKind::TooLarge {
                size: size.into(),
                limit: self.limits.max_size.into(),
            }),
            _ => Ok(()),
        }
    }

    fn check_block(&self, header: BlockHeader, start: u64) -> Result<(), Error> {
        let BlockHeader { size, payload, .. } = header;
        if size == 0 || size > MAX_BLOCK as u32 {
            return Err(Error::new(ErrorKind::BlockSize(size), start + 8));
        }
        if size > self.left {
            let left = self.left;
            return Err(Error::new(ErrorKind::Excess { size, left }, start + 8));
        }
        if payload == 0 || payload > size {
            return Err(Error::new(
                ErrorKind::PayloadSize { payload, size },
                start + 16,
            ));
        }
        Ok(())
    }

    /// Decompresses a block, if all of it is there.
    fn payload(
        &mut self,
        input: &mut &[u8],
        header: BlockHeader,
        start: u64,
    ) -> Result<bool, Error> {
        let size = header.payload as usize;
        let Some(from_input) = self.gather(input, size) else {
            return Ok(false);
        };
        let payload = from_input.unwrap_or(&self.pending);
        let output = self
            .output
            .get_mut(..header.size as usize)
            .unwrap_or_default();
        if header.is_stored() {
            output.copy_from_slice(payload);
        } else {
            self.codec.decode(payload, output).map_err(|error| {
                Error::new(
                    ErrorKind::Block(error.kind()),
                    start + error.offset() as u64,
                )
            })?;
        }
        let found = crc32fast::hash(output);
        if header.crc != 0 && header.crc != found {
            let expected = header.crc;
            return Err(Error::new(ErrorKind::Checksum { expected, found }, start));
        }
        self.filled = output.len();
        self.pending.clear();
        Ok(true)
    }

    /// Takes at most so many bytes, and how many it were.
    fn skip(&mut self, input: &mut &[u8], most: u32) -> u32 {
        let count = input.len().min(most as usize);
        self.take(input, count);
        count as u32
    }

    fn take<'a>(&mut self, input: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (taken, rest) = input.split_at(count);
        *input = rest;
        self.offset += count as u64;
        taken
    }

    /// Takes `size` bytes, if they are there: in one piece from the input, or, for `Some(None)`, in
    /// `pending`.
    fn gather<'a>(&mut self, input: &mut &'a [u8], size: usize) -> Option<Option<&'a [u8]>> {
        if self.pending.is_empty() && input.len() >= size {
            return Some(Some(self.take(input, size)));
        }
        let lacking = size - self.pending.len();
        let more = self.take(input, lacking.min(input.len()));
        self.pending.extend_from_slice(more);
        (self.pending.len() == size).then_some(None)
    }

    /// Takes `N` bytes, if they are there.
    fn array<const N: usize>(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        let from_input = self.gather(input, N)?;
        let array = *from_input.unwrap_or(&self.pending).first_chunk()?;
        self.pending.clear();
        Some(array)
    }
}

fn check_signature(signature: [u8; 4]) -> Result<(), ErrorKind> {
    match &signature {
        signature if *signature == SIGNATURE => Ok(()),
        b"UN01" => Err(ErrorKind::Uncompressed),
        _ => Err(ErrorKind::Signature),
    }
}

/// Decodes a stream that is in memory.
///
/// # Errors
///
/// If the stream is not valid or not complete, or its message larger than the limits allow.
pub fn decompress(mut stream: &[u8], limits: Limits) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(limits);
    let mut message = Vec::new();
    while let Some(event) = decoder.decode(&mut stream)? {
        if let Event::Block { bytes, .. } = event {
            message.extend_from_slice(bytes);
        }
    }
    decoder.finish()?;
    Ok(message)
}
