//! The story of the made-up shop: orders that go their way, now and then a sign-in.
//! Chance comes from a seed, time from the caller.

use std::collections::VecDeque;

use model::{Instant, Span};
use serde_json::{Value, json};

use super::goods::{self, GOODS};

/// Customer and currency.
const PEOPLE: [(&str, &str); 12] = [
    ("c-ines", "BRL"),
    ("c-diego", "BRL"),
    ("c-lucia", "EUR"),
    ("c-mateo", "MXN"),
    ("c-valentina", "ARS"),
    ("c-grace", "GBP"),
    ("c-sam", "USD"),
    ("c-maya", "USD"),
    ("c-noah", "CAD"),
    ("c-aisha", "INR"),
    ("c-hannah", "EUR"),
    ("c-kenji", "JPY"),
];

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Confirmed,
    Changed,
    Problem,
    Shipped,
    Delayed,
    OutForDelivery,
    Reminder,
    AttemptFailed,
    Delivered,
    Feedback,
    Cancelled,
}

struct Order {
    customer: &'static str,
    currency: &'static str,
    number: String,
    placed_at: Instant,
    estimated: Instant,
    items: Vec<(usize, u64)>,
    stage: Stage,
}

/// See the module.
pub struct Story {
    state: u64,
    told: u64,
    open: VecDeque<Order>,
}

impl Story {
    /// A story of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed | 1,
            told: 0,
            open: VecDeque::new(),
        }
    }

    /// Chance: xorshift64*, good enough to make up a shop.
    fn chance(&mut self, below: u64) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below.max(1)
    }

    /// Minutes until something happens again in the shop's past.
    pub fn pause_minutes(&mut self) -> i64 {
        40 + i64::try_from(self.chance(160)).unwrap_or(0)
    }

    /// The next event, as CloudEvents JSON.
    pub fn next(&mut self, now: Instant) -> Value {
        self.told += 1;
        if self.told.is_multiple_of(9) {
            return self.sign_in(now);
        }
        if self.open.len() < 8 || self.chance(4) == 0 {
            let order = self.new_order(now);
            let event = order.event(now, "order.confirmed", json!({}));
            self.open.push_back(order);
            return event;
        }
        self.go_on(now)
    }

    fn sign_in(&mut self, now: Instant) -> Value {
        let (customer, _) = PEOPLE[self.chance(12) as usize];
        let code = format!("{:06}", self.chance(1_000_000));
        json!({
            "specversion": "1.0",
            "id": format!("sign-in-{}-{}", now.as_micros(), self.told),
            "source": "/marigold/accounts",
            "type": "security.code",
            "subject": customer,
            "time": now,
            "data": { "code": code },
        })
    }

    fn new_order(&mut self, now: Instant) -> Order {
        let (customer, currency) = PEOPLE[self.chance(12) as usize];
        let lines = 1 + self.chance(3);
        let mut items: Vec<(usize, u64)> = Vec::new();
        for _ in 0..lines {
            let good = self.chance(12) as usize;
            if items.iter().all(|(known, _)| *known != good) {
                items.push((good, 1 + self.chance(2)));
            }
        }
        let number = format!(
            "{:03}-{:07}",
            100 + self.chance(800),
            self.chance(10_000_000)
        );
        let days = 2 + i64::try_from(self.chance(4)).unwrap_or(0);
        Order {
            customer,
            currency,
            number,
            placed_at: now - Span::minutes(3),
            estimated: now + Span::days(days),
            items,
            stage: Stage::Confirmed,
        }
    }

    /// Takes the order that waited longest a step further.
    fn go_on(&mut self, now: Instant) -> Value {
        let Some(mut order) = self.open.pop_front() else {
            return self.sign_in(now);
        };
        let dice = self.chance(10);
        order.stage = next_stage(order.stage, dice);
        let words = goods::words(order.customer);
        let (kind, extra) = match order.stage {
            Stage::Confirmed => ("order.confirmed", json!({})),
            Stage::Changed => ("order.changed", json!({ "change": words.change })),
            Stage::Problem => ("order.problem", json!({ "reason": words.problem })),
            Stage::Cancelled => ("order.cancelled", json!({ "reason": words.cancelled })),
            Stage::Shipped => ("shipment.shipped", json!({ "shipment": order.parcel() })),
            Stage::Delayed => {
                order.estimated = order.estimated + Span::days(2);
                (
                    "shipment.delayed",
                    json!({ "shipment": with(order.parcel(), "expected", json!(day(order.estimated))), "reason": words.delayed }),
                )
            }
            Stage::OutForDelivery => (
                "shipment.out_for_delivery",
                json!({ "shipment": order.parcel_in_window(now) }),
            ),
            Stage::Reminder => {
                let parcel = with(
                    order.parcel_in_window(now),
                    "instructions",
                    json!(words.instructions),
                );
                ("shipment.reminder", json!({ "shipment": parcel }))
            }
            Stage::AttemptFailed => {
                let again = json!(day(now + Span::days(1)));
                (
                    "shipment.attempt_failed",
                    json!({ "shipment": with(order.parcel(), "next_attempt", again), "reason": words.attempt }),
                )
            }
            Stage::Delivered => (
                "shipment.delivered",
                json!({ "shipment": with(order.parcel(), "place", json!(words.place)) }),
            ),
            Stage::Feedback => ("feedback.requested", json!({})),
        };
        let event = order.event(now, kind, extra);
        if !matches!(order.stage, Stage::Feedback | Stage::Cancelled) {
            self.open.push_back(order);
        }
        event
    }
}

