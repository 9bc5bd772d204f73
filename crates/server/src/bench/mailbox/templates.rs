//! Messages to copy: each type in each locale, made once by the real accept stage. Copies
//! differ in their mark, so that content has its real size and is told apart.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use model::{
    Attempt, ContactPoint, DeliveryId, DeliveryState, Event, EventKey, Instant, Lane,
    MessageContent, Mode, Partition, PlannedDelivery, Receipt, ReceiptStatus, RecipientId, Span,
    Trace,
};
use pipeline::catalogue::Catalogue;
use pipeline::{AsOf, EventAnswer, Limits, Pipeline, RawEvent, Submission};
use serde_json::Value;
use store::{
    AcceptedEvent, AcceptedResult, NewDelivery, NewMessage, Next, OutcomeRecord, ReceiptRecord,
    Store,
};

use super::super::events::{self, Group, KINDS, LOCALES};
use super::super::ground::{self, Folder};
use super::super::mark::{MOST, Mark};
use crate::clock;

/// A word that stands in few messages.
pub const RARE: &str = "Zimtstern";

/// Whom a copy is for.
#[derive(Clone, Debug)]
pub struct Target {
    pub id: String,
    pub recipient: RecipientId,
    pub facts_version: i64,
    pub contact: ContactPoint,
    /// The number by which locale and channel are chosen.
    pub number: u64,
}

struct Template {
    mark: String,
    event_type: String,
    content: MessageContent,
    trace: Trace,
    lane: Lane,
    useful_for: Span,
}

pub struct Templates(Vec<Template>);

impl Templates {
    pub async fn make() -> Result<Self> {
        let folder = Folder::given_or_temporary(None, "templates")?;
        let store = Store::open_sqlite(&folder.store(), clock::now())?;
        let customers = 2 * LOCALES;
        ground::put_customers(&store, Group::Bulk, customers, clock::now()).await?;
        let catalogue = Arc::new(Catalogue::load(None).context("the catalogue cannot be used")?);
        let (brand, limits) = (ground::brand(), Limits::default());
        let pipeline = Pipeline::new(store.clone(), catalogue, brand, clock::system(), limits);
        let mut templates = Vec::new();
        for customer in 0..customers {
            for kind in 0..KINDS {
                let mark = Mark::new(clock::micros(), templates.len() as u64);
                templates.push(template(&pipeline, mark, kind, customer).await?);
            }
        }
        store.close().await;
        Ok(Self(templates))
    }

    /// A copy for a customer. `rare` puts the rare word into it.
    pub fn write(
        &self,
        store: &Store,
        target: &Target,
        (number, at): (u64, Instant),
        rare: bool,
    ) -> AcceptedEvent {
        let customer = target.number % (2 * LOCALES);
        let template = &self.0[(customer * KINDS + events::kind(number)) as usize];
        let mut mark = String::new();
        Mark::new(at.as_micros(), number % MOST).write(&mut mark);
        let mut content = template.content.clone();
        let renamed = [&mut content.title, &mut content.summary, &mut content.text];
        for text in renamed.into_iter().chain(content.order.as_mut()) {
            *text = text.replace(&template.mark, &mark);
        }
        content
            .data
            .values_mut()
            .for_each(|value| rename(value, &template.mark, &mark));
        if rare {
            content.title.push(' ');
            content.title.push_str(RARE);
        }
        let (ids, partition) = (store.ids(), Partition::of(&target.id));
        let delivery = NewDelivery {
            id: ids.next(partition, at),
            planned: PlannedDelivery {
                contact: target.contact.clone(),
                lane: template.lane,
                due_at: at,
                expires_at: at + template.useful_for,
            },
            secret: None,
            // Never in the due queue: what is written here is settled at once.
            lease: Some(Span::minutes(10)),
            quote: None,
            counts: None,
        };
        let message = NewMessage {
            id: ids.next(partition, at),
            recipient: target.recipient,
            at,
            content,
            trace: template.trace.clone(),
            deliveries: vec![delivery],
            collected: vec![],
        };
        AcceptedEvent {
            id: ids.next(partition, at),
            accepted_at: at,
            event: Event {
                key: EventKey {
                    source: "/bench".into(),
                    id: mark,
                },
                event_type: template.event_type.clone(),
                subject: target.id.clone(),
                time: at,
                data: serde_json::Map::new(),
                mode: Mode::Live,
                as_of: None,
            },
            result: AcceptedResult::Message {
                facts_version: target.facts_version,
                message: Box::new(message),
            },
        }
    }
}

