//! One message type: all it says in a locale, with a sample, and what it is made of.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Category, Channel, Draft, Mode, Permission};
use pipeline::catalogue::{Catalogue, MessageType, Place, Sample};
use pipeline::costs::TextRoute;
use pipeline::render::{self, Brand, Card, MailBody, RenderError, Short, TextCost};

use super::desk::{Names, under};
use super::script::Script;
use super::{Asked, LocaleChoice, href, locale_choices};
use crate::App;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::view::{Step, icon_of, steps_of};
use crate::page::{ErrorKind, Page, html};

/// So many expensive characters are named; more are counted.
const NAMED: usize = 6;

/// A text as a phone shows it, and what it takes.
pub(super) struct Text {
    pub text: String,
    pub cost: TextCost,
    /// Each with its code point.
    pub expensive: Vec<(char, String)>,
    pub more: usize,
    /// The one alphabet that most of its letters are of, where that says it shorter.
    pub script: Option<Script>,
}

impl Text {
    pub fn of(text: String, route: TextRoute) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let cost = TextCost::of(&text, route);
        let named = cost.expensive.iter().take(NAMED);
        Some(Self {
            expensive: named
                .map(|c| (*c, format!("U+{:04X}", u32::from(*c))))
                .collect(),
            more: cost.expensive.len().saturating_sub(NAMED),
            script: Script::of_most(&text),
            cost,
            text,
        })
    }
}

/// The texts and the subject that do not say what it is about.
pub(super) struct Discreet {
    pub text: Option<Text>,
    pub subject: String,
}

/// Everything that one sample says in one locale.
pub(super) struct Preview {
    pub lang: String,
    pub dir: &'static str,
    pub sender: String,
    pub title: String,
    pub summary: String,
    pub text: Option<Text>,
    pub card: Card,
    pub steps: Vec<Step>,
    pub mail: Option<MailBody>,
    /// What a lock screen shows.
    pub lock: (String, String),
    /// It is discreet as it is.
    pub is_discreet: bool,
    pub discreet: Option<Discreet>,
}

/// The short texts in one locale.
struct Line {
    tag: String,
    base: String,
    href: String,
    chosen: bool,
    dir: &'static str,
    title: String,
    text: Option<Text>,
}

/// A sample to choose.
pub(super) struct SampleChoice {
    pub name: String,
    pub chosen: bool,
}

#[derive(Template)]
#[template(path = "console/catalogue_one.html")]
struct TypePage {
    page: Page,
    frame: Frame,
    entry: MessageType,
    category: Category,
    icon: &'static str,
    back: String,
    here: String,
    locales: Vec<LocaleChoice>,
    samples: Vec<SampleChoice>,
    /// The locale that was asked for.
    locale: String,
    preview: Result<Preview, String>,
    mail_href: String,
    lines: Vec<Line>,
    places: Vec<Place>,
    sample_json: String,
    superseded_by: Vec<String>,
    may_edit: bool,
    edit_href: String,
    history_href: String,
    /// Words of the desk lie over its files.
    edited: bool,
    /// What keeps them from serving.
    rests: Vec<String>,
    drafts: Vec<DraftLink>,
}

/// Words that somebody is at work on.
struct DraftLink {
    base: String,
    href: String,
    who: Option<String>,
}

async fn drafts(app: &App, name: &str) -> Result<Vec<DraftLink>, PageError> {
    let mut drafts = app.store().drafts().await?;
    drafts.retain(|draft| draft.message_type == name);
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let names = Names::load(app).await?;
    let link = |draft: Draft| DraftLink {
        base: draft
            .locale
            .split('-')
            .next()
            .unwrap_or_default()
            .to_owned(),
        href: under(name, "edit", &[("locale", &draft.locale)]),
        who: names.of(draft.who),
    };
    Ok(drafts.into_iter().map(link).collect())
}

