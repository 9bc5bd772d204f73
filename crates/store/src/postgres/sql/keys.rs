//! API keys, tokens, sessions.

use super::statements;

statements! {
    PUT_KEY = "INSERT INTO api_keys (id, name, mode, hash, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6)";
    KEY = "SELECT id, name, mode, hash, created_at, revoked_at FROM api_keys WHERE id = $1";
    KEYS = "SELECT id, name, mode, hash, created_at, revoked_at FROM api_keys ORDER BY id";
    REVOKE_KEY = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    FORGET_TOKENS = "DELETE FROM used_tokens WHERE partition = $1 AND expires_at < $2";
    USE_TOKEN = "INSERT INTO used_tokens (partition, nonce, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (partition, nonce) DO NOTHING";
    PUT_SESSION = "INSERT INTO sessions (partition, hash, recipient, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (partition, hash) DO UPDATE SET recipient = excluded.recipient, expires_at = excluded.expires_at";
    SESSION = "SELECT recipient FROM sessions WHERE partition = $1 AND hash = $2 AND expires_at > $3";
    END_SESSION = "DELETE FROM sessions WHERE partition = $1 AND hash = $2";
}
