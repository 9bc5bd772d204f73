//! The console: who gets in, what they see, and what is written down of what they change.

mod account;
mod catalogue;
mod costs;
mod desk;
mod door;
mod exceptions;
mod failed;
mod gate;
mod path;
mod people;
mod suppressions;

use axum::http::StatusCode;
use model::{
    AuditLine, EventId, FailureReason, Instant, Lane, Mode, Partition, Role, Sealed, Span, StaffId,
};
use ring::hmac;
use ring::rand::SystemRandom;
use store::{AcceptedEvent, AcceptedResult, AuditFilter};

use super::world::{Answer, Call, World};
use crate::WebConfig;
use crate::staff::{Actor, add_staff, enrol_url};

const PASSWORD: &str = "seven green lanterns";

fn demo() -> WebConfig {
    WebConfig {
        demo: true,
        secure_cookies: false,
        ..WebConfig::default()
    }
}

/// The six digits an authenticator app shows for a key, as RFC 6238 says it.
fn code_of(key: &str, at: Instant) -> String {
    let mut bits = String::new();
    for letter in key.chars().filter(|c| !c.is_whitespace()) {
        let digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits.push_str(&format!("{digit:05b}"));
    }
    let octets: Vec<u8> = (0..bits.len() / 8)
        .map(|n| u8::from_str_radix(&bits[8 * n..8 * n + 8], 2).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &octets);
    let step = at.as_micros() / 30_000_000;
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    format!(
        "{:06}",
        (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
    )
}

/// A form of the console, sent by a browser that shows a page of it.
fn form(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Call {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        crate::message_center::filter::escape_into(value, &mut body);
    }
    Call::post(path)
        .header("sec-fetch-site", "same-origin")
        .header("accept", "text/html")
        .header("cookie", cookie)
        .body("application/x-www-form-urlencoded", body)
}

fn page(path: &str, cookie: &str) -> Call {
    Call::get(path)
        .header("accept", "text/html")
        .header("cookie", cookie)
}

/// The cookie an answer hands out, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap().to_owned()
}

/// Somebody who works here.
struct Person {
    id: StaffId,
    email: String,
    /// What their phone knows.
    key: String,
    recovery: Vec<String>,
    cookie: String,
}

/// Adds an account; gives it and the path of its link.
async fn invite(world: &World, email: &str, roles: &[Role]) -> (StaffId, String) {
    let random = SystemRandom::new();
    let added = add_staff(
        world.app.store(),
        &random,
        Actor::COMMAND,
        ("Noor Haddad", email),
        roles.iter().copied().collect(),
        world.clock.now(),
    );
    let invited = added.await.unwrap();
    (invited.id, enrol_url("", &invited))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before} in {text}"));
    rest.split(after).next().unwrap()
}

/// The key that an enrolment page shows.
fn key_on(page: &str) -> String {
    let shown = between(page, "type this key: <span class=\"mono\">", "</span>");
    shown.replace(' ', "")
}

/// Somebody new, enrolled and signed in.
async fn person(world: &World, email: &str, roles: &[Role]) -> Person {
    let (id, link) = invite(world, email, roles).await;
    let shown = world.call(page(&link, "")).await;
    let key = key_on(&shown.body);
    let token = link.split_once("token=").unwrap().1;
    let fields = [
        ("token", token),
        ("password", PASSWORD),
        ("again", PASSWORD),
        ("code", &code_of(&key, world.clock.now())),
    ];
    let done = world.call(form("/console/enrol", "", &fields)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let codes = between(&done.body, "<ol class=\"papers mono\">", "</ol>");
    let codes = codes.split("<li>").skip(1);
    let recovery: Vec<String> = codes.map(|c| c.replace("</li>", "")).collect();
    assert_eq!(recovery.len(), 10);
    world.clock.advance(Span::secs(60));
    Person {
        id,
        email: email.to_owned(),
        key,
        recovery,
        cookie: cookie(&done),
    }
}

/// The first step of signing in.
async fn give_password(world: &World, email: &str, password: &str) -> Answer {
    let fields = [
        ("email", email),
        ("password", password),
        ("next", "/console/failed"),
    ];
    world.call(form("/console/sign-in", "", &fields)).await
}

async fn give_code(world: &World, half: &str, code: &str) -> Answer {
    let fields = [("code", code), ("next", "/console/failed")];
    world
        .call(form("/console/sign-in/code", half, &fields))
        .await
}

async fn audit(world: &World) -> Vec<AuditLine> {
    let lines = world.app.store().audit(AuditFilter::default(), None, 500);
    lines.await.unwrap()
}

async fn actions(world: &World) -> Vec<String> {
    audit(world)
        .await
        .into_iter()
        .map(|line| line.action)
        .collect()
}

/// An event that made no message: its type is unknown.
async fn failed(world: &World, n: u32, mode: Mode) -> EventId {
    let now = world.clock.now();
    let store = world.app.store();
    let id: EventId = store.ids().next(Partition::of("c-42"), now);
    let event = model::Event {
        key: model::EventKey {
            source: "/shop".into(),
            id: format!("odd-{n}"),
        },
        event_type: "order.exploded".into(),
        subject: "c-42".into(),
        time: now,
        data: serde_json::Map::new(),
        mode,
        as_of: None,
    };
    let envelope = serde_json::json!({
        "specversion": "1.0", "id": event.key.id, "source": "/shop", "type": "order.exploded",
        "subject": "c-42", "time": now.to_string(), "data": {},
    });
    let accepted = AcceptedEvent {
        id,
        accepted_at: now,
        event,
        result: AcceptedResult::Failed {
            reason: FailureReason::UnknownType,
            detail: "the catalogue has no message type `order.exploded`".into(),
            envelope: Sealed::new(envelope.to_string()),
        },
    };
    store
        .commit_accepted(Lane::Normal, vec![accepted])
        .await
        .unwrap();
    id
}
