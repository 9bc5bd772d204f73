//! API keys, single-use tokens, sessions. Only hashes of secrets are kept.

use model::{Id, Instant, KeyId, Lane, Mode, RecipientId};
use tokio_postgres::Row;

use super::Postgres;
use super::rows::{get, text, word};
use super::sql::keys::{
    END_SESSION, FORGET_TOKENS, KEY, KEYS, PUT_KEY, PUT_SESSION, REVOKE_KEY, SESSION, USE_TOKEN,
};
use super::steps::{Answer, Param, Steps, ask, params};
use crate::{ApiKey, Error, Result};

impl Postgres {
    async fn one(&self, sql: &'static str, params: Vec<Param<'_>>) -> Result<Answer> {
        let client = self.shared.reader().await?;
        Ok(ask(&client, sql, params).await?)
    }

    pub(crate) async fn put_api_key(&self, key: ApiKey) -> Result<()> {
        let params = params![
            key.id.as_i64(),
            text(&key.name),
            i16::from(key.mode.number()),
            key.hash.to_vec(),
            key.created_at.as_micros(),
            key.revoked_at.map(Instant::as_micros),
        ];
        self.one(PUT_KEY, params).await?;
        Ok(())
    }

    pub(crate) async fn api_key(&self, key: KeyId) -> Result<Option<ApiKey>> {
        let found = self.one(KEY, params![key.as_i64()]).await?;
        found.rows.first().map(read_key).transpose()
    }

    pub(crate) async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        let found = self.one(KEYS, params![]).await?;
        found.rows.iter().map(read_key).collect()
    }

    pub(crate) async fn revoke_api_key(&self, key: KeyId, now: Instant) -> Result<bool> {
        let params = params![key.as_i64(), now.as_micros()];
        Ok(self.one(REVOKE_KEY, params).await?.affected > 0)
    }

    pub(crate) async fn use_token(
        &self,
        nonce: [u8; 16],
        expires_at: Instant,
        now: Instant,
    ) -> Result<bool> {
        let at = i16::from(nonce[0]);
        let client = self.shared.open(self.shared.pool(Lane::Normal)).await?;
        let mut steps = Steps::new();
        steps.add(FORGET_TOKENS, params![at, now.as_micros()]);
        steps.add(
            USE_TOKEN,
            params![at, nonce.to_vec(), expires_at.as_micros()],
        );
        let answers = steps.run(&client).await?;
        Ok(answers[1].affected > 0)
    }

    pub(crate) async fn put_session(
        &self,
        hash: [u8; 32],
        recipient: RecipientId,
        expires_at: Instant,
    ) -> Result<()> {
        let params = params![
            i16::from(hash[0]),
            hash.to_vec(),
            recipient.as_i64(),
            expires_at.as_micros(),
        ];
        self.one(PUT_SESSION, params).await?;
        Ok(())
    }

    pub(crate) async fn session(
        &self,
        hash: [u8; 32],
        now: Instant,
    ) -> Result<Option<RecipientId>> {
        let params = params![i16::from(hash[0]), hash.to_vec(), now.as_micros()];
        let found = self.one(SESSION, params).await?;
        let read = |row| Ok(RecipientId::from_i64(get(row, 0)?));
        found.rows.first().map(read).transpose()
    }

    pub(crate) async fn end_session(&self, hash: [u8; 32]) -> Result<()> {
        self.one(END_SESSION, params![i16::from(hash[0]), hash.to_vec()])
            .await?;
        Ok(())
    }
}

fn read_key(row: &Row) -> Result<ApiKey> {
    let hash: Vec<u8> = get(row, 3)?;
    Ok(ApiKey {
        id: KeyId::from_i64(get(row, 0)?),
        name: get(row, 1)?,
        mode: word(row, 2, Mode::from_number)?,
        hash: hash
            .try_into()
            .map_err(|_| Error::Corrupt("api_keys.hash: not 32 bytes".into()))?,
        created_at: Instant::from_micros(get(row, 4)?),
        revoked_at: get::<Option<i64>>(row, 5)?.map(Instant::from_micros),
    })
}
