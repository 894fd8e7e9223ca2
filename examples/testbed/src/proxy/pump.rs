//! Carries bytes of one direction of one connection.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Direction, Fault, Shared, State,
    lines::{Lines, answers, tag_of},
};

/// How many pieces may be under way in one direction.
const UNDER_WAY: usize = 4096;

/// How long a server has to be silent before a swallowed connection is cut.
const SILENCE: Duration = Duration::from_millis(200);

/// The reading half of a direction; the writing half is [`write_on_time`].
pub(super) struct Pump {
    id: u64,
    direction: Direction,
    from: TcpStream,
    shared: Arc<Shared>,
    talk: Arc<Mutex<Talk>>,
    lines: Lines,
    /// The beginning of a line that may be the answer to be swallowed.
    held: Vec<u8>,
    out: SyncSender<Piece>,
}

/// What both directions of a connection know together.
#[derive(Default)]
struct Talk {
    /// Whether the server spoke last; at the beginning it is expected to.
    server_spoke: bool,
    /// The tag of the command whose answer is to be swallowed.
    awaited: Option<Vec<u8>>,
    /// What the client said last, as long as it may be part of words that are listened for.
    said: Vec<u8>,
    /// The words were said: nothing of the answer passes.
    words_said: bool,
    /// How many directions have ended.
    ended: u8,
}

/// Bytes, and when they are to arrive.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    /// This direction has ended.
    End,
    /// Cut all connections of the proxy.
    Cut,
    /// Drop what else comes until the other side is silent, then cut.
    Swallow,
}

impl Pump {
    /// Starts both directions of a connection, in threads of their own.
    pub(super) fn start(id: u64, client: TcpStream, server: TcpStream, shared: &Arc<Shared>) {
        let talk = Arc::default();
        let copies = (client.try_clone(), server.try_clone());
        let (Ok(to_client), Ok(to_server)) = copies else {
            return;
        };
        let directions = [
            (Direction::ToServer, client, to_server),
            (Direction::ToClient, server, to_client),
        ];
        for (direction, from, to) in directions {
            let (out, pieces) = sync_channel(UNDER_WAY);
            let pump = Self {
                id,
                direction,
                from,
                shared: Arc::clone(shared),
                talk: Arc::clone(&talk),
                lines: Lines::default(),
                held: Vec::new(),
                out,
            };
            thread::spawn({
                let shared = Arc::clone(shared);
                move || write_on_time(&to, &pieces, &shared)
            });
            thread::spawn(move || pump.run());
        }
    }

