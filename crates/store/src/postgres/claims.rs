//! Taking due deliveries.
//!
//! A single PostgreSQL is asked for many partitions at once; each node looks first in the
//! partitions that are its home by preference, then everywhere. A distributed store is
//! asked one partition a statement.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use deadpool_postgres::Transaction;
use model::{Channel, ContactPoint, DeliveryId, DeliveryState, Id, Instant, Lane, Mode, Sealed};

use super::failure::Failure;
use super::node::{Held, Node};
use super::rows::{Fields, content, get, named, partition_of};
use super::sql::claims::{CLAIM, CLAIM_ONE, CLAIM_PAST, DUE_PARTITIONS, NEXT_DUE, READ_CLAIMED};
use super::steps::{Steps, ask, begin, params};
use super::{Postgres, Shared, all_partitions, retrying};
use crate::{ClaimRequest, ClaimedDelivery, Error, Result};

/// A delivery taken: when it was due, and its id.
type Taken = (i64, i64);

impl Postgres {
    pub(crate) async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<ClaimedDelivery>> {
        Ok(retrying(|| self.shared.claim(&request)).await?)
    }

    pub(crate) async fn next_due(&self, channel: Channel) -> Result<Option<Instant>> {
        let lanes: Vec<i16> = Lane::ALL.iter().map(|l| i16::from(l.number())).collect();
        let client = self.shared.reader().await?;
        let params = params![all_partitions(), lanes, i16::from(channel.number())];
        let found = ask(&client, NEXT_DUE, params).await?;
        let first: Option<i64> = found.rows.first().map_or(Ok(None), |row| get(row, 0))?;
        Ok(first.map(Instant::from_micros))
    }
}

impl Shared {
    async fn claim(
        &self,
        request: &ClaimRequest,
    ) -> std::result::Result<Vec<ClaimedDelivery>, Failure> {
        let held = self.node.held()?;
        let lane = request.lanes.iter().copied().min().unwrap_or(Lane::Normal);
        let mut client = self.open(self.pool(lane)).await?;
        let tx = begin(&mut client).await?;
        let mut steps = Steps::new();
        Node::prove(&mut steps, held);
        let proof = steps.run(&tx).await?;
        self.node.proved(&proof[0].rows, held)?;
        let mut taken: Vec<Taken> = Vec::new();
        for lane in &request.lanes {
            let room = request.limit - taken.len();
            if room == 0 {
                break;
            }
            let more = if self.distributed {
                claim_by_partition(&tx, request, *lane, held, room).await?
            } else {
                self.claim_lane(&tx, request, *lane, held, room).await?
            };
            taken.extend(more);
        }
        if taken.is_empty() {
            return Ok(vec![]);
        }
        let claimed = self.read_claimed(&tx, &taken).await?;
        let now = request.now.as_micros();
        let claims = || taken.iter().map(|(_, id)| (*id, now)).collect();
        self.end(tx, held, claims).await?;
        self.backlog
            .fetch_sub(claimed.len() as i64, Ordering::Relaxed);
        Ok(claimed)
    }

    async fn claim_lane(
        &self,
        tx: &Transaction<'_>,
        request: &ClaimRequest,
        lane: Lane,
        held: Held,
        room: usize,
    ) -> std::result::Result<Vec<Taken>, Failure> {
        // Where all partitions have work, a little from each makes the oldest of all.
        let few = |of: usize| (room * 4 / of.max(1) + 4).min(room);
        let home = self.node.home();
        let mut passes = Vec::with_capacity(4);
        if lane != Lane::Security && home.len() < 256 {
            passes.push((CLAIM, home.to_vec(), few(home.len())));
        }
        passes.push((CLAIM, all_partitions(), few(256)));
        passes.push((CLAIM_PAST, all_partitions(), few(256)));
        passes.push((CLAIM, all_partitions(), room));
        let mut taken: Vec<Taken> = Vec::new();
        let mut met_others = false;
        for (sql, partitions, each) in passes {
            if sql == CLAIM_PAST && !met_others {
                continue;
            }
            let all = partitions.len() == 256;
            let params = params![
                partitions,
                i16::from(request.channel.number()),
                i16::from(lane.number()),
                request.now.as_micros(),
                each as i64,
                (room - taken.len()) as i64,
                held.number,
                held.epoch,
                request.now.as_micros(),
                request.lease.as_micros(),
            ];
            let rows = ask(tx, sql, params).await?.rows;
            let picked: i64 = rows.first().map_or(Ok(0), |row| get(row, 0))?;
            let before = taken.len();
            for row in &rows {
                if let Some(due_at) = get::<Option<i64>>(row, 1)? {
                    taken.push((due_at, get(row, 2)?));
                }
            }
            met_others |= picked > (taken.len() - before) as i64;
            // Nothing is left where no partition gave as much as it was asked for.
            let drained = all && !met_others && most_of_one(&taken[before..]) < each;
            if taken.len() >= room || drained {
                break;
            }
        }
        taken.sort_unstable();
        Ok(taken)
    }

