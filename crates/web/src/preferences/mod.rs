//! The preference centre: what a customer wants to get, and how to end it.
//!
//! The page with all choices, signed in or by a link; and the one click that ends mails (RFC
//! 8058). Handlers read a form, ask the pipeline to do it, and say what changed. Whether a
//! choice may be made is the pipeline's to say; all words stand in `templates/`.

mod contacts;
mod form;
mod link;
mod page;
mod unsubscribe;
mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::get;
use model::{Channel, How, MessageContent, PurposeClass, Rule, Said};
use pipeline::catalogue::Catalogue;

use crate::App;
pub use link::{Links, preferences_url, unsubscribe_url};
pub(crate) use page::tab_of;

/// The one place of all choices.
const PATH: &str = "/preferences";
/// What mail programs send (RFC 8058 §3.2) is 26 bytes, or a little more in parts.
const ONE_CLICK_LIMIT: usize = 4 * 1024;

/// The pages.
pub(crate) fn router() -> Router<App> {
    let here = || async { Redirect::to(PATH) };
    let mail = || async { Redirect::to("/preferences?tab=email") };
    Router::new()
        .route(PATH, get(page::show).post(page::save))
        .route(contacts::PATH, get(contacts::show).post(contacts::act))
        .route(
            "/preferences/{link}",
            get(page::show_linked).post(page::save_linked),
        )
        .route("/notification-preferences", get(here))
        .route("/communication-preferences", get(here))
        .route("/email-preferences", get(mail))
}

/// What mail programs post to from wherever they are: it acts on no cookie, so it stands
/// outside what keeps forms of other sites away.
pub(crate) fn one_click() -> Router<App> {
    Router::new()
        .route(
            "/unsubscribe/{link}",
            get(unsubscribe::show).post(unsubscribe::unsubscribe),
        )
        .layer(DefaultBodyLimit::max(ONE_CLICK_LIMIT))
}

/// Said now, on a page of ours, in English.
fn said(app: &App, how: How, source: &str, wording: &str) -> Said {
    Said {
        at: app.now(),
        how,
        source: source.to_owned(),
        wording: wording.to_owned(),
        locale: "en".to_owned(),
        by: String::new(),
    }
}

/// Where on the page the choice stands that governs what a rule said of a message; none where
/// no choice does.
pub(crate) fn choice_href(
    rule: Rule,
    channel: Channel,
    content: &MessageContent,
    catalogue: &Catalogue,
) -> Option<String> {
    let place = match rule {
        Rule::Preference => {
            let entry = catalogue.get(&content.message_type);
            let topic = entry.map_or("", |entry| entry.topic.as_str());
            format!("choice-{}", form::name_of(content.category, topic))
        }
        Rule::Consent if content.purpose == PurposeClass::Marketing => "offers".to_owned(),
        Rule::Consent => "allowed".to_owned(),
        Rule::QuietHours => "quiet".to_owned(),
        Rule::Contact => "reach".to_owned(),
        Rule::Suppression => "whole".to_owned(),
        _ => return None,
    };
    Some(format!("{PATH}?tab={}#{place}", tab_of(channel)))
}

/// The language of a locale: `pt` of `pt-BR`.
fn language_of(locale: &str) -> &str {
    locale.split('-').next().unwrap_or(locale)
}

/// A topic of a marketplace's own, as people write it.
fn plain(topic: &str) -> String {
    topic.replace('_', " ")
}
