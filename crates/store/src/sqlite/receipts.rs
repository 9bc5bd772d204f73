//! What carriers say later, and texts that come in.

use model::{
    ContactPoint, Delivery, DeliveryId, DeliveryState, Id, Instant, Lane, Receipt, ReceiptStatus,
};
use rusqlite::params;

use super::Sqlite;
use super::claims::leave_due;
use super::consents::wish_in;
use super::outcomes::standing;
use super::rows::{collect, contact, instant, maybe_instant, stable_hash, word};
use super::tx::Tx;
use crate::{InboundText, ReceiptMatch, ReceiptRecord, Result};

/// Parked receipts are kept so long; one that nobody claims by then names nothing of ours.
const PARKED_FOR: model::Span = model::Span::days(3);
/// And at most so many: a carrier that sends rubbish does not fill the disk.
const PARKED_AT_MOST: i64 = 100_000;

impl Sqlite {
    pub(crate) async fn record_receipts(
        &self,
        receipts: Vec<ReceiptRecord>,
    ) -> Result<Vec<ReceiptMatch>> {
        let weight = receipts.len() * 2;
        self.write(Lane::Normal, weight, move |tx| {
            receipts.iter().map(|receipt| record(tx, receipt)).collect()
        })
        .await
    }

    pub(crate) async fn record_inbound(&self, texts: Vec<InboundText>) -> Result<()> {
        self.write(Lane::Security, texts.len(), move |tx| {
            for text in &texts {
                let is_new = match &text.wished {
                    Some(wished) => wish_in(tx, &text.from, wished)?,
                    None => true,
                };
                tx.connection
                    .prepare_cached(
                        "INSERT INTO inbound_texts (id, carrier, sender, destination, text, received_at, suppressed, answer)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    )?
                    .execute(params![
                        text.id.as_i64(),
                        text.carrier,
                        text.from.address.open(),
                        text.to,
                        text.text.open(),
                        text.received_at.as_micros(),
                        text.wished
                            .as_ref()
                            .and_then(|wished| wished.suppresses(text.from.channel)),
                        text.answer.filter(|_| is_new).map(model::Answer::number),
                    ])?;
            }
            Ok(())
        })
        .await
    }
}

pub(super) fn carrier_hash(carrier: &str, carrier_id: &str) -> i64 {
    stable_hash(&[carrier.as_bytes(), carrier_id.as_bytes()])
}

fn record(tx: &mut Tx<'_>, record: &ReceiptRecord) -> Result<ReceiptMatch> {
    if let Some(wished) = &record.wished {
        wish_in(tx, &wished.0, &wished.1)?;
    }
    let hash = carrier_hash(&record.carrier, &record.carrier_id);
    let named = match record.delivery {
        Some(delivery) => Some(delivery.as_i64()),
        None => find(tx, hash, &record.carrier, &record.carrier_id)?,
    };
    let named = match named {
        Some(delivery) => Some(delivery),
        None => find_in_doubt(tx, record.hint.as_ref())?,
    };
    match named {
        Some(delivery) => {
            apply(tx, delivery, hash, &record.receipt)?;
            Ok(ReceiptMatch::Matched(
                DeliveryId::from_i64(delivery),
                record.receipt.status,
            ))
        }
        None => {
            park(tx, hash, record)?;
            Ok(ReceiptMatch::Parked)
        }
    }
}

/// The delivery a carrier's id names. The hash finds candidates, the attempt decides.
pub(super) fn find(tx: &Tx<'_>, hash: i64, carrier: &str, carrier_id: &str) -> Result<Option<i64>> {
    let mut statement = tx.connection.prepare_cached(
        "SELECT c.delivery FROM carrier_ids c
         JOIN attempts a ON a.delivery = c.delivery AND a.carrier_id = ?2 AND a.carrier = ?3
         WHERE c.hash = ?1 ORDER BY c.delivery DESC LIMIT 1",
    )?;
    let carrier = tx.shared.names.number(tx.connection, carrier)?;
    let mut rows = statement.query(params![hash, carrier_id, carrier])?;
    Ok(match rows.next()? {
        Some(row) => Some(row.get(0)?),
        None => None,
    })
}

/// The delivery in doubt that a receipt's number and reference name. One that is claimed
/// again is not meant: its outcome, or its next doubt, looks among the parked receipts.
fn find_in_doubt(tx: &Tx<'_>, hint: Option<&(ContactPoint, u16)>) -> Result<Option<i64>> {
    let Some((contact, reference)) = hint else {
        return Ok(None);
    };
    let mut statement = tx.connection.prepare_cached(
        "SELECT id FROM deliveries WHERE state = 3 AND address = ?1 AND channel = ?2
             AND id NOT IN (SELECT delivery FROM leases) ORDER BY id",
    )?;
    let mut rows = statement.query(params![contact.address.open(), contact.channel.number()])?;
    while let Some(row) = rows.next()? {
        let delivery: i64 = row.get(0)?;
        if Delivery::reference(DeliveryId::from_i64(delivery)) == *reference {
            return Ok(Some(delivery));
        }
    }
    Ok(None)
}

/// Keeps the receipt with its delivery and moves the delivery, if its state allows.
fn apply(tx: &mut Tx<'_>, delivery: i64, hash: i64, receipt: &Receipt) -> Result<()> {
    tx.connection
        .prepare_cached(
            "INSERT INTO receipts (delivery, number, status, code, carrier_time, received_at)
             VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM receipts WHERE delivery = ?1), ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            delivery,
            receipt.status.number(),
            receipt.code,
            receipt.carrier_time.map(Instant::as_micros),
            receipt.received_at.as_micros(),
        ])?;
    let to = match receipt.status {
        ReceiptStatus::Intermediate => return Ok(()),
        ReceiptStatus::Delivered => DeliveryState::Delivered,
        ReceiptStatus::Failed => DeliveryState::Undelivered,
    };
    let Some((from, ..)) = standing(tx, delivery)? else {
        return Ok(());
    };
    let quoted = tx.quoted(delivery)?;
    let awaits_price = quoted.is_some();
    // What the state does not allow (a failure after "delivered") is kept as a receipt only.
    if from.to(to).is_ok() {
        if !from.is_settled() {
            leave_due(tx, delivery)?;
        }
        tx.went(quoted, to);
        tx.connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, changed_at = ?3, secret = NULL WHERE id = ?1",
            )?
            .execute(params![
                delivery,
                to.number(),
                receipt.received_at.as_micros()
            ])?;
    }
    if to == DeliveryState::Delivered && !awaits_price {
        // Final: nothing more is expected, the directory entry leaves.
        tx.connection
            .prepare_cached("DELETE FROM carrier_ids WHERE hash = ?1 AND delivery = ?2")?
            .execute(params![hash, delivery])?;
    }
    Ok(())
}

