//! The rows of accepted events, column by column: one statement a table.

use std::borrow::Cow;
use std::collections::BTreeSet;

use deadpool_postgres::Transaction;
use model::{Channel, DeliveryState, Id, Lane, RecipientId};

use super::Shared;
use super::commit::{Heads, news_of};
use super::failure::Failure;
use super::ledger::add_ledger;
use super::names::Names;
use super::node::Held;
use super::rows::{order_hash, partition, text};
use super::sql::attention::PUT_ATTENTION;
use super::sql::claims::PUT_CLAIMS;
use super::sql::digests::PUT_COLLECTED;
use super::sql::path::{
    MOVE_HEADS, PUT_DELIVERIES, PUT_DUE, PUT_EVENTS, PUT_FAILED, PUT_MAILBOX, PUT_MESSAGES,
};
use super::steps::{Steps, params};
use crate::ledger::{Lines, Moved, line_of};
use crate::{AcceptedEvent, AcceptedResult, Error, NewDelivery, NewMessage, News, Result};

type Text<'a> = Cow<'a, str>;

/// Named columns of one length.
macro_rules! columns {
    ($name:ident { $($column:ident: $type:ty),+ $(,)? }) => {
        #[derive(Default)]
        struct $name<'a> {
            $($column: Vec<$type>,)+
            _of: std::marker::PhantomData<&'a ()>,
        }

        impl $name<'_> {
            fn add_to<'s>(&'s self, steps: &mut Steps<'s>, sql: &'static str) {
                if !self.partition.is_empty() {
                    steps.add(sql, params![$(&self.$column),+]);
                }
            }
        }
    };
}

/// Adds a row to columns.
macro_rules! put {
    ($columns:expr => { $($column:ident: $value:expr),+ $(,)? }) => {{
        let columns = &mut $columns;
        $(columns.$column.push($value);)+
    }};
}

columns!(Events { partition: i16, id: i64, source: i32, event_id: Text<'a>, kind: i32, time: i64,
    accepted_at: i64, mode: i16 });
