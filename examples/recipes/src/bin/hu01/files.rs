//! Files, and the standard streams in their place.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::progress::Progress;

/// What is read.
#[derive(Debug)]
pub(crate) struct Input {
    name: String,
    from: Source,
    /// If it is known.
    size: Option<u64>,
    progress: Progress,
}

#[derive(Debug)]
enum Source {
    File(File),
    Stdin(io::Stdin),
}

impl Input {
    /// Opens a file, or standard input for none and for `-`.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        match path.filter(|path| *path != "-") {
            None => Ok(Self::new(
                "standard input".into(),
                Source::Stdin(io::stdin()),
                None,
            )),
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).map_err(naming(&name))?;
                let metadata = file.metadata().map_err(naming(&name))?;
                let size = metadata.is_file().then_some(metadata.len());
                Ok(Self::new(name, Source::File(file), size))
            }
        }
    }

    fn new(name: String, from: Source, size: Option<u64>) -> Self {
        Self {
            progress: Progress::new(&name, size),
            name,
            from,
            size,
        }
    }

    /// The same with a known size: what can be read but once is put into a file first.
    pub(crate) fn sized(mut self) -> io::Result<Self> {
        if self.size.is_some() {
            return Ok(self);
        }
        let mut file = tempfile::tempfile()?;
        let size = io::copy(&mut self, &mut file).map_err(self.naming())?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self::new(self.name, Source::File(file), Some(size)))
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says with an error which input it is about.
    pub(crate) fn naming(&self) -> impl Fn(io::Error) -> io::Error + use<> {
        naming(&self.name)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.from {
            Source::File(file) => file.read(buffer)?,
            Source::Stdin(stdin) => stdin.read(buffer)?,
        };
        self.progress.advance(count);
        Ok(count)
    }
}

fn naming(name: &str) -> impl Fn(io::Error) -> io::Error + use<> {
    let name = name.to_owned();
    move |error| io::Error::new(error.kind(), format!("{name}: {error}"))
}

/// What is written. A file gets its name when it is [complete](Self::complete), not before.
#[derive(Debug)]
pub(crate) enum Output {
    File(BufWriter<NamedTempFile>, PathBuf),
    Stdout(BufWriter<io::Stdout>),
}

impl Output {
    /// Makes a file, or takes standard output for none and for `-`.
    pub(crate) fn create(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path.filter(|path| *path != "-") else {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        };
        let folder = path.parent().filter(|folder| *folder != "");
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let file = file.map_err(naming(&path.display().to_string()))?;
        Ok(Self::File(BufWriter::new(file), path.to_owned()))
    }

    /// Writes what is left, and gives a file its name.
    pub(crate) fn complete(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush(),
            Self::File(file, path) => {
                let named = naming(&path.display().to_string());
                let file = file
                    .into_inner()
                    .map_err(|error| named(error.into_error()))?;
                file.as_file().sync_all().map_err(&named)?;
                file.persist(&path).map_err(|error| named(error.error))?;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file, _) => file.write(bytes),
            Self::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.flush(),
            Self::Stdout(stdout) => stdout.flush(),
        }
    }
}
