//! `GET /v1/customers/{id}`: a profile as it is kept.

use axum::Json;
use axum::extract::State;

use super::profile::Profile;
use crate::App;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::read::CustomerId;

/// A customer's profile.
#[utoipa::path(get, path = "/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The profile.", body = Profile),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn get_customer(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
) -> Result<Json<Profile>, Problem> {
    let facts = caller.customer(&app, &id).await?;
    Ok(Json(facts.customer.into()))
}
