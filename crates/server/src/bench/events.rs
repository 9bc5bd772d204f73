//! Who is written to in a measurement, and the events they get. Every event has its mark
//! where the order number stands.

use std::fmt::Write;

use model::{Channel, Consent, ConsentPurpose, ContactPoint, Customer, Instant, Sealed};

use super::mark::{self, Mark};

/// A number of customers that ends with a whole pair: one to text, one to mail.
pub fn pairs(customers: u64) -> u64 {
    customers.div_ceil(2) * 2
}

/// Even ones can only be texted, odd ones only mailed: one delivery a message.
pub fn channel(number: u64) -> Channel {
    if number.is_multiple_of(2) {
        Channel::Sms
    } else {
        Channel::Email
    }
}

/// Where the customer with this number is reached. `group` keeps kinds of customers apart.
pub fn contact(group: Group, number: u64) -> ContactPoint {
    let (area, letter) = match group {
        Group::Bulk => (0, 'b'),
        Group::Large => (1, 'l'),
        Group::Codes => (2, 'k'),
    };
    let made = match channel(number) {
        Channel::Sms => ContactPoint::phone(&format!("+999{area}{number:09}")),
        Channel::Email => ContactPoint::email(&format!("{letter}{number}@customers.example")),
    };
    made.expect("digits make a number, and letters an address")
}

/// The kinds of customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The many.
    Bulk,
    /// Those with a long mailbox.
    Large,
    /// Those who sign in.
    Codes,
}

/// The marketplace's id of a customer.
pub fn customer_id(group: Group, number: u64) -> String {
    match group {
        Group::Bulk => format!("b-{number}"),
        Group::Large => format!("large-{number}"),
        Group::Codes => format!("k-{number}"),
    }
}

pub const LOCALES: u64 = 3;

/// Which of the locales a customer has.
pub fn locale(number: u64) -> u64 {
    number / 2 % LOCALES
}

pub fn customer(group: Group, number: u64) -> Customer {
    let (locale, zone, country) = [
        ("en-US", "America/New_York", "US"),
        ("pt-BR", "America/Sao_Paulo", "BR"),
        ("es-ES", "Europe/Madrid", "ES"),
    ][locale(number) as usize];
    // Codes go by text only.
    let number_on_channel = if group == Group::Codes {
        number * 2
    } else {
        number
    };
    let contact = contact(group, number_on_channel);
    let consents = match contact.channel {
        Channel::Sms => vec![Consent {
            channel: Channel::Sms,
            purpose: ConsentPurpose::Transactional,
            given_at: Instant::from_micros(1_767_225_600_000_000),
            source: "checkout".into(),
            withdrawn_at: None,
            contact: model::Sealed::new(""),
            how: model::How::Import,
            ended: model::How::Import,
        }],
        Channel::Email => Vec::new(),
    };
    let (phone, email) = match contact.channel {
        Channel::Sms => (Some(contact), None),
        Channel::Email => (None, Some(contact)),
    };
    Customer {
        id: customer_id(group, number),
        name: Sealed::new(format!("Customer {number}")),
        locale: locale.into(),
        time_zone: zone.into(),
        country: country.into(),
        region: String::new(),
        quiet_hours: None,
        phone,
        email,
        consents,
        preferences: Vec::new(),
        chosen: model::Chosen::default(),
    }
}

/// Whose event this is: neighbouring events go to customers far apart; parity stays, it
/// chooses the channel.
pub fn customer_of(number: u64, customers: u64) -> u64 {
    number.wrapping_mul(7_919) % customers / 2 * 2 + number % 2
}

/// Message types of each channel.
pub const KINDS: u64 = 5;
const TEXTED: [&str; KINDS as usize] = [
    "shipment.out_for_delivery",
    "shipment.delayed",
    "shipment.attempt_failed",
    "shipment.reminder",
    "shipment.delivered",
];
const MAILED: [&str; KINDS as usize] = [
    "order.confirmed",
    "order.changed",
    "order.problem",
    "shipment.shipped",
    "order.cancelled",
];

/// Which of a channel's message types an event is of.
pub fn kind(number: u64) -> u64 {
    number / 2 % KINDS
}

/// Adds the event with this number, as a line.
pub fn line(number: u64, customers: u64, moment: i64, lines: &mut String) {
    let customer = customer_of(number, customers);
    write_event(Mark::new(moment, number), kind(number), customer, lines);
}

/// An event of a kind for a customer.
pub fn write_event(mark: Mark, kind: u64, customer: u64, lines: &mut String) {
    let kind = match channel(customer) {
        Channel::Sms => TEXTED[kind as usize],
        Channel::Email => MAILED[kind as usize],
    };
    // Written by hand: the load must cost little beside what it measures.
    lines.push_str(r#"{"specversion":"1.0","source":"/bench","id":""#);
    mark.write(lines);
    lines.push_str(r#"","type":""#);
    lines.push_str(kind);
    let _ = write!(lines, r#"","subject":"b-{customer}","#);
    lines.push_str(r#""data":{"order":{"number":""#);
    mark.write(lines);
    lines.push_str(concat!(
        r#"","currency":"EUR","placed_at":"2026-11-20T10:00:00Z","#,
        r#""estimated_delivery":"2026-11-24","total":"61.86","items":[{"sku":"s-1","title":"Garden shears","#,
        r#""quantity":1,"price":"41.86","seller_id":"s-9"},{"sku":"s-2","title":"Twine, 200 m","quantity":2,"#,
        r#""price":"10.00","seller_id":"s-9"}]}"#
    ));
    lines.push_str(extra(kind));
    lines.push_str("}}\n");
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

/// How many customers take turns to sign in.
pub const SIGNING_IN: u64 = 200;

/// The sign-in code with this number, as one event; `run` keeps runs on one store apart.
pub fn code(run: i64, number: u64) -> String {
    let (id, subject) = (code_id(run, number), number % SIGNING_IN);
    let code = mark::code(number);
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/bench/codes","type":"security.code","subject":"k-{subject}","data":{{"code":"{code}"}}}}"#
    )
}

/// The CloudEvents id of a code.
pub fn code_id(run: i64, number: u64) -> String {
    format!("{run}-{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_json_and_is_for_a_customer_there_is() {
        for number in 0..60 {
            let mut lines = String::new();
            line(number, 6, 1_000_000, &mut lines);
            let event: serde_json::Value = serde_json::from_str(&lines).unwrap();
            let customer = event["subject"].as_str().unwrap()[2..].parse().unwrap();
            assert!(customer < 6, "{event}");
            assert_eq!(channel(customer), channel(number));
            assert_eq!(mark::find(lines.as_bytes()).unwrap().number, number);
            assert_eq!(event["id"], event["data"]["order"]["number"]);
        }
    }

    #[test]
    fn every_customer_is_well_formed_and_no_two_share_an_address() {
        let groups = [Group::Bulk, Group::Large, Group::Codes];
        let mut seen = std::collections::HashSet::new();
        for customer in groups
            .into_iter()
            .flat_map(|g| (0..8).map(move |n| customer(g, n)))
        {
            assert_eq!(customer.faults(), []);
            let contact = customer.phone.or(customer.email).unwrap();
            assert!(seen.insert(contact.address.open().to_owned()));
        }
        let code: serde_json::Value = serde_json::from_str(&code(7, 201)).unwrap();
        assert_eq!(code["subject"], "k-1");
    }
}
