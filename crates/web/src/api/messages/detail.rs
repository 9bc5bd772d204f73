//! A message with the whole of its path, as the API shows it.

use model::{Attempt, ContactPoint, DeliveryId, EventId, Instant, Message, Receipt, Spoke};
use pipeline::Pipeline;
use serde::Serialize;
use store::{DeliveryRecord, EventRecord, MessageRecord};
use utoipa::ToSchema;

use super::MessageSummary;
use crate::preferences::choice_href;

/// A message, why it went where it went, and what became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageDetail {
    /// What lists show of it.
    message: MessageSummary,
    /// The marketplace's own id of the customer.
    customer: String,
    /// Why it was written: `security`, `legal`, `transactional`, `service`, `marketing`.
    #[schema(value_type = String)]
    purpose: &'static str,
    /// How urgent: `security`, `urgent`, `normal`, `bulk`.
    #[schema(value_type = String)]
    lane: &'static str,
    /// The locale it is written in.
    locale: String,
    /// The version of the templates that made it.
    template_version: u32,
    /// The text as it leaves by SMS; empty when the type has none. A code is never in it.
    text: String,
    /// The event that caused it.
    event: EventShown,
    /// Every rule that spoke, in the order they were asked.
    trace: Vec<SpokeShown>,
    /// The ways out besides the Message Center.
    deliveries: Vec<DeliveryShown>,
}

/// The event that caused a message.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventShown {
    /// Its id here.
    #[schema(value_type = String)]
    id: EventId,
    /// The CloudEvents `source`.
    source: String,
    /// The CloudEvents `id`.
    event_id: String,
    /// Its type.
    #[serde(rename = "type")]
    event_type: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    time: Instant,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Instant,
}

/// One rule's word.
#[derive(Serialize, ToSchema)]
pub(crate) struct SpokeShown {
    /// The rule.
    #[schema(value_type = String, example = "consent")]
    rule: &'static str,
    /// `pass`, `stop` or `hold`.
    #[schema(value_type = String, example = "stop")]
    verdict: &'static str,
    /// The channel it spoke of; `null` when of the whole message.
    #[schema(value_type = Option<String>, example = "sms")]
    channel: Option<&'static str>,
    /// Why, as a code.
    #[schema(example = "consent_missing")]
    why: String,
    /// What fills the sentence's gap.
    with: String,
    /// All of it as a sentence, in the message's language.
    sentence: String,
    /// The choice of the customer that governs it, as a path of the pages; `null` where none does.
    #[schema(example = "/preferences?tab=texts#allowed")]
    choice: Option<String>,
}

/// One way out.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryShown {
    /// Its id.
    #[schema(value_type = String)]
    id: DeliveryId,
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: &'static str,
    /// Where to, masked.
    #[schema(example = "···29")]
    to: String,
    /// Where it stands.
    #[schema(value_type = String, example = "delivered")]
    state: &'static str,
    /// Not before.
    #[schema(value_type = String, format = DateTime)]
    due_at: Instant,
    /// Not after.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
    /// When the state last changed.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Instant,
    /// Its hand-overs, first to last.
    attempts: Vec<AttemptShown>,
    /// What the carrier said later, in order of arrival.
    receipts: Vec<ReceiptShown>,
}

/// One hand-over to a carrier.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptShown {
    /// 1, 2, …
    number: u32,
    /// Which carrier.
    carrier: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Instant,
    /// When its outcome was known.
    #[schema(value_type = String, format = DateTime)]
    ended_at: Instant,
    /// `accepted`, `retry_later`, `rejected`, `unknown`, `stopped`, `in_doubt`.
    outcome: String,
    /// The carrier's code, if it gave one.
    code: String,
    /// In plain words.
    reason: String,
    /// The carrier's id for it.
    carrier_id: Option<String>,
    /// Keyed digest of what left; empty when nothing did.
    digest: String,
}

/// What a carrier said later.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptShown {
    /// `intermediate`, `delivered` or `failed`.
    #[schema(value_type = String)]
    status: &'static str,
    /// The carrier's own word.
    code: String,
    /// When the carrier says it happened, if it says.
    #[schema(value_type = Option<String>, format = DateTime)]
    carrier_time: Option<Instant>,
    /// When it reached us.
    #[schema(value_type = String, format = DateTime)]
    received_at: Instant,
}

impl MessageDetail {
    /// Shapes a record; sentences come from the catalogue, times in them are of `zone`.
    pub(super) fn new(pipeline: &Pipeline, record: MessageRecord, zone: &str) -> Self {
        let Message { content, trace, .. } = &record.message;
        let catalogue = pipeline.catalogue();
        let sentences = catalogue.explain(trace, &content.locale, zone);
        let spoken = trace.0.iter().zip(sentences);
        let trace = spoken
            .map(|(spoke, sentence)| {
                let choice = spoke
                    .channel
                    .and_then(|channel| choice_href(spoke.rule, channel, content, &catalogue));
                SpokeShown::new(spoke, sentence.text, choice)
            })
            .collect();
        Self {
            customer: record.customer,
            purpose: content.purpose.as_str(),
            lane: content.lane.as_str(),
            locale: content.locale.clone(),
            template_version: content.template_version,
            text: content.text.clone(),
            event: record.event.into(),
            trace,
            deliveries: record.deliveries.into_iter().map(Into::into).collect(),
            message: record.message.into(),
        }
    }
}

impl SpokeShown {
    fn new(spoke: &Spoke, sentence: String, choice: Option<String>) -> Self {
        Self {
            rule: spoke.rule.as_str(),
            verdict: spoke.verdict.as_str(),
            channel: spoke.channel.map(model::Channel::as_str),
            why: spoke.why.clone(),
            with: spoke.with.clone(),
            sentence,
            choice,
        }
    }
}

impl From<EventRecord> for EventShown {
    fn from(event: EventRecord) -> Self {
        Self {
            id: event.id,
            source: event.source,
            event_id: event.event_id,
            event_type: event.event_type,
            time: event.time,
            accepted_at: event.accepted_at,
        }
    }
}

impl From<DeliveryRecord> for DeliveryShown {
    fn from(record: DeliveryRecord) -> Self {
        let delivery = record.delivery;
        Self {
            id: delivery.id,
            channel: delivery.channel().as_str(),
            to: ContactPoint::masked(&delivery.contact),
            state: delivery.state.as_str(),
            due_at: delivery.due_at,
            expires_at: delivery.expires_at,
            changed_at: delivery.changed_at,
            attempts: record.attempts.into_iter().map(Into::into).collect(),
            receipts: record.receipts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Attempt> for AttemptShown {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            carrier: attempt.carrier,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            outcome: attempt.outcome,
            code: attempt.code,
            reason: attempt.reason,
            carrier_id: attempt.carrier_id,
            digest: attempt.digest,
        }
    }
}

impl From<Receipt> for ReceiptShown {
    fn from(receipt: Receipt) -> Self {
        Self {
            status: receipt.status.as_str(),
            code: receipt.code,
            carrier_time: receipt.carrier_time,
            received_at: receipt.received_at,
        }
    }
}