/// `GET /console/catalogue/{type}`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let not_found = || PageError::Shown(ErrorKind::NotFound);
    let (catalogue, brand) = (app.pipeline().catalogue(), app.pipeline().brand());
    let entry = catalogue.get(&name).ok_or_else(not_found)?;
    let sample = asked.sample(&catalogue, entry).ok_or_else(not_found)?;
    let locale = asked.locale(&catalogue);
    let route = app.pipeline().limits().costs.text_route(Mode::Live);
    let data = catalogue.sample_data(sample, &brand.domain);
    let rests = catalogue.desk_faults_of(&entry.name).iter();
    let others = catalogue.types();
    let newer = others.filter(|other| other.supersedes.contains(&entry.name));
    let shown = TypePage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Catalogue),
        category: entry.category,
        icon: icon_of(&entry.name, entry.category),
        back: match locale {
            super::FALLBACK => "/console/catalogue".to_owned(),
            locale => format!("/console/catalogue?locale={locale}"),
        },
        here: href(&entry.name, "", super::FALLBACK, ""),
        locales: locale_choices(&catalogue, locale),
        samples: sample_choices(&catalogue, entry, sample),
        locale: locale.to_owned(),
        preview: preview(&catalogue, brand, (entry, sample), locale, route)
            .map_err(|error| error.to_string()),
        mail_href: href(&entry.name, "/mail", locale, &sample.name),
        lines: lines(&catalogue, brand, (entry, sample), locale, route),
        places: entry.places(),
        sample_json: serde_json::to_string_pretty(&data).unwrap_or_default(),
        may_edit: visitor.may(Permission::EditTemplates),
        edit_href: under(
            &entry.name,
            "edit",
            &[("locale", locale), ("sample", &sample.name)],
        ),
        history_href: under(&entry.name, "history", &[]),
        edited: app.pipeline().desk().texts_of(&entry.name).is_some(),
        rests: rests.map(ToString::to_string).collect(),
        drafts: drafts(&app, &name).await?,
        superseded_by: newer.map(|other| other.name.clone()).collect(),
        entry: entry.clone(),
    };
    Ok(html(StatusCode::OK, &shown))
}

pub(super) fn sample_choices(
    catalogue: &Catalogue,
    entry: &MessageType,
    chosen: &Sample,
) -> Vec<SampleChoice> {
    let choice = |sample: &Sample| SampleChoice {
        name: sample.name.clone(),
        chosen: sample.name == chosen.name,
    };
    catalogue.samples(&entry.name).iter().map(choice).collect()
}

pub(super) fn preview(
    catalogue: &Catalogue,
    brand: &Brand,
    (entry, sample): (&MessageType, &Sample),
    locale: &str,
    route: TextRoute,
) -> Result<Preview, RenderError> {
    let made = Short::of_sample(catalogue, brand, (entry, sample), locale)?;
    let is_discreet = made.is_discreet();
    let card = render::card(catalogue, &made.content)?;
    let mail = match entry.takes(Channel::Email) {
        true => Some(render::mail(catalogue, brand, &made.content)?),
        false => None,
    };
    let quiet = format!("discreet.title.{}", entry.category);
    let quiet = catalogue.word(&made.content.locale, &quiet).to_owned();
    let discreet = match is_discreet {
        true => None,
        false => Short::of_sensitive_sample(catalogue, brand, (entry, sample), locale)?,
    };
    let discreet = discreet.map(|made| Discreet {
        text: Text::of(made.text(), route),
        subject: quiet.clone(),
    });
    let text = Text::of(made.text(), route);
    let content = made.content;
    Ok(Preview {
        dir: catalogue.direction(&content.locale),
        lang: content.locale,
        sender: content.sender,
        lock: match is_discreet {
            true => (quiet, String::new()),
            false => (content.title.clone(), content.summary.clone()),
        },
        title: content.title,
        summary: content.summary,
        text,
        steps: steps_of(&card),
        card,
        mail,
        is_discreet,
        discreet,
    })
}

/// The short texts in every locale the type is written in.
fn lines(
    catalogue: &Catalogue,
    brand: &Brand,
    (entry, sample): (&MessageType, &Sample),
    chosen: &str,
    route: TextRoute,
) -> Vec<Line> {
    let line = |choice: LocaleChoice| {
        let made = Short::of_sample(catalogue, brand, (entry, sample), &choice.tag).ok()?;
        Some(Line {
            href: href(&entry.name, "", &choice.tag, &sample.name),
            chosen: choice.tag == chosen,
            dir: catalogue.direction(&choice.tag),
            text: Text::of(made.text(), route),
            title: made.content.title,
            tag: choice.tag,
            base: choice.base,
        })
    };
    let written = |choice: &LocaleChoice| entry.locales().any(|own| own == choice.tag);
    let all = locale_choices(catalogue, chosen).into_iter();
    all.filter(written).filter_map(line).collect()
}
