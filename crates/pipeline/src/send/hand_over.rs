//! One delivery to its carrier: gates, body, network, outcome.

use std::sync::OnceLock;

use channels::{OutgoingEmail, OutgoingSms, Recall};
use futures_util::future::join_all;
use model::{Attempt, Channel, DeliveryState, Instant, Outcome, Sealed};
use store::{ClaimedDelivery, OutcomeRecord};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::Sender;
use super::crowded::is_recounted;
use super::gates::{Known, NEWER, SUPPRESSED, Since, jitter, leaving};
use super::handed::{CHANGED, Handed, later};
use super::quiet::Quiet;
use super::record::Done;
use super::retry::{Tried, next, sent_again_after_doubt};
use super::stops::Leaving;
use crate::render;

/// The word of the rule about senders, as attempts keep it.
const NO_SENDER: &str = "sender.none";

/// Why a text comes back from its carrier when its hours have passed there.
const UNTIMELY: &str = "quiet_hours";

impl Sender {
    /// Hands a chunk over, all at once, and passes each outcome on to be recorded.
    pub(super) async fn hand_over(
        &self,
        chunk: Vec<ClaimedDelivery>,
        mut places: OwnedSemaphorePermit,
        done: mpsc::Sender<Done>,
    ) {
        let stops = self.learn_stops(&chunk).await;
        if let Err(error) = &stops {
            tracing::warn!(%error, "could not look for stops; deliveries are tried later");
        }
        let known = self.known();
        let since = self.since(&chunk).await;
        let since = &since.inspect_err(|error| {
            tracing::warn!(%error, "could not read what is new; deliveries that hang on it are tried later");
        });
        let stops_known = stops.is_ok();
        let one = |claimed: ClaimedDelivery, place| {
            let done = done.clone();
            async move {
                let started_at = self.pipeline.clock().now();
                let handed = match stops_known {
                    true => self.try_one(&claimed, since, (known, started_at)).await,
                    // Nothing leaves while it is not known whether it may.
                    false => later("stops_unreadable"),
                };
                let record = self.outcome_of(&claimed, handed, started_at);
                // The recorder outlives every worker, so it always takes this.
                let _ = done.send(Done { record, place }).await;
            }
        };
        let all = chunk
            .into_iter()
            .filter_map(|claimed| Some(one(claimed, places.split(1)?)));
        join_all(all).await;
    }

    pub(super) async fn try_one(
        &self,
        claimed: &ClaimedDelivery,
        since: &store::Result<Since>,
        (known, now): (Known, Instant),
    ) -> Handed {
        if now >= claimed.expires_at {
            return Handed::stopped("useful_until.late", DeliveryState::Expired);
        }
        if claimed.was_in_doubt && !sent_again_after_doubt(claimed.content.purpose) {
            return Handed::stopped("in_doubt", DeliveryState::GivenUp);
        }
        let nothing = Since::default();
        let since = match since {
            Ok(since) => since,
            // Nothing left, and whether it may is not known.
            Err(_)
                if self.may_have_changed(claimed)
                    || claimed.attempt > 1
                    || self.has_waited(claimed)
                    || is_recounted(claimed, now) =>
            {
                return later("facts_unreadable");
            }
            Err(_) => &nothing,
        };
        if let Some(reason) = self.gate(claimed, since) {
            return Handed::stopped(&reason, DeliveryState::Cancelled);
        }
        let quiet = self.quiet(claimed, since);
        if let Some(barred) = quiet.as_ref().and_then(|quiet| quiet.bars(now)) {
            return Handed::barred(barred, claimed.expires_at);
        }
        if let Some(barred) = self.crowded(claimed, since, now) {
            return Handed::barred(barred, claimed.expires_at);
        }
        if self.outdated(claimed, known)() {
            return Handed::again(now);
        }
        match claimed.contact.channel {
            Channel::Sms => self.text(claimed, (quiet, known), now).await,
            Channel::Email => self.mail(claimed).await,
        }
    }

