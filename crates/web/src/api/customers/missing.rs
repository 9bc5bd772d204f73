//! `GET /v1/customers/{id}/missing`: where the messages are that a customer did not get.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::api::messages::MessageSummary;
use crate::auth::Caller;
use crate::missing::{Missed, NotRead, Told, Way, find};
use crate::problem::{Code, Problem};
use crate::read::{CustomerId, Params};

/// What is missing: an order's messages, or those of a day.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
#[derive(Default)]
pub(crate) struct MissingQuery {
    /// The number of the order.
    #[param(required = false)]
    order: String,
    /// A day where the customer lives, such as `2026-01-31`.
    #[param(required = false)]
    date: String,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct MissingAnswer {
    /// The messages, newest first; at most 20.
    messages: Vec<MissingMessage>,
    /// What to tell the customer where there is none.
    nothing: Option<String>,
}

/// A message with where it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct MissingMessage {
    /// The message; `deleted_at` says that the customer deleted it.
    message: MessageSummary,
    /// Where it is on each channel; empty where it was for the Message Center only.
    ways: Vec<MissingWay>,
}

/// Where a message is on a channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct MissingWay {
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: &'static str,
    /// To which address, masked; `null` where it was not meant to leave.
    to: Option<String>,
    /// `held`, `waits`, `in_doubt`, `accepted`, `delivered`, `bounced`, `failed`,
    /// `cancelled` or `not_sent`.
    #[schema(value_type = String)]
    outcome: &'static str,
    /// The same in words, in the message's language.
    sentence: String,
    /// What to do now.
    advice: String,
    /// The choice that governs it, as a path of the pages.
    choice: Option<String>,
}

impl From<Way> for MissingWay {
    fn from(way: Way) -> Self {
        Self {
            channel: way.is.channel.as_str(),
            to: way.is.to,
            outcome: way.is.outcome,
            sentence: way.is.sentence,
            advice: way.is.advice,
            choice: way.choice,
        }
    }
}

impl From<Told> for MissingMessage {
    fn from(told: Told) -> Self {
        Self {
            ways: told.ways.into_iter().map(MissingWay::from).collect(),
            message: told.record.message.into(),
        }
    }
}

/// Where the messages are that a customer did not get.
///
/// By the number of an order, or a day. Of each message: whether it was held, sent, taken,
/// bounced or stopped, to which address, and what to do now.
#[utoipa::path(get, path = "/v1/customers/{id}/missing", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."), MissingQuery),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "What was found.", body = MissingAnswer),
        (status = 400, description = "Neither an order nor a day, or not to be read."),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn missing(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
    Params(query): Params<MissingQuery>,
) -> Result<Json<MissingAnswer>, Problem> {
    let missed = Missed::read(&query.order, &query.date).map_err(|fault| {
        let said = match fault {
            NotRead::Order => "`order` may have at most 100 bytes.",
            NotRead::Day => "`date` is a day like 2026-01-31.",
        };
        Problem::new(Code::BadRequest, said)
    })?;
    let missed = missed
        .ok_or_else(|| Problem::new(Code::BadRequest, "Say what is missing: `order` or `date`."))?;
    let facts = caller.customer(&app, &id).await?;
    let found = find(&app, (facts.recipient, &facts.customer), &missed).await?;
    let catalogue = app.pipeline().catalogue();
    let nothing = found.is_empty().then(|| {
        catalogue
            .word(&facts.customer.locale, "missing.nothing")
            .to_owned()
    });
    Ok(Json(MissingAnswer {
        messages: found.into_iter().map(MissingMessage::from).collect(),
        nothing,
    }))
}
