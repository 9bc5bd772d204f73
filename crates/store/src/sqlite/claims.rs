//! The due queue: claims, and claims that a crash left open.

use model::{Channel, ContactPoint, DeliveryState, Instant, Lane, Mode, Sealed, Span};
use rusqlite::params;

use super::Sqlite;
use super::outcomes::insert_attempt;
use super::receipts::apply_parked_in_doubt;
use super::rows::{Fields, collect, content, content_columns, instant, word};
use super::tx::Tx;
use crate::{ClaimRequest, ClaimedDelivery, Result};

impl Sqlite {
    pub(crate) async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<ClaimedDelivery>> {
        let lane = request.lanes.iter().copied().min().unwrap_or(Lane::Normal);
        self.write(lane, request.limit, move |tx| {
            let mut claimed = Vec::new();
            for lane in &request.lanes {
                let room = request.limit - claimed.len();
                if room > 0 {
                    claim_lane(tx, &request, *lane, room, &mut claimed)?;
                }
            }
            tx.left_due(claimed.len());
            Ok(claimed)
        })
        .await
    }

    pub(crate) async fn next_due(&self, channel: Channel) -> Result<Option<Instant>> {
        self.read(move |connection, _| {
            let mut first = connection
                .prepare_cached("SELECT min(due_at) FROM due WHERE channel = ?1 AND lane = ?2")?;
            let mut soonest: Option<i64> = None;
            for lane in Lane::ALL {
                let at: Option<i64> =
                    first.query_row(params![channel.number(), lane.number()], |row| row.get(0))?;
                soonest = match (soonest, at) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
            Ok(soonest.map(Instant::from_micros))
        })
        .await
    }

    pub(crate) async fn doubt_claims(
        &self,
        all: bool,
        now: Instant,
        due_again: impl Fn(Lane, Instant) -> Instant + Send + 'static,
    ) -> Result<usize> {
        self.write(Lane::Normal, 500, move |tx| {
            let until = if all { i64::MAX } else { now.as_micros() };
            let open = {
                let mut statement = tx.connection.prepare_cached(
                    "SELECT d.id, d.channel, d.lane, d.attempts, l.claimed_at
                     FROM leases l JOIN deliveries d ON d.id = l.delivery WHERE l.until <= ?1",
                )?;
                collect(&mut statement.query([until])?, |row| {
                    Ok((
                        row.get::<_, i64>("id")?,
                        word(row, "channel", Channel::from_number)?,
                        word(row, "lane", Lane::from_number)?,
                        row.get::<_, u32>("attempts")?,
                        instant(row, "claimed_at")?,
                    ))
                })?
            };
            for (delivery, channel, lane, attempts, claimed_at) in &open {
                let attempt = model::Attempt {
                    number: attempts + 1,
                    carrier: String::new(),
                    started_at: *claimed_at,
                    ended_at: now,
                    outcome: "in_doubt".into(),
                    code: String::new(),
                    reason: "cut_off".into(),
                    carrier_id: None,
                    digest: String::new(),
                };
                insert_attempt(tx, *delivery, &attempt)?;
                tx.connection
                    .prepare_cached(
                        "UPDATE deliveries SET state = ?2, attempts = attempts + 1, changed_at = ?3, due_at = ?4
                         WHERE id = ?1",
                    )?
                    .execute(params![
                        delivery,
                        DeliveryState::InDoubt.number(),
                        now.as_micros(),
                        due_again(*lane, now).as_micros(),
                    ])?;
                tx.connection
                    .prepare_cached("DELETE FROM leases WHERE delivery = ?1")?
                    .execute([delivery])?;
                put_due(tx, *delivery, *channel, *lane, due_again(*lane, now))?;
                apply_parked_in_doubt(tx, *delivery)?;
            }
            Ok(open.len())
        })
        .await
    }
}

/// Puts a delivery (back) into the due queue; the caller writes the same `due_at` to its row.
pub(super) fn put_due(
    tx: &mut Tx<'_>,
    delivery: i64,
    channel: Channel,
    lane: Lane,
    at: Instant,
) -> Result<()> {
    tx.connection
        .prepare_cached(
            "INSERT INTO due (channel, lane, due_at, delivery) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            channel.number(),
            lane.number(),
            at.as_micros(),
            delivery
        ])?;
    tx.entered_due(channel, lane);
    Ok(())
}

