//! What is no event goes to a stream of its own, with the reason, before it is taken from
//! the queue: nothing vanishes. Logs get its place in the stream and nothing of it.

use std::fmt::Write as _;

use anyhow::Result;
use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use async_nats::jetstream::context::Context;
use axum::body::Bytes;

/// A reason may be so long in a header.
const REASON: usize = 500;
/// Kept free for the headers when a body is as large as the server takes.
const HEADERS: usize = 4 * 1024;

/// Puts a part of a message on the subject of what is no event, and waits until it is kept.
///
/// # Errors
/// When it may not have been kept; then the message must not be taken from the queue.
pub async fn keep(
    context: &Context,
    subject: &str,
    message: &Message,
    (line, part): (usize, &[u8]),
    reason: &str,
) -> Result<()> {
    let room = context.client().max_payload().saturating_sub(HEADERS);
    let mut headers = HeaderMap::new();
    headers.insert("Tidings-Reason", in_a_header(reason).as_str());
    headers.insert("Tidings-Subject", in_a_header(&message.subject).as_str());
    if let Ok(info) = message.info() {
        let at = info.published.unix_timestamp_nanos();
        let (stream, sequence) = (info.stream, info.stream_sequence);
        headers.insert("Tidings-Stream", stream);
        headers.insert("Tidings-Sequence", sequence.to_string().as_str());
        // A redelivery is rejected again, and kept once.
        let id = format!("{stream}.{sequence}.{at}.{line}");
        headers.insert("Nats-Msg-Id", id.as_str());
    }
    headers.insert("Tidings-Line", line.to_string().as_str());
    if part.len() > room {
        headers.insert("Tidings-Cut-From", part.len().to_string().as_str());
    }
    let body = Bytes::copy_from_slice(&part[..part.len().min(room)]);
    let kept = context
        .publish_with_headers(subject.to_owned(), headers, body)
        .await?;
    kept.await?;
    metrics::counter!("tidings_nats_dead_letters_total").increment(1);
    Ok(())
}

/// Printable ASCII on one line, bounded.
fn in_a_header(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars().take(REASON) {
        match c {
            ' '..='~' => plain.push(c),
            _ => {
                let _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_no_line_break_and_no_novel() {
        assert_eq!(
            in_a_header("not JSON: é\r\n"),
            "not JSON: \\u{e9}\\u{d}\\u{a}"
        );
        assert!(in_a_header(&"\n".repeat(10_000)).len() < HEADERS);
    }
}
