//! Who looks at a page, or where they are sent; and what a page fails with.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use model::RecipientId;

use super::filter::escape_into;
use super::when::LocalTime;
use crate::App;
use crate::page::{ErrorKind, Face, Page, Place};
use crate::problem::{Code, Problem};
use crate::session::{NoViewer, SIGN_IN_PATH, Viewer, find_viewer};

/// The viewer of a page that is for signed-in customers only. Others are sent to the
/// sign-in page and come back after it.
pub(crate) struct SignedIn(pub Viewer);

impl SignedIn {
    pub(crate) fn recipient(&self) -> RecipientId {
        self.0.recipient()
    }

    /// Their clock and calendar.
    pub(crate) fn local_time(&self, app: &App) -> LocalTime {
        let customer = self.0.customer();
        LocalTime::new(&customer.time_zone, &customer.locale, app.now())
    }

    /// The frame of a page for them.
    pub(crate) fn page(&self, app: &App, place: Place, unread: u32) -> Page {
        Page {
            viewer: Some(Face::of(self.0.customer().name.open())),
            unread,
            ..frame(app, place)
        }
    }
}

/// The frame of a page for nobody in particular.
pub(crate) fn frame(app: &App, place: Place) -> Page {
    Page::new(&app.pipeline().brand().name, app.config().demo, place)
}

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Sign in first, then come back here.
    SignIn {
        /// Where to come back to.
        next: String,
    },
    /// An error page of this kind.
    Shown(ErrorKind),
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        match Viewer::from_request_parts(parts, app).await {
            Ok(viewer) => Ok(Self(viewer)),
            Err(NoViewer::Problem(problem)) => Err(problem.into()),
            Err(NoViewer::SignIn) => {
                let wanted = parts.uri.path_and_query().map(|path| path.as_str());
                let next = wanted.filter(|_| parts.method == Method::GET);
                Err(PageError::SignIn {
                    next: next.unwrap_or_default().to_owned(),
                })
            }
        }
    }
}

/// The viewer, for pages that also show themselves to strangers.
pub(crate) struct MaybeSignedIn(pub Option<SignedIn>);

impl FromRequestParts<App> for MaybeSignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let viewer = find_viewer(app, &parts.headers).await?;
        Ok(Self(viewer.map(SignedIn)))
    }
}

impl MaybeSignedIn {
    /// The frame of a page, for whoever looks at it.
    pub(crate) async fn page(&self, app: &App, place: Place) -> Result<Page, PageError> {
        match &self.0 {
            Some(signed_in) => {
                let counts = app.store().unread_counts(signed_in.recipient()).await?;
                Ok(signed_in.page(app, place, counts.total))
            }
            None => Ok(frame(app, place)),
        }
    }
}

/// Where to go after signing in: a page of the Message Center, never another site.
pub(crate) fn safe_next(next: &str) -> &str {
    let ours = ["/messages", "/account", "/preferences"]
        .iter()
        .any(|start| {
            next.strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        });
    let plain = next.len() <= 1_000
        && next
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\\\"<>".contains(&b));
    if ours && plain { next } else { "/messages" }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { next } => {
                let mut to = SIGN_IN_PATH.to_owned();
                if safe_next(&next) == next && next != "/messages" {
                    to.push_str("?next=");
                    escape_into(&next, &mut to);
                }
                Redirect::to(&to).into_response()
            }
            // The page itself is put on in `dress`, which knows who looks.
            Self::Shown(kind) => {
                let mut response = StatusCode::into_response(kind.status());
                response.extensions_mut().insert(kind);
                response
            }
        }
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        Self::Shown(match problem.code() {
            Code::NotFound => ErrorKind::NotFound,
            Code::Unauthorized | Code::Forbidden => ErrorKind::Forbidden,
            Code::BadRequest => ErrorKind::Unreadable,
            Code::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::Broken,
        })
    }
}

impl From<store::Error> for PageError {
    fn from(error: store::Error) -> Self {
        Problem::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_after_signing_in_stays_here() {
        for fine in [
            "/messages",
            "/messages?category=orders",
            "/messages/msg_0123456789abc",
            "/account",
            "/preferences?tab=email",
        ] {
            assert_eq!(safe_next(fine), fine);
        }
        for bad in [
            "",
            "//evil.example",
            "https://evil.example",
            "/messages\\@evil",
            "/messages\r\nX: y",
            "/messagesevil",
            "/sign-out",
        ] {
            assert_eq!(safe_next(bad), "/messages", "{bad:?}");
        }
    }
}
