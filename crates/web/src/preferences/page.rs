//! `/preferences`: the page with all choices, for who is signed in or came by a link.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, Query as UrlQuery, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use model::{Channel, ContactPoint, Facts, How, RecipientId};
use pipeline::choices::{ChannelState, Choice, ChooseError};
use serde::Deserialize;

use super::form::Unreadable;
use super::link::{Gone, Use};
use super::view::{GonePage, Halt, Outcome, PreferencesPage, Quiet, groups, zones};
use super::{PATH, contacts, form, said};
use crate::App;
use crate::message_center::signed_in::{PageError, SignedIn, frame};
use crate::page::{ErrorKind, Page, Place, html};

/// The words of the page, as the ledger of consents names them: a new number with every
/// change of what a tick means.
const WORDING: &str = "preferences/1";

/// Which tab.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    tab: String,
}

impl Asked {
    /// The channel it names, or the first there is.
    fn channel(&self, app: &App) -> Channel {
        let channels = &app.config().channels;
        let named = channels.iter().find(|there| tab_of(**there) == self.tab);
        *named.or(channels.first()).unwrap_or(&Channel::Email)
    }
}

/// The name of a channel's tab in addresses.
pub(crate) const fn tab_of(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "texts",
        Channel::Email => "email",
    }
}

type Fields = Form<Vec<(String, String)>>;

/// Who looks, and how they came.
struct Visit {
    page: Page,
    facts: Facts,
    base: String,
    by_link: bool,
}

/// `GET /preferences`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(asked): UrlQuery<Asked>,
) -> Result<Response, PageError> {
    let visit = Visit::signed_in(&app, &viewer).await?;
    visit
        .answer(&app, asked.channel(&app), Outcome::Asked)
        .await
}

/// `POST /preferences`
pub(crate) async fn save(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(asked): UrlQuery<Asked>,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let visit = Visit::signed_in(&app, &viewer).await?;
    visit.save(&app, asked.channel(&app), fields).await
}

/// `GET /preferences/{link}`
pub(crate) async fn show_linked(
    State(app): State<App>,
    Path(link): Path<String>,
    UrlQuery(asked): UrlQuery<Asked>,
) -> Result<Response, PageError> {
    match Visit::linked(&app, &link).await? {
        Ok(visit) => {
            visit
                .answer(&app, asked.channel(&app), Outcome::Asked)
                .await
        }
        Err(gone) => Ok(leads_nowhere(&app, gone)),
    }
}

/// `POST /preferences/{link}`
pub(crate) async fn save_linked(
    State(app): State<App>,
    Path(link): Path<String>,
    UrlQuery(asked): UrlQuery<Asked>,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    match Visit::linked(&app, &link).await? {
        Ok(visit) => visit.save(&app, asked.channel(&app), fields).await,
        Err(gone) => Ok(leads_nowhere(&app, gone)),
    }
}

impl Visit {
    async fn signed_in(app: &App, viewer: &SignedIn) -> Result<Self, PageError> {
        let counts = app.store().unread_counts(viewer.recipient()).await?;
        Ok(Self {
            page: viewer.page(app, Place::Account, counts.total),
            facts: viewer.0.facts().clone(),
            base: PATH.to_owned(),
            by_link: false,
        })
    }

    async fn linked(app: &App, text: &str) -> Result<Result<Self, Gone>, PageError> {
        let recipient = match app.links().open(text, app.now()) {
            Ok(link) if link.for_what == Use::Choices => link.recipient,
            Ok(_) => return Ok(Err(Gone::Wrong)),
            Err(gone) => return Ok(Err(gone)),
        };
        let visit = facts(app, recipient).await?.map(|facts| Self {
            page: frame(app, Place::Elsewhere),
            facts,
            base: format!("{PATH}/{text}"),
            by_link: true,
        });
        Ok(visit.ok_or(Gone::Wrong))
    }

    async fn save(
        mut self,
        app: &App,
        channel: Channel,
        fields: Vec<(String, String)>,
    ) -> Result<Response, PageError> {
        let choice = match form::read(fields, channel) {
            Ok(choice) => choice,
            Err(unreadable) => {
                let outcome = match unreadable {
                    Unreadable::Foreign => Outcome::Unreadable,
                    Unreadable::Hours => Outcome::NoHours,
                };
                return self.answer(app, channel, outcome).await;
            }
        };
        if self.by_link && starts_texts(&choice) {
            return self.answer(app, channel, Outcome::Refused).await;
        }
        let source = match self.by_link {
            true => "preference link",
            false => "preference page",
        };
        let said = said(app, How::Page, source, WORDING);
        let recipient = self.facts.recipient;
        let outcome = match app.pipeline().choose(recipient, &choice, &said).await {
            Ok(chosen) => Outcome::Saved(chosen.changed),
            Err(ChooseError::Faulty(_) | ChooseError::Overtaken) => Outcome::Refused,
            Err(ChooseError::Unknown) => return Err(PageError::Shown(ErrorKind::NotFound)),
            Err(ChooseError::Store(error)) => return Err(error.into()),
        };
        let now = facts(app, recipient).await?;
        self.facts = now.ok_or(PageError::Shown(ErrorKind::NotFound))?;
        self.answer(app, channel, outcome).await
    }

