//! What one message costs between the request and the socket, but for the store:
//! `cargo run --release -p pipeline --example message_speed`.
//!
//! Texts and mails by halves, in three locales, with the samples of the catalogue, on one
//! thread; microseconds by stage. What counts is the thread's own time: others may use the
//! machine too. With arguments, so many rounds only, and the stage of that name: for
//! valgrind, which counts instructions (each stage is a function) and allocations.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use channels::{
    DkimConfig, DkimKey, EmailCarrier, EmailConfig, National, OutgoingEmail, sms_segments,
};
use model::{
    Channel, Consent, ConsentPurpose, ContactPoint, Customer, DeliveryId, Event, Facts, Id,
    MessageContent, MessageId, Mode, RecipientId, Sealed,
};
use pipeline::attention::Attention;
use pipeline::catalogue::Catalogue;
use pipeline::decide::sequence::Standing;
use pipeline::decide::{Case, Terms, decide};
use pipeline::guard::{Guard, Own};
use pipeline::regions::Regions;
use pipeline::render::{Brand, MailBody, Short, check_mail, check_short, mail, short_forms};
use pipeline::{AsOf, RawEvent, Submission};

const ROUNDS: u32 = 2_000;
const TEXTED: [&str; 4] = [
    "shipment.out_for_delivery",
    "shipment.delayed",
    "shipment.reminder",
    "shipment.delivered",
];
const MAILED: [&str; 4] = [
    "order.confirmed",
    "order.changed",
    "shipment.shipped",
    "order.cancelled",
];
const LOCALES: [&str; 3] = ["en-US", "pt-BR", "es-MX"];
const SUBMISSION: Submission = Submission {
    mode: Mode::Live,
    as_of: AsOf::Now,
    own: false,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args().nth(1);
    let rounds = given.map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let only = std::env::args().nth(2);
    let started = Instant::now();
    let bench = Bench::new()?;
    println!("load: {:.1} ms", started.elapsed().as_secs_f64() * 1_000.0);
    let (texts, mails) = (bench.cases(&TEXTED)?, bench.cases(&MAILED)?);
    let all: Vec<&Sample> = texts.iter().chain(&mails).collect();
    let mails: Vec<&Sample> = mails.iter().collect();
    let texts: Vec<&Sample> = texts.iter().collect();
    let stages: [(&str, &[&Sample], Stage); 8] = [
        ("read", &all, stage_read),
        ("short forms", &all, stage_short),
        ("guard: short", &all, stage_guard_short),
        ("decide", &all, stage_decide),
        ("text: segments", &texts, stage_segments),
        ("mail: render", &mails, stage_mail),
        ("guard: mail", &mails, stage_guard_mail),
        ("mail: MIME, DKIM", &mails, stage_mime),
    ];
    println!("{:18}{:>10}{:>14}", "µs", "each", "of a message");
    let mut message = 0.0;
    for (name, samples, stage) in stages {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let each = micros(rounds, || samples.iter().all(|one| stage(&bench, one)));
        let each = each / samples.len() as f64;
        let share = each * samples.len() as f64 / all.len() as f64;
        message += share;
        println!("{name:18}{each:10.2}{share:14.2}");
    }
    println!("{:18}{:>10}{message:14.2}", "a message", "");
    Ok(())
}

/// One stage of the path; `false` when it failed.
type Stage = fn(&Bench, &Sample) -> bool;

struct Bench {
    catalogue: Catalogue,
    brand: Brand,
    guard: Guard,
    carrier: EmailCarrier,
    regions: Arc<Regions>,
    attention: Attention,
}

/// One event and what follows from it.
struct Sample {
    raw: RawEvent,
    event: Event,
    facts: Facts,
    terms: Terms,
    short: Short,
    body: Option<MailBody>,
    mail: Option<OutgoingEmail>,
}

#[inline(never)]
fn stage_decide(bench: &Bench, sample: &Sample) -> bool {
    let case = Case {
        event_time: sample.event.time,
        at: now(),
        now: now(),
        facts: &sample.facts,
        terms: &sample.terms,
        standing: Standing::Newest,
        mode: Mode::Live,
        team: &[],
        spent: &[],
        no_sender: &[],
        regions: &bench.regions,
        attention: Some(&bench.attention),
        taken: &[],
    };
    decide(&case).deliveries.len() == 1
}

#[inline(never)]
fn stage_read(_: &Bench, sample: &Sample) -> bool {
    black_box(sample.raw.read(SUBMISSION, now())).is_ok()
}

/// Of an event that is copied for it: short forms take its data.
#[inline(never)]
fn stage_short(bench: &Bench, sample: &Sample) -> bool {
    let (mut event, customer) = (sample.event.clone(), &sample.facts.customer);
    short_forms(&bench.catalogue, &bench.brand, &mut event, customer).is_ok()
}

#[inline(never)]
fn stage_guard_short(bench: &Bench, sample: &Sample) -> bool {
    check_short(&bench.guard, &sample.short).is_empty()
}

#[inline(never)]
fn stage_guard_mail(bench: &Bench, sample: &Sample) -> bool {
    let mut bodies = sample.body.iter();
    bodies.all(|body| check_mail(&bench.guard, &sample.short.content, body).is_empty())
}

#[inline(never)]
fn stage_segments(_: &Bench, sample: &Sample) -> bool {
    black_box(sms_segments(
        &sample.short.content.text,
        true,
        National::NONE,
    ))
    .parts
        > 0
}

