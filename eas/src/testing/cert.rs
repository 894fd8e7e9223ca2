//! A certificate authority and a certificate for the loopback, made anew for each server.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a server needs to speak TLS, and what its clients need to believe it.
pub(super) struct Identity {
    pub(super) acceptor: TlsAcceptor,
    /// The authority's certificate, PEM.
    pub(super) ca_pem: String,
}

impl Identity {
    /// Makes an authority and a certificate for `localhost`, 127.0.0.1 and ::1.
    pub(super) fn generate() -> io::Result<Self> {
        let made = (|| -> Result<_, rcgen::Error> {
            let mut ca = CertificateParams::new(Vec::new())?;
            ca.distinguished_name
                .push(DnType::CommonName, "eas test authority");
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
}
