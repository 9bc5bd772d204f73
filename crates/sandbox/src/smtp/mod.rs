//! The mail server: takes every mail, keeps it for the screens, tells the observer.
//!
//! It delivers nothing to anyone. Faults decide what it refuses or loses.

mod connection;
mod data;
mod socket;
mod words;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::shared::Shared;
use connection::Settings;

/// More connections than this are turned away.
const MOST_CONNECTIONS: usize = 1000;
/// The longest mail taken.
const LONGEST_MAIL: usize = 10 * 1024 * 1024;
/// Recipients of one mail; RFC 5321 §4.5.3.1.8 asks for at least 100.
const MOST_RECIPIENTS: usize = 1000;

/// Takes connections until the sandbox stops; its connections end with it.
pub(crate) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let settings = Arc::new(Settings {
        name: "sandbox.tidings.invalid".to_owned(),
        starttls: shared.config.tls.is_some(),
        user: shared.config.system_id.clone(),
        password: shared.config.password.clone(),
        max_size: LONGEST_MAIL,
        max_recipients: MOST_RECIPIENTS,
    });
    let mut connections = JoinSet::new();
    let stopped = shared.stopped();
    tokio::pin!(stopped);
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => return,
        };
        match accepted {
            Ok((stream, _)) if connections.len() < MOST_CONNECTIONS => {
                let (settings, shared) = (Arc::clone(&settings), Arc::clone(&shared));
                connections.spawn(async move {
                    if let Err(error) = socket::serve(stream, settings, shared).await {
                        tracing::debug!(kind = ?error.kind(), "a connection to the sandbox's mail server broke");
                    }
                });
            }
            Ok((stream, _)) => socket::turn_away(&stream),
            // Out of file handles, say: others end meanwhile, and a hot loop helps nobody.
            Err(error) => {
                tracing::warn!(kind = ?error.kind(), "the sandbox's mail server cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
