//! The text carrier: an SMSC that takes every text and answers for it, over SMPP 3.4.
//!
//! It passes nothing on to any network. What a session does with a text is in
//! `session.rs`, what waits for a client in `outbox.rs`.

mod address;
mod delivery;
mod outbox;
mod session;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use smpp::pdu::CommandStatus;
use smpp::{BindAnswer, Server, SessionConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::shared::Shared;
pub(crate) use delivery::{InboundText, InboundTextProblem, send_from_phone};
pub(crate) use outbox::Outbox;

const MOST_SESSIONS: usize = 200;
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Takes connections until the sandbox stops.
pub(crate) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    let stopped = shared.stopped();
    tokio::pin!(stopped);
    loop {
        while sessions.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, _)) if sessions.len() < MOST_SESSIONS => {
                sessions.spawn(serve(stream, Arc::clone(&shared)));
            }
            Ok(_) => tracing::warn!(
                "the sandbox's text carrier has too many sessions and turned one away"
            ),
            // Out of file handles, say: others end meanwhile, and a hot loop helps nobody.
            Err(error) => {
                tracing::warn!(kind = ?error.kind(), "the sandbox's text carrier cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    // Each session sees by itself that the sandbox stops.
    while sessions.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let config = SessionConfig {
        window: 100,
        inbound_capacity: 10_000,
        ..SessionConfig::default()
    };
    let judge = async |bind: smpp::pdu::Bind| {
        if bind.system_id.as_bytes() != shared.config.system_id.as_bytes() {
            BindAnswer::refuse(CommandStatus::RINVSYSID)
        } else if bind.password.as_bytes() != shared.config.password.as_bytes() {
            BindAnswer::refuse(CommandStatus::RINVPASWD)
        } else {
            BindAnswer::accept("sandbox")
        }
    };
    let accepted = match (&shared.config.tls, shared.config.smsc_tls) {
        (Some(tls), true) => match encrypt(stream, TlsAcceptor::from(Arc::clone(tls))).await {
            Ok(stream) => Server::accept(stream, config, judge).await,
            Err(error) => {
                tracing::debug!(kind = ?error.kind(), "a TLS handshake with the sandbox's text carrier failed");
                return;
            }
        },
        _ => {
            // Small PDUs and answers must not wait for each other.
            if stream.set_nodelay(true).is_err() {
                return;
            }
            Server::accept(stream, config, judge).await
        }
    };
    match accepted {
        Ok((handle, events)) => session::run(handle, events, &shared).await,
        Err(error) => {
            tracing::debug!(%error, "a session with the sandbox's text carrier did not come up")
        }
    }
}

async fn encrypt(
    stream: TcpStream,
    acceptor: TlsAcceptor,
) -> io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
    stream.set_nodelay(true)?;
    timeout(HANDSHAKE, acceptor.accept(stream))
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}
