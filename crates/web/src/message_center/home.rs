//! The front door: the demo's page about itself, or straight to the messages.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::entry_view::HomePage;
use super::signed_in::{MaybeSignedIn, PageError};
use crate::App;
use crate::page::{Place, html};

/// `GET /`
pub(crate) async fn home(
    State(app): State<App>,
    viewer: MaybeSignedIn,
) -> Result<Response, PageError> {
    if !app.config().demo {
        return Ok(Redirect::to("/messages").into_response());
    }
    let page = viewer.page(&app, Place::Home).await?;
    Ok(html(StatusCode::OK, &HomePage { page }))
}
