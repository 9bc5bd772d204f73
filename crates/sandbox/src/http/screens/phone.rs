//! The phone: pick a number, see its texts as its owner would, write back.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Frame, Shown, missing, page};
use crate::kept::{Direction, ReceiptState, Text};
use crate::sandbox::Sandbox;
use crate::shared::Shared;
use crate::smsc::{InboundText, send_from_phone};

/// A phone shows its newest texts only.
const MOST_BUBBLES: usize = 200;
const MOST_PHONES: usize = 100;

#[derive(Template)]
#[template(path = "phone.html")]
struct PhonePage {
    frame: Frame,
    phones: Vec<PhoneRow>,
    open: Option<OpenPhone>,
    /// Whether the open phone was asked for; if not, a narrow screen shows the list.
    asked_for: bool,
    sent_badly: bool,
}

struct PhoneRow {
    key: String,
    number: String,
    newest: String,
    at: Shown,
    is_open: bool,
}

struct OpenPhone {
    key: String,
    number: String,
    senders: Vec<Sender>,
    sender: String,
    sender_key: String,
    bubbles: Vec<Bubble>,
    written: String,
}

struct Sender {
    key: String,
    name: String,
    is_open: bool,
}

struct Bubble {
    text: String,
    from_phone: bool,
    at: Shown,
    /// Set on the first bubble of a day.
    day: Option<String>,
    receipt: ReceiptState,
    parts: usize,
    parts_here: usize,
}

impl Bubble {
    fn undelivered(&self) -> bool {
        self.receipt == ReceiptState::Undelivered
    }

    fn delivered(&self) -> bool {
        self.receipt == ReceiptState::Delivered
    }
}

/// Stands for a number in addresses of pages: numbers do not belong in those.
pub(super) fn number_key(number: &str) -> String {
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn number_of(text: &Text) -> &str {
    if text.direction == Direction::ToPhone {
        &text.to
    } else {
        &text.from
    }
}

fn sender_of(text: &Text) -> &str {
    if text.direction == Direction::ToPhone {
        &text.from
    } else {
        &text.to
    }
}

#[derive(Deserialize, Default)]
pub(super) struct Chosen {
    sender: Option<String>,
}

pub(super) async fn newest(State(sandbox): State<Sandbox>) -> Response {
    render(sandbox.shared(), None, &Chosen::default(), None)
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
    Query(chosen): Query<Chosen>,
) -> Response {
    render(sandbox.shared(), Some(&number), &chosen, None)
}

#[derive(Deserialize)]
pub(super) struct Reply {
    sender: String,
    text: String,
}

pub(super) async fn reply(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
    Form(reply): Form<Reply>,
) -> Response {
    let shared = sandbox.shared();
    let found = shared.texts().newest().find_map(|text| {
        let matches =
            number_key(number_of(text)) == number && number_key(sender_of(text)) == reply.sender;
        matches.then(|| (number_of(text).to_owned(), sender_of(text).to_owned()))
    });
    let Some((from, to)) = found else {
        return missing(shared, "phone");
    };
    let inbound = InboundText {
        from,
        to,
        text: reply.text,
    };
    match send_from_phone(&inbound, shared) {
        Ok(_taken) => Redirect::to(&format!("/sandbox/phone/{number}?sender={}", reply.sender))
            .into_response(),
        Err(_) => {
            let chosen = Chosen {
                sender: Some(reply.sender),
            };
            render(shared, Some(&number), &chosen, Some(inbound.text))
        }
    }
}

/// Without a number the newest phone is open. `unsent` is a reply that could not be sent, to be shown again.
fn render(
    shared: &Shared,
    number: Option<&str>,
    chosen: &Chosen,
    unsent: Option<String>,
) -> Response {
    let texts = shared.texts().newest().cloned().collect::<Vec<_>>();
    let sent_badly = unsent.is_some();
    let newest = texts.first().map(|text| number_key(number_of(text)));
    let key = number.or(newest.as_deref());
    let open = key.map(|key| open_phone(&texts, key, chosen, unsent));
    if matches!(open, Some(None)) {
        return missing(shared, "phone");
    }
    let status = if sent_badly {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let phones = phone_rows(&texts, key);
    page(
        status,
        &PhonePage {
            frame: Frame::of(shared, "phone"),
            phones,
            open: open.flatten(),
            asked_for: number.is_some(),
            sent_badly,
        },
    )
}

fn phone_rows(texts: &[Text], open: Option<&str>) -> Vec<PhoneRow> {
    let mut rows: Vec<PhoneRow> = Vec::new();
    for text in texts {
        let number = number_of(text);
        if rows.len() >= MOST_PHONES || rows.iter().any(|row| row.number == number) {
            continue;
        }
        let key = number_key(number);
        rows.push(PhoneRow {
            is_open: open == Some(key.as_str()),
            key,
            number: number.to_owned(),
            newest: text.text(),
            at: Shown::of(text.at),
        });
    }
    rows
}

fn open_phone(
    texts: &[Text],
    key: &str,
    chosen: &Chosen,
    unsent: Option<String>,
) -> Option<OpenPhone> {
    let here: Vec<&Text> = texts
        .iter()
        .filter(|text| number_key(number_of(text)) == key)
        .collect();
    let number = number_of(here.first()?).to_owned();
    let mut names: Vec<&str> = Vec::new();
    for text in &here {
        if !names.contains(&sender_of(text)) {
            names.push(sender_of(text));
        }
    }
    let wanted = chosen.sender.as_deref();
    let sender = names
        .iter()
        .copied()
        .find(|name| Some(number_key(name).as_str()) == wanted)
        .unwrap_or(names[0]);
    let mut bubbles: Vec<Bubble> = Vec::new();
    let newest = here
        .iter()
        .filter(|text| sender_of(text) == sender)
        .take(MOST_BUBBLES);
    let mut newest: Vec<_> = newest.collect();
    newest.reverse();
    for text in newest {
        let at = Shown::of(text.at);
        let is_new_day = bubbles
            .last()
            .is_none_or(|before| before.at.date != at.date);
        bubbles.push(Bubble {
            text: text.text(),
            from_phone: text.direction == Direction::FromPhone,
            day: is_new_day.then(|| at.date.clone()),
            at,
            receipt: text.receipt,
            parts: text.parts.len(),
            parts_here: text.parts_here(),
        });
    }
    let senders = names.iter().map(|name| Sender {
        key: number_key(name),
        name: (*name).to_owned(),
        is_open: *name == sender,
    });
    Some(OpenPhone {
        key: key.to_owned(),
        number,
        senders: senders.collect(),
        sender: sender.to_owned(),
        sender_key: number_key(sender),
        bubbles,
        written: unsent.unwrap_or_default(),
    })
}
