//! The way from a handle to its connection: two lanes, a control line, and the end.
//!
//! Shared by the client's and the server's handle; knows no PDU in particular.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::config::{BoundAs, Lane};
use super::error::{CloseReason, NotSent, SubmitError, UnknownOutcome};
use crate::pdu::{Body, Pdu};

/// Where the answer to a request goes.
pub(super) type Ticket = oneshot::Sender<Result<Pdu, SubmitError>>;

/// A request on its way to the socket.
pub(super) struct Outgoing {
    pub(super) body: Body,
    pub(super) ticket: Ticket,
}

/// An order to the connection.
pub(super) enum Control {
    Close { limit: Duration },
    Abort,
    Raw(Vec<u8>),
}

/// The sending side of a session, cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) urgent: mpsc::Sender<Outgoing>,
    pub(super) bulk: mpsc::Sender<Outgoing>,
    pub(super) control: mpsc::Sender<Control>,
    pub(super) end: watch::Receiver<Option<CloseReason>>,
    pub(super) bound: Arc<BoundAs>,
}

impl Link {
    pub(super) async fn request(&self, body: Body, lane: Lane) -> Result<Pdu, SubmitError> {
        let (ticket, answer) = oneshot::channel();
        let lane = match lane {
            Lane::Urgent => &self.urgent,
            Lane::Bulk => &self.bulk,
        };
        if lane.send(Outgoing { body, ticket }).await.is_err() {
            return Err(SubmitError::NotSent(NotSent::Closed));
        }
        // The connection answers every ticket, also those it never sent. One that
        // is dropped means its task was killed: nobody knows how far it came.
        answer
            .await
            .unwrap_or(Err(SubmitError::Unknown(UnknownOutcome::ConnectionLost)))
    }

    pub(super) async fn send_raw(&self, octets: Vec<u8>) -> Result<(), SubmitError> {
        let sent = self.control.send(Control::Raw(octets)).await;
        sent.map_err(|_| SubmitError::NotSent(NotSent::Closed))
    }

    pub(super) async fn close(&self, limit: Duration) -> CloseReason {
        // When the connection is gone already, its reason is there to be read.
        let _ = self.control.send(Control::Close { limit }).await;
        self.closed().await
    }

    pub(super) async fn abort(&self) -> CloseReason {
        let _ = self.control.send(Control::Abort).await;
        self.closed().await
    }

    pub(super) async fn closed(&self) -> CloseReason {
        let mut end = self.end.clone();
        let reason = end.wait_for(Option::is_some).await;
        // The sender leaves without a reason only when the runtime was shut down.
        reason
            .ok()
            .and_then(|reason| *reason)
            .unwrap_or(CloseReason::Requested)
    }
}

/// Events of a session, and its end as the last of them.
pub(super) struct Events<E> {
    pub(super) events: mpsc::Receiver<E>,
    pub(super) end: Option<watch::Receiver<Option<CloseReason>>>,
}

/// What an event stream yields next.
pub(super) enum Next<E> {
    Event(E),
    Closed(CloseReason),
    Nothing,
}

impl<E> Events<E> {
    pub(super) async fn next(&mut self) -> Next<E> {
        if let Some(event) = self.events.recv().await {
            return Next::Event(event);
        }
        let Some(mut end) = self.end.clone() else {
            return Next::Nothing;
        };
        let reason = end
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|reason| *reason);
        self.end = None;
        Next::Closed(reason.unwrap_or(CloseReason::Requested))
    }
}
