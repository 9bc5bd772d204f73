//! The ESME side: connect, bind, submit, and hear what is delivered.
//!
//! One call makes one session. It does not come back after its end: whoever owns
//! it decides when and where to connect again.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::SubmitResponse;
use super::config::{BoundAs, ClientConfig, Lane};
use super::connection::{self, Role};
use super::error::{CloseReason, ConnectError, NotSent, SubmitError};
use super::handshake;
use super::inbound::InboundDeliver;
use super::link::{Events, Link, Next};
use crate::pdu::{Body, COctetString, Malformed, SubmitSm, Tlvs};

/// The ESME side of SMPP.
pub struct Client;

impl Client {
    /// Connects over TCP or TLS, binds, and starts the session.
    ///
    /// # Errors
    /// [`ConnectError`] when there is no bound session within `session_init`.
    pub async fn connect(
        config: ClientConfig,
    ) -> Result<(ClientHandle, ClientEvents), ConnectError> {
        let limit = config.session.session_init;
        let connecting = async {
            let stream = TcpStream::connect(&config.address).await?;
            // Writes are coalesced here already; Nagle would only delay them.
            stream.set_nodelay(true)?;
            match &config.tls {
                None => Self::bind(stream, &config).await,
                Some(tls) => {
                    let connector = TlsConnector::from(tls.config.clone());
                    let stream = connector.connect(tls.server_name.clone(), stream).await?;
                    Self::bind(stream, &config).await
                }
            }
        };
        timeout(limit, connecting)
            .await
            .unwrap_or(Err(ConnectError::TimedOut))
    }

    /// Binds over a stream that is connected already.
    ///
    /// # Errors
    /// [`ConnectError`] when the bind is not accepted within `session_init`.
    pub async fn start<S>(
        stream: S,
        config: &ClientConfig,
    ) -> Result<(ClientHandle, ClientEvents), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let binding = Self::bind(stream, config);
        let bound = timeout(config.session.session_init, binding).await;
        bound.unwrap_or(Err(ConnectError::TimedOut))
    }

    async fn bind<S>(
        mut stream: S,
        config: &ClientConfig,
    ) -> Result<(ClientHandle, ClientEvents), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let bound = handshake::bind(&mut stream, &config.bind).await?;
        let (link, events) = connection::start(stream, bound, Role::Client, &config.session);
        Ok((ClientHandle { link }, ClientEvents { events }))
    }
}

/// Sends over a client session. Clones share the session; when the last one is
/// dropped the session unbinds and closes.
#[derive(Clone)]
pub struct ClientHandle {
    link: Link,
}

impl ClientHandle {
    /// Sends a message and waits for its answer.
    ///
    /// Waits for a place in the lane, then for the window, then for the SMSC.
    /// Dropping the future before the message is written takes it back; after
    /// that the answer is lost and the outcome unknown.
    ///
    /// # Errors
    /// [`SubmitError`] says whether the message may have left.
    pub async fn submit(
        &self,
        message: SubmitSm,
        lane: Lane,
    ) -> Result<SubmitResponse, SubmitError> {
        if !self.link.bound.bind_type.may_submit() {
            return Err(SubmitError::NotSent(NotSent::WrongBind));
        }
        let answer = self.link.request(Body::SubmitSm(message), lane).await?;
        let (message_id, tlvs) = match answer.body {
            Body::SubmitSmResp(resp) => (resp.message_id, resp.tlvs),
            _ => (COctetString::default(), Tlvs::new()),
        };
        Ok(SubmitResponse {
            status: answer.status,
            message_id,
            tlvs,
        })
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

    /// Waits until the session has ended, for whatever reason.
    pub async fn closed(&self) -> CloseReason {
        self.link.closed().await
    }
}

/// What happens on a client session.
#[derive(Debug)]
pub enum ClientEvent {
    /// A message or receipt; answer it after it is stored.
    Deliver(InboundDeliver),
    /// A PDU that could not be read. It was answered with an error already.
    Malformed(Malformed),
    /// The session has ended; nothing follows.
    Closed(CloseReason),
}

/// The events of a client session, in order. While they are not taken,
/// `inbound_capacity` of them wait and later deliver_sm are answered RX_T_APPN.
pub struct ClientEvents {
    events: Events<connection::Event>,
}

impl ClientEvents {
    /// The next event; `None` after [`ClientEvent::Closed`]. Safe to cancel.
    pub async fn recv(&mut self) -> Option<ClientEvent> {
        loop {
            return Some(match self.events.next().await {
                Next::Event(connection::Event::Deliver(inbound)) => ClientEvent::Deliver(inbound),
                Next::Event(connection::Event::Malformed(malformed)) => {
                    ClientEvent::Malformed(malformed)
                }
                // A client is sent neither: the connection answers them itself.
                Next::Event(connection::Event::Submit(_) | connection::Event::Other(_)) => continue,
                Next::Closed(reason) => ClientEvent::Closed(reason),
                Next::Nothing => return None,
            });
        }
    }
}
