//! What goes on beside the path: budgets are read again, money moved is counted.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Pipeline;

/// How often a node looks what others spent.
const LOOK: Duration = Duration::from_secs(5);

/// Keeps budgets and measurements of money up to date until the stop. Does nothing where
/// nothing is quoted.
pub async fn keep(pipeline: Pipeline, stop: CancellationToken) {
    if !pipeline.limits().costs.quotes() {
        return;
    }
    loop {
        if let Err(error) = pipeline.refresh_budgets().await {
            tracing::warn!(%error, "could not read what was spent; budgets stay as they were");
        }
        for moved in pipeline.store().cost_tally() {
            metrics::counter!("tidings_costs_micros_total", "purpose" => moved.purpose.as_str(),
                "into" => moved.account.as_str(), "currency" => moved.currency.to_string())
            .absolute(moved.micros);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
