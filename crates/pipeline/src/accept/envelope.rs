//! Reads one CloudEvent 1.0 (JSON format) and says in a sentence what is wrong with one
//! that is none.

use std::borrow::Cow;

use model::{Event, EventKey, Instant};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{AsOf, RawEvent, Submission};

/// How the source of an event begins that Tidings itself makes.
pub(crate) const OWN_SOURCES: &str = "tidings:";

/// An event may be so large, in bytes of JSON.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;

/// The attributes read here (CloudEvents 1.0.2 §3). Extension attributes are allowed; but
/// for `campaign` they are ignored.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    campaign: Option<Value>,
    #[serde(default, rename = "data_base64")]
    binary: Option<serde::de::IgnoredAny>,
}

/// Reads and validates; `now` stands in for a missing time.
pub(super) fn read(raw: &RawEvent, submission: Submission, now: Instant) -> Result<Event, String> {
    match raw {
        RawEvent::Line(bytes) => {
            if bytes.len() > MAX_EVENT_BYTES {
                return Err(format!(
                    "an event has at most {MAX_EVENT_BYTES} bytes, this one has {}",
                    bytes.len()
                ));
            }
            if bytes
                .trim_ascii_start()
                .first()
                .is_some_and(|byte| *byte != b'{')
            {
                return Err("not a CloudEvent: an event is a JSON object".into());
            }
            // Text is checked once, as a whole; each of its parts would be otherwise.
            let read = match std::str::from_utf8(bytes) {
                Ok(text) => serde_json::from_str(text),
                Err(_) => serde_json::from_slice(bytes),
            };
            let envelope = read.map_err(|error| {
                let object = serde_json::from_slice::<Map<String, Value>>(bytes).ok();
                object
                    .and_then(|object| misfit(&object))
                    .unwrap_or_else(|| in_words(&error))
            })?;
            check(envelope, submission, now)
        }
        RawEvent::Value(value) => {
            let Value::Object(object) = value else {
                return Err("not a CloudEvent: an event is a JSON object".into());
            };
            let mut size = Size(0);
            // Counting cannot fail.
            let _ = serde_json::to_writer(&mut size, object);
            let size = size.0;
            if size > MAX_EVENT_BYTES {
                return Err(format!(
                    "an event has at most {MAX_EVENT_BYTES} bytes, this one has {size}"
                ));
            }
            let envelope = Envelope::deserialize(value)
                .map_err(|error| misfit(object).unwrap_or_else(|| in_words(&error)))?;
            check(envelope, submission, now)
        }
    }
}

/// Counts octets instead of keeping them.
struct Size(usize);

impl std::io::Write for Size {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0 += octets.len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Which attribute keeps an object from being an event, and how.
fn misfit(object: &Map<String, Value>) -> Option<String> {
    let needed = ["specversion", "id", "source", "type"];
    let optional = ["subject", "time"];
    let missing = needed.iter().find(|name| !object.contains_key(**name));
    if let Some(name) = missing {
        return Some(format!("/{name}: is missing"));
    }
    let wrong = |name: &&&str| {
        let value = object.get(**name);
        let absent = value.is_none_or(Value::is_null) && optional.contains(*name);
        !absent && !value.is_some_and(Value::is_string)
    };
    let name = needed.iter().chain(&optional).find(wrong)?;
    Some(format!("/{name}: is text, between double quotes"))
}

fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends before the event does".into(),
        serde_json::error::Category::Syntax => format!("not JSON: {text}"),
        _ => format!("not a CloudEvent: {text}"),
    }
}

