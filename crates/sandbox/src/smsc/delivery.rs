//! What the carrier sends to the client: receipts, and texts from phones.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smpp::gsm::{National, Tables};
use smpp::pdu::{Address, DeliverSm, MessageState, SubmitSm, esm_class, registered_delivery, tlv};
use smpp::receipt::ReceiptDate;
use tokio::sync::oneshot;

use super::address;
use super::outbox::{About, Item};
use crate::civil_time::Civil;
use crate::faults::Plan;
use crate::kept::{Body, Direction, NewText, ReceiptState};
use crate::shared::Shared;

/// A receipt repeats so many characters of its text, SMPP 3.4 Appendix B.
const REPEATED: usize = 20;
/// The longest text a phone may send.
const LONGEST_TEXT: usize = 1600;
const RECEIPT_KIND: u8 = 0x03;

/// The receipt of a submit_sm, on its way to the outbox. It goes there when this is
/// dropped: after the answer, or when the session ends before there is one.
pub(super) struct Receipt {
    shared: Arc<Shared>,
    item: Option<Item>,
    swapped: bool,
    delay: Duration,
}

impl Receipt {
    /// Resolves when a client has taken the receipt.
    pub(super) fn when_taken(&mut self) -> Option<oneshot::Receiver<()>> {
        self.item.as_mut().map(Item::when_taken)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let Some(item) = self.item.take() else { return };
        if self.swapped {
            self.shared.outbox.add_swapped(item, self.delay);
        } else {
            self.shared.outbox.add(item, self.delay);
        }
    }
}

/// The error in the receipt of a text whose owner told the carrier to stop.
const OPTED_OUT: &str = "061";

/// Writes the receipt of a submit_sm, if one is wanted.
pub(super) fn receipt_of(
    submit: &SubmitSm,
    body: Body<'_>,
    message_id: &str,
    kept: Option<u64>,
    plan: &Plan,
    shared: &Arc<Shared>,
) -> Option<Receipt> {
    let wanted = submit.registered_delivery & RECEIPT_KIND;
    if wanted == registered_delivery::NONE || plan.faults.texts.receipts_off {
        return None;
    }
    let opted_out = plan.is_opted_out(&super::address::written(&submit.destination));
    let delivered = plan.next_receipt_is_delivered() && !opted_out;
    if delivered && wanted == registered_delivery::FAILURE {
        return None;
    }
    let error = match (delivered, opted_out) {
        (true, _) => "000",
        (false, true) => OPTED_OUT,
        (false, false) => "001",
    };
    let pdu = receipt_pdu(submit, body, message_id, error, (shared.config.now)());
    let state = if delivered {
        ReceiptState::Delivered
    } else {
        ReceiptState::Undelivered
    };
    if let Some(id) = kept {
        shared.texts().note_receipt(id, ReceiptState::Waiting);
    }
    Some(Receipt {
        shared: Arc::clone(shared),
        item: Some(Item::new(pdu, About::Receipt { text: kept, state })),
        swapped: plan.faults.texts.receipts_out_of_order,
        delay: plan.receipt_delay(),
    })
}

