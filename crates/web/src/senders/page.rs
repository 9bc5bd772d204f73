//! The page for people: what we promise, who may write for us, and "is this one of yours?".

use askama::Template;
use axum::extract::{Query as UrlQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use model::{Instant, Span};
use pipeline::senders::{self, Country, Identity, Kind, LookedUp, Standing, What};
use serde::Deserialize;

use super::document;
use crate::App;
use crate::message_center::signed_in::{MaybeSignedIn, PageError};
use crate::page::{Page, Place, html};

/// What is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    sender: String,
}

#[derive(Template)]
#[template(path = "pages/senders.html")]
pub(crate) struct SendersPage {
    page: Page,
    issuer: String,
    /// Where a person answers, as a link.
    support: String,
    asked: String,
    answer: Option<Answer>,
    /// It is longer than anything that could be ours.
    too_long: bool,
    /// Of the promises: their language, and whether it runs from right to left.
    locale: String,
    right_to_left: bool,
    promises: Vec<String>,
    kinds: Vec<KindView>,
    key_id: String,
}

/// What is said to "is this one of yours?".
pub(crate) struct Answer {
    what: What,
    wanted: String,
    standing: Option<Standing>,
    /// The day it ended or begins.
    day: String,
    found: Option<SenderView>,
    /// It had characters that nobody sees.
    hidden: bool,
}

/// Identities of one kind.
pub(crate) struct KindView {
    kind: Kind,
    senders: Vec<SenderView>,
}

/// One identity.
pub(crate) struct SenderView {
    kind: Kind,
    value: String,
    countries: Vec<Country>,
    from: Option<String>,
    until: Option<String>,
    standing: Standing,
    about: String,
}

/// `GET /senders`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: MaybeSignedIn,
    UrlQuery(asked): UrlQuery<Asked>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let page = viewer.page(&app, Place::Elsewhere).await?;
    let now = app.now();
    let pipeline = app.pipeline();
    let registry = pipeline.senders();
    let guard = pipeline.guard();
    let promises = guard.promises().list();
    let wanted = headers.get(header::ACCEPT_LANGUAGE);
    let wanted = wanted.and_then(|wanted| wanted.to_str().ok()).unwrap_or("");
    let known = promises.iter().flat_map(|promise| promise.words.keys());
    let locale = language(wanted, known.map(String::as_str));
    let kinds = Kind::ALL.into_iter().map(|kind| KindView {
        kind,
        senders: registry
            .listed(now)
            .filter(|identity| identity.kind == kind)
            .map(|identity| view(identity, now))
            .collect(),
    });
    let looked_up = registry.look_up(&asked.sender, now);
    let shown = SendersPage {
        page,
        issuer: app.config().public_url.clone(),
        support: match pipeline.brand().support.as_str() {
            address if address.contains("://") => address.to_owned(),
            mail => format!("mailto:{mail}"),
        },
        too_long: looked_up == senders::Asked::TooLong,
        answer: match looked_up {
            senders::Asked::For(looked_up) => Some(answer(&looked_up, now)),
            _ => None,
        },
        // A character that turns text around would turn the field around too.
        asked: senders::without_hidden(&asked.sender)
            .chars()
            .take(500)
            .collect(),
        right_to_left: locale.starts_with("ar"),
        promises: promises
            .iter()
            .map(|promise| document::words(pipeline, promise, locale, now))
            .collect(),
        locale: locale.to_owned(),
        kinds: kinds.filter(|kind| !kind.senders.is_empty()).collect(),
        key_id: app.publisher().signer.key_id().to_owned(),
    };
    let mut response = html(StatusCode::OK, &shown);
    response.headers_mut().insert(
        header::VARY,
        HeaderValue::from_static("Cookie, Accept-Language"),
    );
    Ok(response)
}

fn answer(looked_up: &LookedUp, now: Instant) -> Answer {
    let found = looked_up.found.first();
    let found = found.map(|(identity, _)| view(identity, now));
    let day = found.as_ref().and_then(|found| match found.standing {
        Standing::Ended => found.until.clone(),
        Standing::Ahead => found.from.clone(),
        Standing::Ours => None,
    });
    Answer {
        what: looked_up.what,
        // A name is shown as it is written in the registry.
        wanted: match (&found, looked_up.what) {
            (Some(found), What::Name) => found.value.clone(),
            _ => looked_up.wanted.clone(),
        },
        hidden: looked_up.hidden,
        standing: looked_up.standing(),
        day: day.unwrap_or_default(),
        found,
    }
}

fn view(identity: &Identity, now: Instant) -> SenderView {
    let day = |at: Instant| at.to_timestamp().strftime("%-d %B %Y").to_string();
    SenderView {
        kind: identity.kind,
        value: identity.value.clone(),
        countries: identity.countries.clone(),
        from: identity.from.map(day),
        // It is no longer ours at that moment: the last day is the one before.
        until: identity.until.map(|until| day(until - Span::millis(1))),
        standing: identity.standing(now),
        about: identity.about.clone(),
    }
}

/// The language a browser asks for (RFC 9110 §12.5.4), of those there are; English where
/// there is none of them.
fn language<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> &'a str {
    let known: Vec<&str> = known.collect();
    let mut ranges: Vec<(i32, &str)> = wanted
        .split(',')
        .take(20)
        .filter_map(|part| {
            let (tag, weight) = part.split_once(';').unwrap_or((part, ""));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            let weight: f32 = weight.parse().ok()?;
            #[expect(clippy::cast_possible_truncation, reason = "three digits at most")]
            let weight = (weight.clamp(0.0, 1.0) * 1_000.0) as i32;
            (weight > 0).then_some((-weight, tag.trim()))
        })
        .collect();
    ranges.sort_by_key(|(weight, _)| *weight);
    let main = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
    let find = |tag: &str| {
        let same = known.iter().find(|known| known.eq_ignore_ascii_case(tag));
        same.or_else(|| known.iter().find(|known| main(known) == main(tag)))
    };
    let found = ranges.iter().find_map(|(_, tag)| find(tag));
    found.copied().unwrap_or("en")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_asked_for() {
        let known = ["ar", "de", "en", "es", "fr", "ja", "pt-BR"];
        for (wanted, expected) in [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("pt-PT", "pt-BR"),
            ("nl, fr;q=0.5, ja;q=0.7", "ja"),
            ("es;q=0, ar;q=0.1", "ar"),
            ("*", "en"),
            ("xx;q=nan,;;,=", "en"),
        ] {
            assert_eq!(language(wanted, known.into_iter()), expected, "{wanted}");
        }
    }
}
