//! `GET /v1/suppressions`: the list.

use axum::Json;
use axum::extract::State;
use model::{Channel, SuppressionId};
use serde::Deserialize;
use store::SuppressionFilter;
use utoipa::IntoParams;

use super::{SuppressionShown, SuppressionsAnswer};
use crate::App;
use crate::api::page_size;
use crate::auth::LiveKey;
use crate::problem::{Code, Problem};
use crate::read::Params;

/// Which page of which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuppressionsQuery {
    /// Only those of this reason.
    reason: Option<String>,
    /// Only those of this channel: `sms` or `email`.
    #[param(value_type = Option<String>)]
    channel: Option<Channel>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<usize>,
}

/// Addresses that nothing goes to, newest first.
///
/// Addresses are shown by their ends, because no more of them is kept. `POST
/// /v1/suppressions/search` finds the entries of one.
#[utoipa::path(get, path = "/v1/suppressions", tag = "suppressions",
    params(SuppressionsQuery), security(("api_key" = [])),
    responses(
        (status = 200, description = "A page.", body = SuppressionsAnswer),
        (status = 400, description = "The cursor or the channel cannot be read.")))]
pub(crate) async fn list_suppressions(
    State(app): State<App>,
    _: LiveKey,
    Params(query): Params<SuppressionsQuery>,
) -> Result<Json<SuppressionsAnswer>, Problem> {
    let limit = page_size(query.limit)?;
    let before = query.cursor.as_deref().map(str::parse::<SuppressionId>);
    let before = before
        .transpose()
        .map_err(|_| Problem::new(Code::BadRequest, "`cursor` is `next_cursor` of a page."))?;
    let filter = SuppressionFilter {
        reason: query.reason,
        channel: query.channel,
        contact: None,
    };
    answer(&app, filter, before, limit).await
}

pub(super) async fn answer(
    app: &App,
    filter: SuppressionFilter,
    before: Option<SuppressionId>,
    limit: usize,
) -> Result<Json<SuppressionsAnswer>, Problem> {
    // One more than asked tells whether there is another page.
    let mut found = app.store().suppressions(filter, before, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().map(|entry| entry.id).filter(|_| more);
    let now = app.now();
    let shown = |entry| SuppressionShown::of(entry, now);
    Ok(Json(SuppressionsAnswer {
        suppressions: found.into_iter().map(shown).collect(),
        next_cursor,
    }))
}
