//! The published document: stable JSON, the same from every node within an hour.

use model::{Instant, Span};
use pipeline::Pipeline;
use pipeline::guard::Promise;
use pipeline::senders::{Identity, Kind};
use serde::Serialize;

/// How long a document may be relied on. Short, so that what was taken out is soon
/// believed nowhere.
const RELIED_ON: Span = Span::days(2);
/// A document is issued anew so often.
const HOUR: i64 = Span::hours(1).as_micros();

/// Who may write for this marketplace, and what it never does.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MessageSenders)]
pub(crate) struct Document {
    /// The shape of this document; 1.
    version: u32,
    /// Where it is published: the start of this server's addresses.
    issuer: String,
    /// The name that customers know.
    brand: String,
    /// Since when it says this, to the hour.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Instant,
    /// Fetch it again before this moment; do not rely on it after.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
    /// What a genuine message never does, in English.
    promises: Vec<Promised>,
    /// Every identity. What ended in the last 400 days is still listed, with its end, so
    /// that old messages can be checked.
    senders: Vec<Listed>,
}

/// One promise.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MessageSendersPromise)]
struct Promised {
    /// Its stable name.
    id: String,
    /// Its words.
    words: String,
}

/// One identity.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MessageSender)]
struct Listed {
    /// `short_code`, `sender_name`, `number`, `mail_domain` (addresses in this very domain),
    /// `link_domain` (it and every name under it) or `call_number`.
    kind: &'static str,
    /// The code, name, number or domain.
    value: String,
    /// Where it is used (ISO 3166-1); everywhere when left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    countries: Vec<&'static str>,
    /// Not before; always when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_from: Option<Instant>,
    /// Not from this moment on; with no end when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Instant>,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
}

/// The beginning of the hour.
pub(super) fn issued_at(now: Instant) -> Instant {
    Instant::from_micros(now.as_micros().div_euclid(HOUR) * HOUR)
}

/// The document of a moment, as the bytes that are served and signed.
pub fn document(pipeline: &Pipeline, issuer: &str, at: Instant) -> String {
    let senders = pipeline.senders();
    let guard = pipeline.guard();
    let promises = guard.promises().list().iter();
    let document = Document {
        version: 1,
        issuer: issuer.to_owned(),
        brand: pipeline.brand().name.clone(),
        issued_at: at,
        expires_at: at + RELIED_ON,
        promises: promises
            .map(|promise| Promised {
                id: promise.id.clone(),
                words: words(pipeline, promise, "en", at),
            })
            .collect(),
        senders: senders.listed(at).map(listed).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .expect("texts and lists of texts can always be written");
    text.push('\n');
    text
}

fn listed(identity: &Identity) -> Listed {
    let countries = identity.countries.iter();
    Listed {
        kind: identity.kind.as_str(),
        value: identity.value.clone(),
        countries: countries.map(|country| country.as_str()).collect(),
        valid_from: identity.from,
        valid_until: identity.until,
        about: identity.about.clone(),
    }
}

/// A promise in a language, its gaps filled.
pub(super) fn words(pipeline: &Pipeline, promise: &Promise, locale: &str, at: Instant) -> String {
    let words = promise.words.get(locale);
    let words = words.or_else(|| promise.words.get("en"));
    let domains = pipeline.senders().ours(Kind::LinkDomain, at);
    let domains: Vec<&str> = domains.map(|identity| identity.value.as_str()).collect();
    let comma = match locale {
        "ja" => "、",
        "ar" => "، ",
        _ => ", ",
    };
    words
        .map_or("", String::as_str)
        .replace("{domains}", &domains.join(comma))
        .replace("{brand}", &pipeline.brand().name)
}
