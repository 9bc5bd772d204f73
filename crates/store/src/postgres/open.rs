//! Opening: the URL, the schema, the secret, this node's number, the tasks.

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::secret::Secret;
use deadpool_postgres::{
    GenericClient, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
};
use model::{IdSource, Instant};
use ring::rand::SecureRandom;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};

use super::failure::{Failure, describe};
use super::names::Names;
use super::node::{Node, Terms};
use super::rows::get;
use super::sql::nodes::{META, NEWEST, PUT_META, UNFINISHED};
use super::steps::{ask, may_be_silent, params};
use super::unheard::Unheard;
use super::writer::Writer;
use super::{Pools, Postgres, Shared, all_partitions, distribute, tasks};
use crate::ledger::Lines;
use crate::news::Bells;
use crate::{Error, OpenError};

/// The migrations, oldest first. One is never edited once released: add another.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_first.sql"),
    include_str!("../../migrations/postgres/0002_transfer.sql"),
    include_str!("../../migrations/postgres/0003_staff.sql"),
    include_str!("../../migrations/postgres/0004_ledger.sql"),
    include_str!("../../migrations/postgres/0005_desk.sql"),
    include_str!("../../migrations/postgres/0006_withdrawn.sql"),
    include_str!("../../migrations/postgres/0007_consents.sql"),
    include_str!("../../migrations/postgres/0008_digests.sql"),
    include_str!("../../migrations/postgres/0009_attention.sql"),
    include_str!("../../migrations/postgres/0010_contacts.sql"),
    include_str!("../../migrations/postgres/0011_suppressions.sql"),
];
/// The oldest server that will do.
const OLDEST: u32 = 15;
/// Whoever migrates holds this advisory lock ("tidings" in ASCII).
const MIGRATING: i64 = 0x0074_6964_696e_6773;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(10);

/// Each statement finds its rows by key; a plan made while a table was small must not read
/// it whole later.
const BY_KEY: &str =
    "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off";
/// Nothing may hang: a stuck statement would outlive the node's number.
const PATIENCE: &str = "-c statement_timeout=20s -c idle_in_transaction_session_timeout=10s";
/// Hot statements are planned once.
const HOT: &str = " -c plan_cache_mode=force_generic_plan";
/// Reports read everything, and say so.
pub(super) const REPORT: &str = "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; \
     SET LOCAL enable_seqscan = on; SET LOCAL statement_timeout = '10min'";

/// Opens the store; statements keep to one partition each where the tables are distributed,
/// and where `apart` wants it.
pub(super) async fn open(url: &str, now: Instant, apart: bool) -> Result<Postgres, OpenError> {
    let config = read_url(url)?;
    migrate(&config, now).await?;
    let pools = Pools {
        reads: pool(&config, 8, "")?,
        bulk: pool(&config, 6, HOT)?,
        urgent: pool(&config, 4, HOT)?,
    };
    let shared = prepare(pools, apart).await?;
    let shared = Arc::new(shared);
    Ok(Postgres {
        writer: Writer::start(&shared),
        tasks: Mutex::new(tasks::start(&shared)),
        shared,
    })
}

pub(crate) fn read_url(url: &str) -> Result<Config, OpenError> {
    let bad = |reason: &str| OpenError::BadUrl {
        reason: reason.to_owned(),
    };
    // The parser's errors may quote the URL, and that may hold a password.
    let mut config: Config = url.parse().map_err(|_| {
        if url.contains("sslmode=verify") {
            OpenError::NoTls
        } else {
            bad("it is written like postgres://user:password@host:5432/database")
        }
    })?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(OpenError::NoTls);
    }
    if config.get_hosts().is_empty() {
        return Err(bad("it names no host"));
    }
    config
        .ssl_mode(SslMode::Disable)
        .application_name("tidings")
        .connect_timeout(CONNECT_WITHIN)
        .keepalives_idle(Duration::from_secs(10))
        .tcp_user_timeout(Duration::from_secs(15));
    Ok(config)
}

fn unreachable(error: &tokio_postgres::Error) -> OpenError {
    OpenError::Unreachable {
        reason: describe(error),
    }
}

fn failed(failure: Failure) -> OpenError {
    OpenError::Unreachable {
        reason: Error::from(failure).to_string(),
    }
}

