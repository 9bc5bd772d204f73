//! Puts the parts together: store, catalogue, carriers, stages.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use channels::mail_in::MailServer;
use channels::{
    DkimConfig, DkimKey, EmailCarrier, EmailConfig, SmsCarrier, SmsConfig, SmtpAuth, SmtpTls,
    TlsRoots,
};
use model::{Channel, Sealed};
use pipeline::catalogue::Catalogue;
use pipeline::render::Brand;
use pipeline::send::{Carriers, Room, Routes, Sender};
use pipeline::senders::{Registry, SenderFaults};
use pipeline::track::{Answers, Tracker};
use pipeline::{Digests, Pipeline};
use sandbox::{Sandbox, SandboxConfig};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::config::{self, Config, EmailTls};
use crate::{limits, mail_in, reload};

/// What runs: everything but HTTP.
pub struct System {
    /// The path of a message.
    pub pipeline: Pipeline,
    /// The carriers for test traffic, if they run here.
    pub sandbox: Option<Sandbox>,
    /// Where mail comes back, if it does.
    pub mail_in: Option<MailServer>,
    routes: Routes,
    tasks: TaskTracker,
    trackers: TaskTracker,
    stop: CancellationToken,
}

/// Items that wait between a carrier and the track stage.
const INBOUND: usize = 1_024;
/// What is in flight may take so long to finish when we stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Starts everything but HTTP.
///
/// # Errors
/// A sentence a person can act on.
pub async fn start(config: &Config) -> Result<System> {
    let catalogue = Catalogue::load(config.catalogue.folder.as_deref())
        .context("the catalogue cannot be used")?;
    let store = config.store.place().open(clock::now()).await?;
    let limits = limits::of(config, &store)?;
    let brand = brand(&config.brand);
    let senders = limits.senders.clone();
    let own = senders.own(clock::now());
    let broken = senders.broken_promises(&catalogue.guard(own, ("", "")));
    if !broken.is_empty() {
        return Err(SenderFaults(broken)).context("the senders break a promise");
    }
    let pipeline = Pipeline::new(store, Arc::new(catalogue), brand, clock::system(), limits);
    pipeline
        .refresh_desk()
        .await
        .context("the words of the desk cannot be read")?;

    let (inbound, received) = mpsc::channel(INBOUND);
    let sandbox = match config.sandbox.enabled {
        true => Some(start_sandbox(config.sandbox.keep).await?),
        false => None,
    };
    let test = match &sandbox {
        Some(sandbox) => sandbox_carriers(config, &senders, sandbox, inbound.clone())?,
        None => Carriers::default(),
    };
    let live = live_carriers(config, &senders, inbound.clone())?;
    let mail_in = mail_in::start(config, &pipeline, inbound).await?;
    let routes = Routes { live, test };

    let (tasks, trackers, stop) = (
        TaskTracker::new(),
        TaskTracker::new(),
        CancellationToken::new(),
    );
    trackers.spawn(Tracker::new(pipeline.clone(), received).run());
    tasks.spawn(Answers::new(pipeline.clone(), config::TEST_SMS).run(stop.clone()));
    tasks.spawn(Digests::new(pipeline.clone()).run(stop.clone()));
    pipeline
        .refresh_budgets()
        .await
        .context("what was spent cannot be read")?;
    let room = Room {
        others: config.limits.in_flight,
        ..Room::default()
    };
    Sender::start(
        pipeline.clone(),
        routes.clone(),
        room,
        (tasks.clone(), stop.clone()),
    )
    .await
    .context("the send stage cannot start")?;
    let folder = config.catalogue.folder.clone();
    trackers.spawn(reload::watch(folder, pipeline.clone(), stop.clone()));
    trackers.spawn(share_contracts(
        pipeline.store().clone(),
        routes.live.sms.clone(),
        stop.clone(),
    ));
    trackers.spawn(pipeline::costs::keep(pipeline.clone(), stop.clone()));
    Ok(System {
        pipeline,
        sandbox,
        mail_in,
        routes,
        tasks,
        trackers,
        stop,
    })
}

/// How often a node looks how many share the carriers' contracts.
const COUNT_NODES: Duration = Duration::from_secs(5);

