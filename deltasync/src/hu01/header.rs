//! The headers of a stream and of its blocks.

use core::{fmt, str::FromStr};

/// What a stream begins with.
pub(super) const SIGNATURE: [u8; 4] = *b"HU01";

/// What a block begins with.
pub(super) const BLOCK_SIGNATURE: [u8; 4] = *b"SCBH";

/// The size of a file header as it is written.
const FILE_HEADER: usize = 40;

/// The size of a block header as it is written.
const BLOCK_HEADER: usize = 20;

/// What a stream says about its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileHeader {
    /// The message's GUID; zeros are fine.
    pub message_id: MessageId,
    /// The passport unique id of the user whose message it is.
    pub puid: u64,
    /// The message's size in bytes.
    pub size: u32,
}

impl FileHeader {
    /// The header as a stream begins with it. The four bytes that nobody knows are zeros.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; FILE_HEADER] {
        let mut bytes = [0; FILE_HEADER];
        let fields: [&[u8]; 5] = [
            &SIGNATURE,
            &(FILE_HEADER as u32).to_le_bytes(),
            &self.message_id.0,
            &self.puid.to_le_bytes(),
            &self.size.to_le_bytes(),
        ];
        for (place, byte) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *place = *byte;
        }
        bytes
    }

    /// The fields behind the signature and the header's size.
    pub(super) fn from_fields(bytes: &[u8; 28]) -> Self {
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _] = bytes;
        let [.., p0, p1, p2, p3, p4, p5, p6, p7, s0, s1, s2, s3] = *bytes;
        Self {
            message_id: MessageId(*id),
            puid: u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]),
            size: u32::from_le_bytes([s0, s1, s2, s3]),
        }
    }
}

/// What a stream says about one of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// How many bytes of the message it holds.
    pub size: u32,
    /// The CRC-32 of these bytes; 0 if there is none.
    pub crc: u32,
    /// How many bytes it takes in the stream, without this header.
    pub payload: u32,
}

impl BlockHeader {
    /// Whether the bytes of the message are in the stream as they are.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.payload == self.size
    }

    pub(super) fn to_bytes(self) -> [u8; BLOCK_HEADER] {
        let mut bytes = [0; BLOCK_HEADER];
        let fields = [BLOCK_HEADER as u32, self.size, self.crc, self.payload].map(u32::to_le_bytes);
        let fields = BLOCK_SIGNATURE.iter().chain(fields.as_flattened());
        for (place, byte) in bytes.iter_mut().zip(fields) {
            *place = *byte;
        }
        bytes
    }

    /// The fields behind the signature and the header's size.
    pub(super) fn from_fields(bytes: &[u8; 12]) -> Self {
        let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3] = *bytes;
        Self {
            size: u32::from_le_bytes([a0, a1, a2, a3]),
            crc: u32::from_le_bytes([b0, b1, b2, b3]),
            payload: u32::from_le_bytes([c0, c1, c2, c3]),
        }
    }
}

/// The GUID of a message, as its 16 bytes stand in the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub [u8; 16]);

impl fmt::Display for MessageId {
    /// The way Windows writes a GUID, with the first three fields turned round.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g, h, i, rest @ ..] = self.0;
        let (first, second) = (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, g]));
        write!(
            f,
            "{first:08x}-{second:04x}-{:04x}-",
            u16::from_le_bytes([h, i])
        )?;
        for (at, byte) in rest.iter().enumerate() {
            if at == 2 {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A text that is no GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidMessageId;

impl fmt::Display for InvalidMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no GUID, as 00112233-4455-6677-8899-aabbccddeeff is one")
    }
}

impl core::error::Error for InvalidMessageId {}

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    /// Reads what [`Display`](fmt::Display) writes, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        let mut places = bytes.iter_mut();
        let mut groups = text.split('-');
        for digits in [8, 4, 4, 4, 12] {
            let group = groups
                .next()
                .filter(|group| group.len() == digits)
                .ok_or(InvalidMessageId)?;
            for (pair, place) in group.as_bytes().chunks_exact(2).zip(places.by_ref()) {
                for digit in pair {
                    let value = char::from(*digit).to_digit(16).ok_or(InvalidMessageId)?;
                    *place = (*place << 4) | value as u8;
                }
            }
        }
        if groups.next().is_some() {
            return Err(InvalidMessageId);
        }
        let (first, rest) = bytes.split_at_mut(4);
        let (second, rest) = rest.split_at_mut(2);
        let (third, _) = rest.split_at_mut(2);
        for field in [first, second, third] {
            field.reverse();
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::{BlockHeader, FileHeader, InvalidMessageId, MessageId};
    use alloc::string::ToString;

    #[test]
    fn a_guid_is_written_as_windows_does() {
        let id = MessageId(*b"\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff");
        let text = "00112233-4455-6677-8899-aabbccddeeff";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse(), Ok(id));
        for wrong in [
            "",
            "00112233445566778899aabbccddeeff",
            &text[1..],
            "0011223g-4455-6677-8899-aabbccddeeff",
        ] {
            assert_eq!(wrong.parse::<MessageId>(), Err(InvalidMessageId));
        }
        assert_eq!(
            [text, "-"].concat().parse::<MessageId>(),
            Err(InvalidMessageId)
        );
    }

    #[test]
    fn headers_are_read_as_they_are_written() {
        let header = FileHeader {
            message_id: MessageId(core::array::from_fn(|at| at as u8)),
            puid: 0x0003_7ffe_a537_5516,
            size: 154_066,
        };
        let bytes = header.to_bytes();
        assert_eq!(bytes[..8], *b"HU01\x28\0\0\0");
        assert_eq!(
            bytes[24..36],
            *b"\x16\x55\x37\xa5\xfe\x7f\x03\0\xd2\x59\x02\0"
        );
        assert_eq!(
            FileHeader::from_fields(bytes[8..36].try_into().unwrap()),
            header
        );

        let block = BlockHeader {
            size: 65_536,
            crc: 0x0102_0304,
            payload: 11_062,
        };
        let bytes = block.to_bytes();
        assert_eq!(
            bytes,
            *b"SCBH\x14\0\0\0\0\0\x01\0\x04\x03\x02\x01\x36\x2b\0\0"
        );
        assert_eq!(
            BlockHeader::from_fields(bytes[8..].try_into().unwrap()),
            block
        );
        assert!(!block.is_stored());
    }
}
