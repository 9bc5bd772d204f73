//! `/messages/missing`: "I did not get it". Asks for an order or a day, and says of each
//! message of it whether it was sent, where to, what became of it and what to do now.

use askama::Template;
use axum::extract::{Query as UrlQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::filter::Filter;
use super::signed_in::{PageError, SignedIn};
use super::view::icon_of;
use super::when::Moment;
use crate::App;
use crate::missing::{Missed, NotRead, Told, Way, find};
use crate::page::{Page, Place, html};

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    order: String,
    day: String,
}

#[derive(Template)]
#[template(path = "message_center/missing.html")]
struct MissingPage {
    page: Page,
    asked: Asked,
    fault: Option<NotRead>,
    /// None where nothing was asked yet.
    told: Option<Vec<Row>>,
    /// What is said where nothing was found, in the customer's language.
    nothing: String,
    lang: String,
    dir: &'static str,
}

/// A message that was found.
struct Row {
    title: String,
    href: String,
    lang: String,
    dir: &'static str,
    icon: &'static str,
    category: model::Category,
    at: Moment,
    deleted: bool,
    ways: Vec<Way>,
    words_lang: String,
    words_dir: &'static str,
}

/// `GET /messages/missing`
pub(crate) async fn missing(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(asked): UrlQuery<Asked>,
) -> Result<Response, PageError> {
    let customer = viewer.0.customer();
    let (missed, fault) = match Missed::read(&asked.order, &asked.day) {
        Ok(missed) => (missed, None),
        Err(fault) => (None, Some(fault)),
    };
    let told = match &missed {
        Some(missed) => Some(find(&app, (viewer.recipient(), customer), missed).await?),
        None => None,
    };
    let counts = app.store().unread_counts(viewer.recipient()).await?;
    let catalogue = app.pipeline().catalogue();
    let lang = catalogue.nearest_locale(&customer.locale).to_owned();
    let page = MissingPage {
        page: viewer.page(&app, Place::Messages, counts.total),
        told: told.map(|told| {
            told.into_iter()
                .map(|told| row(&app, &viewer, told))
                .collect()
        }),
        nothing: catalogue
            .word(&customer.locale, "missing.nothing")
            .to_owned(),
        dir: catalogue.direction(&lang),
        lang,
        asked,
        fault,
    };
    let status = match fault {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Ok(html(status, &page))
}

fn row(app: &App, viewer: &SignedIn, told: Told) -> Row {
    let catalogue = app.pipeline().catalogue();
    let message = told.record.message;
    let words_lang = catalogue.nearest_locale(&message.content.locale).to_owned();
    let filter = Filter {
        deleted: message.flags.deleted_at.is_some(),
        ..Filter::default()
    };
    Row {
        href: filter.message_href(message.id),
        dir: catalogue.direction(&message.content.locale),
        icon: icon_of(&message.content.message_type, message.content.category),
        category: message.content.category,
        at: viewer.local_time(app).moment(message.at),
        deleted: filter.deleted,
        ways: told.ways,
        words_dir: catalogue.direction(&words_lang),
        words_lang,
        title: message.content.title,
        lang: message.content.locale,
    }
}
