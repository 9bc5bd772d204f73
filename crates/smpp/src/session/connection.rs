//! The loop around the state machine: one task that reads, writes, and waits.
//!
//! One task and not two, so that the order of things is plain; reading and writing
//! still never wait for each other. It takes requests only as the window allows:
//! until then they stay in their lanes, where an urgent one can overtake.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::config::{BoundAs, SessionConfig};
use super::error::{CloseReason, NotSent, SubmitError, UnknownOutcome};
use super::handshake::Bound;
use super::inbound::{Inbound, InboundDeliver, InboundOther, InboundSubmit, Reply, Responder};
use super::link::{Control, Events, Link, Outgoing, Ticket};
pub(super) use super::machine::Role;
use super::machine::{Machine, Step};
use crate::pdu::{Body, FrameBuffer, Malformed, Pdu};

/// How long the last words may take when the session ends in peace.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the connection tells the caller.
pub(super) enum Event {
    Deliver(InboundDeliver),
    Submit(InboundSubmit),
    Other(InboundOther),
    Malformed(Malformed),
}

/// Starts the task of a bound session. It ends when the session does.
pub(super) fn start<S>(
    stream: S,
    bound: Bound,
    role: Role,
    config: &SessionConfig,
) -> (Link, Events<Event>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let inbound = config.inbound_capacity.max(1);
    let (urgent_sender, urgent) = mpsc::channel(config.lane_capacity.max(1));
    let (bulk_sender, bulk) = mpsc::channel(config.lane_capacity.max(1));
    let (control_sender, control) = mpsc::channel(16);
    let (event_sender, events) = mpsc::channel(inbound);
    let (reply_sender, replies) = mpsc::channel(inbound);
    let (end_sender, end) = watch::channel(None);
    let Bound {
        bound,
        frames,
        sequence,
    } = bound;
    let connection = Connection {
        machine: Machine::new(
            role,
            bound.bind_type,
            config.clone(),
            sequence,
            Instant::now(),
        ),
        frames,
        urgent,
        bulk,
        control,
        events: event_sender,
        replies,
        reply_sender,
        handles_gone: false,
        unflushed: false,
        orderly_limit: config.response_timeout,
    };
    tokio::spawn(async move {
        let reason = connection.run(stream).await;
        tracing::debug!(%reason, "SMPP session ended");
        end_sender.send_replace(Some(reason));
    });
    let link = Link {
        urgent: urgent_sender,
        bulk: bulk_sender,
        control: control_sender,
        end: end.clone(),
        bound: Arc::<BoundAs>::new(bound),
    };
    (
        link,
        Events {
            events,
            end: Some(end),
        },
    )
}

struct Connection {
    machine: Machine<Ticket>,
    frames: FrameBuffer,
    urgent: mpsc::Receiver<Outgoing>,
    bulk: mpsc::Receiver<Outgoing>,
    control: mpsc::Receiver<Control>,
    events: mpsc::Sender<Event>,
    replies: mpsc::Receiver<Reply>,
    reply_sender: mpsc::Sender<Reply>,
    handles_gone: bool,
    /// Octets were written since the last flush; TLS may still hold them.
    unflushed: bool,
    orderly_limit: Duration,
}

/// What woke the loop.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment on the stack; a box would cost an allocation a message"
)]
enum Wake {
    Wrote(io::Result<usize>),
    Flushed(io::Result<()>),
    Read(io::Result<usize>),
    Outgoing(Option<Outgoing>),
    Reply(Option<Reply>),
    Control(Option<Control>),
    Timer,
}

/// Writes, or flushes when all is written. Safe to cancel, as either half is.
async fn push_out<W: AsyncWrite + Unpin>(writer: &mut W, octets: &[u8]) -> Wake {
    if octets.is_empty() {
        Wake::Flushed(writer.flush().await)
    } else {
        Wake::Wrote(writer.write(octets).await)
    }
}

