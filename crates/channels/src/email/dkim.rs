//! DKIM signatures.
use ring::signature::{Ed25519KeyPair, RsaKeyPair};
use std::sync::Arc;

/// A private key that signs mail; cheap to clone.
#[derive(Clone)]
pub struct DkimKey(#[expect(dead_code, reason = "signing follows in the next commit")] Key);

#[derive(Clone)]
#[expect(dead_code, reason = "signing follows in the next commit")]
enum Key {
    Ed25519(Arc<Ed25519KeyPair>),
    Rsa(Arc<RsaKeyPair>),
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DkimKey")
    }
}
