//! A server to try things with by hand.

use std::{
    io::{self, Read},
    process::ExitCode,
};

use testbed::{Dovecot, Radicale, Sogo, USERS};

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

/// Starts a Radicale and prints what one has to know; it ends like [`dovecot`].
pub(crate) fn radicale() -> io::Result<ExitCode> {
    packages::install_missing()?;
    let server = Radicale::start().map_err(io::Error::other)?;
    println!("url     http://127.0.0.1:{}/", server.port);
    println!("folder  {}", server.folder().display());
    for user in ["alice", "bob"] {
        println!("user    {user} {}", Radicale::password(user));
    }
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(ExitCode::SUCCESS)
}

/// Starts a SOGo and prints what one has to know; it ends like [`dovecot`].
pub(crate) fn sogo() -> io::Result<ExitCode> {
    packages::install_missing()?;
    let server = Sogo::start().map_err(io::Error::other)?;
    let port = server.port;
    println!("dav     http://127.0.0.1:{port}/SOGo/dav/");
    println!("eas     http://127.0.0.1:{port}/SOGo/Microsoft-Server-ActiveSync");
    println!("web     http://127.0.0.1:{port}/SOGo/");
    println!("imap    127.0.0.1:{}", server.imap_port);
    println!("folder  {}", server.folder().display());
    for user in ["alice", "bob"] {
        let (password, address) = (Sogo::password(user), Sogo::address(user));
        println!("user    {user} {password} {address}");
    }
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(ExitCode::SUCCESS)
}
