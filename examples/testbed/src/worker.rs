//! Programs in C that call a library of Debian's, to compare it with: there is no `unsafe` here.

use std::{
    env,
    io::{self, BufReader, BufWriter, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::{Error, Result, error::Doing, supervisor::Supervisor};

/// The size of a result that there is not.
const FAILED: u32 = u32::MAX;

/// What a library made of some blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How long all passes over all blocks took inside of the library, in time of the processor.
    pub took: Duration,
    /// The result for every block; `None` where the library refused it or could not do it.
    pub results: Vec<Option<Vec<u8>>>,
}

/// A library, and what it takes to compile a program for it.
pub(crate) struct Library {
    /// The program.
    pub(crate) source: &'static str,
    /// What the compiler is told.
    pub(crate) arguments: &'static [&'static str],
    /// A header of the library's.
    pub(crate) header: &'static str,
    /// The package that has the header.
    pub(crate) package: &'static str,
}

/// A process that calls a library.
#[derive(Debug)]
pub(crate) struct Worker {
    process: Child,
    requests: Option<BufWriter<ChildStdin>>,
    answers: BufReader<ChildStdout>,
    /// Holds the folder with the program.
    _scratch: Supervisor,
}

impl Worker {
    /// Compiles the program and starts it.
    pub(crate) fn start(library: &Library) -> Result<Self> {
        let scratch = Supervisor::new(&env::temp_dir())?;
        let program = scratch.folder().join("worker");
        let mut compiler = Command::new("cc")
            .args(["-O2", "-x", "c", "-"])
            .args(library.arguments)
            .arg("-o")
            .arg(&program)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .doing(|| "starting cc".into())?;
        if let Some(mut source) = compiler.stdin.take() {
            source
                .write_all(library.source.as_bytes())
                .doing(|| "talking to cc".into())?;
        }
        let compiled = compiler.wait_with_output().doing(|| "running cc".into())?;
        if !compiled.status.success() {
            let words = String::from_utf8_lossy(&compiled.stderr).into_owned();
            if words.contains(library.header) {
                let program = library.package.into();
                return Err(Error::Missing { program });
            }
            return Err(Error::NotStarted { log: words });
        }
        let mut process = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .doing(|| format!("starting the program for {}", library.package))?;
        let requests = process.stdin.take().map(BufWriter::new);
        let Some(answers) = process.stdout.take() else {
            let log = format!("the program for {} has no output", library.package);
            return Err(Error::NotStarted { log });
        };
        Ok(Self {
            process,
            requests,
            answers: BufReader::new(answers),
            _scratch: scratch,
        })
    }

    /// Sends the numbers of a request and its blocks, and reads what came of them. Before each block
    /// goes the size of what is in it, if the program wants that.
    pub(crate) fn call(
        &mut self,
        request: &[u32],
        blocks: &[(Option<usize>, &[u8])],
    ) -> Result<Outcome> {
        self.exchange(request, blocks)
            .doing(|| "talking to a program in C".into())
    }

    fn exchange(
        &mut self,
        request: &[u32],
        blocks: &[(Option<usize>, &[u8])],
    ) -> io::Result<Outcome> {
        let requests = self.requests.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        for number in request {
            requests.write_all(&number.to_ne_bytes())?;
        }
        requests.write_all(&size(blocks.len())?)?;
        for (plain, bytes) in blocks {
            if let Some(plain) = plain {
                requests.write_all(&size(*plain)?)?;
            }
            requests.write_all(&size(bytes.len())?)?;
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

impl Drop for Worker {
    fn drop(&mut self) {
        // The program ends with its input.
        drop(self.requests.take());
        // Nothing can be done about an error here, and nothing hangs on it.
        let _ = self.process.wait();
    }
}

/// A size as programs take it.
fn size(size: usize) -> io::Result<[u8; 4]> {
    let size = u32::try_from(size).map_err(io::Error::other)?;
    Ok(size.to_ne_bytes())
}