#[inline(never)]
fn stage_mail(bench: &Bench, sample: &Sample) -> bool {
    mail(&bench.catalogue, &bench.brand, &sample.short.content).is_ok()
}

#[inline(never)]
fn stage_mime(bench: &Bench, sample: &Sample) -> bool {
    let mut mail = sample.mail.iter();
    mail.all(|mail| bench.carrier.make(mail).is_ok())
}

/// The microseconds of a round, in this thread's time.
fn micros(rounds: u32, run: impl Fn() -> bool) -> f64 {
    let (started, spent) = (Instant::now(), thread_time(Duration::ZERO));
    let done = (0..rounds).filter(|_| run()).count();
    assert_eq!(done, rounds as usize, "every round succeeds");
    let time = thread_time(started.elapsed()).saturating_sub(spent);
    time.as_secs_f64() * 1e6 / f64::from(rounds)
}

/// How long this thread has run, where the system says so.
fn thread_time(otherwise: Duration) -> Duration {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = said.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map_or(otherwise, Duration::from_nanos)
}

fn now() -> model::Instant {
    model::Instant::from_micros(1_795_000_000_000_000)
}

impl Bench {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let from = "orders@marigold.example";
        let mut config = EmailConfig::new("relay", "127.0.0.1", 25, "mail.marigold.example", from);
        config.dkim.push(DkimConfig {
            domain: "marigold.example".into(),
            selector: "s2026".into(),
            key: DkimKey::from_pem(&DkimKey::new_ed25519_pem(&[7; 32]))?,
        });
        let brand = Brand {
            name: "Marigold".into(),
            domain: "marigold.example".into(),
            url: "https://marigold.example/messages".into(),
            support: "help@marigold.example".into(),
            sms_sender: "Marigold".into(),
        };
        let catalogue = Catalogue::load(None)?;
        let ours = (brand.domain.as_str(), brand.sms_sender.as_str());
        Ok(Self {
            guard: catalogue.guard(Own::default(), ours),
            catalogue,
            brand,
            carrier: EmailCarrier::start(config)?,
            regions: Regions::shipped(),
            attention: Attention::default(),
        })
    }

    /// Each of some message types in each locale.
    fn cases(&self, types: &[&str]) -> Result<Vec<Sample>, Box<dyn std::error::Error>> {
        let pairs = types
            .iter()
            .flat_map(|name| LOCALES.map(|locale| (name, locale)));
        pairs
            .map(|(name, locale)| self.sample(name, locale))
            .collect()
    }

    fn sample(&self, name: &str, locale: &str) -> Result<Sample, Box<dyn std::error::Error>> {
        let entry = self.catalogue.get(name).ok_or("a type of the catalogue")?;
        let channel = match TEXTED.contains(&name) {
            true => Channel::Sms,
            false => Channel::Email,
        };
        let line = serde_json::json!({
            "specversion": "1.0", "id": "1018fe0-77", "source": "/shop", "type": name,
            "subject": "c-42", "data": self.catalogue.sample(name),
        });
        let raw = RawEvent::Line(line.to_string().into());
        let event = raw.read(SUBMISSION, now())?;
        let facts = Facts {
            recipient: RecipientId::from_i64(42),
            version: 1,
            customer: customer(locale, channel)?,
            suppressed: Vec::new(),
        };
        let customer = &facts.customer;
        let short = short_forms(&self.catalogue, &self.brand, &mut event.clone(), customer)?;
        let body = match channel {
            Channel::Email => Some(mail(&self.catalogue, &self.brand, &short.content)?),
            Channel::Sms => None,
        };
        Ok(Sample {
            raw,
            mail: body.clone().map(|body| outgoing(&short.content, body)),
            event,
            facts,
            terms: entry.terms(),
            short,
            body,
        })
    }
}

/// A customer who is reached over one channel only.
fn customer(locale: &str, channel: Channel) -> Result<Customer, Box<dyn std::error::Error>> {
    let mut customer = Customer {
        id: "c-42".into(),
        name: Sealed::new("Inês Machado"),
        locale: locale.into(),
        time_zone: "America/Sao_Paulo".into(),
        country: "BR".into(),
        region: String::new(),
        quiet_hours: None,
        phone: None,
        email: None,
        consents: Vec::new(),
        preferences: Vec::new(),
        chosen: model::Chosen::default(),
    };
    match channel {
        Channel::Email => customer.email = Some(ContactPoint::email("ines@customers.example")?),
        Channel::Sms => {
            customer.phone = Some(ContactPoint::phone("+12535550129")?);
            customer.consents.push(Consent {
                channel,
                purpose: ConsentPurpose::Transactional,
                given_at: model::Instant::from_micros(0),
                source: "checkout".into(),
                withdrawn_at: None,
                contact: Sealed::new(""),
                how: model::How::Import,
                ended: model::How::Import,
            });
        }
    }
    Ok(customer)
}

fn outgoing(content: &MessageContent, body: MailBody) -> OutgoingEmail {
    OutgoingEmail {
        delivery: DeliveryId::from_i64(77),
        message: MessageId::from_i64(42),
        to: Sealed::new("ines@customers.example"),
        to_name: Sealed::new("Inês Machado"),
        from_name: content.sender.clone(),
        subject: Sealed::new(body.subject),
        text: Sealed::new(body.text),
        html: Sealed::new(body.html),
        date: now(),
        locale: content.locale.clone(),
        lane: content.lane,
        way_back: channels::WayBack::default(),
    }
}
