//! `/v1/customers/{id}/contacts`: a customer's addresses with their state, and proving them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::{Channel, Entered, Instant, Mode};
use pipeline::AcceptError;
use pipeline::contacts::{ContactError, Point};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::auth::Caller;
use crate::problem::{Code, Problem};
use crate::read::{CustomerId, JsonBody};

/// An address of a customer, as it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactAnswer {
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: Channel,
    /// The address, masked.
    masked: String,
    /// Whether it is proved to be the customer's.
    verified: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<Instant>,
    /// By what: `code` or `reply`.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_by: Option<&'static str>,
    /// `good`, `bounced`, `blocked`, `complained` or `recycled`.
    health: &'static str,
    /// Whether somebody asked that nothing goes there.
    stopped: bool,
    /// Messages that failed in the last 30 days for a reason that may pass.
    soft_failures: usize,
    /// Until when a code that was sent works.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    code_until: Option<Instant>,
    /// Until when a consent to offers waits to be confirmed from there.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_waits_until: Option<Instant>,
}

impl From<Point> for ContactAnswer {
    fn from(point: Point) -> Self {
        Self {
            channel: point.channel,
            masked: point.masked,
            verified: point.verified.is_some(),
            verified_at: point.verified.map(|verified| verified.at),
            verified_by: point.verified.map(|verified| verified.by.as_str()),
            health: point.health.as_str(),
            stopped: point.stopped,
            soft_failures: point.soft_failures,
            code_until: point.code.map(|(until, _)| until),
            consent_waits_until: point.waiting,
        }
    }
}

/// A customer's addresses.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactsAnswer {
    /// Those the profile has.
    contacts: Vec<ContactAnswer>,
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeAnswer {
    /// Until when it works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
}

/// A code that a customer entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRequest {
    /// As they wrote it; spaces do not count.
    #[schema(example = "260574")]
    code: String,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckAnswer {
    /// Whether the address is proved by it.
    verified: bool,
    /// Where it is not: `wrong_code`, or `no_code` where none works any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Tries left for the code that was sent.
    tries_left: u8,
}

/// A customer's addresses, each with what proves it and how it stands with it.
#[utoipa::path(get, path = "/v1/customers/{id}/contacts", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The addresses.", body = ContactsAnswer),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn list_contacts(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
) -> Result<Json<ContactsAnswer>, Problem> {
    let facts = caller.customer(&app, &id).await?;
    let points = app.pipeline().contact_points(&facts).await?;
    let contacts = points.into_iter().map(ContactAnswer::from).collect();
    Ok(Json(ContactsAnswer { contacts }))
}

/// Sends a code to an address of a customer.
///
/// Six digits, by the message type `security.verification_code` (by mail
/// `security.email_verification_code`), which work for 10 minutes and five tries. One code a
/// minute and five an hour go to an address, and five an hour to a customer. It goes to an
/// address that bounced too, and to none that its owner stopped.
#[utoipa::path(post, path = "/v1/customers/{id}/contacts/{channel}/verification", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."),
        ("channel" = String, Path, description = "`sms` or `email`.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 202, description = "It is on its way.", body = CodeAnswer),
        (status = 404, description = "No such customer or channel."),
        (status = 422, description = "There is no address on the channel, or the customer does not allow messages there."),
        (status = 429, description = "Too many codes; `Retry-After` says when the next may follow.")))]
pub(crate) async fn send_code(
    State(app): State<App>,
    caller: Caller,
    Path((id, channel)): Path<(String, String)>,
) -> Result<(StatusCode, Json<CodeAnswer>), Problem> {
    let facts = caller.customer(&app, &id).await?;
    let mode = match caller {
        Caller::Key(key) => key.mode,
        Caller::Customer(..) => Mode::Live,
    };
    let random = (app.random_bytes()?, mode);
    let sent = app
        .pipeline()
        .send_code(&facts, read_channel(&channel)?, random);
    let expires_at = sent.await.map_err(|error| problem(&app, error))?;
    Ok((StatusCode::ACCEPTED, Json(CodeAnswer { expires_at })))
}

/// Checks a code that a customer entered.
///
/// The right one proves that the address is theirs: for this customer and this address only.
/// It takes an address up again that had bounced.
#[utoipa::path(post, path = "/v1/customers/{id}/contacts/{channel}/verification/check", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."),
        ("channel" = String, Path, description = "`sms` or `email`.")),
    security(("api_key" = []), ("customer_token" = [])), request_body = CheckRequest,
    responses(
        (status = 200, description = "Whether it is the one.", body = CheckAnswer),
        (status = 404, description = "No such customer or channel."),
        (status = 422, description = "There is no address on the channel.")))]
pub(crate) async fn check_code(
    State(app): State<App>,
    caller: Caller,
    Path((id, channel)): Path<(String, String)>,
    JsonBody(request): JsonBody<CheckRequest>,
) -> Result<Json<CheckAnswer>, Problem> {
    let facts = caller.customer(&app, &id).await?;
    let channel = read_channel(&channel)?;
    let entered = app.pipeline().enter_code(&facts, channel, &request.code);
    let entered = entered.await.map_err(|error| problem(&app, error))?;
    let (reason, tries_left) = match entered {
        Entered::Right => (None, 0),
        Entered::Wrong(left) => (Some("wrong_code"), left),
        Entered::Gone => (Some("no_code"), 0),
    };
    Ok(Json(CheckAnswer {
        verified: entered == Entered::Right,
        reason,
        tries_left,
    }))
}

fn read_channel(text: &str) -> Result<Channel, Problem> {
    text.parse().map_err(|_| Problem::not_found("channel"))
}

fn problem(app: &App, error: ContactError) -> Problem {
    match error {
        ContactError::NoAddress | ContactError::NotAllowed => {
            Problem::fault("", &error.to_string())
        }
        ContactError::TooSoon(at) => {
            Problem::new(Code::Busy, "Codes were sent there lately. Try again later.")
                .retry_after(at.since(app.now()))
        }
        ContactError::Overtaken => Problem::new(
            Code::Busy,
            "Others are doing the same at this moment. Try again.",
        )
        .retry_after(model::Span::secs(1)),
        ContactError::NotSent(reason) => {
            tracing::error!(reason, "a code could not be sent");
            Problem::new(
                Code::Internal,
                "The code could not be sent. The log of the server says why.",
            )
        }
        ContactError::Accept(AcceptError::Busy { retry_after }) => {
            Problem::new(Code::Busy, "Too many messages wait to be sent.").retry_after(retry_after)
        }
        ContactError::Accept(AcceptError::Store(error)) => error.into(),
    }
}
