//! Ctrl-C.

use std::io::Write as _;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::output::Terminal;

/// Whether a person, or the system, asked the program to stop.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    asked: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens to SIGINT and SIGTERM: the first asks to stop, the second stops at once.
    ///
    /// # Errors
    /// The signals cannot be caught.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (sender, asked) = watch::channel(false);
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            // Standard error may be closed by now.
            let _ = writeln!(
                Terminal,
                "Finishing the batch in hand. Once more stops at once."
            );
            sender.send_replace(true);
            either(&mut interrupt, &mut terminate).await;
            std::process::exit(1);
        });
        Ok(Self { asked })
    }

    /// Whether it came.
    pub(crate) fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Returns when it comes.
    pub(crate) async fn asked(&self) {
        // The sender lives as long as the program.
        let _ = self.asked.clone().wait_for(|asked| *asked).await;
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
