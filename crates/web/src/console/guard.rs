//! Who may look at the console: everybody in the demo, else whoever holds an API key.
//!
//! The key is the password of HTTP Basic authentication, which every browser can ask for
//! without a page of its own; the user name is not looked at.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::Mode;

use crate::App;
use crate::auth;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;
use crate::problem::Code;

/// Somebody who runs the marketplace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator {
    /// The mode of their key; the demo asks for none.
    key: Option<Mode>,
}

impl Operator {
    /// Whether they may try an event of this mode again: a live key tries all.
    pub(crate) fn may_retry(self, mode: Mode) -> bool {
        self.key.is_none_or(|own| own == Mode::Live || own == mode)
    }
}

/// Why the console stays closed.
#[derive(Debug)]
pub(crate) enum Closed {
    /// No key, or none that is known.
    NoKey,
    /// The store does not answer.
    Failed(PageError),
}

impl FromRequestParts<App> for Operator {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Closed> {
        if app.config().demo {
            return Ok(Self { key: None });
        }
        let password = read_password(&parts.headers).ok_or(Closed::NoKey)?;
        match auth::verify_key(app, &password).await {
            Ok(key) => Ok(Self {
                key: Some(key.mode),
            }),
            Err(problem) if problem.code() == Code::Unauthorized => Err(Closed::NoKey),
            Err(problem) => Err(Closed::Failed(problem.into())),
        }
    }
}

impl IntoResponse for Closed {
    fn into_response(self) -> Response {
        match self {
            Self::Failed(error) => error.into_response(),
            Self::NoKey => {
                let mut response = PageError::Shown(ErrorKind::Forbidden).into_response();
                let ask = HeaderValue::from_static("Basic realm=\"console\", charset=\"UTF-8\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
                response
            }
        }
    }
}

/// The password of Basic credentials (RFC 7617 §2).
fn read_password(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, given) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || given.len() > 1_024 {
        return None;
    }
    let pair = String::from_utf8(decode_base64(given.trim())?).ok()?;
    let (_, password) = pair.split_once(':')?;
    Some(password.to_owned())
}

/// Base64 (RFC 4648 §4), with or without its padding.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let url_safe = text
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    crate::base64url::decode(&url_safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        read_password(&headers)
    }

    #[test]
    fn the_password_is_what_follows_the_first_colon() {
        // printf 'me:tid_live_a:b' | base64
        assert_eq!(
            password("Basic bWU6dGlkX2xpdmVfYTpi").unwrap(),
            "tid_live_a:b"
        );
        assert_eq!(password("basic OnRpZA==").unwrap(), "tid");
    }

    #[test]
    fn what_is_not_basic_is_no_password() {
        for bad in ["Bearer abc", "Basic", "Basic !!!!", "Basic bm9jb2xvbg=="] {
            assert_eq!(password(bad), None, "{bad}");
        }
    }
}
