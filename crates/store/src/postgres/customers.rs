//! Recipients: profiles, the facts decisions read, suppressed addresses.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::Transaction;
use model::{
    Channel, ConsentLine, Customer, Facts, Id, Instant, Lane, Mode, Partition, RecipientId,
    Suppressed,
};
use tokio_postgres::Row;

use super::consents::Added;
use super::failure::Failure;
use super::rows::{get, partition, partition_of, text};
use super::sql::customers::{
    CHANGE_RECIPIENTS, CUSTOMERS, DISOWN, FACTS, FACTS_OF, LOCK_RECIPIENTS, LOCK_RECIPIENTS_ONE,
    OUTDATE, OUTDATE_ONE, OWN, PUT_HEADS, PUT_RECIPIENTS,
};
use super::sql::suppressions::SUPPRESSED;
use super::steps::{Param, Steps, ask, begin, commit, first_rows, params};
use super::{Postgres, Shared, TRIES, all_partitions, directory, retrying};
use crate::{Error, Result};

/// A profile about to be put, with an id should it be new.
struct Profile<'a> {
    customer: &'a Customer,
    drawn: RecipientId,
}

/// A profile that takes the place of another.
pub(super) struct Changed {
    pub(super) id: RecipientId,
    pub(super) before: Customer,
    pub(super) after: Customer,
    json: String,
}

impl Changed {
    pub(super) fn new(id: RecipientId, before: Customer, after: Customer) -> Result<Self> {
        let json = written(&after)?;
        Ok(Self {
            id,
            before,
            after,
            json,
        })
    }
}

fn written(customer: &Customer) -> Result<String> {
    serde_json::to_string(customer).map_err(|e| Error::Corrupt(format!("profile: {e}")))
}

impl Postgres {
    /// Creates or replaces profiles; with a mode, notes that old addresses are to be told.
    pub(crate) async fn put_profiles_of(
        &self,
        customers: Vec<Customer>,
        now: Instant,
        tell: Option<Mode>,
    ) -> Result<Vec<RecipientId>> {
        // Of one that is given twice the last counts. Ids are drawn here, for customers
        // that may turn out to exist; unused ones are lost.
        let mut profiles: HashMap<&str, Profile<'_>> = HashMap::new();
        for customer in &customers {
            let drawn = self.shared.ids.next(Partition::of(&customer.id), now);
            let profile = Profile { customer, drawn };
            profiles.insert(&customer.id, profile);
        }
        let mut all: Vec<&Profile<'_>> = profiles.values().collect();
        all.sort_unstable_by_key(|p| (partition(p.drawn), &p.customer.id));
        let known = retrying(|| self.shared.put_profiles(&all, now, tell)).await?;
        let found = customers.iter().map(|c| known.get(c.id.as_str()).copied());
        found
            .map(|id| id.ok_or_else(|| Error::Corrupt("recipients: one was not kept".into())))
            .collect()
    }

    pub(crate) async fn facts(&self, customers: Vec<String>) -> Result<Vec<Option<Facts>>> {
        let partitions: Vec<i16> = customers
            .iter()
            .map(|customer| i16::from(Partition::of(customer).number()))
            .collect();
        let count = customers.len();
        let names: Vec<_> = customers.iter().map(|customer| text(customer)).collect();
        Ok(self
            .shared
            .read_facts(FACTS, params![partitions, names], count)
            .await?)
    }

    pub(crate) async fn facts_of(
        &self,
        recipients: Vec<RecipientId>,
    ) -> Result<Vec<Option<Facts>>> {
        let partitions: Vec<i16> = recipients.iter().map(|id| partition(*id)).collect();
        let ids: Vec<i64> = recipients.iter().map(|id| id.as_i64()).collect();
        let count = recipients.len();
        Ok(self
            .shared
            .read_facts(FACTS_OF, params![partitions, ids], count)
            .await?)
    }

    pub(crate) async fn customers(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Customer>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = text(after.as_deref().unwrap_or_default()).into_owned();
        let client = self.shared.reader().await?;
        let rows = ask(&client, CUSTOMERS, params![all_partitions(), after, limit])
            .await?
            .rows;
        rows.iter().map(|row| profile(row, 0)).collect()
    }
}

pub(super) fn profile(row: &Row, at: usize) -> Result<Customer> {
    let text: &str = get(row, at)?;
    serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("profile: {e}")))
}

