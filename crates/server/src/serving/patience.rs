//! How long a connection may keep us waiting. The protocol sees a plain stream that fails
//! with a time-out: while no request has begun, while the head of one is coming in, and
//! while an answer is not taken. During a request nothing is timed here: `web` does that.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// The bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the first octet of a request to the end of its head; and for a new connection
    /// to begin at all.
    pub(super) head: Duration,
    /// Between requests; and for a client to take more of an answer.
    pub(super) idle: Duration,
}

/// Counts the requests of a connection. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Counts>);

#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// Whoever waits to read during a request: nobody else asks again when it has ended.
    reader: AtomicWaker,
}

impl Turns {
    /// The head of a request is read.
    pub(super) fn begin(&self) -> Turn {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Turn(self.clone())
    }
}

/// A request, until its answer is handed to the connection.
pub(super) struct Turn(Turns);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Relaxed);
        self.0.0.reader.wake();
    }
}

/// The body of an answer; its end is the end of the turn.
pub(super) struct Answer {
    body: Body,
    _turn: Turn,
}

impl Answer {
    pub(super) fn new(body: Body, turn: Turn) -> Self {
        Self { body, _turn: turn }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The first octet of a request.
    Silent,
    /// The rest of its head.
    Head,
    /// Its answer.
    Busy,
}

/// A stream with patience.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    turns: Turns,
    /// Turns begun when it was last looked.
    begun: usize,
    stage: Stage,
    /// When the stage has taken too long.
    until: Instant,
    alarm: Pin<Box<Sleep>>,
    /// Runs while the other side does not take what is written.
    unread: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, turns: Turns, patience: Patience) -> Self {
        let until = Instant::now() + patience.head;
        Self {
            stream,
            patience,
            turns,
            begun: 0,
            stage: Stage::Silent,
            until,
            alarm: Box::pin(tokio::time::sleep_until(until)),
            unread: None,
        }
    }

    /// Learns what became of requests since it last looked.
    fn look(&mut self) {
        let begun = self.turns.0.begun.load(Ordering::Relaxed);
        let is_busy = begun != self.turns.0.ended.load(Ordering::Relaxed);
        if is_busy {
            self.stage = Stage::Busy;
        } else if self.stage == Stage::Busy || begun != self.begun {
            self.stage = Stage::Silent;
            self.until = Instant::now() + self.patience.idle;
        }
        self.begun = begun;
    }

    /// After a write: whoever takes an answer slowly is not idle, who takes nothing is
    /// not waited for.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.unread = None;
            self.look();
            if self.stage == Stage::Silent {
                self.until = Instant::now() + self.patience.idle;
            }
            return written;
        }
        let idle = self.patience.idle;
        let unread = self
            .unread
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        ready!(unread.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.look();
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.stage == Stage::Busy {
            if read.is_pending() {
                self.turns.0.reader.register(context.waker());
            }
            return read;
        }
        if read.is_ready() {
            if self.stage == Stage::Silent && buffer.filled().len() > before {
                self.stage = Stage::Head;
                self.until = Instant::now() + self.patience.head;
            }
            return read;
        }
        // Set only when something is waited for, which most heads never are.
        let until = self.until;
        if self.alarm.deadline() != until {
            self.alarm.as_mut().reset(until);
        }
        ready!(self.alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(3_600);

    fn pair(head: Duration, idle: Duration) -> (DuplexStream, Patient<DuplexStream>, Turns) {
        let (client, stream) = duplex(64);
        let turns = Turns::default();
        let patient = Patient::new(stream, turns.clone(), Patience { head, idle });
        (client, patient, turns)
    }

    async fn times_out(patient: &mut Patient<DuplexStream>) {
        let error = patient.read(&mut [0; 16]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_new_connection_begins_soon() {
        let (_client, mut patient, _) = pair(SHORT, LONG);
        times_out(&mut patient).await;
    }

    #[tokio::test]
    async fn half_a_head_is_not_waited_for_after_another_request_either() {
        let (mut client, mut patient, turns) = pair(SHORT, LONG);
        for _ in 0..2 {
            client.write_all(b"GET").await.unwrap();
            assert_eq!(patient.read(&mut [0; 16]).await.unwrap(), 3);
            drop(turns.begin());
        }
        client.write_all(b"GET").await.unwrap();
        assert_eq!(patient.read(&mut [0; 16]).await.unwrap(), 3);
        times_out(&mut patient).await;
    }

    #[tokio::test]
    async fn between_requests_it_waits_longer_but_not_for_ever() {
        let (mut client, mut patient, turns) = pair(LONG, SHORT);
        client.write_all(b"GET").await.unwrap();
        assert_eq!(patient.read(&mut [0; 16]).await.unwrap(), 3);
        drop(turns.begin());
        times_out(&mut patient).await;
    }

    #[tokio::test]
    async fn during_a_request_nothing_is_timed() {
        let (mut client, mut patient, turns) = pair(SHORT, SHORT);
        client.write_all(b"GET").await.unwrap();
        assert_eq!(patient.read(&mut [0; 16]).await.unwrap(), 3);
        let turn = turns.begin();
        let waited = tokio::time::timeout(SHORT * 5, patient.read(&mut [0; 16])).await;
        assert!(waited.is_err(), "{waited:?}");
        // What waits to read meanwhile is told when the request ends.
        tokio::join!(biased; times_out(&mut patient), async { drop(turn) });
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_ends_it() {
        let (mut client, mut patient, turns) = pair(LONG, SHORT);
        let _turn = turns.begin();
        let error = patient.write_all(&[0; 1_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        client.read_exact(&mut [0; 64]).await.unwrap();
    }
}
