//! `POST /v1/suppressions/search`: the entries of one address, which must not stand in a URL.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use store::SuppressionFilter;
use utoipa::ToSchema;

use super::list::answer;
use super::{SuppressionsAnswer, read_contact};
use crate::App;
use crate::auth::LiveKey;
use crate::problem::Problem;
use crate::read::JsonBody;

/// So many entries of one address are shown.
const SHOWN: usize = 200;

/// Which address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchRequest {
    /// A phone number in the international form; or `email`.
    phone: Option<String>,
    /// A mail address; or `phone`.
    email: Option<String>,
}

/// The entries of one address, newest first. Changes nothing.
#[utoipa::path(post, path = "/v1/suppressions/search", tag = "suppressions",
    security(("api_key" = [])), request_body = SearchRequest,
    responses(
        (status = 200, description = "Its entries; none where it is not on the list.", body = SuppressionsAnswer),
        (status = 400, description = "No JSON, or not these fields."),
        (status = 422, description = "This is no address.")))]
pub(crate) async fn search_suppressions(
    State(app): State<App>,
    _: LiveKey,
    JsonBody(request): JsonBody<SearchRequest>,
) -> Result<Json<SuppressionsAnswer>, Problem> {
    let contact = read_contact(request.phone.as_deref(), request.email.as_deref())?;
    let filter = SuppressionFilter {
        contact: Some(contact),
        ..SuppressionFilter::default()
    };
    answer(&app, filter, None, SHOWN).await
}
