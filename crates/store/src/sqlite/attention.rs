//! What was taken of recipients' attention.

use std::sync::LazyLock;

use model::{Channel, DeliveryId, DeliveryState, Id, Instant, PurposeClass, RecipientId, Taken};
use rusqlite::{Connection, params};

use super::Sqlite;
use super::insert::Insert;
use super::rows::{collect, word};
use super::tx::Tx;
use crate::attention::{Crowd, Row, counted};
use crate::{NewMessage, Result};

static ATTENTION: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("attention", "recipient, delivery, purpose, test"));

impl Sqlite {
    pub(crate) async fn attention(
        &self,
        recipients: Vec<RecipientId>,
        now: Instant,
    ) -> Result<Vec<(RecipientId, Taken)>> {
        self.read(move |connection, _| {
            let mut all = Vec::new();
            for recipient in &recipients {
                let rows = rows(connection, *recipient)?;
                let counts = rows.iter().filter_map(|row| row.counts(now));
                all.extend(counts.map(|taken| (*recipient, taken)));
            }
            Ok(all)
        })
        .await
    }
}

fn rows(connection: &Connection, recipient: RecipientId) -> Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.delivery, a.purpose, a.test, d.channel, d.state, d.due_at, d.changed_at
         FROM attention AS a LEFT JOIN deliveries AS d ON d.id = a.delivery WHERE a.recipient = ?1",
    )?;
    let mut rows = statement.query([recipient.as_i64()])?;
    collect(&mut rows, |row| {
        let is_there = row.get::<_, Option<i64>>("state")?.is_some();
        let instant = |name| Ok::<_, rusqlite::Error>(Instant::from_micros(row.get(name)?));
        Ok(Row {
            recipient,
            taken: Taken {
                delivery: DeliveryId::from_i64(row.get("delivery")?),
                channel: match is_there {
                    true => word(row, "channel", Channel::from_number)?,
                    false => Channel::Sms,
                },
                purpose: word(row, "purpose", PurposeClass::from_number)?,
                test: row.get("test")?,
                at: Instant::from_micros(0),
                left: false,
            },
            became: match is_there {
                true => Some((
                    word(row, "state", DeliveryState::from_number)?,
                    instant("due_at")?,
                    instant("changed_at")?,
                )),
                false => None,
            },
        })
    })
}

/// Whether a message may be written, as far as its recipient's attention goes. Removes what
/// counts no more on the way. The one writer asks, so nobody else writes meanwhile.
pub(super) fn has_room(
    tx: &Tx<'_>,
    crowd: &mut Crowd,
    message: &NewMessage,
    now: Instant,
) -> Result<bool> {
    if counted(message).next().is_none() {
        return Ok(true);
    }
    let recipient = message.recipient;
    if !crowd.knows(recipient) {
        let rows = rows(tx.connection, recipient)?;
        for row in rows.iter().filter(|row| row.is_over(now)) {
            tx.connection
                .prepare_cached("DELETE FROM attention WHERE recipient = ?1 AND delivery = ?2")?
                .execute(params![recipient.as_i64(), row.taken.delivery.as_i64()])?;
        }
        crowd.learn(recipient, rows.iter().filter_map(|row| row.counts(now)));
    }
    Ok(crowd.has_room(message))
}

/// Writes what of some messages counts.
pub(super) fn write<'a>(tx: &Tx<'_>, messages: impl Iterator<Item = &'a NewMessage>) -> Result<()> {
    let mut all = Vec::new();
    for message in messages {
        all.extend(counted(message).map(|(delivery, counts)| (message, delivery, counts)));
    }
    ATTENTION.all(
        tx.connection,
        &all,
        |(message, delivery, counts), values| {
            values
                .put(message.recipient.as_i64())?
                .put(delivery.id.as_i64())?
                .put(counts.purpose.number())?
                .put(counts.test)?;
            Ok(())
        },
    )
}
