//! What an SMSC delivers, as [`Inbound`]: receipts and customers' texts. Everything in a
//! deliver_sm is a stranger's word; what is passed on is cut to size and cleaned.

use model::{Instant, ReceiptStatus, Sealed, Span};
use smpp::gsm::{self, Concatenation};
use smpp::pdu::{Address, DeliverSm, MessageState};
use smpp::receipt::{Receipt, ReceiptDate};

use super::SmsConfig;
use crate::Inbound;

/// What one deliver_sm holds.
#[derive(Debug)]
pub(super) enum Content {
    /// Something to pass on.
    Item(Inbound),
    /// One part of a longer text, from and to.
    Part {
        ends: (String, String),
        place: Concatenation,
        text: String,
    },
    /// A receipt that names no message: nobody could use it.
    Nameless,
}

pub(super) fn read(pdu: &DeliverSm, config: &SmsConfig) -> Content {
    if let Some(receipt) = Receipt::of(pdu) {
        return match read_receipt(&receipt, pdu, config) {
            Some(inbound) => Content::Item(inbound),
            None => Content::Nameless,
        };
    }
    let ends = (
        number(&pdu.source),
        clean(&pdu.destination.value.text(), 21),
    );
    match gsm::text_of(pdu) {
        (Some(place), text) if place.total > 1 => Content::Part { ends, place, text },
        (_, text) => Content::Item(text_inbound(config, ends, text)),
    }
}

pub(super) fn text_inbound(
    config: &SmsConfig,
    (from, to): (String, String),
    text: String,
) -> Inbound {
    Inbound::Text {
        carrier: config.name.clone(),
        from: Sealed::new(from),
        to,
        text: Sealed::new(text),
    }
}

fn read_receipt(receipt: &Receipt, pdu: &DeliverSm, config: &SmsConfig) -> Option<Inbound> {
    let id = receipt.message_id.as_deref().filter(|id| !id.is_empty())?;
    let (status, word) = match receipt.state {
        Some(MessageState::Delivered) => (ReceiptStatus::Delivered, "DELIVRD"),
        Some(MessageState::Expired) => (ReceiptStatus::Failed, "EXPIRED"),
        Some(MessageState::Deleted) => (ReceiptStatus::Failed, "DELETED"),
        Some(MessageState::Undeliverable) => (ReceiptStatus::Failed, "UNDELIV"),
        Some(MessageState::Rejected) => (ReceiptStatus::Failed, "REJECTD"),
        Some(MessageState::Skipped) => (ReceiptStatus::Failed, "SKIPPED"),
        Some(MessageState::Scheduled) => (ReceiptStatus::Intermediate, "SCHEDULED"),
        Some(MessageState::Enroute) => (ReceiptStatus::Intermediate, "ENROUTE"),
        // Meant for texts that the carrier's staff read to the customer; used by carriers
        // for "on its way".
        Some(MessageState::Accepted) => (ReceiptStatus::Intermediate, "ACCEPTD"),
        // The carrier does not know, so neither do we.
        Some(MessageState::Unknown | MessageState::Other(_)) | None => {
            (ReceiptStatus::Intermediate, "UNKNOWN")
        }
    };
    let error = receipt.error.as_deref().map(|error| clean(error, 16));
    let code = match error {
        Some(error) if !error.is_empty() && error.bytes().any(|b| b != b'0') => {
            format!("{word} err:{error}")
        }
        _ => word.to_owned(),
    };
    let carrier_time = receipt
        .done_date
        .zip(config.clock_ahead_of_utc)
        .and_then(|(date, ahead)| utc(date, ahead));
    let opted_out = status == ReceiptStatus::Failed
        && code
            .split_once(' ')
            .is_some_and(|(_, error)| config.opt_out_errors.contains(error));
    Some(Inbound::Receipt {
        opted_out,
        carrier: config.name.clone(),
        carrier_id: config.id_format.of_receipt(&clean(id, 65)),
        status,
        code,
        carrier_time,
        reference: pdu.tlvs.user_message_reference(),
        // A receipt travels the other way: its source is the phone.
        to: Sealed::new(number(&pdu.source)),
    })
}