fn park(tx: &Tx<'_>, hash: i64, record: &ReceiptRecord) -> Result<()> {
    let receipt = &record.receipt;
    tx.connection
        .prepare_cached(
            "INSERT INTO parked_receipts (hash, carrier, carrier_id, status, code, carrier_time, received_at,
                 address, reference)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            hash,
            record.carrier,
            record.carrier_id,
            receipt.status.number(),
            receipt.code,
            receipt.carrier_time.map(Instant::as_micros),
            receipt.received_at.as_micros(),
            record.hint.as_ref().map(|(contact, _)| tx.shared.secret.address(contact)),
            record.hint.as_ref().map(|(_, reference)| *reference),
        ])?;
    let newest = tx.connection.last_insert_rowid();
    tx.connection
        .prepare_cached(
            "DELETE FROM parked_receipts WHERE id IN
                 (SELECT id FROM parked_receipts WHERE received_at < ?1 OR id <= ?2 ORDER BY id LIMIT 2)",
        )?
        .execute(params![(receipt.received_at - PARKED_FOR).as_micros(), newest - PARKED_AT_MOST])?;
    Ok(())
}

/// Applies the receipts that came before the response which names this delivery.
pub(super) fn apply_parked(
    tx: &mut Tx<'_>,
    delivery: i64,
    hash: i64,
    carrier: &str,
    carrier_id: &str,
) -> Result<()> {
    let parked = {
        let mut statement = tx.connection.prepare_cached(
            "SELECT * FROM parked_receipts WHERE hash = ?1 AND carrier = ?2 AND carrier_id = ?3 ORDER BY id",
        )?;
        collect(
            &mut statement.query(params![hash, carrier, carrier_id])?,
            read_parked,
        )?
    };
    apply_each(tx, delivery, hash, parked)
}

/// Applies the receipts that came for a delivery which is now in doubt.
pub(super) fn apply_parked_in_doubt(tx: &mut Tx<'_>, delivery: i64) -> Result<()> {
    let parked = {
        let mut address = tx
            .connection
            .prepare_cached("SELECT channel, address FROM deliveries WHERE id = ?1")?;
        let mut rows = address.query([delivery])?;
        let Some(row) = rows.next()? else {
            return Ok(());
        };
        let digest = tx.shared.secret.address(&contact(row)?);
        let reference = Delivery::reference(DeliveryId::from_i64(delivery));
        let mut statement = tx.connection.prepare_cached(
            "SELECT * FROM parked_receipts WHERE address = ?1 AND reference = ?2 ORDER BY id",
        )?;
        collect(
            &mut statement.query(params![digest, reference])?,
            read_parked,
        )?
    };
    apply_each(tx, delivery, 0, parked)
}

fn read_parked(row: &rusqlite::Row<'_>) -> Result<(i64, Receipt)> {
    let receipt = Receipt {
        status: word(row, "status", ReceiptStatus::from_number)?,
        code: row.get("code")?,
        carrier_time: maybe_instant(row, "carrier_time")?,
        received_at: instant(row, "received_at")?,
    };
    Ok((row.get("id")?, receipt))
}

fn apply_each(
    tx: &mut Tx<'_>,
    delivery: i64,
    hash: i64,
    parked: Vec<(i64, Receipt)>,
) -> Result<()> {
    for (id, receipt) in parked {
        apply(tx, delivery, hash, &receipt)?;
        tx.connection
            .prepare_cached("DELETE FROM parked_receipts WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(())
}
