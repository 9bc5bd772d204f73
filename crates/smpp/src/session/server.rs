//! The SMSC side: take a connection, judge its bind, answer what is submitted.
//!
//! Listening and accepting TCP connections is the caller's; so is every answer.
//! Faults are possible on purpose (late, reordered, raw, or no answers), because
//! the sandbox and the tests are made of them.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::config::{BoundAs, Lane, SessionConfig};
use super::connection::{self, Role};
use super::error::{AcceptError, CloseReason, NotSent, SubmitError};
use super::handshake;
use super::inbound::{InboundOther, InboundSubmit};
use super::link::{Events, Link, Next};
use crate::pdu::{Bind, Body, COctetString, CommandStatus, DeliverSm, Malformed};

/// The SMSC side of SMPP.
pub struct Server;

/// Whether a bind is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAnswer {
    pub(super) status: CommandStatus,
    pub(super) system_id: COctetString,
}

impl BindAnswer {
    /// Accepts, and names this SMSC.
    #[must_use]
    pub fn accept(system_id: &str) -> Self {
        Self {
            status: CommandStatus::ROK,
            system_id: system_id.into(),
        }
    }

    /// Refuses with a status such as [`CommandStatus::RINVPASWD`].
    #[must_use]
    pub fn refuse(status: CommandStatus) -> Self {
        Self {
            status,
            system_id: COctetString::default(),
        }
    }
}

impl Server {
    /// Waits for a bind on this connection (TCP or TLS), asks `judge` about it,
    /// answers it, and starts the session.
    ///
    /// # Errors
    /// [`AcceptError`] when there is no bound session: the connection is closed then.
    pub async fn accept<S, F, A>(
        mut stream: S,
        config: SessionConfig,
        judge: F,
    ) -> Result<(ServerHandle, ServerEvents), AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: FnOnce(Bind) -> A,
        A: Future<Output = BindAnswer>,
    {
        let accepting = handshake::accept(&mut stream, judge);
        let accepted = timeout(config.session_init, accepting).await;
        let bound = accepted.unwrap_or(Err(AcceptError::TimedOut))?;
        let (link, events) = connection::start(stream, bound, Role::Server, &config);
        Ok((ServerHandle { link }, ServerEvents { events }))
    }
}

/// Sends over a server session. Clones share the session; when the last one is
/// dropped the session unbinds and closes.
#[derive(Clone)]
pub struct ServerHandle {
    link: Link,
}

impl ServerHandle {
    /// Sends a message or receipt and waits for the status of its answer.
    ///
    /// # Errors
    /// [`SubmitError`] says whether it may have arrived.
    pub async fn deliver(&self, message: DeliverSm) -> Result<CommandStatus, SubmitError> {
        if !self.link.bound.bind_type.may_deliver() {
            return Err(SubmitError::NotSent(NotSent::WrongBind));
        }
        let answer = self
            .link
            .request(Body::DeliverSm(message), Lane::Bulk)
            .await?;
        Ok(answer.status)
    }

    /// Writes exactly these octets, outside the window: odd PDUs, doubled answers.
    ///
    /// # Errors
    /// [`SubmitError::NotSent`] when the session has ended.
    pub async fn send_raw(&self, octets: Vec<u8>) -> Result<(), SubmitError> {
        self.link.send_raw(octets).await
    }

    /// What the bind agreed on.
    #[must_use]
    pub fn bound(&self) -> &BoundAs {
        &self.link.bound
    }

    /// Closes the session: takes no more requests, waits up to `limit` for what is
    /// outstanding in both directions, unbinds, and returns how it ended.
    pub async fn close(&self, limit: Duration) -> CloseReason {
        self.link.close(limit).await
    }

    /// Drops the connection at once, without unbind, as a crash would.
    pub async fn abort(&self) -> CloseReason {
        self.link.abort().await
    }

    /// Waits until the session has ended, for whatever reason.
    pub async fn closed(&self) -> CloseReason {
        self.link.closed().await
    }
}

/// What happens on a server session.
#[derive(Debug)]
pub enum ServerEvent {
    /// A message to send; answer it.
    Submit(InboundSubmit),
    /// Another request (data_sm, query_sm, vendor commands); answer it.
    Other(InboundOther),
    /// A PDU that could not be read. It was answered with an error already.
    Malformed(Malformed),
    /// The session has ended; nothing follows.
    Closed(CloseReason),
}

/// The events of a server session, in order. While they are not taken,
/// `inbound_capacity` of them wait and later requests are answered RTHROTTLED.
pub struct ServerEvents {
    events: Events<connection::Event>,
}

impl ServerEvents {
    /// The next event; `None` after [`ServerEvent::Closed`]. Safe to cancel.
    pub async fn recv(&mut self) -> Option<ServerEvent> {
        loop {
            return Some(match self.events.next().await {
                Next::Event(connection::Event::Submit(inbound)) => ServerEvent::Submit(inbound),
                Next::Event(connection::Event::Other(inbound)) => ServerEvent::Other(inbound),
                Next::Event(connection::Event::Malformed(malformed)) => {
                    ServerEvent::Malformed(malformed)
                }
                // A server is never sent deliver_sm: the connection answers it itself.
                Next::Event(connection::Event::Deliver(_)) => continue,
                Next::Closed(reason) => ServerEvent::Closed(reason),
                Next::Nothing => return None,
            });
        }
    }
}
