//! What is known of addresses, and changes that the old address is to be told of.

use deadpool_postgres::Transaction;
use model::{ChangeId, Channel, ContactPoint, Id, Instant, Lane, Mode, RecipientId, Sealed};
use tokio_postgres::Row;

use super::customers::Changed;
use super::failure::Failure;
use super::rows::{get, partition, partition_of, text, word};
use super::sql::contacts::{
    ADD_POINT, DUE_CHANGES, FORGET_POINTS, HEAL, KEEP_POINT, NOTE_CHANGES, POINTS, POINTS_OF, TOLD,
};
use super::sql::customers::OWNERS;
use super::steps::{Steps, ask, begin, commit, params};
use super::{Postgres, Shared, all_partitions, directory, retrying};
use crate::contacts::{health_reasons, lost};
use crate::{ContactChange, ContactRow, Error, Result};

impl Postgres {
    pub(crate) async fn contact_points(&self, recipient: RecipientId) -> Result<Vec<ContactRow>> {
        let params = params![partition(recipient), recipient.as_i64()];
        let found = self.ask_one(POINTS, params).await?;
        found.rows.iter().map(row).collect()
    }

    pub(crate) async fn contact_points_at(&self, at: ContactPoint) -> Result<Vec<ContactRow>> {
        let digest = self.shared.secret.address(&at);
        let owners = self.owners_of(at).await?;
        let partitions: Vec<i16> = owners.iter().map(|id| partition(*id)).collect();
        let owners: Vec<i64> = owners.iter().map(|id| id.as_i64()).collect();
        let params = params![partitions, owners, digest];
        let found = self.ask_one(POINTS_OF, params).await?;
        found.rows.iter().map(row).collect()
    }

    pub(crate) async fn owners_of(&self, at: ContactPoint) -> Result<Vec<RecipientId>> {
        let digest = self.shared.secret.address(&at);
        let params = params![vec![directory(digest)], vec![digest]];
        let found = self.ask_one(OWNERS, params).await?;
        let mut owners: Vec<RecipientId> = found
            .rows
            .iter()
            .map(|row| Ok(RecipientId::from_i64(get(row, 0)?)))
            .collect::<Result<_>>()?;
        owners.sort_unstable();
        Ok(owners)
    }

    pub(crate) async fn keep_contact_point(&self, row: ContactRow) -> Result<bool> {
        let state = serde_json::to_string(&row.state);
        let state = state.map_err(|e| Error::Corrupt(format!("state: {e}")))?;
        let (place, recipient) = (partition(row.recipient), row.recipient.as_i64());
        let state = text(&state);
        let done = match row.version {
            0 => {
                let params = params![place, recipient, row.digest, state];
                self.ask_one(ADD_POINT, params).await?
            }
            version => {
                let params = params![place, recipient, row.digest, state, version];
                self.ask_one(KEEP_POINT, params).await?
            }
        };
        Ok(done.affected > 0)
    }

    pub(crate) async fn heal(&self, at: ContactPoint) -> Result<bool> {
        let healed = retrying(|| self.shared.heal(&at)).await?;
        if healed {
            self.shared.outdate_owners(&[&at]).await?;
        }
        Ok(healed)
    }

    pub(crate) async fn due_contact_changes(&self, limit: usize) -> Result<Vec<ContactChange>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self
            .ask_one(DUE_CHANGES, params![all_partitions(), limit])
            .await?;
        let change = |row: &Row| {
            Ok(ContactChange {
                id: ChangeId::from_i64(get(row, 0)?),
                recipient: RecipientId::from_i64(get(row, 1)?),
                contact: ContactPoint {
                    channel: word(row, 2, Channel::from_number)?,
                    address: Sealed::new(get::<String>(row, 3)?),
                },
                mode: word(row, 4, Mode::from_number)?,
                changed_at: Instant::from_micros(get(row, 5)?),
            })
        };
        found.rows.iter().map(change).collect()
    }

    pub(crate) async fn contact_changes_told(&self, changes: Vec<ChangeId>) -> Result<()> {
        let partitions: Vec<i16> = changes.iter().map(|id| partition(*id)).collect();
        let ids: Vec<i64> = changes.iter().map(|id| id.as_i64()).collect();
        self.ask_one(TOLD, params![partitions, ids]).await?;
        Ok(())
    }
}

fn row(row: &Row) -> Result<ContactRow> {
    let state: &str = get(row, 3)?;
    Ok(ContactRow {
        recipient: RecipientId::from_i64(get(row, 0)?),
        digest: get(row, 1)?,
        version: get(row, 2)?,
        state: serde_json::from_str(state).map_err(|e| Error::Corrupt(format!("state: {e}")))?,
    })
}

impl Shared {
    async fn heal(&self, at: &ContactPoint) -> std::result::Result<bool, Failure> {
        let mut client = self.open(self.pool(Lane::Security)).await?;
        let tx = begin(&mut client).await?;
        let digest = self.secret.address(at);
        let params = params![directory(digest), digest, health_reasons()];
        let gone = ask(&tx, HEAL, params).await?.affected > 0;
        if gone {
            self.outdate_in(&tx, &[at]).await?;
        }
        commit(tx).await?;
        Ok(gone)
    }

    /// What was known of addresses that customers have no more is forgotten: proof belongs to
    /// the address, and whoever has it later proves it anew.
    pub(super) fn forget_lost(&self, steps: &mut Steps<'_>, changed: &[Changed]) {
        let digest = |contact: &ContactPoint| self.secret.address(contact);
        let gone = changed.iter().flat_map(|c| {
            let lost = lost(&c.before, &c.after, digest).into_iter();
            lost.map(|(digest, _)| (c.id.as_i64(), digest))
        });
        let (owners, digests): (Vec<i64>, Vec<i64>) = gone.unzip();
        if !owners.is_empty() {
            let partitions: Vec<i16> = owners.iter().map(|id| partition_of(*id)).collect();
            steps.add(FORGET_POINTS, params![partitions, owners, digests]);
        }
    }

    /// Notes that the addresses customers have no more are to be told.
    pub(super) async fn note_changes(
        &self,
        tx: &Transaction<'_>,
        changed: &[Changed],
        (now, mode): (Instant, Mode),
    ) -> std::result::Result<(), Failure> {
        let digest = |contact: &ContactPoint| self.secret.address(contact);
        let lost: Vec<(RecipientId, &ContactPoint)> = changed
            .iter()
            .flat_map(|c| {
                let lost = lost(&c.before, &c.after, digest).into_iter();
                lost.map(|(_, old)| (c.id, old))
            })
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let count = lost.len();
        let of = lost.iter();
        let ids = of.clone().map(|(whose, _)| {
            let id: ChangeId = self.ids.next(whose.partition(), now);
            id.as_i64()
        });
        let params = params![
            of.clone()
                .map(|(whose, _)| partition(*whose))
                .collect::<Vec<_>>(),
            ids.collect::<Vec<_>>(),
            of.clone()
                .map(|(whose, _)| whose.as_i64())
                .collect::<Vec<_>>(),
            of.clone()
                .map(|(_, old)| i16::from(old.channel.number()))
                .collect::<Vec<_>>(),
            of.clone()
                .map(|(_, old)| text(old.address.open()))
                .collect::<Vec<_>>(),
            vec![i16::from(mode.number()); count],
            vec![now.as_micros(); count],
        ];
        ask(tx, NOTE_CHANGES, params).await?;
        Ok(())
    }
}
