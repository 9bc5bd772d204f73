//! API keys, single-use tokens, sessions. Only hashes of secrets pass through here.

use model::{Instant, KeyId, Mode, RecipientId};

use crate::{Backend, Result, Store};

/// An API key at rest: never the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public half.
    pub id: KeyId,
    /// What it is for, in the operator's words.
    pub name: String,
    /// What it may reach.
    pub mode: Mode,
    /// SHA-256 of the secret half.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: Instant,
    /// When it was taken back, if it was.
    pub revoked_at: Option<Instant>,
}

impl Store {
    /// Keeps an API key.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn put_api_key(&self, key: ApiKey) -> Result<()> {
        on!(self, backend => backend.put_api_key(key).await)
    }

    /// An API key by its public half.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn api_key(&self, id: KeyId) -> Result<Option<ApiKey>> {
        on!(self, backend => backend.api_key(id).await)
    }

    /// All API keys, oldest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        on!(self, backend => backend.api_keys().await)
    }

    /// Takes an API key back. `false` when there is none with this id.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn revoke_api_key(&self, id: KeyId, now: Instant) -> Result<bool> {
        on!(self, backend => backend.revoke_api_key(id, now).await)
    }

    /// Uses a single-use token up. `true` the first time, `false` ever after.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn use_token(
        &self,
        nonce: [u8; 16],
        expires_at: Instant,
        now: Instant,
    ) -> Result<bool> {
        on!(self, backend => backend.use_token(nonce, expires_at, now).await)
    }

    /// Keeps a signed-in browser: `hash` is SHA-256 of its cookie.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn put_session(
        &self,
        hash: [u8; 32],
        recipient: RecipientId,
        expires_at: Instant,
    ) -> Result<()> {
        on!(self, backend => backend.put_session(hash, recipient, expires_at).await)
    }

    /// Who a browser is signed in as, if it still is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn session(&self, hash: [u8; 32], now: Instant) -> Result<Option<RecipientId>> {
        on!(self, backend => backend.session(hash, now).await)
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn end_session(&self, hash: [u8; 32]) -> Result<()> {
        on!(self, backend => backend.end_session(hash).await)
    }
}
