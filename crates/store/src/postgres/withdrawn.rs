//! Taking messages back.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::Transaction;
use model::{Attempt, DeliveryState, Id, Lane, MessageId, RecipientId};

use super::commit::news_of;
use super::failure::Failure;
use super::moves::{Effects, Move, Moves, Standing, read_standing, sorted_keys};
use super::outcomes::Attempts;
use super::rows::{get, partition, text};
use super::sql::mailbox::{OWNER, WITHDRAW, WITHDRAWN};
use super::sql::path::{
    DELIVERIES_OF, FAIL_WITHDRAWN, LEAVE_DUE, LOCK_DELIVERIES, LOCK_DELIVERIES_ONE, MOVE_HEADS,
};
use super::steps::{Steps, ask, begin, commit, params};
use super::{Postgres, Shared, retrying};
use crate::{Result, Withdrawal};

impl Postgres {
    pub(crate) async fn withdraw(&self, withdrawal: Withdrawal) -> Result<bool> {
        Ok(retrying(|| self.shared.withdraw(&withdrawal)).await?)
    }

    pub(crate) async fn withdrawn_among(
        &self,
        messages: Vec<(RecipientId, MessageId)>,
    ) -> Result<Vec<MessageId>> {
        let partitions: Vec<i16> = messages.iter().map(|(_, id)| partition(*id)).collect();
        let (owners, ids): (Vec<i64>, Vec<i64>) = messages
            .iter()
            .map(|(recipient, message)| (recipient.as_i64(), message.as_i64()))
            .unzip();
        let params = params![partitions, owners, ids];
        let found = self.ask_one(WITHDRAWN, params).await?;
        let read = |row| get(row, 0).map(MessageId::from_i64);
        found.rows.iter().map(read).collect()
    }
}

impl Shared {
    async fn withdraw(&self, withdrawal: &Withdrawal) -> std::result::Result<bool, Failure> {
        let held = self.node.held()?;
        let (message, now) = (withdrawal.message.as_i64(), withdrawal.now.as_micros());
        let at = partition(withdrawal.message);
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        self.names.learn(&client, std::iter::once("")).await?;
        let tx = begin(&mut client).await?;
        let found = ask(&tx, OWNER, params![at, message]).await?;
        let Some(row) = found.rows.first() else {
            return Ok(false);
        };
        let recipient = RecipientId::from_i64(get(row, 0)?);
        let event: i64 = get(row, 1)?;
        let moved = std::iter::once(recipient);
        let mut heads = self.lock_heads(&tx, moved.clone(), held).await?;
        let Some(head) = heads.get_mut(&recipient) else {
            return Ok(false);
        };
        head.revision += 1;
        let owner = recipient.as_i64();
        let params = params![at, owner, message, now, head.revision];
        if ask(&tx, WITHDRAW, params).await?.affected == 0 {
            return Ok(false);
        }
        let mut steps = Steps::new();
        let revision = vec![head.revision];
        steps.add(MOVE_HEADS, params![vec![at], vec![owner], revision]);
        let params = params![
            at,
            event,
            text(&withdrawal.subject),
            i16::from(withdrawal.reason.number()),
            text(&withdrawal.detail),
            text(withdrawal.envelope.open()),
        ];
        steps.add(FAIL_WITHDRAWN, params);
        steps.run(&tx).await?;
        let mut effects = Effects::default();
        self.cancel_waiting(&tx, withdrawal, &mut effects).await?;
        commit(tx).await?;
        self.tell(effects);
        self.bells.tell(news_of(vec![], moved, &heads));
        Ok(true)
    }

    /// Stops what waits in the due queue; what is claimed ends as it ends.
    async fn cancel_waiting(
        &self,
        tx: &Transaction<'_>,
        withdrawal: &Withdrawal,
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        let at = partition(withdrawal.message);
        let found = ask(tx, DELIVERIES_OF, params![at, withdrawal.message.as_i64()]).await?;
        let ids: Result<Vec<i64>> = found.rows.iter().map(|row| get(row, 0)).collect();
        let (partitions, ids) = sorted_keys(ids?.into_iter());
        if ids.is_empty() {
            return Ok(());
        }
        let mut steps = Steps::new();
        let both = (LOCK_DELIVERIES, LOCK_DELIVERIES_ONE);
        steps.add_keyed(both, self.distributed, &partitions, &ids);
        let answers = steps.run(tx).await?;
        let locked = answers.iter().flat_map(|answer| &answer.rows);
        let standing: HashMap<i64, Standing> = locked.map(read_standing).collect::<Result<_>>()?;
        let mut waiting = Moves::default();
        for (id, standing) in &standing {
            waiting.leave_due(*id, standing);
        }
        // Whoever takes a row of the queue has the delivery: a claim, or this.
        let left = ask(tx, LEAVE_DUE, waiting.undue()).await?;
        let left: Result<HashSet<i64>> = left.rows.iter().map(|row| get(row, 0)).collect();
        let left = left?;
        effects.backlog -= left.len() as i64;
        let taken: Vec<(i64, &Standing, Attempt)> = standing
            .iter()
            .filter(|(id, _)| left.contains(id))
            .map(|(id, standing)| {
                let number = u32::try_from(standing.attempts + 1).unwrap_or(1);
                (*id, standing, withdrawal.attempt(number))
            })
            .collect();
        let (mut attempts, mut moves) = (Attempts::default(), Moves::default());
        for (id, standing, attempt) in &taken {
            attempts.add(*id, standing.attempts + 1, attempt, &self.names)?;
            let to = Move {
                to: DeliveryState::Cancelled,
                tried: true,
                at: withdrawal.now,
                due_at: None,
                keep_secret: false,
            };
            moves.add(self, (*id, standing), to, effects);
        }
        moves.run(tx, attempts.steps(), effects).await
    }
}
