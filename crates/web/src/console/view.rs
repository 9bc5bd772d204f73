//! What the templates of the console read.

use askama::Template;
use model::{Category, Channel, DeliveryState, FailureReason, Mode, ReceiptStatus, Verdict};

use super::frame::Frame;
use crate::message_center::when::Moment;
use crate::page::Page;

/// The page of paths.
#[derive(Template)]
#[template(path = "console/path.html")]
pub(crate) struct PathPage {
    pub page: Page,
    pub frame: Frame,
    pub failed: Vec<FailedLine>,
    pub hops: Vec<Hop>,
}

/// The part of [`PathPage`] that is fetched again and again.
#[derive(Template)]
#[template(path = "console/hops.html")]
pub(crate) struct PathFragment {
    pub failed: Vec<FailedLine>,
    pub hops: Vec<Hop>,
}

/// An event that made no message.
pub(crate) struct FailedLine {
    pub id: String,
    pub event_type: String,
    pub source: String,
    pub event_id: String,
    pub subject: String,
    pub mode: Mode,
    pub reason: FailureReason,
    pub detail: String,
    pub at: Moment,
    /// When trying again made a message of it.
    pub mended: Option<Moment>,
}

/// One message's whole path.
pub(crate) struct Hop {
    pub id: String,
    pub title: String,
    pub lang: String,
    pub category: Category,
    pub icon: &'static str,
    pub test: bool,
    pub at: Moment,
    pub event_type: String,
    pub source: String,
    pub event_id: String,
    pub happened: Moment,
    pub customer: String,
    pub rules: Vec<RuleGroup>,
    pub ways: Vec<WayLine>,
}

/// The rules that spoke of one channel, or of the whole message.
pub(crate) struct RuleGroup {
    pub channel: Option<Channel>,
    pub rules: Vec<RuleLine>,
}

/// What one rule said.
pub(crate) struct RuleLine {
    pub verdict: Verdict,
    pub class: &'static str,
    pub sentence: String,
    pub code: String,
}

/// One delivery.
pub(crate) struct WayLine {
    pub channel: Channel,
    pub masked: String,
    pub state: DeliveryState,
    pub steps: Vec<Step>,
    pub next: Option<Moment>,
}

/// An attempt or a receipt, in order of time.
pub(crate) struct Step {
    pub kind: StepKind,
    pub number: u32,
    pub carrier: String,
    pub outcome: String,
    pub reason: String,
    pub code: String,
    pub at: Moment,
}

/// Which of the two a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepKind {
    Attempt,
    Receipt(ReceiptStatus),
}
