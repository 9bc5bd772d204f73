//! The last check of a catalogue: every message in every locale, as it would leave.
//!
//! Rendered with the samples, whole and bare, so that a layout or a label that fails is
//! found when the catalogue is loaded and not at a hand-over.

use model::{Channel, Customer, Event, EventKey, Instant, MessageContent, Mode, Sealed};
use serde_json::{Map, Value};

use super::{Brand, RenderError, card, mail, short_forms};
use crate::catalogue::samples::{Stage, bare};
use crate::catalogue::{Catalogue, CatalogueFault, MessageType};

/// Everything that fails; each once.
pub(crate) fn rehearse(
    catalogue: &Catalogue,
    stage: &Stage,
    wanted: impl Fn(&str) -> bool,
) -> Vec<CatalogueFault> {
    let brand = Brand {
        name: stage.brand.name.clone(),
        domain: stage.brand.domain.clone(),
        url: stage.brand.url.clone(),
        support: stage.brand.support.clone(),
        sms_sender: stage.brand.name.clone(),
    };
    let mut faults = Vec::new();
    for entry in catalogue.types().filter(|entry| wanted(&entry.name)) {
        for locale in entry.locales() {
            let customer = customer(stage, locale);
            let samples = catalogue.samples(&entry.name).iter();
            for data in samples.flat_map(|s| [s.data.clone(), bare(entry, &s.data)]) {
                let made = perform(catalogue, &brand, entry, &customer, data);
                let fault = made.err().map(|error| fault_of(&entry.name, error));
                faults.extend(fault.filter(|fault| !faults.contains(fault)));
            }
        }
    }
    faults
}

fn perform(
    catalogue: &Catalogue,
    brand: &Brand,
    entry: &MessageType,
    customer: &Customer,
    data: Map<String, Value>,
) -> Result<(), RenderError> {
    let mut event = Event {
        key: EventKey {
            source: "/rehearsal".into(),
            id: entry.name.clone(),
        },
        event_type: entry.name.clone(),
        subject: customer.id.clone(),
        time: Instant::from_micros(0),
        data,
        mode: Mode::Test,
        as_of: None,
    };
    let made = short_forms(catalogue, brand, &mut event, customer)?;
    let content = MessageContent {
        message_type: entry.name.clone(),
        category: entry.category,
        purpose: entry.purpose,
        lane: entry.lane,
        locale: made.locale,
        template_version: made.template_version,
        sender: made.sender,
        title: made.title,
        summary: made.summary,
        text: made.text,
        order: made.order,
        data: made.data,
    };
    card(catalogue, &content)?;
    if entry.takes(Channel::Email) {
        mail(catalogue, brand, &content)?;
    }
    Ok(())
}

fn customer(stage: &Stage, locale: &str) -> Customer {
    Customer {
        id: "rehearsal".into(),
        name: Sealed::new(stage.customer.name.as_str()),
        locale: locale.to_owned(),
        time_zone: stage.customer.time_zone.clone(),
        country: String::new(),
        phone: None,
        email: None,
        consents: Vec::new(),
        preferences: Vec::new(),
    }
}

fn fault_of(message_type: &str, error: RenderError) -> CatalogueFault {
    match error {
        RenderError::Template { file, line, reason } => CatalogueFault::at(&file, line, reason),
        other => CatalogueFault::of_file(&format!("types/{message_type}"), other.to_string()),
    }
}
