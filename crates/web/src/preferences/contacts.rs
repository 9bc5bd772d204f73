//! "Where we reach you": a customer's addresses with their state, and the code that proves
//! one. The words are the customer's own language; addresses are masked.
//!
//! A section of the preference page, and a page of its own that forms lead to. It works
//! without scripts. Who came by a link only looks: a link proves no phone.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Channel, Entered, Facts, Health, Mode};
use pipeline::contacts::{ContactError, Point};
use serde::Deserialize;

use crate::App;
use crate::message_center::signed_in::{PageError, SignedIn};
use crate::page::{Page, Place, html};

/// The page of its own.
pub(super) const PATH: &str = "/preferences/contacts";

/// The words of the section in one language.
#[derive(Deserialize)]
struct Words {
    title: String,
    texts: String,
    email: String,
    none: String,
    confirmed: String,
    unconfirmed: String,
    code_out: String,
    send: String,
    send_again: String,
    code_label: String,
    confirm: String,
    good: String,
    bounced: String,
    blocked: String,
    complained: String,
    recycled: String,
    stopped: String,
    failed: String,
    change: String,
    link_only: String,
    sign_in: String,
    said_sent: String,
    said_right: String,
    said_wrong: String,
    said_gone: String,
    said_soon: String,
    said_refused: String,
    said_failed: String,
    waits: String,
    back: String,
}

/// What the pages around it are written in: a card in another language would be hard to read
/// for everybody.
const PAGES: &str = "en";

/// By locale. Others read English.
static WORDS: LazyLock<BTreeMap<String, Words>> = LazyLock::new(|| {
    let text = include_str!("../../templates/pages/contact_words.json");
    serde_json::from_str(text).expect("a test reads the words of every language")
});

fn words_of(locale: &str) -> (&'static str, &'static Words) {
    let language = super::language_of(locale);
    let nearest = |(known, words): (&'static String, &'static Words)| {
        (super::language_of(known) == language).then_some((known.as_str(), words))
    };
    let english = || ("en", &WORDS["en"]);
    WORDS.iter().find_map(nearest).unwrap_or_else(english)
}

#[derive(Template)]
#[template(path = "pages/contacts_section.html")]
struct Section {
    words: &'static Words,
    lang: &'static str,
    dir: &'static str,
    lines: Vec<Line>,
    by_link: bool,
    change: String,
    /// What became of a form: whether it went well, and the words.
    said: Option<(bool, String)>,
}

/// One channel.
struct Line {
    name: &'static str,
    channel: Channel,
    point: Option<Shown>,
}

/// An address as it is shown.
struct Shown {
    masked: String,
    verified: bool,
    /// The day since when.
    since: String,
    well: bool,
    health: &'static str,
    failed: Option<String>,
    /// That a code is out, with the tries left.
    code: Option<String>,
    waits: bool,
    /// Whether a code may go there.
    can_prove: bool,
}

#[derive(Template)]
#[template(path = "pages/contacts.html")]
struct ContactsPage {
    page: Page,
    lang: &'static str,
    dir: &'static str,
    title: &'static str,
    back: &'static str,
    section: String,
}

/// A form of the section.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    channel: Channel,
    #[serde(rename = "do")]
    what: What,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Send,
    Check,
}

/// The section, for the preference page.
pub(super) async fn section(app: &App, facts: &Facts, by_link: bool) -> Result<String, PageError> {
    shown(app, facts, (by_link, None)).await
}

/// `GET /preferences/contacts`
pub(crate) async fn show(State(app): State<App>, viewer: SignedIn) -> Result<Response, PageError> {
    answer(&app, &viewer, StatusCode::OK, None).await
}

