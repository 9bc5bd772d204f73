//! Double opt-in: where the marketplace wants it, a tick for offers on a page is a question,
//! and only an answer from the address makes a consent of it: YES by text, or a code that was
//! sent there. Until then nothing is allowed by it, and after two days it is forgotten.

use model::{
    Act, AskedConsent, Channel, ConsentPurpose, ContactPoint, Facts, How, Instant, Mode, Proof,
    RecipientId, Said, Span,
};
use serde_json::json;
use store::CustomerChange;

use super::{ContactError, TRIES};
use crate::Pipeline;
use crate::accept::OWN_SOURCES;
use crate::choices::{Change, Chosen};

/// A tick waits so long for its answer.
const WAITS: Span = Span::hours(48);
/// The text that asks.
const ASKS_BY_TEXT: &str = "consent.texts_confirm";
const OFFERS: ConsentPurpose = ConsentPurpose::Marketing;

impl Pipeline {
    /// Takes out of a choice the consents to offers that are to be confirmed first; their
    /// channels.
    pub(crate) fn hold_back(&self, chosen: &mut Chosen, said: &Said) -> Vec<Channel> {
        let asks = &self.limits().double_opt_in;
        if asks.is_empty() || said.how != How::Page {
            return Vec::new();
        }
        let held = |act, purpose, channel: &Channel| {
            act == Act::Given && purpose == OFFERS && asks.contains(channel)
        };
        let lines = chosen.lines.iter();
        let channels: Vec<Channel> = lines
            .filter(|line| held(line.act, line.purpose, &line.channel))
            .map(|line| line.channel)
            .collect();
        let of = |channel: &Channel| channels.contains(channel);
        chosen
            .lines
            .retain(|line| !held(line.act, line.purpose, &line.channel));
        chosen.customer.consents.retain(|consent| {
            !(of(&consent.channel)
                && consent.purpose == OFFERS
                && consent.given_at == said.at
                && consent.withdrawn_at.is_none())
        });
        chosen
            .changed
            .retain(|change| !matches!(change, Change::Offers(channel, true) if of(channel)));
        channels
    }

    /// Notes that a consent waits to be confirmed, and asks: by text with a text. By mail the
    /// code is asked for where the customer enters it.
    pub(crate) async fn ask_to_confirm(
        &self,
        facts: &Facts,
        channel: Channel,
        said: &Said,
    ) -> Result<(), ContactError> {
        let contact = facts
            .customer
            .contact(channel)
            .ok_or(ContactError::NoAddress)?;
        let now = self.clock().now();
        let asked_before = self
            .change_contact(facts, contact, |row, _| {
                let before = row.state.waiting(now).is_some();
                row.state.asked = Some(AskedConsent {
                    said: said.clone(),
                    until: now + WAITS,
                });
                Ok(before)
            })
            .await?;
        if asked_before || channel != Channel::Sms {
            return Ok(());
        }
        let event = json!({
            "specversion": "1.0",
            "id": format!("{}:asked:{}", facts.recipient, now.as_micros()),
            "source": format!("{OWN_SOURCES}contacts"),
            "type": ASKS_BY_TEXT,
            "subject": facts.customer.id,
            "time": now,
            "data": {},
        });
        self.say_own(event, Mode::Live).await
    }

    /// A text that says YES came from an address: it confirms what was asked there last, if
    /// anything waits. It proves the address too.
    pub(crate) async fn confirm_by_reply(
        &self,
        contact: &ContactPoint,
    ) -> Result<(), ContactError> {
        let now = self.clock().now();
        let rows = self.store().contact_points_at(contact.clone()).await?;
        let waiting = rows.into_iter().filter_map(|row| {
            let asked = row.state.waiting(now)?.said.at;
            Some((asked, row.recipient))
        });
        let Some((_, recipient)) = waiting.max() else {
            return Ok(());
        };
        self.confirm(recipient, contact, Proof::Reply).await
    }

    /// Makes a consent of what waits at an address of a customer, and notes what proved it.
    pub(super) async fn confirm(
        &self,
        recipient: RecipientId,
        contact: &ContactPoint,
        by: Proof,
    ) -> Result<(), ContactError> {
        let (store, now) = (self.store(), self.clock().now());
        let digest = store.digest(contact);
        for _ in 0..TRIES {
            let found = store.facts_of(vec![recipient]).await?;
            let Some(facts) = found.into_iter().flatten().next() else {
                return Ok(());
            };
            let known = store.contact_points(recipient).await?;
            let row = known.into_iter().find(|row| row.digest == digest);
            let (Some(mut row), true) = (
                row,
                facts.customer.contact(contact.channel) == Some(contact),
            ) else {
                return Ok(());
            };
            let Some(asked) = row.state.waiting(now).cloned() else {
                return Ok(());
            };
            // The consent first: what is interrupted here is done again by the next answer.
            if !self
                .give_confirmed(&facts, contact.channel, (&asked, by))
                .await?
            {
                continue;
            }
            row.state.asked = None;
            row.state.proves(by, now);
            if store.keep_contact_point(row).await? {
                return Ok(());
            }
        }
        Err(ContactError::Overtaken)
    }

    /// `false` where somebody changed the profile meanwhile.
    async fn give_confirmed(
        &self,
        facts: &Facts,
        channel: Channel,
        (asked, by): (&AskedConsent, Proof),
    ) -> Result<bool, ContactError> {
        let now = self.clock().now();
        let mut customer = facts.customer.clone();
        // A "no" that came after the question is the last word.
        let no: Option<Instant> = customer.withdrawn(channel, OFFERS, now);
        if facts.suppression(channel).is_some() || no.is_some_and(|no| no >= asked.said.at) {
            return Ok(true);
        }
        let said = Said {
            at: now,
            how: match by {
                Proof::Reply => How::Keyword,
                Proof::Code => How::Page,
            },
            source: format!("{}, confirmed by {by}", asked.said.source),
            ..asked.said.clone()
        };
        let Some(line) = customer.give(channel, OFFERS, &said) else {
            return Ok(true);
        };
        let change = CustomerChange {
            recipient: facts.recipient,
            version: facts.version,
            customer,
            lines: vec![line],
            now,
        };
        let given = self.store().change_customer(change).await?;
        if given {
            tracing::info!(recipient.id = %facts.recipient, %by, "a consent was confirmed");
        }
        Ok(given)
    }
}
