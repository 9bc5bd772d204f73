//! The gallery: every message type, as its first sample reads.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Category, Channel, Lane, PurposeClass};
use pipeline::catalogue::{Catalogue, MessageType, Written};
use pipeline::render::{Brand, Short};

use super::{Asked, LocaleChoice, href, locale_choices};
use crate::App;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::view::icon_of;
use crate::page::{Page, html};

/// One message type.
struct Tile {
    name: String,
    href: String,
    icon: &'static str,
    purpose: PurposeClass,
    lane: Lane,
    channels: Vec<Channel>,
    written: Written,
    discreet: bool,
    /// Words of the desk lie over its files.
    edited: bool,
    /// They do not serve.
    rests: bool,
    drafts: usize,
    /// What its sample says, or why it says nothing.
    says: Result<Says, String>,
}

struct Says {
    title: String,
    summary: String,
    text: String,
    lang: String,
    dir: &'static str,
}

/// The types of one category.
struct Group {
    category: Category,
    tiles: Vec<Tile>,
}

#[derive(Template)]
#[template(path = "console/catalogue.html")]
struct GalleryPage {
    page: Page,
    frame: Frame,
    locales: Vec<LocaleChoice>,
    q: String,
    filtered: bool,
    /// All there are, and those shown.
    all: usize,
    shown: usize,
    groups: Vec<Group>,
    show_all: String,
}

/// `GET /console/catalogue`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let catalogue = app.pipeline().catalogue();
    let locale = asked.locale(&catalogue);
    let words = asked.words();
    let drafts = app.store().drafts().await?;
    let desk = app.pipeline().desk();
    let mut groups: Vec<Group> = Vec::new();
    for category in Category::ALL {
        let of_category = catalogue
            .types()
            .filter(|entry| entry.category == *category)
            .map(|entry| {
                let mut tile = tile(&catalogue, app.pipeline().brand(), entry, locale);
                let own = drafts.iter().filter(|d| d.message_type == entry.name);
                tile.drafts = own.count();
                tile.edited = desk.texts_of(&entry.name).is_some();
                tile
            });
        let tiles: Vec<Tile> = of_category.filter(|tile| tile.has(&words)).collect();
        if !tiles.is_empty() {
            let category = *category;
            groups.push(Group { category, tiles });
        }
    }
    let show_all = match locale {
        super::FALLBACK => "/console/catalogue".to_owned(),
        // A tag of letters, digits and dashes, from a file's name.
        locale => format!("/console/catalogue?locale={locale}"),
    };
    let shown = GalleryPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Catalogue),
        locales: locale_choices(&catalogue, locale),
        q: words.join(" "),
        filtered: !words.is_empty(),
        all: catalogue.types().count(),
        shown: groups.iter().map(|group| group.tiles.len()).sum(),
        groups,
        show_all,
    };
    Ok(html(StatusCode::OK, &shown))
}

fn tile(catalogue: &Catalogue, brand: &Brand, entry: &MessageType, locale: &str) -> Tile {
    let says = match catalogue.samples(&entry.name).first() {
        Some(sample) => Short::of_sample(catalogue, brand, (entry, sample), locale)
            .map(|made| {
                let text = made.text();
                Says {
                    title: made.content.title,
                    summary: made.content.summary,
                    text,
                    dir: catalogue.direction(&made.content.locale),
                    lang: made.content.locale,
                }
            })
            .map_err(|error| error.to_string()),
        None => Err("there is no sample".to_owned()),
    };
    Tile {
        name: entry.name.clone(),
        href: href(&entry.name, "", locale, ""),
        icon: icon_of(&entry.name, entry.category),
        purpose: entry.purpose,
        lane: entry.lane,
        channels: entry.channels.clone(),
        written: entry.written,
        discreet: entry.sensitive,
        edited: false,
        rests: !catalogue.desk_faults_of(&entry.name).is_empty(),
        drafts: 0,
        says,
    }
}

impl Tile {
    /// Whether each word is somewhere in its name, its short texts or its badges.
    fn has(&self, words: &[String]) -> bool {
        if words.is_empty() {
            return true;
        }
        let mut all = format!("{} {} {}", self.name, self.purpose, self.lane);
        if let Ok(says) = &self.says {
            for part in [&says.title, &says.summary, &says.text] {
                all.push(' ');
                all.push_str(part);
            }
        }
        let all = all.to_lowercase();
        words.iter().all(|word| all.contains(word.as_str()))
    }
}