fn receipt_pdu(
    submit: &SubmitSm,
    body: Body<'_>,
    message_id: &str,
    error: &str,
    now: i64,
) -> DeliverSm {
    let delivered = error == "000";
    let state = if delivered {
        MessageState::Delivered
    } else {
        MessageState::Undeliverable
    };
    let date = ReceiptDate::parse(&Civil::of(now).receipt_digits());
    let receipt = smpp::receipt::Receipt {
        message_id: Some(message_id.to_owned()),
        state: Some(state),
        error: Some(error.to_owned()),
        submitted: Some(1),
        delivered: Some(u32::from(delivered)),
        submit_date: date,
        done_date: date,
    };
    // The receipt is in ASCII, whatever alphabet its text had.
    let beginning: String = body
        .text()
        .chars()
        .take(REPEATED)
        .map(|letter| {
            if letter.is_ascii() && !letter.is_ascii_control() {
                letter
            } else {
                '?'
            }
        })
        .collect();
    let id_octets = [message_id.as_bytes(), &[0]].concat();
    let mut pdu = DeliverSm {
        source: submit.destination.clone(),
        destination: submit.source.clone(),
        esm_class: esm_class::DELIVERY_RECEIPT,
        short_message: receipt.to_text(&beginning).into_bytes(),
        ..DeliverSm::default()
    };
    pdu.tlvs.push(tlv::tag::RECEIPTED_MESSAGE_ID, id_octets);
    pdu.tlvs.push(tlv::tag::MESSAGE_STATE, [u8::from(state)]);
    if let Some(reference) = submit.tlvs.user_message_reference() {
        let reference = reference.to_be_bytes();
        pdu.tlvs.push(tlv::tag::USER_MESSAGE_REFERENCE, reference);
    }
    pdu
}

/// A text from a phone to whoever is bound.
#[derive(Clone, Debug)]
pub(crate) struct InboundText {
    /// The phone's number.
    pub(crate) from: String,
    /// The number, short code or name it writes to.
    pub(crate) to: String,
    pub(crate) text: String,
}

/// Why a text from a phone cannot be sent: the field, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InboundTextProblem {
    pub(crate) field: &'static str,
    pub(crate) detail: &'static str,
}

impl fmt::Display for InboundTextProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.detail)
    }
}

impl InboundText {
    fn check(&self) -> Result<(), InboundTextProblem> {
        let problem = |field, detail| Err(InboundTextProblem { field, detail });
        let digits = self.from.strip_prefix('+').unwrap_or(&self.from);
        if !(3..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return problem(
                "from",
                "must be a phone number of 3 to 15 digits, with or without +",
            );
        }
        if self.to.is_empty()
            || self.to.len() > 20
            || !self.to.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        {
            return problem(
                "to",
                "must be a number, short code or name of 1 to 20 plain characters",
            );
        }
        if self.text.trim().is_empty() || self.text.chars().count() > LONGEST_TEXT {
            return problem("text", "must have 1 to 1600 characters");
        }
        Ok(())
    }
}

/// Keeps a text from a phone and puts it in the outbox. Gives what to wait for: it
/// resolves when a client has taken the last part.
pub(crate) fn send_from_phone(
    inbound: &InboundText,
    shared: &Shared,
) -> Result<oneshot::Receiver<()>, InboundTextProblem> {
    inbound.check()?;
    let message_id = shared.message_ids.next();
    // Eight bits of the id's number are all the header has room for.
    let reference = message_id
        .bytes()
        .fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let (source, destination) = (
        address::on_the_wire(&inbound.from),
        address::on_the_wire(&inbound.to),
    );
    let segments = smpp::gsm::segment(&inbound.text, false, National::NONE);
    let mut last = None;
    for part in segments.parts_with_udh(reference) {
        let mut item = Item::new(part_pdu(&source, &destination, &part), About::InboundText);
        last = Some(item.when_taken());
        shared.outbox.add(item, Duration::ZERO);
    }
    let octets = inbound
        .text
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect::<Vec<_>>();
    shared.texts().keep(NewText {
        at: (shared.config.now)(),
        direction: Direction::FromPhone,
        from: &inbound.from,
        to: &inbound.to,
        body: Body {
            data_coding: 8,
            tables: Tables::DEFAULT,
            octets: &octets,
        },
        part: None,
        message_id: &message_id,
    });
    shared.tell_news();
    Ok(last.expect("every text has at least one part"))
}

fn part_pdu(source: &Address, destination: &Address, part: &smpp::gsm::PartWithUdh) -> DeliverSm {
    DeliverSm {
        source: source.clone(),
        destination: destination.clone(),
        esm_class: part.esm_class,
        data_coding: part.data_coding,
        short_message: part.octets.clone(),
        ..DeliverSm::default()
    }
}
