//! The socket loop.
use tokio::io::{AsyncRead, AsyncWrite};
use super::config::{BoundAs, SessionConfig};
use super::inbound::{InboundDeliver, InboundOther, InboundSubmit};
use super::link::{Events, Link};
use crate::pdu::{FrameBuffer, Malformed};
/// Role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role { Client, Server }
/// Event.
pub(super) enum Event { Deliver(InboundDeliver), Submit(InboundSubmit), Other(InboundOther), Malformed(Malformed) }
pub(super) fn start<S>(_stream: S, _frames: FrameBuffer, _role: Role, _bound: BoundAs, _config: &SessionConfig) -> (Link, Events<Event>)
where S: AsyncRead + AsyncWrite + Send + Unpin + 'static { todo!() }
