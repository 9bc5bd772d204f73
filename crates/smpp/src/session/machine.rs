//! A bound session as a pure state machine: PDUs, ticks and orders in, octets and steps out.
//!
//! It has no socket, no task and no clock: `now` is passed in. It decides what is
//! answered by the session itself (enquire_link, unbind, nonsense) and what only
//! the caller may answer (messages).

use std::time::Duration;

use tokio::time::Instant;

use super::config::SessionConfig;
use super::error::{CloseReason, NotSent, SubmitError, UnknownOutcome};
use super::outbox::Outbox;
use super::window::{Waiting, Window};
use crate::pdu::{BindType, Body, CommandId, CommandStatus, Malformed, Pdu, Raw};

/// Which side of the session this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Client,
    Server,
}

/// What a received PDU asks of the connection.
#[derive(Debug, PartialEq)]
pub(super) enum Step<T> {
    Nothing,
    /// A request of ours was answered.
    Answered(T, Pdu),
    /// A request that the caller must answer; it is counted until [`Machine::replied`].
    Inbound(Pdu),
    /// A broken PDU, answered already.
    Malformed(Malformed),
    End(CloseReason),
}

struct Closing {
    deadline: Instant,
    unbind: Option<u32>,
}

pub(super) struct Machine<T> {
    pub(super) out: Outbox,
    role: Role,
    bind_type: BindType,
    config: SessionConfig,
    window: Window<T>,
    inbound: usize,
    last_received: Instant,
    enquired: Option<Instant>,
    closing: Option<Closing>,
}

impl<T> Machine<T> {
    /// `last_sequence` is the number the bind used.
    pub(super) fn new(
        role: Role,
        bind_type: BindType,
        config: SessionConfig,
        last_sequence: u32,
        now: Instant,
    ) -> Self {
        Self {
            out: Outbox::default(),
            role,
            bind_type,
            window: Window::new(config.window, last_sequence),
            config,
            inbound: 0,
            last_received: now,
            enquired: None,
            closing: None,
        }
    }

    /// Whether a request may be sent now.
    pub(super) fn has_room(&self) -> bool {
        self.closing.is_none() && self.window.has_room() && !self.out.is_full()
    }

