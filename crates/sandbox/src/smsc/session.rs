//! One bound session: what it takes from the client, and what it hands to it.
//!
//! Both directions run side by side on one task. What the client does not take
//! goes back to the outbox, so ending a session loses nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use smpp::gsm::Header;
use smpp::pdu::{CommandStatus, SubmitSm};
use smpp::session::Responder;
use smpp::{ServerEvent, ServerEvents, ServerHandle, SubmitError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::delivery::{self, Receipt};
use super::outbox::{About, Item};
use crate::config::{Part, Received};
use crate::counts::add_one;
use crate::faults::{Drop, Plan, TextTurn};
use crate::kept::{Body, Direction, NewText};
use crate::shared::Shared;

/// deliver_sm without an answer at once: enough for thousands of receipts a second on one
/// bind, to a client that answers after its disk has them.
const MOST_IN_FLIGHT: usize = 512;
/// How long an answer waits for its receipt to be taken, when that is to come first.
const RECEIPT_FIRST: Duration = Duration::from_secs(1);
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves the session until it ends.
pub(super) async fn run(handle: ServerHandle, events: ServerEvents, shared: &Arc<Shared>) {
    add_one(&shared.counters.binds);
    shared.bound_now.fetch_add(1, Ordering::Relaxed);
    shared.tell_news();
    if handle.bound().bind_type.may_deliver() {
        shared.outbox.offer_refused_again();
        tokio::join!(receive(&handle, events, shared), deliver(&handle, shared));
    } else {
        receive(&handle, events, shared).await;
    }
    shared.bound_now.fetch_sub(1, Ordering::Relaxed);
    shared.tell_news();
}

async fn receive(handle: &ServerHandle, mut events: ServerEvents, shared: &Arc<Shared>) {
    // Answers that are late on purpose. They end with the session.
    let mut late = JoinSet::new();
    let stopped = shared.stopped();
    tokio::pin!(stopped);
    let mut stopping = false;
    loop {
        while late.try_join_next().is_some() {}
        let event = tokio::select! {
            event = events.recv() => event,
            () = &mut stopped, if !stopping => {
                stopping = true;
                handle.close(LAST_WORDS).await;
                continue;
            }
        };
        match event {
            Some(ServerEvent::Submit(inbound)) => {
                let (pdu, responder) = inbound.into_parts();
                let planned = submit(&pdu, shared);
                let (delay, hang_up) = (planned.delay, planned.hang_up);
                let is_silent = matches!(planned.answer, Answer::Nothing);
                if delay.is_zero() && planned.receipt_taken.is_none() {
                    planned.send(responder);
                } else {
                    late.spawn(planned.send_late(responder));
                }
                match (hang_up, is_silent) {
                    (false, _) => {}
                    // As a crash would look.
                    (true, true) => drop(handle.abort().await),
                    // Closing waits for the answer to leave, then unbinds.
                    (true, false) => drop(handle.close(LAST_WORDS + delay).await),
                }
            }
            Some(ServerEvent::Other(inbound)) => inbound.nack(CommandStatus::RINVCMDID),
            Some(ServerEvent::Malformed(_)) => add_one(&shared.counters.texts_refused),
            Some(ServerEvent::Closed(_)) | None => break,
        }
    }
}

/// What the client is told, and when.
struct Planned {
    answer: Answer,
    delay: Duration,
    /// Goes to the outbox when it is dropped, which is after the answer.
    receipt: Option<Receipt>,
    /// What the answer waits for, when the receipt is to come before it.
    receipt_taken: Option<oneshot::Receiver<()>>,
    hang_up: bool,
}

enum Answer {
    Accept { message_id: String },
    Refuse(CommandStatus),
    Nothing,
}

impl Planned {
    fn send(self, responder: Responder) {
        match self.answer {
            Answer::Accept { message_id } => responder.accept(&message_id),
            Answer::Refuse(status) => responder.reject(status),
            Answer::Nothing => drop(responder),
        }
        drop(self.receipt);
    }

    async fn send_late(mut self, responder: Responder) {
        if let Some(taken) = self.receipt_taken.take() {
            // Taken, thrown away, or nobody there to take it: the answer goes out.
            let _ = tokio::time::timeout(RECEIPT_FIRST, taken).await;
        }
        tokio::time::sleep(self.delay).await;
        self.send(responder);
    }
}

/// Takes or refuses one submit_sm.
fn submit(pdu: &SubmitSm, shared: &Arc<Shared>) -> Planned {
    let plan = shared.plan();
    let refuse = |status| {
        add_one(&shared.counters.texts_refused);
        Planned {
            answer: Answer::Refuse(status),
            delay: plan.text_answer_delay(),
            receipt: None,
            receipt_taken: None,
            hang_up: false,
        }
    };
    if pdu.destination.value.is_empty() {
        return refuse(CommandStatus::RINVDSTADR);
    }
    let status = plan.faults.texts.opted_out_status;
    let to = super::address::written(&pdu.destination);
    if status > 0 && plan.is_opted_out(&to) {
        return refuse(CommandStatus(status));
    }
    let turn = plan.next_text();
    if let TextTurn::Refuse(status) = turn {
        return refuse(CommandStatus(status));
    }
    let (message_id, mut receipt) = take(pdu, &plan, shared);
    let mut receipt_taken = None;
    if plan.faults.texts.receipt_before_answer
        && let Some(mut early) = receipt.take()
    {
        receipt_taken = early.when_taken();
    }
    let (answer, hang_up) = match turn {
        TextTurn::TakeWithoutAnswer => (Answer::Nothing, false),
        TextTurn::TakeAndDrop(Drop::BeforeAnswer) => (Answer::Nothing, true),
        TextTurn::TakeAndDrop(Drop::AfterAnswer) => (Answer::Accept { message_id }, true),
        TextTurn::Take | TextTurn::Refuse(_) => (Answer::Accept { message_id }, false),
    };
    Planned {
        answer,
        delay: plan.text_answer_delay(),
        receipt,
        receipt_taken,
        hang_up,
    }
}

/// Tells the observer, keeps the text, and writes its receipt.
fn take(pdu: &SubmitSm, plan: &Plan, shared: &Arc<Shared>) -> (String, Option<Receipt>) {
    let message_id = shared.message_ids.next();
    let (part, body) = part_of(pdu);
    let from = super::address::written(&pdu.source);
    let to = super::address::written(&pdu.destination);
    if let Some(observer) = &shared.config.observer {
        let text = body.text();
        observer(Received::Text {
            from: &from,
            to: &to,
            text: &text,
            part,
            message_id: &message_id,
        });
    }
    let new = NewText {
        at: (shared.config.now)(),
        direction: Direction::ToPhone,
        from: &from,
        to: &to,
        body,
        part,
        message_id: &message_id,
    };
    let kept = if shared.config.keep > 0 {
        shared.texts().keep(new)
    } else {
        None
    };
    add_one(&shared.counters.text_parts);
    if part.is_none_or(|part| part.number == 1) {
        add_one(&shared.counters.texts);
    }
    let receipt = delivery::receipt_of(pdu, body, &message_id, kept, plan, shared);
    shared.tell_news();
    (message_id, receipt)
}

/// The place in a longer text and the text itself, with what a header says of both.
fn part_of(pdu: &SubmitSm) -> (Option<Part>, Body<'_>) {
    let (header, octets) = if pdu.has_udh() {
        smpp::gsm::split_udh(pdu.message())
    } else {
        (Header::default(), pdu.message())
    };
    let part = header.place.map(|place| Part {
        reference: place.reference,
        total: place.total,
        number: place.part,
    });
    let by_tlv = || {
        let sar = pdu
            .tlvs
            .sar()
            .filter(|sar| (1..=sar.total).contains(&sar.part))?;
        Some(Part {
            reference: sar.reference,
            total: sar.total,
            number: sar.part,
        })
    };
    let body = Body {
        data_coding: pdu.data_coding,
        tables: header.tables,
        octets,
    };
    (part.or_else(by_tlv).filter(|part| part.total > 1), body)
}

type InFlight<'a> =
    Pin<Box<dyn Future<Output = (Item, Result<CommandStatus, SubmitError>)> + Send + 'a>>;

/// Hands over what waits, until the session ends.
async fn deliver(handle: &ServerHandle, shared: &Shared) {
    let mut in_flight: FuturesUnordered<InFlight<'_>> = FuturesUnordered::new();
    let ended = handle.closed();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            biased;
            _ = &mut ended => break,
            Some((item, result)) = in_flight.next(), if !in_flight.is_empty() => settle(item, result, shared),
            item = shared.outbox.next(), if in_flight.len() < MOST_IN_FLIGHT => {
                in_flight.push(Box::pin(async move {
                    let result = handle.deliver(item.pdu.clone()).await;
                    (item, result)
                }));
            }
        }
    }
    // Each of these now ends with an error, and its item goes back.
    while let Some((item, result)) = in_flight.next().await {
        settle(item, result, shared);
    }
}

fn settle(mut item: Item, result: Result<CommandStatus, SubmitError>, shared: &Shared) {
    match result {
        Ok(status) if status.is_ok() => {
            item.is_taken();
            match item.about {
                About::Receipt { text, state } => {
                    add_one(&shared.counters.receipts);
                    if let Some(id) = text {
                        shared.texts().note_receipt(id, state);
                    }
                }
                About::InboundText => add_one(&shared.counters.texts_inbound),
            }
            shared.tell_news();
        }
        Ok(status) => shared
            .outbox
            .keep_refused(item, status == CommandStatus::RX_T_APPN),
        Err(_) => shared.outbox.put_back(item),
    }
}
