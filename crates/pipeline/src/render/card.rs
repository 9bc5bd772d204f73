//! What the page of one message shows, from the stored data alone.

use jiff::tz::TimeZone;
use model::MessageContent;
use serde_json::Value;

use super::snapshot::{Opened, open};
use super::{Card, Item, Listed, RenderError, TrackState, TrackStep};
use crate::catalogue::Catalogue;
use crate::catalogue::clean::{clean, lines, one_line};
use crate::catalogue::context::Setting;
use crate::catalogue::entry::TRACK;
use crate::catalogue::formats::{Amount, DateStyle, Formats, When};
use crate::decide::summary;

/// Room for the body.
const BODY_BYTES: usize = 128 * 1024;
const FACT_BYTES: usize = 64 * 1024;

/// The card of a message.
///
/// # Errors
/// A type that has left the catalogue, or a template that fails.
pub fn card(catalogue: &Catalogue, content: &MessageContent) -> Result<Card, RenderError> {
    let opened = open(catalogue, content)
        .ok_or_else(|| RenderError::UnknownType(content.message_type.clone()))?;
    of_opened(catalogue, content, &opened)
}

pub(super) fn of_opened(
    catalogue: &Catalogue,
    content: &MessageContent,
    opened: &Opened<'_>,
) -> Result<Card, RenderError> {
    let scene = opened.scene(content);
    let templates = &catalogue.templates;
    let mut scratch = String::new();
    templates.render_into(opened.names.body, &scene, (&mut scratch, BODY_BYTES))?;
    let paragraphs = paragraphs(&scratch);
    let mut facts = Vec::with_capacity(opened.names.facts.len());
    for fact in &opened.names.facts {
        templates.render_into(fact.value, &scene, (&mut scratch, FACT_BYTES))?;
        let value = one_line(&scratch);
        if !value.is_empty() {
            facts.push((fact.label.clone(), value));
        }
    }
    let (items, total) = if opened.entry.items {
        goods(content, &Formats::of(opened.setting.locale))
    } else {
        (Vec::new(), None)
    };
    Ok(Card {
        paragraphs,
        facts,
        items,
        total,
        track: track(catalogue, opened, &content.locale),
        listed: match opened.entry.digest {
            true => listed(content, &opened.setting),
            false => Vec::new(),
        },
    })
}

/// Blank lines part paragraphs; inside one, line breaks are spaces.
fn paragraphs(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut paragraph = String::new();
    for line in lines(body).chain([""]) {
        let line = one_line(line);
        if !line.is_empty() {
            if paragraph.is_empty() {
                paragraph = line;
                continue;
            }
            paragraph.push(' ');
            paragraph.push_str(&line);
        } else if !paragraph.is_empty() {
            found.push(std::mem::take(&mut paragraph));
        }
    }
    found
}

/// The messages that a summary lists.
fn listed(content: &MessageContent, setting: &Setting<'_>) -> Vec<Listed> {
    let formats = Formats::of(setting.locale);
    let zone = TimeZone::get(setting.zone).unwrap_or(TimeZone::UTC);
    let entries = content
        .data
        .get(summary::KEY)
        .and_then(|said| said.get("items"));
    let entries = entries.and_then(Value::as_array);
    let one = |entry: &Value| {
        let text = |key: &str| {
            clean(entry.get(key).and_then(Value::as_str).unwrap_or_default()).into_owned()
        };
        Listed {
            id: text("id"),
            title: text("title"),
            day: When::parse(&text("at"))
                .map(|at| formats.date(at, &zone, DateStyle::Short))
                .unwrap_or_default(),
            url: text("url"),
        }
    };
    entries.into_iter().flatten().map(one).collect()
}

/// The lines of the order and its total, as far as the data has them.
fn goods(content: &MessageContent, formats: &Formats) -> (Vec<Item>, Option<String>) {
    let order = content.data.get("order");
    let text = |value: Option<&Value>, key: &str| -> Option<String> {
        let text = value?.get(key)?.as_str()?;
        Some(clean(text).into_owned())
    };
    let currency = text(order, "currency").unwrap_or_default();
    let money = |value: Option<&Value>, key: &str| -> Option<String> {
        let amount = Amount::parse(&text(value, key)?)?;
        formats.money(&amount, &currency)
    };
    let lines = order
        .and_then(|order| order.get("items"))
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let items = lines
        .iter()
        .filter_map(|line| {
            let quantity = line.get("quantity").and_then(Value::as_i64).unwrap_or(1);
            Some(Item {
                title: text(Some(line), "title")?,
                quantity: formats.number(quantity),
                price: money(Some(line), "price").unwrap_or_default(),
            })
        })
        .collect();
    (items, money(order, "total"))
}

fn track(catalogue: &Catalogue, opened: &Opened<'_>, locale: &str) -> Vec<TrackStep> {
    let Some(here) = opened.entry.track else {
        return Vec::new();
    };
    let arrived = here + 1 == TRACK.len();
    TRACK
        .iter()
        .enumerate()
        .map(|(at, step)| TrackStep {
            label: catalogue
                .words
                .get(locale, &format!("track.{step}"))
                .unwrap_or(step)
                .to_owned(),
            state: if at < here || arrived {
                TrackState::Done
            } else if at == here {
                TrackState::Now
            } else {
                TrackState::Next
            },
        })
        .collect()
}
