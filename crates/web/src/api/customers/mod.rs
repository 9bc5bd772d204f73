//! Customers: their profiles, tokens and mailboxes.

pub(crate) mod changes;
mod choices_shape;
pub(crate) mod consent;
pub(crate) mod contacts;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod live;
pub(crate) mod messages;
pub(crate) mod missing;
pub(crate) mod preferences;
mod profile;
pub(crate) mod put;
pub(crate) mod texts_estimate;
pub(crate) mod token;
pub(crate) mod unread;

/// Reads a profile that names its own id.
pub(crate) fn read_profile(
    body: serde_json::Value,
) -> Result<model::Customer, Vec<model::CustomerFault>> {
    profile::read(None, body)
}
