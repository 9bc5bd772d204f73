//! The last check of a catalogue: every message in every locale, as it would leave.
//!
//! Rendered with the samples, whole and bare, so that a layout or a label that fails is
//! found when the catalogue is loaded and not at a hand-over.

use guard::{Guard, Own};
use model::{Channel, Customer, MessageContent};
use serde_json::{Map, Value};

use super::example;
use super::short::LINE_BYTES;
use super::snapshot::open;
use super::{Brand, Card, RenderError, Stopped, card, check_card, check_mail, check_short, mail};
use crate::catalogue::fault::Mend;
use crate::catalogue::samples::bare;
use crate::catalogue::templates::TemplateId;
use crate::catalogue::{Catalogue, CatalogueFault, MessageType};

/// So many characters may a title or a subject have, rendered with a sample. They are cut
/// far before that; what is so long is no title.
const LINE_CHARS: usize = 200;
/// And a summary.
const SUMMARY_CHARS: usize = 500;

/// Everything that fails of the wanted types and locales, said for a brand; each once.
/// `own` is what may be named, with the exceptions in force.
pub(crate) fn rehearse(
    catalogue: &Catalogue,
    (brand, own): (&Brand, &Own),
    wanted: impl Fn(&str, &str) -> bool,
) -> Vec<CatalogueFault> {
    let guard = catalogue.guard(own.clone(), (&brand.domain, &brand.sms_sender));
    let hall = Hall {
        catalogue,
        brand,
        guard: &guard,
    };
    let mut faults = Vec::new();
    for entry in catalogue.types() {
        for locale in entry.locales().filter(|locale| wanted(&entry.name, locale)) {
            let customer = example::listener(catalogue, locale);
            let samples = catalogue.samples(&entry.name).iter();
            let data = samples.map(|sample| catalogue.sample_data(sample, &brand.domain));
            for data in data.flat_map(|data| [data.clone(), bare(entry, &data)]) {
                let found = match hall.perform(entry, &customer, data) {
                    Ok(found) => found,
                    Err(error) => vec![fault_of(&entry.name, error)],
                };
                for fault in found {
                    if !faults.contains(&fault) {
                        faults.push(fault);
                    }
                }
            }
        }
    }
    faults
}

/// Where samples are performed.
struct Hall<'a> {
    catalogue: &'a Catalogue,
    brand: &'a Brand,
    guard: &'a Guard,
}

impl Hall<'_> {
    /// Renders a message whole; gives back what the guard says of it.
    fn perform(
        &self,
        entry: &MessageType,
        customer: &Customer,
        data: Map<String, Value>,
    ) -> Result<Vec<CatalogueFault>, RenderError> {
        let made = example::make(self.catalogue, self.brand, entry, customer, data)?;
        let content = &made.content;
        let mut stopped = Vec::new();
        for found in check_short(self.guard, &made) {
            let words = match &*found.part {
                "sender" => &content.sender,
                "title" => &content.title,
                "summary" => &content.summary,
                _ => &content.text,
            };
            stopped.push((words[found.span.clone()].to_owned(), found));
        }
        let card = card(self.catalogue, content)?;
        let version = (entry.name.as_str(), entry.version);
        for found in check_card(self.guard, version, &card) {
            let body = card.paragraphs.join("\n\n");
            let words = body.get(found.span.clone()).unwrap_or_default();
            stopped.push((words.to_owned(), found));
        }
        if entry.takes(Channel::Email) {
            let mail = mail(self.catalogue, self.brand, content)?;
            for found in check_mail(self.guard, content, &mail) {
                let words = match &*found.part {
                    "subject" => &mail.subject,
                    "preheader" => &mail.preheader,
                    "mail text" => &mail.text,
                    _ => &mail.html,
                };
                stopped.push((words[found.span.clone()].to_owned(), found));
            }
        }
        let named = |(words, found): (String, Stopped)| {
            self.stopped(entry, content, (words.as_str(), found), &card)
        };
        let mut faults: Vec<_> = stopped.into_iter().map(named).collect();
        self.lengths(content, &mut faults)?;
        Ok(faults)
    }

    /// Lines that are too long to be read, before they are cut.
    fn lengths(
        &self,
        content: &MessageContent,
        faults: &mut Vec<CatalogueFault>,
    ) -> Result<(), RenderError> {
        let Some(opened) = open(self.catalogue, content) else {
            return Ok(());
        };
        let scene = opened.scene(content);
        let names = opened.names;
        let lines = [
            (Some(names.title), LINE_CHARS),
            (Some(names.summary), SUMMARY_CHARS),
            (names.subject, LINE_CHARS),
        ];
        let mut line = String::new();
        for (id, most) in lines {
            let Some(id) = id else { continue };
            let templates = &self.catalogue.templates;
            templates.render_into(id, &scene, (&mut line, LINE_BYTES))?;
            let characters = line.trim().chars().count();
            if characters > most {
                let origin = templates.origin(id);
                let reason =
                    format!("has {characters} characters with a sample; {most} are the most");
                let fault = CatalogueFault::at(&origin.file, origin.line, reason);
                faults.push(fault.key(&origin.key).mend(Mend::Shorten));
            }
        }
        Ok(())
    }

    /// Names the file that words of a sample came from: samples hold nothing personal.
    fn stopped(
        &self,
        entry: &MessageType,
        content: &MessageContent,
        (words, found): (&str, Stopped),
        card: &Card,
    ) -> CatalogueFault {
        let locale = content.locale.as_str();
        let names = entry.locales.get(locale);
        let in_body = card.paragraphs.iter().any(|text| text.contains(words));
        let fact = card.facts.iter().find(|(_, value)| value.contains(words));
        let of = |id: Option<TemplateId>| {
            let origin = self.catalogue.templates.origin(id?);
            Some((origin.file.clone(), origin.line, origin.key.clone()))
        };
        let layout = if found.part == "mail html" {
            self.catalogue.layout_html
        } else {
            self.catalogue.layout_text
        };
        let place = names.and_then(|names| match &*found.part {
            "title" => of(Some(names.title)),
            "summary" => of(Some(names.summary)),
            "sms" => of(names.sms),
            "subject" => of(names.subject),
            "preheader" => of(names.preheader),
            _ if in_body => of(Some(names.body)),
            _ if content.title.contains(words) => of(Some(names.title)),
            _ => {
                let (label, _) = fact?;
                let fact = names.facts.iter().find(|fact| fact.label == *label)?;
                of(Some(fact.value))
            }
        });
        let place = place.or_else(|| of(Some(layout)));
        let (file, line, key) = place.unwrap_or_else(|| (entry.name.clone(), 0, String::new()));
        let reason = format!(
            "the guard stops the {} at \"{words}\" (`{}`): {}",
            found.part,
            found.rule,
            found.rule.advice()
        );
        let line = line + self.catalogue.line_in(&entry.name, (locale, &key), words);
        let mut fault = CatalogueFault::at(&file, line, reason).key(&key);
        fault.stopped = Some((found.rule, words.to_owned()));
        fault
    }
}

fn fault_of(message_type: &str, error: RenderError) -> CatalogueFault {
    match error {
        RenderError::Template {
            file,
            line,
            key,
            reason,
        } => CatalogueFault::at(&file, line, reason).key(&key),
        other => CatalogueFault::of_file(&format!("types/{message_type}"), other.to_string()),
    }
}
