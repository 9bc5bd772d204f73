//! Customer tokens: `tct_<what it says>.<HMAC-SHA256>`, both in base64url.
//!
//! A `sign_in` token lives 60 seconds and is used up by the first sign-in; an `api` token
//! lives 15 minutes and reaches that customer's own endpoints. Neither is stored; only
//! that a sign-in token was used is.

use model::{Id, Instant, RecipientId, Span};
use ring::hmac;

use crate::problem::{Code, Problem};
use crate::{App, base64url};

/// How a customer's token begins.
pub(super) const PREFIX: &str = "tct_";
const VERSION: u8 = 1;
const LENGTH: usize = 2 + 8 + 8 + 16;

/// What a token is for.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Deserialize,
    serde::Serialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Signing a browser in, once, within 60 seconds.
    #[default]
    SignIn,
    /// Calling the customer's own endpoints for 15 minutes.
    Api,
}

impl Scope {
    const fn number(self) -> u8 {
        match self {
            Self::SignIn => 1,
            Self::Api => 2,
        }
    }

    const fn lifetime(self) -> Span {
        match self {
            Self::SignIn => Span::secs(60),
            Self::Api => Span::minutes(15),
        }
    }
}

/// What a token that is right says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub recipient: RecipientId,
    pub expires_at: Instant,
    nonce: [u8; 16],
}

/// Makes a token for a customer.
pub(crate) fn mint(
    app: &App,
    recipient: RecipientId,
    scope: Scope,
) -> Result<(String, Instant), Problem> {
    let said = Verified {
        recipient,
        expires_at: app.now() + scope.lifetime(),
        nonce: app.random_bytes()?,
    };
    Ok((write(app.token_key(), scope, said), said.expires_at))
}

/// The page that turns a sign-in token into a session.
pub fn sign_in_url(app: &App, token: &str) -> String {
    let base = &app.config().public_url;
    format!("{base}{}?token={token}", crate::session::SIGN_IN_PATH)
}

/// Uses a sign-in token up: whose browser this is. For the POST of the sign-in page;
/// showing the page must not use the token up, since mail scanners open links.
///
/// # Errors
/// [`Code::Unauthorized`] when the token is not right, too old or used before.
pub async fn redeem_sign_in(app: &App, token: &str) -> Result<RecipientId, Problem> {
    let said = verify(app, token, Scope::SignIn)?;
    let first = app
        .store()
        .use_token(said.nonce, said.expires_at, app.now())
        .await?;
    if first {
        Ok(said.recipient)
    } else {
        Err(Problem::new(
            Code::Unauthorized,
            "This sign-in link was used before. Ask for a new one.",
        ))
    }
}

/// Whose sign-in token a text is, without using it up: for the page that asks first.
pub(crate) fn peek_sign_in(app: &App, token: &str) -> Option<RecipientId> {
    let said = verify(app, token, Scope::SignIn).ok()?;
    Some(said.recipient)
}

/// What a token says, if it is right, for this use, and not too old.
pub(super) fn verify(app: &App, text: &str, scope: Scope) -> Result<Verified, Problem> {
    let said = read(app.token_key(), scope, text).ok_or_else(|| {
        Problem::new(
            Code::Unauthorized,
            "This token was not made here, or not for this use.",
        )
    })?;
    if said.expires_at <= app.now() {
        return Err(Problem::new(
            Code::Unauthorized,
            "This token is too old. Ask for a new one.",
        ));
    }
    Ok(said)
}

fn write(key: &hmac::Key, scope: Scope, said: Verified) -> String {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend([VERSION, scope.number()]);
    bytes.extend(said.recipient.as_i64().to_be_bytes());
    bytes.extend(said.expires_at.as_micros().to_be_bytes());
    bytes.extend(said.nonce);
    let tag = hmac::sign(key, &bytes);
    let (bytes, tag) = (base64url::encode(&bytes), base64url::encode(tag.as_ref()));
    format!("{PREFIX}{bytes}.{tag}")
}

fn read(key: &hmac::Key, scope: Scope, text: &str) -> Option<Verified> {
    let (bytes, tag) = text.strip_prefix(PREFIX)?.split_once('.')?;
    let (bytes, tag) = (base64url::decode(bytes)?, base64url::decode(tag)?);
    hmac::verify(key, &bytes, &tag).ok()?;
    let bytes: [u8; LENGTH] = bytes.try_into().ok()?;
    if bytes[0] != VERSION || bytes[1] != scope.number() {
        return None;
    }
    Some(Verified {
        recipient: RecipientId::from_i64(i64::from_be_bytes(bytes[2..10].try_into().ok()?)),
        expires_at: Instant::from_micros(i64::from_be_bytes(bytes[10..18].try_into().ok()?)),
        nonce: bytes[18..].try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])
    }

    fn said() -> Verified {
        Verified {
            recipient: RecipientId::from_i64(42),
            expires_at: Instant::from_micros(1_700_000_000_000_000),
            nonce: [9; 16],
        }
    }

    #[test]
    fn a_token_is_read_back_for_its_own_use_only() {
        let text = write(&key(), Scope::Api, said());
        assert_eq!(read(&key(), Scope::Api, &text), Some(said()));
        assert_eq!(read(&key(), Scope::SignIn, &text), None);
        let other = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        assert_eq!(read(&other, Scope::Api, &text), None);
    }

    #[test]
    fn every_changed_letter_makes_it_wrong() {
        let text = write(&key(), Scope::SignIn, said());
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(read(&key(), Scope::SignIn, &changed), None, "{at}");
        }
        assert_eq!(read(&key(), Scope::SignIn, &text[..text.len() - 1]), None);
        assert_eq!(read(&key(), Scope::SignIn, ""), None);
    }
}
