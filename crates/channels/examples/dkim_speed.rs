//! What a mail costs before it leaves: `cargo run --release -p channels --example dkim_speed`.
//!
//! One thread. First signatures a second by themselves, ring beside AWS-LC, then whole
//! mails as the carrier makes them: unsigned, with Ed25519, with RSA-2048.

use std::time::{Duration, Instant};

use aws_lc_rs::signature as aws;
use channels::{DkimConfig, DkimKey, EmailCarrier, EmailConfig, OutgoingEmail};
use model::{DeliveryId, Id, Lane, MessageId, Sealed};
use ring::signature as ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

/// Each figure is the best of some runs of this length.
const RUN: Duration = Duration::from_millis(400);
const RUNS: usize = 5;
const RSA: &str = include_str!("../tests/keys/rsa2048.pem");
/// As much as is signed in the headers of a mail.
const SIGNED: [u8; 900] = [b'x'; 900];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = DkimKey::new_ed25519_pem(&[7; 32]);
    println!("signatures a second, one thread");
    println!("{:12}{:>12}{:>12}", "", "ring", "aws-lc-rs");
    let (by_ring, by_aws) = ed25519(&seed)?;
    println!("{:12}{by_ring:12.0}{by_aws:12.0}", "Ed25519");
    let (by_ring, by_aws) = rsa()?;
    println!("{:12}{by_ring:12.0}{by_aws:12.0}", "RSA-2048");

    println!("\nmicroseconds a mail of a text and an HTML part, MIME, signature and dots");
    println!("{:12}{:>12}{:>12}{:>12}", "", "3 KB", "10 KB", "30 KB");
    let kinds = [
        ("unsigned", None),
        ("Ed25519", Some(seed.as_str())),
        ("RSA-2048", Some(RSA)),
    ];
    for (name, key) in kinds {
        let mut line = format!("{name:12}");
        for kilobytes in [3, 10, 30] {
            let carrier = carrier(key)?;
            let mail = mail(kilobytes * 1024);
            let each = 1e6 / per_second(|| carrier.make(&mail).is_ok());
            line.push_str(&format!("{each:12.1}"));
        }
        println!("{line}");
    }
    Ok(())
}

fn ed25519(pem: &str) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let key = pkcs8(pem)?;
    let ours =
        ring::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key).map_err(|why| why.to_string())?;
    let other = aws::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key)?;
    Ok((
        per_second(|| ours.sign(&SIGNED[..32]).as_ref().len() == 64),
        per_second(|| other.sign(&SIGNED[..32]).as_ref().len() == 64),
    ))
}

fn rsa() -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let key = pkcs8(RSA)?;
    let mut signature = vec![0; 256];
    let ours = ring::RsaKeyPair::from_pkcs8(&key).map_err(|why| why.to_string())?;
    let random = ::ring::rand::SystemRandom::new();
    let by_ring = per_second(|| {
        ours.sign(&ring::RSA_PKCS1_SHA256, &random, &SIGNED, &mut signature)
            .is_ok()
    });
    let other = aws::RsaKeyPair::from_pkcs8(&key)?;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let by_aws = per_second(|| {
        other
            .sign(&aws::RSA_PKCS1_SHA256, &random, &SIGNED, &mut signature)
            .is_ok()
    });
    Ok((by_ring, by_aws))
}

fn pkcs8(pem: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    match PrivateKeyDer::from_pem_slice(pem.as_bytes())? {
        PrivateKeyDer::Pkcs8(der) => Ok(der.secret_pkcs8_der().to_vec()),
        _ => Err("the key is PKCS#8".into()),
    }
}

/// How often something can be done in a second of this thread's time.
fn per_second(mut run: impl FnMut() -> bool) -> f64 {
    (0..RUNS)
        .map(|_| {
            let (started, spent) = (Instant::now(), thread_time(Duration::ZERO));
            let mut done = 0_u32;
            while started.elapsed() < RUN {
                for _ in 0..16 {
                    assert!(run(), "it can be done");
                }
                done += 16;
            }
            let time = thread_time(started.elapsed()).saturating_sub(spent);
            f64::from(done) / time.as_secs_f64()
        })
        .fold(0.0, f64::max)
}

/// How long this thread has run, where the system says so: others may use the machine too.
fn thread_time(otherwise: Duration) -> Duration {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = said.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map_or(otherwise, Duration::from_nanos)
}

fn carrier(key: Option<&str>) -> Result<EmailCarrier, Box<dyn std::error::Error>> {
    let from = "orders@marigold.example";
    let mut config = EmailConfig::new("relay", "127.0.0.1", 25, "mail.marigold.example", from);
    if let Some(pem) = key {
        config.dkim.push(DkimConfig {
            domain: "marigold.example".into(),
            selector: "s2026".into(),
            key: DkimKey::from_pem(pem)?,
        });
    }
    Ok(EmailCarrier::start(config)?)
}

/// A mail whose parts have about so many bytes together.
fn mail(bytes: usize) -> OutgoingEmail {
    let row = "<tr><td class=\"ink line\" style=\"padding:11px 8px 11px 0;border-bottom:1px solid \
               #e8e1d9\">2 × Luminária de mesa</td><td align=\"right\">R$ 161,86</td></tr>\n";
    let line = "Olá, Inês. Seu pedido está a caminho.\n";
    OutgoingEmail {
        delivery: DeliveryId::from_i64(77),
        message: MessageId::from_i64(42),
        to: Sealed::new("ines@customers.example"),
        to_name: Sealed::new("Inês Machado"),
        from_name: "Marigold".into(),
        subject: Sealed::new("Seu pedido está a caminho"),
        text: Sealed::new(line.repeat(bytes / 8 / line.len())),
        html: Sealed::new(row.repeat(bytes * 7 / 8 / row.len())),
        date: model::Instant::from_micros(1_795_000_000_000_000),
        locale: "pt-BR".into(),
        lane: Lane::Normal,
        way_back: channels::WayBack::default(),
    }
}