impl Shared {
    /// Facts first, suppressions after: a suppression that comes between is seen early,
    /// never missed.
    async fn read_facts(
        &self,
        sql: &'static str,
        params: Vec<Param<'_>>,
        count: usize,
    ) -> std::result::Result<Vec<Option<Facts>>, Failure> {
        let client = self.reader().await?;
        let rows = ask(&client, sql, params).await?.rows;
        let mut found: Vec<Option<Facts>> = vec![None; count];
        let mut digests: Vec<(i64, usize, Channel)> = Vec::with_capacity(rows.len() * 2);
        for row in &rows {
            let place = usize::try_from(get::<i64>(row, 0)? - 1).unwrap_or(usize::MAX);
            let customer = profile(row, 3)?;
            for channel in Channel::ALL {
                let contact = customer.contact(*channel);
                digests.extend(contact.map(|c| (self.secret.address(c), place, *channel)));
            }
            if let Some(slot) = found.get_mut(place) {
                *slot = Some(Facts {
                    recipient: RecipientId::from_i64(get(row, 1)?),
                    version: get(row, 2)?,
                    customer,
                    suppressed: vec![],
                });
            }
        }
        let keys: Vec<i64> = digests.iter().map(|(digest, ..)| *digest).collect();
        let partitions: Vec<i16> = keys.iter().map(|digest| directory(*digest)).collect();
        let mut reasons: HashMap<i64, Vec<Suppressed>> = HashMap::new();
        for row in ask(&client, SUPPRESSED, params![partitions, keys])
            .await?
            .rows
        {
            let until: Option<i64> = get(&row, 2)?;
            reasons.entry(get(&row, 0)?).or_default().push(Suppressed {
                reason: get(&row, 1)?,
                until: until.map(Instant::from_micros),
            });
        }
        for (digest, place, channel) in digests {
            if let (Some(all), Some(Some(facts))) = (reasons.get(&digest), found.get_mut(place)) {
                let all = all.iter().map(|one| (channel, one.clone()));
                facts.suppressed.extend(all);
            }
        }
        Ok(found)
    }

    async fn put_profiles(
        &self,
        profiles: &[&Profile<'_>],
        now: Instant,
        tell: Option<Mode>,
    ) -> std::result::Result<HashMap<String, RecipientId>, Failure> {
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let tx = begin(&mut client).await?;
        let mut known: HashMap<String, RecipientId> = HashMap::with_capacity(profiles.len());
        let mut changed: Vec<Changed> = Vec::new();
        let mut lines: Vec<Vec<ConsentLine>> = Vec::new();
        let mut rest: Vec<&Profile<'_>> = profiles.to_vec();
        // A customer that another node makes meanwhile is found the second time.
        for _ in 0..TRIES {
            if rest.is_empty() {
                break;
            }
            let found = lock(&tx, &rest, self.distributed).await?;
            let (old, new): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|p| found.contains_key(p.customer.id.as_str()));
            for profile in old {
                let (id, before) = &found[profile.customer.id.as_str()];
                known.insert(profile.customer.id.clone(), *id);
                let (after, said) = profile.customer.clone().put_over(Some(before), now);
                if after != *before {
                    changed.push(Changed::new(*id, before.clone(), after)?);
                    lines.push(said);
                }
            }
            let made = self.make(&tx, &new, now).await?;
            let (done, again): (Vec<_>, Vec<_>) =
                new.into_iter().partition(|p| made.contains(&p.drawn));
            known.extend(done.into_iter().map(|p| (p.customer.id.clone(), p.drawn)));
            rest = again;
        }
        self.change(&tx, &changed).await?;
        if let Some(mode) = tell {
            self.note_changes(&tx, &changed, (now, mode)).await?;
        }
        let added = changed.iter().zip(lines).map(|(changed, lines)| Added {
            recipient: changed.id,
            customer: &changed.before.id,
            before: Some(&changed.before),
            lines,
            now,
        });
        self.add_lines(&tx, added.collect()).await?;
        commit(tx).await?;
        Ok(known)
    }

