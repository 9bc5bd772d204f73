//! Recipients: profiles, the facts decisions read, suppressed addresses.

use model::{ChangeId, Channel, Customer, Facts, Id, Instant, Lane, Mode, Partition, RecipientId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::consents::append;
use super::contacts::{forget, note};
use super::rows::{collect, id};
use super::suppressions::suppressed_for;
use super::tx::Tx;
use super::{Shared, Sqlite};
use crate::{Error, Result};

impl Sqlite {
    /// Creates or replaces profiles; with a mode, notes that old addresses are to be told.
    pub(crate) async fn put_profiles_of(
        &self,
        customers: Vec<Customer>,
        now: Instant,
        tell: Option<Mode>,
    ) -> Result<Vec<RecipientId>> {
        // Ids are drawn here, for customers that may turn out to exist; unused ones are lost.
        let drawn: Vec<RecipientId> = customers
            .iter()
            .map(|c| self.ids().next(Partition::of(&c.id), now))
            .collect();
        // So with those of notes.
        let notes: Vec<Tells> = drawn
            .iter()
            .map(|id| {
                let partition = id.partition();
                tell.map(|mode| {
                    (
                        Channel::ALL
                            .iter()
                            .map(|_| self.ids().next(partition, now))
                            .collect(),
                        mode,
                    )
                })
            })
            .collect();
        self.write(Lane::Normal, customers.len(), move |tx| {
            customers
                .iter()
                .zip(drawn.iter().zip(&notes))
                .map(|(customer, (id, notes))| put(tx, customer, *id, (now, notes)))
                .collect()
        })
        .await
    }

    pub(crate) async fn facts(&self, customers: Vec<String>) -> Result<Vec<Option<Facts>>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(
                "SELECT id, version, profile FROM recipients WHERE partition = ?1 AND customer = ?2",
            )?;
            customers
                .iter()
                .map(|customer| {
                    let partition = Partition::of(customer).number();
                    let mut rows = statement.query(params![partition, customer])?;
                    rows.next()?.map(|row| facts(connection, shared, row)).transpose()
                })
                .collect()
        })
        .await
    }

    pub(crate) async fn facts_of(
        &self,
        recipients: Vec<RecipientId>,
    ) -> Result<Vec<Option<Facts>>> {
        self.read(move |connection, shared| {
            let mut statement = connection
                .prepare_cached("SELECT id, version, profile FROM recipients WHERE id = ?1")?;
            recipients
                .iter()
                .map(|recipient| {
                    let mut rows = statement.query([recipient.as_i64()])?;
                    rows.next()?
                        .map(|row| facts(connection, shared, row))
                        .transpose()
                })
                .collect()
        })
        .await
    }

    pub(crate) async fn customers(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Customer>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT profile FROM recipients WHERE customer > ?1 ORDER BY customer LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![after.unwrap_or_default(), limit])?;
            collect(&mut rows, profile)
        })
        .await
    }
}

fn profile(row: &Row<'_>) -> Result<Customer> {
    let text = row
        .get_ref("profile")?
        .as_str()
        .map_err(|e| Error::Corrupt(format!("profile: {e}")))?;
    serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("profile: {e}")))
}

fn facts(connection: &Connection, shared: &Shared, row: &Row<'_>) -> Result<Facts> {
    let customer = profile(row)?;
    let mut suppressed = Vec::new();
    for channel in Channel::ALL {
        if let Some(contact) = customer.contact(*channel) {
            let found = suppressed_for(connection, shared.secret.address(contact))?;
            suppressed.extend(found.into_iter().map(|one| (*channel, one)));
        }
    }
    Ok(Facts {
        recipient: id(row, "id")?,
        version: row.get("version")?,
        customer,
        suppressed,
    })
}

/// Ids for notes about old addresses, and the mode in which those are told.
pub(super) type Tells = Option<(Vec<ChangeId>, Mode)>;

fn put(
    tx: &mut Tx<'_>,
    sent: &Customer,
    drawn: RecipientId,
    (now, tells): (Instant, &Tells),
) -> Result<RecipientId> {
    let partition = Partition::of(&sent.id).number();
    let known: Option<(i64, String)> = tx
        .connection
        .prepare_cached(
            "SELECT id, profile FROM recipients WHERE partition = ?1 AND customer = ?2",
        )?
        .query_row(params![partition, sent.id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((id, profile)) = known else {
        let (customer, lines) = sent.clone().put_over(None, now);
        let id = drawn.as_i64();
        tx.connection
            .prepare_cached(
                "INSERT INTO recipients (id, partition, customer, profile, version, created_at)
                 VALUES (?1, ?2, ?3, ?4, 1, ?5)",
            )?
            .execute(params![
                id,
                partition,
                sent.id,
                written(&customer)?,
                now.as_micros()
            ])?;
        own(tx, id, &customer)?;
        append(tx, id, (&sent.id, None), lines, now)?;
        return Ok(drawn);
    };
    let before: Customer =
        serde_json::from_str(&profile).map_err(|e| Error::Corrupt(format!("profile: {e}")))?;
    let (customer, lines) = sent.clone().put_over(Some(&before), now);
    if customer != before {
        save(tx, id, &before, &customer)?;
        append(tx, id, (&sent.id, Some(&before)), lines, now)?;
        if let Some((ids, mode)) = tells {
            note(tx, (ids, *mode), id, (&before, &customer), now)?;
        }
    }
    Ok(RecipientId::from_i64(id))
}

fn written(customer: &Customer) -> Result<String> {
    serde_json::to_string(customer).map_err(|e| Error::Corrupt(format!("profile: {e}")))
}

/// Puts a profile in the place of another, and outdates what was decided under it.
pub(super) fn save(tx: &mut Tx<'_>, id: i64, before: &Customer, after: &Customer) -> Result<()> {
    tx.connection
        .prepare_cached("UPDATE recipients SET profile = ?2, version = version + 1 WHERE id = ?1")?
        .execute(params![id, written(after)?])?;
    tx.versions.remove(&RecipientId::from_i64(id));
    if (&before.phone, &before.email) != (&after.phone, &after.email) {
        disown(tx, id, before)?;
        own(tx, id, after)?;
        forget(tx, id, before, after)?;
    }
    Ok(())
}

/// Puts the addresses of a profile into the directory.
fn own(tx: &Tx<'_>, recipient: i64, customer: &Customer) -> Result<()> {
    for contact in [&customer.phone, &customer.email].into_iter().flatten() {
        tx.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO contact_owners (digest, recipient) VALUES (?1, ?2)",
            )?
            .execute(params![tx.shared.secret.address(contact), recipient])?;
    }
    Ok(())
}

/// Takes the addresses of an old profile out of the directory.
fn disown(tx: &Tx<'_>, recipient: i64, before: &Customer) -> Result<()> {
    for contact in [&before.phone, &before.email].into_iter().flatten() {
        tx.connection
            .prepare_cached("DELETE FROM contact_owners WHERE digest = ?1 AND recipient = ?2")?
            .execute(params![tx.shared.secret.address(contact), recipient])?;
    }
    Ok(())
}
