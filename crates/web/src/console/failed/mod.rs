//! Events that made no message: the list, one of them, and trying again.

pub(super) mod again;
pub(super) mod list;
pub(super) mod one;

use model::{FailedEvent, FailureReason};
use serde::Deserialize;
use store::FailedFilter;

use super::clock::UtcClock;
use super::view::FailedLine;
use crate::message_center::filter::escape_into;

/// What a list of them is asked with; the same words stand in links and forms.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    reason: String,
    #[serde(rename = "type")]
    event_type: String,
    before: String,
    done: String,
    made: u32,
    failing: u32,
}

impl Asked {
    /// The reason, where there is such a word.
    fn reason(&self) -> Option<FailureReason> {
        self.reason.parse().ok()
    }

    fn filter(&self) -> FailedFilter {
        FailedFilter {
            reason: self.reason(),
            event_type: Some(self.event_type.clone()).filter(|text| !text.is_empty()),
        }
    }
}

/// The list as a link: with this filter, from this place on, and with `more`.
fn list_href(filter: &FailedFilter, before: Option<&str>, more: &str) -> String {
    let mut parts = Vec::new();
    if let Some(reason) = filter.reason {
        parts.push(format!("reason={reason}"));
    }
    if let Some(event_type) = &filter.event_type {
        let mut part = "type=".to_owned();
        escape_into(event_type, &mut part);
        parts.push(part);
    }
    parts.extend(before.map(|before| format!("before={before}")));
    if !more.is_empty() {
        parts.push(more.to_owned());
    }
    if parts.is_empty() {
        return "/console/failed".to_owned();
    }
    format!("/console/failed?{}", parts.join("&"))
}

pub(super) fn line_of(event: &FailedEvent, clock: &UtcClock) -> FailedLine {
    FailedLine {
        id: event.id.to_string(),
        event_type: event.event_type.clone(),
        source: event.source.clone(),
        event_id: event.event_id.clone(),
        subject: event.subject.clone(),
        mode: event.mode,
        reason: event.reason,
        detail: event.detail.clone(),
        at: clock.moment(event.accepted_at),
        mended: event.replayed_at.map(|at| clock.moment(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_link() {
        assert_eq!(
            list_href(&FailedFilter::default(), None, ""),
            "/console/failed"
        );
        let filter = FailedFilter {
            reason: Some(FailureReason::BadData),
            event_type: Some("a&b".into()),
        };
        assert_eq!(
            list_href(&filter, Some("evt_0"), "done=tried"),
            "/console/failed?reason=bad_data&type=a%26b&before=evt_0&done=tried"
        );
    }
}
