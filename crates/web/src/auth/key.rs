//! API keys: `tid_<mode>_<public half>_<secret half>`.
//!
//! Only the SHA-256 of the secret half is kept. A key that was right is believed for ten
//! seconds without asking the store, so that the hot path reads nothing; one that was
//! taken back stops at once on this node and within ten seconds on others.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use model::{Instant, KeyId, Mode, Partition, Sealed, Span};
use ring::rand::{SecureRandom, SystemRandom};
use store::{ApiKey, Store};

use super::{Key, same, sha256};
use crate::problem::{Code, Problem};
use crate::{App, base64url};

const PREFIX: &str = "tid_";
const SECRET_LENGTH: usize = 43;
const BELIEVED_FOR: Span = Span::secs(10);
/// A marketplace has a handful of keys; more entries than this are a sign of misuse.
const CACHED_AT_MOST: usize = 1_024;

/// Keys that were right a moment ago, by the digest of their whole text.
#[derive(Default)]
pub(crate) struct KeyCache {
    known: RwLock<HashMap<[u8; 32], (Key, Instant)>>,
}

impl KeyCache {
    fn get(&self, hash: &[u8; 32], now: Instant) -> Option<Key> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (key, verified_at) = known.get(hash)?;
        let age = now.since(*verified_at);
        (Span::ZERO <= age && age < BELIEVED_FOR).then_some(*key)
    }

    fn put(&self, hash: [u8; 32], key: Key, now: Instant) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHED_AT_MOST {
            known.clear();
        }
        known.insert(hash, (key, now));
    }

    /// Forgets a key that was taken back.
    pub(crate) fn forget(&self, id: KeyId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (key, _)| key.id != id);
    }
}

/// Why no key could be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// The store would not keep it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Makes an API key. The text is shown once and cannot be read back.
///
/// # Errors
/// [`CreateKeyError`]; then there is no new key.
pub async fn create_api_key(
    store: &Store,
    random: &SystemRandom,
    name: &str,
    mode: Mode,
    now: Instant,
) -> Result<(KeyId, Sealed), CreateKeyError> {
    let mut secret = [0_u8; 32];
    random
        .fill(&mut secret)
        .map_err(|_| CreateKeyError::Random)?;
    let secret = base64url::encode(&secret);
    let id: KeyId = store.ids().next(Partition::new(0), now);
    let key = ApiKey {
        id,
        name: name.to_owned(),
        mode,
        hash: sha256(secret.as_bytes()),
        created_at: now,
        revoked_at: None,
    };
    store.put_api_key(key).await?;
    let public = id.to_string();
    let digits = public.trim_start_matches("key_");
    Ok((id, Sealed::new(format!("{PREFIX}{mode}_{digits}_{secret}"))))
}

/// The parts of a key's text.
fn parse(text: &str) -> Option<(Mode, KeyId, &str)> {
    let mut parts = text.strip_prefix(PREFIX)?.splitn(3, '_');
    let mode = parts.next()?.parse().ok()?;
    let id = format!("key_{}", parts.next()?).parse().ok()?;
    let secret = parts.next()?;
    (secret.len() == SECRET_LENGTH).then_some((mode, id, secret))
}

/// Whose key a text is.
pub(crate) async fn verify(app: &App, text: &str) -> Result<Key, Problem> {
    let (mode, id, secret) = parse(text).ok_or_else(|| {
        Problem::new(
            Code::Unauthorized,
            "This is not an API key: one looks like `tid_live_`, 13 characters, `_` and 43 characters.",
        )
    })?;
    let (hash, now) = (sha256(text.as_bytes()), app.now());
    if let Some(key) = app.keys().get(&hash, now) {
        return Ok(key);
    }
    let unknown = || {
        Problem::new(
            Code::Unauthorized,
            "This API key is not known here, or it was taken back.",
        )
    };
    let kept = app.store().api_key(id).await?.ok_or_else(unknown)?;
    let right = same(&kept.hash, &sha256(secret.as_bytes()));
    if !right || kept.mode != mode || kept.revoked_at.is_some() {
        return Err(unknown());
    }
    let key = Key { id, mode };
    app.keys().put(hash, key, now);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_key_is_refused() {
        let secret = "A".repeat(SECRET_LENGTH);
        assert!(parse(&format!("tid_test_0123456789abc_{secret}")).is_some());
        for bad in [
            String::new(),
            "tid_".to_owned(),
            format!("tid_free_0123456789abc_{secret}"),
            format!("tid_live_short_{secret}"),
            format!("tid_live_0123456789abc_{secret}A"),
            format!("tid_live_0123456789abc{secret}"),
            format!("xyz_live_0123456789abc_{secret}"),
        ] {
            assert!(parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_secret_may_hold_underscores() {
        let secret = format!("_{}_", "b".repeat(SECRET_LENGTH - 2));
        let text = format!("tid_live_0123456789abc_{secret}");
        assert_eq!(parse(&text).unwrap().2, secret);
    }

    #[test]
    fn a_key_is_believed_for_ten_seconds_and_not_after_it_was_taken_back() {
        let (cache, at) = (KeyCache::default(), Instant::from_micros(0));
        let id: KeyId = "key_0123456789abc".parse().unwrap();
        let key = Key {
            id,
            mode: Mode::Test,
        };
        cache.put([1; 32], key, at);
        assert_eq!(cache.get(&[1; 32], at + Span::secs(9)), Some(key));
        assert_eq!(cache.get(&[2; 32], at), None);
        assert_eq!(cache.get(&[1; 32], at + Span::secs(10)), None);
        assert_eq!(cache.get(&[1; 32], at - Span::secs(1)), None);
        cache.forget(id);
        assert_eq!(cache.get(&[1; 32], at), None);
    }
}
