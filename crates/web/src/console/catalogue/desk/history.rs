//! What was published of a message type, newest first, with what each edition changed; and
//! the way back to one of them.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use model::{Edition, Permission};
use pipeline::catalogue::{CatalogueFault, Wordings};
use pipeline::desk::{Refused, Return};
use serde::Deserialize;
use serde_json::json;

use super::diff::{Piece, Row, rows};
use super::save::keys;
use super::{Fields, Names, under, who};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{ErrorKind, Page, html};

/// Editions of a page.
const SHOWN: usize = 20;
/// Editions read at once.
const READ: usize = 200;

/// One text as an edition changed it.
struct Change {
    locale: String,
    key: String,
    rows: Vec<Row>,
    /// The words of the files have come back.
    shipped: bool,
}

/// One edition.
struct Entry {
    number: u64,
    version: u32,
    at: Moment,
    who: Option<String>,
    note: String,
    changes: Vec<Change>,
    /// It is the last one: its words serve.
    serves: bool,
}

/// What became of going back.
enum Outcome {
    Done,
    Nothing,
    Stale,
    Note,
    Wrong(Vec<CatalogueFault>),
}

#[derive(Template)]
#[template(path = "console/desk_history.html")]
struct HistoryPage {
    page: Page,
    frame: Frame,
    name: String,
    entries: Vec<Entry>,
    older: Option<String>,
    /// The last edition of the type.
    last: u64,
    may_edit: bool,
    outcome: Option<Outcome>,
}

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    before: String,
    done: String,
}

/// `GET /console/catalogue/{type}/history`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let outcome = match wanted.done.as_str() {
        "back" => Some(Outcome::Done),
        "nothing" => Some(Outcome::Nothing),
        _ => None,
    };
    with(&app, &visitor, &name, wanted.before.parse().ok(), outcome).await
}

/// `POST /console/catalogue/{type}/back`
pub(crate) async fn back(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let not_found = || PageError::Shown(ErrorKind::NotFound);
    let way = Return {
        message_type: name.clone(),
        to: field("to").parse().map_err(|_| not_found())?,
        last: field("last").parse().map_err(|_| not_found())?,
        note: field("note").to_owned(),
        who: who(&visitor),
    };
    let to = way.to;
    let line = |edition: &Edition| {
        let details = json!({
            "edition": edition.number,
            "version": edition.template_version,
            "as_after": to,
            "texts": keys(edition),
        });
        let (actor, now) = (visitor.actor(), app.now());
        actor.line(app.store(), now, "template.rolled_back", &name, details)
    };
    let outcome = match app.pipeline().go_back(way, line).await {
        Ok(_) => {
            let to = under(&name, "history", &[("done", "back")]);
            return Ok(Redirect::to(&to).into_response());
        }
        Err(Refused::Unknown) => return Err(not_found()),
        Err(Refused::Store(error)) => return Err(error.into()),
        Err(Refused::Nothing) => Outcome::Nothing,
        Err(Refused::Stale) => Outcome::Stale,
        Err(Refused::Note) => Outcome::Note,
        Err(Refused::Faults(faults)) => Outcome::Wrong(faults),
    };
    with(&app, &visitor, &name, None, Some(outcome)).await
}

async fn with(
    app: &App,
    visitor: &Visitor,
    name: &str,
    before: Option<u64>,
    outcome: Option<Outcome>,
) -> Result<Response, PageError> {
    let (catalogue, files) = (app.pipeline().catalogue(), app.pipeline().files());
    // A type may have left the catalogue; its history has not.
    if catalogue.get(name).is_none() && app.pipeline().desk().last_of(name) == 0 {
        return Err(PageError::Shown(ErrorKind::NotFound));
    }
    let editions = all(app, name).await?;
    let last = editions.last().map_or(0, |edition| edition.number);
    let place = before.unwrap_or(u64::MAX);
    let until = editions.partition_point(|edition| edition.number < place);
    let from = until.saturating_sub(SHOWN);
    let (names, clock) = (Names::load(app).await?, UtcClock::new(app.now()));
    let mut words = Wordings::new();
    let mut entries = Vec::new();
    for (at, edition) in editions.iter().enumerate().take(until) {
        let changes = changes(edition, &mut words, |locale, key| {
            files.wording(name, locale)?.remove(key)
        });
        if at >= from {
            entries.push(Entry {
                number: edition.number,
                version: edition.template_version,
                at: clock.minute(edition.at),
                who: names.of(edition.who),
                note: edition.note.clone(),
                serves: edition.number == last,
                changes,
            });
        }
    }
    entries.reverse();
    let oldest = entries.last().map(|entry| entry.number.to_string());
    let status = match &outcome {
        None | Some(Outcome::Done | Outcome::Nothing) => StatusCode::OK,
        Some(Outcome::Stale) => StatusCode::CONFLICT,
        Some(Outcome::Note | Outcome::Wrong(_)) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let shown = HistoryPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Catalogue),
        name: name.to_owned(),
        older: oldest
            .filter(|_| from > 0)
            .map(|oldest| under(name, "history", &[("before", &oldest)])),
        entries,
        last,
        may_edit: visitor.may(Permission::EditTemplates),
        outcome,
    };
    Ok(html(status, &shown))
}

/// Every edition of a type, oldest first.
async fn all(app: &App, name: &str) -> Result<Vec<Edition>, PageError> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let store = app.store();
        let page = store.editions_of(name.to_owned(), before, READ).await?;
        let more = page.len() == READ;
        before = page.last().map(|edition| edition.number);
        found.extend(page);
        if !more {
            found.reverse();
            return Ok(found);
        }
    }
}

/// What an edition changed of the words before it, which become those after it.
fn changes(
    edition: &Edition,
    words: &mut Wordings,
    shipped: impl Fn(&str, &str) -> Option<String>,
) -> Vec<Change> {
    let mut found = Vec::new();
    for wording in &edition.changes {
        let (locale, key) = (&wording.locale, &wording.key);
        let of = words.entry(locale.clone()).or_default();
        let before = match &wording.text {
            Some(text) => of.insert(key.clone(), text.clone()),
            None => of.remove(key),
        };
        let before = before.or_else(|| shipped(locale, key)).unwrap_or_default();
        let after = wording.text.clone().or_else(|| shipped(locale, key));
        found.push(Change {
            rows: rows(&before, &after.unwrap_or_default()),
            shipped: wording.text.is_none(),
            locale: locale.clone(),
            key: key.clone(),
        });
    }
    found
}