fn claim_lane(
    tx: &Tx<'_>,
    request: &ClaimRequest,
    lane: Lane,
    room: usize,
    claimed: &mut Vec<ClaimedDelivery>,
) -> Result<()> {
    let now = request.now.as_micros();
    let waiting: Vec<(i64, i64)> = {
        let mut statement = tx.connection.prepare_cached(
            "SELECT due_at, delivery FROM due WHERE channel = ?1 AND lane = ?2 AND due_at <= ?3
             ORDER BY due_at, delivery LIMIT ?4",
        )?;
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let mut rows =
            statement.query(params![request.channel.number(), lane.number(), now, limit])?;
        collect(&mut rows, |row| Ok((row.get(0)?, row.get(1)?)))?
    };
    for (due_at, delivery) in waiting {
        tx.connection
            .prepare_cached("DELETE FROM due WHERE channel = ?1 AND lane = ?2 AND due_at = ?3 AND delivery = ?4")?
            .execute(params![request.channel.number(), lane.number(), due_at, delivery])?;
        put_lease(tx, delivery, request.now, request.lease)?;
        claimed.push(read_claimed(tx, delivery, due_at)?);
    }
    Ok(())
}

/// Notes that this process has a delivery in hand.
pub(super) fn put_lease(tx: &Tx<'_>, delivery: i64, now: Instant, lease: Span) -> Result<()> {
    tx.connection
        .prepare_cached("INSERT INTO leases (delivery, claimed_at, until) VALUES (?1, ?2, ?3)")?
        .execute(params![
            delivery,
            now.as_micros(),
            (now + lease).as_micros()
        ])?;
    Ok(())
}

fn read_claimed(tx: &Tx<'_>, delivery: i64, due_at: i64) -> Result<ClaimedDelivery> {
    let mut statement = tx.connection.prepare_cached(READ_CLAIMED)?;
    let mut rows = statement.query([delivery])?;
    let row = rows
        .next()?
        .ok_or_else(|| crate::Error::Corrupt(format!("due: delivery {delivery} has no row")))?;
    let mut fields = Fields::of(row);
    let decided_under: i64 = fields.next()?;
    let version: Option<i64> = fields.next()?;
    Ok(ClaimedDelivery {
        facts_changed: version != Some(decided_under),
        due_at: Instant::from_micros(due_at),
        id: fields.id()?,
        message: fields.id()?,
        recipient: fields.id()?,
        contact: ContactPoint {
            channel: fields.word(Channel::from_number)?,
            address: Sealed::new(fields.next::<String>()?),
        },
        lane: fields.word(Lane::from_number)?,
        mode: fields.word(Mode::from_number)?,
        attempt: fields.next::<u32>()? + 1,
        was_in_doubt: fields.word(DeliveryState::from_number)? == DeliveryState::InDoubt,
        expires_at: fields.instant()?,
        secret: fields.next::<Option<String>>()?.map(Sealed::new),
        at: fields.instant()?,
        accepted_at: fields.instant()?,
        content: content(&mut fields, tx.shared)?,
    })
}

/// The columns of a claimed delivery, in the order they are read.
const READ_CLAIMED: &str = concat!(
    "SELECT d.facts_version, r.version, d.id, d.message, m.recipient, d.channel, d.address, d.lane, m.mode,
         d.attempts, d.state, d.expires_at, d.secret, m.at, e.accepted_at, ",
    content_columns!(),
    " FROM deliveries d
     JOIN messages m ON m.id = d.message
     JOIN events e ON e.id = m.event
     LEFT JOIN recipients r ON r.id = m.recipient
     WHERE d.id = ?1"
);

/// Takes a delivery out of the due queue, if it waits there.
pub(super) fn leave_due(tx: &mut Tx<'_>, delivery: i64) -> Result<()> {
    let left = tx
        .connection
        .prepare_cached(
            "DELETE FROM due WHERE (channel, lane, due_at, delivery) =
                 (SELECT channel, lane, due_at, id FROM deliveries WHERE id = ?1)",
        )?
        .execute([delivery])?;
    tx.left_due(left);
    Ok(())
}
