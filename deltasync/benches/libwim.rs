//! The XPRESS codec beside that of Debian's libwim, on the same blocks of 64 KiB.
//!
//! `cargo testbed compare-libwim [FILE...]`; the files are measured together, as one corpus more. The
//! contenders take turns, each on one thread; the tables show medians of the time of the processor. `LIBWIM_TURNS` sets the number
//! of turns (default 15).

#![allow(clippy::print_stdout, clippy::expect_used)]

use std::{env, fs, hint::black_box, time::Duration};

use deltasync::xpress::{Decoder, Encoder, Level, MAX_BLOCK};
use rustix::time::{ClockId, clock_gettime};
use testbed::{Libwim, Random, mail::Generator};

const LEVELS: [Level; 3] = [Level::Fast, Level::Default, Level::Best];

/// What blocks are made of.
struct Corpus {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Corpus {
    fn blocks(&self) -> Vec<&[u8]> {
        self.bytes.chunks(MAX_BLOCK).collect()
    }
}

fn corpora(files: &[String]) -> Vec<Corpus> {
    let mut random = Random::new(1);
    let noise: Vec<u8> = (0..2 << 20).map(|_| random.next_u64() as u8).collect();
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let base64 = noise
        .chunks(76)
        .flat_map(|line| {
            line.iter()
                .filter_map(|byte| digits.get(usize::from(byte % 64)))
                .chain(b"\r\n")
        })
        .copied();
    // Debian always has them: English text, some of it twice.
    let mut licenses: Vec<_> = fs::read_dir("/usr/share/common-licenses")
        .expect("Debian's licences")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| !path.is_symlink())
        .collect();
    licenses.sort();
    let read = |path| fs::read(path).expect("a file");
    let mail = Generator::new(1)
        .take(1000)
        .flat_map(|message| message.bytes);
    let mut corpora = vec![
        Corpus {
            name: "mail from a seed",
            bytes: mail.collect(),
        },
        Corpus {
            name: "text",
            bytes: licenses.iter().flat_map(read).collect(),
        },
        Corpus {
            name: "base64",
            bytes: base64.collect(),
        },
        Corpus {
            name: "noise",
            bytes: noise,
        },
    ];
    if !files.is_empty() {
        let bytes = files
            .iter()
            .flat_map(|path| fs::read(path).expect("a file"))
            .collect();
        corpora.insert(
            0,
            Corpus {
                name: "the files",
                bytes,
            },
        );
    }
    corpora
}

/// The time that is in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Bytes in a time, in millions a second.
fn speed(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

/// The time that this thread had the processor.
fn timed(run: impl FnOnce()) -> Duration {
    let start = processor_time();
    run();
    processor_time().saturating_sub(start)
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time")
}

fn decoding(libwim: &mut Libwim, corpus: &Corpus, turns: usize) {
    let plain = corpus.blocks();
    let encoded = libwim
        .compress(Libwim::DEFAULT_LEVEL, 1, &plain)
        .expect("libwim")
        .results;
    let blocks: Vec<(usize, &[u8])> = encoded
        .iter()
        .zip(&plain)
        .filter_map(|(block, plain)| Some((plain.len(), block.as_deref()?)))
        .collect();
    let bytes: usize = blocks.iter().map(|(size, _)| size).sum();
    if bytes == 0 {
        println!("{:<20} no block gets smaller", corpus.name);
        return;
    }
    let mut decoder = Decoder::new();
    let mut output = vec![0; MAX_BLOCK];
    let mut times = [Vec::new(), Vec::new()];
    let [theirs, ours] = &mut times;
    for _ in 0..turns {
        theirs.push(libwim.decompress(1, &blocks).expect("libwim").took);
        ours.push(timed(|| {
            for (size, block) in &blocks {
                let output = output.get_mut(..*size).unwrap_or_default();
                decoder.decode(block, output).expect("a block");
                black_box(output);
            }
        }));
    }
    let [theirs, ours] = times.map(|times| speed(bytes, median(times)));
    println!(
        "{:<20} {theirs:>12.0} {ours:>12.0} {:>8.2}",
        corpus.name,
        ours / theirs
    );
}

fn encoding(libwim: &mut Libwim, corpus: &Corpus, turns: usize) {
    let plain = corpus.blocks();
    let mut encoders = LEVELS.map(|level| (level, Encoder::new(level), 0, Vec::new()));
    let (mut size, mut times) = (0, Vec::new());
    for _ in 0..turns {
        let outcome = libwim
            .compress(Libwim::DEFAULT_LEVEL, 1, &plain)
            .expect("libwim");
        times.push(outcome.took);
        let sizes = outcome.results.iter().zip(&plain);
        size = sizes
            .map(|(block, plain)| block.as_ref().map_or(plain.len(), Vec::len))
            .sum();
        for (_, encoder, size, times) in &mut encoders {
            *size = 0;
            times.push(timed(|| {
                for plain in &plain {
                    let block = encoder.encode(plain).expect("a block");
                    *size += black_box(block).map_or(plain.len(), <[u8]>::len);
                }
            }));
        }
    }
    let bytes = corpus.bytes.len();
    let theirs = speed(bytes, median(times));
    println!(
        "{:<20} {:<8} {size:>9} {:>7} {theirs:>9.1}",
        corpus.name, "libwim", ""
    );
    for (level, _, ours, times) in encoders {
        let (name, speed) = (
            format!("{level:?}").to_lowercase(),
            speed(bytes, median(times)),
        );
        let smaller = ours as f64 / size as f64;
        println!(
            "{:<20} {name:<8} {ours:>9} {smaller:>7.4} {speed:>9.1} {:>8.2}",
            "",
            speed / theirs
        );
    }
}

fn main() {
    let files: Vec<_> = env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let turns = env::var("LIBWIM_TURNS")
        .ok()
        .and_then(|turns| turns.parse().ok())
        .unwrap_or(15);
    let mut libwim = Libwim::start().expect("libwim");
    let corpora = corpora(&files);
    println!("decoding what libwim made, MB/s; wanted is a ratio of 1.2\n");
    println!("{:<20} {:>12} {:>12} {:>8}", "", "libwim", "ours", "ratio");
    for corpus in &corpora {
        decoding(&mut libwim, corpus, turns);
    }
    println!("\nencoding, beside libwim's default level\n");
    println!(
        "{:<20} {:<8} {:>9} {:>7} {:>9} {:>8}",
        "", "level", "bytes", "ratio", "MB/s", "ratio"
    );
    for corpus in &corpora {
        encoding(&mut libwim, corpus, turns);
    }
}
