//! How long rendering takes: `cargo run --release -p pipeline --example render_speed`.
//!
//! Every message type and locale in turn, with its sample, on one thread; then the mean
//! over all of them. What counts is the thread's own time: others may use the machine too.
//! With an argument, one message type only and few rounds: for `valgrind --tool=callgrind`.

use std::time::{Duration, Instant};

use model::{Customer, Event, EventKey, MessageContent, Mode, Sealed};
use pipeline::catalogue::Catalogue;
use pipeline::render::{Brand, Short, mail, short_forms};

const ROUNDS: u32 = 4_000;
const FEW_ROUNDS: u32 = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let catalogue = Catalogue::load(None)?;
    println!("load: {:.1} ms", started.elapsed().as_secs_f64() * 1_000.0);
    let brand = Brand {
        name: "Marigold".into(),
        domain: "marigold.example".into(),
        url: "https://marigold.example/messages".into(),
        support: "help@marigold.example".into(),
        sms_sender: "Marigold".into(),
    };
    let only = std::env::args().nth(1);
    let rounds = if only.is_some() { FEW_ROUNDS } else { ROUNDS };
    let (mut shorts, mut mails) = (Vec::new(), Vec::new());
    for entry in catalogue.types() {
        if only.as_ref().is_some_and(|only| *only != entry.name) {
            continue;
        }
        let mut line = format!("{:26}", entry.name);
        for locale in ["en-US", "pt-BR", "es-MX"] {
            let event = sample_event(&catalogue, &entry.name);
            let customer = customer(locale);
            let made = short_forms(&catalogue, &brand, &event, &customer)?;
            let stored = content(&catalogue, &entry.name, made);
            let short = time(rounds, || {
                short_forms(&catalogue, &brand, &event, &customer).is_ok()
            });
            shorts.push(micros(short));
            line.push_str(&format!("  {locale} {:5.1} µs", micros(short)));
            if mail(&catalogue, &brand, &stored).is_ok() {
                let whole = time(rounds, || mail(&catalogue, &brand, &stored).is_ok());
                mails.push(micros(whole));
                line.push_str(&format!(", mail {:5.1} µs", micros(whole)));
            }
        }
        println!("{line}");
    }
    println!(
        "mean: short forms {:.1} µs, mail {:.1} µs",
        mean(&shorts),
        mean(&mails)
    );
    Ok(())
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len().max(1) as f64
}

fn time(rounds: u32, mut run: impl FnMut() -> bool) -> Duration {
    let (started, spent) = (Instant::now(), thread_time(Duration::ZERO));
    let done = (0..rounds).filter(|_| run()).count();
    assert_eq!(done, rounds as usize, "every round renders");
    thread_time(started.elapsed()).saturating_sub(spent) / rounds
}

/// How long this thread has run, where the system says so.
fn thread_time(otherwise: Duration) -> Duration {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = said.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map_or(otherwise, Duration::from_nanos)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn customer(locale: &str) -> Customer {
    Customer {
        id: "c-42".into(),
        name: Sealed::new("Inês Machado"),
        locale: locale.into(),
        time_zone: "America/Sao_Paulo".into(),
        country: "BR".into(),
        phone: None,
        email: None,
        consents: vec![],
        preferences: vec![],
    }
}

fn sample_event(catalogue: &Catalogue, name: &str) -> Event {
    Event {
        key: EventKey {
            source: "/shop".into(),
            id: "1".into(),
        },
        event_type: name.into(),
        subject: "c-42".into(),
        time: model::Instant::from_micros(0),
        data: catalogue.sample(name).cloned().unwrap_or_default(),
        mode: Mode::Test,
        as_of: None,
    }
}

fn content(catalogue: &Catalogue, name: &str, short: Short) -> MessageContent {
    let entry = catalogue.get(name).expect("a type of the catalogue");
    MessageContent {
        message_type: name.into(),
        category: entry.category,
        purpose: entry.purpose,
        lane: entry.lane,
        locale: short.locale,
        template_version: short.template_version,
        sender: short.sender,
        title: short.title,
        summary: short.summary,
        text: short.text,
        order: short.order,
        data: short.data,
    }
}
