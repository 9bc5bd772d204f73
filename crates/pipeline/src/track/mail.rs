//! Mails that come in: each belongs to a delivery, which says whose address it is about.
//!
//! What a mail means is kept before its server is answered; a server that is answered "not
//! now" sends it again. So each step can be done twice, and what stops comes first.

use channels::ReceivedMail;
use channels::mail_in::{Bounce, BounceClass, Complaint, ComplaintKind, MailIn, Proof, Reply};
use futures_util::future::join_all;
use model::{
    ContactPoint, Delivery, DeliveryState, How, Partition, PurposeClass, Receipt, ReceiptStatus,
    Said, Wish,
};
use store::{DeliveryRecord, InboundText, ReceiptRecord, Wished};
use tokio::sync::mpsc;

use super::{Track, Waiting, own_words};

/// So many are worked on at once.
const AT_ONCE: usize = 32;
/// The carrier's name of what comes back.
const CARRIER: &str = "mail_in";

impl Track {
    /// Takes mails until nobody can bring more.
    pub(super) async fn take_mails(&self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(AT_ONCE);
        while waiting.recv_many(&mut batch, AT_ONCE).await > 0 {
            let one = |(mail, done): Waiting| async move {
                let means = mail.means.as_str();
                metrics::counter!("tidings_mails_in_total", "means" => means).increment(1);
                let kept = self.take_mail(mail).await;
                if let Err(error) = &kept {
                    tracing::warn!(%error, "could not keep a mail; its server sends it again");
                }
                // A session that closed meanwhile asks no more; its server repeats itself.
                let _ = done.send(kept.unwrap_or(false));
            };
            join_all(batch.drain(..).map(one)).await;
        }
    }

    /// `false` when it is to be sent again.
    async fn take_mail(&self, mail: ReceivedMail) -> store::Result<bool> {
        let about = match &mail.means {
            MailIn::AutoReply | MailIn::Unreadable => None,
            MailIn::Complaint(complaint) => complaint.about,
            MailIn::Bounce(_) | MailIn::Unsubscribe | MailIn::Reply(_) => mail.to.delivery(),
        };
        let Some(id) = about else {
            return Ok(true);
        };
        let message = self.pipeline.store().message_of(id).await?;
        let purpose = message.as_ref().map(|found| found.message.content.purpose);
        let purpose = purpose.unwrap_or(PurposeClass::Service);
        let deliveries = message.into_iter().flat_map(|found| found.deliveries);
        let Some(of) = deliveries.into_iter().find(|of| of.delivery.id == id) else {
            // Its content is gone, and with it the address.
            return Ok(true);
        };
        match mail.means {
            MailIn::Bounce(bounce) => self.bounced(&of, bounce).await,
            MailIn::Complaint(complaint) => self.complained(&of, complaint).await,
            MailIn::Unsubscribe => self.unsubscribed(&of, purpose).await,
            MailIn::Reply(reply) => Ok(self.replied(&of.delivery, reply).await),
            MailIn::AutoReply | MailIn::Unreadable => Ok(true),
        }
    }

    /// Nobody at an address: nothing more goes there. Whatever the reason, the delivery says
    /// what became of it.
    async fn bounced(&self, of: &DeliveryRecord, bounce: Bounce) -> store::Result<bool> {
        let Delivery { id, state, .. } = of.delivery;
        if state == DeliveryState::Claimed {
            // So quick that our own hand-over is not recorded yet.
            return Ok(false);
        }
        let (class, code) = (bounce.class.as_str(), &bounce.code);
        tracing::info!(delivery.id = %id, class, %code, "a mail came back");
        if bounce.class == BounceClass::Hard {
            self.suppress(&of.delivery, "hard_bounce").await?;
        }
        let (status, word) = match bounce.class {
            BounceClass::Delivered => (ReceiptStatus::Delivered, "delivered".to_owned()),
            BounceClass::Delayed => (ReceiptStatus::Intermediate, "delayed".to_owned()),
            _ => (ReceiptStatus::Failed, format!("bounced {class}")),
        };
        let code = format!("{word} {code}").trim_end().to_owned();
        Ok(self.receipt(of, status, code).await)
    }

