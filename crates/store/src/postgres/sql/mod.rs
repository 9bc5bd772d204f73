//! Every statement of this backend, named, so that one test can read them all: whatever
//! touches a table that grows with customers names the partition.
//!
//! Batches come as arrays, one a column, through `unnest`.

pub(super) mod attention;
pub(super) mod claims;
pub(super) mod consents;
pub(super) mod contacts;
pub(super) mod customers;
pub(super) mod desk;
pub(super) mod digests;
pub(super) mod keys;
pub(super) mod ledger;
pub(super) mod mailbox;
pub(super) mod nodes;
pub(super) mod path;
pub(super) mod receipts;
pub(super) mod reports;
pub(super) mod staff;
pub(super) mod suppressions;

#[cfg(test)]
mod tests;

/// Names statements and lists them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(in crate::postgres) const $name: &str = $sql;)+
        /// All of them, for the test that reads them.
        #[cfg(test)]
        pub(in crate::postgres) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
use statements;

/// The columns [`super::rows::content`] reads, in its order.
macro_rules! content_columns {
    () => {
        "m.type, m.category, m.purpose, m.lane AS message_lane, m.locale, m.template_version, m.sender,
         m.title, m.summary, m.text, m.order_number, m.data"
    };
}
use content_columns;

/// The columns [`super::rows::message`] reads, in its order.
macro_rules! message_columns {
    () => {
        concat!(
            "m.id, m.recipient, m.event, m.at, m.mode, m.trace, b.revision, b.read_at, b.deleted_at, b.withdrawn_at, ",
            crate::postgres::sql::content_columns!()
        )
    };
}
use message_columns;
