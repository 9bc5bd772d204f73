//! What customers wish, and the ledger of it.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::Transaction;
use model::{
    Answer, Channel, ConsentLine, ContactPoint, Customer, Id, InboundId, Instant, Lane,
    RecipientId, Sealed, Wish,
};

use super::customers::{Changed, profile};
use super::failure::Failure;
use super::rows::{get, partition, partition_of, text, word};
use super::sql::consents::{
    ADD_LINES, ANSWERED, CUSTOMERS_OF, DUE_ANSWERS, LAST_LINES, LEDGER, LOCK_OWNERS, LOCK_PROFILE,
    LOCK_VERSION,
};
use super::sql::customers::OWNERS;
use super::sql::suppressions::{START, SUPPRESSED};
use super::steps::{ask, begin, commit, params};
use super::{Postgres, Shared, all_partitions, directory, retrying};
use crate::consents::entries;
use crate::{ConsentEntry, CustomerChange, DueAnswer, Result, Wished};

/// An address, and what was wished of its channel.
pub(super) type Wishing<'a> = (&'a ContactPoint, &'a Wished);

/// The lines to be added to a ledger.
pub(super) struct Added<'a> {
    pub(super) recipient: RecipientId,
    pub(super) customer: &'a str,
    /// The profile before, for a ledger that is empty yet.
    pub(super) before: Option<&'a Customer>,
    pub(super) lines: Vec<ConsentLine>,
    pub(super) now: Instant,
}

impl Postgres {
    pub(crate) async fn change_customer(&self, change: CustomerChange) -> Result<bool> {
        Ok(retrying(|| self.shared.change_one(&change)).await?)
    }

    pub(crate) async fn wish(&self, contact: ContactPoint, wished: Wished) -> Result<()> {
        let one = [(&contact, &wished)];
        retrying(|| self.shared.wish(&one)).await?;
        Ok(self.shared.outdate_stopped(&one).await?)
    }

    pub(crate) async fn due_answers(&self, limit: usize) -> Result<Vec<DueAnswer>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self
            .ask_one(DUE_ANSWERS, params![all_partitions(), limit])
            .await?;
        let due = |row: &tokio_postgres::Row| {
            Ok(DueAnswer {
                id: InboundId::from_i64(get(row, 0)?),
                carrier: get(row, 1)?,
                from: ContactPoint {
                    channel: Channel::Sms,
                    address: Sealed::new(get::<String>(row, 2)?),
                },
                received_at: Instant::from_micros(get(row, 3)?),
                answer: word(row, 4, Answer::from_number)?,
            })
        };
        found.rows.iter().map(due).collect()
    }

    pub(crate) async fn answered(&self, texts: Vec<InboundId>) -> Result<()> {
        let partitions: Vec<i16> = texts.iter().map(|id| partition(*id)).collect();
        let ids: Vec<i64> = texts.iter().map(|id| id.as_i64()).collect();
        self.ask_one(ANSWERED, params![partitions, ids]).await?;
        Ok(())
    }

    pub(crate) async fn customers_with(&self, contact: ContactPoint) -> Result<Vec<String>> {
        let digest = self.shared.secret.address(&contact);
        let owners = self
            .ask_one(OWNERS, params![vec![directory(digest)], vec![digest]])
            .await?;
        let owners = owners.rows.iter().map(|row| get::<i64>(row, 0));
        let owners: Vec<i64> = owners.collect::<Result<_>>()?;
        let partitions: Vec<i16> = owners.iter().map(|id| partition_of(*id)).collect();
        let found = self
            .ask_one(CUSTOMERS_OF, params![partitions, owners])
            .await?;
        found.rows.iter().map(|row| get(row, 0)).collect()
    }

    pub(crate) async fn consent_ledger(&self, recipient: RecipientId) -> Result<Vec<ConsentEntry>> {
        let params = params![partition(recipient), recipient.as_i64()];
        let found = self.ask_one(LEDGER, params).await?;
        let entry = |row: &tokio_postgres::Row| {
            Ok(ConsentEntry {
                number: number(get(row, 0)?),
                text: get(row, 1)?,
                seal: get(row, 2)?,
            })
        };
        found.rows.iter().map(entry).collect()
    }
}

