//! The made-up shop's customers and facts.

use serde_json::{Value, json};

/// A customer who allows texts. The number is of the range kept for fiction.
pub(crate) fn customer(id: &str, number: u32) -> Value {
    json!({
        "id": id,
        "name": "Inês Machado",
        "locale": "en-US",
        "time_zone": "America/New_York",
        "country": "US",
        "phone": format!("+1{}5550{:03}", 200 + number / 100 % 800, 100 + number % 100),
        "email": format!("{id}@customers.example"),
        "consents": [{"channel": "sms", "purpose": "transactional",
                      "given_at": "2026-01-15T12:00:00Z", "source": "checkout"}],
    })
}

/// A fact of now.
pub(crate) fn event(id: &str, kind: &str, customer: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/story", "type": kind,
        "subject": customer, "data": data,
    })
}

/// What an order's events carry.
pub(crate) fn order(number: &str) -> Value {
    json!({"order": {
        "number": number, "total": "49.90", "currency": "USD",
        "items": [{"title": "Desk lamp", "quantity": 1, "price": "49.90"}],
    }})
}

/// What a shipment's events carry.
pub(crate) fn parcel(number: &str) -> Value {
    json!({"order": {"number": number}, "shipment": {"carrier": "Swift Post", "place": "Front door"}})
}
