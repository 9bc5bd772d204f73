//! How a hand-over went, before it is recorded.

use model::{Channel, DeliveryState, Instant, Outcome, Rule, Spoke, Verdict};
use store::Next;

use super::quiet::Barred;
use crate::decide::TOO_LATE;

/// Why a delivery comes back when the customer's profile changed after the gates were asked.
pub(super) const CHANGED: &str = "facts_changed";

/// How a hand-over went, before the schedule looks at it.
pub(super) struct Handed {
    pub(super) carrier: String,
    pub(super) outcome: Outcome,
    /// Keyed digest of what really left.
    pub(super) digest: String,
    /// What follows, where it is not what usually follows from the outcome.
    pub(super) next: Option<Next>,
    /// The word of a rule that the message's trace does not have yet.
    pub(super) said: Option<Spoke>,
}

impl Handed {
    pub(super) fn stopped(reason: &str, state: DeliveryState) -> Self {
        Self {
            carrier: String::new(),
            outcome: Outcome::Stopped {
                reason: reason.into(),
            },
            digest: String::new(),
            next: Some(Next::Settle(state)),
            said: None,
        }
    }

    /// At once again, with the gates before it. No try has failed.
    pub(super) fn again(now: Instant) -> Self {
        Self {
            next: Some(Next::Hold(now)),
            ..later(CHANGED)
        }
    }

    /// Held until its hour, or given up because that comes too late. No try has failed.
    pub(super) fn barred(barred: Barred, expires_at: Instant) -> Self {
        let reason = barred.reason();
        let Barred { mut spoke, until } = barred;
        let too_late = format!("{}.{TOO_LATE}", spoke.rule);
        if let Some(until) = until.filter(|until| *until < expires_at) {
            return Self {
                next: Some(Next::Hold(until)),
                said: Some(spoke),
                ..later(&reason)
            };
        }
        spoke.verdict = Verdict::Stop;
        spoke.why = TOO_LATE.to_owned();
        Self {
            said: Some(spoke),
            ..Self::stopped(&too_late, DeliveryState::Expired)
        }
    }

    /// Its reason, and what follows.
    #[cfg(test)]
    pub(super) fn told(&self) -> (&str, Option<Next>) {
        let reason = match &self.outcome {
            Outcome::Stopped { reason } | Outcome::RetryLater { reason, .. } => reason,
            _ => "",
        };
        (reason, self.next)
    }

    /// The word of the rule that the message's trace is to have: why nothing came this way.
    pub(super) fn said(&self, channel: Channel) -> Option<Spoke> {
        let Outcome::Stopped { reason } = &self.outcome else {
            return self.said.clone();
        };
        let known = || {
            let (rule, why) = reason.split_once('.')?;
            let rule = Rule::ALL.iter().find(|known| known.as_str() == rule)?;
            Some(Spoke {
                rule: *rule,
                verdict: Verdict::Stop,
                channel: Some(channel),
                why: why.to_owned(),
                with: String::new(),
            })
        };
        self.said.clone().or_else(known)
    }
}

/// Nothing left; it is tried again.
pub(super) fn later(reason: &str) -> Handed {
    Handed {
        carrier: String::new(),
        outcome: Outcome::RetryLater {
            after: None,
            code: String::new(),
            reason: reason.into(),
        },
        digest: String::new(),
        next: None,
        said: None,
    }
}
