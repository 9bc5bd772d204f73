//! `GET /v1/customers/{id}/messages`: a mailbox, page by page.

use axum::Json;
use axum::extract::State;
use model::{Category, Instant, MessageId};
use serde::{Deserialize, Serialize};
use store::MailboxFilter;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::api::messages::MessageSummary;
use crate::api::page_size;
use crate::auth::Caller;
use crate::problem::{Code, Problem};
use crate::read::{CustomerId, Params, sentence};

/// Longest word to search for or sender to filter by, in bytes.
const TEXT_LIMIT: usize = 200;

/// Which messages, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// Only of this category.
    #[param(example = "orders")]
    category: Option<String>,
    /// Only unread ones.
    #[serde(default)]
    unread: bool,
    /// Words to search for, in any order; the beginning of a word is enough.
    q: Option<String>,
    /// Only from this sender, as shown.
    from: Option<String>,
    /// Not before this moment.
    #[param(example = "2026-01-31T09:30:00Z")]
    since: Option<String>,
    /// Before this moment.
    until: Option<String>,
    /// Only of this order.
    order: Option<String>,
    /// The deleted ones instead of the others.
    #[serde(default)]
    deleted: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<usize>,
}

/// A page of a mailbox, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessagesAnswer {
    /// The messages.
    messages: Vec<MessageSummary>,
    /// Where the next page starts; `null` on the last one.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<MessageId>,
    /// The mailbox revision the page shows; start `changes?since=` from it.
    revision: i64,
}

/// A customer's messages, newest first.
#[utoipa::path(get, path = "/v1/customers/{id}/messages", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."), MessagesQuery),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "A page.", body = MessagesAnswer),
        (status = 400, description = "A filter cannot be read."),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn list_messages(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
    Params(query): Params<MessagesQuery>,
) -> Result<Json<MessagesAnswer>, Problem> {
    let limit = page_size(query.limit)?;
    let cursor = query.cursor.as_deref().map(str::parse).transpose();
    let cursor = cursor
        .map_err(|_| Problem::new(Code::BadRequest, "`cursor` is `next_cursor` of a page."))?;
    let filter = read_filter(query)?;
    let facts = caller.customer(&app, &id).await?;
    let page = app
        .store()
        .mailbox_page(facts.recipient, filter, cursor, limit)
        .await?;
    Ok(Json(MessagesAnswer {
        messages: page
            .messages
            .into_iter()
            .map(MessageSummary::from)
            .collect(),
        next_cursor: page.next,
        revision: page.revision,
    }))
}

fn read_filter(query: MessagesQuery) -> Result<MailboxFilter, Problem> {
    let category = query.category.as_deref().map(str::parse::<Category>);
    let category = category
        .transpose()
        .map_err(|error| Problem::new(Code::BadRequest, sentence(&error.to_string())))?;
    Ok(MailboxFilter {
        category,
        unread: query.unread,
        query: short("q", query.q)?,
        sender: short("from", query.from)?,
        order: short("order", query.order)?,
        since: moment("since", query.since)?,
        until: moment("until", query.until)?,
        deleted: query.deleted,
    })
}

fn short(name: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.len() > TEXT_LIMIT => Err(Problem::new(
            Code::BadRequest,
            format!("`{name}` may have at most {TEXT_LIMIT} bytes."),
        )),
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

fn moment(name: &str, text: Option<String>) -> Result<Option<Instant>, Problem> {
    // A `+` that was not escaped arrives as a space.
    let moment = text.map(|text| Instant::parse(&text.replace(' ', "+")));
    moment.transpose().map_err(|_| {
        Problem::new(
            Code::BadRequest,
            format!("`{name}` is a date and time like 2026-01-31T09:30:00Z."),
        )
    })
}
