//! What an imported word makes of a profile. Pure: nothing newer gives way to it.

use model::{
    Act, Channel, Consent, ConsentLine, ConsentPurpose, Customer, Facts, How, Instant, Sealed,
    is_own_stop,
};

use super::row::{Fault, Row};

/// What became of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// It is in the profile now, with this line for the ledger.
    Taken(Box<ConsentLine>),
    /// It was known, or nothing follows from it.
    Unchanged,
}

/// Does an imported word to `customer`, which began as that of `facts`.
pub(super) fn apply(
    facts: &Facts,
    customer: &mut Customer,
    row: &Row,
    now: Instant,
) -> Result<Applied, Fault> {
    match row.act {
        Act::Given => give(facts, customer, row, now),
        Act::Withdrawn => Ok(withdraw(customer, row, now)),
    }
}

fn about(row: &Row) -> impl Fn(&&Consent) -> bool {
    let about = (row.channel, row.purpose);
    move |consent| (consent.channel, consent.purpose) == about
}

fn give(facts: &Facts, customer: &mut Customer, row: &Row, now: Instant) -> Result<Applied, Fault> {
    let at = row.said.at;
    let present = address(customer, row.channel, row.contact.as_ref())?;
    let own = || customer.consents.iter().filter(about(row));
    let known = own().any(|consent| {
        consent.given_at == at && (consent.contact == present || consent.contact.open().is_empty())
    });
    if known {
        return Ok(Applied::Unchanged);
    }
    let stop = facts.suppression_at(row.channel, now);
    if stop.is_some_and(is_own_stop) {
        return Err((
            "act",
            "the customer stopped this address: only they start again".to_owned(),
        ));
    }
    // What was only left out of a profile is no word of the customer's.
    let no = own().filter(|consent| consent.ended != How::Import);
    let no = no.filter_map(|consent| consent.withdrawn_at).max();
    if let Some(no) = no.filter(|no| *no >= at) {
        return Err(("at", format!("the customer took it back later, at {no}")));
    }
    if customer.consent(row.channel, row.purpose, now).is_some() {
        return Ok(Applied::Unchanged);
    }
    if customer.consents.len() >= MOST {
        return Err((
            "customer",
            "the profile holds as many consents as it can".to_owned(),
        ));
    }
    customer.consents.push(Consent {
        channel: row.channel,
        purpose: row.purpose,
        given_at: at,
        source: row.said.source.clone(),
        withdrawn_at: None,
        contact: present.clone(),
        how: row.said.how,
        ended: How::Import,
    });
    Ok(Applied::Taken(Box::new(ConsentLine {
        act: Act::Given,
        channel: row.channel,
        purpose: row.purpose,
        contact: present,
        said: row.said.clone(),
    })))
}

/// So many consents a profile holds.
const MOST: usize = 64;

/// The present address of a channel, which is the one that is named, if one is.
fn address(
    customer: &Customer,
    channel: Channel,
    named: Option<&model::ContactPoint>,
) -> Result<Sealed, Fault> {
    let Some(present) = customer.contact(channel) else {
        return Err((
            "channel",
            "the customer has no address on this channel".to_owned(),
        ));
    };
    match named {
        Some(named) if named != present => {
            Err(("address", "the customer has another address now".to_owned()))
        }
        _ => Ok(present.address.clone()),
    }
}

fn withdraw(customer: &mut Customer, row: &Row, now: Instant) -> Applied {
    let at = row.said.at;
    let newer = customer.consents.iter().filter(about(row)).any(|consent| {
        let stands = consent.withdrawn_at.is_none_or(|end| end > now);
        let ended = consent.ended != How::Import && consent.withdrawn_at >= Some(at);
        (stands && consent.given_at > at) || (!stands && ended)
    });
    if newer {
        return Applied::Unchanged;
    }
    let purpose: ConsentPurpose = row.purpose;
    match customer.withdraw(row.channel, purpose, &row.said) {
        Some(line) => Applied::Taken(Box::new(line)),
        None => Applied::Unchanged,
    }
}
