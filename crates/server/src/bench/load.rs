//! The load of `bench pipeline`: customers, then marked events, over authenticated HTTP,
//! from a process of its own.

use std::time::Duration;

use anyhow::{Result, bail};
use hyper::body::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::mark;
use crate::cli::BenchLoad;
use crate::http_client::Client;

/// Lines of one request.
const LINES: u64 = 1_000;
/// Requests under way at once.
const CONNECTIONS: u64 = 4;

pub async fn run(arguments: BenchLoad) -> Result<()> {
    let url = format!("http://{}", arguments.to);
    put_customers(&url, &arguments).await?;
    println!("{}", json!({ "customers": arguments.customers }));
    let begun = Instant::now();
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|lane| {
            let (to, key) = (url.clone(), arguments.key.clone());
            let plan = Plan {
                events: arguments.events,
                customers: arguments.customers,
                rate: arguments.rate,
                begun,
            };
            tokio::spawn(async move { send(lane, &to, &key, plan).await })
        })
        .collect();
    let (mut accepted, mut other) = (0, 0);
    for sender in senders {
        let (a, o) = sender.await??;
        accepted += a;
        other += o;
    }
    println!(
        "{}",
        json!({ "accepted": accepted, "other": other, "seconds": begun.elapsed().as_secs_f64() })
    );
    Ok(())
}

async fn put_customers(url: &str, arguments: &BenchLoad) -> Result<()> {
    let mut client = Client::new(url, &arguments.key)?;
    for from in (0..arguments.customers).step_by(10_000) {
        let to = (from + 10_000).min(arguments.customers);
        let mut lines = String::new();
        (from..to).for_each(|number| customer(number, &mut lines));
        let answer = client
            .call(
                "PUT",
                "/v1/customers",
                "application/x-ndjson",
                Bytes::from(lines),
            )
            .await?;
        if answer.status != 200 || answer.count("stored") != to - from {
            bail!(
                "customers were not taken: {} {}",
                answer.problem(),
                answer.json
            );
        }
    }
    Ok(())
}

/// Even customers can only be texted, odd ones only mailed: one delivery a message.
fn customer(number: u64, lines: &mut String) {
    let (locale, zone, country) = [
        ("en-US", "America/New_York", "US"),
        ("pt-BR", "America/Sao_Paulo", "BR"),
        ("es-ES", "Europe/Madrid", "ES"),
    ][(number / 2 % 3) as usize];
    let mut profile = json!({
        "id": format!("b-{number}"),
        "name": format!("Customer {number}"),
        "locale": locale,
        "time_zone": zone,
        "country": country,
    });
    if number.is_multiple_of(2) {
        profile["phone"] = json!(format!("+999{number:09}"));
        profile["consents"] = json!([{ "channel": "sms", "purpose": "transactional",
            "given_at": "2026-01-01T00:00:00Z", "source": "checkout" }]);
    } else {
        profile["email"] = json!(format!("b{number}@customers.example"));
    }
    lines.push_str(&profile.to_string());
    lines.push('\n');
}

#[derive(Clone, Copy)]
struct Plan {
    events: u64,
    customers: u64,
    rate: u64,
    begun: Instant,
}

async fn send(lane: u64, url: &str, key: &str, plan: Plan) -> Result<(u64, u64)> {
    let mut client = Client::new(url, key)?;
    let (mut accepted, mut other) = (0, 0);
    let mut from = lane * LINES;
    while from < plan.events {
        if plan.rate > 0 {
            let due = plan.begun + Duration::from_secs_f64(from as f64 / plan.rate as f64);
            tokio::time::sleep_until(due).await;
        }
        let to = (from + LINES).min(plan.events);
        let moment = u64::try_from(plan.begun.elapsed().as_micros()).unwrap_or(0);
        let mut lines = String::with_capacity(500 * LINES as usize);
        (from..to).for_each(|number| event(number, plan.customers, moment, &mut lines));
        let body = Bytes::from(lines);
        loop {
            let answer = client
                .call("POST", "/v1/events", "application/x-ndjson", body.clone())
                .await?;
            if answer.status == 429 {
                tokio::time::sleep(Duration::from_secs(answer.retry_after.unwrap_or(1))).await;
                continue;
            }
            if answer.status != 202 {
                bail!("events were not taken: {}", answer.problem());
            }
            accepted += answer.count("accepted") - answer.count("failed_total");
            let lost = answer.count("failed_total") + answer.count("rejected_total");
            if lost > 0 {
                bail!("events failed: {}", answer.json);
            }
            other += answer.count("duplicates");
            break;
        }
        from += LINES * CONNECTIONS;
    }
    Ok((accepted, other))
}

const TEXTED: [&str; 5] = [
    "shipment.out_for_delivery",
    "shipment.delayed",
    "shipment.attempt_failed",
    "shipment.reminder",
    "shipment.delivered",
];
const MAILED: [&str; 5] = [
    "order.confirmed",
    "order.changed",
    "order.problem",
    "shipment.shipped",
    "order.cancelled",
];

fn event(number: u64, customers: u64, moment: u64, lines: &mut String) {
    use std::fmt::Write;
    // Neighbouring events go to customers far apart; parity stays, it chooses the channel.
    let customer = (number.wrapping_mul(7_919)) % customers / 2 * 2 + number % 2;
    let place = (number / 2 % 5) as usize;
    let kind = if customer.is_multiple_of(2) {
        TEXTED[place]
    } else {
        MAILED[place]
    };
    let mark = mark::write(moment, number);
    // Written by hand: the load must cost little beside what it measures.
    let _ = writeln!(
        lines,
        concat!(
            r#"{{"specversion":"1.0","id":"{mark}","source":"/bench","type":"{kind}","subject":"b-{customer}","#,
            r#""data":{{"order":{{"number":"{mark}","currency":"EUR","placed_at":"2026-11-20T10:00:00Z","#,
            r#""estimated_delivery":"2026-11-24","total":"61.86","items":[{{"sku":"s-1","title":"Garden shears","#,
            r#""quantity":1,"price":"41.86","seller_id":"s-9"}},{{"sku":"s-2","title":"Twine, 200 m","quantity":2,"#,
            r#""price":"10.00","seller_id":"s-9"}}]}}{extra}}}}}"#
        ),
        mark = mark,
        kind = kind,
        customer = customer,
        extra = extra(kind),
    );
}

/// What a type needs besides its order.
fn extra(kind: &str) -> &'static str {
    match kind {
        "shipment.reminder" | "shipment.out_for_delivery" => {
            r#","shipment":{"carrier":"Correio Azul","tracking":"QX44719920","window_start":"2026-11-24T14:00:00Z","window_end":"2026-11-24T16:00:00Z"}"#
        }
        "order.changed" => r#","change":"the twine now comes in green""#,
        "order.problem" | "order.cancelled" => r#","reason":"the seller ran out of twine""#,
        _ => "",
    }
}
