//! `tidings demo`: a made-up marketplace, everything in one process, nothing to install.

mod goods;
mod story;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use model::{Mode, Span};
use pipeline::{AsOf, EventAnswer, Pipeline, RawEvent, Submission};
use ring::rand::{SecureRandom, SystemRandom};
use web::WebConfig;

use crate::cli;
use crate::config::{self, Config};
use crate::serving::Bounds;
use crate::{clock, lifecycle, mail_in, wiring};
use story::Story;

const CUSTOMERS: &str = include_str!("customers.jsonl");
/// Seconds between two events at speed 1.
const PACE: f64 = 4.0;
/// So far back does the story begin, so that no mailbox is empty.
const HISTORY: Span = Span::days(9);

/// The configuration of the made-up shop, for a folder.
pub fn config(folder: &Path, port: u16) -> Result<Config> {
    let mut config = config::parse(include_str!("shop.toml"))?;
    config.costs.made_up = vec![("prices.toml", include_str!("prices.toml"))];
    config.store.folder = folder.to_owned();
    config.server.listen.set_port(port);
    config.server.public_url = format!("http://127.0.0.1:{port}");
    Ok(config)
}

pub async fn run(arguments: cli::Demo) -> Result<()> {
    let config = config(&arguments.data, arguments.port)?;
    let end = lifecycle::signalled()?;
    let listener = lifecycle::listen(config.server.listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let metrics = lifecycle::start_metrics()?;
    let system = wiring::start(&config).await?;
    let pipeline = system.pipeline.clone();
    let screens = system
        .sandbox
        .as_ref()
        .map(sandbox::Sandbox::router)
        .unwrap_or_default();
    let web = WebConfig {
        demo: true,
        public_url: url.clone(),
        secure_cookies: false,
        ..WebConfig::default()
    };
    let app = lifecycle::app(&system, web, metrics);
    let key = web::create_api_key(
        pipeline.store(),
        &SystemRandom::new(),
        "demo",
        Mode::Test,
        clock::now(),
    )
    .await;
    let (_, key) = key?;
    put_customers(&pipeline).await?;
    let mut seed = [0; 8];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|_| anyhow!("the system gave no random numbers"))?;
    let mut story = Story::new(u64::from_le_bytes(seed));
    tell_history(&pipeline, &mut story).await?;

    welcome(&url, key.open(), &mail_in::lines(&system));
    let telling = tokio::spawn(tell(pipeline.clone(), story, arguments.speed));
    let purging = tokio::spawn(lifecycle::purge(pipeline.store().clone(), clock::now));
    let bounds = Bounds::of(&config.server);
    lifecycle::serve(listener, app, screens, bounds, end).await;
    telling.abort();
    purging.abort();

    println!("\nFinishing what is on its way");
    let counts = pipeline.store().counts().await;
    let clean = system.stop().await;
    if let Ok(counts) = counts {
        let settled: u64 = counts
            .deliveries
            .iter()
            .filter(|((_, state), _)| state.is_settled())
            .map(|(_, n)| n)
            .sum();
        let all: u64 = counts.deliveries.values().sum();
        println!(
            "{} events, {} messages, {} events failed; {settled} of {all} texts and mails had left, the rest {}.",
            counts.events,
            counts.messages.values().sum::<u64>(),
            counts.failed_events,
            if clean {
                "is finished or waits for the next start"
            } else {
                "is in doubt and is looked at again at the next start"
            },
        );
    }
    println!(
        "Everything is kept in {}; start the demo again to go on.",
        arguments.data.display()
    );
    Ok(())
}

/// An event a newcomer can send by hand.
const EXAMPLE: &str = r#"{"specversion":"1.0","id":"my-1","source":"/me","type":"security.code","subject":"c-sam","data":{"code":"482913"}}"#;

fn welcome(url: &str, key: &str, lines: &[String]) {
    println!(
        "
  Marigold, a made-up marketplace, is open. Its messages:

    Message Center    {url}/           choose who you are
    The phones        {url}/sandbox/phone
    The mailboxes     {url}/sandbox/mail
    The console       {url}/console

  Send an event of your own (this key reaches only the sandbox):

    curl {url}/v1/events -H 'Authorization: Bearer {key}' \\
      -H 'Content-Type: application/cloudevents+json' -d '{EXAMPLE}'

  Ctrl-C ends it.
"
    );
    for line in lines {
        println!("  {line}");
    }
    // Piped into a file or another program, the words should still come now.
    let _ = std::io::stdout().flush();
}

async fn put_customers(pipeline: &Pipeline) -> Result<()> {
    let customers = CUSTOMERS
        .lines()
        .map(web::read_customer)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| anyhow!("the demo's customers: {error}"))?;
    pipeline
        .store()
        .put_customers(customers, clock::now())
        .await?;
    Ok(())
}

/// What happened before the demo began, decided as of its own time. Told once a folder.
async fn tell_history(pipeline: &Pipeline, story: &mut Story) -> Result<()> {
    let counts = pipeline.store().counts().await?;
    if counts.events > 0 {
        return Ok(());
    }
    let now = clock::now();
    let mut at = now - HISTORY;
    while at < now - Span::minutes(5) {
        let event = story.next(at);
        accept(pipeline, event, AsOf::EventTime)
            .await
            .context("the demo's history")?;
        at = at + Span::minutes(story.pause_minutes());
    }
    Ok(())
}

/// Goes on with the story until aborted.
async fn tell(pipeline: Pipeline, mut story: Story, speed: f64) {
    let mut pace = tokio::time::interval(Duration::from_secs_f64(PACE / speed));
    loop {
        pace.tick().await;
        let event = story.next(clock::now());
        if let Err(error) = accept(&pipeline, event, AsOf::Now).await {
            tracing::warn!(%error, "the demo's shop could not say something");
        }
    }
}

async fn accept(pipeline: &Pipeline, event: serde_json::Value, as_of: AsOf) -> Result<()> {
    let submission = Submission {
        mode: Mode::Test,
        as_of,
        own: false,
    };
    for answer in pipeline
        .accept(vec![RawEvent::Value(event)], submission)
        .await?
    {
        match answer {
            EventAnswer::Accepted { .. } | EventAnswer::Duplicate { .. } => {}
            EventAnswer::Failed { detail, .. } => {
                tracing::warn!(%detail, "an event of the demo failed")
            }
            EventAnswer::Rejected { reason } => {
                tracing::warn!(%reason, "an event of the demo was rejected")
            }
        }
    }
    Ok(())
}
