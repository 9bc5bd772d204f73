//! Signed-in browsers: an opaque 256-bit cookie, kept as its SHA-256 only.
//!
//! Pages ask for a [`Viewer`]; a browser without a session is sent to `/sign-in`. The API
//! never reads this cookie: it takes keys and tokens only.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use model::{Customer, Facts, RecipientId, Span};

use crate::auth::sha256;
use crate::cookie::CUSTOMER;
use crate::problem::Problem;
use crate::{App, base64url};

/// Where a browser without a session is sent.
pub const SIGN_IN_PATH: &str = "/sign-in";
/// How long a session lasts.
const LIFETIME: Span = Span::days(30);

/// The customer who looks at a page.
#[derive(Clone, Debug)]
pub struct Viewer {
    facts: Facts,
}

impl Viewer {
    /// The recipient whose mailbox this is.
    pub fn recipient(&self) -> RecipientId {
        self.facts.recipient
    }

    /// The profile: name, locale, time zone and so on.
    pub fn customer(&self) -> &Customer {
        &self.facts.customer
    }

    /// All that is known about them.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// Why a page cannot be shown to this browser.
#[derive(Debug)]
pub enum NoViewer {
    /// Nobody is signed in: the answer is a redirect to the sign-in page.
    SignIn,
    /// The store does not answer.
    Problem(Problem),
}

impl IntoResponse for NoViewer {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn => Redirect::to(SIGN_IN_PATH).into_response(),
            Self::Problem(problem) => problem.into_response(),
        }
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = NoViewer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, NoViewer> {
        match find_viewer(app, &parts.headers).await {
            Ok(Some(viewer)) => Ok(viewer),
            Ok(None) => Err(NoViewer::SignIn),
            Err(problem) => Err(NoViewer::Problem(problem)),
        }
    }
}

/// Who is signed in, for pages that also show themselves to strangers.
///
/// # Errors
/// A [`Problem`] when the store does not answer.
pub async fn find_viewer(app: &App, headers: &HeaderMap) -> Result<Option<Viewer>, Problem> {
    let Some(cookie) = CUSTOMER.read(app, headers) else {
        return Ok(None);
    };
    let Some(recipient) = app
        .store()
        .session(sha256(cookie.as_bytes()), app.now())
        .await?
    else {
        return Ok(None);
    };
    let facts = app.store().facts_of(vec![recipient]).await?;
    let facts = facts.into_iter().flatten().next();
    Ok(facts.map(|facts| Viewer { facts }))
}

/// Signs a browser in. The returned value is the `Set-Cookie` header of the answer.
///
/// # Errors
/// A [`Problem`] when the store does not answer.
pub async fn start_session(app: &App, recipient: RecipientId) -> Result<HeaderValue, Problem> {
    let cookie = base64url::encode(&app.random_bytes::<32>()?);
    let expires_at = app.now() + LIFETIME;
    app.store()
        .put_session(sha256(cookie.as_bytes()), recipient, expires_at)
        .await?;
    Ok(CUSTOMER.set(app, &cookie, LIFETIME))
}

/// Signs a browser out; a browser that is not signed in is fine too. The returned value
/// is the `Set-Cookie` header that makes the browser forget.
///
/// # Errors
/// A [`Problem`] when the store does not answer.
pub async fn end_session(app: &App, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    if let Some(cookie) = CUSTOMER.read(app, headers) {
        app.store().end_session(sha256(cookie.as_bytes())).await?;
    }
    Ok(CUSTOMER.forget(app))
}
