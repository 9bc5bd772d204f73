//! The short forms: title, summary and text, made before the commit.

use model::{Customer, Event, MessageContent, Sealed};
use serde_json::{Map, Value};

use super::snapshot::{keep_hours, locale_of, put, setting, take};
use super::{Brand, MailBody, RenderError, Short};
use crate::catalogue::Catalogue;
use crate::catalogue::clean::{lines, one_line, plain_punctuation, short_line, shorten};
use crate::catalogue::load::PLACEHOLDER;
use crate::catalogue::templates::TemplateId;
use crate::catalogue::view::Scene;
use crate::decide::summary::Summary;

/// Room for a line before it is shortened; what is longer is a broken template.
pub(super) const LINE_BYTES: usize = 64 * 1024;
/// The name of the values that say so.
pub(crate) const SENSITIVE: &str = "sensitive";
const TITLE_CHARS: usize = 120;
const SUMMARY_CHARS: usize = 240;
const SENDER_CHARS: usize = 60;
/// A longer text is a mistake that somebody pays for.
const MAX_SEGMENTS: usize = 10;
/// Characters that fit ten segments whatever the alphabet: 10 × 67 UTF-16 units, halved
/// for characters that take two.
const SURELY_FITS: usize = 335;

/// The short forms of the message that an event causes for a customer. Takes the data out
/// of the event: the message keeps it.
///
/// # Errors
/// An unknown type, data that does not fit it, or a template that fails.
pub fn short_forms(
    catalogue: &Catalogue,
    brand: &Brand,
    event: &mut Event,
    customer: &Customer,
) -> Result<Short, RenderError> {
    let unknown = || RenderError::UnknownType(shorten(&event.event_type, 80).into_owned());
    let entry = catalogue.get(&event.event_type).ok_or_else(unknown)?;
    let (locale, names) = locale_of(entry, &customer.locale).ok_or_else(unknown)?;
    let accepted = entry
        .schema
        .accept(std::mem::take(&mut event.data), &brand.domain)
        .map_err(|fault| RenderError::BadData {
            pointer: fault.pointer,
            reason: fault.reason,
        })?;
    let mut data = accepted.data;
    let discreet = entry.sensitive || (entry.schema.has_flag(SENSITIVE) && is_sensitive(&data));
    let mut snapshot = take(brand, customer, locale, discreet);
    keep_hours(&mut snapshot, customer, entry.purpose);
    put(&mut data, snapshot);
    let setting = setting(catalogue, &data, locale);
    let scene = Scene::message(&entry.schema, &data, &setting);
    let templates = &catalogue.templates;
    let mut scratch = String::new();
    let mut line = |id: TemplateId, chars: usize| -> Result<String, RenderError> {
        templates.render_into(id, &scene, (&mut scratch, LINE_BYTES))?;
        Ok(short_line(&scratch, chars))
    };
    let title = line(names.title, TITLE_CHARS)?;
    let summary = line(names.summary, SUMMARY_CHARS)?;
    let sender = line(names.sender, SENDER_CHARS)?;
    let respelt = catalogue.respelt(locale);
    let text = match names.sms {
        Some(_) if discreet && !entry.has_secret() => {
            let key = format!("discreet.text.{}", entry.category);
            let words = catalogue.words.get(locale, &key).unwrap_or_default();
            text_message(&words.replace("{brand}", &brand.name), respelt)
        }
        Some(id) => {
            templates.render_into(id, &scene, (&mut scratch, LINE_BYTES))?;
            let text = text_message(&scratch, respelt);
            bounded(catalogue, id, &text)?;
            text
        }
        None => String::new(),
    };
    let order = data
        .get("order")
        .and_then(|order| order.get("number"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let of_summary = Summary::of(&data).filter(|_| entry.digest);
    let of_summary = of_summary.map(|summary| summary.category);
    Ok(Short {
        content: MessageContent {
            message_type: entry.name.clone(),
            category: of_summary.unwrap_or(entry.category),
            purpose: entry.purpose,
            lane: entry.lane,
            locale: locale.to_owned(),
            template_version: entry.version,
            sender,
            title,
            summary,
            text,
            order,
            data,
        },
        secret: accepted.secret,
    })
}

/// Whether the data says of an order or one of its goods that it is nobody else's business.
fn is_sensitive(data: &Map<String, Value>) -> bool {
    data.iter().any(|(name, value)| match value {
        Value::Bool(yes) => *yes && name == SENSITIVE,
        Value::Object(inner) => is_sensitive(inner),
        Value::Array(entries) => entries
            .iter()
            .any(|entry| entry.as_object().is_some_and(is_sensitive)),
        _ => false,
    })
}

/// The mail with its secret, as the carrier gets it: it stands in the subject, which the
/// layout repeats. Nothing else may keep the result.
pub fn fill_mail(body: MailBody, secret: &Sealed) -> MailBody {
    let fill = |text: &str| text.replace(PLACEHOLDER, secret.open());
    MailBody {
        subject: fill(&body.subject),
        preheader: body.preheader,
        text: fill(&body.text),
        html: fill(&body.html),
    }
}

/// The text with its secret, as the carrier gets it. Nothing else may keep the result.
pub fn fill_secret(text: &str, secret: &Sealed) -> Sealed {
    Sealed::new(text.replace(PLACEHOLDER, secret.open()))
}

/// Plain punctuation, words spelt as texts spell them, no space at the ends of lines, no
/// empty lines.
fn text_message(rendered: &str, respelt: &[(String, String)]) -> String {
    let mut text = String::with_capacity(rendered.len());
    for line in lines(&plain_punctuation(rendered)) {
        let line = one_line(line);
        if line.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    for (word, spelt) in respelt {
        if text.contains(word.as_str()) {
            text = text.replace(word.as_str(), spelt);
        }
    }
    text
}

fn bounded(catalogue: &Catalogue, id: TemplateId, text: &str) -> Result<(), RenderError> {
    if text.chars().count() <= SURELY_FITS
        || channels::sms_segments(text, true, channels::National::NONE).parts <= MAX_SEGMENTS
    {
        return Ok(());
    }
    let origin = catalogue.templates.origin(id);
    Err(RenderError::Template {
        file: origin.file.clone(),
        line: origin.line,
        key: origin.key.clone(),
        reason: format!("gives a text of more than {MAX_SEGMENTS} parts"),
    })
}
