//! Whether this server lives, can work, and how it is doing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use model::Channel;
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

/// Can it do its work: does the store answer?
#[utoipa::path(get, path = "/readyz", tag = "running", responses(
    (status = 200, description = "It can.", body = Health),
    (status = 503, description = "The store does not answer.")))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Health>, Problem> {
    match tokio::time::timeout(PATIENCE, app.store().next_due(Channel::Sms)).await {
        Ok(answer) => answer?,
        Err(_) => {
            return Err(Problem::new(
                Code::StoreUnavailable,
                "The store took too long to answer.",
            ));
        }
    };
    Ok(Json(Health { status: "ok" }))
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