    async fn text(
        &self,
        claimed: &ClaimedDelivery,
        (quiet, known): (Option<Quiet>, Known),
        now: Instant,
    ) -> Handed {
        let Some(carrier) = &self.routes.carriers(claimed.mode).sms else {
            return later("no_carrier");
        };
        let senders = self.pipeline.senders();
        let Some(sender) = senders.text_sender(claimed.contact.address.open(), now) else {
            return Handed::stopped(NO_SENDER, DeliveryState::Cancelled);
        };
        let text = match &claimed.secret {
            Some(secret) => render::fill_secret(&claimed.content.text, secret),
            None => Sealed::new(claimed.content.text.clone()),
        };
        let digest = self.digest(&[text.open().as_bytes()]);
        let store = self.pipeline.store();
        let _waits = store
            .is_shared()
            .then(|| self.waiting.enter(store.digest(&claimed.contact)));
        let outcome = carrier
            .send(OutgoingSms {
                delivery: claimed.id,
                source: sender.source.clone(),
                to: claimed.contact.address.clone(),
                text,
                lane: claimed.lane,
                expires_in: claimed.expires_at.since(now),
                recall: self.recall(claimed, (quiet.clone(), known), sender.identity.until),
            })
            .await;
        if matches!(&outcome, Outcome::Stopped { reason } if reason == CHANGED) {
            return Handed::again(self.pipeline.clock().now());
        }
        if matches!(&outcome, Outcome::Stopped { reason } if reason == UNTIMELY) {
            let quiet = quiet.and_then(|quiet| quiet.bars(self.pipeline.clock().now()));
            // The hour may have come back meanwhile.
            return quiet.map_or_else(
                || later(UNTIMELY),
                |barred| Handed::barred(barred, claimed.expires_at),
            );
        }
        Handed {
            carrier: carrier.name().to_owned(),
            outcome,
            digest,
            next: None,
            said: None,
        }
    }

    /// A stop, newer news, or the end of its sender, that comes while the text waits inside
    /// its carrier for its turn. So with a profile that changed, and with an hour at which it
    /// must not come, unless a part of it has left.
    pub(super) fn recall(
        &self,
        claimed: &ClaimedDelivery,
        (quiet, known): (Option<Quiet>, Known),
        ends: Option<Instant>,
    ) -> Recall {
        let recall = self.recall_for_good(claimed, ends);
        let (pipeline, outdated) = (self.pipeline.clone(), self.outdated(claimed, known));
        recall.unless_begun(move || {
            if outdated() {
                return Some(CHANGED.to_owned());
            }
            let barred = quiet.as_ref()?.bars(pipeline.clock().now());
            barred.map(|_| UNTIMELY.to_owned())
        })
    }

    fn recall_for_good(&self, claimed: &ClaimedDelivery, ends: Option<Instant>) -> Recall {
        let (pipeline, contact) = (self.pipeline.clone(), claimed.contact.clone());
        let (digest, message) = (OnceLock::new(), claimed.message);
        let leaving = leaving(claimed);
        let answers = self.answers(claimed);
        Recall::when(move || {
            if ends.is_some_and(|ends| pipeline.clock().now() >= ends) {
                return Some(NO_SENDER.into());
            }
            if pipeline.overtaken().has(message) {
                return Some(NEWER.into());
            }
            let stops = pipeline.stops();
            if answers || stops.is_empty() {
                return None;
            }
            let digest = *digest.get_or_init(|| pipeline.store().digest(&contact));
            let stopped = stops.has(&Leaving { digest, ..leaving }, pipeline.clock().now());
            stopped.then(|| SUPPRESSED.into())
        })
    }

