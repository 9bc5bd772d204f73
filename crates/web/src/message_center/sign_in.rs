//! Signing in: by a link the marketplace made, or in the demo by choosing who to be.
//!
//! Showing the page changes nothing, so that mail scanners and prefetching browsers do
//! not use a link up; only the button does.

use axum::Form;
use axum::extract::{Query as UrlQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use model::Customer;
use serde::Deserialize;

use super::account::language_of;
use super::entry_view::{Person, SignInPage};
use super::signed_in::{MaybeSignedIn, PageError, safe_next};
use super::when::LocalTime;
use crate::page::{ErrorKind, Place, html, initial};
use crate::{App, auth, session};

/// So many of the demo's customers can be chosen.
const CHOICE: usize = 60;

/// What a sign-in link carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Link {
    token: String,
    next: String,
}

/// What the sign-in forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chosen {
    token: String,
    customer: String,
    next: String,
}

/// `GET /sign-in`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: MaybeSignedIn,
    UrlQuery(link): UrlQuery<Link>,
) -> Result<Response, PageError> {
    let mut page = SignInPage {
        page: viewer.page(&app, Place::Elsewhere).await?,
        token: None,
        continue_as: None,
        stale: false,
        people: Vec::new(),
        next: safe_next(&link.next).to_owned(),
    };
    if !link.token.is_empty() {
        let Some(recipient) = auth::peek_sign_in(&app, &link.token) else {
            page.stale = true;
            return Ok(html(StatusCode::UNAUTHORIZED, &page));
        };
        let facts = app.store().facts_of(vec![recipient]).await?;
        let facts = facts.into_iter().flatten().next();
        page.continue_as = facts.map(|facts| facts.customer.name.open().to_owned());
        page.token = Some(link.token);
    } else if app.config().demo {
        let customers = app.store().customers(None, CHOICE).await?;
        let person = |customer: &Customer| person_of(&app, customer);
        page.people = customers.iter().map(person).collect();
    }
    Ok(html(StatusCode::OK, &page))
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    State(app): State<App>,
    viewer: MaybeSignedIn,
    Form(chosen): Form<Chosen>,
) -> Result<Response, PageError> {
    let recipient = if !chosen.token.is_empty() {
        match auth::redeem_sign_in(&app, &chosen.token).await {
            Ok(recipient) => recipient,
            Err(problem) if problem.code() == crate::problem::Code::Unauthorized => {
                let page = SignInPage {
                    page: viewer.page(&app, Place::Elsewhere).await?,
                    token: None,
                    continue_as: None,
                    stale: true,
                    people: Vec::new(),
                    next: String::new(),
                };
                return Ok(html(StatusCode::UNAUTHORIZED, &page));
            }
            Err(problem) => return Err(problem.into()),
        }
    } else if app.config().demo {
        let facts = app.store().facts(vec![chosen.customer]).await?;
        let facts = facts.into_iter().flatten().next();
        facts
            .ok_or(PageError::Shown(ErrorKind::NotFound))?
            .recipient
    } else {
        return Err(PageError::Shown(ErrorKind::NotFound));
    };
    let cookie = session::start_session(&app, recipient).await?;
    let to = Redirect::to(safe_next(&chosen.next));
    Ok(([(header::SET_COOKIE, cookie)], to).into_response())
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let cookie = session::end_session(&app, &headers).await?;
    let forget = HeaderValue::from_static("\"cache\"");
    let to = if app.config().demo {
        "/"
    } else {
        session::SIGN_IN_PATH
    };
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::HeaderName::from_static("clear-site-data"), forget),
    ];
    Ok((headers, Redirect::to(to)).into_response())
}

fn person_of(app: &App, customer: &Customer) -> Person {
    let name = customer.name.open();
    let local = LocalTime::new(&customer.time_zone, &customer.locale, app.now());
    Person {
        id: customer.id.clone(),
        name: name.to_owned(),
        initial: initial(name),
        country: customer.country.clone(),
        language: language_of(&customer.locale),
        local_time: local.time_now(),
        local_iso: local.moment(app.now()).iso,
    }
}