fn next_stage(stage: Stage, dice: u64) -> Stage {
    match (stage, dice) {
        (Stage::Confirmed, 0) => Stage::Cancelled,
        (Stage::Confirmed, 1) => Stage::Changed,
        (Stage::Confirmed, 2) => Stage::Problem,
        (Stage::Confirmed | Stage::Changed | Stage::Problem, _) => Stage::Shipped,
        (Stage::Shipped, 0..=2) => Stage::Delayed,
        (Stage::Shipped | Stage::Delayed, _) => Stage::OutForDelivery,
        (Stage::OutForDelivery, 0..=4) => Stage::Reminder,
        (Stage::OutForDelivery | Stage::Reminder, 5) => Stage::AttemptFailed,
        (Stage::OutForDelivery | Stage::Reminder | Stage::AttemptFailed, _) => Stage::Delivered,
        (Stage::Delivered | Stage::Feedback, _) => Stage::Feedback,
        (Stage::Cancelled, _) => Stage::Cancelled,
    }
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

impl Order {
    fn parcel(&self) -> Value {
        let tail = self.number.bytes().fold(0_u64, |sum, byte| {
            (sum * 31 + u64::from(byte)) % 100_000_000
        });
        json!({ "carrier": "Correio Azul", "tracking": format!("QX{tail:08}") })
    }

    fn parcel_in_window(&self, now: Instant) -> Value {
        let parcel = with(self.parcel(), "window_start", json!(now + Span::hours(1)));
        with(parcel, "window_end", json!(now + Span::hours(3)))
    }

    fn event(&self, now: Instant, kind: &str, extra: Value) -> Value {
        let total: u64 = self
            .items
            .iter()
            .map(|(good, n)| GOODS[*good].cents * n)
            .sum();
        let items: Vec<Value> = self
            .items
            .iter()
            .map(|(good, n)| {
                let good = &GOODS[*good];
                json!({ "sku": good.sku, "title": good.title, "quantity": n, "price": price(good.cents), "seller_id": good.seller })
            })
            .collect();
        let mut data = json!({ "order": {
            "number": self.number,
            "currency": self.currency,
            "placed_at": self.placed_at,
            "estimated_delivery": day(self.estimated),
            "total": price(total),
            "items": items,
        }});
        for (name, value) in extra.as_object().into_iter().flatten() {
            data[name] = value.clone();
        }
        json!({
            "specversion": "1.0",
            "id": format!("{}-{kind}-{}", self.number, now.as_micros()),
            "source": "/marigold/orders",
            "type": kind,
            "subject": self.customer,
            "time": now,
            "data": data,
        })
    }
}

/// The day of a moment, in UTC.
fn day(at: Instant) -> String {
    at.to_string().chars().take(10).collect()
}

fn price(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_tells_the_same_story_and_every_kind_of_event_comes() {
        let now = Instant::from_micros(1_700_000_000_000_000);
        let (mut one, mut two) = (Story::new(7), Story::new(7));
        let mut kinds = std::collections::BTreeSet::new();
        for _ in 0..600 {
            let event = one.next(now);
            assert_eq!(event, two.next(now));
            kinds.insert(event["type"].as_str().unwrap().to_owned());
        }
        assert_eq!(kinds.len(), 12, "{kinds:?}");
    }
}
