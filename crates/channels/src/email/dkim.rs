//! DKIM (RFC 6376, RFC 8463): keys, and the headers that sign a mail.
//!
//! Keys live in AWS-LC, which blinds RSA and makes some twice as many signatures as ring
//! (`cargo run --release -p channels --example dkim_speed`). Headers are canonicalised
//! `relaxed`, the body `simple`: it is hashed as it stands, and our bodies pass no mailing
//! list that would change them. The mails are ours: CRLF line ends, no header twice.

use std::sync::Arc;

use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use model::Instant;

use super::mime::Mime;
use super::{DkimConfig, base64};
use crate::ConfigError;

/// The headers a signature covers. One that is absent counts as signed empty; those that
/// stand twice, and lead a reader or what he sends somewhere, also cannot be added beside
/// the one that is there (RFC 6376 §5.4.2).
const SIGNED_HEADERS: [&str; 20] = [
    "From",
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
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

impl DkimKey {
    /// What `a=` says of it.
    fn algorithm(&self) -> &'static str {
        match self.0 {
            Key::Ed25519(_) => "ed25519-sha256",
            Key::Rsa(_) => "rsa-sha256",
        }
    }

    fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match &self.0 {
            // RFC 8463 §3: the hash is what is signed.
            Key::Ed25519(pair) => {
                let hash = digest(&SHA256, input);
                Some(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, input, &mut signature)
                    .ok()?;
                Some(signature)
            }
        }
    }
}

/// What breaks a line of a signature. In the canonical form it is one space.
const FOLD: &str = "\r\n\t";
/// Characters of `h=` and `b=` on one line.
const LINE: usize = 72;

/// One key with the part of its signatures that is always the same.
struct Signer {
    key: DkimKey,
    /// The header up to `t=`, as it stands in the mail.
    head: String,
    /// The same, canonical.
    canonical: String,
}

impl Signer {
    fn new(config: &DkimConfig) -> Self {
        let mut names = String::new();
        let mut column = 0;
        for (index, name) in SIGNED_HEADERS.iter().enumerate() {
            if index > 0 {
                names.push(':');
            }
            if column + name.len() > LINE {
                names.push_str(FOLD);
                column = 0;
            }
            names.push_str(name);
            column += name.len() + 1;
        }
        let (algorithm, domain) = (config.key.algorithm(), &config.domain);
        let value = format!(
            "v=1; a={algorithm}; c=relaxed/simple; d={domain};{FOLD}s={};{FOLD}h={names};{FOLD}t=",
            config.selector
        );
        Self {
            key: config.key.clone(),
            canonical: format!("dkim-signature:{}", value.replace(FOLD, " ")),
            head: format!("DKIM-Signature: {value}"),
        }
    }
}

/// All the signatures one carrier makes.
pub(super) struct Signers(Vec<Signer>);

impl Signers {
    pub(super) fn new(configs: &[DkimConfig]) -> Self {
        Self(configs.iter().map(Signer::new).collect())
    }

    /// The `DKIM-Signature` headers of a message, to stand before it; `t=` says the moment
    /// given. `None` when a signature cannot be made.
    pub(super) fn sign(&self, message: &Mime, body: &BodyHash, at: Instant) -> Option<Vec<u8>> {
        let Mime { octets, head } = message;
        let mut headers = Vec::with_capacity(1_024 * self.0.len() + octets.len() * 17 / 16);
        if self.0.is_empty() {
            return Some(headers);
        }
        let bh = base64::encode(body.as_ref());
        let signed = relaxed(&octets[..*head]);
        let t = at.as_micros().div_euclid(1_000_000).max(0);
        for signer in &self.0 {
            let mut input = Vec::with_capacity(signed.len() + signer.canonical.len() + 96);
            input.extend_from_slice(&signed);
            input.extend_from_slice(signer.canonical.as_bytes());
            input.extend_from_slice(format!("{t}; bh={bh}; b=").as_bytes());
            let b = base64::encode(&signer.key.sign(&input)?);
            headers.extend_from_slice(signer.head.as_bytes());
            headers.extend_from_slice(format!("{t};{FOLD}bh={bh};{FOLD}b=").as_bytes());
            for (index, line) in b.as_bytes().chunks(LINE).enumerate() {
                if index > 0 {
                    headers.extend_from_slice(FOLD.as_bytes());
                }
                headers.extend_from_slice(line);
            }
            headers.extend_from_slice(b"\r\n");
        }
        Some(headers)
    }
}

/// SHA-256 of a body, canonical.
pub(super) struct BodyHash(Digest);

impl BodyHash {
    pub(super) fn of(message: &Mime) -> Self {
        Self(digest(&SHA256, simple(&message.octets[message.head..])))
    }

    pub(super) fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// The body `simple` (RFC 6376 §3.4.3): its empty last lines count as none. The message
/// ends in CRLF.
fn simple(body: &[u8]) -> &[u8] {
    let mut body = body;
    while let Some(shorter) = body.strip_suffix(b"\r\n") {
        if !shorter.is_empty() && !shorter.ends_with(b"\r\n") {
            return body;
        }
        body = shorter;
    }
    b"\r\n"
}

/// The headers that are signed, `relaxed` (RFC 6376 §3.4.2), in the order of `h=`. The
/// second of a name there is the one that must not be added.
fn relaxed(head: &[u8]) -> Vec<u8> {
    let fields = fields(head);
    let mut canonical = Vec::with_capacity(head.len());
    for (index, name) in SIGNED_HEADERS.iter().enumerate() {
        if index > 0 && SIGNED_HEADERS[index - 1] == *name {
            continue;
        }
        let of_name = |(known, _): &&(&[u8], _)| known.eq_ignore_ascii_case(name.as_bytes());
        if let Some((_, value)) = fields.iter().find(of_name) {
            canonical.extend(name.bytes().map(|octet| octet.to_ascii_lowercase()));
            canonical.push(b':');
            put_relaxed(value, &mut canonical);
            canonical.extend_from_slice(b"\r\n");
        }
    }
    canonical
}

/// The headers: name, and what follows the colon with the lines it goes on in.
fn fields(head: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut fields = Vec::with_capacity(16);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', head).map(|at| at + 1) {
        if matches!(head.get(end), Some(b' ' | b'\t')) {
            continue;
        }
        let field = &head[start..end];
        start = end;
        if let Some(colon) = memchr::memchr(b':', field) {
            fields.push((&field[..colon], &field[colon + 1..]));
        }
    }
    fields
}

/// Every run of white space as one space, none at either end.
fn put_relaxed(value: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    for octet in value {
        if !matches!(octet, b' ' | b'\t' | b'\r' | b'\n') {
            out.push(*octet);
        } else if out.len() > start && out.last() != Some(&b' ') {
            out.push(b' ');
        }
    }
    if out.len() > start && out.last() == Some(&b' ') {
        out.pop();
    }
}