/// Brings the schema up to date. Whoever comes second waits, then finds nothing to do.
pub(crate) async fn migrate(config: &Config, now: Instant) -> Result<(), OpenError> {
    let (mut client, connection) = config
        .connect(NoTls)
        .await
        .map_err(|error| unreachable(&error))?;
    let driver = tokio::spawn(connection);
    let migrated = async {
        let row = client.query_one("SHOW server_version_num", &[]).await?;
        let version: u32 = row.try_get::<_, &str>(0)?.parse().unwrap_or(0);
        if version / 10_000 < OLDEST {
            return Ok(Some(OpenError::ServerTooOld {
                found: version / 10_000,
                oldest: OLDEST,
            }));
        }
        let tx = client.transaction().await?;
        tx.batch_execute(&format!("SELECT pg_advisory_xact_lock({MIGRATING})"))
            .await?;
        tx.batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_versions (number bigint PRIMARY KEY, at bigint NOT NULL)",
        )
        .await?;
        let known = MIGRATIONS.len() as i64;
        let row = tx
            .query_one("SELECT coalesce(max(number), 0) FROM schema_versions", &[])
            .await?;
        let found: i64 = row.try_get(0)?;
        if found > known {
            return Ok(Some(OpenError::DatabaseTooNew { found, known }));
        }
        for number in found..known {
            tx.batch_execute(MIGRATIONS[number as usize]).await?;
            tx.execute(
                "INSERT INTO schema_versions (number, at) VALUES ($1, $2)",
                &[&(number + 1), &now.as_micros()],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(None)
    };
    let migrated: Result<_, tokio_postgres::Error> = migrated.await;
    drop(client);
    let _ = driver.await;
    match migrated {
        Ok(None) => Ok(()),
        Ok(Some(error)) => Err(error),
        Err(error) => Err(OpenError::Foreign {
            reason: describe(&error),
        }),
    }
}

/// A connection for one long piece of work over the whole store: by key, in its own time.
pub(crate) async fn connect_quietly(config: &Config) -> Result<Client, OpenError> {
    let mut config = config.clone();
    let given = config.get_options().unwrap_or_default().to_owned();
    config.options(format!("{given} {BY_KEY}"));
    let connected = config.connect(NoTls).await;
    let (client, connection) = connected.map_err(|error| unreachable(&error))?;
    tokio::spawn(connection);
    Ok(client)
}

fn pool(config: &Config, size: usize, more: &str) -> Result<Pool, OpenError> {
    let mut config = config.clone();
    let given = config.get_options().unwrap_or_default().to_owned();
    config.options(format!("{given} {BY_KEY} {PATIENCE}{more}"));
    let manager = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_config(config, NoTls, manager))
        .max_size(size)
        .pre_recycle(Hook::sync_fn(|_, connection| {
            if may_be_silent(connection) {
                return Err(HookError::message("the database fell silent on it"));
            }
            Ok(())
        }))
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT_FOR_CONNECTION))
        .create_timeout(Some(WAIT_FOR_CONNECTION))
        .build()
        .map_err(|_| OpenError::Unreachable {
            reason: "the connection pool could not be made".into(),
        })
}

async fn prepare(pools: Pools, apart: bool) -> Result<Shared, OpenError> {
    let client = pools.reads.get().await.map_err(|e| failed(e.into()))?;
    let secret = secret(&client).await.map_err(failed)?;
    let newest = ask(&client, NEWEST, params![all_partitions()])
        .await
        .map_err(failed)?;
    let newest: Option<i64> = newest
        .rows
        .first()
        .and_then(|row| get(row, 0).ok())
        .flatten();
    let distributed = apart || distribute::is_distributed(&client).await.map_err(failed)?;
    let backlog = tasks::count_backlog(&client).await.map_err(failed)?;
    let node = Node::lease(&client, Terms::default())
        .await
        .map_err(failed)?;
    let Some(node) = node else {
        let unfinished = ask(&client, UNFINISHED, params![]).await.map_err(failed)?;
        return Err(match unfinished.rows.is_empty() {
            true => OpenError::NoNumberFree,
            false => OpenError::MoveUnfinished,
        });
    };
    let held = node.held().map_err(failed)?;
    drop(client);
    Ok(Shared {
        pools,
        secret: Secret::new(secret),
        names: Names::default(),
        lines: Lines::default(),
        bells: Bells::default(),
        backlog: AtomicI64::new(backlog),
        ids: IdSource::new(held.number as u8, newest.unwrap_or(0)),
        node,
        distributed,
        unheard: Unheard::default(),
        closed: AtomicBool::new(false),
    })
}

/// The store's secret; whoever comes first gives it.
async fn secret(client: &impl GenericClient) -> Result<[u8; 32], Failure> {
    let mut drawn = [0_u8; 32];
    ring::rand::SystemRandom::new()
        .fill(&mut drawn)
        .map_err(|_| Error::Unavailable("the system gives no random bytes".into()))?;
    ask(client, PUT_META, params!["secret", drawn.to_vec()]).await?;
    let kept = ask(client, META, params!["secret"]).await?;
    let kept: Option<Vec<u8>> = kept.rows.first().map(|row| get(row, 0)).transpose()?;
    let kept = kept.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    Ok(kept.ok_or_else(|| Error::Corrupt("meta: the secret is not 32 bytes".into()))?)
}
