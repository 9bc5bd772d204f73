//! The streams and consumers on the NATS server: made if missing, otherwise left as they
//! are, for they may be somebody's.

use std::time::Duration;

use anyhow::{Result, anyhow};
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::context::{Context, CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};

use super::body::MAX_BODY;
use super::intake::Lane;
use super::pull::Pull;
use crate::config;

/// The same `Nats-Msg-Id` within this time is the same message to NATS.
const DUPLICATES: Duration = Duration::from_secs(120);
/// What is no event is kept so long.
const REJECTED_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Unanswered messages on all nodes together.
const UNANSWERED: i64 = 20_000;

/// Opens a lane's consumer, with the streams it needs.
///
/// # Errors
/// A sentence that names the stream or the consumer.
pub async fn open(context: &Context, settings: &config::Nats, lane: &Lane) -> Result<Pull> {
    let stream = context
        .get_or_create_stream(events(settings))
        .await
        .map_err(|error| because(&settings.stream, &error))?;
    context
        .get_or_create_stream(rejected(settings))
        .await
        .map_err(|error| because(&settings.rejected_stream, &error))?;
    let consumer = pull::Config {
        durable_name: Some(lane.durable.clone()),
        description: Some("Tidings takes events from here".into()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(settings.ack_wait_seconds.into()),
        max_ack_pending: UNANSWERED,
        filter_subject: lane.subject.clone(),
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(consumer).await.map_err(|error| {
        anyhow!(
            "the consumer `{}` of the stream `{}`, which must carry `{}`, cannot be made: {error}",
            lane.durable,
            settings.stream,
            lane.subject
        )
    })?;
    Pull::start(context, consumer, lane.batch).await
}

fn because(stream: &str, error: &CreateStreamError) -> anyhow::Error {
    match error.kind() {
        CreateStreamErrorKind::JetStreamUnavailable => {
            anyhow!("JetStream is off on this NATS server: start it with -js")
        }
        _ => anyhow!("the stream `{stream}` cannot be used: {error}"),
    }
}

/// A queue on disk: what is answered leaves it.
fn events(settings: &config::Nats) -> Config {
    Config {
        name: settings.stream.clone(),
        description: Some("Events for Tidings".into()),
        subjects: vec![settings.subject.clone(), settings.security_subject.clone()],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        max_message_size: i32::try_from(MAX_BODY).expect("it is a small constant"),
        duplicate_window: DUPLICATES,
        ..Config::default()
    }
}

fn rejected(settings: &config::Nats) -> Config {
    Config {
        name: settings.rejected_stream.clone(),
        description: Some("What Tidings was sent and could not read, with the reason".into()),
        subjects: vec![settings.rejected_subject.clone()],
        storage: StorageType::File,
        max_age: REJECTED_KEPT,
        duplicate_window: DUPLICATES,
        ..Config::default()
    }
}
