//! Cuts the body of a JetStream message into events: one event in structured JSON, or one a
//! line. Strangers' bytes: pure, bounded, and it never panics. Whether each is an event is
//! for `accept` to say.

use serde::de::IgnoredAny;

/// A body may have so many bytes; the events in it have their own bound.
pub const MAX_BODY: usize = 1024 * 1024;
/// And so many events.
pub const MAX_EVENTS: usize = 1_000;

/// The events in a body, in order.
///
/// # Errors
/// A sentence why it is none.
pub fn events(body: &[u8]) -> Result<Vec<&[u8]>, String> {
    if body.len() > MAX_BODY {
        return Err(format!(
            "a message has at most {MAX_BODY} bytes, this one has {}",
            body.len()
        ));
    }
    let body = body.trim_ascii();
    if body.is_empty() {
        return Err("the message is empty".into());
    }
    if !body.contains(&b'\n') || is_one_value(body) {
        return Ok(vec![body]);
    }
    let lines = body.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<&[u8]> = lines
        .filter(|line| !line.is_empty())
        .take(MAX_EVENTS + 1)
        .collect();
    if lines.len() > MAX_EVENTS {
        return Err(format!("a message has at most {MAX_EVENTS} events"));
    }
    Ok(lines)
}

/// One object over several lines is one event. Of many lines, only the first is read.
fn is_one_value(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(body: &str) -> Vec<&str> {
        let cut = events(body.as_bytes()).unwrap();
        cut.into_iter()
            .map(|e| std::str::from_utf8(e).unwrap())
            .collect()
    }

    #[test]
    fn one_event_or_one_a_line() {
        assert_eq!(cut(" {\"a\":1}\r\n"), ["{\"a\":1}"]);
        assert_eq!(cut("{\n \"a\": 1\n}\n"), ["{\n \"a\": 1\n}"]);
        assert_eq!(
            cut("{\"a\":1}\r\n\n{\"a\":2}\n"),
            ["{\"a\":1}", "{\"a\":2}"]
        );
        assert_eq!(
            cut("{\"a\":\n{\"a\":2}"),
            ["{\"a\":", "{\"a\":2}"],
            "one bad line spoils no other"
        );
    }

    #[test]
    fn what_is_too_large_is_refused() {
        assert_eq!(events(b" \n ").unwrap_err(), "the message is empty");
        assert!(
            events(&vec![b' '; MAX_BODY + 1])
                .unwrap_err()
                .contains("at most")
        );
        assert!(events("{}\n".repeat(MAX_EVENTS).as_bytes()).is_ok());
        assert!(events("{}\n".repeat(MAX_EVENTS + 1).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_made_up(body in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'{'), Just(b'}'), any::<u8>()], 0..300)) {
            if let Ok(events) = events(&body) {
                prop_assert!(!events.is_empty() && events.len() <= MAX_EVENTS);
                prop_assert!(events.iter().map(|e| e.len()).sum::<usize>() <= body.len());
                prop_assert!(events.iter().all(|e| !e.is_empty()));
            }
        }
    }
}
