//! Texts that come in.

use model::{Id, Lane};

use super::consents::Wishing;
use super::failure::Failure;
use super::rows::{partition, text};
use super::sql::receipts::PUT_INBOUND;
use super::steps::{Steps, begin, commit, params};
use super::{Postgres, Shared, retrying};
use crate::{InboundText, Result};

impl Postgres {
    pub(crate) async fn record_inbound(&self, texts: Vec<InboundText>) -> Result<()> {
        let wished: Vec<Wishing<'_>> = texts
            .iter()
            .filter_map(|text| Some((&text.from, text.wished.as_ref()?)))
            .collect();
        retrying(|| self.shared.keep_inbound(&texts, &wished)).await?;
        Ok(self.shared.outdate_stopped(&wished).await?)
    }
}

impl Shared {
    async fn keep_inbound(
        &self,
        texts: &[InboundText],
        wished: &[Wishing<'_>],
    ) -> std::result::Result<(), Failure> {
        let mut client = self.open(self.pool(Lane::Security)).await?;
        let tx = begin(&mut client).await?;
        let mut news = self.wish_in(&tx, wished).await?.into_iter();
        let answers: Vec<Option<i16>> = texts
            .iter()
            .map(|text| {
                let is_new = text.wished.is_none() || news.next().unwrap_or(false);
                text.answer
                    .filter(|_| is_new)
                    .map(|answer| i16::from(answer.number()))
            })
            .collect();
        let mut steps = Steps::new();
        steps.add(
            PUT_INBOUND,
            params![
                texts.iter().map(|t| partition(t.id)).collect::<Vec<_>>(),
                texts.iter().map(|t| t.id.as_i64()).collect::<Vec<_>>(),
                texts.iter().map(|t| text(&t.carrier)).collect::<Vec<_>>(),
                texts
                    .iter()
                    .map(|t| text(t.from.address.open()))
                    .collect::<Vec<_>>(),
                texts.iter().map(|t| text(&t.to)).collect::<Vec<_>>(),
                texts
                    .iter()
                    .map(|t| text(t.text.open()))
                    .collect::<Vec<_>>(),
                texts
                    .iter()
                    .map(|t| t.received_at.as_micros())
                    .collect::<Vec<_>>(),
                texts
                    .iter()
                    .map(|t| {
                        let wished = t.wished.as_ref();
                        wished.and_then(|wished| wished.suppresses(t.from.channel))
                    })
                    .collect::<Vec<_>>(),
                answers,
            ],
        );
        steps.run(&tx).await?;
        commit(tx).await
    }
}