    /// A reader pressed "spam": nothing more goes there, until that is taken back.
    async fn complained(&self, of: &DeliveryRecord, complaint: Complaint) -> store::Result<bool> {
        let kind = complaint.kind.as_str();
        tracing::info!(delivery.id = %of.delivery.id, kind, "a complaint came in");
        match complaint.kind {
            ComplaintKind::NotSpam | ComplaintKind::AuthFailure => {}
            _ => self.suppress(&of.delivery, "complaint").await?,
        }
        let code = format!("complaint {kind}");
        Ok(self.receipt(of, ReceiptStatus::Intermediate, code).await)
    }

    /// A reader wants no more of these: of offers, or of all that may be stopped. What
    /// protects them, and what the law wants them told, still comes.
    async fn unsubscribed(
        &self,
        of: &DeliveryRecord,
        purpose: PurposeClass,
    ) -> store::Result<bool> {
        let wished = Wished {
            wish: match purpose {
                PurposeClass::Marketing => Wish::StopMarketing,
                _ => Wish::StopAll,
            },
            said: Said {
                at: self.pipeline.clock().now(),
                how: How::Unsubscribe,
                source: "mail".to_owned(),
                wording: String::new(),
                locale: String::new(),
                by: String::new(),
            },
        };
        tracing::info!(delivery.id = %of.delivery.id, wish = %wished.wish, "a reader unsubscribed by mail");
        let contact = of.delivery.contact.clone();
        self.pipeline.wish(contact, wished).await?;
        Ok(true)
    }

    /// A person answers. It is kept as a text is, and stops as a text does: for the address
    /// the delivery went to, whatever `From` says and whoever sent it, because that is whose
    /// mail it answers: a stop that is lost is worse than one too many. A start must come from
    /// the address itself.
    async fn replied(&self, delivery: &Delivery, reply: Reply) -> bool {
        let now = self.pipeline.clock().now();
        let from = delivery.contact.clone();
        let partition = Partition::of(from.address.open());
        let heard = self.hear(own_words(reply.text.open()).as_ref());
        let wished = heard.wishes("reply", now);
        let wished = wished.filter(|wished| wished.wish != Wish::Start || may_start(&reply, &from));
        if let Some(Wished { wish, .. }) = &wished {
            tracing::info!(delivery.id = %delivery.id, %wish, "an answer by mail told us what it wishes");
        }
        let text = InboundText {
            id: self.pipeline.store().ids().next(partition, now),
            carrier: CARRIER.into(),
            from,
            to: delivery.id.to_string(),
            text: reply.text,
            received_at: now,
            wished,
            // Answers go to texts.
            answer: None,
        };
        self.record_texts(vec![text]).await
    }

    async fn suppress(&self, delivery: &Delivery, reason: &str) -> store::Result<()> {
        let contact = delivery.contact.clone();
        self.pipeline.suppress(contact, reason.to_owned()).await
    }

    async fn receipt(&self, of: &DeliveryRecord, status: ReceiptStatus, code: String) -> bool {
        let receipt = Receipt {
            status,
            code,
            carrier_time: None,
            received_at: self.pipeline.clock().now(),
        };
        let record = ReceiptRecord {
            wished: None,
            carrier: CARRIER.into(),
            carrier_id: String::new(),
            delivery: Some(of.delivery.id),
            hint: None,
            receipt,
        };
        self.record_receipts(vec![record]).await
    }
}

/// Whether an answer may begin something for an address: it says that it comes from there, and
/// nobody found that it does not. Who was forwarded a mail may end it, but not begin it again.
fn may_start(reply: &Reply, address: &ContactPoint) -> bool {
    let says_so = reply
        .from
        .open()
        .eq_ignore_ascii_case(address.address.open());
    says_so && reply.proofs.dmarc != Proof::Fail
}
