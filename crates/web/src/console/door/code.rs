//! The second step of signing in: the code of the phone, or a recovery code.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use model::Sealed;
use serde::Deserialize;

use super::{Address, Refusal};
use crate::App;
use crate::console::frame::{Frame, page};
use crate::console::gate::safe_next;
use crate::message_center::signed_in::PageError;
use crate::page::{Page, html};
use crate::staff::{self, Found};

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    next: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Given {
    code: Sealed,
    next: String,
}

#[derive(Template)]
#[template(path = "console/code.html")]
struct CodePage {
    page: Page,
    frame: Frame,
    refusal: Option<Refusal>,
    next: String,
}

/// Somebody whose password was right, a moment ago.
async fn half_way(app: &App, headers: &HeaderMap) -> Result<Option<Found>, PageError> {
    let found = staff::find(app, headers).await?;
    Ok(found.filter(|found| found.session.half))
}

fn from_the_start() -> Response {
    Redirect::to("/console/sign-in").into_response()
}

/// `GET /console/sign-in/code`
pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    if half_way(&app, &headers).await?.is_none() {
        return Ok(from_the_start());
    }
    let shown = CodePage {
        page: page(&app),
        frame: Frame::outside(),
        refusal: None,
        next: safe_next(&asked.next).to_owned(),
    };
    Ok(html(StatusCode::OK, &shown))
}

/// `POST /console/sign-in/code`
pub(crate) async fn give(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, PageError> {
    let Some(half) = half_way(&app, &headers).await? else {
        return Ok(from_the_start());
    };
    let next = safe_next(&given.next);
    match staff::give_code(&app, &headers, &address, &half, &given.code).await {
        Ok(cookie) => Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response()),
        Err(fault) => {
            let shown = CodePage {
                page: page(&app),
                frame: Frame::outside(),
                refusal: Some(Refusal::of(&app, fault)?),
                next: next.to_owned(),
            };
            Ok(html(StatusCode::UNAUTHORIZED, &shown))
        }
    }
}