impl Connection {
    async fn run<S: AsyncRead + AsyncWrite>(mut self, stream: S) -> CloseReason {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let reason = loop {
            if let Err(reason) = self.take_frames().and_then(|()| self.tick()) {
                break reason;
            }
            self.fill();
            let room = self.machine.has_room() && !self.handles_gone;
            let bulk_room = room && self.machine.has_room_for_bulk();
            let reading = !self.machine.out.is_full();
            let writing = self.unflushed || !self.machine.out.pending().is_empty();
            let wake = tokio::select! {
                wake = push_out(&mut writer, self.machine.out.pending()), if writing => wake,
                read = reader.read_buf(self.frames.space()), if reading => Wake::Read(read),
                outgoing = self.urgent.recv(), if room => Wake::Outgoing(outgoing),
                outgoing = self.bulk.recv(), if bulk_room => Wake::Outgoing(outgoing),
                reply = self.replies.recv() => Wake::Reply(reply),
                control = self.control.recv(), if !self.handles_gone => Wake::Control(control),
                () = sleep_until(self.machine.deadline()) => Wake::Timer,
            };
            if let Err(reason) = self.woken(wake) {
                break reason;
            }
        };
        let reason = self.farewell(reason, &mut writer).await;
        self.abandon().await;
        reason
    }

    fn woken(&mut self, wake: Wake) -> Result<(), CloseReason> {
        match wake {
            Wake::Wrote(Ok(0)) => return Err(self.machine.lost(CloseReason::PeerClosed)),
            Wake::Wrote(Ok(octets)) => {
                self.machine.out.wrote(octets);
                self.unflushed = true;
            }
            Wake::Flushed(Ok(())) => self.unflushed = false,
            Wake::Read(Ok(0)) => return Err(self.machine.lost(CloseReason::PeerClosed)),
            Wake::Read(Ok(_)) | Wake::Timer => {}
            Wake::Read(Err(error)) | Wake::Wrote(Err(error)) | Wake::Flushed(Err(error)) => {
                return Err(self.machine.lost(CloseReason::Io(error.kind())));
            }
            Wake::Outgoing(Some(outgoing)) => self.send(outgoing),
            Wake::Outgoing(None) | Wake::Control(None) => self.last_handle_gone(),
            Wake::Reply(reply) => self.reply(reply.unwrap_or(Reply::None)),
            Wake::Control(Some(Control::Raw(octets))) => self.machine.out.push_raw(&octets),
            Wake::Control(Some(Control::Close { limit })) => self.close(limit),
            Wake::Control(Some(Control::Abort)) => return Err(CloseReason::Aborted),
        }
        Ok(())
    }

    fn take_frames(&mut self) -> Result<(), CloseReason> {
        let now = Instant::now();
        while let Some(frame) = self.frames.next_frame().map_err(CloseReason::NotSmpp)? {
            let pdu = Pdu::decode(frame);
            match self.machine.receive(now, pdu) {
                Step::Nothing => {}
                Step::Answered(ticket, answer) => {
                    // The caller may have stopped waiting; then nobody wants to know.
                    let _ = ticket.send(Ok(answer));
                }
                Step::Inbound(pdu) => self.inbound(pdu),
                Step::Malformed(malformed) => {
                    tracing::warn!(?malformed, "a PDU could not be read and was refused");
                    // Only a notice: when the caller is behind it may be lost.
                    let _ = self.events.try_send(Event::Malformed(malformed));
                }
                Step::End(reason) => return Err(reason),
            }
        }
        Ok(())
    }

    fn inbound(&mut self, pdu: Pdu) {
        let (id, sequence) = (pdu.command_id(), pdu.sequence);
        let place = match self.events.try_reserve() {
            Ok(place) => place,
            Err(TrySendError::Full(()) | TrySendError::Closed(())) => {
                self.machine.refuse_for_now(id, sequence);
                self.machine.replied();
                return;
            }
        };
        let responder = Responder::new(id, sequence, self.reply_sender.clone());
        let event = match pdu.body {
            Body::DeliverSm(message) => Event::Deliver(Inbound::new(message, responder)),
            Body::SubmitSm(message) => Event::Submit(Inbound::new(message, responder)),
            Body::Other(raw) => Event::Other(Inbound::new(raw, responder)),
            // The machine answers everything else itself.
            _ => return,
        };
        place.send(event);
    }

