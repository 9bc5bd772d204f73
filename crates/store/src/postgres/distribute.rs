//! Spreading the tables over machines, where the Citus extension is there.

use deadpool_postgres::GenericClient;
use tokio_postgres::NoTls;

use super::failure::{Failure, describe};
use super::open::read_url;
use super::rows::get;
use super::sql::nodes::IS_DISTRIBUTED;
use super::steps::{ask, params};
use crate::{Distribution, OpenError};

/// The tables that grow with customers, all led by `partition`. What another refers to
/// comes first.
pub(crate) const PARTITIONED: [&str; 24] = [
    "recipients",
    "heads",
    "consent_lines",
    "attention",
    "contact_owners",
    "suppressions",
    "contact_points",
    "contact_changes",
    "events",
    "event_keys",
    "failed_events",
    "messages",
    "mailbox",
    "deliveries",
    "due",
    "collected",
    "claims",
    "in_doubt",
    "attempts",
    "carrier_ids",
    "receipts",
    "parked_receipts",
    "parked_hints",
    "prices",
];
/// More of them, without company.
pub(crate) const PARTITIONED_ALONE: [&str; 3] = ["inbound_texts", "used_tokens", "sessions"];
/// Small tables that every machine has a copy of. `nodes` stays where it is: leases are
/// given in one place. So do `cost_lines` and `ledger`, which
/// grow with days, and what staff write.
const COPIED: [&str; 3] = ["meta", "names", "api_keys"];

/// Whether the tables are spread already.
pub(super) async fn is_distributed(client: &impl GenericClient) -> Result<bool, Failure> {
    let citus = ask(client, IS_DISTRIBUTED, params![]).await?;
    if !citus.rows.first().map_or(Ok(false), |row| get(row, 0))? {
        return Ok(false);
    }
    let found = client
        .query(
            "SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'due'::regclass",
            &[],
        )
        .await?;
    Ok(!found.is_empty())
}

/// Spreads the tables of a migrated database.
pub(crate) async fn distribute(url: &str) -> Result<Distribution, OpenError> {
    let config = read_url(url)?;
    let failed = |error: &tokio_postgres::Error| OpenError::Unreachable {
        reason: describe(error),
    };
    let (mut client, connection) = config.connect(NoTls).await.map_err(|e| failed(&e))?;
    let driver = tokio::spawn(connection);
    let work = async {
        let row = client
            .query_one(
                "SELECT count(*) FROM pg_extension WHERE extname = 'citus'",
                &[],
            )
            .await?;
        if row.try_get::<_, i64>(0)? == 0 {
            return Ok(Distribution::NoCitus);
        }
        let tx = client.transaction().await?;
        let done = tx
            .query(
                "SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'due'::regclass",
                &[],
            )
            .await?;
        if !done.is_empty() {
            return Ok(Distribution::Already);
        }
        for table in COPIED {
            tx.execute(
                "SELECT create_reference_table($1::text::regclass)",
                &[&table],
            )
            .await?;
        }
        for table in PARTITIONED.into_iter().chain(PARTITIONED_ALONE) {
            let with = if table == PARTITIONED[0] {
                "default"
            } else {
                PARTITIONED[0]
            };
            tx.execute(
                "SELECT create_distributed_table($1::text::regclass, 'partition', colocate_with => $2::text)",
                &[&table, &with],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(Distribution::Done)
    };
    let done: Result<Distribution, tokio_postgres::Error> = work.await;
    drop(client);
    let _ = driver.await;
    done.map_err(|error| failed(&error))
}