fn number(kept: i64) -> u32 {
    u32::try_from(kept).unwrap_or(u32::MAX)
}

impl Shared {
    async fn change_one(&self, change: &CustomerChange) -> std::result::Result<bool, Failure> {
        let mut client = self.open(self.pool(Lane::Security)).await?;
        let tx = begin(&mut client).await?;
        let key = || params![partition(change.recipient), change.recipient.as_i64()];
        let found = ask(&tx, LOCK_PROFILE, key()).await?.rows;
        let head = ask(&tx, LOCK_VERSION, key()).await?.rows;
        let (Some(row), Some(head)) = (found.first(), head.first()) else {
            return Ok(false);
        };
        if get::<i64>(head, 0)? != change.version {
            return Ok(false);
        }
        let changed = Changed::new(change.recipient, profile(row, 0)?, change.customer.clone())?;
        self.change(&tx, std::slice::from_ref(&changed)).await?;
        let added = Added {
            recipient: change.recipient,
            customer: &change.customer.id,
            before: Some(&changed.before),
            lines: change.lines.clone(),
            now: change.now,
        };
        self.add_lines(&tx, vec![added]).await?;
        commit(tx).await?;
        Ok(true)
    }

    async fn wish(&self, all: &[Wishing<'_>]) -> std::result::Result<(), Failure> {
        let mut client = self.open(self.pool(Lane::Security)).await?;
        let tx = begin(&mut client).await?;
        self.wish_in(&tx, all).await?;
        commit(tx).await
    }

    /// Does what was wished of the channels of addresses: profiles first, in the order all
    /// lock in, then what is suppressed. Says of each whether it changed anything.
    pub(super) async fn wish_in(
        &self,
        tx: &Transaction<'_>,
        all: &[Wishing<'_>],
    ) -> std::result::Result<Vec<bool>, Failure> {
        let mut news = Vec::with_capacity(all.len());
        let before = self.suppressed_in(tx, all).await?;
        for (contact, wished) in all {
            let stops = wished.suppresses(contact.channel).is_some();
            let suppresses = stops && !before.contains(&self.secret.address(contact));
            news.push(self.wish_of_owners(tx, contact, wished).await? || suppresses);
        }
        let stopped: Vec<_> = all
            .iter()
            .filter_map(|(contact, wished)| wished.suppression(contact))
            .collect();
        self.suppress_in(tx, &stopped).await?;
        let started = all.iter().zip(&mut news);
        for ((contact, _), is_new) in started.filter(|((_, w), _)| w.wish == Wish::Start) {
            let digest = self.secret.address(contact);
            let params = params![directory(digest), digest];
            if ask(tx, START, params).await?.affected > 0 {
                self.outdate_in(tx, &[*contact]).await?;
                *is_new = true;
            }
        }
        Ok(news)
    }

    /// Those of some addresses, by digest, that are suppressed already.
    async fn suppressed_in(
        &self,
        tx: &Transaction<'_>,
        all: &[Wishing<'_>],
    ) -> std::result::Result<HashSet<i64>, Failure> {
        let said = all.iter().map(|(_, wished)| wished.said.at);
        let at = said.min().unwrap_or(Instant::from_micros(0));
        let digests: Vec<i64> = all.iter().map(|one| self.secret.address(one.0)).collect();
        let places: Vec<i16> = digests.iter().map(|digest| directory(*digest)).collect();
        let rows = ask(tx, SUPPRESSED, params![places, digests]).await?.rows;
        let holds = |row: &&tokio_postgres::Row| {
            let until = get::<Option<i64>>(row, 2).ok().flatten();
            until.is_none_or(|until| at.as_micros() < until)
        };
        let held = rows.iter().filter(holds).map(|row| get(row, 0));
        Ok(held.collect::<Result<_>>()?)
    }

    async fn wish_of_owners(
        &self,
        tx: &Transaction<'_>,
        contact: &ContactPoint,
        wished: &Wished,
    ) -> std::result::Result<bool, Failure> {
        let digest = self.secret.address(contact);
        let owners = super::suppressions::owners(tx, &[digest]).await?;
        let partitions: Vec<i16> = owners.iter().map(|id| partition_of(*id)).collect();
        let rows = ask(tx, LOCK_OWNERS, params![partitions, owners])
            .await?
            .rows;
        let mut changed = Vec::with_capacity(rows.len());
        let mut lines = Vec::with_capacity(rows.len());
        let mut is_new = false;
        for row in &rows {
            let before = profile(row, 1)?;
            let mut after = before.clone();
            let said = after.wish(contact.channel, wished.wish, &wished.said);
            if after != before {
                is_new |= !said.is_empty();
                let id = RecipientId::from_i64(get(row, 0)?);
                changed.push(Changed::new(id, before, after)?);
                lines.push(said);
            }
        }
        self.change(tx, &changed).await?;
        let added = changed.iter().zip(lines).map(|(changed, lines)| Added {
            recipient: changed.id,
            customer: &changed.before.id,
            before: Some(&changed.before),
            lines,
            now: wished.said.at,
        });
        self.add_lines(tx, added.collect()).await?;
        Ok(is_new)
    }

    /// Adds lines to ledgers whose recipients are locked.
    pub(super) async fn add_lines(
        &self,
        tx: &Transaction<'_>,
        added: Vec<Added<'_>>,
    ) -> std::result::Result<(), Failure> {
        let held = |a: &Added<'_>| a.before.is_some_and(|before| !before.consents.is_empty());
        let says = |a: &Added<'_>| !a.lines.is_empty() || held(a);
        let added: Vec<Added<'_>> = added.into_iter().filter(says).collect();
        if added.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = added.iter().map(|a| a.recipient.as_i64()).collect();
        let partitions: Vec<i16> = ids.iter().map(|id| partition_of(*id)).collect();
        let mut last: HashMap<i64, ConsentEntry> = HashMap::with_capacity(ids.len());
        for row in ask(tx, LAST_LINES, params![partitions, ids]).await?.rows {
            let entry = ConsentEntry {
                number: number(get(&row, 1)?),
                text: String::new(),
                seal: get(&row, 2)?,
            };
            last.insert(get(&row, 0)?, entry);
        }
        let mut owners: Vec<i64> = Vec::new();
        let mut made: Vec<ConsentEntry> = Vec::new();
        for one in added {
            let id = one.recipient.as_i64();
            let new = entries(last.get(&id), one.customer, one.before, one.lines, one.now)?;
            owners.extend(vec![id; new.len()]);
            made.extend(new);
        }
        let params = params![
            owners
                .iter()
                .map(|id| partition_of(*id))
                .collect::<Vec<_>>(),
            owners,
            made.iter().map(|e| i64::from(e.number)).collect::<Vec<_>>(),
            made.iter().map(|e| text(&e.text)).collect::<Vec<_>>(),
            made.iter().map(|e| e.seal.as_str()).collect::<Vec<_>>(),
        ];
        ask(tx, ADD_LINES, params).await?;
        Ok(())
    }

    /// Does what carriers say that customers wish, before anything else that locks.
    pub(super) async fn wish_first(
        &self,
        tx: &Transaction<'_>,
        all: &[&(ContactPoint, Wished)],
    ) -> std::result::Result<(), Failure> {
        if all.is_empty() {
            return Ok(());
        }
        let all: Vec<Wishing<'_>> = all.iter().map(|one| (&one.0, &one.1)).collect();
        self.wish_in(tx, &all).await.map(|_| ())
    }

    /// Once more after the commit, for what carriers said.
    pub(super) async fn outdate_wished(
        &self,
        all: &[&(ContactPoint, Wished)],
    ) -> std::result::Result<(), Failure> {
        let all: Vec<Wishing<'_>> = all.iter().map(|one| (&one.0, &one.1)).collect();
        self.outdate_stopped(&all).await
    }

    /// Once more after the commit, for what is suppressed by it.
    pub(super) async fn outdate_stopped(
        &self,
        all: &[Wishing<'_>],
    ) -> std::result::Result<(), Failure> {
        let stopped: Vec<_> = all
            .iter()
            .filter(|(contact, wished)| wished.suppresses(contact.channel).is_some())
            .map(|(contact, _)| *contact)
            .collect();
        self.outdate_owners(&stopped).await
    }
}
