//! THREAD.

use crate::wire::error::DecodeErrorKind;
use crate::wire::lex::{self, Lex, nz_number};

/// Deepest branching of one thread.
const MAX_THREAD_DEPTH: usize = 1000;

/// A thread (RFC 5256 section 4): messages each of which answers the one
/// before, then the threads that branch off the last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// Sequence numbers or UIDs, parent before child; empty if the root is missing.
    pub chain: Vec<u32>,
    /// Answers to the last of the chain, or siblings whose parent is missing.
    pub branches: Vec<Thread>,
}

/// `thread-data = "THREAD" [SP 1*thread-list]`, where
/// `thread-list = "(" (thread-members / thread-nested) ")"` (RFC 5256 section 5).
pub(super) fn thread_data(i: &[u8]) -> Lex<'_, Vec<Thread>> {
    let mut done = Vec::new();
    let mut open: Vec<Thread> = Vec::new();
    let mut i = i;
    loop {
        (i, _) = lex::spaces(i)?;
        match i.split_first() {
            None if open.is_empty() => return Ok((i, done)),
            None => return Err(lex::error(i, DecodeErrorKind::Incomplete)),
            Some((b'(', rest)) => {
                if open.len() >= MAX_THREAD_DEPTH {
                    return Err(lex::failure(i, DecodeErrorKind::Depth));
                }
                open.push(Thread::default());
                i = rest;
            }
            Some((b')', rest)) => {
                let Some(thread) = open.pop() else {
                    return Err(lex::error(i, DecodeErrorKind::Syntax));
                };
                match open.last_mut() {
                    Some(parent) => parent.branches.push(thread),
                    None => done.push(thread),
                }
                i = rest;
            }
            Some(_) => {
                let (rest, id) = nz_number(i)?;
                match open.last_mut() {
                    Some(thread) if thread.branches.is_empty() => thread.chain.push(id),
                    _ => return Err(lex::error(i, DecodeErrorKind::Syntax)),
                }
                i = rest;
            }
        }
    }
}