    fn tick(&mut self) -> Result<(), CloseReason> {
        let mut timed_out = Vec::new();
        let end = self.machine.tick(Instant::now(), &mut timed_out);
        for ticket in timed_out {
            let _ = ticket.send(Err(SubmitError::Unknown(UnknownOutcome::TimedOut)));
        }
        end.map_or(Ok(()), Err)
    }

    /// Takes everything that may go out now, so that it leaves in one write.
    fn fill(&mut self) {
        self.take_replies();
        while self.machine.has_room() && !self.handles_gone {
            let next = match self.urgent.try_recv() {
                Err(_) if self.machine.has_room_for_bulk() => self.bulk.try_recv(),
                next => next,
            };
            match next {
                Ok(outgoing) => self.send(outgoing),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.last_handle_gone(),
            }
        }
    }

    fn take_replies(&mut self) {
        while let Ok(reply) = self.replies.try_recv() {
            self.reply(reply);
        }
    }

    fn send(&mut self, outgoing: Outgoing) {
        // Answers given before this request was made leave before it: an SMSC's
        // receipt must not overtake the answer to its submit_sm by chance.
        self.take_replies();
        // Nobody waits for it any more, and it has not left: it is taken back.
        if outgoing.ticket.is_closed() {
            return;
        }
        if let Err((ticket, error)) =
            self.machine
                .send(Instant::now(), outgoing.body, outgoing.ticket)
        {
            let _ = ticket.send(Err(error));
        }
    }

    fn reply(&mut self, reply: Reply) {
        if let Reply::Octets(octets) = reply {
            self.machine.out.push_raw(&octets);
        }
        self.machine.replied();
    }

    fn last_handle_gone(&mut self) {
        self.handles_gone = true;
        self.close(self.orderly_limit);
    }

    fn close(&mut self, limit: Duration) {
        self.machine.close(Instant::now(), limit);
        for lane in [&mut self.urgent, &mut self.bulk] {
            lane.close();
            while let Ok(outgoing) = lane.try_recv() {
                refuse(outgoing);
            }
        }
    }

    /// Writes what is left, such as unbind_resp, and closes the stream.
    async fn farewell<S: AsyncRead + AsyncWrite>(
        &mut self,
        reason: CloseReason,
        writer: &mut WriteHalf<S>,
    ) -> CloseReason {
        if matches!(reason, CloseReason::Aborted | CloseReason::PeerSilent) {
            return reason;
        }
        if let CloseReason::NotSmpp(_) = reason {
            self.machine.protest();
        }
        let last_words = async {
            while !self.machine.out.pending().is_empty() {
                match writer.write(self.machine.out.pending()).await {
                    Ok(octets) if octets > 0 => self.machine.out.wrote(octets),
                    Ok(_) | Err(_) => return,
                }
            }
            // The session is over either way; there is nothing to do about a failure.
            let _ = writer.shutdown().await;
        };
        let _ = timeout(FAREWELL, last_words).await;
        reason
    }

    /// Tells everyone who still waits what became of their request.
    async fn abandon(mut self) {
        for (ticket, error) in self.machine.abandon() {
            let _ = ticket.send(Err(error));
        }
        for mut lane in [self.urgent, self.bulk] {
            lane.close();
            while let Some(outgoing) = lane.recv().await {
                refuse(outgoing);
            }
        }
    }
}

fn refuse(outgoing: Outgoing) {
    let _ = outgoing
        .ticket
        .send(Err(SubmitError::NotSent(NotSent::Closed)));
}
