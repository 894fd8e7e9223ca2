use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Secret, der};
use crate::error::{Error, ErrorKind, Result};

/// What a TLS connection is to trust and to show.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Trust the certificate authorities in this PEM text only; `None` trusts those of the system.
    pub ca_pem: Option<Vec<u8>>,
    /// The client certificate with its chain, and its private key, both PEM.
    pub client_certificate: Option<(Vec<u8>, Secret)>,
    /// Protocols to offer by ALPN (RFC 7301), most wanted first.
    pub alpn: Vec<Vec<u8>>,
}

/// A ready TLS configuration: TLS 1.2 and 1.3 by rustls. Cheap to clone; clones share the session cache.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Reads certificates and key.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if there is no certificate in the PEM text, or the key does not fit.
    pub fn new(options: &TlsOptions) -> Result<Self> {
        let bad = |what: &str, error: &dyn fmt::Display| {
            Error::new(ErrorKind::Config, format!("{what}: {error}"))
        };
        let roots = match &options.ca_pem {
            Some(pem) => Arc::new(roots_in(pem)?),
            None => system_roots()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| bad("TLS", &error))?
            .with_root_certificates(roots);
        let mut config = match &options.client_certificate {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| bad("client certificate", &error))?;
                let key = PrivateKeyDer::from_pem_slice(key.expose())
                    .map_err(|error| bad("client key", &error))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| bad("client certificate", &error))?
            }
        };
        config.alpn_protocols.clone_from(&options.alpn);
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// Shakes hands over `io`; `host` is the name or address that the certificate must bear.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if `host` is no name or the certificate is not to be trusted, else
    /// [`ErrorKind::Connection`].
    pub async fn handshake<S>(&self, io: S, host: &str) -> Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| {
            Error::new(ErrorKind::Config, format!("{host} is no host name")).caused_by(error)
        })?;
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, io)
            .await
            .map_err(|error| {
                let inner = error.get_ref().and_then(|e| e.downcast_ref());
                let kind = match inner {
                    Some(rustls::Error::InvalidCertificate(_)) => ErrorKind::Config,
                    _ => ErrorKind::Connection,
                };
                let text = match kind {
                    ErrorKind::Config => format!("{host}: the certificate is refused: {error}"),
                    _ => format!("{host}: TLS handshake: {error}"),
                };
                Error::new(kind, text).caused_by(error)
            })
    }
}

#[cfg(feature = "http")]
impl Tls {
    /// The same configuration, offering these protocols by ALPN.
    pub(super) fn config_with_alpn(&self, protocols: &[&[u8]]) -> ClientConfig {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        config
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn roots_in(pem: &[u8]) -> Result<RootCertStore> {
    let bad = |what: String| Error::new(ErrorKind::Config, format!("tls_ca: {what}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("no certificate in it".into()));
    }
    Ok(roots)
}

/// The system's roots, read once a process.
fn system_roots() -> Result<Arc<RootCertStore>> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(Arc::clone(roots));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Stores hold odd certificates; each one that cannot be read is one we do not trust.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(ToString::to_string);
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "the system has no trusted certificates (install ca-certificates or set tls_ca){}",
                why.map(|why| format!(": {why}")).unwrap_or_default()
            ),
        ));
    }
    Ok(Arc::clone(ROOTS.get_or_init(|| Arc::new(roots))))
}

/// What ties a SASL exchange to the TLS connection that it runs over (RFC 5056).
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelBinding {
    /// The registered name: `tls-exporter` or `tls-server-end-point`.
    pub kind: &'static str,
    /// The binding data.
    pub data: Vec<u8>,
}

impl fmt::Debug for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChannelBinding").field(&self.kind).finish()
    }
}

/// `tls-exporter` (RFC 9266) under TLS 1.3, else `tls-server-end-point` (RFC 5929 section 4).
pub(super) fn channel_binding(tls: &ClientConnection) -> Option<ChannelBinding> {
    if tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
        let label = b"EXPORTER-Channel-Binding";
        let data = tls
            .export_keying_material(vec![0; 32], label, Some(b""))
            .ok()?;
        return Some(ChannelBinding {
            kind: "tls-exporter",
            data,
        });
    }
    let leaf = tls.peer_certificates()?.first()?;
    Some(ChannelBinding {
        kind: "tls-server-end-point",
        data: der::server_end_point(leaf)?,
    })
}
