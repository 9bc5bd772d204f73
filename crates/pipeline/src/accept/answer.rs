//! What is answered of events, and counted.

use store::{AcceptedEvent, AcceptedResult};

use super::EventAnswer;

pub(super) fn answer(accepted: &AcceptedEvent) -> EventAnswer {
    match &accepted.result {
        AcceptedResult::Message { message, .. } => EventAnswer::Accepted {
            event: accepted.id,
            message: message.id,
        },
        AcceptedResult::Failed { reason, detail, .. } => EventAnswer::Failed {
            event: accepted.id,
            reason: *reason,
            detail: detail.clone(),
        },
    }
}

pub(super) fn count(answers: &[EventAnswer]) {
    let mut tally = [0_u64; 4];
    for answer in answers {
        let place = match answer {
            EventAnswer::Accepted { .. } => 0,
            EventAnswer::Failed { .. } => 1,
            EventAnswer::Duplicate { .. } => 2,
            EventAnswer::Rejected { .. } => 3,
        };
        tally[place] += 1;
    }
    for (word, n) in ["accepted", "failed", "duplicate", "rejected"]
        .into_iter()
        .zip(tally)
    {
        if n > 0 {
            metrics::counter!("tidings_events_total", "answer" => word).increment(n);
        }
    }
}
