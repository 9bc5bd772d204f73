//! A mail body, made at the hand-over from the stored data alone.

use minijinja::{Value, context};
use model::MessageContent;

use super::card::of_opened;
use super::snapshot::{Opened, open};
use super::{Brand, Card, MailBody, RenderError, TrackState};
use crate::catalogue::clean::{one_line, shorten};
use crate::catalogue::{Catalogue, LAYOUT_HTML, LAYOUT_TEXT, leads_home};

const LINE_BYTES: usize = 64 * 1024;
/// Mail programs cut longer messages off at about a fifth of this.
const MAIL_BYTES: usize = 512 * 1024;
const SUBJECT_CHARS: usize = 120;
const PREHEADER_CHARS: usize = 160;

/// The mail of a message. Everything in it comes from the stored data; the brand as it is
/// today only decides which links may still be shown.
///
/// # Errors
/// A type that has left the catalogue or takes no mail, or a template that fails.
pub fn mail(
    catalogue: &Catalogue,
    brand: &Brand,
    content: &MessageContent,
) -> Result<MailBody, RenderError> {
    let unknown = || RenderError::UnknownType(content.message_type.clone());
    let opened = open(catalogue, content).ok_or_else(unknown)?;
    let (Some(subject), Some(preheader)) = (&opened.names.subject, &opened.names.preheader) else {
        return Err(unknown());
    };
    let line = |name: &str, chars: usize| -> Result<String, RenderError> {
        let rendered = catalogue
            .templates
            .render(name, &opened.context, LINE_BYTES)?;
        Ok(shorten(&one_line(&rendered), chars).into_owned())
    };
    let subject = line(subject, SUBJECT_CHARS)?;
    let preheader = line(preheader, PREHEADER_CHARS)?;
    let card = of_opened(catalogue, content, &opened)?;
    let shown = Shown {
        catalogue,
        content,
        opened: &opened,
        subject: &subject,
        preheader: &preheader,
    };
    let layout = shown.context(brand, &card);
    let text = catalogue
        .templates
        .render(LAYOUT_TEXT, &layout, MAIL_BYTES)?;
    let html = catalogue
        .templates
        .render(LAYOUT_HTML, &layout, MAIL_BYTES)?;
    Ok(MailBody {
        subject,
        preheader,
        text: tidy(&text),
        html,
    })
}

struct Shown<'a> {
    catalogue: &'a Catalogue,
    content: &'a MessageContent,
    opened: &'a Opened<'a>,
    subject: &'a str,
    preheader: &'a str,
}

impl Shown<'_> {
    fn context(&self, brand: &Brand, card: &Card) -> Value {
        let locale = self.content.locale.as_str();
        let setting = &self.opened.setting;
        let words = self.catalogue.words.section(locale, "mail");
        let words = Value::from_pairs(words.into_iter().map(|(key, word)| {
            let filled = word
                .replace("{brand}", setting.brand)
                .replace("{support}", setting.support);
            (key, Value::from(filled))
        }));
        let why = format!("purposes.{}", self.content.purpose);
        let why = self.catalogue.words.get(locale, &why).unwrap_or_default();
        let facts: Vec<Value> = card
            .facts
            .iter()
            .map(|(label, value)| context! { label, value })
            .collect();
        let items: Vec<Value> = card
            .items
            .iter()
            .map(|item| context! { title => &item.title, quantity => &item.quantity, price => &item.price })
            .collect();
        let track: Vec<Value> = card
            .track
            .iter()
            .map(|step| {
                let (done, now) = (
                    step.state == TrackState::Done,
                    step.state == TrackState::Now,
                );
                context! { label => &step.label, done, now }
            })
            .collect();
        context! {
            lang => locale,
            subject => self.subject,
            preheader => self.preheader,
            title => &self.content.title,
            brand => context! {
                name => setting.brand,
                initial => setting.brand.chars().next().map(String::from).unwrap_or_default(),
                url => setting.url,
                support => setting.support,
            },
            paragraphs => &card.paragraphs,
            facts,
            items,
            total => card.total.as_deref(),
            track,
            link => self.link(brand),
            words,
            why => why.replace("{brand}", setting.brand),
        }
    }

    /// The first link of the type that the data has and that still leads home.
    fn link(&self, brand: &Brand) -> Option<Value> {
        let locale = self.content.locale.as_str();
        self.opened.entry.links.iter().find_map(|path| {
            let mut steps = path.split('.');
            let mut place = self.content.data.get(steps.next()?)?;
            for step in steps {
                place = place.get(step)?;
            }
            let url = place.as_str()?;
            let label = self
                .catalogue
                .words
                .get(locale, &format!("links.{}", path.replace('.', "_")))?;
            leads_home(url, &brand.domain).then(|| context! { url, label })
        })
    }
}

/// No space at the ends of lines, at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        tidied.push_str(line);
        tidied.push('\n');
    }
    tidied.truncate(tidied.trim_end().len());
    tidied.push('\n');
    tidied
}
