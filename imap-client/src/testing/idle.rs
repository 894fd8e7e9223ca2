//! IDLE (RFC 2177).

use std::io;

use super::fault::Moment;
use super::session::{Command, Outcome, Reply, Session};

impl Session {
    pub(super) async fn idle(&mut self, command: &Command) -> io::Result<Outcome> {
        if let Err(error) = self.args(command).end() {
            return Ok(Err(error.into()));
        }
        let mut changes = match self.store() {
            Ok(store) => store.changes(),
            Err(reply) => return Ok(Err(reply)),
        };
        self.say("+ idling");
        self.deeds(Moment::Idling);
        self.update(true);
        while self.next.is_none() {
            if self.conn.buffered().contains(&b'\n') {
                let mut line = Vec::new();
                let whole = self.read_line(&mut line).await?;
                return Ok(if whole && line.eq_ignore_ascii_case(b"DONE\r\n") {
                    Ok(Reply::ok("Idle completed."))
                } else {
                    Err(Reply::bad("Expected DONE."))
                });
            }
            self.wait_with(Some(&mut changes)).await?;
            self.update(true);
            self.tell_news();
        }
        self.conn.flush().await?;
        Ok(Err(Reply::no("The mailbox is gone")))
    }
}
