//! The certificates a carrier's server must prove itself with. Always checked: there is
//! no way to switch the check off, only to name other roots.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::ConfigError;

/// Certificate authorities to trust; cheap to clone. This crate reads no files: the
/// caller passes the system's bundle or the carrier's own certificate.
#[derive(Clone, Debug)]
pub struct TlsRoots(Arc<RootCertStore>);

impl TlsRoots {
    /// From PEM text with one or more certificates.
    ///
    /// # Errors
    /// [`ConfigError::Certificates`] when a certificate cannot be read or none is there.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        let mut store = RootCertStore::empty();
        for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let broken = |why: String| {
                ConfigError::Certificates(format!(
                    "number {} in the PEM text cannot be used: {why}",
                    index + 1
                ))
            };
            let certificate = certificate.map_err(|e| broken(e.to_string()))?;
            store.add(certificate).map_err(|e| broken(e.to_string()))?;
        }
        if store.is_empty() {
            return Err(ConfigError::Certificates(
                "the PEM text holds no `BEGIN CERTIFICATE` block".into(),
            ));
        }
        Ok(Self(Arc::new(store)))
    }

    /// A rustls client that trusts these roots and shows no certificate of its own.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        // ring by name: a process-wide default may be missing or another crate's.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the protocol versions rustls calls safe")
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        Arc::new(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_read_or_refused_with_the_reason() {
        let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        assert!(TlsRoots::from_pem(own.cert.pem().as_bytes()).is_ok());
        let none = TlsRoots::from_pem(b"hello").unwrap_err().to_string();
        assert!(none.contains("BEGIN CERTIFICATE"), "{none}");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let broken = TlsRoots::from_pem(broken.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(broken.contains("number 1"), "{broken}");
    }
}