    async fn answer(
        self,
        app: &App,
        channel: Channel,
        outcome: Outcome,
    ) -> Result<Response, PageError> {
        let (facts, pipeline) = (&self.facts, app.pipeline());
        let customer = &facts.customer;
        let estimate = match channel {
            _ if customer.contact(channel).is_none() => None,
            Channel::Sms => Some(pipeline.texts_estimate(facts, None).await?),
            Channel::Email => Some(pipeline.mails_estimate(facts).await?),
        };
        let estimated = estimate.iter().flat_map(|all| &all.by_category);
        let texts: BTreeMap<_, _> = estimated.map(|(of, texts)| (*of, texts.texts)).collect();
        let a_month = estimate.as_ref().map(|all| all.texts);
        let more = estimate.filter(|all| all.parts > all.texts);
        let reaches_mail = Halt::of(facts, Channel::Email, app.now()) == Halt::No;
        let status = match outcome {
            Outcome::Asked | Outcome::Saved(_) => StatusCode::OK,
            Outcome::Unreadable => StatusCode::BAD_REQUEST,
            Outcome::NoHours | Outcome::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let (catalogue, channels) = (pipeline.catalogue(), &app.config().channels);
        let halt = Halt::of(facts, channel, app.now());
        let page = PreferencesPage {
            groups: groups(pipeline, facts, (channel, app.now()), &texts),
            contact: customer.contact(channel).map(ContactPoint::masked),
            reach: contacts::section(app, facts, self.by_link).await?,
            can_start: halt == Halt::No && !(self.by_link && channel == Channel::Sms),
            halt,
            state: ChannelState::of(customer, channel, app.now()),
            languages: with(catalogue.locales(), &customer.locale),
            locale: customer.locale.clone(),
            zones: with(zones().iter().map(String::as_str), &customer.time_zone),
            zone: customer.time_zone.clone(),
            page: self.page,
            base: self.base,
            by_link: self.by_link,
            tabs: channels
                .iter()
                .map(|there| (*there, tab_of(*there)))
                .collect(),
            tab: tab_of(channel),
            parts: more.map(|all| all.parts),
            free_instead: channels.contains(&Channel::Email) && reaches_mail,
            quiet: Quiet::of(facts),
            channel,
            outcome,
            a_month,
        };
        let shown = html(status, &page);
        Ok(match page.by_link {
            true => keep_to_itself(shown),
            false => shown,
        })
    }
}

/// Whether a choice begins something by text. A link proves whose mailbox it was sent to, and
/// not whose phone it is: it stops texts and starts none.
fn starts_texts(choice: &Choice) -> bool {
    let Choice::Form(form) = choice else {
        return false;
    };
    let mut texts = form.channels.iter().filter(|c| c.channel == Channel::Sms);
    texts.any(|chosen| chosen.allowed == Some(true) || chosen.offers == Some(true))
}

/// A list, and the present value in front where it is not in it.
fn with<'a>(list: impl Iterator<Item = &'a str>, present: &str) -> Vec<String> {
    let mut all: Vec<String> = list.map(str::to_owned).collect();
    if !all.iter().any(|known| known == present) {
        all.insert(0, present.to_owned());
    }
    all
}

async fn facts(app: &App, recipient: RecipientId) -> Result<Option<Facts>, PageError> {
    let found = app.store().facts_of(vec![recipient]).await?;
    Ok(found.into_iter().flatten().next())
}

/// The answer to a link that is not right.
pub(super) fn leads_nowhere(app: &App, gone: Gone) -> Response {
    let status = match gone {
        Gone::Wrong => StatusCode::NOT_FOUND,
        Gone::Expired => StatusCode::GONE,
    };
    let page = GonePage {
        page: frame(app, Place::Elsewhere),
        expired: gone == Gone::Expired,
    };
    keep_to_itself(html(status, &page))
}

/// The address of the page is a key: no other page and no search engine learns it.
pub(super) fn keep_to_itself(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    );
    response
}
