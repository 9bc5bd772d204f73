//! The bind.
use std::future::Future;
use tokio::io::{AsyncRead, AsyncWrite};
use super::config::BoundAs;
use super::error::{AcceptError, ConnectError};
use super::server::BindAnswer;
use crate::pdu::{Bind, FrameBuffer};
pub(super) async fn bind<S: AsyncRead + AsyncWrite + Unpin>(_stream: &mut S, _bind: &Bind) -> Result<(BoundAs, FrameBuffer), ConnectError> { todo!() }
pub(super) async fn accept<S, F, A>(_stream: &mut S, _judge: F) -> Result<(BoundAs, FrameBuffer), AcceptError>
where S: AsyncRead + AsyncWrite + Unpin, F: FnOnce(Bind) -> A, A: Future<Output = BindAnswer> { todo!() }