/// `POST /preferences/contacts`
pub(crate) async fn act(
    State(app): State<App>,
    viewer: SignedIn,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let facts = viewer.0.facts();
    let (_, words) = words_of(PAGES);
    let said = match sent.what {
        What::Send => {
            let random = (app.random_bytes()?, Mode::Live);
            let sending = app.pipeline().send_code(facts, sent.channel, random).await;
            sending.map(|_| (true, words.said_sent.clone()))
        }
        What::Check => {
            let entered = app
                .pipeline()
                .enter_code(facts, sent.channel, &sent.code)
                .await;
            entered.map(|entered| match entered {
                Entered::Right => (true, words.said_right.clone()),
                Entered::Wrong(left) => (false, filled(&words.said_wrong, left)),
                Entered::Gone => (false, words.said_gone.clone()),
            })
        }
    };
    let said = match said {
        Ok(said) => said,
        Err(ContactError::TooSoon(_) | ContactError::Overtaken) => (false, words.said_soon.clone()),
        Err(ContactError::NoAddress | ContactError::NotAllowed) => {
            (false, words.said_refused.clone())
        }
        Err(error @ (ContactError::NotSent(_) | ContactError::Accept(_))) => {
            tracing::warn!(%error, "a code asked for on the page could not be sent");
            (false, words.said_failed.clone())
        }
    };
    let status = match said.0 {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    answer(&app, &viewer, status, Some(said)).await
}

async fn answer(
    app: &App,
    viewer: &SignedIn,
    status: StatusCode,
    said: Option<(bool, String)>,
) -> Result<Response, PageError> {
    let counts = app.store().unread_counts(viewer.recipient()).await?;
    let found = app.store().facts_of(vec![viewer.recipient()]).await?;
    let facts = found.into_iter().flatten().next();
    let facts = facts.as_ref().unwrap_or_else(|| viewer.0.facts());
    let (lang, words) = words_of(PAGES);
    let page = ContactsPage {
        page: viewer.page(app, Place::Account, counts.total),
        lang,
        dir: dir(lang),
        title: &words.title,
        back: &words.back,
        section: shown(app, facts, (false, said)).await?,
    };
    Ok(html(status, &page))
}

async fn shown(
    app: &App,
    facts: &Facts,
    (by_link, said): (bool, Option<(bool, String)>),
) -> Result<String, PageError> {
    let points = app.pipeline().contact_points(facts).await?;
    let (lang, words) = words_of(PAGES);
    let lines = Channel::ALL.iter().map(|channel| Line {
        name: match channel {
            Channel::Sms => &words.texts,
            Channel::Email => &words.email,
        },
        channel: *channel,
        point: points
            .iter()
            .find(|point| point.channel == *channel)
            .map(|point| Shown::of(point, words)),
    });
    let section = Section {
        words,
        lang,
        dir: dir(lang),
        lines: lines.collect(),
        by_link,
        change: words.change.replace("{shop}", &app.pipeline().brand().name),
        said,
    };
    section.render().map_err(|error| {
        tracing::error!(%error, "the section of addresses could not be rendered");
        PageError::Shown(crate::page::ErrorKind::Broken)
    })
}

impl Shown {
    fn of(point: &Point, words: &'static Words) -> Self {
        let health = match point.health {
            Health::Good if point.stopped => &words.stopped,
            Health::Good => &words.good,
            Health::Bounced => &words.bounced,
            Health::Blocked => &words.blocked,
            Health::Complained => &words.complained,
            Health::Recycled => &words.recycled,
        };
        let well = point.health == Health::Good && !point.stopped;
        let since = point.verified.map(|verified| verified.at.to_string());
        Self {
            masked: point.masked.clone(),
            verified: point.verified.is_some(),
            since: since.unwrap_or_default().chars().take(10).collect(),
            well,
            health,
            failed: (point.soft_failures > 0).then(|| filled(&words.failed, point.soft_failures)),
            code: point.code.map(|(_, left)| filled(&words.code_out, left)),
            waits: point.waiting.is_some(),
            // What nobody asked to stop may be proved again, however it stands with it.
            can_prove: (point.verified.is_none() || point.health.reason().is_some())
                && !point.stopped
                && point.health != Health::Complained,
        }
    }
}

fn filled(words: &str, number: impl std::fmt::Display) -> String {
    words.replace("{n}", &number.to_string())
}

fn dir(lang: &str) -> &'static str {
    match lang {
        "ar" => "rtl",
        _ => "ltr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_words_and_others_read_english() {
        for locale in ["en-US", "de", "es-MX", "fr", "pt-PT", "ja", "ar-EG"] {
            let (lang, words) = words_of(locale);
            assert_eq!(
                super::super::language_of(lang),
                super::super::language_of(locale)
            );
            assert!(words.change.contains("{shop}") && words.failed.contains("{n}"));
            assert!(words.said_wrong.contains("{n}") && words.code_out.contains("{n}"));
        }
        assert_eq!(words_of("nl-NL").0, "en");
    }
}
