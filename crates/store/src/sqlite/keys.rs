//! API keys, single-use tokens, sessions. Only hashes of secrets are kept.

use model::{Id, Instant, KeyId, Lane, Mode, RecipientId};
use rusqlite::{OptionalExtension, Row, params};

use super::Sqlite;
use super::rows::{collect, id, instant, maybe_instant, word};
use crate::{ApiKey, Error, Result};

const KEY: &str = "SELECT id, name, mode, hash, created_at, revoked_at FROM api_keys";

impl Sqlite {
    pub(crate) async fn put_api_key(&self, key: ApiKey) -> Result<()> {
        self.write(Lane::Normal, 1, move |tx| {
            tx.connection.execute(
                "INSERT INTO api_keys (id, name, mode, hash, created_at, revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    key.id.as_i64(),
                    key.name,
                    key.mode.number(),
                    key.hash.as_slice(),
                    key.created_at.as_micros(),
                    key.revoked_at.map(Instant::as_micros),
                ],
            )?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn api_key(&self, key: KeyId) -> Result<Option<ApiKey>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(&format!("{KEY} WHERE id = ?1"))?;
            let mut rows = statement.query([key.as_i64()])?;
            rows.next()?.map(read_key).transpose()
        })
        .await
    }

    pub(crate) async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        self.read(|connection, _| {
            let mut statement = connection.prepare_cached(&format!("{KEY} ORDER BY id"))?;
            collect(&mut statement.query([])?, read_key)
        })
        .await
    }

    pub(crate) async fn revoke_api_key(&self, key: KeyId, now: Instant) -> Result<bool> {
        self.write(Lane::Normal, 1, move |tx| {
            let changed = tx.connection.execute(
                "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                params![key.as_i64(), now.as_micros()],
            )?;
            Ok(changed > 0)
        })
        .await
    }

    pub(crate) async fn use_token(
        &self,
        nonce: [u8; 16],
        expires_at: Instant,
        now: Instant,
    ) -> Result<bool> {
        self.write(Lane::Normal, 1, move |tx| {
            tx.connection.execute(
                "DELETE FROM used_tokens WHERE expires_at < ?1",
                [now.as_micros()],
            )?;
            let fresh = tx.connection.execute(
                "INSERT OR IGNORE INTO used_tokens (nonce, expires_at) VALUES (?1, ?2)",
                params![nonce.as_slice(), expires_at.as_micros()],
            )?;
            Ok(fresh > 0)
        })
        .await
    }

    pub(crate) async fn put_session(
        &self,
        hash: [u8; 32],
        recipient: RecipientId,
        expires_at: Instant,
    ) -> Result<()> {
        self.write(Lane::Normal, 1, move |tx| {
            tx.connection.execute(
                "INSERT OR REPLACE INTO sessions (hash, recipient, expires_at) VALUES (?1, ?2, ?3)",
                params![hash.as_slice(), recipient.as_i64(), expires_at.as_micros()],
            )?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn session(
        &self,
        hash: [u8; 32],
        now: Instant,
    ) -> Result<Option<RecipientId>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT recipient FROM sessions WHERE hash = ?1 AND expires_at > ?2",
            )?;
            let found: Option<i64> = statement
                .query_row(params![hash.as_slice(), now.as_micros()], |row| row.get(0))
                .optional()?;
            Ok(found.map(RecipientId::from_i64))
        })
        .await
    }

    pub(crate) async fn end_session(&self, hash: [u8; 32]) -> Result<()> {
        self.write(Lane::Normal, 1, move |tx| {
            tx.connection
                .execute("DELETE FROM sessions WHERE hash = ?1", [hash.as_slice()])?;
            Ok(())
        })
        .await
    }
}

fn read_key(row: &Row<'_>) -> Result<ApiKey> {
    let hash: Vec<u8> = row.get("hash")?;
    Ok(ApiKey {
        id: id(row, "id")?,
        name: row.get("name")?,
        mode: word(row, "mode", Mode::from_number)?,
        hash: hash
            .try_into()
            .map_err(|_| Error::Corrupt("api_keys.hash: not 32 bytes".into()))?,
        created_at: instant(row, "created_at")?,
        revoked_at: maybe_instant(row, "revoked_at")?,
    })
}