    fn run(mut self) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match self.from.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => 0,
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                let held = std::mem::take(&mut self.held);
                self.send(held, Then::End);
                break;
            }
            let (bytes, then) = self.judge(bytes);
            if !self.send(bytes, then) {
                break;
            }
            match then {
                Then::GoOn => {}
                Then::End | Then::Cut => break,
                Then::Swallow => {
                    self.swallow(&mut buffer);
                    break;
                }
            }
        }
        let both_ended = {
            let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
            talk.ended += 1;
            talk.ended == 2
        };
        if both_ended {
            self.shared.lock().open.remove(&self.id);
        }
    }

    /// What of `bytes` passes, and what happens then.
    fn judge(&mut self, bytes: &[u8]) -> (Vec<u8>, Then) {
        let shared = Arc::clone(&self.shared);
        let talk = Arc::clone(&self.talk);
        let mut state = shared.lock();
        let mut talk = talk.lock().unwrap_or_else(PoisonError::into_inner);
        self.count_turn(&mut state, &mut talk);

        if let (Direction::ToServer, Some(heard)) = (self.direction, &mut state.heard) {
            heard.extend_from_slice(bytes);
        }
        if self.answers_words(bytes, &mut state, &mut talk) {
            return (Vec::new(), Then::Cut);
        }
        let (mut passing, mut then) = self.follow(bytes, &mut state, &mut talk);
        let length = u64::try_from(passing.len()).unwrap_or(u64::MAX);
        let (left, end) = match &mut state.fault {
            Some(Fault::Cut { direction, after }) if *direction == self.direction => {
                (after, Then::Cut)
            }
            Some(Fault::Swallow { after }) if self.direction == Direction::ToClient => {
                (after, Then::Swallow)
            }
            _ => {
                self.count_bytes(&mut state, length);
                return (passing, then);
            }
        };
        let passes = length.min(*left);
        *left -= passes;
        if *left == 0 {
            passing.truncate(usize::try_from(passes).unwrap_or(usize::MAX));
            then = end;
            state.fire();
        }
        self.count_bytes(&mut state, passes);
        (passing, then)
    }

    /// Listens for the words of [`Fault::SwallowAnswerTo`]; whether this is the answer to them.
    fn answers_words(&self, bytes: &[u8], state: &mut State, talk: &mut Talk) -> bool {
        let Some(Fault::SwallowAnswerTo { words }) = &state.fault else {
            return false;
        };
        if self.direction == Direction::ToClient {
            if talk.words_said {
                state.fire();
            }
            return talk.words_said;
        }
        talk.said.extend_from_slice(bytes);
        talk.words_said |= talk
            .said
            .windows(words.len().max(1))
            .any(|said| said == words);
        let old = talk.said.len().saturating_sub(words.len());
        talk.said.drain(..old);
        false
    }

    /// Follows lines and literals; finds the command and the answer of [`Fault::SwallowAnswer`].
    fn follow(&mut self, bytes: &[u8], state: &mut State, talk: &mut Talk) -> (Vec<u8>, Then) {
        let mut passing = Vec::with_capacity(bytes.len());
        let mut now = std::mem::take(&mut self.held);
        let mut rest = bytes;
        while !rest.is_empty() {
            let step = self.lines.advance(rest);
            let (used, later) = rest.split_at_checked(step.used).unwrap_or((rest, &[]));
            now.extend_from_slice(used);
            rest = later;
            if self.direction == Direction::ToServer {
                if let Some(line) = &step.first_line {
                    await_answer(line, state, talk);
                }
            } else if let Some(tag) = &talk.awaited {
                if step.is_partial {
                    // Perhaps the beginning of the answer.
                    self.held = now;
                    return (passing, Then::GoOn);
                }
                if step.first_line.is_some_and(|line| answers(&line, tag)) {
                    talk.awaited = None;
                    state.fire();
                    return (passing, Then::Cut);
                }
            }
            passing.append(&mut now);
        }
        (passing, Then::GoOn)
    }

    fn count_turn(&self, state: &mut State, talk: &mut Talk) {
        match self.direction {
            Direction::ToClient => talk.server_spoke = true,
            Direction::ToServer if talk.server_spoke => {
                talk.server_spoke = false;
                state.counts.round_trips += 1;
            }
            Direction::ToServer => {}
        }
    }

    fn count_bytes(&self, state: &mut State, passed: u64) {
        match self.direction {
            Direction::ToServer => state.counts.to_server += passed,
            Direction::ToClient => state.counts.to_client += passed,
        }
    }

    /// Hands bytes to the writer; false if it is gone.
    fn send(&self, bytes: Vec<u8>, then: Then) -> bool {
        let due = Instant::now() + self.shared.delay;
        self.out.send(Piece { due, bytes, then }).is_ok()
    }

    /// Reads and forgets until the other side is silent, then cuts.
    fn swallow(&mut self, buffer: &mut [u8]) {
        let _ = self.from.set_read_timeout(Some(SILENCE));
        while matches!(self.from.read(buffer), Ok(1..)) {}
        self.shared.lock().cut();
    }
}

/// Remembers the tag of a command that [`Fault::SwallowAnswer`] waits for.
fn await_answer(line: &[u8], state: &mut State, talk: &mut Talk) {
    let Some(Fault::SwallowAnswer { command, nth }) = &mut state.fault else {
        return;
    };
    if *nth == 0 {
        return;
    }
    let Some(tag) = tag_of(line, command) else {
        return;
    };
    *nth -= 1;
    if *nth == 0 {
        talk.awaited = Some(tag);
    }
}

/// The writing half: each piece when it is due, in order.
fn write_on_time(mut to: &TcpStream, pieces: &Receiver<Piece>, shared: &Shared) {
    for piece in pieces {
        thread::sleep(piece.due.saturating_duration_since(Instant::now()));
        if to.write_all(&piece.bytes).is_err() {
            return;
        }
        match piece.then {
            // Swallowing, the reading half cuts.
            Then::GoOn | Then::Swallow => {}
            Then::End => {
                let _ = to.shutdown(Shutdown::Write);
            }
            Then::Cut => shared.lock().cut(),
        }
    }
}
