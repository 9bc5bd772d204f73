//! Whether this server lives, can work, and how it is doing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;

use crate::App;
use crate::problem::{Code, Problem};

/// How long the store may take to answer before this server counts as not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server that is well.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "running",
    responses((status = 200, description = "It is.", body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Can it do its work: does the store answer, and take what is written?
#[utoipa::path(get, path = "/readyz", tag = "running", responses(
    (status = 200, description = "It can.", body = Health),
    (status = 503, description = "The store does not answer, or cannot be written.")))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Health>, Problem> {
    let unready = |detail: &str| {
        Problem::new(Code::StoreUnavailable, detail).retry_after(model::Span::secs(2))
    };
    match tokio::time::timeout(PATIENCE, app.store().ready()).await {
        Ok(Ok(())) => Ok(Json(Health { status: "ok" })),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store is not ready");
            Err(unready(
                "The store cannot be read or written; its disk may be full. What was accepted is kept. The log of the server says more.",
            ))
        }
        Err(_) => Err(unready("The store took too long to answer.")),
    }
}

/// Measurements, as Prometheus reads them. No personal data.
#[utoipa::path(get, path = "/metrics", tag = "running",
    responses((status = 200, description = "The measurements.", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    metrics::gauge!("tidings_deliveries_waiting").set(app.store().backlog() as f64);
    app.metrics().run_upkeep();
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        app.metrics().render(),
    )
}
