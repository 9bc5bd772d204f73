//! Who calls the API: the marketplace's servers with a key, or a customer with a token.
//!
//! A key of any mode reads everything; what it writes carries its mode. A token sees one
//! customer. What somebody may not see is answered like what does not exist, except
//! where the path itself names the customer: then 403.

mod key;
mod token;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header;
use axum::http::request::Parts;
use model::{Facts, Instant, KeyId, Mode, RecipientId};

pub(crate) use key::KeyCache;
pub use key::{CreateKeyError, create_api_key};
pub(crate) use token::{Scope, mint, peek_sign_in};
pub use token::{redeem_sign_in, sign_in_url};

use crate::App;
use crate::problem::{Code, Problem};

/// The marketplace's server, by its API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The public half.
    pub id: KeyId,
    /// Live, test or team.
    pub mode: Mode,
}

/// A live key: for what reaches beyond one mode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiveKey(pub Key);

/// Anyone who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The marketplace's server.
    Key(Key),
    /// One customer's browser or app, until a moment.
    Customer(RecipientId, Instant),
}

impl Caller {
    /// The facts about the customer a path names, if this caller may see them.
    pub(crate) async fn customer(self, app: &App, id: &str) -> Result<Facts, Problem> {
        let found = app.store().facts(vec![id.to_owned()]).await?;
        let facts = found.into_iter().flatten().next();
        match (self, facts) {
            (Self::Key(_), Some(facts)) => Ok(facts),
            (Self::Key(_), None) => Err(Problem::not_found("customer")),
            (Self::Customer(own, _), Some(facts)) if facts.recipient == own => Ok(facts),
            (Self::Customer(..), _) => Err(Problem::new(
                Code::Forbidden,
                "A customer's token reaches that customer only.",
            )),
        }
    }

    /// Whether a message may be seen. One that was taken back is there for the marketplace
    /// alone.
    pub(crate) fn sees_message(self, message: &model::Message) -> bool {
        self.sees(message.recipient)
            && (matches!(self, Self::Key(_)) || message.flags.withdrawn_at.is_none())
    }

    /// Whether a mailbox may be seen.
    pub(crate) fn sees(self, recipient: RecipientId) -> bool {
        match self {
            Self::Key(_) => true,
            Self::Customer(own, _) => own == recipient,
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let bearer = read_bearer(&parts.headers)?;
        if bearer.starts_with(token::PREFIX) {
            let verified = token::verify(app, bearer, Scope::Api)?;
            Ok(Self::Customer(verified.recipient, verified.expires_at))
        } else {
            key::verify(app, bearer).await.map(Self::Key)
        }
    }
}

impl FromRequestParts<App> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, app).await? {
            Caller::Key(key) => Ok(key),
            Caller::Customer(..) => Err(Problem::new(
                Code::Forbidden,
                "This takes an API key of the marketplace; a customer's token is not enough.",
            )),
        }
    }
}

impl FromRequestParts<App> for LiveKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = Key::from_request_parts(parts, app).await?;
        if key.mode == Mode::Live {
            Ok(Self(key))
        } else {
            Err(Problem::new(
                Code::Forbidden,
                format!("This takes a live key; the key sent is a {} key.", key.mode),
            ))
        }
    }
}

fn read_bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let missing = || {
        Problem::new(
            Code::Unauthorized,
            "Send `Authorization: Bearer` with an API key (`tid_…`) or a customer's token (`tct_…`).",
        )
    };
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, bearer) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") && bearer.len() <= 256 {
        Ok(bearer.trim())
    } else {
        Err(missing())
    }
}

/// SHA-256, for what is random already: 256-bit secrets need no slow hash.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// Compares without saying by its time where the difference is.
pub(crate) fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let difference = left.iter().zip(right).fold(0, |sum, (l, r)| sum | (l ^ r));
    std::hint::black_box(difference) == 0
}
