//! What the calls that change a message's flags have in common: finding it, if the caller
//! may see it, and changing it.

use model::MessageId;
use store::{FlagChange, MessageRecord};

use crate::App;
use crate::auth::Caller;
use crate::problem::Problem;

/// The message, if this caller may see it. What is another's does not exist.
pub(super) async fn find(
    app: &App,
    caller: Caller,
    id: MessageId,
) -> Result<MessageRecord, Problem> {
    let record = app.store().message(id).await?;
    record
        .filter(|record| caller.sees_message(&record.message))
        .ok_or_else(|| Problem::not_found("message"))
}

/// Changes a flag. Changing what is so already changes nothing and is fine.
pub(super) async fn change(
    app: &App,
    record: &MessageRecord,
    change: FlagChange,
) -> Result<(), Problem> {
    let message = &record.message;
    app.store()
        .set_flags(message.recipient, vec![message.id], change, app.now())
        .await?;
    Ok(())
}
