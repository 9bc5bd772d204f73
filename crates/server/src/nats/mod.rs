//! NATS: events from JetStream, doorbells between nodes. Without it, or while it is away,
//! everything goes on by HTTP and by polling; nothing here may be needed to be correct.

mod address;
mod bell;
mod body;
mod doorbells;
mod intake;
mod link;
mod pull;
mod rejected;
mod streams;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use pipeline::Pipeline;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config;
use doorbells::Doorbells;
use intake::{Intake, Lane};
use link::{ANSWER, Link, Purpose};

/// What is in hand may take so long when we stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Everything that speaks with NATS.
pub struct Nats {
    links: [Link; 2],
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Starts to take events and to ring; NATS need not be there yet.
///
/// # Errors
/// When the settings cannot be used.
pub async fn start(settings: &config::Nats, pipeline: &Pipeline) -> Result<Nats> {
    let events = Link::start(settings, Purpose::Events).await?;
    let urgent = Link::start(settings, Purpose::Urgent).await?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let security = Lane {
        subject: settings.security_subject.clone(),
        durable: format!("{}-security", settings.durable),
        batch: 64,
        in_hand: 2,
    };
    let others = Lane {
        subject: settings.subject.clone(),
        durable: settings.durable.clone(),
        batch: 1_000,
        in_hand: 3,
    };
    for (lane, link) in [(security, &urgent), (others, &events)] {
        let intake = Intake {
            pipeline: pipeline.clone(),
            settings: settings.clone(),
            lane,
            link: link.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(Arc::new(intake).run());
    }
    let bells = Doorbells::new(pipeline.store().clone(), urgent.clone(), stop.clone());
    let bells = Arc::new(bells);
    tasks.spawn(bells.clone().ring());
    let ears = bells.ears().await?;
    tasks.spawn(bells.hear(ears));
    tasks.close();
    Ok(Nats {
        links: [urgent, events],
        tasks,
        stop,
    })
}

impl Nats {
    /// Takes no more events, finishes and acknowledges what is in hand. Before the store
    /// is closed.
    pub async fn stop(self) {
        self.stop.cancel();
        if tokio::time::timeout(DRAIN, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some events from NATS were not finished in time; they come again");
        }
        for link in self.links {
            // Acknowledgements that are still here are lost with us; the events are known.
            if link.state.borrow().connected {
                let _ = tokio::time::timeout(Duration::from_secs(2), link.client.flush()).await;
            }
        }
    }
}

/// What a look at NATS shows.
pub enum Sight {
    /// It answers and has the stream.
    Ready,
    /// It answers; the stream is made when a server starts.
    NoStream,
}

/// Looks whether NATS answers and has the stream; changes nothing.
///
/// # Errors
/// Says what is wrong.
pub async fn look(settings: &config::Nats) -> Result<Sight> {
    use async_nats::jetstream::ErrorCode;
    use async_nats::jetstream::context::GetStreamErrorKind;

    let looking = async {
        let client = link::once(settings).await?;
        let mut context = async_nats::jetstream::new(client);
        context.set_timeout(ANSWER);
        match context.get_stream(&settings.stream).await {
            Ok(_) => Ok(Sight::Ready),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(why)
                    if why.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Ok(Sight::NoStream)
                }
                GetStreamErrorKind::Request => Err(anyhow!(
                    "it answers, but its JetStream does not ({error}); it is on with -js"
                )),
                _ => Err(anyhow!("{error}")),
            },
        }
    };
    let looked = tokio::time::timeout(2 * ANSWER, looking).await;
    looked.unwrap_or_else(|_| Err(anyhow!("no answer within {} seconds", 2 * ANSWER.as_secs())))
}
