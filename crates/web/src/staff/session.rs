//! Signed-in browsers of staff: an opaque 256-bit cookie, kept as its SHA-256 only.
//!
//! The cookie is sent to this site alone and never with a request another site began. It
//! is another one at each step of signing in.

use axum::http::{HeaderMap, HeaderValue, header};
use model::{Instant, Span, StaffId};
use store::{StaffAccount, StaffSession};

use crate::auth::sha256;
use crate::cookie::STAFF;
use crate::problem::Problem;
use crate::{App, base64url};

/// Without being used it ends after so long,
const IDLE: Span = Span::minutes(30);
/// and in any case after so long.
const LIFETIME: Span = Span::hours(12);
/// The code is given within so long after the password.
const HALF_LIFETIME: Span = Span::minutes(5);
/// Being used is noted to this.
const NOTED: Span = Span::minutes(1);

/// A session with its account.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub session: StaffSession,
    pub account: StaffAccount,
}

/// Who is signed in at a browser, whole or half.
pub(crate) async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Found>, Problem> {
    let Some(cookie) = STAFF.read(app, headers) else {
        return Ok(None);
    };
    let (hash, now) = (sha256(cookie.as_bytes()), app.now());
    let found = app.store().staff_session(hash, now).await?;
    let Some((session, account)) = found.filter(|(session, account)| {
        let idle = now.since(session.seen_at) >= IDLE;
        !idle && account.disabled_at.is_none()
    }) else {
        return Ok(None);
    };
    if !session.half && now.since(session.seen_at) >= NOTED {
        app.store().touch_staff_session(hash, now).await?;
    }
    Ok(Some(Found { session, account }))
}

/// A session about to begin, with the header that hands its cookie out.
pub(super) fn begin(
    app: &App,
    staff: StaffId,
    half: bool,
    headers: &HeaderMap,
) -> Result<(StaffSession, HeaderValue), Problem> {
    let cookie = base64url::encode(&app.random_bytes::<32>()?);
    let now: Instant = app.now();
    let lifetime = if half { HALF_LIFETIME } else { LIFETIME };
    let session = StaffSession {
        hash: sha256(cookie.as_bytes()),
        staff,
        began_at: now,
        seen_at: now,
        expires_at: now + lifetime,
        half,
        device: device(headers),
    };
    Ok((session, STAFF.set(app, &cookie, lifetime)))
}

/// The header that makes a browser forget its cookie.
pub(crate) fn drop_cookie(app: &App) -> HeaderValue {
    STAFF.forget(app)
}

/// What kind of browser it says it is, in a few words; never the whole of what it says.
fn device(headers: &HeaderMap) -> String {
    let said = headers.get(header::USER_AGENT);
    let said = said.and_then(|value| value.to_str().ok()).unwrap_or("");
    let first = |known: &[(&str, &'static str)]| {
        let found = known.iter().find(|(sign, _)| said.contains(sign));
        found.map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Macintosh", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    [browser, system]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_two_words() {
        let named = |said: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, said.parse().unwrap());
            device(&headers)
        };
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(named(firefox), "Firefox, Linux");
        let edge =
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140";
        assert_eq!(named(edge), "Edge, Windows");
        assert_eq!(named("odd"), "");
        assert_eq!(device(&HeaderMap::new()), "");
    }
}
