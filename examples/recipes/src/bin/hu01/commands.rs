//! What the commands do.

use std::io::{self, BufRead, Write};

use deltasync::hu01::{BlockHeader, FileHeader, Reader, Writer};

use crate::{
    cli::{CompressArgs, DecompressArgs, InfoArgs, VerifyArgs},
    files::{Input, Output},
};

/// What the blocks of a stream come to.
#[derive(Debug, Default)]
struct Packing {
    blocks: u32,
    stored: u32,
    /// Of all payloads together.
    bytes: u64,
}

impl Packing {
    fn add(&mut self, block: BlockHeader) {
        self.blocks += 1;
        self.stored += u32::from(block.is_stored());
        self.bytes += u64::from(block.payload);
    }
}

/// Prints what the header says and what the blocks are.
pub(crate) fn info(args: &InfoArgs) -> io::Result<()> {
    let input = Input::open(args.file.as_deref())?;
    let named = input.naming();
    let mut reader = Reader::new(input, args.limits.limits());
    let header = reader.header().map_err(&named)?;
    let mut out = io::stdout().lock();
    writeln!(out, "message     {}", header.message_id)?;
    writeln!(out, "puid        {:#018x}", header.puid)?;
    writeln!(out, "size        {} bytes", header.size)?;
    let mut packing = Packing::default();
    loop {
        let read = reader.fill_buf().map_err(&named)?.len();
        let Some(block) = reader.block_header().filter(|_| read != 0) else {
            break;
        };
        reader.consume(read);
        packing.add(block);
        if args.blocks {
            let BlockHeader { size, crc, payload } = block;
            let how = if block.is_stored() {
                "stored"
            } else {
                "compressed"
            };
            writeln!(
                out,
                "block {:<5} {size} bytes {how} in {payload}, CRC {crc:08x}",
                packing.blocks
            )?;
        }
    }
    let Packing {
        blocks,
        stored,
        bytes,
    } = packing;
    writeln!(out, "blocks      {blocks}, {stored} of them stored")?;
    let percent = bytes as f64 * 100.0 / f64::from(header.size);
    writeln!(out, "compressed  {bytes} bytes, {percent:.1} %")?;
    out.flush()
}

/// Writes the message of a stream.
pub(crate) fn decompress(args: &DecompressArgs) -> io::Result<()> {
    let input = Input::open(args.file.as_deref())?;
    let named = input.naming();
    let mut reader = Reader::new(input, args.limits.limits());
    let mut output = Output::create(args.output.as_deref())?;
    loop {
        let block = reader.fill_buf().map_err(&named)?;
        if block.is_empty() {
            return output.complete();
        }
        output.write_all(block)?;
        let count = block.len();
        reader.consume(count);
    }
}

/// Writes a stream with a message.
pub(crate) fn compress(args: &CompressArgs) -> io::Result<()> {
    let mut input = Input::open(args.file.as_deref())?.sized()?;
    let named = input.naming();
    let size = input.size().unwrap_or_default();
    let size = u32::try_from(size).map_err(|_| {
        let words = format!("{size} bytes are too many: a stream holds less than 4 GiB");
        named(io::Error::new(io::ErrorKind::InvalidInput, words))
    })?;
    let header = FileHeader {
        message_id: args.message_id.unwrap_or_default(),
        puid: args.puid,
        size,
    };
    let output = Output::create(args.output.as_deref())?;
    let mut writer = Writer::new(output, header, args.level.into()).map_err(&named)?;
    io::copy(&mut input, &mut writer)?;
    writer.finish()?.complete()
}

/// Says of each stream whether it is valid; `false` if one is not.
pub(crate) fn verify(args: &VerifyArgs) -> io::Result<bool> {
    let mut files: Vec<_> = args.files.iter().map(|file| Some(file.as_path())).collect();
    if files.is_empty() {
        files.push(None);
    }
    let mut out = io::stdout().lock();
    let mut all = true;
    for file in files {
        let result = Input::open(file).and_then(|input| {
            let (name, named) = (input.name().to_owned(), input.naming());
            let mut reader = Reader::new(input, args.limits.limits());
            let size = io::copy(&mut reader, &mut io::sink()).map_err(named)?;
            Ok((name, size))
        });
        match result {
            Ok((name, size)) => writeln!(out, "{name}: {size} bytes, undamaged")?,
            Err(error) => {
                all = false;
                writeln!(out, "{error}")?;
            }
        }
    }
    out.flush()?;
    Ok(all)
}
