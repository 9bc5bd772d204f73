//! What customers wish, and the ledger of it.

use model::{
    Answer, Channel, ContactPoint, Customer, Id, InboundId, Instant, Lane, RecipientId, Sealed,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::Sqlite;
use super::customers::save;
use super::rows::{collect, id, instant, word};
use super::suppressions::{start_in, suppress_in};
use super::tx::Tx;
use crate::consents::entries;
use crate::{ConsentEntry, CustomerChange, DueAnswer, Error, Result, Wished};

impl Sqlite {
    pub(crate) async fn change_customer(&self, change: CustomerChange) -> Result<bool> {
        self.write(Lane::Security, 4, move |tx| {
            let recipient = change.recipient.as_i64();
            let known: Option<(i64, String)> = tx
                .connection
                .prepare_cached("SELECT version, profile FROM recipients WHERE id = ?1")?
                .query_row([recipient], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((_, profile)) = known.filter(|(version, _)| *version == change.version) else {
                return Ok(false);
            };
            let before = read(&profile)?;
            save(tx, recipient, &before, &change.customer)?;
            let lines = change.lines.clone();
            append(
                tx,
                recipient,
                (&change.customer.id, Some(&before)),
                lines,
                change.now,
            )?;
            Ok(true)
        })
        .await
    }

    pub(crate) async fn wish(&self, contact: ContactPoint, wished: Wished) -> Result<()> {
        self.write(Lane::Security, 4, move |tx| {
            wish_in(tx, &contact, &wished).map(|_| ())
        })
        .await
    }

    pub(crate) async fn due_answers(&self, limit: usize) -> Result<Vec<DueAnswer>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT id, carrier, sender, received_at, answer FROM inbound_texts
                 WHERE answer IS NOT NULL ORDER BY id LIMIT ?1",
            )?;
            let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
            collect(&mut rows, |row| {
                Ok(DueAnswer {
                    id: id(row, "id")?,
                    carrier: row.get("carrier")?,
                    from: ContactPoint {
                        channel: Channel::Sms,
                        address: Sealed::new(row.get::<_, String>("sender")?),
                    },
                    received_at: instant(row, "received_at")?,
                    answer: word(row, "answer", Answer::from_number)?,
                })
            })
        })
        .await
    }

    pub(crate) async fn answered(&self, texts: Vec<InboundId>) -> Result<()> {
        self.write(Lane::Normal, texts.len(), move |tx| {
            let mut statement = tx
                .connection
                .prepare_cached("UPDATE inbound_texts SET answer = NULL WHERE id = ?1")?;
            for text in &texts {
                statement.execute([text.as_i64()])?;
            }
            Ok(())
        })
        .await
    }

    pub(crate) async fn customers_with(&self, contact: ContactPoint) -> Result<Vec<String>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(
                "SELECT r.customer FROM contact_owners AS o JOIN recipients AS r ON r.id = o.recipient
                 WHERE o.digest = ?1 ORDER BY r.id",
            )?;
            let mut rows = statement.query([shared.secret.address(&contact)])?;
            collect(&mut rows, |row| Ok(row.get(0)?))
        })
        .await
    }

    pub(crate) async fn consent_ledger(&self, recipient: RecipientId) -> Result<Vec<ConsentEntry>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT number, text, seal FROM consent_lines WHERE recipient = ?1 ORDER BY number",
            )?;
            let mut rows = statement.query([recipient.as_i64()])?;
            collect(&mut rows, |row| {
                Ok(ConsentEntry {
                    number: row.get(0)?,
                    text: row.get(1)?,
                    seal: row.get(2)?,
                })
            })
        })
        .await
    }
}

fn read(profile: &str) -> Result<Customer> {
    serde_json::from_str(profile).map_err(|e| Error::Corrupt(format!("profile: {e}")))
}

/// Does what was wished of the channel of an address; whether that changed anything.
pub(super) fn wish_in(tx: &mut Tx<'_>, contact: &ContactPoint, wished: &Wished) -> Result<bool> {
    let mut is_new = false;
    let digest = tx.shared.secret.address(contact);
    let owners: Vec<(i64, String)> = {
        let mut statement = tx.connection.prepare_cached(
            "SELECT r.id, r.profile FROM contact_owners AS o JOIN recipients AS r ON r.id = o.recipient
             WHERE o.digest = ?1 ORDER BY r.id",
        )?;
        let mut rows = statement.query([digest])?;
        collect(&mut rows, |row| Ok((row.get(0)?, row.get(1)?)))?
    };
    for (recipient, profile) in owners {
        let before = read(&profile)?;
        let mut after = before.clone();
        let lines = after.wish(contact.channel, wished.wish, &wished.said);
        if after != before {
            save(tx, recipient, &before, &after)?;
        }
        if !lines.is_empty() {
            is_new = true;
            append(
                tx,
                recipient,
                (&after.id, Some(&before)),
                lines,
                wished.said.at,
            )?;
        }
    }
    is_new |= match wished.suppression(contact) {
        Some(new) => suppress_in(tx, &new)?.is_news,
        None if wished.wish == model::Wish::Start => start_in(tx, contact)?,
        None => false,
    };
    Ok(is_new)
}

/// What was decided about the owners of an address is decided again.
pub(super) fn outdate_owners(tx: &mut Tx<'_>, digest: i64) -> Result<()> {
    tx.connection
        .prepare_cached(
            "UPDATE recipients SET version = version + 1
             WHERE id IN (SELECT recipient FROM contact_owners WHERE digest = ?1)",
        )?
        .execute([digest])?;
    tx.versions.clear();
    Ok(())
}

/// Adds lines to a ledger; one that is empty opens with what the profile held before.
pub(super) fn append(
    tx: &Tx<'_>,
    recipient: i64,
    (customer, before): (&str, Option<&Customer>),
    lines: Vec<model::ConsentLine>,
    now: Instant,
) -> Result<()> {
    if lines.is_empty() && before.is_none_or(|before| before.consents.is_empty()) {
        return Ok(());
    }
    let last = last(tx.connection, recipient)?;
    let mut statement = tx.connection.prepare_cached(
        "INSERT INTO consent_lines (recipient, number, text, seal) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for entry in entries(last.as_ref(), customer, before, lines, now)? {
        statement.execute(params![recipient, entry.number, entry.text, entry.seal])?;
    }
    Ok(())
}

/// The last line of a ledger; its text is not needed.
fn last(connection: &Connection, recipient: i64) -> Result<Option<ConsentEntry>> {
    let found = connection
        .prepare_cached(
            "SELECT number, seal FROM consent_lines WHERE recipient = ?1 ORDER BY number DESC LIMIT 1",
        )?
        .query_row([recipient], |row| {
            Ok(ConsentEntry {
                number: row.get(0)?,
                text: String::new(),
                seal: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found)
}
