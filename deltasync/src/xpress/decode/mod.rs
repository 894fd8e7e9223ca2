//! From a block to its bytes (\[MS-XCA\] 2.2.4).

mod bits;
mod table;

use alloc::boxed::Box;
use core::fmt;

use self::{bits::Bits, table::Entry, table::Table};
use super::{Error, ErrorKind, MAX_BLOCK, MIN_MATCH, TABLE};

/// What one turn of the fast loop may write: three times two literals and a short match, in pieces
/// of 16 bytes.
const TURN: usize = 6 + 32;

/// Decodes blocks. It holds a table of 24 KiB, so make one for many blocks.
pub struct Decoder {
    table: Box<Table>,
}

impl Decoder {
    /// A decoder for any number of blocks.
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: Box::new(Table::new()),
        }
    }

    /// Decodes a block into `output`, all of which it fills. Whatever follows in `block`, as the
    /// symbol that ends it, is not looked at.
    ///
    /// # Errors
    ///
    /// If the block is not valid or holds less. What is in `output` then is of no use.
    pub fn decode(&mut self, block: &[u8], output: &mut [u8]) -> Result<(), Error> {
        if output.len() > MAX_BLOCK {
            return Err(Error::new(ErrorKind::TooLarge, 0));
        }
        let Some(lengths) = block.first_chunk::<TABLE>() else {
            return Err(Error::new(ErrorKind::Truncated, block.len()));
        };
        if self.table.read(lengths).is_none() {
            return Err(Error::new(ErrorKind::Table, 0));
        }
        let mut bits = Bits::new(block, TABLE);
        let decoded = fast(&self.table, &mut bits, output)
            .and_then(|written| careful(&self.table, &mut bits, output, written));
        decoded.map_err(|kind| Error::new(kind, bits.position().min(block.len())))
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// Decodes until the input or the room for output comes near its end; how much is written.
fn fast(table: &Table, bits: &mut Bits<'_>, output: &mut [u8]) -> Result<usize, ErrorKind> {
    let mut written = 0;
    if !bits.refill() {
        return Ok(0);
    }
    // Looked up before the register is refilled and the match before it is copied, so that neither
    // has to be waited for.
    let mut entry = table.look_up(bits.register());
    while bits.refill() {
        let Some(window) = output
            .get_mut(written..)
            .and_then(<[u8]>::first_chunk_mut::<TURN>)
        else {
            break;
        };
        if entry.is_literal() {
            let mut at = put(window, 0, entry);
            bits.consume(entry.bits());
            entry = table.look_up(bits.register());
            if entry.is_literal() {
                at = put(window, at, entry);
                bits.consume(entry.bits());
                entry = table.look_up(bits.register());
                if entry.is_literal() {
                    at = put(window, at, entry);
                    bits.consume(entry.bits());
                    entry = table.look_up(bits.register());
                    written += at;
                    continue;
                }
            }
            written += at;
            if !bits.refill() {
                break;
            }
        }
        let this = table.further(entry, bits.register());
        if this.is_literal() {
            if let Some(place) = output.get_mut(written) {
                [*place, _] = this.bytes();
            }
            bits.consume(this.bits());
            entry = table.look_up(bits.register());
            written += 1;
            continue;
        }
        let distance_bits = this.distance_bits();
        let length = this.length();
        if length == 0 {
            bits.consume(this.first_bits());
            let length = long_length(bits)?;
            let distance = (1 << distance_bits) + bits.take(distance_bits);
            // Without enough bits this fails, and so it does again at once, which ends the loop.
            bits.refill();
            entry = table.look_up(bits.register());
            copy(output, written, distance, length)?;
            written += length;
            continue;
        }
        let all = this.bits();
        let low = bits.register().wrapping_shr(64_u32.wrapping_sub(all)) as usize;
        let distance = (1 << distance_bits) + (low & ((1 << distance_bits) - 1));
        bits.consume(all);
        entry = table.look_up(bits.register());
        let (before, after) = output
            .split_at_mut_checked(written)
            .ok_or(ErrorKind::Overrun)?;
        let from = written.checked_sub(distance).ok_or(ErrorKind::Distance)?;
        let from = before.get(from..).unwrap_or(&[]);
        match (from.first_chunk::<32>(), after.first_chunk_mut::<32>()) {
            (Some(from), Some(to)) => *to = *from,
            _ => copy(output, written, distance, length)?,
        }
        written += length;
    }
    Ok(written)
}

#[inline(always)]
fn put(window: &mut [u8; TURN], at: usize, entry: Entry) -> usize {
    if let Some(place) = window.get_mut(at..at + 2) {
        place.copy_from_slice(&entry.bytes());
    }
    at + entry.literals()
}

/// Decodes the rest, symbol by symbol.
fn careful(
    table: &Table,
    bits: &mut Bits<'_>,
    output: &mut [u8],
    mut written: usize,
) -> Result<(), ErrorKind> {
    while let Some(place) = output.get_mut(written) {
        bits.refill_at_end();
        let entry = table.further(table.look_up(bits.register()), bits.register());
        bits.consume(entry.first_bits());
        if entry.is_literal() {
            [*place, _] = entry.bytes();
            written += 1;
        } else {
            let length = match entry.length() {
                0 => long_length(bits)?,
                length => length,
            };
            let distance_bits = entry.distance_bits();
            let distance = (1 << distance_bits) + bits.take(distance_bits);
            // Made of bits that are not there, it would be wrong in another way.
            if !bits.is_exhausted() {
                copy(output, written, distance, length)?;
            }
            written += length;
        }
        if bits.is_exhausted() {
            return Err(ErrorKind::Truncated);
        }
    }
    Ok(())
}

/// The length of a match that is longer than its symbol tells.
fn long_length(bits: &mut Bits<'_>) -> Result<usize, ErrorKind> {
    let [length] = bits.interleaved().ok_or(ErrorKind::Truncated)?;
    if length < 255 {
        return Ok(usize::from(length) + 15 + MIN_MATCH);
    }
    let length = u16::from_le_bytes(bits.interleaved().ok_or(ErrorKind::Truncated)?);
    if length < 15 {
        return Err(ErrorKind::Length);
    }
    Ok(usize::from(length) + MIN_MATCH)
}

/// Copies `length` bytes that begin `distance` bytes before `at` to `at`, byte after byte.
fn copy(output: &mut [u8], at: usize, distance: usize, length: usize) -> Result<(), ErrorKind> {
    let from = at.checked_sub(distance).ok_or(ErrorKind::Distance)?;
    if length > output.len() - at {
        return Err(ErrorKind::Overrun);
    }
    if length <= distance {
        output.copy_within(from..from + length, at);
    } else if distance == 1 {
        if let Some((&mut byte, place)) = output
            .get_mut(from..at + length)
            .and_then(<[u8]>::split_first_mut)
        {
            place.fill(byte);
        }
    } else {
        // What is copied repeats itself, so that each piece may be twice as long.
        let mut done = 0;
        while done < length {
            let piece = (distance + done).min(length - done);
            output.copy_within(from..from + piece, at + done);
            done += piece;
        }
    }
    Ok(())
}