    /// All that rendering and the gates need, in the order of the claims.
    async fn read_claimed(
        &self,
        tx: &Transaction<'_>,
        taken: &[Taken],
    ) -> std::result::Result<Vec<ClaimedDelivery>, Failure> {
        let ids: Vec<i64> = taken.iter().map(|(_, id)| *id).collect();
        let partitions: Vec<i16> = ids.iter().map(|id| partition_of(*id)).collect();
        let rows = ask(tx, READ_CLAIMED, params![partitions, ids]).await?.rows;
        let names = named(&rows, &["type", "locale"]);
        self.names.cover(tx, names.into_iter()).await?;
        let mut found: HashMap<DeliveryId, ClaimedDelivery> = HashMap::with_capacity(rows.len());
        for row in &rows {
            let delivery = read_one(Fields::of(row, &self.names))?;
            found.insert(delivery.id, delivery);
        }
        let ordered = taken.iter().map(|(due_at, id)| {
            let mut delivery = found
                .remove(&DeliveryId::from_i64(*id))
                .ok_or_else(|| Error::Corrupt(format!("due: delivery {id} has no row")))?;
            delivery.due_at = Instant::from_micros(*due_at);
            Ok(delivery)
        });
        Ok(ordered.collect::<Result<_>>()?)
    }
}

/// How many of the partition that gave most.
fn most_of_one(taken: &[Taken]) -> usize {
    let mut counts = [0_usize; 256];
    for (_, id) in taken {
        counts[usize::from(partition_of(*id).unsigned_abs() & 0xff)] += 1;
    }
    counts.into_iter().max().unwrap_or(0)
}

/// One partition a statement, those with the oldest work first.
async fn claim_by_partition(
    tx: &Transaction<'_>,
    request: &ClaimRequest,
    lane: Lane,
    held: Held,
    room: usize,
) -> std::result::Result<Vec<Taken>, Failure> {
    let channel = i16::from(request.channel.number());
    let (lane, now) = (i16::from(lane.number()), request.now.as_micros());
    let params = params![all_partitions(), channel, lane, now];
    let partitions = ask(tx, DUE_PARTITIONS, params).await?.rows;
    let mut taken: Vec<Taken> = Vec::new();
    for row in &partitions {
        let partition: i16 = get(row, 0)?;
        let left = (room - taken.len()) as i64;
        let lease = request.lease.as_micros();
        let params = params![
            partition,
            channel,
            lane,
            now,
            left,
            held.number,
            held.epoch,
            now,
            lease
        ];
        for row in &ask(tx, CLAIM_ONE, params).await?.rows {
            taken.push((get(row, 1)?, get(row, 2)?));
        }
        if taken.len() >= room {
            break;
        }
    }
    taken.sort_unstable();
    Ok(taken)
}

fn read_one(mut fields: Fields<'_>) -> Result<ClaimedDelivery> {
    let decided_under: i64 = fields.next()?;
    let version: Option<i64> = fields.next()?;
    Ok(ClaimedDelivery {
        facts_changed: version != Some(decided_under),
        due_at: Instant::from_micros(0),
        id: fields.id()?,
        message: fields.id()?,
        recipient: fields.id()?,
        contact: ContactPoint {
            channel: fields.word(Channel::from_number)?,
            address: Sealed::new(fields.next::<String>()?),
        },
        lane: fields.word(Lane::from_number)?,
        mode: fields.word(Mode::from_number)?,
        attempt: fields.count()? + 1,
        was_in_doubt: fields.word(DeliveryState::from_number)? == DeliveryState::InDoubt,
        expires_at: fields.instant()?,
        secret: fields.next::<Option<String>>()?.map(Sealed::new),
        at: fields.instant()?,
        accepted_at: fields.instant()?,
        content: content(&mut fields)?,
    })
}
