//! A certificate authority and a certificate for the loopback, made anew for each server.

use std::fmt;
use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// What a server needs to speak TLS, and what its clients need to believe it.
#[derive(Clone)]
pub struct Identity {
    acceptor: TlsAcceptor,
    ca_pem: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// Makes an authority and a certificate for `localhost`, 127.0.0.1 and ::1.
    ///
    /// # Errors
    /// If there is no randomness to be had for the keys.
    pub fn generate() -> io::Result<Self> {
        let made = (|| -> Result<_, rcgen::Error> {
            let mut ca = CertificateParams::new(Vec::new())?;
            ca.distinguished_name
                .push(DnType::CommonName, "test authority");
            ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let ca_key = KeyPair::generate()?;
            let ca_cert = ca.self_signed(&ca_key)?;
            let issuer = Issuer::new(ca, ca_key);
            let names = ["localhost", "127.0.0.1", "::1"]
                .map(str::to_owned)
                .to_vec();
            let mut leaf = CertificateParams::new(names)?;
            leaf.distinguished_name
                .push(DnType::CommonName, "localhost");
            let key = KeyPair::generate()?;
            let cert = leaf.signed_by(&key, &issuer)?;
            Ok((ca_cert.pem(), cert.der().clone(), key.serialize_der()))
        })();
        let (ca_pem, cert, key) = made.map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|b| b.with_no_client_auth().with_single_cert(vec![cert], key))
            .map_err(io::Error::other)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca_pem,
        })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    /// If the client does not like what it is shown, or goes away.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.acceptor.accept(stream).await
    }
}
