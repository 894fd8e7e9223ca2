//! From bytes to a block (\[MS-XCA\] 2.1).
//!
//! [`greedy`], [`lazy`] or [`optimal`] parse the bytes into literals and matches, [`code`] makes the
//! code that suits them best, and [`write`](mod@write) writes them.

mod chains;
mod code;
mod greedy;
mod lazy;
mod optimal;
mod tokens;
mod window;
mod write;

use alloc::{boxed::Box, vec};
use core::fmt;

use self::{
    chains::{Chains, Effort},
    code::Code,
    optimal::Optimal,
    tokens::Tokens,
    window::Window,
};
use super::{Error, ErrorKind, MAX_BLOCK};

/// How hard the lazy parse looks for matches.
const EFFORT: Effort = Effort {
    depth: 20,
    nice: 64,
};

/// How much time is spent to make blocks small. Whatever it is, they are decoded equally fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Several times as fast as the default, and blocks are up to a fifth larger.
    Fast,
    /// Good matches.
    #[default]
    Default,
    /// The best combination of matches: some percent smaller, and ten times as slow.
    Best,
}

/// Encodes blocks. It holds tables of some 400 KiB, at the best level three times that, so make one
/// for many blocks.
pub struct Encoder {
    level: Level,
    window: Box<Window>,
    chains: Box<Chains>,
    tokens: Tokens,
    /// At the best level.
    optimal: Option<Optimal>,
    output: Box<[u8]>,
}

impl Encoder {
    /// An encoder for any number of blocks.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self {
            level,
            window: Box::new(Window::new()),
            chains: Box::new(Chains::new()),
            tokens: Tokens::new(),
            optimal: (level == Level::Best).then(Optimal::new),
            output: vec![0; MAX_BLOCK].into_boxed_slice(),
        }
    }

    /// Encodes some bytes as a block; `None` if it would not be smaller than they are, as is always so
    /// for less than about 260.
    ///
    /// # Errors
    ///
    /// If there are more than [`MAX_BLOCK`] bytes.
    pub fn encode(&mut self, plain: &[u8]) -> Result<Option<&[u8]>, Error> {
        if plain.len() > MAX_BLOCK {
            return Err(Error::new(ErrorKind::TooLarge, 0));
        }
        if plain.is_empty() {
            return Ok(None);
        }
        self.window.fill(plain);
        self.chains.clear();
        self.tokens.clear();
        match self.level {
            Level::Fast => greedy::parse(&self.window, &mut self.chains, &mut self.tokens),
            Level::Default | Level::Best => {
                lazy::parse(&self.window, &mut self.chains, &mut self.tokens, EFFORT);
            }
        }
        self.tokens.finish();
        let mut code = Code::new(self.tokens.counts());
        if let Some(optimal) = &mut self.optimal {
            optimal.improve(&self.window, &mut self.chains, &mut self.tokens, &mut code);
        }
        let size = self.tokens.size(code.lengths());
        if size >= plain.len() {
            return Ok(None);
        }
        let output = self.output.get_mut(..size).unwrap_or_default();
        write::write(&self.window, self.tokens.list(), &code, output);
        Ok(Some(output))
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
