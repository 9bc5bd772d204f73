//! Every type, channel and locale as it reads; and what hostile data can do: nothing.

mod hostile;
mod real;
mod reference;
mod shipped;

use std::sync::LazyLock;

use model::{ContactPoint, Customer, Event, EventKey, Instant, Mode, Sealed};
use serde_json::{Map, Value};

use super::*;
use crate::catalogue::Catalogue;

pub(super) const LOCALES: &[&str] = &[
    "en-US", "es-ES", "pt-BR", "de-DE", "fr-FR", "ja-JP", "ar-EG",
];

/// The catalogue in the binary, loaded once.
pub(super) fn shipped() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::load(None).expect("the shipped catalogue loads"));
    &CATALOGUE
}

pub(super) fn marigold() -> Brand {
    Brand {
        name: "Marigold".into(),
        domain: "marigold.example".into(),
        url: "https://marigold.example/messages".into(),
        support: "help@marigold.example".into(),
        sms_sender: "Marigold".into(),
    }
}

pub(super) fn customer(locale: &str) -> Customer {
    Customer {
        id: "c-42".into(),
        name: Sealed::new("Inês Machado"),
        locale: locale.into(),
        time_zone: "America/Sao_Paulo".into(),
        country: "BR".into(),
        region: String::new(),
        quiet_hours: None,
        phone: ContactPoint::phone("+12535550129").ok(),
        email: ContactPoint::email("ines@customers.example").ok(),
        consents: vec![],
        preferences: vec![],
        chosen: model::Chosen::default(),
    }
}

pub(super) fn event(event_type: &str, data: &Map<String, Value>) -> Event {
    Event {
        key: EventKey {
            source: "/shop".into(),
            id: "1".into(),
        },
        event_type: event_type.into(),
        subject: "c-42".into(),
        time: Instant::from_micros(0),
        data: data.clone(),
        mode: Mode::Test,
        as_of: None,
    }
}
