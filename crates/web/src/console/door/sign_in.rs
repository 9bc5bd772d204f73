//! The first step of signing in, and signing out.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use model::Sealed;
use serde::Deserialize;

use super::{Address, Refusal};
use crate::App;
use crate::console::frame::{Frame, page};
use crate::console::gate::{Visitor, safe_next};
use crate::message_center::filter::escape_into;
use crate::message_center::signed_in::PageError;
use crate::page::{Page, html};
use crate::staff;

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    next: String,
    out: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Given {
    email: Sealed,
    password: Sealed,
    next: String,
}

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage {
    page: Page,
    frame: Frame,
    refusal: Option<Refusal>,
    email: String,
    next: String,
    /// They just signed out.
    out: bool,
    /// There is no account at all.
    nobody: bool,
}

/// `GET /console/sign-in`
pub(crate) async fn show(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let nobody = app.store().staff().await?.is_empty();
    let shown = SignInPage {
        page: page(&app),
        frame: Frame::outside(),
        refusal: None,
        email: String::new(),
        next: safe_next(&asked.next).to_owned(),
        out: !asked.out.is_empty(),
        nobody,
    };
    Ok(html(StatusCode::OK, &shown))
}

/// `POST /console/sign-in`
pub(crate) async fn password(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, PageError> {
    let next = safe_next(&given.next);
    let both = (given.email.open(), &given.password);
    match staff::give_password(&app, &headers, &address, both).await {
        Ok(cookie) => {
            let mut to = "/console/sign-in/code?next=".to_owned();
            escape_into(next, &mut to);
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response())
        }
        Err(fault) => {
            let shown = SignInPage {
                page: page(&app),
                frame: Frame::outside(),
                refusal: Some(Refusal::of(&app, fault)?),
                email: given.email.open().to_owned(),
                next: next.to_owned(),
                out: false,
                nobody: false,
            };
            Ok(html(StatusCode::UNAUTHORIZED, &shown))
        }
    }
}

/// `POST /console/sign-out`
pub(crate) async fn out(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    if let Some(found) = visitor.found() {
        staff::sign_out(&app, found).await?;
    }
    let forget = HeaderValue::from_static("\"cache\"");
    let headers = [
        (header::SET_COOKIE, staff::drop_cookie(&app)),
        (header::HeaderName::from_static("clear-site-data"), forget),
    ];
    Ok((headers, Redirect::to("/console/sign-in?out=1")).into_response())
}
