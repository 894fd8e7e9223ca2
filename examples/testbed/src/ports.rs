//! Free TCP ports on loopback.

use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
};

use crate::{Error, Result, random::Random};

/// The range asked for a port: below the one that the kernel takes outgoing connections' ports
/// from, so that no client can take a port between the look and the server's own bind.
const FIRST: u64 = 12_000;
const COUNT: u64 = 20_000;

/// `N` different ports that were free a moment ago.
///
/// Two test runners may still be given the same one; who starts a server tries again then.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut random = Random::new(RandomState::new().hash_one(0));
    let mut ports = [0; N];
    // Held until all are found, so that all are different.
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = (0..1000).find_map(|_| {
            let candidate = u16::try_from(FIRST + random.below(COUNT)).ok()?;
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).ok()?;
            Some((candidate, listener))
        });
        let Some((candidate, listener)) = listener else {
            return Err(Error::NotStarted {
                log: "no free port on 127.0.0.1".into(),
            });
        };
        *port = candidate;
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ports_are_different() {
        let mut ports = super::free_ports::<16>().unwrap();
        ports.sort_unstable();
        assert!(ports.windows(2).all(|w| w[0] != w[1]));
    }
}