fn check(envelope: Envelope<'_>, submission: Submission, now: Instant) -> Result<Event, String> {
    if envelope.specversion != "1.0" {
        return Err("/specversion: only CloudEvents 1.0 is spoken here".into());
    }
    let id = attribute("/id", envelope.id, 256)?;
    let source = attribute("/source", envelope.source, 512)?;
    if source.starts_with(OWN_SOURCES) && !submission.own {
        return Err(format!(
            "/source: `{OWN_SOURCES}` is how our own events begin"
        ));
    }
    let event_type = attribute("/type", envelope.event_type, 128)?;
    let subject = envelope
        .subject
        .ok_or_else(|| "/subject: the customer's id is missing".to_owned())
        .and_then(|subject| attribute("/subject", subject, 128))?;
    let time = match envelope.time {
        Some(text) => Instant::parse(&text).map_err(|reason| format!("/time: {reason}"))?,
        None => now,
    };
    if envelope.binary.is_some() {
        return Err("/data_base64: the data of an event is a JSON object, in `data`".into());
    }
    let mut data = match envelope.data {
        Some(Value::Object(data)) => data,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err("/data: the data of an event is a JSON object".into()),
    };
    // Where costs are booked; no message type has to declare it.
    if let Some(Value::String(campaign)) = envelope.campaign {
        data.entry("campaign").or_insert(Value::String(campaign));
    }
    let as_of = match submission.as_of {
        AsOf::Now => None,
        AsOf::EventTime => Some(time),
        AsOf::At(at) => Some(at),
    };
    Ok(Event {
        key: EventKey { source, id },
        event_type,
        subject,
        time,
        data,
        mode: submission.mode,
        as_of,
    })
}

fn attribute(pointer: &str, text: Cow<'_, str>, most: usize) -> Result<String, String> {
    if text.is_empty() {
        return Err(format!("{pointer}: must not be empty"));
    }
    if text.len() > most {
        return Err(format!(
            "{pointer}: at most {most} bytes, this has {}",
            text.len()
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{pointer}: holds a control character"));
    }
    Ok(text.into_owned())
}

/// The event as CloudEvents JSON again, for a failed event's replay.
pub(super) fn write(event: &Event) -> String {
    serde_json::json!({
        "specversion": "1.0",
        "id": event.key.id,
        "source": event.key.source,
        "type": event.event_type,
        "subject": event.subject,
        "time": event.time,
        "data": event.data,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use model::Mode;
    use proptest::prelude::*;

    use super::*;

    const NOW: Submission = Submission {
        mode: Mode::Live,
        as_of: AsOf::Now,
        own: false,
    };

    fn line(text: &str) -> Result<Event, String> {
        read(
            &RawEvent::Line(text.as_bytes().to_vec()),
            NOW,
            Instant::from_micros(7),
        )
    }

    #[test]
    fn a_whole_event_is_read() {
        let event = line(
            r#"{"specversion":"1.0","id":"e-1","source":"/shop","type":"order.confirmed","subject":"c-42",
               "time":"2026-11-22T09:00:00Z","traceparent":"x","data":{"order":{"number":"1"}}}"#,
        )
        .unwrap();
        assert_eq!(
            (event.subject.as_str(), event.event_type.as_str()),
            ("c-42", "order.confirmed")
        );
        assert_eq!(event.time.to_string(), "2026-11-22T09:00:00Z");
        assert_eq!(line(&write(&event)).unwrap(), event);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let base = r#""specversion":"1.0","id":"e","source":"/s","type":"t""#;
        let said: Vec<String> = [
            "",
            "[]",
            "{}",
            "{\"specversion\":\"1.0\",",
            &format!("{{{base}}}"),
            &format!("{{{},\"subject\":\"c\"}}", base.replace("\"e\"", "5")),
            &format!("{{{base},\"subject\":7}}"),
            &format!("{{{base},\"subject\":\"\"}}"),
            &format!("{{{base},\"subject\":\"c\",\"time\":\"tomorrow\"}}"),
            &format!("{{{base},\"subject\":\"c\",\"data\":[1]}}"),
            &format!("{{{base},\"subject\":\"c\",\"data_base64\":\"AA==\"}}"),
            &format!("{{{},\"subject\":\"c\"}}", base.replace("1.0", "0.3")),
            &format!("{{{base},\"subject\":\"a\\nb\"}}"),
            &format!("{{{base},\"subject\":\"{}\"}}", "x".repeat(129)),
        ]
        .iter()
        .map(|text| line(text).unwrap_err())
        .collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_replay_is_decided_as_of_its_own_time() {
        let text = r#"{"specversion":"1.0","id":"e","source":"/s","type":"t","subject":"c","time":"2016-10-04T17:46:48Z"}"#;
        let submission = Submission {
            mode: Mode::Test,
            as_of: AsOf::EventTime,
            own: false,
        };
        let event = read(
            &RawEvent::Line(text.into()),
            submission,
            Instant::from_micros(7),
        )
        .unwrap();
        assert_eq!(event.as_of, Some(event.time));
    }

    proptest! {
        #[test]
        fn rubbish_is_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&RawEvent::Line(bytes), NOW, Instant::from_micros(7));
        }
    }
}
