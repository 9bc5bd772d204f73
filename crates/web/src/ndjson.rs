//! Bodies of JSON lines, read as they arrive.
//!
//! Holds one line that is not complete yet and what came with it; never the whole body. A
//! line that is too long is passed over up to its end and named, so that one bad line
//! does not cost the others. Knows nothing of what the lines say.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::{FutureExt, StreamExt};

/// One line, by its place in the stream: 0, 1, … with blank lines counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// What it holds, without its end.
    Text(Vec<u8>),
    /// More bytes than a line may have.
    TooLong,
}

/// Why no more lines come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The sender went away or broke the protocol.
    Cut,
    /// The sender was silent for too long.
    Silent,
}

/// Lines of a body.
pub(crate) struct Lines {
    body: BodyDataStream,
    limit: usize,
    silence: Duration,
    buffer: Vec<u8>,
    /// Where the next line starts in the buffer.
    start: usize,
    /// Up to where no line end was found.
    scanned: usize,
    /// The present line is too long already: drop it up to its end.
    skipping: bool,
    ended: bool,
    /// The body broke; told once the lines before it are taken.
    cut: bool,
    next: u64,
}

impl Lines {
    /// The lines of `body`, each of at most `limit` bytes; the sender may be silent for
    /// `silence`.
    pub(crate) fn new(body: Body, limit: usize, silence: Duration) -> Self {
        Self {
            body: body.into_data_stream(),
            limit,
            silence,
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            skipping: false,
            ended: false,
            cut: false,
            next: 0,
        }
    }

    /// How many lines were given so far, blank ones counted.
    pub(crate) fn count(&self) -> u64 {
        self.next
    }

    /// Up to `most` lines that are there, waiting only while there is none. Blank lines
    /// are left out. Empty at the end.
    pub(crate) async fn next_chunk(&mut self, most: usize) -> Result<Vec<(u64, Line)>, Broken> {
        let mut chunk = Vec::new();
        loop {
            self.take_lines(&mut chunk, most);
            let finished = self.ended && self.start == self.buffer.len() && !self.skipping;
            if chunk.len() >= most || finished {
                return Ok(chunk);
            }
            let more = match (chunk.is_empty(), self.cut) {
                (true, true) => return Err(Broken::Cut),
                (false, true) => return Ok(chunk),
                (true, false) => {
                    let more = tokio::time::timeout(self.silence, self.body.next()).await;
                    more.map_err(|_| Broken::Silent)?
                }
                (false, false) => match self.body.next().now_or_never() {
                    Some(more) => more,
                    None => return Ok(chunk),
                },
            };
            self.keep(more);
        }
    }

    fn take_lines(&mut self, chunk: &mut Vec<(u64, Line)>, most: usize) {
        while chunk.len() < most {
            let Some(line) = self.take() else { return };
            let index = self.next;
            self.next += 1;
            let blank =
                matches!(&line, Line::Text(text) if text.iter().all(u8::is_ascii_whitespace));
            if !blank {
                chunk.push((index, line));
            }
        }
    }

    fn keep(&mut self, more: Option<Result<Bytes, axum::Error>>) {
        match more {
            Some(Ok(bytes)) => {
                self.buffer.drain(..self.start);
                self.scanned -= self.start;
                self.start = 0;
                self.buffer.extend_from_slice(&bytes);
            }
            Some(Err(_)) => self.cut = true,
            None => self.ended = true,
        }
    }

    /// The next complete line of the buffer; the last one may lack its end.
    fn take(&mut self) -> Option<Line> {
        let end =
            memchr::memchr(b'\n', &self.buffer[self.scanned..]).map(|place| self.scanned + place);
        let rest = self.buffer.len() - self.start;
        let (end, after) = match end {
            Some(end) => (end, end + 1),
            None if self.ended && (rest > 0 || self.skipping) => {
                (self.buffer.len(), self.buffer.len())
            }
            None => {
                if self.skipping || rest > self.limit {
                    self.skipping = true;
                    self.start = self.buffer.len();
                }
                self.scanned = self.buffer.len();
                return None;
            }
        };
        let line = &self.buffer[self.start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let taken = if self.skipping || line.len() > self.limit {
            Line::TooLong
        } else {
            Line::Text(line.to_vec())
        };
        self.skipping = false;
        self.start = after;
        self.scanned = after;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::io;

    fn lines(parts: &[&str], cut: bool) -> Lines {
        let mut parts: Vec<Result<String, io::Error>> =
            parts.iter().map(|part| Ok((*part).to_owned())).collect();
        if cut {
            parts.push(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let body = Body::from_stream(stream::iter(parts));
        Lines::new(body, 8, Duration::from_secs(1))
    }

    fn text(index: u64, text: &str) -> (u64, Line) {
        (index, Line::Text(text.into()))
    }

    #[tokio::test]
    async fn lines_come_whole_however_they_were_cut() {
        for parts in [
            vec!["ab\ncd\r\n\nef"],
            vec!["a", "b\nc", "d\r", "\n", "\ne", "f"],
            vec!["ab\n", "cd\r\n", "\n", "ef\n"],
        ] {
            let mut lines = lines(&parts, false);
            let chunk = lines.next_chunk(10).await.unwrap();
            assert_eq!(chunk, [text(0, "ab"), text(1, "cd"), text(3, "ef")]);
            assert_eq!(lines.next_chunk(10).await.unwrap(), []);
            assert_eq!(lines.count(), 4);
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_costs_only_itself() {
        for parts in [
            vec!["ab\n123456789\ncd\n"],
            vec!["ab\n12345", "67890", "12345", "6\ncd\n"],
        ] {
            let chunk = lines(&parts, false).next_chunk(10).await.unwrap();
            assert_eq!(chunk, [text(0, "ab"), (1, Line::TooLong), text(2, "cd")]);
        }
        let mut last = lines(&["123456", "789"], false);
        assert_eq!(last.next_chunk(10).await.unwrap(), [(0, Line::TooLong)]);
        assert_eq!(last.next_chunk(10).await.unwrap(), []);
    }

    #[tokio::test]
    async fn chunks_are_bounded_and_a_cut_is_told_last() {
        let mut lines = lines(&["a\nb\nc\nd"], true);
        assert_eq!(
            lines.next_chunk(2).await.unwrap(),
            [text(0, "a"), text(1, "b")]
        );
        assert_eq!(lines.next_chunk(2).await.unwrap(), [text(2, "c")]);
        assert_eq!(lines.next_chunk(2).await.unwrap_err(), Broken::Cut);
    }

    #[tokio::test]
    async fn silence_ends_it() {
        let body = Body::from_stream(stream::pending::<Result<String, io::Error>>());
        let mut lines = Lines::new(body, 8, Duration::from_millis(1));
        assert_eq!(lines.next_chunk(2).await.unwrap_err(), Broken::Silent);
    }
}
