//! `tidings serve`.

use anyhow::Result;
use web::WebConfig;

use crate::cli::Serve;
use crate::serving::Bounds;
use crate::{clock, config, lifecycle, mail_in, nats, wiring};

pub async fn run(arguments: Serve) -> Result<()> {
    let config = config::load(&arguments.config)?;
    let end = lifecycle::signalled()?;
    let listener = lifecycle::listen(config.server.listen).await?;
    let metrics = lifecycle::start_metrics()?;
    let system = wiring::start(&config).await?;
    let nats = match &config.nats {
        Some(settings) => Some(nats::start(settings, &system.pipeline).await?),
        None => None,
    };
    let bounds = Bounds::of(&config.server);
    let web = WebConfig {
        live_streams: bounds.live_streams(WebConfig::default().live_streams),
        public_url: config.server.public_url.clone(),
        secure_cookies: config.server.secure_cookies,
        proxies: config.server.proxies.clone(),
        channels: system.channels(),
        ..WebConfig::default()
    };
    let screens = match (&system.sandbox, config.sandbox.screens) {
        (Some(sandbox), true) => sandbox.router(),
        _ => axum::Router::new(),
    };
    println!(
        "tidings serves {} (Ctrl-C ends it)",
        config.server.public_url
    );
    println!("  listening on {}", listener.local_addr()?);
    for line in mail_in::lines(&system) {
        println!("  {line}");
    }
    let app = lifecycle::app(&system, web, metrics);
    let purging = tokio::spawn(lifecycle::purge(
        system.pipeline.store().clone(),
        clock::now,
    ));
    lifecycle::serve(listener, app, screens, bounds, end).await;
    purging.abort();
    println!("finishing what is in flight");
    if let Some(nats) = nats {
        nats.stop().await;
    }
    let clean = system.stop().await;
    println!(
        "{}",
        if clean {
            "all is recorded"
        } else {
            "what took too long is in doubt and is looked at again at the next start"
        }
    );
    Ok(())
}
