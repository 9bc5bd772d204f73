//! What recipients were told before of the same order.

use model::{Id, MessageId, Sealed, Told};

use super::Postgres;
use super::rows::{Fields, named, order_hash, partition};
use super::sql::mailbox::STORIES;
use super::steps::{ask, params};
use crate::{Result, StoryOf, TOLD_AT_MOST};

impl Postgres {
    pub(crate) async fn stories(&self, asked: Vec<StoryOf>) -> Result<Vec<Vec<Told>>> {
        let mut stories: Vec<Vec<Told>> = asked.iter().map(|_| Vec::new()).collect();
        if asked.is_empty() {
            return Ok(stories);
        }
        let hash = |of: &StoryOf| of.order.as_deref().map_or(0, order_hash);
        let client = self.shared.reader().await?;
        let params = params![
            asked
                .iter()
                .map(|of| partition(of.recipient))
                .collect::<Vec<_>>(),
            asked
                .iter()
                .map(|of| of.recipient.as_i64())
                .collect::<Vec<_>>(),
            asked.iter().map(hash).collect::<Vec<_>>(),
            asked
                .iter()
                .map(|of| MessageId::least_at(of.since).as_i64())
                .collect::<Vec<_>>(),
            asked
                .iter()
                .map(|of| i16::from(of.mode.number()))
                .collect::<Vec<_>>(),
        ];
        let rows = ask(&client, STORIES, params).await?.rows;
        let names = named(&rows, &["type"]);
        self.shared.names.cover(&client, names.into_iter()).await?;
        for row in &rows {
            let mut fields = Fields::of(row, &self.shared.names);
            let told = Told {
                message: fields.id()?,
                message_type: fields.name()?,
                time: fields.instant()?,
                on_its_way: fields.next()?,
                data: Sealed::new(fields.next::<String>()?),
            };
            let place: i64 = fields.next()?;
            let story = usize::try_from(place - 1)
                .ok()
                .and_then(|at| stories.get_mut(at));
            if let Some(story) = story {
                story.push(told);
            }
        }
        for story in &mut stories {
            let older = story.len().saturating_sub(TOLD_AT_MOST);
            story.drain(..older);
        }
        Ok(stories)
    }
}
