//! What the templates of the preference centre read. Values only.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use askama::Template;
use model::{Category, Channel, Facts};
use pipeline::Pipeline;
use pipeline::choices::{Change, ChannelState, Row, wanted};
use pipeline::render::Short;

use super::form::{name_of, word_of};
use crate::message_center::view::icon_of;
use crate::page::Page;

#[derive(Template)]
#[template(path = "pages/preferences.html")]
pub(super) struct PreferencesPage {
    pub page: Page,
    /// Where the form goes and the tabs lead.
    pub base: String,
    /// Whether a link led here: then nobody is signed in.
    pub by_link: bool,
    pub channel: Channel,
    /// As the address names it.
    pub tab: &'static str,
    pub outcome: Outcome,
    /// Where this channel reaches them.
    pub contact: Option<String>,
    pub halt: Halt,
    /// Whether it may be begun from here.
    pub can_start: bool,
    pub state: ChannelState,
    /// About so many texts a month in all, by the present choices.
    pub a_month: Option<u32>,
    pub groups: Vec<Group>,
    pub locale: String,
    pub languages: Vec<String>,
    pub zone: String,
    pub zones: Vec<String>,
    /// Where we reach them: a section that is written already.
    pub reach: String,
}

/// The page of a link that leads nowhere.
#[derive(Template)]
#[template(path = "pages/preferences_gone.html")]
pub(super) struct GonePage {
    pub page: Page,
    pub expired: bool,
}

/// The page behind the "unsubscribe" of a mail.
#[derive(Template)]
#[template(path = "pages/unsubscribe.html")]
pub(super) struct UnsubscribePage {
    pub page: Page,
    /// Where the button posts to; `None` once it is done.
    pub action: Option<String>,
    pub category: Category,
    pub topic: String,
    /// Whether the topic itself can end, or only offers.
    pub ends_topic: bool,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// None was sent.
    Asked,
    /// It was done; what changed by it.
    Saved(Vec<Change>),
    /// It was no form of ours.
    Unreadable,
    /// It could not be done.
    Refused,
}

/// Why nothing goes to the address at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// It does.
    No,
    /// There is none.
    NoAddress,
    /// Whoever has it said stop from there.
    Stopped,
    /// It is suppressed for another reason.
    Suppressed,
}

impl Halt {
    pub(super) fn of(facts: &Facts, channel: Channel) -> Self {
        match (facts.customer.contact(channel), facts.suppression(channel)) {
            (None, _) => Self::NoAddress,
            (_, Some("keyword_stop" | "free_words_stop")) => Self::Stopped,
            (_, Some(_)) => Self::Suppressed,
            _ => Self::No,
        }
    }
}

/// A category with its topics on a channel.
pub(super) struct Group {
    pub category: Category,
    pub icon: &'static str,
    /// About so many texts a month.
    pub texts: u32,
    pub lines: Vec<Line>,
    /// So many topics have a switch.
    pub switches: usize,
    /// Whether one of those is on.
    pub some_on: bool,
}

/// A topic.
pub(super) struct Line {
    pub topic: String,
    /// `orders.delivery`
    pub name: String,
    /// `each`, `urgent` or `off`.
    pub wanted: &'static str,
    pub always_on: bool,
    pub can_be_urgent: bool,
    pub marketing: bool,
    pub example: Option<Example>,
}

/// The title of a message of a topic.
pub(super) struct Example {
    pub title: String,
    pub lang: String,
    pub dir: &'static str,
}

/// The rows of a channel, under their categories.
pub(super) fn groups(
    pipeline: &Pipeline,
    facts: &Facts,
    channel: Channel,
    texts: &BTreeMap<Category, u32>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let rows = pipeline.choice_rows();
    for row in rows.iter().filter(|row| row.channel == channel) {
        let line = line(pipeline, facts, row);
        let on = !row.always_on && line.wanted != "off";
        if groups
            .last()
            .is_none_or(|last| last.category != row.category)
        {
            groups.push(Group {
                category: row.category,
                icon: icon_of("", row.category),
                texts: texts.get(&row.category).copied().unwrap_or(0),
                lines: Vec::new(),
                switches: 0,
                some_on: false,
            });
        }
        if let Some(group) = groups.last_mut() {
            group.switches += usize::from(!row.always_on);
            group.some_on |= on;
            group.lines.push(line);
        }
    }
    groups
}

fn line(pipeline: &Pipeline, facts: &Facts, row: &Row) -> Line {
    let wanted = word_of(wanted(&facts.customer, row));
    Line {
        topic: row.topic.clone(),
        name: name_of(row.category, &row.topic),
        wanted,
        always_on: row.always_on,
        can_be_urgent: row.mixed || wanted == "urgent",
        marketing: row.marketing,
        example: example(pipeline, row, &facts.customer.locale),
    }
}

fn example(pipeline: &Pipeline, row: &Row, locale: &str) -> Option<Example> {
    let catalogue = pipeline.catalogue();
    // The first and the last of the alphabet are often about what went wrong.
    let entry = catalogue.get(row.types.get(row.types.len() / 2)?)?;
    let sample = catalogue.samples(&entry.name).first()?;
    let short = Short::of_sample(&catalogue, pipeline.brand(), (entry, sample), locale).ok()?;
    Some(Example {
        title: short.content.title,
        dir: catalogue.direction(&short.content.locale),
        lang: short.content.locale,
    })
}

/// The zones people live in, by name.
pub(super) fn zones() -> &'static [String] {
    static ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let parts = [
            "Africa",
            "America",
            "Antarctica",
            "Asia",
            "Atlantic",
            "Australia",
            "Europe",
            "Indian",
            "Pacific",
        ];
        let of_a_place = |name: &String| {
            let part = name.split_once('/').map(|(part, _)| part);
            part.is_some_and(|part| parts.contains(&part)) || name == "UTC"
        };
        let known = jiff::tz::db().available();
        let mut zones: Vec<String> = known
            .map(|name| name.to_string())
            .filter(of_a_place)
            .collect();
        zones.sort();
        zones
    });
    &ZONES
}
