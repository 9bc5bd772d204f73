//! The path of the latest messages: event, decision, deliveries, what carriers said.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use model::{Attempt, DeliveryState, EventId, FailedEvent, Instant, Mode, Receipt, Trace};
use pipeline::ReplayAnswer;
use serde::Deserialize;
use store::{DeliveryRecord, MessageRecord};

use super::guard::Operator;
use super::view::{
    FailedLine, Hop, PathFragment, PathPage, Retried, RuleGroup, RuleLine, Step, StepKind, WayLine,
};
use crate::App;
use crate::message_center::signed_in::{MaybeSignedIn, PageError};
use crate::message_center::view::{class_of, icon_of};
use crate::message_center::when::{LocalTime, Moment};
use crate::page::{ErrorKind, Place, html};

/// The newest so many messages and failed events.
const MESSAGES: usize = 20;
const FAILED: usize = 10;
/// The console speaks the language of those who run it.
const LOCALE: &str = "en";

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    fragment: String,
    retried: String,
}

/// `GET /path`
pub(crate) async fn show(
    State(app): State<App>,
    _operator: Operator,
    viewer: MaybeSignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (messages, failed) = tokio::try_join!(
        app.store().latest_messages(MESSAGES),
        app.store().failed_events(None, FAILED),
    )?;
    let clock = UtcClock::new(app.now());
    let hops = messages
        .iter()
        .map(|record| hop_of(&app, record, &clock))
        .collect();
    let failed = failed
        .iter()
        .map(|event| failed_of(event, &clock))
        .collect();
    let retried = match asked.retried.as_str() {
        "made" => Some(Retried::Made),
        "failing" => Some(Retried::StillFailing),
        "gone" => Some(Retried::Gone),
        _ => None,
    };
    if asked.fragment == "hops" {
        let fragment = PathFragment {
            retried: None,
            failed,
            hops,
        };
        return Ok(html(StatusCode::OK, &fragment));
    }
    let page = PathPage {
        page: viewer.page(&app, Place::Path).await?,
        retried,
        failed,
        hops,
    };
    Ok(html(StatusCode::OK, &page))
}

/// `POST /path/failed/{id}/again`
pub(crate) async fn again(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    let not_found = PageError::Shown(ErrorKind::NotFound);
    let Ok(id) = id.parse::<EventId>() else {
        return Err(not_found);
    };
    let Some(event) = app.store().failed_event(id).await? else {
        return Err(not_found);
    };
    if !operator.may_retry(event.mode) {
        return Err(PageError::Shown(ErrorKind::Forbidden));
    }
    let answer = app.pipeline().replay_failed(id).await.map_err(|error| {
        tracing::warn!(event = %id, %error, "a failed event could not be tried again");
        PageError::Shown(ErrorKind::Broken)
    })?;
    let word = match answer {
        ReplayAnswer::Replayed { .. } => "made",
        ReplayAnswer::StillFailing { .. } => "failing",
        ReplayAnswer::NotFound | ReplayAnswer::AlreadyReplayed => "gone",
    };
    Ok(Redirect::to(&format!("/path?retried={word}")))
}

/// The operators' clock: UTC, to the second.
struct UtcClock(LocalTime);

impl UtcClock {
    fn new(now: Instant) -> Self {
        Self(LocalTime::new("UTC", LOCALE, now))
    }

    fn moment(&self, at: Instant) -> Moment {
        let mut moment = self.0.moment(at);
        let stamp = at.to_timestamp();
        moment.short = stamp.strftime("%H:%M:%S").to_string();
        moment.full = stamp.strftime("%-d %b %Y, %H:%M:%S").to_string();
        moment
    }
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

fn failed_of(event: &FailedEvent, clock: &UtcClock) -> FailedLine {
    FailedLine {
        id: event.id.to_string(),
        event_type: event.event_type.clone(),
        source: event.source.clone(),
        event_id: event.event_id.clone(),
        subject: event.subject.clone(),
        reason: event.reason,
        detail: event.detail.clone(),
        at: clock.moment(event.accepted_at),
    }
}