fn utc(date: ReceiptDate, ahead: Span) -> Option<Instant> {
    let ReceiptDate {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = date;
    let second = second.unwrap_or(0).min(59);
    let wall = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    Some(Instant::parse(&wall).ok()? - ahead)
}

/// A sender as E.164 where it is one: the number type says so, or it is of unknown type
/// and too long for anything else. Short codes, names and national numbers stay as they are.
fn number(address: &Address) -> String {
    let text = clean(&address.value.text(), 21);
    let digits = text.strip_prefix('+').unwrap_or(&text);
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 15;
    let international = address.ton == Address::TON_INTERNATIONAL
        || text.starts_with('+')
        || (address.ton == Address::TON_UNKNOWN && digits.len() >= 10);
    if is_number && international && digits.len() >= 7 {
        format!("+{digits}")
    } else {
        text
    }
}

/// Printable characters only, and not too many.
fn clean(text: &str, most: usize) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(most).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smpp::pdu::esm_class;

    use super::*;
    use crate::SmsSource;

    fn config() -> SmsConfig {
        let source = SmsSource {
            address: "Marigold".into(),
            ton: 5,
            npi: 0,
        };
        let mut config = SmsConfig::new("smsc", "localhost", 1, "id", Sealed::new("pw"), [source]);
        config.clock_ahead_of_utc = Some(Span::hours(-3));
        config.opt_out_errors = ["err:061".to_owned()].into();
        config
    }

    fn receipt(text: &str) -> Option<Inbound> {
        let pdu = DeliverSm {
            esm_class: esm_class::DELIVERY_RECEIPT,
            short_message: text.as_bytes().to_vec(),
            ..DeliverSm::default()
        };
        match read(&pdu, &config()) {
            Content::Item(inbound) => Some(inbound),
            Content::Nameless => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn receipts_by_hand() {
        let given = "id:0042 sub:001 dlvrd:001 submit date:2611220930 done date:261122093105 \
                     stat:DELIVRD err:000 text:Your parcel";
        assert_eq!(
            receipt(given),
            Some(Inbound::Receipt {
                carrier: "smsc".into(),
                carrier_id: config().id_format.of_receipt("0042"),
                status: ReceiptStatus::Delivered,
                code: "DELIVRD".into(),
                carrier_time: Some(Instant::parse("2026-11-22T12:31:05Z").unwrap()),
                reference: None,
                to: Sealed::default(),
                opted_out: false,
            })
        );
        for (stat, status, code) in [
            (
                "stat:UNDELIV err:011",
                ReceiptStatus::Failed,
                "UNDELIV err:011",
            ),
            ("stat:EXPIRED err:000", ReceiptStatus::Failed, "EXPIRED"),
            ("stat:REJECTD", ReceiptStatus::Failed, "REJECTD"),
            ("stat:ACCEPTD err:0", ReceiptStatus::Intermediate, "ACCEPTD"),
            ("stat:UNKNOWN", ReceiptStatus::Intermediate, "UNKNOWN"),
            ("stat:???????", ReceiptStatus::Intermediate, "UNKNOWN"),
            ("", ReceiptStatus::Intermediate, "UNKNOWN"),
        ] {
            let Some(Inbound::Receipt {
                status: s,
                code: c,
                carrier_time,
                ..
            }) = receipt(&format!("id:7 {stat}"))
            else {
                panic!("a receipt");
            };
            assert_eq!((s, c.as_str(), carrier_time), (status, code, None));
        }
        assert_eq!(receipt("stat:DELIVRD"), None);
    }

    #[test]
    fn an_error_that_means_so_says_that_the_customer_stopped() {
        for (stat, stopped) in [
            ("stat:REJECTD err:061", true),
            ("stat:REJECTD err:62", false),
            ("stat:ENROUTE err:061", false),
            ("stat:REJECTD", false),
        ] {
            let Some(Inbound::Receipt { opted_out, .. }) = receipt(&format!("id:7 {stat}")) else {
                panic!("a receipt");
            };
            assert_eq!(opted_out, stopped, "{stat}");
        }
    }

    #[test]
    fn senders_become_e164_where_they_are() {
        for (ton, given, expected) in [
            (1, "15550100123", "+15550100123"),
            (0, "15550100123", "+15550100123"),
            (0, "+15550100123", "+15550100123"),
            (1, "0015550100123", "+15550100123"),
            (0, "70070", "70070"),
            (2, "5550100123", "5550100123"),
            (5, "Marigold", "Marigold"),
            (1, "1555\r\n0100", "+15550100"),
        ] {
            assert_eq!(number(&Address::new(ton, 1, given)), expected);
        }
    }

    proptest! {
        #[test]
        fn no_message_breaks_it(
            octets in proptest::collection::vec(any::<u8>(), 0..200),
            esm in any::<u8>(), coding in any::<u8>(), from in ".{0,40}",
        ) {
            let pdu = DeliverSm {
                esm_class: esm,
                data_coding: coding,
                source: Address::new(1, 1, from.as_str()),
                short_message: octets,
                ..DeliverSm::default()
            };
            read(&pdu, &config());
        }
    }
}
