//! A server to try things with by hand.

use std::{
    io::{self, Read},
    process::ExitCode,
};

use testbed::{Dovecot, USERS};

use crate::packages;

/// Starts a Dovecot and prints what one has to know, until Ctrl-C or the end of standard input.
///
/// Ctrl-C kills this process; the server's supervisor sees it and ends the server.
pub(crate) fn dovecot(in_memory: bool) -> io::Result<ExitCode> {
    packages::install_missing()?;
    let mut builder = Dovecot::builder();
    if in_memory {
        builder = builder.in_memory();
    }
    let server = builder.start().map_err(io::Error::other)?;
    println!("imap    127.0.0.1:{}", server.imap_port);
    println!("imaps   127.0.0.1:{}", server.imaps_port);
    println!("pop3    127.0.0.1:{}", server.pop3_port);
    println!("pop3s   127.0.0.1:{}", server.pop3s_port);
    println!("ca      {}", server.ca_path.display());
    println!("folder  {}", server.folder().display());
    if let Some(pid) = server.pid() {
        println!("pid     {pid}");
    }
    for user in USERS {
        println!("user    {user} {}", Dovecot::password(user));
    }
    println!("bearer  {}", Dovecot::bearer_token("alice"));
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(ExitCode::SUCCESS)
}
