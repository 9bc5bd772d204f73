//! A customer's profile as JSON: read with every fault named, and written back.
//!
//! Read by hand rather than by derive, so that one answer lists all that is wrong, each
//! with a JSON pointer, and a misspelt field names the right one.

mod shape;
#[cfg(test)]
mod tests;

use model::{
    Category, Channel, Chosen, Consent, ConsentPurpose, ContactPoint, Customer, CustomerFault,
    Frequency, How, Instant, InvalidContact, Preference, QuietHours, Sealed,
};
use serde_json::{Map, Value, json};

use crate::problem::{Code, Problem};
use crate::read::{near_miss, quote};
pub(crate) use shape::Profile;

/// What a profile may hold; the last two are taken and not kept.
const FIELDS: &[&str] = &[
    "id",
    "name",
    "locale",
    "time_zone",
    "country",
    "region",
    "quiet_hours",
    "phone",
    "email",
    "consents",
    "preferences",
    "city",
    "state",
];
/// What a consent may have; the last three are ours to say, and are not read.
const CONSENT_FIELDS: &[&str] = &[
    "channel",
    "purpose",
    "given_at",
    "source",
    "withdrawn_at",
    "contact",
    "how",
    "ended",
];
const QUIET_FIELDS: &[&str] = &["from", "to"];
/// What a preference may have; the last is ours to say, and is not read.
const PREFERENCE_FIELDS: &[&str] = &["category", "topic", "channel", "on", "frequency", "chosen"];
/// No topic has a longer name.
const TOPIC_LIMIT: usize = 40;
/// Faults in one answer.
const FAULTS_AT_MOST: usize = 50;

/// All faults as one problem.
pub(super) fn faulty(faults: &[CustomerFault]) -> Problem {
    if let [one] = faults {
        return Problem::fault(&one.pointer, &one.reason);
    }
    let count = faults.len();
    let detail = format!("The profile has {count} faults; `faults` lists them.");
    Problem::new(Code::Invalid, detail).with("faults", list_faults(faults))
}

/// Faults as JSON.
pub(super) fn list_faults(faults: &[CustomerFault]) -> Value {
    let shown = faults.iter().take(FAULTS_AT_MOST);
    shown
        .map(|fault| json!({"pointer": fault.pointer, "reason": fault.reason}))
        .collect()
}

/// Reads a profile. `path_id` is the id the path names; without one the body must.
pub(super) fn read(path_id: Option<&str>, body: Value) -> Result<Customer, Vec<CustomerFault>> {
    let mut reader = Reader::default();
    let Value::Object(mut fields) = body else {
        reader.fault("", "a profile is a JSON object: {\"name\": …}");
        return Err(reader.faults);
    };
    reader.check_names("", &fields, FIELDS);
    let body_id = reader.text(&mut fields, "", "id");
    if let (Some(path), Some(body)) = (path_id, &body_id)
        && path != body
    {
        reader.fault("/id", "the id differs from the one in the path");
    }
    let customer = Customer {
        id: path_id.map(str::to_owned).or(body_id).unwrap_or_default(),
        name: Sealed::new(reader.text(&mut fields, "", "name").unwrap_or_default()),
        locale: reader
            .text(&mut fields, "", "locale")
            .unwrap_or_else(|| "en".to_owned()),
        time_zone: reader
            .text(&mut fields, "", "time_zone")
            .unwrap_or_else(|| "UTC".to_owned()),
        country: reader.text(&mut fields, "", "country").unwrap_or_default(),
        region: reader.text(&mut fields, "", "region").unwrap_or_default(),
        quiet_hours: reader.quiet_hours(&mut fields),
        phone: reader.contact(&mut fields, "phone", ContactPoint::phone),
        email: reader.contact(&mut fields, "email", ContactPoint::email),
        consents: reader.list(&mut fields, "consents", Reader::consent),
        preferences: reader.list(&mut fields, "preferences", Reader::preference),
        chosen: Chosen::default(),
    };
    reader.faults.extend(customer.faults());
    if reader.faults.is_empty() {
        Ok(customer)
    } else {
        Err(reader.faults)
    }
}

/// Collects faults while fields are taken out of an object.
#[derive(Default)]
struct Reader {
    faults: Vec<CustomerFault>,
}

impl Reader {
    fn fault(&mut self, pointer: &str, reason: impl Into<String>) {
        self.faults.push(CustomerFault {
            pointer: pointer.to_owned(),
            reason: reason.into(),
        });
    }

