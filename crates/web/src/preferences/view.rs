//! What the templates of the preference centre read. Values only.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use askama::Template;
use model::{Category, Channel, Facts, Frequency, Instant, QuietHours};
use pipeline::Pipeline;
use pipeline::choices::{Change, ChannelState, Row, has_other_way, offered, wanted};
use pipeline::render::Short;

use super::form::{hours_word, name_of, word_of};
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
    /// The channels there are, each a tab, with its name in addresses.
    pub tabs: Vec<(Channel, &'static str)>,
    /// As the address names it.
    pub tab: &'static str,
    pub outcome: Outcome,
    /// Where this channel reaches them.
    pub contact: Option<String>,
    pub halt: Halt,
    /// Whether it may be begun from here.
    pub can_start: bool,
    pub state: ChannelState,
    /// About so much a month in all, by the present choices.
    pub a_month: Option<u32>,
    /// So many parts carriers may charge for, where that is more.
    pub parts: Option<u32>,
    /// Whether mail reaches them, which costs nothing.
    pub free_instead: bool,
    pub quiet: Quiet,
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
    /// Its hours of quiet are no hours.
    NoHours,
    /// It could not be done.
    Refused,
}

/// The hours of quiet as the form shows them.
pub(super) struct Quiet {
    pub on: bool,
    pub from: String,
    pub to: String,
    /// As they are now: what the form was shown with.
    pub was: String,
}

impl Quiet {
    pub(super) fn of(facts: &Facts) -> Self {
        let hours = facts.customer.quiet_hours;
        // What most nights are like, to begin with.
        let or = |text: Option<String>, usual: &str| text.unwrap_or_else(|| usual.to_owned());
        Self {
            on: hours.is_some(),
            from: or(hours.map(QuietHours::from_text), "22:00"),
            to: or(hours.map(QuietHours::to_text), "07:00"),
            was: hours_word(hours),
        }
    }
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
    pub(super) fn of(facts: &Facts, channel: Channel, at: Instant) -> Self {
        let suppression = facts.suppression_at(channel, at);
        match (facts.customer.contact(channel), suppression) {
            (None, _) => Self::NoAddress,
            (_, Some(reason)) if model::is_own_stop(reason) => Self::Stopped,
            (_, Some(_)) => Self::Suppressed,
            _ => Self::No,
        }
    }
}

/// A category with its topics on a channel.
pub(super) struct Group {
    pub category: Category,
    pub icon: &'static str,
    /// About so many messages a month.
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
    /// `each`, `daily`, `weekly`, `urgent` or `off`.
    pub wanted: &'static str,
    pub always_on: bool,
    /// It is always on, and another way is open to it.
    pub movable: bool,
    /// Some of it has no other way.
    pub only_here: bool,
    /// How often it may be wanted, with the word of the form.
    pub options: Vec<(&'static str, Frequency)>,
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
    (channel, at): (Channel, Instant),
    texts: &BTreeMap<Category, u32>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let rows = pipeline.choice_rows();
    for row in rows.iter().filter(|row| row.channel == channel) {
        let line = line(pipeline, facts, (&rows, row), at);
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

fn line(pipeline: &Pipeline, facts: &Facts, (rows, row): (&[Row], &Row), at: Instant) -> Line {
    let customer = &facts.customer;
    let now = wanted(customer, row);
    let mut options: Vec<Frequency> = offered(row).to_vec();
    // What was chosen before stays to be seen.
    options.extend(now.filter(|now| !options.contains(now)));
    Line {
        topic: row.topic.clone(),
        name: name_of(row.category, &row.topic),
        wanted: word_of(now),
        always_on: row.always_on,
        movable: row.always_on
            && (now.is_none() || has_other_way((facts, customer), rows, row, at)),
        only_here: row.only_here,
        options: options
            .into_iter()
            .map(|frequency| (word_of(Some(frequency)), frequency))
            .collect(),
        marketing: row.marketing,
        example: example(pipeline, row, &customer.locale),
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