    /// Makes new recipients; which of them nobody else made first.
    async fn make(
        &self,
        tx: &Transaction<'_>,
        new: &[&Profile<'_>],
        now: Instant,
    ) -> std::result::Result<HashSet<RecipientId>, Failure> {
        if new.is_empty() {
            return Ok(HashSet::new());
        }
        let put = |p: &&Profile<'_>| p.customer.clone().put_over(None, now);
        let (customers, lines): (Vec<Customer>, Vec<Vec<ConsentLine>>) =
            new.iter().map(put).unzip();
        let written = customers.iter().map(written).collect::<Result<Vec<_>>>()?;
        let params = params![
            new.iter().map(|p| partition(p.drawn)).collect::<Vec<_>>(),
            new.iter().map(|p| p.drawn.as_i64()).collect::<Vec<_>>(),
            new.iter().map(|p| text(&p.customer.id)).collect::<Vec<_>>(),
            written,
            vec![now.as_micros(); new.len()],
        ];
        let rows = ask(tx, PUT_RECIPIENTS, params).await?.rows;
        let mut made = HashSet::with_capacity(rows.len());
        for row in &rows {
            made.insert(RecipientId::from_i64(get(row, 0)?));
        }
        let fresh = new.iter().filter(|p| made.contains(&p.drawn));
        let ids: Vec<i64> = fresh.clone().map(|p| p.drawn.as_i64()).collect();
        let partitions: Vec<i16> = ids.iter().map(|id| partition_of(*id)).collect();
        let mut steps = Steps::new();
        steps.add(PUT_HEADS, params![partitions, ids]);
        let owned = fresh.flat_map(|p| self.addresses(p.customer, p.drawn));
        add_owners(&mut steps, OWN, owned);
        steps.run(tx).await?;
        let added = new
            .iter()
            .zip(lines)
            .filter(|(p, _)| made.contains(&p.drawn));
        let added = added.map(|(p, lines)| Added {
            recipient: p.drawn,
            customer: &p.customer.id,
            before: None,
            lines,
            now,
        });
        self.add_lines(tx, added.collect()).await?;
        Ok(made)
    }

    /// Replaces profiles and outdates what was decided under the old ones.
    pub(super) async fn change(
        &self,
        tx: &Transaction<'_>,
        changed: &[Changed],
    ) -> std::result::Result<(), Failure> {
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = changed.iter().map(|c| c.id.as_i64()).collect();
        let partitions: Vec<i16> = ids.iter().map(|id| partition_of(*id)).collect();
        let profiles: Vec<&str> = changed.iter().map(|c| c.json.as_str()).collect();
        let mut steps = Steps::new();
        steps.add(CHANGE_RECIPIENTS, params![&partitions, &ids, profiles]);
        let both = (OUTDATE, OUTDATE_ONE);
        steps.add_keyed(both, self.distributed, &partitions, &ids);
        let before = changed.iter().flat_map(|c| self.addresses(&c.before, c.id));
        add_owners(&mut steps, DISOWN, before);
        let after = changed.iter().flat_map(|c| self.addresses(&c.after, c.id));
        add_owners(&mut steps, OWN, after);
        self.forget_lost(&mut steps, changed);
        steps.run(tx).await?;
        Ok(())
    }

    fn addresses(&self, customer: &Customer, owner: RecipientId) -> Vec<(i64, i64)> {
        let contacts = [&customer.phone, &customer.email].into_iter().flatten();
        contacts
            .map(|contact| (self.secret.address(contact), owner.as_i64()))
            .collect()
    }
}

/// Locks the recipients that exist; by external id, with their profiles.
async fn lock(
    tx: &Transaction<'_>,
    profiles: &[&Profile<'_>],
    apart: bool,
) -> std::result::Result<HashMap<String, (RecipientId, Customer)>, Failure> {
    let partitions: Vec<i16> = profiles.iter().map(|p| partition(p.drawn)).collect();
    let customers: Vec<_> = profiles.iter().map(|p| text(&p.customer.id)).collect();
    let mut steps = Steps::new();
    let both = (LOCK_RECIPIENTS, LOCK_RECIPIENTS_ONE);
    let locks = steps.add_keyed(both, apart, &partitions, &customers);
    let rows = first_rows(&mut steps.run(tx).await?, locks);
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let id = RecipientId::from_i64(get(row, 0)?);
        found.insert(get(row, 1)?, (id, profile(row, 2)?));
    }
    Ok(found)
}

fn add_owners(steps: &mut Steps<'_>, sql: &'static str, owners: impl Iterator<Item = (i64, i64)>) {
    let mut rows: Vec<(i64, i64)> = owners.collect();
    rows.sort_by_key(|(digest, owner)| (directory(*digest), *digest, *owner));
    rows.dedup();
    if !rows.is_empty() {
        let partitions: Vec<i16> = rows.iter().map(|(digest, _)| directory(*digest)).collect();
        let digests: Vec<i64> = rows.iter().map(|(digest, _)| *digest).collect();
        let owners: Vec<i64> = rows.iter().map(|(_, owner)| *owner).collect();
        steps.add(sql, params![partitions, digests, owners]);
    }
}
