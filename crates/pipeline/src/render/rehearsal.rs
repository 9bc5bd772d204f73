//! The last check of a catalogue: every message in every locale, as it would leave.
//!
//! Rendered with the samples, whole and bare, so that a layout or a label that fails is
//! found when the catalogue is loaded and not at a hand-over.

use model::{Channel, Customer};
use serde_json::{Map, Value};

use super::{Brand, RenderError, card, example, mail};
use crate::catalogue::samples::bare;
use crate::catalogue::{Catalogue, CatalogueFault, MessageType};

/// Everything that fails; each once.
pub(crate) fn rehearse(
    catalogue: &Catalogue,
    wanted: impl Fn(&str) -> bool,
) -> Vec<CatalogueFault> {
    let brand = catalogue.sample_brand();
    let mut faults = Vec::new();
    for entry in catalogue.types().filter(|entry| wanted(&entry.name)) {
        for locale in entry.locales() {
            let customer = example::listener(catalogue, locale);
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
    let content = example::make(catalogue, brand, entry, customer, data)?.content;
    card(catalogue, &content)?;
    if entry.takes(Channel::Email) {
        mail(catalogue, brand, &content)?;
    }
    Ok(())
}

fn fault_of(message_type: &str, error: RenderError) -> CatalogueFault {
    match error {
        RenderError::Template { file, line, reason } => CatalogueFault::at(&file, line, reason),
        other => CatalogueFault::of_file(&format!("types/{message_type}"), other.to_string()),
    }
}
