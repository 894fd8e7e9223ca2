//! Debian's libwim, to compare XPRESS blocks with: ours decoded by it, and its by ours.

use std::{
    env,
    io::{self, BufReader, BufWriter, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::{Error, Result, error::Doing, supervisor::Supervisor};

const WORKER: &str = include_str!("worker.c");

const COMPRESS: u32 = 1;
const DECOMPRESS: u32 = 2;

/// The size of a result that there is not.
const FAILED: u32 = u32::MAX;

/// A process that calls libwim: a C program that is compiled for it, since there is no `unsafe` here.
#[derive(Debug)]
pub struct Libwim {
    worker: Child,
    requests: Option<BufWriter<ChildStdin>>,
    answers: BufReader<ChildStdout>,
    /// Holds the folder with the program.
    _scratch: Supervisor,
}

/// What libwim made of some blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How long all passes over all blocks took inside of libwim, in time of the processor.
    pub took: Duration,
    /// The result for every block; `None` where libwim refused it or could not make it smaller.
    pub results: Vec<Option<Vec<u8>>>,
}

impl Libwim {
    /// The level of libwim unless another one is asked for.
    pub const DEFAULT_LEVEL: u32 = 50;

    /// Compiles the program and starts it.
    pub fn start() -> Result<Self> {
        let scratch = Supervisor::new(&env::temp_dir())?;
        let program = scratch.folder().join("libwim-worker");
        let mut compiler = Command::new("cc")
            .args(["-O2", "-x", "c", "-", "-lwim", "-o"])
            .arg(&program)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .doing(|| "starting cc".into())?;
        if let Some(mut source) = compiler.stdin.take() {
            source
                .write_all(WORKER.as_bytes())
                .doing(|| "talking to cc".into())?;
        }
        let compiled = compiler.wait_with_output().doing(|| "running cc".into())?;
        if !compiled.status.success() {
            let words = String::from_utf8_lossy(&compiled.stderr).into_owned();
            if words.contains("wimlib.h") {
                let program = "libwim-dev".into();
                return Err(Error::Missing { program });
            }
            return Err(Error::NotStarted { log: words });
        }
        let mut worker = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .doing(|| "starting libwim's program".into())?;
        let requests = worker.stdin.take().map(BufWriter::new);
        let Some(answers) = worker.stdout.take() else {
            let log = "libwim's program has no output".into();
            return Err(Error::NotStarted { log });
        };
        Ok(Self {
            worker,
            requests,
            answers: BufReader::new(answers),
            _scratch: scratch,
        })
    }

    /// Compresses blocks of at most 64 KiB, so many times. Levels go from 1 to 100 and beyond.
    pub fn compress(&mut self, level: u32, passes: u32, plain: &[&[u8]]) -> Result<Outcome> {
        let blocks: Vec<_> = plain.iter().map(|plain| (plain.len(), *plain)).collect();
        self.call(COMPRESS, level, passes, &blocks)
    }

    /// Decompresses blocks, so many times. With each block goes the size of what is in it.
    pub fn decompress(&mut self, passes: u32, blocks: &[(usize, &[u8])]) -> Result<Outcome> {
        self.call(DECOMPRESS, Self::DEFAULT_LEVEL, passes, blocks)
    }

    fn call(
        &mut self,
        operation: u32,
        level: u32,
        passes: u32,
        blocks: &[(usize, &[u8])],
    ) -> Result<Outcome> {
        self.exchange(operation, level, passes, blocks)
            .doing(|| "talking to libwim's program".into())
    }

    fn exchange(
        &mut self,
        operation: u32,
        level: u32,
        passes: u32,
        blocks: &[(usize, &[u8])],
    ) -> io::Result<Outcome> {
        let requests = self.requests.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        for number in [operation, level, passes, number(blocks.len())?] {
            requests.write_all(&number.to_ne_bytes())?;
        }
        for (plain, bytes) in blocks {
            requests.write_all(&number(*plain)?.to_ne_bytes())?;
            requests.write_all(&number(bytes.len())?.to_ne_bytes())?;
            requests.write_all(bytes)?;
        }
        requests.flush()?;

        let mut nanoseconds = [0; 8];
        self.answers.read_exact(&mut nanoseconds)?;
        let mut results = Vec::with_capacity(blocks.len());
        for _ in blocks {
            let mut size = [0; 4];
            self.answers.read_exact(&mut size)?;
            let size = u32::from_ne_bytes(size);
            results.push(if size == FAILED {
                None
            } else {
                let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
                self.answers.read_exact(&mut bytes)?;
                Some(bytes)
            });
        }
        Ok(Outcome {
            took: Duration::from_nanos(u64::from_ne_bytes(nanoseconds)),
            results,
        })
    }
}

impl Drop for Libwim {
    fn drop(&mut self) {
        // The program ends with its input.
        drop(self.requests.take());
        // Nothing can be done about an error here, and nothing hangs on it.
        let _ = self.worker.wait();
    }
}

fn number(size: usize) -> io::Result<u32> {
    u32::try_from(size).map_err(io::Error::other)
}
