//! Looking for a customer: by id, phone number or mail address.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::href;
use crate::App;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::console::suppressions::read_address;
use crate::message_center::signed_in::PageError;
use crate::page::{Page, html};

#[derive(Template)]
#[template(path = "console/customers.html")]
struct CustomersPage {
    page: Page,
    frame: Frame,
    /// What was looked for.
    sought: String,
    /// Those who have the address, where it is not one alone; none before anything is sought.
    found: Option<Vec<(String, String)>>,
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    who: String,
}

/// `GET /console/customers`
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Response {
    let shown = CustomersPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Customers),
        sought: String::new(),
        found: None,
    };
    html(StatusCode::OK, &shown)
}

/// `POST /console/customers/find`: an address stands in no link.
pub(crate) async fn find(
    State(app): State<App>,
    visitor: Visitor,
    Form(wanted): Form<Wanted>,
) -> Result<Response, PageError> {
    let who = wanted.who.trim().to_owned();
    let store = app.store();
    let by_id = store.facts(vec![who.clone()]).await?;
    let mut found: Vec<String> = match (by_id.into_iter().flatten().next(), read_address(&who)) {
        (Some(facts), _) => vec![facts.customer.id],
        (None, Some(contact)) => store.customers_with(contact).await?,
        (None, None) => Vec::new(),
    };
    if let [one] = found.as_slice() {
        return Ok(Redirect::to(&href(one)).into_response());
    }
    found.truncate(100);
    let status = match found.is_empty() {
        true => StatusCode::NOT_FOUND,
        false => StatusCode::OK,
    };
    let shown = CustomersPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Customers),
        sought: who,
        found: Some(found.into_iter().map(|id| (href(&id), id)).collect()),
    };
    Ok(html(status, &shown))
}
