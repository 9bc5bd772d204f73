//! One text on its way: cut into parts, each handed over in its turn, one after another.
//!
//! A part is sent again only when it is certain that the carrier does not have it; parts
//! it has are never repeated. Codes and urgent texts, and texts of which the carrier has
//! a part already, wait here through throttling; others go back to the schedule.

use std::time::Duration;

use model::{Delivery, Lane, Outcome, Span};
use smpp::gsm::PartWithUdh;
use smpp::pdu::tlv::tag;
use smpp::pdu::{Address, COctetString, SubmitSm, registered_delivery};
use smpp::{ClientHandle, NotSent, SubmitError};
use tokio::time::{Instant, timeout_at};

use super::status::{self, Meaning};
use super::{OutgoingSms, Recall, Shared, SmsSource};

/// A longer text is no text message any more.
const MOST_PARTS: usize = 32;
/// How often a part is tried again here.
const TRIES: u32 = 3;

pub(super) async fn send(shared: &Shared, sms: &OutgoingSms) -> Outcome {
    let Some(destination) = destination(sms.to.open()) else {
        return rejected("address", "this is not a number that texts can be sent to");
    };
    if !shared.config.sources.contains(&*sms.source) {
        return rejected("source", "no text may come from this sender");
    }
    let (smart, national) = (shared.config.smart_punctuation, shared.config.national);
    let segments = smpp::gsm::segment(sms.text.open(), smart, national);
    let count = segments.parts.len();
    if count > MOST_PARTS {
        return rejected(
            "length",
            "the text is too long to be sent as a text message",
        );
    }
    let mut text = Text {
        shared,
        lane: sms.lane,
        source: &sms.source,
        destination,
        reference: Delivery::reference(sms.delivery),
        recall: &sms.recall,
        useful_until: Instant::now() + sms.expires_in.to_duration(),
        taken: 0,
    };
    let mut carrier_id = String::new();
    let parts = segments.parts_with_udh(shared.next_reference());
    for (number, part) in parts.into_iter().enumerate() {
        // One receipt for the whole text: the carrier delivers in order, so the last
        // part's stands for all, and its id is the one given back.
        let receipt = number + 1 == count;
        match text.hand_over(part, receipt).await {
            Ok(id) => carrier_id = id,
            Err(outcome) => return text.partly(count, outcome),
        }
        text.taken += 1;
    }
    Outcome::Accepted {
        carrier_id: (!carrier_id.is_empty()).then_some(carrier_id),
    }
}

struct Text<'a> {
    shared: &'a Shared,
    lane: Lane,
    source: &'a SmsSource,
    destination: Address,
    /// Comes back in the receipt, where the carrier repeats it.
    reference: u16,
    recall: &'a Recall,
    useful_until: Instant,
    /// Parts the carrier has.
    taken: usize,
}

