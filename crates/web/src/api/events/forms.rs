//! The forms events come in (CloudEvents 1.0.2, HTTP binding §3): structured, binary,
//! batch, and our stream of lines. Only says which form and finds the envelopes; whether
//! an envelope is good is `pipeline/accept`'s.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use crate::problem::{Code, Problem};
use crate::read::{self, quote};

/// Events in one batch.
pub(super) const BATCH_LIMIT: usize = 1_000;

/// How the events of a request are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One event, the envelope around the data.
    Structured,
    /// One event, the envelope in `ce-` headers, the body is the data.
    Binary,
    /// A list of events.
    Batch,
    /// One event a line.
    Stream,
}

impl Form {
    /// The form of a request, by its headers.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        match read::media_type(headers).as_str() {
            "application/cloudevents+json" => Ok(Self::Structured),
            "application/cloudevents-batch+json" => Ok(Self::Batch),
            "application/x-ndjson" => Ok(Self::Stream),
            "application/json" if headers.contains_key("ce-specversion") => Ok(Self::Binary),
            "application/json" => Ok(Self::Structured),
            other => Err(read::unsupported(
                other,
                "application/cloudevents+json, application/cloudevents-batch+json, \
                 application/x-ndjson and application/json",
            )),
        }
    }
}

/// The one event of a structured body.
pub(super) fn structured(bytes: &[u8]) -> Result<Value, Problem> {
    let event: Value = read::parse(bytes)?;
    if event.is_array() {
        return Err(Problem::new(
            Code::BadJson,
            "A list of events is sent as application/cloudevents-batch+json.",
        ));
    }
    Ok(event)
}

/// The events of a batch.
pub(super) fn batch(bytes: &[u8]) -> Result<Vec<Value>, Problem> {
    let Value::Array(events) = read::parse(bytes)? else {
        return Err(Problem::new(
            Code::BadJson,
            "A batch is a JSON list of events: `[{…}, {…}]`.",
        ));
    };
    if events.len() > BATCH_LIMIT {
        let count = events.len();
        return Err(Problem::new(
            Code::TooLarge,
            format!(
                "A batch holds at most {BATCH_LIMIT} events, this one {count}. Send a stream (application/x-ndjson) instead."
            ),
        ));
    }
    Ok(events)
}

/// The one event whose envelope stands in headers.
pub(super) fn binary(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, Problem> {
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        // Percent-encoded UTF-8 (HTTP binding §3.1.3.2).
        let text = percent_decoded(value.as_bytes()).ok_or_else(|| {
            Problem::new(
                Code::BadRequest,
                format!(
                    "The header ce-{} is not percent-encoded UTF-8.",
                    quote(attribute)
                ),
            )
        })?;
        if event.insert(attribute.to_owned(), text.into()).is_some() {
            return Err(Problem::new(
                Code::BadRequest,
                format!("The header ce-{} stands twice.", quote(attribute)),
            ));
        }
    }
    if !bytes.is_empty() {
        event.insert("data".to_owned(), read::parse(bytes)?);
    }
    event.insert("datacontenttype".to_owned(), "application/json".into());
    Ok(Value::Object(event))
}

/// `%C3%AA` becomes `ê`; a `%` that begins no pair of digits stays as it is.
fn percent_decoded(bytes: &[u8]) -> Option<String> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let pair = if *first == b'%' { after.get(..2) } else { None };
        let decoded = pair
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match decoded {
            Some(byte) => {
                plain.push(byte);
                rest = &after[2..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};
    use serde_json::json;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn the_form_is_known_by_its_headers() {
        let form = |kind| Form::of(&headers(&[("content-type", kind)]));
        assert_eq!(form("application/cloudevents+json"), Ok(Form::Structured));
        assert_eq!(
            form("Application/JSON; charset=utf-8"),
            Ok(Form::Structured)
        );
        assert_eq!(form("application/cloudevents-batch+json"), Ok(Form::Batch));
        assert_eq!(form("application/x-ndjson"), Ok(Form::Stream));
        assert_eq!(
            form("text/xml").unwrap_err().code(),
            Code::UnsupportedMediaType
        );
        assert_eq!(
            Form::of(&HeaderMap::new()).unwrap_err().code(),
            Code::UnsupportedMediaType
        );
        let with_envelope = headers(&[
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
        ]);
        assert_eq!(Form::of(&with_envelope), Ok(Form::Binary));
    }

    #[test]
    fn an_envelope_in_headers_becomes_an_event() {
        let headers = headers(&[
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-id", "100%"),
            ("ce-source", "/shop/S%C3%A3o"),
        ]);
        assert_eq!(
            binary(&headers, b"{\"order\":1}").unwrap(),
            json!({
                "specversion": "1.0", "id": "100%", "source": "/shop/São",
                "data": {"order": 1}, "datacontenttype": "application/json"
            })
        );
        let twice: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .chain([(
                HeaderName::from_static("ce-id"),
                HeaderValue::from_static("2"),
            )])
            .collect();
        assert_eq!(twice.get_all("ce-id").iter().count(), 2);
        assert!(binary(&twice, b"").unwrap_err().detail().contains("twice"));
    }

    #[test]
    fn percent_signs_that_mean_nothing_stay() {
        for (given, plain) in [
            ("%41", Some("A")),
            ("%4", Some("%4")),
            ("%", Some("%")),
            ("%+4", Some("%+4")),
            ("%zz%41", Some("%zzA")),
            ("%ff", None),
        ] {
            assert_eq!(percent_decoded(given.as_bytes()).as_deref(), plain);
        }
    }

    #[test]
    fn batches_are_lists_of_bounded_length() {
        let long = serde_json::to_vec(&vec![json!({}); BATCH_LIMIT + 1]).unwrap();
        assert_eq!(batch(&long).unwrap_err().code(), Code::TooLarge);
        assert_eq!(batch(b"{}").unwrap_err().code(), Code::BadJson);
        assert_eq!(batch(b"[1,2]").unwrap().len(), 2);
        assert_eq!(structured(b"[1,2]").unwrap_err().code(), Code::BadJson);
        let deep = "[".repeat(70);
        assert_eq!(batch(deep.as_bytes()).unwrap_err().code(), Code::TooDeep);
    }
}
