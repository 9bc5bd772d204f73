//! Track: what carriers and customers say later.
//!
//! Receipts move delivery states; texts that come in are kept, and what one wishes is done in
//! the same commit; `mail` makes sense of mails. A carrier is answered only after that commit:
//! what we have not kept, it must send again.

mod answers;
mod heard;
mod mail;
#[cfg(test)]
mod tests;

use channels::{Inbound, InboundItem, ReceivedMail};
use model::{Channel, ContactPoint, InboundId, Instant, Partition, Receipt, Sealed, Wish};
use store::{InboundText, ReceiptMatch, ReceiptRecord, Wished};
use tokio::sync::{mpsc, oneshot};

use crate::Pipeline;
pub use answers::Answers;
pub(crate) use heard::Written;
pub use heard::{Asks, By, Heard, Words, hear, own_words};

/// So many are committed together at most.
const BATCH: usize = 512;

/// Mails that wait at most; the servers of more are asked to come back.
const MAILS: usize = 256;

/// The track stage: runs until every carrier that sends to it is gone.
pub struct Tracker {
    pipeline: Pipeline,
    inbound: mpsc::Receiver<InboundItem>,
}

impl Tracker {
    /// Takes what comes in.
    pub fn new(pipeline: Pipeline, inbound: mpsc::Receiver<InboundItem>) -> Self {
        Self { pipeline, inbound }
    }

    /// Runs to the end of the stream.
    pub async fn run(self) {
        let Self { pipeline, inbound } = self;
        let (mails, waiting) = mpsc::channel(MAILS);
        let track = Track { pipeline };
        // A mail takes several commits: no receipt and no stop waits for them.
        tokio::join!(track.run(inbound, mails), track.take_mails(waiting));
    }
}

/// A mail, and who waits until it is kept.
type Waiting = (ReceivedMail, oneshot::Sender<bool>);

/// What hears and what keeps.
struct Track {
    pipeline: Pipeline,
}

impl Track {
    async fn run(&self, mut inbound: mpsc::Receiver<InboundItem>, mails: mpsc::Sender<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while inbound.recv_many(&mut batch, BATCH).await > 0 {
            let now = self.pipeline.clock().now();
            let (mut receipts, mut texts) = (Vec::new(), Vec::new());
            let (mut receipt_waits, mut text_waits) = (Vec::new(), Vec::new());
            for InboundItem { inbound, done } in batch.drain(..) {
                match inbound {
                    // Where there is no room it is dropped, which says "not kept".
                    Inbound::Mail(mail) => drop(mails.try_send((*mail, done))),
                    Inbound::Receipt {
                        carrier,
                        carrier_id,
                        status,
                        code,
                        carrier_time,
                        reference,
                        to,
                    } => {
                        let receipt = Receipt {
                            status,
                            code,
                            carrier_time,
                            received_at: now,
                        };
                        let hint = reference.map(|reference| (phone(to), reference));
                        receipts.push(ReceiptRecord {
                            carrier,
                            carrier_id,
                            delivery: None,
                            hint,
                            receipt,
                        });
                        receipt_waits.push(done);
                    }
                    Inbound::Text {
                        carrier,
                        from,
                        to,
                        text,
                    } => {
                        let id = self
                            .pipeline
                            .store()
                            .ids()
                            .next(Partition::of(from.open()), now);
                        texts.push(self.inbound_text((id, now), carrier, from, to, text));
                        text_waits.push(done);
                    }
                }
            }
            // Stops first: the fewer messages leave after one, the better.
            let kept = self.record_texts(texts).await;
            answer(text_waits, kept);
            let kept = self.record_receipts(receipts).await;
            answer(receipt_waits, kept);
        }
    }

    fn inbound_text(
        &self,
        (id, received_at): (InboundId, Instant),
        carrier: String,
        from: Sealed,
        to: String,
        text: Sealed,
    ) -> InboundText {
        let heard = self.hear(text.open());
        let wished = heard.wishes("text", received_at);
        let answer = heard.answer();
        let from = phone(from);
        if let Some(Wished { wish, .. }) = &wished {
            tracing::info!(inbound.id = %id, %wish, "a number told us what it wishes");
        }
        InboundText {
            id,
            carrier,
            from,
            to,
            text,
            received_at,
            wished,
            answer,
        }
    }

    /// What somebody's words ask of us.
    fn hear(&self, text: &str) -> Heard {
        let catalogue = self.pipeline.catalogue();
        let words = catalogue.replies().clone();
        hear(&words.with_name(&self.pipeline.brand().name), text)
    }

    /// Keeps texts; says whether that could be done.
    async fn record_texts(&self, texts: Vec<InboundText>) -> bool {
        if texts.is_empty() {
            return true;
        }
        let wished: Vec<(ContactPoint, Wish)> = texts
            .iter()
            .filter_map(|text| Some((text.from.clone(), text.wished.as_ref()?.wish)))
            .collect();
        let kept = self.pipeline.store().record_inbound(texts).await;
        if let Err(error) = &kept {
            tracing::warn!(%error, "could not keep texts that came in; the carrier sends them again");
        } else {
            for (contact, wish) in wished {
                self.pipeline.note_wish(&contact, wish).await;
            }
            self.pipeline.asked().notify_one();
        }
        kept.is_ok()
    }

    /// Keeps receipts; says whether that could be done.
    async fn record_receipts(&self, receipts: Vec<ReceiptRecord>) -> bool {
        if receipts.is_empty() {
            return true;
        }
        let kept = self.pipeline.store().record_receipts(receipts).await;
        match &kept {
            Ok(matches) => {
                for found in matches {
                    let word = match found {
                        ReceiptMatch::Matched(_, status) => status.as_str(),
                        ReceiptMatch::Parked => "parked",
                    };
                    metrics::counter!("tidings_receipts_total", "status" => word).increment(1);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not keep receipts; the carrier sends them again");
            }
        }
        kept.is_ok()
    }
}

/// Carriers write numbers with or without the plus; a short code stays as it came.
fn phone(number: Sealed) -> ContactPoint {
    let plus = format!("+{}", number.open().trim_start_matches('+'));
    ContactPoint::phone(&plus).unwrap_or(ContactPoint {
        channel: Channel::Sms,
        address: number,
    })
}

fn answer(waits: Vec<oneshot::Sender<bool>>, kept: bool) {
    for wait in waits {
        // A session that closed meanwhile asks no more; the carrier repeats itself.
        let _ = wait.send(kept);
    }
}
