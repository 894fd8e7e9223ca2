//! A command together with what it answers.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use crate::wire::{Command, MailboxName, Response, StatusResponse};

use super::error::Result;
use super::session::Session;

/// A command that is ready to be sent, and how its answer is read as a `T`.
///
/// Made by the functions that bear the commands' names ([`Call::select`](Call::select), ...);
/// carried out by [`Client::run`](super::Client::run), or by [`Client::send`](super::Client::send)
/// and [`Client::wait`](super::Client::wait) when several are to be in flight.
pub struct Call<T> {
    build: Build,
    pub(super) gather: Gather<T>,
}

/// Makes the command when it is known what the session can do.
type Build = Box<dyn FnOnce(&Session) -> Result<Command> + Send>;

/// A command that was sent: a claim on its answer.
///
/// Dropping it gives up the answer, not the command.
#[derive(Debug)]
pub struct Pending<T> {
    pub(super) tag: u32,
    pub(super) _alive: Arc<()>,
    pub(super) answer: PhantomData<fn() -> T>,
}

impl<T> Pending<T> {
    pub(super) fn new(tag: u32) -> (Self, Weak<()>) {
        let alive = Arc::new(());
        let weak = Arc::downgrade(&alive);
        let pending = Self {
            tag,
            _alive: alive,
            answer: PhantomData,
        };
        (pending, weak)
    }
}

/// Takes a response, or gives it back if it does not belong to the command.
pub(super) type Take<T> = for<'a> fn(&mut T, u32, Response<'a>) -> Option<Response<'a>>;

/// Reads the completion; says whether the command did what it should.
pub(super) type Done<T> = fn(&mut T, &StatusResponse) -> bool;

/// Gathers a command's answer.
pub(super) struct Gather<T> {
    pub(super) value: T,
    take: Take<T>,
    done: Done<T>,
    /// FETCH responses are shown to a reader as they arrive.
    streams: bool,
    effect: Effect,
}

/// What a command's completion does to the session.
#[derive(Debug, Clone, Default)]
pub(super) enum Effect {
    #[default]
    None,
    /// OK selects this mailbox, NO leaves none selected.
    Select(Arc<MailboxName>),
    /// OK leaves none selected.
    Deselect,
}

/// A [`Gather`] of any type.
pub(super) trait Collect: Any + Send {
    fn take<'a>(&mut self, tag: u32, response: Response<'a>) -> Option<Response<'a>>;
    fn done(&mut self, status: &StatusResponse) -> bool;
    fn streams(&self) -> bool;
    fn effect(&self) -> &Effect;
}

impl<T: Send + 'static> Collect for Gather<T> {
    fn take<'a>(&mut self, tag: u32, response: Response<'a>) -> Option<Response<'a>> {
        (self.take)(&mut self.value, tag, response)
    }

    fn done(&mut self, status: &StatusResponse) -> bool {
        (self.done)(&mut self.value, status)
    }

    fn streams(&self) -> bool {
        self.streams
    }

    fn effect(&self) -> &Effect {
        &self.effect
    }
}

pub(super) fn is_ok<T>(_: &mut T, status: &StatusResponse) -> bool {
    status.is_ok()
}

impl<T: Default + Send + 'static> Call<T> {
    /// With a command that depends on what the session can do.
    pub(super) fn build(
        build: impl FnOnce(&Session) -> Result<Command> + Send + 'static,
        take: Take<T>,
    ) -> Self {
        Self {
            build: Box::new(build),
            gather: Gather {
                value: T::default(),
                take,
                done: is_ok,
                streams: false,
                effect: Effect::None,
            },
        }
    }

    pub(super) fn new(command: Command, take: Take<T>) -> Self {
        Self::build(move |_| Ok(command), take)
    }

    pub(super) fn with(mut self, value: T) -> Self {
        self.gather.value = value;
        self
    }

    pub(super) fn done(mut self, done: Done<T>) -> Self {
        self.gather.done = done;
        self
    }

    pub(super) fn effect(mut self, effect: Effect) -> Self {
        self.gather.effect = effect;
        self
    }

    pub(super) fn streaming(mut self) -> Self {
        self.gather.streams = true;
        self
    }

    pub(super) fn into_parts(self, session: &Session) -> Result<(Command, Gather<T>)> {
        Ok(((self.build)(session)?, self.gather))
    }
}

impl Call<()> {
    /// A command whose completion is all there is to know.
    pub(super) fn plain(command: Command) -> Self {
        Self::new(command, |(), _, response| Some(response))
    }
}

/// The answer of a command that this crate has no function for.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RawAnswer {
    /// The completion.
    pub status: Option<StatusResponse>,
}

impl Call<RawAnswer> {
    /// Any command, as [`Command::raw`] makes it: the way to send what has no function here.
    ///
    /// Untagged responses come as [events](super::Client::next_event).
    #[must_use]
    pub fn raw(command: Command) -> Self {
        Self::new(command, |_, _, response| Some(response)).done(|answer, status| {
            answer.status = Some(status.clone());
            status.is_ok()
        })
    }
}
