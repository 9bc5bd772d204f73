//! The page on which words are edited: the texts, what is wrong in them, and what would be
//! sent. Without JavaScript a button shows it anew; with it, the page does so as one types.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use model::{Draft, Permission};
use pipeline::catalogue::{Catalogue, Texts};
use serde::Deserialize;

use super::diff::{Piece, Row};
use super::view::{Asked, Excepted, Work, serving, work};
use super::{Names, Sent};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{ErrorKind, Page, html};

/// The page shows a mail inside of it, whose styles stand in its elements. Otherwise as any
/// page: scripts of this server only, and nothing is fetched from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
    frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types app";

/// What became of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Saved,
    Discarded,
    Published,
    /// Nothing differs from what serves.
    Nothing,
    /// There is no note, or it is too long.
    Note,
    /// The words do not pass.
    Wrong,
    /// Somebody published in between.
    Stale,
    /// Somebody saved another draft in between.
    DraftStale,
    /// There are characters or texts that cannot be kept.
    Unfit,
}

impl Notice {
    fn done(word: &str) -> Option<Self> {
        match word {
            "saved" => Some(Self::Saved),
            "discarded" => Some(Self::Discarded),
            "published" => Some(Self::Published),
            "nothing" => Some(Self::Nothing),
            _ => None,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Saved | Self::Discarded | Self::Published | Self::Nothing => StatusCode::OK,
            Self::Stale | Self::DraftStale => StatusCode::CONFLICT,
            Self::Note | Self::Wrong | Self::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// Whether all is as it was asked for.
    fn is_good(&self) -> bool {
        self.status() == StatusCode::OK
    }
}

/// A draft that is kept.
struct Kept {
    who: Option<String>,
    at: Moment,
}

/// What was published last.
struct Latest {
    number: u64,
    who: Option<String>,
    at: Moment,
    note: String,
}

#[derive(Template)]
#[template(path = "console/desk_edit.html")]
struct EditPage {
    page: Page,
    frame: Frame,
    work: Work,
    may_edit: bool,
    may_override: bool,
    notice: Option<Notice>,
    kept: Option<Kept>,
    latest: Option<Latest>,
    /// The draft was begun before the last edition.
    overtaken: bool,
    last: u64,
    draft: i64,
    note: String,
    /// What keeps the published words from serving.
    rests: Vec<String>,
}

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    locale: String,
    sample: String,
    done: String,
}

/// `GET /console/catalogue/{type}/edit`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(asked): Query<Wanted>,
) -> Result<Response, PageError> {
    let locale = match asked.locale.as_str() {
        "" => super::super::FALLBACK,
        locale => locale,
    };
    let not_found = || PageError::Shown(ErrorKind::NotFound);
    let catalogue = app.pipeline().catalogue();
    let (mut texts, _) = serving(&catalogue, &name, locale).ok_or_else(not_found)?;
    let draft = app.store().draft(name.clone(), locale.to_owned()).await?;
    if let Some(draft) = &draft {
        let kept = draft.texts.iter();
        let known = kept.filter(|(key, _)| texts.contains_key(*key));
        let known: Vec<_> = known.map(|(k, t)| (k.clone(), t.clone())).collect();
        texts.extend(known);
    }
    let last = app.pipeline().desk().last_of(&name);
    let sent = Sent {
        locale: locale.to_owned(),
        sample: asked.sample,
        last,
        draft: draft.as_ref().map_or(0, |draft| draft.version),
        ..Sent::default()
    };
    let notice = Notice::done(&asked.done);
    with(&app, &visitor, &name, (sent, texts), notice).await
}

/// The page with texts, whoever wrote them.
pub(super) async fn with(
    app: &App,
    visitor: &Visitor,
    name: &str,
    (mut sent, texts): (Sent, Texts),
    notice: Option<Notice>,
) -> Result<Response, PageError> {
    let not_found = || PageError::Shown(ErrorKind::NotFound);
    let kept = app
        .store()
        .draft(name.to_owned(), sent.locale.clone())
        .await?;
    let newest = app.store().editions_of(name.to_owned(), None, 1).await?;
    let catalogue = app.pipeline().catalogue();
    let (now, _) = serving(&catalogue, name, &sent.locale).ok_or_else(not_found)?;
    let theirs = match (notice, &kept) {
        (Some(Notice::Stale), _) => Some(now),
        (Some(Notice::DraftStale), Some(kept)) => {
            let mut theirs = now;
            theirs.extend(kept.texts.clone());
            Some(theirs)
        }
        _ => None,
    };
    // Who has been shown what others did may go on.
    match notice {
        Some(Notice::Stale) => sent.last = newest.first().map_or(0, |edition| edition.number),
        Some(Notice::DraftStale) => sent.draft = kept.as_ref().map_or(0, |kept| kept.version),
        _ => {}
    }
    let excepted = excepted(app, &catalogue, name).await?;
    let (computes, locale, sample) = (app.clone(), sent.locale.clone(), sent.sample.clone());
    let of = name.to_owned();
    let made = tokio::task::spawn_blocking(move || {
        let asked = Asked {
            name: &of,
            locale: &locale,
            sample: &sample,
            texts,
            theirs,
            excepted,
        };
        work(&computes, asked)
    });
    let made = made
        .await
        .map_err(|_| PageError::Shown(ErrorKind::Broken))?;
    let work = made.ok_or_else(not_found)?;
    let (names, clock) = (Names::load(app).await?, UtcClock::new(app.now()));
    let last = newest.first().map_or(0, |edition| edition.number);
    let begun_before = |draft: &Draft| draft.based_on < last;
    let rests = catalogue.desk_faults_of(name).iter();
    let shown = EditPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Catalogue),
        may_edit: visitor.may(Permission::EditTemplates),
        may_override: visitor.may(Permission::OverrideGuard),
        overtaken: kept.as_ref().is_some_and(begun_before),
        kept: kept.map(|draft| Kept {
            who: names.of(draft.who),
            at: clock.minute(draft.at),
        }),
        latest: newest.into_iter().next().map(|edition| Latest {
            number: edition.number,
            who: names.of(edition.who),
            at: clock.minute(edition.at),
            note: edition.note,
        }),
        last: sent.last,
        draft: sent.draft,
        note: sent.note,
        rests: rests.map(ToString::to_string).collect(),
        notice,
        work,
    };
    let status = notice.map_or(StatusCode::OK, Notice::status);
    let mut response = html(status, &shown);
    let policy = HeaderValue::from_static(POLICY);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// What was agreed to for the version that serves.
async fn excepted(
    app: &App,
    catalogue: &Catalogue,
    name: &str,
) -> Result<Vec<Excepted>, PageError> {
    let serves = catalogue.get(name).map(|entry| entry.version);
    let agreed = app.store().agreed_exceptions().await?;
    let own = agreed
        .into_iter()
        .filter(|one| one.message_type == name && Some(one.template_version) == serves);
    let shown = own.map(|one| Excepted {
        rule: one.rule,
        number: one.number,
    });
    Ok(shown.collect())
}