columns!(Failed { partition: i16, event: i64, subject: Text<'a>, reason: i16, detail: Text<'a>,
    envelope: Text<'a> });
columns!(Messages { partition: i16, id: i64, recipient: i64, event: i64, at: i64, mode: i16, kind: i32,
    category: i16, purpose: i16, lane: i16, locale: i32, template_version: i32, sender: Text<'a>,
    title: Text<'a>, summary: Text<'a>, text: Text<'a>, order: Option<Text<'a>>, data: String,
    trace: String });
columns!(Mailbox {
    partition: i16,
    recipient: i64,
    message: i64,
    category: i16,
    order_hash: i64,
    revision: i64
});
columns!(Deliveries { partition: i16, id: i64, message: i64, channel: i16, address: Text<'a>, state: i16,
    lane: i16, facts_version: i64, due_at: i64, expires_at: i64, attempts: i32, changed_at: i64,
    secret: Option<Text<'a>>, line: Option<i32>, quote: Option<i64> });
columns!(Attention {
    partition: i16,
    recipient: i64,
    delivery: i64,
    purpose: i16,
    test: i16
});
columns!(Due {
    partition: i16,
    channel: i16,
    lane: i16,
    due_at: i64,
    delivery: i64
});

columns!(Collected {
    partition: i16,
    due_at: i64,
    recipient: i64,
    channel: i16,
    message: i64
});

#[derive(Default)]
struct Claims {
    partition: Vec<i16>,
    delivery: Vec<i64>,
    claimed_at: Vec<i64>,
    lease: Vec<i64>,
}

/// What is about to be inserted.
#[derive(Default)]
pub(super) struct Insert<'a> {
    events: Events<'a>,
    failed: Failed<'a>,
    messages: Messages<'a>,
    mailbox: Mailbox<'a>,
    deliveries: Deliveries<'a>,
    due: Due<'a>,
    collected: Collected<'a>,
    attention: Attention<'a>,
    claims: Claims,
    money: Moved,
    moved: BTreeSet<i64>,
    queues: BTreeSet<(Channel, Lane)>,
}

impl<'a> Insert<'a> {
    /// An event's own row.
    pub(super) fn event(&mut self, accepted: &'a AcceptedEvent, names: &Names) -> Result<()> {
        let event = &accepted.event;
        put!(self.events => {
            partition: partition(accepted.id),
            id: accepted.id.as_i64(),
            source: names.number(&event.key.source)?,
            event_id: text(&event.key.id),
            kind: names.number(&event.event_type)?,
            time: event.time.as_micros(),
            accepted_at: accepted.accepted_at.as_micros(),
            mode: i16::from(event.mode.number()),
        });
        Ok(())
    }

    /// What was made of an event; moves its recipient's mailbox.
    pub(super) fn result(
        &mut self,
        accepted: &'a AcceptedEvent,
        (names, lines): (&Names, &Lines),
        heads: &mut Heads,
    ) -> Result<()> {
        match &accepted.result {
            AcceptedResult::Failed {
                reason,
                detail,
                envelope,
            } => put!(self.failed => {
                partition: partition(accepted.id),
                event: accepted.id.as_i64(),
                subject: text(&accepted.event.subject),
                reason: i16::from(reason.number()),
                detail: text(detail),
                envelope: text(envelope.open()),
            }),
            AcceptedResult::Message {
                facts_version,
                message,
            } => {
                let head = heads.get_mut(&message.recipient);
                let head = head.ok_or_else(|| Error::Corrupt("heads: a row is gone".into()))?;
                head.revision += 1;
                self.moved.insert(message.recipient.as_i64());
                put!(self.mailbox => {
                    partition: partition(message.id),
                    recipient: message.recipient.as_i64(),
                    message: message.id.as_i64(),
                    category: i16::from(message.content.category.number()),
                    order_hash: message.content.order.as_deref().map_or(0, order_hash),
                    revision: head.revision,
                });
                self.message(accepted, message, names)?;
                for waits in &message.collected {
                    put!(self.collected => {
                        partition: partition(message.id),
                        due_at: waits.due_at.as_micros(),
                        recipient: message.recipient.as_i64(),
                        channel: i16::from(waits.channel.number()),
                        message: message.id.as_i64(),
                    });
                }
                for delivery in &message.deliveries {
                    let line = self.reserve(accepted, message, delivery, lines)?;
                    self.delivery(accepted, message, (delivery, line), *facts_version);
                }
            }
        }
        Ok(())
    }

    fn message(
        &mut self,
        accepted: &'a AcceptedEvent,
        message: &'a NewMessage,
        names: &Names,
    ) -> Result<()> {
        let content = &message.content;
        let data = serde_json::to_string(&content.data)
            .map_err(|error| Error::Corrupt(format!("data: {error}")))?;
        put!(self.messages => {
            partition: partition(message.id),
            id: message.id.as_i64(),
            recipient: message.recipient.as_i64(),
            event: accepted.id.as_i64(),
            at: message.at.as_micros(),
            mode: i16::from(accepted.event.mode.number()),
            kind: names.number(&content.message_type)?,
            category: i16::from(content.category.number()),
            purpose: i16::from(content.purpose.number()),
            lane: i16::from(content.lane.number()),
            locale: names.number(&content.locale)?,
            template_version: i32::try_from(content.template_version).unwrap_or(i32::MAX),
            sender: text(&content.sender),
            title: text(&content.title),
            summary: text(&content.summary),
            text: text(&content.text),
            order: content.order.as_deref().map(text),
            data: data,
            trace: text(&message.trace.to_compact()).into_owned(),
        });
        Ok(())
    }

    /// Reserves the quote of a delivery; the line it is booked under.
    fn reserve(
        &mut self,
        accepted: &AcceptedEvent,
        message: &NewMessage,
        delivery: &NewDelivery,
        lines: &Lines,
    ) -> Result<Option<i32>> {
        let Some(quote) = &delivery.quote else {
            return Ok(None);
        };
        let channel = delivery.planned.contact.channel;
        let line = Shared::line_number(lines, line_of(accepted, message, channel, quote))?;
        self.money.reserve(line, quote.micros);
        Ok(Some(line))
    }

    fn delivery(
        &mut self,
        accepted: &AcceptedEvent,
        message: &NewMessage,
        (delivery, line): (&'a NewDelivery, Option<i32>),
        facts_version: i64,
    ) {
        if let Some(counts) = &delivery.counts {
            put!(self.attention => {
                partition: partition(message.recipient),
                recipient: message.recipient.as_i64(),
                delivery: delivery.id.as_i64(),
                purpose: i16::from(counts.purpose.number()),
                test: i16::from(counts.test),
            });
        }
        let planned = &delivery.planned;
        let (at, id) = (partition(delivery.id), delivery.id.as_i64());
        let (channel, lane) = (planned.contact.channel, planned.lane);
        put!(self.deliveries => {
            partition: at,
            id: id,
            message: message.id.as_i64(),
            channel: i16::from(channel.number()),
            address: text(planned.contact.address.open()),
            state: i16::from(DeliveryState::Scheduled.number()),
            lane: i16::from(lane.number()),
            facts_version: facts_version,
            due_at: planned.due_at.as_micros(),
            expires_at: planned.expires_at.as_micros(),
            attempts: 0,
            changed_at: accepted.accepted_at.as_micros(),
            secret: delivery.secret.as_ref().map(|secret| text(secret.open())),
            line: line,
            quote: delivery.quote.as_ref().map(|quote| quote.micros),
        });
        match delivery.lease {
            Some(lease) => put!(self.claims => {
                partition: at,
                delivery: id,
                claimed_at: accepted.accepted_at.as_micros(),
                lease: lease.as_micros(),
            }),
            None => {
                self.queues.insert((channel, lane));
                put!(self.due => {
                    partition: at,
                    channel: i16::from(channel.number()),
                    lane: i16::from(lane.number()),
                    due_at: planned.due_at.as_micros(),
                    delivery: id,
                });
            }
        }
    }

    /// Writes everything.
    pub(super) async fn run(
        &self,
        tx: &Transaction<'_>,
        held: Held,
        heads: &Heads,
    ) -> std::result::Result<(), Failure> {
        let mut steps = Steps::new();
        self.events.add_to(&mut steps, PUT_EVENTS);
        self.failed.add_to(&mut steps, PUT_FAILED);
        self.messages.add_to(&mut steps, PUT_MESSAGES);
        self.mailbox.add_to(&mut steps, PUT_MAILBOX);
        self.deliveries.add_to(&mut steps, PUT_DELIVERIES);
        self.due.add_to(&mut steps, PUT_DUE);
        self.collected.add_to(&mut steps, PUT_COLLECTED);
        self.attention.add_to(&mut steps, PUT_ATTENTION);
        let claims = &self.claims;
        if !claims.partition.is_empty() {
            let (lease, at) = (&claims.lease, &claims.claimed_at);
            let params = params![
                &claims.partition,
                &claims.delivery,
                held.number,
                held.epoch,
                at,
                lease
            ];
            steps.add(PUT_CLAIMS, params);
        }
        if !self.moved.is_empty() {
            let ids: Vec<i64> = self.moved.iter().copied().collect();
            let of = |id: &i64| RecipientId::from_i64(*id);
            let partitions: Vec<i16> = ids.iter().map(|id| partition(of(id))).collect();
            let revision = |id: &i64| heads.get(&of(id)).map_or(0, |head| head.revision);
            let revisions: Vec<i64> = ids.iter().map(revision).collect();
            steps.add(MOVE_HEADS, params![partitions, ids, revisions]);
        }
        add_ledger(&mut steps, &self.money);
        steps.run(tx).await?;
        Ok(())
    }

    /// What goes from account to account with it.
    pub(super) fn money(&self) -> &Moved {
        &self.money
    }

    /// What is claimed with it: the deliveries, and when.
    pub(super) fn claimed(&self) -> Vec<(i64, i64)> {
        let claims = &self.claims;
        let at = claims.claimed_at.iter().copied();
        claims.delivery.iter().copied().zip(at).collect()
    }

    /// What to tell once it is on disk, and by how many the due queue grew.
    pub(super) fn news(&self, heads: &Heads) -> (News, i64) {
        let moved = self.moved.iter().map(|id| RecipientId::from_i64(*id));
        let news = news_of(self.queues.iter().copied().collect(), moved, heads);
        (news, self.due.partition.len() as i64)
    }
}
