//! The path of the latest messages: event, decision, deliveries, what carriers said.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Attempt, DeliveryState, Instant, Mode, Permission, Receipt, Trace};
use serde::Deserialize;
use store::{DeliveryRecord, MessageRecord};

use super::clock::{LOCALE, UtcClock};
use super::failed::line_of;
use super::frame::{Frame, Spot, page};
use super::gate::Visitor;
use super::view::{Hop, PathFragment, PathPage, RuleGroup, RuleLine, Step, StepKind, WayLine};
use crate::App;
use crate::message_center::signed_in::PageError;
use crate::message_center::view::{class_of, icon_of};
use crate::page::html;

/// The newest so many messages and failed events.
const MESSAGES: usize = 20;
const FAILED: usize = 3;

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    fragment: String,
}

/// `GET /console/path`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let failed = match visitor.may(Permission::ReadFailedEvents) {
        true => FAILED,
        false => 0,
    };
    let (messages, failed) = tokio::try_join!(
        app.store().latest_messages(MESSAGES),
        app.store().failed_events(None, failed),
    )?;
    let clock = UtcClock::new(app.now());
    let hops = messages
        .iter()
        .map(|record| hop_of(&app, record, &clock))
        .collect();
    let failed = failed.iter().map(|event| line_of(event, &clock)).collect();
    if asked.fragment == "hops" {
        let fragment = PathFragment { failed, hops };
        return Ok(html(StatusCode::OK, &fragment));
    }
    let shown = PathPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Path),
        failed,
        hops,
    };
    Ok(html(StatusCode::OK, &shown))
}

fn hop_of(app: &App, record: &MessageRecord, clock: &UtcClock) -> Hop {
    let message = &record.message;
    let content = &message.content;
    Hop {
        id: message.id.to_string(),
        title: content.title.clone(),
        lang: content.locale.clone(),
        category: content.category,
        icon: icon_of(&content.message_type, content.category),
        test: message.mode != Mode::Live && !app.config().demo,
        at: clock.moment(record.event.accepted_at),
        event_type: record.event.event_type.clone(),
        source: record.event.source.clone(),
        event_id: record.event.event_id.clone(),
        happened: clock.moment(record.event.time),
        customer: record.customer.clone(),
        rules: rules_of(app, &message.trace),
        ways: record
            .deliveries
            .iter()
            .map(|delivery| way_of(delivery, clock))
            .collect(),
    }
}

/// What the rules said, those of one channel together.
fn rules_of(app: &App, trace: &Trace) -> Vec<RuleGroup> {
    let sentences = app.pipeline().catalogue().explain(trace, LOCALE, "UTC");
    let mut groups: Vec<RuleGroup> = Vec::new();
    for (spoke, sentence) in trace.0.iter().zip(sentences) {
        let line = RuleLine {
            verdict: spoke.verdict,
            class: class_of(spoke.verdict),
            sentence: sentence.text,
            code: [spoke.rule.as_str(), &spoke.why].join(" "),
        };
        let known = groups
            .iter_mut()
            .find(|group| group.channel == spoke.channel);
        match known {
            Some(group) => group.rules.push(line),
            None => groups.push(RuleGroup {
                channel: spoke.channel,
                rules: vec![line],
            }),
        }
    }
    groups
}

fn way_of(record: &DeliveryRecord, clock: &UtcClock) -> WayLine {
    let delivery = &record.delivery;
    let attempts = record
        .attempts
        .iter()
        .map(|a| (a.ended_at, attempt_of(a, clock)));
    let receipts = record
        .receipts
        .iter()
        .map(|r| (r.received_at, receipt_of(r, clock)));
    let mut steps: Vec<(Instant, Step)> = attempts.chain(receipts).collect();
    steps.sort_by_key(|(at, _)| *at);
    let waits = matches!(
        delivery.state,
        DeliveryState::Scheduled | DeliveryState::InDoubt
    );
    WayLine {
        channel: delivery.channel(),
        masked: delivery.contact.masked(),
        state: delivery.state,
        steps: steps.into_iter().map(|(_, step)| step).collect(),
        next: waits.then(|| clock.moment(delivery.due_at)),
    }
}

fn attempt_of(attempt: &Attempt, clock: &UtcClock) -> Step {
    Step {
        kind: StepKind::Attempt,
        number: attempt.number,
        carrier: attempt.carrier.clone(),
        outcome: attempt.outcome.replace('_', " "),
        reason: attempt.reason.clone(),
        code: attempt.code.clone(),
        at: clock.moment(attempt.ended_at),
    }
}

fn receipt_of(receipt: &Receipt, clock: &UtcClock) -> Step {
    Step {
        kind: StepKind::Receipt(receipt.status),
        number: 0,
        carrier: String::new(),
        outcome: String::new(),
        reason: String::new(),
        code: receipt.code.clone(),
        at: clock.moment(receipt.received_at),
    }
}