/// Keeps this node's share of a carrier's contracted rate: living nodes divide it evenly.
async fn share_contracts(store: store::Store, sms: Option<SmsCarrier>, stop: CancellationToken) {
    let Some(sms) = sms else { return };
    loop {
        match store.nodes().await {
            Ok(nodes) => sms.share(u32::try_from(nodes).unwrap_or(u32::MAX)),
            // The share stays as it was: nobody sends without the store anyway.
            Err(error) => tracing::warn!(%error, "could not count the nodes"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(COUNT_NODES) => {}
        }
    }
}

impl System {
    /// The channels that some mode has a carrier for.
    pub fn channels(&self) -> Vec<Channel> {
        let Routes { live, test } = &self.routes;
        let has = |channel: &Channel| match channel {
            Channel::Sms => live.sms.is_some() || test.sms.is_some(),
            Channel::Email => live.email.is_some() || test.email.is_some(),
        };
        Channel::ALL.iter().copied().filter(has).collect()
    }

    /// Claims no more, finishes and records what is in flight, closes the carriers and the
    /// store. Returns `false` when something took too long and was left in doubt.
    pub async fn stop(self) -> bool {
        self.stop.cancel();
        self.tasks.close();
        let drained = tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_ok();
        tokio::join!(
            close(&self.routes.live),
            close(&self.routes.test),
            mail_in::close(self.mail_in)
        );
        if !drained {
            // What the carriers gave up at their end is recorded as that.
            let _ = tokio::time::timeout(Duration::from_secs(1), self.tasks.wait()).await;
        }
        drop(self.routes);
        self.trackers.close();
        let tracked = tokio::time::timeout(Duration::from_secs(5), self.trackers.wait())
            .await
            .is_ok();
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
        self.pipeline.store().close().await;
        drained && tracked
    }
}

/// Closes carriers, all at once; each gets the same short time.
async fn close(carriers: &Carriers) {
    let limit = Duration::from_secs(3);
    let sms = async {
        if let Some(sms) = &carriers.sms {
            sms.close(limit).await;
        }
    };
    let email = async {
        if let Some(email) = &carriers.email {
            email.close(limit).await;
        }
    };
    tokio::join!(sms, email);
}

/// Whether the carriers' sections can be used, without connecting.
///
/// # Errors
/// Names the section and the setting.
pub fn check_carriers(config: &Config) -> Result<()> {
    limits::team(&config.limits.team)?;
    if let Some(sms) = &config.sms {
        sms_config(sms, &*config::senders(config)?)?;
    }
    if let Some(email) = &config.email {
        EmailCarrier::start(email_config(email)?).context("in [email]")?;
    }
    mail_in::check(config)
}

/// The brand of the configuration, as rendering wants it.
pub fn brand(config: &config::Brand) -> Brand {
    Brand {
        name: config.name.clone(),
        domain: config.domain.clone(),
        url: config.url.clone(),
        support: config.support.clone(),
        sms_sender: config.sms_sender.clone().unwrap_or_default(),
    }
}

async fn start_sandbox(keep: usize) -> Result<Sandbox> {
    let seed = clock::micros().cast_unsigned();
    let config = SandboxConfig {
        keep,
        seed,
        home: Some("/".into()),
        ..SandboxConfig::new(clock::micros)
    };
    Sandbox::start(config)
        .await
        .context("the sandbox carriers cannot start")
}

fn sandbox_carriers(
    config: &Config,
    senders: &Registry,
    sandbox: &Sandbox,
    inbound: mpsc::Sender<channels::InboundItem>,
) -> Result<Carriers> {
    let smsc = sandbox.smsc_addr();
    let password = Sealed::new("sandbox");
    let mut sms = SmsConfig::new(
        config::TEST_SMS,
        smsc.ip().to_string(),
        smsc.port(),
        "sandbox",
        password,
        senders.text_sources(),
    );
    sms.seed = clock::micros().cast_unsigned();
    sms.national = config.sandbox.national_tables;
    let smtp = sandbox.smtp_addr();
    let live_from = config.email.as_ref().map(|email| email.from.clone());
    let from = live_from.unwrap_or_else(|| format!("messages@{}", config.brand.domain));
    let helo = config.brand.domain.clone();
    let mut email = EmailConfig::new(
        config::TEST_EMAIL,
        smtp.ip().to_string(),
        smtp.port(),
        helo,
        from,
    );
    if let Some(live) = &config.email {
        email.dkim = dkim(&live.dkim)?;
    }
    let email = EmailCarrier::start(email).context("the sandbox mail carrier cannot start")?;
    Ok(Carriers {
        sms: Some(SmsCarrier::start(sms, inbound)),
        email: Some(email),
    })
}

fn live_carriers(
    config: &Config,
    senders: &Registry,
    inbound: mpsc::Sender<channels::InboundItem>,
) -> Result<Carriers> {
    let sms = match &config.sms {
        Some(sms) => Some(SmsCarrier::start(sms_config(sms, senders)?, inbound)),
        None => None,
    };
    let email = match &config.email {
        Some(email) => Some(EmailCarrier::start(email_config(email)?).context("in [email]")?),
        None => None,
    };
    Ok(Carriers { sms, email })
}

fn sms_config(sms: &config::Sms, senders: &Registry) -> Result<SmsConfig> {
    let password = match &sms.password_file {
        Some(file) => Sealed::new(config::read_secret(file).context("in [sms]")?),
        None => Sealed::default(),
    };
    let mut built = SmsConfig::new(
        config::LIVE_SMS,
        sms.host.clone(),
        sms.port,
        sms.system_id.clone(),
        password,
        senders.text_sources(),
    );
    if sms.tls {
        built.tls = Some(roots(sms.roots_file.as_deref(), "[sms]")?);
    }
    built.tps = sms.segments_per_second;
    built.national = sms.national_tables;
    built.opt_out_errors = sms.opt_out_errors.iter().cloned().collect();
    built.window = sms.window.max(1);
    built.response_timeout = seconds(sms.answer_seconds);
    built.seed = clock::micros().cast_unsigned();
    Ok(built)
}

fn email_config(email: &config::Email) -> Result<EmailConfig> {
    let mut built = EmailConfig::new(
        config::LIVE_EMAIL,
        email.host.clone(),
        email.port,
        email.helo.clone(),
        email.from.clone(),
    );
    let trusted = || roots(email.roots_file.as_deref(), "[email]");
    built.tls = match email.tls {
        EmailTls::None => SmtpTls::Plain,
        EmailTls::StartTls => SmtpTls::StartTls(trusted()?),
        EmailTls::Implicit => SmtpTls::Implicit(trusted()?),
    };
    if let Some(user) = &email.user {
        let Some(file) = &email.password_file else {
            bail!("in [email]: `user` needs a `password_file`");
        };
        let password = Sealed::new(config::read_secret(file).context("in [email]")?);
        built.auth = Some(SmtpAuth {
            user: user.clone(),
            password,
        });
    }
    if let Some(envelope) = &email.envelope_from {
        built.envelope_from = envelope.clone();
    }
    built.max_connections = email.connections;
    built.accept_timeout = seconds(email.answer_seconds);
    built.reply_timeout = built.reply_timeout.min(built.accept_timeout);
    built.dkim = dkim(&email.dkim)?;
    Ok(built)
}

/// A wait of the configuration; none at all would doubt everything.
fn seconds(configured: u32) -> Duration {
    Duration::from_secs(configured.max(1).into())
}

fn dkim(keys: &[config::Dkim]) -> Result<Vec<DkimConfig>> {
    keys.iter()
        .map(|key| {
            let pem = config::read_secret(&key.key_file).context("in [[email.dkim]]")?;
            let loaded = DkimKey::from_pem(&pem).with_context(|| {
                format!("in [[email.dkim]]: the key in {}", key.key_file.display())
            })?;
            Ok(DkimConfig {
                domain: key.domain.clone(),
                selector: key.selector.clone(),
                key: loaded,
            })
        })
        .collect()
}

fn roots(file: Option<&Path>, section: &str) -> Result<TlsRoots> {
    let Some(file) = file else {
        bail!(
            "in {section}: TLS needs `roots_file`, the certificate authorities to trust, such as the system's bundle"
        );
    };
    let pem = std::fs::read(file)
        .with_context(|| format!("in {section}: cannot read roots_file {}", file.display()))?;
    TlsRoots::from_pem(&pem).with_context(|| format!("in {section}: roots_file {}", file.display()))
}
