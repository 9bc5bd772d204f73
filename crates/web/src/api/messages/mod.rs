//! Messages: what each says, why it went where it went, and its flags.

pub(crate) mod delete;
mod detail;
mod flags;
pub(crate) mod get;
pub(crate) mod read;
pub(crate) mod restore;
mod summary;

pub(crate) use summary::MessageSummary;
