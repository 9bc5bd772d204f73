//! `tidings check`: what is wrong, and how to mend each.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use model::decimal_of;
use pipeline::catalogue::{Catalogue, CatalogueFaults};
use pipeline::regions::{RegionFaults, Regions};
use pipeline::{Limits, Pipeline};
use serde_json::json;
use tokio::net::TcpStream;

use crate::cli::Check;
use crate::config::{self, Config};
use crate::{clock, nats, wiring};

/// A problem and what to do about it.
struct Finding {
    place: &'static str,
    /// The file and its line, where it is about one.
    file: Option<String>,
    line: Option<usize>,
    problem: String,
    mend: String,
}

impl Finding {
    /// One that is about no file.
    fn of(place: &'static str, problem: impl Into<String>, mend: &str) -> Self {
        Self {
            place,
            file: None,
            line: None,
            problem: problem.into(),
            mend: mend.to_owned(),
        }
    }
}

pub async fn run(arguments: Check) -> Result<ExitCode> {
    let mut findings = Vec::new();
    let mut passed = Vec::new();
    let mut catalogue = None;
    match config::load(&arguments.config) {
        Err(error) => findings.push(Finding::of(
            "configuration",
            format!("{error:#}"),
            "correct the file; docs/reference/tidings.toml lists every key",
        )),
        Ok(config) => {
            passed.push("configuration");
            look(&config, &mut catalogue, (&mut findings, &mut passed)).await;
        }
    }
    if arguments.json {
        let problems: Vec<_> = findings
            .iter()
            .map(|f| {
                json!({
                    "place": f.place, "file": f.file, "line": f.line,
                    "problem": f.problem, "mend": f.mend,
                })
            })
            .collect();
        let catalogue = catalogue.map(|catalogue| {
            json!({
                "message_types": catalogue.types().count(),
                "locales": catalogue.locales().collect::<Vec<_>>(),
            })
        });
        println!(
            "{}",
            json!({ "passed": passed, "problems": problems, "catalogue": catalogue })
        );
    } else {
        for place in &passed {
            println!("ok    {place}");
        }
        for finding in &findings {
            println!(
                "FAULT {}: {}\n      {}",
                finding.place, finding.problem, finding.mend
            );
        }
    }
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn look(
    config: &Config,
    catalogue: &mut Option<Catalogue>,
    (findings, passed): (&mut Vec<Finding>, &mut Vec<&'static str>),
) {
    match Catalogue::check(config.catalogue.folder.as_deref()) {
        Ok(loaded) => {
            passed.push("catalogue");
            *catalogue = Some(loaded);
        }
        Err(CatalogueFaults(faults)) => findings.extend(faults.iter().map(|fault| Finding {
            place: "catalogue",
            file: Some(fault.file.clone()),
            line: (fault.line > 0).then_some(fault.line),
            problem: fault.to_string(),
            mend: fault.advice().into(),
        })),
    }
    look_at_regions(config, findings, passed);
    look_at_senders(config, catalogue.as_ref(), findings, passed);
    match config::costs(config) {
        Ok(costs) if costs.quotes() => passed.push("costs"),
        Ok(_) => {}
        Err(error) => findings.push(Finding::of(
            "costs",
            format!("{error:#}"),
            "correct the card or the budget it names; docs/guides/costs.md explains both",
        )),
    }
    match config.store.place().open(clock::now()).await {
        Ok(store) => {
            look_at_ledger(&store, findings, passed).await;
            if let Some(catalogue) = catalogue {
                look_at_desk((&store, config), catalogue, findings, passed).await;
            }
            store.close().await;
            passed.push("store");
        }
        // In use is fine: a server runs on it.
        Err(store::OpenError::InUse { .. }) => passed.push("store (in use by a running tidings)"),
        Err(error) => findings.push(Finding::of(
            "store",
            error.to_string(),
            "see [store] in the configuration, and TIDINGS_STORE",
        )),
    }
    if let Err(error) = wiring::check_carriers(config) {
        findings.push(Finding::of(
            "carriers",
            format!("{error:#}"),
            "correct the section it names",
        ));
    }
    if config.sms.is_none() && config.email.is_none() && !config.sandbox.enabled {
        findings.push(Finding::of(
            "carriers",
            "there is no way out: no [sms], no [email], and the sandbox is off",
            "add [sms] or [email], or switch the sandbox on",
        ));
    }
    if let Some(settings) = &config.nats {
        look_at_nats(settings, findings, passed).await;
    }
    let sms = config
        .sms
        .as_ref()
        .map(|sms| ("sms carrier", sms.host.clone(), sms.port));
    let email = config
        .email
        .as_ref()
        .map(|email| ("mail server", email.host.clone(), email.port));
    for (place, host, port) in [sms, email].into_iter().flatten() {
        match reach(&host, port).await {
            Ok(()) => passed.push(place),
            Err(problem) => findings.push(Finding::of(
                place,
                format!("{host}:{port} cannot be reached: {problem}"),
                "check host and port, and that a firewall lets this machine through",
            )),
        }
    }
}

/// Whether the rules of places can be read.
fn look_at_regions(config: &Config, findings: &mut Vec<Finding>, passed: &mut Vec<&'static str>) {
    match Regions::load(config.regions.folder.as_deref()) {
        Ok(_) => passed.push("regions"),
        Err(RegionFaults(faults)) => findings.extend(faults.iter().map(|fault| Finding {
            place: "regions",
            file: Some(fault.file.clone()),
            line: None,
            problem: fault.to_string(),
            mend: "correct the entry; docs/guides/quiet-hours.md explains the files".into(),
        })),
    }
}

/// Whether there is somebody that messages may come from now.
fn look_at_senders(
    config: &Config,
    catalogue: Option<&Catalogue>,
    findings: &mut Vec<Finding>,
    passed: &mut Vec<&'static str>,
) {
    let mut fault = |problem: String| {
        findings.push(Finding::of(
            "senders",
            problem,
            "see [[senders]] in the configuration; docs/guides/senders.md explains them",
        ));
    };
    let senders = match config::senders(config) {
        Ok(senders) => senders,
        Err(faults) => return fault(faults.to_string()),
    };
    let now = clock::now();
    let all = senders.identities();
    let texts = all.iter().filter(|one| one.kind.sends_texts());
    if config.sms.is_some() && !texts.into_iter().any(|one| one.is_ours(now)) {
        return fault("nobody that texts may come from is valid now: no text leaves".into());
    }
    let from = config
        .email
        .as_ref()
        .and_then(|email| email.from.rsplit_once('@'));
    if let Some((_, domain)) = from
        && !senders.sends_mail_from(domain, now)
    {
        return fault(format!(
            "the domain of email.from, `{domain}`, is not valid now: no mail leaves"
        ));
    }
    if let Some(catalogue) = catalogue {
        let broken = senders.broken_promises(&catalogue.guard(senders.own(now), ("", "")));
        if !broken.is_empty() {
            return broken.iter().for_each(|one| fault(one.to_string()));
        }
    }
    passed.push("senders");
}

/// Whether the cost ledger says what the deliveries say.
/// Whether the words that staff have published hold over the catalogue's files.
async fn look_at_desk(
    (store, config): (&store::Store, &Config),
    catalogue: &Catalogue,
    findings: &mut Vec<Finding>,
    passed: &mut Vec<&'static str>,
) {
    // What cannot be ours is said elsewhere.
    let limits = Limits {
        senders: config::senders(config).unwrap_or_default(),
        ..Limits::default()
    };
    let files = Arc::new(catalogue.clone());
    let brand = wiring::brand(&config.brand);
    let pipeline = Pipeline::new(store.clone(), files, brand, clock::system(), limits);
    if let Err(error) = pipeline.refresh_desk().await {
        findings.push(Finding::of(
            "desk",
            format!("the words of the desk cannot be read: {error}"),
            "see [store] in the configuration, and TIDINGS_STORE",
        ));
        return;
    }
    let laid = pipeline.catalogue();
    let faults: Vec<_> = laid.desk_faults().flat_map(|(_, faults)| faults).collect();
    if faults.is_empty() {
        passed.push("desk");
    }
    findings.extend(faults.into_iter().map(|fault| {
        Finding::of(
            "desk",
            format!("{fault}; the words of the files serve instead"),
            "open the message type in the console, mend its words and publish them",
        )
    }));
}

async fn look_at_ledger(
    store: &store::Store,
    findings: &mut Vec<Finding>,
    passed: &mut Vec<&'static str>,
) {
    const SHOWN: usize = 10;
    let mend = "the sums in reports and budgets are off by that; please report it, with this line";
    match store.check_ledger().await {
        Ok(faults) if faults.is_empty() => passed.push("ledger"),
        Ok(faults) => {
            let more = faults.len().saturating_sub(SHOWN);
            for fault in faults.iter().take(SHOWN) {
                let money = fault.line.as_ref().map(|line| line.currency.to_string());
                findings.push(Finding::of("ledger", format!(
                        "line {}, {}: the ledger has {} {} of {} deliveries, the deliveries have {} of {}",
                        fault.number,
                        fault.account,
                        decimal_of(fault.ledger.0),
                        money.unwrap_or_default(),
                        fault.ledger.1,
                        decimal_of(fault.deliveries.0),
                        fault.deliveries.1,
                    ), mend));
            }
            if more > 0 {
                findings.push(Finding::of(
                    "ledger",
                    format!("{more} more balances differ"),
                    mend,
                ));
            }
        }
        Err(error) => findings.push(Finding::of(
            "ledger",
            format!("it cannot be read: {error}"),
            "see what is wrong with the store",
        )),
    }
}

async fn look_at_nats(
    settings: &config::Nats,
    findings: &mut Vec<Finding>,
    passed: &mut Vec<&'static str>,
) {
    match nats::look(settings).await {
        Ok(nats::Sight::Ready) => passed.push("nats"),
        Ok(nats::Sight::NoStream) => passed.push("nats (the stream is made when a server starts)"),
        Err(error) => findings.push(Finding::of(
            "nats",
            format!("{error:#}"),
            "see [nats] in the configuration and TIDINGS_NATS; docs/guides/nats.md explains both",
        )),
    }
}

async fn reach(host: &str, port: u16) -> Result<(), String> {
    match tokio::time::timeout(Duration::from_secs(5), TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer within 5 seconds".into()),
    }
}