    async fn mail(&self, claimed: &ClaimedDelivery) -> Handed {
        let Some(carrier) = &self.routes.carriers(claimed.mode).email else {
            return later("no_carrier");
        };
        let senders = self.pipeline.senders();
        if !senders.sends_mail_from(carrier.from_domain(), self.pipeline.clock().now()) {
            return Handed::stopped(NO_SENDER, DeliveryState::Cancelled);
        }
        let mut body = match render::mail(
            &self.pipeline.catalogue(),
            self.pipeline.brand(),
            &claimed.content,
        ) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(delivery.id = %claimed.id, %error, "a mail could not be rendered");
                let outcome = Outcome::Rejected {
                    code: String::new(),
                    reason: "template_failed".into(),
                };
                return Handed {
                    carrier: carrier.name().to_owned(),
                    outcome,
                    digest: String::new(),
                    next: None,
                    said: None,
                };
            }
        };
        let stopped = render::check_mail(&self.pipeline.guard(), &claimed.content, &body);
        if let Some(first) = stopped.first() {
            tracing::warn!(delivery.id = %claimed.id, stopped = %first, "the guard stopped a mail");
            return self.withdraw(claimed, first).await;
        }
        if let Some(secret) = &claimed.secret {
            body = render::fill_mail(body, secret);
        }
        let foot = self.foot_links(claimed);
        if let Some(links) = &foot {
            render::foot::fill(&mut body, links);
        }
        let name = claimed
            .content
            .data
            .get("_")
            .and_then(|own| own.get("name"))
            .and_then(|n| n.as_str());
        let made = carrier.make(&OutgoingEmail {
            delivery: claimed.id,
            message: claimed.message,
            to: claimed.contact.address.clone(),
            to_name: Sealed::new(name.unwrap_or_default()),
            from_name: claimed.content.sender.clone(),
            subject: Sealed::new(body.subject.as_str()),
            text: Sealed::new(body.text),
            html: Sealed::new(body.html),
            date: self.pipeline.clock().now(),
            locale: claimed.content.locale.clone(),
            lane: claimed.lane,
            way_back: self.way_back(claimed, foot),
        });
        let (outcome, digest) = match made {
            Ok(made) => {
                let digest = self.digest(&[body.subject.as_bytes(), made.body_hash()]);
                let outcome = carrier.hand_over(made).await;
                self.note_refusal(claimed, &outcome).await;
                (outcome, digest)
            }
            Err(outcome) => (outcome, String::new()),
        };
        Handed {
            carrier: carrier.name().to_owned(),
            outcome,
            digest,
            next: None,
            said: None,
        }
    }

    /// What may not leave may not stand in the Message Center either.
    async fn withdraw(&self, claimed: &ClaimedDelivery, stopped: &render::Stopped) -> Handed {
        match self.pipeline.withdraw(claimed.message, stopped).await {
            Ok(()) => Handed::stopped(&stopped.reason(), DeliveryState::Cancelled),
            Err(error) => {
                tracing::warn!(%error, delivery.id = %claimed.id, "could not take a message back; trying again");
                later("withdrawal_failed")
            }
        }
    }

    /// 64 bits of a keyed digest of what left, as hex: provenance without the text. A mail's
    /// body is in it by the hash that its signature shows to everybody.
    fn digest(&self, parts: &[&[u8]]) -> String {
        let mut context = ring::hmac::Context::with_key(&self.digest_key);
        for part in parts {
            context.update(part);
            context.update(&[0]);
        }
        let tag = context.sign();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&tag.as_ref()[..8]);
        format!("{:016x}", u64::from_be_bytes(bytes))
    }

    fn outcome_of(
        &self,
        claimed: &ClaimedDelivery,
        handed: Handed,
        started_at: Instant,
    ) -> OutcomeRecord {
        let ended_at = self.pipeline.clock().now();
        let tried = Tried {
            lane: claimed.lane,
            attempt: claimed.attempt,
            now: ended_at,
            expires_at: claimed.expires_at,
            doubt: self.pipeline.limits().doubt,
            jitter: jitter(claimed),
        };
        let usual = || next(&handed.outcome, &tried);
        let next = handed.next.unwrap_or_else(usual);
        let word = handed.outcome.word();
        let wished = self.opted_out(claimed, &handed.outcome, ended_at);
        let said = handed.said(claimed.contact.channel);
        self.tally.count(claimed.contact.channel, &handed.outcome);
        let (code, reason, carrier_id) = match handed.outcome {
            Outcome::Accepted { carrier_id } => (String::new(), String::new(), carrier_id),
            Outcome::RetryLater { code, reason, .. } | Outcome::Rejected { code, reason } => {
                (code, reason, None)
            }
            Outcome::Unknown { reason } | Outcome::Stopped { reason } => {
                (String::new(), reason, None)
            }
        };
        OutcomeRecord {
            delivery: claimed.id,
            channel: claimed.contact.channel,
            lane: claimed.lane,
            attempt: Attempt {
                number: claimed.attempt,
                carrier: handed.carrier,
                started_at,
                ended_at,
                outcome: word.into(),
                code,
                reason,
                carrier_id,
                digest: handed.digest,
            },
            next,
            said,
            wished,
        }
    }
}
