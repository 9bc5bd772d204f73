//! Who we are to a client that wants TLS.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::ConfigError;

/// A certificate chain and its key, for STARTTLS.
#[derive(Clone, Debug)]
pub struct TlsIdentity(pub(super) Arc<ServerConfig>);

impl TlsIdentity {
    /// From PEM texts: the certificate with those it rests on, and its private key.
    ///
    /// # Errors
    /// [`ConfigError`] says which of the two cannot be used.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, ConfigError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let unusable = |why: String| ConfigError::Certificates(format!("of our own: {why}"));
        let certificates = certificates.map_err(|e| unusable(e.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|e| unusable(format!("its private key cannot be read: {e}")))?;
        // ring by name, as for the clients in `tls`.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the protocol versions rustls calls safe")
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(|e| unusable(e.to_string()))?;
        Ok(Self(Arc::new(config)))
    }
}