    /// Whether a request that is not urgent may be sent now.
    pub(super) fn has_room_for_bulk(&self) -> bool {
        self.has_room() && self.window.has_room_for_bulk()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    /// Queues a request; the ticket comes back when it cannot be sent.
    pub(super) fn send(
        &mut self,
        now: Instant,
        body: Body,
        ticket: T,
    ) -> Result<(), (T, SubmitError)> {
        if self.is_closing() {
            return Err((ticket, SubmitError::NotSent(NotSent::Closed)));
        }
        let sequence = self.window.next_sequence();
        match self.out.push(&Pdu::request(sequence, body)) {
            Ok(position) => {
                let deadline = now + self.config.response_timeout;
                self.window.insert(
                    sequence,
                    Waiting {
                        ticket,
                        position,
                        deadline,
                    },
                );
                Ok(())
            }
            Err(_too_long) => Err((ticket, SubmitError::NotSent(NotSent::TooLong))),
        }
    }

    pub(super) fn receive(&mut self, now: Instant, pdu: Pdu) -> Step<T> {
        self.last_received = now;
        self.enquired = None;
        let id = pdu.command_id();
        match pdu.body {
            Body::EnquireLink => self.answer(&pdu, CommandStatus::ROK, Body::EnquireLinkResp),
            Body::Unbind => {
                let _ = self.answer(&pdu, CommandStatus::ROK, Body::UnbindResp);
                Step::End(if self.is_closing() {
                    CloseReason::Requested
                } else {
                    CloseReason::PeerUnbound
                })
            }
            Body::UnbindResp if self.is_unbind(None) => Step::End(CloseReason::Requested),
            Body::GenericNack if self.is_unbind(Some(pdu.sequence)) => {
                Step::End(CloseReason::Requested)
            }
            Body::SubmitSmResp(_) | Body::DeliverSmResp(_) | Body::GenericNack => {
                // An answer that comes after its time-out finds nothing, and is dropped.
                if let Some(ticket) = self.window.answered(pdu.sequence) {
                    self.advance_close();
                    return Step::Answered(ticket, pdu);
                }
                tracing::debug!(
                    sequence = pdu.sequence,
                    "an answer to no waiting request was dropped"
                );
                Step::Nothing
            }
            Body::Malformed(malformed) => {
                self.reject(id, pdu.sequence, CommandStatus::RINVCMDLEN);
                Step::Malformed(malformed)
            }
            _ if id.is_response() || id.is_one_way() => Step::Nothing,
            _ => self.request(id, pdu),
        }
    }

    fn request(&mut self, id: CommandId, pdu: Pdu) -> Step<T> {
        let refusal = match (&pdu.body, self.role) {
            (Body::Bind(_), _) => Some(CommandStatus::RALYBND),
            (Body::DeliverSm(_), Role::Client) if self.bind_type.may_deliver() => None,
            (Body::SubmitSm(_), Role::Server) if self.bind_type.may_submit() => None,
            (Body::SubmitSm(_) | Body::DeliverSm(_), _) => Some(CommandStatus::RINVBNDSTS),
            (_, Role::Server) => None,
            (_, Role::Client) => {
                let nack = Pdu::response(CommandStatus::RINVCMDID, pdu.sequence, Body::GenericNack);
                self.push(&nack);
                return Step::Nothing;
            }
        };
        if let Some(status) = refusal {
            self.reject(id, pdu.sequence, status);
            return Step::Nothing;
        }
        if self.is_closing() || self.inbound >= self.config.inbound_capacity {
            self.refuse_for_now(id, pdu.sequence);
            return Step::Nothing;
        }
        self.inbound += 1;
        Step::Inbound(pdu)
    }

    /// Tells the peer to send this request again later: the caller has no place for it.
    pub(super) fn refuse_for_now(&mut self, id: CommandId, sequence: u32) {
        let status = match self.role {
            Role::Client => CommandStatus::RX_T_APPN,
            Role::Server => CommandStatus::RTHROTTLED,
        };
        self.reject(id, sequence, status);
    }

    /// Notes that an inbound request was answered, or never will be.
    pub(super) fn replied(&mut self) {
        self.inbound = self.inbound.saturating_sub(1);
        self.advance_close();
    }

    /// Does what is due at `now`. Requests whose time is over come back.
    pub(super) fn tick(&mut self, now: Instant, timed_out: &mut Vec<T>) -> Option<CloseReason> {
        while let Some(ticket) = self.window.expired(now) {
            timed_out.push(ticket);
        }
        self.advance_close();
        if let Some(closing) = &self.closing
            && closing.deadline <= now
        {
            if closing.unbind.is_none() {
                self.unbind();
            }
            return Some(CloseReason::Requested);
        }
        let idle = now.duration_since(self.last_received);
        if self.config.inactivity.is_some_and(|limit| idle >= limit) {
            return Some(CloseReason::Inactive);
        }
        match self.enquired {
            Some(sent) if now >= sent + self.config.enquire_timeout => {
                Some(CloseReason::PeerSilent)
            }
            None if idle >= self.config.enquire_interval => {
                self.enquired = Some(now);
                let sequence = self.window.next_sequence();
                self.push(&Pdu::request(sequence, Body::EnquireLink));
                None
            }
            _ => None,
        }
    }

    /// When [`Machine::tick`] has something to do next.
    pub(super) fn deadline(&self) -> Instant {
        let enquire = match self.enquired {
            Some(sent) => sent + self.config.enquire_timeout,
            None => self.last_received + self.config.enquire_interval,
        };
        let inactivity = self
            .config
            .inactivity
            .map(|limit| self.last_received + limit);
        let closing = self.closing.as_ref().map(|closing| closing.deadline);
        [inactivity, closing, self.window.deadline()]
            .into_iter()
            .flatten()
            .fold(enquire, Instant::min)
    }

    /// Takes no more requests, and unbinds as soon as nothing is outstanding, or at the limit.
    pub(super) fn close(&mut self, now: Instant, limit: Duration) {
        let deadline = now + limit;
        match &mut self.closing {
            Some(closing) => closing.deadline = closing.deadline.min(deadline),
            None => {
                self.closing = Some(Closing {
                    deadline,
                    unbind: None,
                })
            }
        }
        self.advance_close();
    }

    /// Why the session ends when the stream does.
    pub(super) fn lost(&self, reason: CloseReason) -> CloseReason {
        let unbound = self
            .closing
            .as_ref()
            .is_some_and(|closing| closing.unbind.is_some());
        if unbound {
            CloseReason::Requested
        } else {
            reason
        }
    }

    /// Queues the generic_nack that §4.3 wants for a command_length that makes no sense.
    pub(super) fn protest(&mut self) {
        self.push(&Pdu::response(
            CommandStatus::RINVCMDLEN,
            0,
            Body::GenericNack,
        ));
    }

    /// Empties the window: what becomes of each request that has no answer.
    pub(super) fn abandon(&mut self) -> impl Iterator<Item = (T, SubmitError)> {
        let out = &self.out;
        self.window.drain().map(|waiting| {
            let written = out.has_written(waiting.position);
            let error = if written {
                SubmitError::Unknown(UnknownOutcome::ConnectionLost)
            } else {
                SubmitError::NotSent(NotSent::Closed)
            };
            (waiting.ticket, error)
        })
    }

    fn advance_close(&mut self) {
        let ready = self.window.is_empty() && self.inbound == 0;
        if ready
            && self
                .closing
                .as_ref()
                .is_some_and(|closing| closing.unbind.is_none())
        {
            self.unbind();
        }
    }

    fn unbind(&mut self) {
        let sequence = self.window.next_sequence();
        self.push(&Pdu::request(sequence, Body::Unbind));
        if let Some(closing) = &mut self.closing {
            closing.unbind = Some(sequence);
        }
    }

    /// Whether we have sent unbind, with this sequence number if one is given.
    fn is_unbind(&self, sequence: Option<u32>) -> bool {
        let sent = self.closing.as_ref().and_then(|closing| closing.unbind);
        sent.is_some() && (sequence.is_none() || sequence == sent)
    }

    fn answer(&mut self, request: &Pdu, status: CommandStatus, body: Body) -> Step<T> {
        self.push(&Pdu::response(status, request.sequence, body));
        Step::Nothing
    }

    /// Answers with a status and no body; what has no response gets generic_nack.
    fn reject(&mut self, id: CommandId, sequence: u32, status: CommandStatus) {
        let body = if id.is_known_request() {
            Body::Other(Raw {
                command_id: id.response(),
                octets: Vec::new(),
            })
        } else {
            Body::GenericNack
        };
        self.push(&Pdu::response(status, sequence, body));
    }

    fn push(&mut self, pdu: &Pdu) {
        // What the session itself sends is a header and a few octets.
        let pushed = self.out.push(pdu);
        debug_assert!(pushed.is_ok(), "a session's own PDU is short");
    }
}

#[cfg(test)]
mod tests;
