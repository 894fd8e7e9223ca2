//! A certificate authority of its own for every server, and the server's certificate.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::{Error, Result, error::Doing};

/// The files that a server and its clients are given.
pub(crate) struct Certificates {
    /// The CA's certificate, for clients to trust.
    pub(crate) ca: PathBuf,
    /// The server's certificate followed by the CA's.
    pub(crate) chain: PathBuf,
    /// The server's private key, readable by its owner alone.
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Makes a CA and a certificate for `localhost` and 127.0.0.1, and writes them to `folder`.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let (ca, server, key) = issue().map_err(|error| Error::Io {
            doing: "making certificates".into(),
            source: io::Error::other(error),
        })?;
        fs::create_dir_all(folder).doing(|| format!("creating {}", folder.display()))?;
        let files = Self {
            ca: folder.join("ca.pem"),
            chain: folder.join("chain.pem"),
            key: folder.join("key.pem"),
        };
        write(&files.ca, &ca, 0o644)?;
        write(&files.chain, &(server + &ca), 0o644)?;
        write(&files.key, &key, 0o600)?;
        Ok(files)
    }
}

/// The CA's certificate, the server's certificate and the server's key, all as PEM.
fn issue() -> std::result::Result<(String, String, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Testbed CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let mut params = CertificateParams::new(["localhost".into(), "127.0.0.1".into()])?;
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let server = params.signed_by(&key, &ca)?;

    Ok((ca.pem(), server.pem(), key.serialize_pem()))
}

fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .doing(|| format!("writing {}", path.display()))
}
