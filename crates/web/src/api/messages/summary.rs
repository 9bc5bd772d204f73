//! A message as lists show it.

use model::{Instant, Message, MessageId};
use serde::Serialize;
use utoipa::ToSchema;

/// A message in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageSummary {
    /// Its id.
    #[schema(value_type = String, example = "msg_0c2d4e6g8j0kn")]
    pub id: MessageId,
    /// The entry of the catalogue it was made from.
    #[serde(rename = "type")]
    #[schema(example = "order.confirmed")]
    pub message_type: String,
    /// The tab it stands under.
    #[schema(value_type = String, example = "orders")]
    pub category: &'static str,
    /// Who it is from, as shown.
    pub sender: String,
    /// The line in the list.
    pub title: String,
    /// The line under it.
    pub summary: String,
    /// The order it is about.
    pub order: Option<String>,
    /// The moment it was decided as of.
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// Live, test or team.
    #[schema(value_type = String, example = "live")]
    pub mode: &'static str,
    /// When it was read, if it was.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Instant>,
    /// When it was deleted, if it was; it can be restored for 30 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Instant>,
    /// The mailbox revision of its last change.
    pub revision: i64,
}

impl From<Message> for MessageSummary {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            message_type: message.content.message_type,
            category: message.content.category.as_str(),
            sender: message.content.sender,
            title: message.content.title,
            summary: message.content.summary,
            order: message.content.order,
            at: message.at,
            mode: message.mode.as_str(),
            read_at: message.flags.read_at,
            deleted_at: message.flags.deleted_at,
            revision: message.revision,
        }
    }
}
