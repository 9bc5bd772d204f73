//! Listening, signals, and an orderly end.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use model::{Instant, Span};
use ring::rand::SystemRandom;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use web::{App, WebConfig};

use crate::serving::{self, Bounds};
use crate::wiring::System;

/// Binds the address, or says what to do about it.
///
/// # Errors
/// A sentence that names the port.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow!(
                "port {} is taken by another program. Stop it, or choose another port with --port",
                address.port()
            ),
            std::io::ErrorKind::PermissionDenied => {
                anyhow!(
                    "this user may not listen on port {}. Choose one above 1023",
                    address.port()
                )
            }
            _ => anyhow!("cannot listen on {address}: {error}"),
        })
}

/// Makes metrics count from here on. Once a process.
///
/// # Errors
/// When another recorder is in place.
pub fn start_metrics() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| anyhow!("the metrics cannot be set up: {error}"))
}

/// The web side of a system.
pub fn app(system: &System, config: WebConfig, metrics: PrometheusHandle) -> App {
    App::new(
        system.pipeline.clone(),
        config,
        metrics,
        SystemRandom::new(),
    )
}

/// Serves until `end`, then lets requests finish.
pub async fn serve(
    listener: TcpListener,
    app: App,
    extra: axum::Router,
    bounds: Bounds,
    end: impl Future<Output = ()> + Send,
) {
    let routes = web::router(app.clone(), extra);
    let draining = async move {
        end.await;
        app.close_live_streams();
    };
    serving::serve(listener, routes, bounds, draining).await;
}

/// Resolves on Ctrl-C or SIGTERM. Both are caught from this call on, so it comes before
/// anything is printed that invites one.
///
/// # Errors
/// When the system lends no signal handler.
pub fn signalled() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Empties messages deleted 30 days ago, hourly; runs until dropped.
pub async fn purge(store: store::Store, now: fn() -> Instant) {
    loop {
        match store.purge_deleted(now() - Span::days(30), 1_000).await {
            Ok(1_000) => continue,
            Ok(0) => {}
            Ok(n) => tracing::info!(messages = n, "emptied messages deleted 30 days ago"),
            Err(error) => tracing::warn!(%error, "could not empty deleted messages"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
    }
}