    fn check_names(&mut self, at: &str, fields: &Map<String, Value>, known: &[&str]) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            if self.faults.len() > FAULTS_AT_MOST {
                return;
            }
            let reason = match near_miss(name, known) {
                Some(meant) => format!("there is no such field; did you mean `{meant}`?"),
                None => format!(
                    "there is no such field; the fields are {}",
                    known.join(", ")
                ),
            };
            let name = quote(name).replace('~', "~0").replace('/', "~1");
            self.fault(&format!("{at}/{name}"), reason);
        }
    }

    /// A text that may be left out or null.
    fn text(&mut self, fields: &mut Map<String, Value>, at: &str, name: &str) -> Option<String> {
        match fields.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.fault(&format!("{at}/{name}"), "this is a text in quotes");
                None
            }
        }
    }

    /// A text that must be there and be one of something.
    fn word<T>(
        &mut self,
        fields: &mut Map<String, Value>,
        at: &str,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let before = self.faults.len();
        let Some(text) = self.text(fields, at, name) else {
            if self.faults.len() == before {
                self.fault(&format!("{at}/{name}"), "this field is missing");
            }
            return None;
        };
        read(&text)
            .map_err(|reason| self.fault(&format!("{at}/{name}"), reason))
            .ok()
    }

    fn contact(
        &mut self,
        fields: &mut Map<String, Value>,
        name: &str,
        read: fn(&str) -> Result<ContactPoint, InvalidContact>,
    ) -> Option<ContactPoint> {
        let text = self
            .text(fields, "", name)
            .filter(|text| !text.is_empty())?;
        read(&text)
            .map_err(|error| self.fault(&format!("/{name}"), error.to_string()))
            .ok()
    }

    fn quiet_hours(&mut self, fields: &mut Map<String, Value>) -> Option<QuietHours> {
        let at = "/quiet_hours";
        let mut hours = match fields.remove("quiet_hours") {
            None | Some(Value::Null) => return None,
            Some(Value::Object(hours)) => hours,
            Some(_) => {
                self.fault(
                    at,
                    "this is an object: {\"from\": \"22:00\", \"to\": \"07:00\"}",
                );
                return None;
            }
        };
        self.check_names(at, &hours, QUIET_FIELDS);
        let text = |text: &str| Ok(text.to_owned());
        let from = self.word(&mut hours, at, "from", text);
        let to = self.word(&mut hours, at, "to", text);
        QuietHours::parse(&from?, &to?)
            .map_err(|reason| self.fault(at, reason))
            .ok()
    }

    fn list<T>(
        &mut self,
        fields: &mut Map<String, Value>,
        name: &str,
        read: fn(&mut Self, String, Map<String, Value>) -> Option<T>,
    ) -> Vec<T> {
        let items = match fields.remove(name) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.fault(&format!("/{name}"), "this is a list");
                return Vec::new();
            }
        };
        let mut kept = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            if self.faults.len() > FAULTS_AT_MOST {
                break;
            }
            let at = format!("/{name}/{place}");
            match item {
                Value::Object(fields) => kept.extend(read(self, at, fields)),
                _ => self.fault(&at, "this is an object"),
            }
        }
        kept
    }

    fn consent(&mut self, at: String, mut fields: Map<String, Value>) -> Option<Consent> {
        self.check_names(&at, &fields, CONSENT_FIELDS);
        let channel = self.word(&mut fields, &at, "channel", known::<Channel>);
        let purpose = self.word(&mut fields, &at, "purpose", known::<ConsentPurpose>);
        let given_at = self.word(&mut fields, &at, "given_at", moment);
        let source = self.text(&mut fields, &at, "source").unwrap_or_default();
        if source.len() > 200 || source.chars().any(char::is_control) {
            self.fault(
                &format!("{at}/source"),
                "a source has at most 200 bytes and no control characters",
            );
        }
        let withdrawn_at = match fields.get("withdrawn_at") {
            None | Some(Value::Null) => None,
            Some(_) => self.word(&mut fields, &at, "withdrawn_at", moment),
        };
        Some(Consent {
            channel: channel?,
            purpose: purpose?,
            given_at: given_at?,
            source,
            withdrawn_at,
            contact: Sealed::new(""),
            how: How::Import,
            ended: How::Import,
        })
    }

    fn preference(&mut self, at: String, mut fields: Map<String, Value>) -> Option<Preference> {
        self.check_names(&at, &fields, PREFERENCE_FIELDS);
        let category = self.word(&mut fields, &at, "category", known::<Category>);
        let channel = self.word(&mut fields, &at, "channel", known::<Channel>);
        let on = fields.get("on").and_then(Value::as_bool);
        if on.is_none() {
            self.fault(&format!("{at}/on"), "this is `true` or `false`");
        }
        let topic = self.text(&mut fields, &at, "topic").unwrap_or_default();
        let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if topic.len() > TOPIC_LIMIT || !topic.bytes().all(named) {
            self.fault(
                &format!("{at}/topic"),
                "a topic is a name of the catalogue, like `returns`",
            );
        }
        let frequency = match fields.get("frequency") {
            None | Some(Value::Null) => Some(Frequency::Each),
            Some(_) => self.word(&mut fields, &at, "frequency", known::<Frequency>),
        };
        Some(Preference {
            category: category?,
            topic,
            channel: channel?,
            on: on?,
            frequency: frequency?,
            chosen: false,
        })
    }
}

fn known<T: std::str::FromStr<Err = model::UnknownWord>>(text: &str) -> Result<T, String> {
    quote(text)
        .parse()
        .map_err(|error: T::Err| error.to_string())
}

fn moment(text: &str) -> Result<Instant, String> {
    Instant::parse(&quote(text))
}
