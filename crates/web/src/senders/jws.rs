//! Detached signatures (RFC 7515, appendix F) with Ed25519 (RFC 8037), over the very bytes
//! that are served.
//!
//! The payload is signed in its base64url form, as every JOSE library can: whoever checks
//! puts the encoded file between the two dots. The option to leave the encoding away
//! (RFC 7797) would save a step of the machine and cost many libraries.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::base64url;

/// More than any registry has.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The key of one marketplace. Its nodes make the same from their store's secret.
pub struct Signer {
    pair: Ed25519KeyPair,
    id: String,
}

impl Signer {
    /// What the key is derived for, from a store's secret.
    pub const PURPOSE: &str = "message senders";

    /// From 32 secret octets.
    pub fn new(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .expect("every 32 octets are a seed of Ed25519 (RFC 8032)");
        let id = thumbprint(&base64url::encode(pair.public_key().as_ref()));
        Self { pair, id }
    }

    /// The name of the key: its thumbprint (RFC 7638).
    pub fn key_id(&self) -> &str {
        &self.id
    }

    /// The public key as a JWK set (RFC 7517).
    pub fn jwks(&self) -> Value {
        let x = base64url::encode(self.pair.public_key().as_ref());
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": x,
        }]})
    }

    /// The detached signature of a document.
    pub fn sign(&self, document: &[u8]) -> String {
        let header = json!({ "alg": "EdDSA", "kid": self.id }).to_string();
        let header = base64url::encode(header.as_bytes());
        let signature = self.pair.sign(&signing_input(&header, document));
        format!("{header}..{}", base64url::encode(signature.as_ref()))
    }
}

fn signing_input(header: &str, document: &[u8]) -> Vec<u8> {
    format!("{header}.{}", base64url::encode(document)).into_bytes()
}

fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let digest = ring::digest::digest(&ring::digest::SHA256, members.as_bytes());
    base64url::encode(digest.as_ref())
}

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyFault {
    /// Larger than any registry.
    #[error("the document is larger than any list of senders")]
    TooLarge,
    /// Not a detached signature.
    #[error("the signature is not `header..signature`, as message-senders.jws has it")]
    NotDetached,
    /// Another way of signing, or one with conditions that are not known here.
    #[error("the signature is not a plain EdDSA one")]
    Algorithm,
    /// Not a set of keys.
    #[error("the keys are not a JWK set, as message-senders-jwks.json has it")]
    NoKeys,
    /// Signed by a key that is not in the set.
    #[error("the key `{0}` that signed is not in the set")]
    UnknownKey(String),
    /// It is another document's.
    #[error("the signature does not belong to this document: it was changed, or is another's")]
    Changed,
}

/// Checks a document against its detached signature and a JWK set; gives the id of the key.
///
/// # Errors
/// Why it does not hold.
pub fn verify(document: &[u8], signature: &str, jwks: &str) -> Result<String, VerifyFault> {
    if document.len().max(signature.len()).max(jwks.len()) > MOST_BYTES {
        return Err(VerifyFault::TooLarge);
    }
    let mut parts = signature.trim().split('.');
    let (Some(header), Some(""), Some(octets), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(VerifyFault::NotDetached);
    };
    let octets = base64url::decode(octets).ok_or(VerifyFault::NotDetached)?;
    let fields = base64url::decode(header).ok_or(VerifyFault::NotDetached)?;
    let fields: Value = serde_json::from_slice(&fields).map_err(|_| VerifyFault::NotDetached)?;
    if fields["alg"] != "EdDSA" || fields.get("crit").is_some() || fields.get("b64").is_some() {
        return Err(VerifyFault::Algorithm);
    }
    let wanted = fields["kid"].as_str().unwrap_or_default();
    let set: Value = serde_json::from_str(jwks).map_err(|_| VerifyFault::NoKeys)?;
    let keys = set["keys"].as_array().ok_or(VerifyFault::NoKeys)?;
    let fits =
        |key: &&Value| key["kid"] == wanted && key["kty"] == "OKP" && key["crv"] == "Ed25519";
    let key = keys.iter().find(fits).and_then(|key| key["x"].as_str());
    let key = key.and_then(base64url::decode);
    let key = key.ok_or_else(|| VerifyFault::UnknownKey(wanted.chars().take(64).collect()))?;
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&signing_input(header, document), &octets)
        .map_err(|_| VerifyFault::Changed)?;
    Ok(wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_standard() {
        // RFC 8037, appendix A.1 to A.4: the key, its thumbprint, a signature with it.
        let seed = base64url::decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let signer = Signer::new(&seed.try_into().unwrap());
        assert_eq!(
            signer.key_id(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
        let key = &signer.jwks()["keys"][0];
        assert_eq!(key["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let input = signing_input("eyJhbGciOiJFZERTQSJ9", b"Example of Ed25519 signing");
        assert_eq!(
            base64url::encode(signer.pair.sign(&input).as_ref()),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else_does() {
        let (signer, other) = (Signer::new(&[1; 32]), Signer::new(&[2; 32]));
        let document = b"{\"senders\": []}\n";
        let signature = signer.sign(document);
        let jwks = signer.jwks().to_string();
        assert_eq!(
            verify(document, &signature, &jwks).unwrap(),
            signer.key_id()
        );
        for place in 0..document.len() {
            let mut changed = document.to_vec();
            changed[place] ^= 1;
            assert_eq!(
                verify(&changed, &signature, &jwks),
                Err(VerifyFault::Changed)
            );
        }
        let header = |fields: Value| base64url::encode(fields.to_string().as_bytes());
        let with = |fields: Value| {
            let octets = signature.rsplit('.').next().unwrap();
            format!("{}..{octets}", header(fields))
        };
        let kid = signer.key_id();
        for (signature, jwks, fault) in [
            (
                signature.replace("..", ".e30."),
                jwks.clone(),
                VerifyFault::NotDetached,
            ),
            ("a.b".into(), jwks.clone(), VerifyFault::NotDetached),
            (
                format!("{signature}."),
                jwks.clone(),
                VerifyFault::NotDetached,
            ),
            (
                with(json!({"alg": "none", "kid": kid})),
                jwks.clone(),
                VerifyFault::Algorithm,
            ),
            (
                with(json!({"alg": "HS256", "kid": kid})),
                jwks.clone(),
                VerifyFault::Algorithm,
            ),
            (
                with(json!({"alg": "EdDSA", "kid": kid, "crit": ["exp"]})),
                jwks.clone(),
                VerifyFault::Algorithm,
            ),
            (
                with(json!({"alg": "EdDSA", "kid": kid, "more": 1})),
                jwks.clone(),
                VerifyFault::Changed,
            ),
            (signature.clone(), "[]".into(), VerifyFault::NoKeys),
            (
                signature.clone(),
                other.jwks().to_string(),
                VerifyFault::UnknownKey(kid.to_owned()),
            ),
            (
                signature.clone(),
                other.jwks().to_string().replace(other.key_id(), kid),
                VerifyFault::Changed,
            ),
        ] {
            assert_eq!(verify(document, &signature, &jwks), Err(fault));
        }
    }
}
