//! Reading what callers send: bodies, queries, ids. Everything is bounded, and every
//! refusal says what is wrong and where.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use crate::App;
use crate::problem::{Code, Problem};

/// How deep JSON may be nested.
pub(crate) const DEPTH_LIMIT: usize = 64;
/// The largest body of a call that is neither events nor an import.
const SMALL_BODY: usize = 64 * 1024;
/// How much of a caller's own words an answer repeats.
const QUOTE_LIMIT: usize = 80;

/// A small JSON body.
pub(crate) struct JsonBody<T>(pub T);

/// The query string.
pub(crate) struct Params<T>(pub T);

/// An id in the path, by its kind.
pub(crate) struct PathId<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        expect_json(&parts.headers)?;
        let bytes = read_bytes(body, SMALL_BODY).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::new(Code::BadRequest, query_fault(&rejection)))
    }
}

impl<T> FromRequestParts<App> for PathId<T>
where
    T: std::str::FromStr<Err = model::IdParseError>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::new(Code::BadRequest, "The path holds no id."))?;
        text.parse()
            .map(Self)
            .map_err(|error| Problem::new(Code::BadRequest, sentence(&error.to_string())))
    }
}

/// The customer's own id in a path: any text a marketplace may use.
pub(crate) struct CustomerId(pub String);

impl FromRequestParts<App> for CustomerId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Path::<String>::from_request_parts(parts, app)
            .await
            .map(|Path(id)| Self(id))
            .map_err(|_| Problem::new(Code::BadRequest, "The customer's id is not UTF-8 text."))
    }
}

/// What is wrong with a query, without the framework's preamble.
fn query_fault(rejection: &axum::extract::rejection::QueryRejection) -> String {
    let text = rejection.body_text();
    let fault = text.strip_prefix("Failed to deserialize query string: ");
    let short: String = fault.unwrap_or(&text).chars().take(400).collect();
    sentence(&format!("In the query, {short}"))
}

/// The media type of the body: lower case, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = text.split(';').next().unwrap_or("");
    essence.trim().to_ascii_lowercase()
}

/// Whether the body is a stream of JSON lines.
pub(crate) fn is_line_stream(headers: &HeaderMap) -> bool {
    media_type(headers) == "application/x-ndjson"
}

/// Whether the body is read line by line for as long as it comes.
pub(crate) fn is_long_body(headers: &HeaderMap) -> bool {
    is_line_stream(headers) || media_type(headers) == "text/csv"
}

/// Refuses bodies that do not say they are JSON.
pub(crate) fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers).as_str() {
        "application/json" => Ok(()),
        other => Err(unsupported(other, "application/json")),
    }
}

/// "Not this type of body, but these."
pub(crate) fn unsupported(given: &str, known: &str) -> Problem {
    let given = if given.is_empty() {
        "none".to_owned()
    } else {
        format!("`{}`", quote(given))
    };
    Problem::new(
        Code::UnsupportedMediaType,
        format!("The header Content-Type says {given}; this path takes {known}."),
    )
}

/// The whole of a body, if it is not larger than `limit`.
pub(crate) async fn read_bytes(body: Body, limit: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        let cut = std::error::Error::source(&error)
            .is_some_and(|source| source.to_string().contains("length limit exceeded"));
        if cut {
            Problem::new(
                Code::TooLarge,
                format!("The body may have at most {limit} bytes."),
            )
        } else {
            Problem::new(Code::StreamBroken, "The body ended before its end.")
        }
    })
}

/// Reads JSON of a known shape.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    check_depth(bytes)?;
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Code::BadJson, sentence(&error.to_string())))
}

/// Refuses JSON that is nested too deeply, before anything recurses into it.
pub(crate) fn check_depth(bytes: &[u8]) -> Result<(), Problem> {
    if nested_too_deeply(bytes) {
        return Err(Problem::new(
            Code::TooDeep,
            format!("JSON may be nested {DEPTH_LIMIT} levels deep at most."),
        ));
    }
    Ok(())
}

/// Counts brackets outside strings; whether the text is JSON at all is not asked here.
pub(crate) fn nested_too_deeply(bytes: &[u8]) -> bool {
    let opening = bytes.iter().filter(|byte| matches!(byte, b'[' | b'{'));
    if opening.count() <= DEPTH_LIMIT {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_LIMIT {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// A fragment as a sentence: capital letter, full stop.
pub(crate) fn sentence(fragment: &str) -> String {
    let mut letters = fragment.trim().chars();
    let first = letters.next().map(char::to_uppercase);
    let mut text: String = first.into_iter().flatten().chain(letters).collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// The beginning of a caller's own word, harmless in an answer.
pub(crate) fn quote(word: &str) -> String {
    let plain = word.chars().filter(|letter| !letter.is_control());
    let mut short: String = plain.take(QUOTE_LIMIT).collect();
    if short.len() < word.len() {
        short.push('…');
    }
    short
}

/// The known word nearest to a misspelt one, if one is near.
pub(crate) fn near_miss<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    if given.len() > QUOTE_LIMIT {
        return None;
    }
    let folded: String = given
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    known
        .iter()
        .map(|word| (distance(&folded, &word.replace('_', "")), *word))
        .filter(|(far, word)| *far <= 1 + word.len() / 4)
        .min()
        .map(|(_, word)| word)
}

/// Insertions, deletions and exchanges between two short words.
fn distance(left: &str, right: &str) -> usize {
    let right = right.as_bytes();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for place in 0..right.len() {
            let exchanged = diagonal + usize::from(letter != right[place]);
            diagonal = row[place + 1];
            row[place + 1] = exchanged.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(!nested_too_deeply(deep(64).as_bytes()));
        assert!(nested_too_deeply(deep(65).as_bytes()));
        let text = format!(r#"{{"a":"{}\"{}"}}"#, "[".repeat(100), "{".repeat(100));
        assert!(!nested_too_deeply(text.as_bytes()));
        assert!(!nested_too_deeply(&b"[]".repeat(100)));
        assert!(!nested_too_deeply(&b"]".repeat(100)));
    }

    #[test]
    fn near_misses_are_named_and_far_ones_are_not() {
        let known = ["name", "locale", "time_zone", "country", "phone", "email"];
        assert_eq!(near_miss("timezone", &known), Some("time_zone"));
        assert_eq!(near_miss("timeZone", &known), Some("time_zone"));
        assert_eq!(near_miss("e-mail", &known), Some("email"));
        assert_eq!(near_miss("phon", &known), Some("phone"));
        assert_eq!(near_miss("loyalty_points", &known), None);
        assert_eq!(near_miss(&"x".repeat(10_000), &known), None);
    }

    #[test]
    fn json_faults_say_where() {
        let fault = parse::<serde_json::Value>(b"{\n  \"a\": }").unwrap_err();
        assert_eq!(fault.detail(), "Expected value at line 2 column 8.");
    }

    #[test]
    fn quotes_are_short_and_plain() {
        assert_eq!(quote("a\r\nb"), "ab…");
        assert_eq!(quote(&"é".repeat(100)).chars().count(), 81);
        assert_eq!(quote("fine"), "fine");
    }
}