impl Text<'_> {
    /// Hands over one part; gives the carrier's id of it.
    async fn hand_over(&self, part: PartWithUdh, receipt: bool) -> Result<String, Outcome> {
        let config = &self.shared.config;
        let mut pdu = SubmitSm {
            source: Address::new(
                self.source.ton,
                self.source.npi,
                self.source.address.as_str(),
            ),
            destination: self.destination.clone(),
            esm_class: part.esm_class,
            data_coding: part.data_coding,
            short_message: part.octets,
            registered_delivery: match receipt {
                true => registered_delivery::SUCCESS_AND_FAILURE,
                false => registered_delivery::NONE,
            },
            ..SubmitSm::default()
        };
        if receipt {
            let reference = self.reference.to_be_bytes();
            pdu.tlvs.push(tag::USER_MESSAGE_REFERENCE, reference);
        }
        let lane = match self.lane {
            Lane::Security => smpp::Lane::Urgent,
            Lane::Urgent | Lane::Normal | Lane::Bulk => smpp::Lane::Bulk,
        };
        let mut sessions = self.shared.session.clone();
        let bound_by = Instant::now() + config.wait_for_bind;
        let mut tries = 0;
        loop {
            let session = self.session(&mut sessions, bound_by).await?;
            let admitted = self.shared.pace.admit(self.lane).await;
            admitted.ok_or_else(closing)?;
            if let Some(reason) = self.recall.reason(self.taken > 0) {
                return Err(Outcome::Stopped { reason });
            }
            pdu.validity_period = self.validity()?;
            match session.submit(pdu.clone(), lane).await {
                Ok(answer) if answer.status.is_ok() => {
                    return Ok(config.id_format.of_submit(&answer.message_id));
                }
                Ok(answer) => {
                    let refusal = self.refusal(answer.status);
                    let pause = pause_of(&refusal, tries);
                    if !self.may_wait() || tries == TRIES || pause.is_none() {
                        return Err(refusal);
                    }
                    tries += 1;
                    self.pause(pause.unwrap_or_default()).await?;
                }
                // Nothing left: wait for the next session.
                Err(SubmitError::NotSent(NotSent::Closed)) => {
                    let change = timeout_at(bound_by, sessions.changed()).await;
                    change.map_err(|_| no_bind())?.map_err(|_| closing())?;
                }
                Err(SubmitError::NotSent(NotSent::TooLong)) => {
                    return Err(rejected("length", "the text does not fit in one message"));
                }
                Err(SubmitError::NotSent(NotSent::WrongBind)) => return Err(no_bind()),
                Err(SubmitError::Unknown(_)) => {
                    return Err(Outcome::Unknown {
                        reason: "the text was sent, but the carrier's answer did not come".into(),
                    });
                }
            }
        }
    }

    /// The present session, or the next one if it comes in time.
    async fn session(
        &self,
        sessions: &mut tokio::sync::watch::Receiver<Option<ClientHandle>>,
        bound_by: Instant,
    ) -> Result<ClientHandle, Outcome> {
        if self.shared.is_closing() {
            return Err(closing());
        }
        let bound = timeout_at(bound_by, sessions.wait_for(Option::is_some)).await;
        let session = bound.map_err(|_| no_bind())?.map_err(|_| closing())?;
        session.clone().ok_or_else(no_bind)
    }

    /// What a refusal means for this text; throttling slows the whole carrier too.
    fn refusal(&self, status: smpp::pdu::CommandStatus) -> Outcome {
        let refusal = status::refusal(status);
        let opted_out = match &refusal {
            Outcome::RetryLater { code, .. } | Outcome::Rejected { code, .. } => {
                self.shared.config.opt_out_errors.get(code)
            }
            _ => None,
        };
        if let Some(code) = opted_out {
            return rejected(code, "the customer told the carrier to stop");
        }
        let mut refusal = refusal;
        if status::meaning(status) == Meaning::Throttled
            && let Outcome::RetryLater { after, .. } = &mut refusal
        {
            let pause = self.shared.pace.throttled();
            let pause = pause + pause.mul_f64(self.shared.jitter() / 4.0);
            *after = Some(Span::millis(
                i64::try_from(pause.as_millis()).unwrap_or(4_000),
            ));
        }
        refusal
    }

    /// Whether it waits here for a refusal to pass, or goes back to the schedule.
    fn may_wait(&self) -> bool {
        self.taken > 0 || self.lane <= Lane::Urgent
    }

    async fn pause(&self, pause: Duration) -> Result<(), Outcome> {
        let mut closing_now = self.shared.closing.subscribe();
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            _ = closing_now.wait_for(Option::is_some) => Err(closing()),
        }
    }

    /// How long the SMSC may keep trying: relative time (SMPP 3.4 §7.1.1.2).
    fn validity(&self) -> Result<COctetString, Outcome> {
        let left = self.useful_until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(later(
                "expired",
                "its time ran out while it waited to be sent",
            ));
        }
        Ok(relative_time(left).into())
    }

    /// The outcome of the whole text, when a part met this one.
    fn partly(&self, count: usize, outcome: Outcome) -> Outcome {
        let taken = self.taken;
        match outcome {
            Outcome::Rejected { code, reason } if taken > 0 => Outcome::Rejected {
                code,
                reason: format!("the carrier took {taken} of {count} parts, and then: {reason}"),
            },
            // Trying again would repeat the parts that the customer may have by now.
            Outcome::RetryLater { reason, .. } if taken > 0 => Outcome::Unknown {
                reason: format!("the carrier took {taken} of {count} parts, and then: {reason}"),
            },
            whole => whole,
        }
    }
}

/// E.164 digits, as the wire wants them.
fn destination(to: &str) -> Option<Address> {
    let digits = to.strip_prefix('+')?;
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| Address::international(digits))
}

/// `YYMMDDhhmmss000R` from now on, at least a second and at most four weeks.
fn relative_time(left: Duration) -> String {
    let seconds = left.as_secs().clamp(1, 28 * 86_400);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("0000{days:02}{hours:02}{minutes:02}{seconds:02}000R")
}

/// How long to wait here before the same part is tried again; `None` for a final refusal.
fn pause_of(refusal: &Outcome, tries: u32) -> Option<Duration> {
    match refusal {
        Outcome::RetryLater { after, .. } => {
            let own = Duration::from_secs(1 << tries.min(2));
            Some(after.map_or(own, |after| after.to_duration().min(own * 2)))
        }
        _ => None,
    }
}

fn rejected(code: &str, reason: &str) -> Outcome {
    Outcome::Rejected {
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

fn later(code: &str, reason: &str) -> Outcome {
    Outcome::RetryLater {
        after: None,
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

fn no_bind() -> Outcome {
    later(
        "no bind",
        "there is no connection to the text message carrier",
    )
}

fn closing() -> Outcome {
    later("closing", "Tidings is shutting down")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times_by_hand() {
        for (seconds, expected) in [
            (0, "000000000001000R"),
            (90, "000000000130000R"),
            (86_400 + 3_661, "000001010101000R"),
            (u64::MAX, "000028000000000R"),
        ] {
            assert_eq!(relative_time(Duration::from_secs(seconds)), expected);
            assert_eq!(expected.len(), 16);
        }
    }

    #[test]
    fn only_e164_is_a_destination() {
        assert_eq!(
            destination("+15550100123"),
            Some(Address::international("15550100123"))
        );
        for bad in [
            "",
            "15550100123",
            "+1555",
            "+1555010012345678",
            "+1555o100123",
        ] {
            assert_eq!(destination(bad), None, "{bad}");
        }
    }
}
