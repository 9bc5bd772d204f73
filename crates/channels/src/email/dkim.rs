//! DKIM (RFC 6376, RFC 8463): keys, and the headers that sign a mail.
//!
//! Keys live in AWS-LC, which blinds RSA and makes some twice as many signatures as ring
//! (`cargo run --release -p channels --example dkim_speed`); mail-auth lays out what is signed. The body is
//! canonicalised `simple`, because the `relaxed` one of mail-auth 0.13 is wrong for bodies
//! that end in blank lines; our bodies pass no mailing list that would change them.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use mail_auth::common::crypto::{Algorithm, CryptoError, Sha256, SigningKey};
use mail_auth::common::headers::{HeaderWriter, Writable};
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::{DkimConfig, base64};
use crate::ConfigError;

/// The headers a signature covers. `From` stands twice, and one that is absent counts as
/// signed empty, so that neither can be added on the way.
const SIGNED_HEADERS: [&str; 17] = [
    "From",
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
];

/// The octets before the seed in a PKCS#8 Ed25519 key (RFC 8410 §7).
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A private key that signs mail: RSA of 2048 bits and more, or Ed25519. Cheap to clone.
#[derive(Clone)]
pub struct DkimKey(Key);

#[derive(Clone)]
enum Key {
    Ed25519(Arc<Ed25519KeyPair>),
    Rsa(Arc<RsaKeyPair>),
}

impl DkimKey {
    /// From PEM text: `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1).
    ///
    /// # Errors
    /// [`ConfigError::Key`] says why it cannot be used.
    pub fn from_pem(pem: &str) -> Result<Self, ConfigError> {
        match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs8(der)) => Self::from_pkcs8_der(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der())
                .map(|pair| Self(Key::Rsa(Arc::new(pair))))
                .map_err(|why| ConfigError::Key(format!("not a usable RSA key: {why}"))),
            _ => Err(ConfigError::Key(
                "the PEM text holds no `PRIVATE KEY` or `RSA PRIVATE KEY` block".into(),
            )),
        }
    }

    /// From PKCS#8 in DER.
    ///
    /// # Errors
    /// [`ConfigError::Key`] says why it cannot be used.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, ConfigError> {
        // OpenSSL leaves the public half out of an Ed25519 key, so it cannot be checked.
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self(Key::Ed25519(Arc::new(pair))));
        }
        RsaKeyPair::from_pkcs8(der)
            .map(|pair| Self(Key::Rsa(Arc::new(pair))))
            .map_err(|why| {
                ConfigError::Key(format!(
                    "neither an Ed25519 key nor an RSA key of 2048 bits or more: {why}"
                ))
            })
    }

    /// A new Ed25519 private key as PEM text (PKCS#8), from 32 random octets.
    pub fn new_ed25519_pem(seed: &[u8; 32]) -> String {
        let der = [&ED25519_PKCS8_PREFIX[..], seed].concat();
        let text = base64::encode(&der);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }

    /// The TXT record that belongs in DNS under `<selector>._domainkey.<domain>`
    /// (RFC 6376 §3.6.1). A DNS server may want it in pieces of 255 characters.
    pub fn dns_record(&self) -> String {
        match &self.0 {
            Key::Ed25519(pair) => {
                let key = base64::encode(pair.public_key().as_ref());
                format!("v=DKIM1; k=ed25519; p={key}")
            }
            Key::Rsa(pair) => {
                let key = base64::encode(&rsa_public_key_info(pair.public_key().as_ref()));
                format!("v=DKIM1; k=rsa; p={key}")
            }
        }
    }
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Key::Ed25519(_) => "<Ed25519 private key>",
            Key::Rsa(_) => "<RSA private key>",
        })
    }
}

/// `SubjectPublicKeyInfo` (RFC 3279 §2.3.1) around a PKCS#1 public key: what `p=` holds.
fn rsa_public_key_info(pkcs1: &[u8]) -> Vec<u8> {
    /// SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }
    const RSA_ENCRYPTION: [u8; 15] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let bits = der(0x03, &[&[0], pkcs1].concat());
    der(0x30, &[&RSA_ENCRYPTION[..], &bits].concat())
}

/// One DER value: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let length = long.to_be_bytes();
            let length = &length[length.iter().position(|b| *b != 0).unwrap_or(0)..];
            out.push(0x80 | length.len() as u8);
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(content);
    out
}

impl SigningKey for DkimKey {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        match &self.0 {
            // RFC 8463 §3: the hash is what is signed.
            Key::Ed25519(pair) => {
                let hash = self.hash(input);
                Ok(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
            Key::Rsa(pair) => {
                let mut signed = Vec::with_capacity(2048);
                input.write(&mut signed);
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    &signed,
                    &mut signature,
                )
                .map_err(|why| mail_auth::Error::Crypto(CryptoError::Library(why.to_string())))?;
                Ok(signature)
            }
        }
    }

    fn algorithm(&self) -> Algorithm {
        match self.0 {
            Key::Ed25519(_) => Algorithm::Ed25519Sha256,
            Key::Rsa(_) => Algorithm::RsaSha256,
        }
    }
}

/// All the signatures one carrier makes.
pub(super) struct Signers(Vec<DkimSigner<DkimKey, Done>>);

impl Signers {
    pub(super) fn new(configs: &[DkimConfig]) -> Self {
        let signer = |config: &DkimConfig| {
            DkimSigner::from_key(config.key.clone())
                .domain(config.domain.as_str())
                .selector(config.selector.as_str())
                .headers(SIGNED_HEADERS)
                .header_canonicalization(Canonicalization::Relaxed)
                .body_canonicalization(Canonicalization::Simple)
        };
        Self(configs.iter().map(signer).collect())
    }

    /// The `DKIM-Signature` headers of a message, to stand before it. Their `t=` is the
    /// present moment of the machine: mail-auth reads it, and verifiers compare it with
    /// theirs. `None` when a signature cannot be made.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut headers = Vec::with_capacity(640 * self.0.len());
        for signer in &self.0 {
            signer.sign(message).ok()?.write_header(&mut headers);
        }
        Some(headers)
    }
}
