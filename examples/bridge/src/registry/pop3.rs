use pop3::client::{Client, ConnectOptions, Security, Timeouts};
use pop3::source::{Pop3Config, Pop3Source};
use sync_core::Source;
use sync_core::error::Result;
use sync_core::model::{Collection, CollectionPath, KindSet, Role};
use sync_core::reconcile::Leave;

use super::Seen;
use crate::config::MailServer;
use crate::credentials::{CONNECT_TIMEOUT, credentials, tls};
use crate::output::human::{bytes, count};

/// A POP3 account; nothing is connected yet.
pub(super) fn open(server: &MailServer) -> Result<Box<dyn Source>> {
    let config = Pop3Config::new(&server.user, options(server)?);
    Ok(Box::new(Pop3Source::new(config)))
}

fn options(server: &MailServer) -> Result<ConnectOptions> {
    let security = match (server.implicit_tls, server.allow_plaintext) {
        (true, _) => Security::Tls,
        (false, false) => Security::Stls,
        (false, true) => Security::AllowPlaintext,
    };
    let mut timeouts = Timeouts::default();
    timeouts.connect = CONNECT_TIMEOUT;
    let mut options = ConnectOptions::new(&server.host, credentials(&server.user, &server.login))
        .security(security)
        .timeouts(timeouts);
    // Where there may be no TLS at all the system's authorities are read when they are needed.
    if security != Security::AllowPlaintext || server.tls_ca.is_some() {
        options.tls = Some(tls(server.tls_ca.as_deref())?);
    }
    options.port = server.port;
    Ok(options)
}

/// What the maildrop holds, what the server can do, and how long messages stay there: all by one
/// login, since some servers want a pause before the next.
pub(super) async fn look(server: &MailServer, leave: Leave) -> Result<Seen> {
    let mut client = Client::connect(&options(server)?).await?;
    let held = client.stat().await?;
    let listed = client.uidl().await?.is_some();
    let capabilities = client.capabilities().clone();
    client.quit().await?;
    let mut inbox = Collection::new("INBOX", CollectionPath::new(["INBOX"]), KindSet::MAIL);
    inbox.role = Some(Role::Inbox);
    let mut facts = vec![format!(
        "{}, {}",
        count(u64::from(held.messages), "message"),
        bytes(held.octets)
    )];
    facts.push(match leave {
        Leave::Always => "messages stay on the server".to_owned(),
        Leave::Never => "messages leave the server once they are copied".to_owned(),
        Leave::For(time) => {
            let days = time.as_secs() / 86_400;
            let time = match days.saturating_mul(86_400) == time.as_secs() {
                true => count(days, "day"),
                false => count(time.as_secs(), "second"),
            };
            format!("copied messages leave the server {time} after they were first seen")
        }
    });
    if !listed {
        facts.push("no UIDL: messages are told apart by their headers, which is slow".to_owned());
    }
    if !capabilities.pipelining {
        facts.push("no PIPELINING: every message costs a round trip".to_owned());
    }
    if let Some(delay) = capabilities.login_delay.filter(|delay| delay.seconds > 0) {
        let seconds = count(u64::from(delay.seconds), "second");
        facts.push(format!("LOGIN-DELAY: logins must be {seconds} apart"));
    }
    match capabilities.expire.and_then(|expire| expire.days) {
        Some(0) => facts.push("EXPIRE 0: the server removes what was read".to_owned()),
        Some(days) => facts.push(format!(
            "EXPIRE: the server removes messages after {}",
            count(u64::from(days), "day")
        )),
        None => {}
    }
    Ok(Seen {
        collections: vec![inbox],
        facts,
    })
}
