//! A failed event, tried again: after a template was mended or a customer was added.

use model::{AuditLine, Channel, EventId, Facts, FailureReason, MessageId};
use store::{AcceptedResult, Committed};

use super::{AcceptError, AsOf, RawEvent, STALE_ROUNDS, Submission};
use crate::Pipeline;
use crate::costs::Holds;
use crate::render::{self, Stopped};

/// What became of a failed event that was tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayAnswer {
    /// It made a message this time.
    Replayed {
        /// The message.
        message: MessageId,
    },
    /// It fails still; the new reason is kept.
    StillFailing {
        /// Why.
        reason: FailureReason,
        /// What exactly.
        detail: String,
    },
    /// There is no failed event with this id.
    NotFound,
    /// It made a message before.
    AlreadyReplayed,
}

impl Pipeline {
    /// Tries a failed event again, as of now.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn replay_failed(&self, id: EventId) -> Result<ReplayAnswer, AcceptError> {
        self.replay_failed_noting(id, |_| None).await
    }

    /// The same for somebody whose changes are written down: `note` makes the line of the
    /// audit from what comes of it, and the line is committed with that.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn replay_failed_noting(
        &self,
        id: EventId,
        note: impl Fn(&AcceptedResult) -> Option<AuditLine>,
    ) -> Result<ReplayAnswer, AcceptError> {
        for _ in 0..STALE_ROUNDS {
            let Some(failed) = self.store().failed_event(id).await? else {
                return Ok(ReplayAnswer::NotFound);
            };
            if failed.replayed_at.is_some() {
                return Ok(ReplayAnswer::AlreadyReplayed);
            }
            let now = self.clock().now();
            let raw = RawEvent::Line(failed.envelope.open().as_bytes().to_vec());
            let submission = Submission {
                mode: failed.mode,
                as_of: AsOf::Now,
                own: true,
            };
            let event = raw.read(submission, now).map_err(|reason| {
                store::Error::Corrupt(format!("failed_events.envelope: {reason}"))
            })?;
            let whole = event.clone();
            let facts = self
                .store()
                .facts(vec![event.subject.clone()])
                .await?
                .pop()
                .flatten();
            let one = [(0, event)];
            let known: Vec<Facts> = facts.into_iter().collect();
            let mut stories = self.load_stories(&one, &known, now).await?;
            let [(_, event)] = one;
            let mut accepted = self.make(event, known.first(), &mut stories, now, || whole.clone());
            accepted.id = id;
            if let Some(stopped) = self.stopped_in_mail(&accepted.result) {
                let (detail, envelope) = self.kept_of(&whole, stopped.to_string());
                accepted.result = AcceptedResult::Failed {
                    reason: FailureReason::Guard,
                    detail,
                    envelope,
                };
            }
            let mut holds = Holds::new(&self.limits().costs);
            holds.add(0, &accepted);
            let line = note(&accepted.result);
            match self.store().commit_replayed(accepted.clone(), line).await? {
                Committed::Stale => {}
                Committed::Duplicate(_) => return Ok(ReplayAnswer::AlreadyReplayed),
                Committed::Accepted => {
                    holds.keep(0);
                    return Ok(match accepted.result {
                        AcceptedResult::Message { message, .. } => ReplayAnswer::Replayed {
                            message: message.id,
                        },
                        AcceptedResult::Failed { reason, detail, .. } => {
                            ReplayAnswer::StillFailing { reason, detail }
                        }
                    });
                }
            }
        }
        Err(store::Error::Unavailable("the customer's facts keep changing".into()).into())
    }

    /// What the guard will stop in the mail of a message. Whoever replays waits for the
    /// answer, and is not to hear of a success that is taken back at the hand-over.
    pub(super) fn stopped_in_mail(&self, result: &AcceptedResult) -> Option<Stopped> {
        let AcceptedResult::Message { message, .. } = result else {
            return None;
        };
        let mut channels = message.deliveries.iter().map(|d| d.planned.contact.channel);
        channels.find(|channel| *channel == Channel::Email)?;
        let content = &message.content;
        let body = render::mail(&self.catalogue(), self.brand(), content).ok()?;
        render::check_mail(&self.guard(), content, &body)
            .into_iter()
            .next()
    }
}
