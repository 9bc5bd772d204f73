//! `PUT /v1/customers/{id}`: create or replace a profile.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::profile::{self, Profile};
use crate::App;
use crate::auth::Key;
use crate::problem::{Code, Problem};
use crate::read::{CustomerId, JsonBody, Params};

/// Whom a change of address tells.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telling {
    /// Whether an address that is replaced or removed is told so. When left out, it is.
    tell_old: Option<bool>,
}

/// Creates or replaces a customer.
///
/// The whole profile is sent each time; what is left out is gone, but for what the customer
/// said themselves: what they withdrew is not given again by an older statement, and what they
/// chose on a page stays. A consent that you stated before and leave out is withdrawn. Queued
/// deliveries are decided again under the new profile. `city` and `state` are taken and not
/// kept.
///
/// An address that is replaced or removed is told so, once and on its own channel
/// (`security.phone_changed`, `security.email_changed`), and the customer's mailbox too; with
/// `tell_old=false` nobody is.
#[utoipa::path(put, path = "/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."), Telling),
    security(("api_key" = [])), request_body = Profile,
    responses(
        (status = 200, description = "The profile as it is kept.", body = Profile),
        (status = 400, description = "No JSON."),
        (status = 415, description = "Not application/json."),
        (status = 422, description = "The profile has faults; `faults` lists each with a JSON pointer.")))]
pub(crate) async fn put_customer(
    State(app): State<App>,
    key: Key,
    CustomerId(id): CustomerId,
    Params(telling): Params<Telling>,
    JsonBody(body): JsonBody<serde_json::Value>,
) -> Result<Json<Profile>, Problem> {
    let customer = profile::read(Some(&id), body).map_err(|faults| profile::faulty(&faults))?;
    match telling.tell_old.unwrap_or(true) {
        true => {
            app.pipeline()
                .put_customers_telling(vec![customer], key.mode)
                .await?
        }
        false => app.pipeline().put_customers(vec![customer]).await?,
    };
    let kept = app.store().facts(vec![id.clone()]).await?;
    let kept = kept.into_iter().flatten().next();
    let facts = kept.ok_or_else(|| Problem::new(Code::NotFound, "It was removed meanwhile."))?;
    Ok(Json(facts.customer.into()))
}