async fn template(pipeline: &Pipeline, mark: Mark, kind: u64, customer: u64) -> Result<Template> {
    let mut line = String::new();
    events::write_event(mark, kind, customer, &mut line);
    let submission = Submission {
        mode: Mode::Live,
        as_of: AsOf::Now,
        own: false,
    };
    let raw = vec![RawEvent::Line(line.into_bytes())];
    let answers = pipeline.accept(raw, submission).await?;
    let Some(EventAnswer::Accepted { message, .. }) = answers.first() else {
        bail!("a sample event was not taken: {answers:?}");
    };
    let record = pipeline.store().message(*message).await?;
    let record = record.context("an accepted message is not there")?;
    let delivery = record.deliveries.first();
    let delivery = &delivery
        .context("a sample message has no delivery")?
        .delivery;
    let mut written = String::new();
    mark.write(&mut written);
    Ok(Template {
        mark: written,
        event_type: record.event.event_type,
        lane: delivery.lane,
        useful_for: delivery.expires_at.since(delivery.due_at),
        content: record.message.content,
        trace: record.message.trace,
    })
}

fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, from, to)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|value| rename(value, from, to)),
        _ => {}
    }
}

/// How the hand-over of a copy ended: its carrier took it at once.
pub fn outcome(event: &AcceptedEvent) -> Option<OutcomeRecord> {
    let (message, delivery) = parts(event)?;
    let texted = delivery.planned.contact.channel == model::Channel::Sms;
    let ended_at = event.accepted_at + Span::millis(20);
    Some(OutcomeRecord {
        delivery: delivery.id,
        channel: delivery.planned.contact.channel,
        lane: delivery.planned.lane,
        attempt: Attempt {
            number: 1,
            carrier: if texted { "sms" } else { "email" }.into(),
            started_at: event.accepted_at + Span::millis(8),
            ended_at,
            outcome: "accepted".into(),
            code: String::new(),
            reason: String::new(),
            carrier_id: Some(match texted {
                true => carrier_id(delivery.id),
                false => format!("{}.{}", message.id, delivery.id),
            }),
            digest: format!(
                "{:016x}",
                model::Id::as_i64(message.id).wrapping_mul(0x9E37_79B9)
            ),
        },
        next: Next::Settle(DeliveryState::Accepted),
        said: None,
        wished: None,
    })
}

/// The receipt of a copy that is a text.
pub fn receipt(event: &AcceptedEvent) -> Option<ReceiptRecord> {
    let (_, delivery) = parts(event)?;
    let received_at = event.accepted_at + Span::secs(2);
    (delivery.planned.contact.channel == model::Channel::Sms).then(|| ReceiptRecord {
        wished: None,
        carrier: "sms".into(),
        carrier_id: carrier_id(delivery.id),
        delivery: None,
        hint: None,
        receipt: Receipt {
            status: ReceiptStatus::Delivered,
            code: "DELIVRD".into(),
            carrier_time: Some(received_at),
            received_at,
        },
    })
}

fn parts(event: &AcceptedEvent) -> Option<(&NewMessage, &NewDelivery)> {
    match &event.result {
        AcceptedResult::Message { message, .. } => Some((message, message.deliveries.first()?)),
        AcceptedResult::Failed { .. } => None,
    }
}

fn carrier_id(delivery: DeliveryId) -> String {
    format!("{:016x}-1", model::Id::as_i64(delivery))
}
